"""What is wrong now, as a round finds it: the input of the engine. Frozen, and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads what is kept by it
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the same
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from include.registry.alerts import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from include.contracts import Revision

__all__ = [
    "Day",
    "Finding",
    "Identity",
    "Kind",
    "Missing",
    "Observed",
    "Resolution",
    "Restated",
    "TokenEnd",
]


OF_CONTRACT = "contract:"  # how the subject of a finding about a contract begins


class Identity(NamedTuple):
    """What makes two findings the same: kind, subject and period."""

    kind: Kind
    subject: str
    period_key: str


@dataclass(frozen=True)
class Missing:
    """One unit of a finding."""

    shop_id: str  # its shop; `-` for a job without shops
    shop_name: str  # what people call it
    reason: str  # why, in the language of config/alerts.yaml; one line
    remedy: str = ""  # who must do what, in the same language; empty when nobody must
    # The same reason for a machine: `credentials:jd_1`, `busy`, `70031`. Units of one platform with
    # one cause are told together; empty when it is not known.
    cause: str = ""
    job_id: str = ""  # its job, where the finding is of a contract
    job_name: str = ""  # what people call that


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    kind: Kind
    # A job's id; for `credentials` and `token` a connection's; for `configuration` a job's or a
    # file; for `service` the part that it is about, as `scheduler`, `disk`
    subject: str
    period_key: str  # of the job's period; empty where it is of none
    name: str  # what people call the subject, as the job's name
    # The job's or the connection's; empty without one; of a contract those of what is missing, with
    # blanks between them
    platform: str
    tags: tuple[str, ...]  # the job's
    since: datetime  # from when on it is wrong; aware
    # By when it should have been right; aware; the same as `since` where there is none
    due: datetime
    # The units that are missing, rejected or concerned, of this moment
    units: tuple[Missing, ...] = ()
    # What the texts fill in, all as text:
    # what: one sentence that says what is wrong (of kinds without a text of their own).
    # remedy: what to do, as a command that works, or a sentence. link: where it is seen.
    # expected: how many units the period has. shops: how many enabled shops the platform has.
    # started: `no` when there is no run and no attempt of the period at all.
    # fire: when the run should have started; ends: when a token ends; ISO 8601 with offset.
    # service: what is wrong with the service meanwhile, as a sentence.
    # jobs: how many are concerned. first_period: the oldest period concerned.
    # cause: of the whole, where units have none; see `Missing.cause`.
    facts: Mapping[str, str] = field(default_factory=dict)
    zone: str = "Asia/Shanghai"  # IANA name of the zone whose clock its times are shown by
    # All jobs of the contract that it is about; none where it is about none
    jobs: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: Kind,
        subject: str,
        since: datetime,
        zone: str,
        *,
        period_key: str = "",
        name: str = "",
        platform: str | None = "",
        tags: Iterable[str] = (),
        due: datetime | None = None,
        units: tuple[Missing, ...] = (),
        **facts: str,
    ) -> Finding:
        """Return a finding; facts that say nothing are left out."""
        about = (period_key, name or subject, platform or "", tuple(tags), since, due or since)
        said = {fact: text for fact, text in facts.items() if text}
        return cls(kind, subject, *about, units, said, zone)

    @property
    def identity(self) -> Identity:
        """What tells it from all others."""
        return Identity(self.kind, self.subject, self.period_key)

    @property
    def about(self) -> str:
        """Its subject, what people call that where it is another word, and the period."""
        name = "" if self.name == self.subject else self.name
        return " ".join(filter(None, (self.subject, name, self.period_key)))

    @property
    def is_unstarted(self) -> bool:
        """Whether there is no run and no attempt of what is missing."""
        return self.facts.get("started") == "no"

    def local(self, moment: datetime) -> datetime:
        """Return a moment on the clock of its zone."""
        return moment.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True)
class Resolution:
    """How something that was wrong came to be right, for the words of the recovery."""

    landed: int  # how many of the period's units have landed
    expected: int  # how many there are
    at: datetime | None = None  # when the last of them landed; none where it is not known
    # What else there is to say, in the language of config/alerts.yaml: that the rest is waived, or
    # the job is not there any more
    note: str = ""


class TokenEnd(NamedTuple):
    """A token that ends soon: its connection, and when."""

    connection: str
    ends: datetime


class ContractDay(NamedTuple):
    """How the last period of a contract stands."""

    name: str  # the contract's
    period_key: str  # which period
    how: str  # `complete`, `unchecked`, `waiting`, `late` or `unknown`
    complete_at: datetime | None  # since when it is complete; none where it never was
    deadline: datetime | None  # by when it should be; none where that is not known
    missing: tuple[tuple[str, int], ...] = ()  # how many units it lacks, by the job's name


class Completed(NamedTuple):
    """A revision of a contract that was written of late."""

    name: str  # the contract's
    zone: str  # IANA name of the zone whose clock it follows
    revision: Revision


class Drifting(NamedTuple):
    """What the answers of a source had for the first time, or went without, of late."""

    source: str  # the platform's method, or the feed
    jobs: tuple[str, ...]  # ids of the jobs that have asked for it; none where they are gone
    platform: str  # theirs, with blanks between them
    tags: tuple[str, ...]  # theirs
    # Paths, and values as `path = value`, each with the unit for which it was seen first
    new: tuple[tuple[str, str], ...]
    lacking: tuple[str, ...]  # paths that more than a fifth of the rows lack


class Restated(NamedTuple):
    """A job's period of which other rows have landed than before."""

    job: str  # its name
    days: int  # how many days the period had ended by then
    more: int  # how many rows there are more; negative for fewer
    changed: int  # how many are new, are gone, or differ


@dataclass(frozen=True)
class Day:
    """What the digest says of the time since the one before."""

    expected: int = 0  # how many units became due
    landed: int = 0  # how many of them have landed
    # How many have not, by the platform's name
    missing: Mapping[str, int] = field(default_factory=dict)
    # How much more (or less) rows landed than usual, as a fraction: -0.03; none where there is
    # nothing to compare with
    usual: float | None = None
    waived: int = 0  # how many are waived
    tokens: tuple[TokenEnd, ...] = ()  # those that end within three days
    restated: tuple[Restated, ...] = ()  # periods whose rows have changed within a day
    # What answers have had for the first time within a day (`source: path = value`), and the unit
    # for which
    new_shapes: tuple[tuple[str, str], ...] = ()
    # Paths that went missing from more than a fifth of the rows within a day
    lacking_shapes: tuple[str, ...] = ()
    problems: int = 0  # how many there are in config/, so that some units may count in nothing
    # How many units the calendar day had, once none is to come any more and all have landed; 0
    # until then
    complete: int = 0
    contracts: tuple[ContractDay, ...] = ()  # how the last period of each stands


@dataclass(frozen=True)
class Observed:
    """What one round has found."""

    findings: tuple[Finding, ...]  # all that is wrong now, muted units included
    # Kinds that could not be looked at, as those of the ledger while the warehouse is away: what is
    # open of them stays open
    unseen_kinds: Collection[Kind] = frozenset()
    # Subjects that could not be looked at, as a job whose entry is broken
    unseen_subjects: Collection[str] = frozenset()
    # How alerts that are open and not among the findings were resolved, where known
    resolved: Mapping[Identity, Resolution] = field(default_factory=dict)
    day: Day | None = None  # what the digest says; none when it could not be read
    # The revisions of contracts of late, where a route asks for them
    completed: tuple[Completed, ...] = ()
    # What was new in answers of late, where a route asks for it
    drifted: tuple[Drifting, ...] = ()
