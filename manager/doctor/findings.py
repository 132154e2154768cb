"""What a check found: one line, with what to do about it."""

from dataclasses import dataclass, field

from include import MANAGER
from manager.layout import Layout
from manager.lifecycle.ports import Ports

OK, WARN, FAIL = "ok", "warn", "fail"
# Of processes that outlived their supervisord.
REPAIRED_BY_START = f"`{MANAGER} start` ends that and starts the service"


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        level: `ok`; `warn`: it works, and wants looking at; `fail`: it is to be repaired.
        about: what was looked at.
        text: what was found.
        remedy: what repairs it; empty where there is nothing to do.
    """

    level: str
    about: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line that is printed."""
        text = " ".join(f"{self.text}; {self.remedy}".split()) if self.remedy else self.text
        return f"{self.level:<5} {self.about}: {' '.join(text.split())}"


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
