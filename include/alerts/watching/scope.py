"""What all readers of a round are given, and what they have found: one that fails costs its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include import MANAGER, PROJECT_ROOT
from include.alerts.catalogue import PARTS, Language
from include.alerts.findings import Finding, Identity, Kind, Observed
from include.errors import ExpectedError
from include.language import N_, Message
from include.registry import Registry
from include.secrets.masking import Masker
from include.text import printable, storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from include.alerts.findings import Completed, Day, Drifting, Missing, Resolution
    from include.registry import Job
    from include.registry.alerts import AlertConfiguration

# The web UI as people open it.
WEB_URL = "AIRFLOW__API__BASE_URL"


@dataclass(frozen=True)
class Site:
    """The installation that is watched."""

    root: Path  # the project
    var: Path  # what the service writes to
    environment: Mapping[str, str] = field(repr=False)  # of its components
    contained: bool = False  # whether these are containers, with commands of their own

    def said(self, name: str) -> str:
        """Return what the environment says by a name, as `METADATA_URL`; empty where nothing."""
        return self.environment.get(name, "")


# Of what a message quotes: an error's first line, cut.
LONGEST_QUOTE = 160
WATCHDOG = "watchdog"
FAILED = N_("the watchdog failed to look at {part}: {error}")
REPORT = N_("run `python3 scheduler_manager.py doctor`; if it stays so, report this line")
ON_THE_PAGE = N_("repair it on the page Coverage: {page}")
CHECK = "python -m include.registry.checks"
# What to do, as a command that works: on one machine the manager's, in containers the second.
TO_DO: dict[str, tuple[str, str]] = {
    "repair": (f"{MANAGER} repair --job {{job}} --yes", ON_THE_PAGE),
    "waive": (f"{MANAGER} waive {{job}} --period {{key}} --reason …", ON_THE_PAGE),
    "complete": (f"{MANAGER} complete {{contract}} {{key}}", ON_THE_PAGE),
    "resume": (
        f"{MANAGER} resume {{job}}",
        N_("let it go on in the web UI under Dags: {address}"),
    ),
    "restart": (
        f"{MANAGER} restart",
        N_("restart the component {component}"),
    ),
    "logs": (
        f"{MANAGER} logs {{component}}",
        N_("look at the log of the component {component}"),
    ),
    "doctor": (f"{MANAGER} doctor", N_("look at the components' logs")),
    "check": (f"{MANAGER} check", CHECK),
}


@dataclass(frozen=True)
class Scope:
    """What a round looks at."""

    now: datetime  # the moment; aware
    registry: Registry = field(default_factory=Registry)  # jobs and shops as they are now
    language: str = "zh"  # `zh` or `en`, of all texts
    zone: str = "Asia/Shanghai"  # IANA name, of what belongs to no job
    address: str = ""  # of the web UI, as people open it; empty where it is not known
    # Whether the components are containers: the commands of one machine are of no use
    contained: bool = False
    # Hides the secrets in what is quoted
    masker: Masker = field(default_factory=lambda: Masker(()))
    root: Path = PROJECT_ROOT  # the project

    def say(self, said: str, **values: object) -> str:
        """Return a text in the language of the messages, its placeholders filled in."""
        return Language(self.language).say(said, **values)

    def quote(self, text: str) -> str:
        """Return the first line of what came from outside, short and without secrets."""
        said = text.into(self.language) if isinstance(text, Message) else text
        line = next((line.strip() for line in said.splitlines() if line.strip()), "")
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

    def to_do(self, action: str, **names: str) -> str:
        """Return what to do, of `TO_DO`; `names`: of the job, period, contract or component."""
        command, in_containers = TO_DO[action]
        if not self.contained:
            return command.format(**names)
        page = self.page(names.get("job", "")) or "Coverage"
        return self.say(in_containers, page=page, address=self.address or "Airflow", **names)

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
        shops = len(self.registry.shops_of(job)) if job.platform else 0
        return Finding.of(
            kind,
            job.id,
            local,
            job.timezone,
            period_key=key,
            name=job.name,
            platform=job.platform,
            tags=job.tags,
            due=local,
            units=units,
            link=self.page(job.id),
            shops=str(shops or ""),
            **facts,
        )

    def part(self, subject: str) -> str:
        """Return what people call a part of the service; what follows a colon does not count."""
        part = subject.partition(":")[0]
        return self.say(PARTS[part]) if part in PARTS else subject

    def service(
        self, subject: str, what: str, remedy: str, since: datetime | None = None
    ) -> Finding:
        """Return a finding of kind `service`."""
        began, name = since or self.now, self.part(subject)
        return Finding.of(
            Kind.SERVICE, subject, began, self.zone, name=name, what=what, remedy=remedy
        )


class UndecidedError(Exception):
    """What a look has met is no finding yet: what is open of the service stays open until it is."""


# Looks at a part of the service; raises UndecidedError, or what costs that part only.
Look = Callable[[Scope], Iterable[Finding]]


@dataclass(frozen=True)
class RoundInput:
    """What one round is asked."""

    now: datetime  # the moment; aware
    configuration: AlertConfiguration  # config/alerts.yaml
    open_now: tuple[Identity, ...] = ()  # the alerts that are open
    connections: tuple[str, ...] = ()  # ids of those that messages are sent with
    # Since when the components run, as far as that is known; they may be silent at first
    began: datetime | None = None
    # When the service was started on purpose; none where that is not known
    started: datetime | None = None
    # Further parts of the service, each by its name
    looks: Mapping[str, Look] = field(default_factory=dict)


class Collector:
    """What a round has found so far, and what it was asked."""

    def __init__(self, scope: Scope, asked: RoundInput) -> None:
        self.scope, self.asked = scope, asked
        self.findings: list[Finding] = []
        self.resolved: dict[Identity, Resolution] = {}
        self.day: Day | None = None
        self.completed: tuple[Completed, ...] = ()
        self.drifted: tuple[Drifting, ...] = ()
        self._kinds: set[Kind] = set()
        self._subjects: set[str] = set()
        self._failed: list[str] = []

    @contextmanager
    def reading(
        self,
        part: str,
        *kinds: Kind,
        subjects: Collection[str] = (),
        away: Callable[[Scope, Exception], Finding | None] | None = None,
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
            self.findings.append((away and away(self.scope, error)) or self._fault(part, error))

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
            self.completed,
            self.drifted,
        )

    def _fault(self, part: str, error: Exception) -> Finding:
        told = str(error) if isinstance(error, ExpectedError) else f"{_place(error)}: {error}"
        what = self.scope.say(FAILED, part=part, error=self.scope.quote(told))
        return self.scope.service(f"{WATCHDOG}:{part}", what, self.scope.say(REPORT))


def _place(error: Exception) -> str:
    """Return what was raised, and in which line."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = type(error).__name__
    if trace is None:
        return name
    return f"{name} ({PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"
