"""What a check found: one line, with what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import wraps

from include.language import N_, Message, _, clauses
from manager.layout import Layout
from manager.lifecycle.ports import Ports

OK, WARN, FAIL = "ok", "warn", "fail"
# As a column of five cells.
LEVELS = {OK: N_("ok   "), WARN: N_("warn "), FAIL: N_("fail ")}


def repaired_by_start() -> str:
    """Return the remedy for processes that outlived their supervisord."""
    return _("`{manager} start` ends that and starts the service")


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        level: `ok`; `warn`: it works, and wants looking at; `fail`: it is to be repaired.
        about: what was looked at; that of its check unless given.
        text: what was found.
        remedy: what repairs it; empty where there is nothing to do.
    """

    level: str
    about: str = field(default="", kw_only=True)
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line that is printed."""
        about = self.about
        line = _(
            "{about}: {text}",
            about=about if isinstance(about, Message) else _(about),
            text=" ".join(clauses(self.text, self.remedy).split()),
        )
        return f"{_(LEVELS[self.level])} {line}"


@dataclass(frozen=True)
class Patient:
    """The installation that is looked at.

    Attributes:
        layout: its paths.
        ports: where it listens.
        environment: the components'.
        runs: whether its supervisord answers.
        variables: its connections, once they have been read.
    """

    layout: Layout
    ports: Ports
    environment: dict[str, str]
    runs: bool
    variables: dict[str, str] = field(default_factory=dict, repr=False)


Check = Callable[[Patient], Iterator[Finding]]


def looks_at(about: str) -> Callable[[Check], Check]:
    """Return what marks a check: its findings are about that, unless they say otherwise.

    Args:
        about: what is looked at, as a person calls it; marked with `N_`.
    """

    def marked(check: Check) -> Check:
        @wraps(check)
        def findings(patient: Patient) -> Iterator[Finding]:
            for one in check(patient):
                yield one if one.about else replace(one, about=about)

        return findings

    return marked
