"""What all readers of a round are given, and what they have found: one that fails costs its own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include import MANAGER, PROJECT_ROOT
from include.alerts.findings import Finding, Kind, Observed
from include.alerts.languages import Language, Said
from include.errors import ExpectedError
from include.registry import Registry
from include.secrets.masking import Masker
from include.text import printable, storable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from include.alerts.findings import Day, Identity, Missing, Resolution
    from include.registry import Job

# Of what a message quotes: an error's first line, cut.
LONGEST_QUOTE = 160
WATCHDOG = "watchdog"
NAME = Said("看门狗", "watchdog")


FAILED = Said("看门狗查看“{part}”时出错：{error}", "the watchdog failed to look at {part}: {error}")
REPORT = Said(
    f"运行 `{MANAGER} doctor`；仍然如此，请把这一行反馈给维护者",
    f"run `{MANAGER} doctor`; if it stays so, report this line",
)


@dataclass(frozen=True)
class Sight:
    """What a round looks at.

    Attributes:
        now: the moment; aware.
        registry: jobs and shops as they are now.
        language: `zh` or `en`, of all texts.
        zone: IANA name, of what belongs to no job.
        address: of the web UI, as people open it; empty where it is not known.
        contained: whether the components are containers: the commands of one machine are of no use.
        masker: hides the secrets in what is quoted.
        root: the project.
    """

    now: datetime
    registry: Registry = field(default_factory=Registry)
    language: str = "zh"
    zone: str = "Asia/Shanghai"
    address: str = ""
    contained: bool = False
    masker: Masker = field(default_factory=lambda: Masker(()))
    root: Path = PROJECT_ROOT

    def say(self, said: Said, **values: object) -> str:
        """Return a text in the language of the messages, its placeholders filled in."""
        return Language(self.language).say(said, **values)

    def quote(self, text: str) -> str:
        """Return the first line of what came from outside, short and without secrets."""
        line = next((line.strip() for line in text.splitlines() if line.strip()), "")
        shown = printable(storable(self.masker.mask(line)))
        return shown if len(shown) <= LONGEST_QUOTE else f"{shown[:LONGEST_QUOTE]}…"

    def clock(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """Return a time of day on a clock, with the day where it is not today."""
        where = zone or ZoneInfo(self.zone)
        return Language.moment(moment.astimezone(where), self.now.astimezone(where))

    def page(self, job: str = "") -> str:
        """Return the address of the page Coverage, filtered by a job; empty where not known."""
        query = f"?job={job}" if job else ""
        return f"{self.address.rstrip('/')}/plugin/coverage{query}" if self.address else ""

    def of_job(
        self,
        kind: Kind,
        job: Job,
        key: str,
        since: datetime,
        *,
        units: tuple[Missing, ...] = (),
        **facts: str,
    ) -> Finding:
        """Return a finding of a job; facts that say nothing are left out."""
        local = since.astimezone(job.schedule.zone)
        return Finding(
            kind,
            job.id,
            key,
            job.name,
            job.platform or "",
            tuple(job.tags),
            local,
            local,
            units,
            merged({**facts, "link": self.page(job.id)}),
            job.timezone,
        )

    def service(
        self, subject: str, what: str, remedy: str, since: datetime | None = None, name: str = ""
    ) -> Finding:
        """Return a finding of kind `service`."""
        began = since or self.now
        said = merged({"what": what, "remedy": remedy})
        called = name or subject
        return Finding(
            Kind.SERVICE, subject, "", called, "", (), began, began, facts=said, zone=self.zone
        )


class Gathering:
    """What a round has found so far.

    Args:
        sight: of the round.
    """

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.findings: list[Finding] = []
        self.resolved: dict[Identity, Resolution] = {}
        self.day: Day | None = None
        self._kinds: set[Kind] = set()
        self._subjects: set[str] = set()
        self._failed: list[str] = []

    @contextmanager
    def reading(
        self,
        part: str,
        *kinds: Kind,
        subjects: Collection[str] = (),
        away: Callable[[Exception], Finding | None] | None = None,
    ) -> Iterator[None]:
        """Limit what a failure costs to what is read inside.

        Args:
            part: what is read, for people.
            kinds: those that cannot be looked at then.
            subjects: those that cannot be looked at then.
            away: makes the finding of an error that says that a database or the like is not there;
                none: the error is a fault of the watchdog.
        """
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the other readers go on
            self.unseen(*kinds, subjects=subjects)
            self._failed.append(part)
            self.findings.append((away and away(error)) or self._fault(part, error))

    def unseen(self, *kinds: Kind, subjects: Collection[str] = ()) -> None:
        """Note what could not be looked at: what is open of it stays open."""
        self._kinds.update(kinds)
        self._subjects.update(subjects)

    @property
    def failed(self) -> tuple[str, ...]:
        """The parts that could not be read."""
        return tuple(self._failed)

    def observed(self) -> Observed:
        """Return all of it, as the engine takes it."""
        return Observed(
            tuple(self.findings),
            frozenset(self._kinds),
            frozenset(self._subjects),
            self.resolved,
            self.day,
        )

    def _fault(self, part: str, error: Exception) -> Finding:
        told = str(error) if isinstance(error, ExpectedError) else f"{_place(error)}: {error}"
        what = self.sight.say(FAILED, part=part, error=self.sight.quote(told))
        subject = f"{WATCHDOG}:{part}"
        name = self.sight.say(NAME)
        return self.sight.service(subject, what, self.sight.say(REPORT), name=name)


def _place(error: Exception) -> str:
    """Return what was raised, and in which line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = type(error).__name__
    if trace is None:
        return name
    return f"{name} ({PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"


def merged(facts: Mapping[str, str]) -> dict[str, str]:
    """Return facts without those that say nothing."""
    return {name: said for name, said in facts.items() if said}
