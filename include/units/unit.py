"""A unit, one job, shop and period: its name, its states, and its row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from include.language import Message, _, restored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Select

    from include.periods import Period

Key: TypeAlias = tuple[str, str, str]  # job, shop and period
# A repair's runs are named after their period and counted, so that of two that are asked for at
# the same time Airflow takes one.
REPAIR_PREFIX = "repair__"
# The shop of a job that has none.
NO_SHOP = "-"
# How much longer one of two like periods may be: a month has 28 to 31 days, a day 23 to 25 hours.
LIKE = 1.25
# What is usual is the median of so many like periods; fewer say nothing.
PERIODS_COMPARED = 4
# What the column of an error says between two numbers, of which the source names the second.
SOURCE_COUNTS = "landed, the source counts"


class State(str, Enum):
    """How a unit is.

    `pending` is a unit whose turn has not come: it is written down already, or its run was to start
    a few minutes ago. From then on it is `missed`, whether somebody has written it down or not.
    `provisional` was pulled before it was due, and is pulled again when it is; until then it counts
    as not due yet. `unrepairable` was due, has not landed, and its script cannot bring it any more.
    `miscounted` failed because the source itself counts other rows than have landed.
    `waived` is a gap that somebody has accepted; it counts nowhere.
    """

    NOT_DUE = "not_due"
    PENDING = "pending"
    RUNNING = "running"
    OK = "ok"
    EMPTY = "empty"
    FAILED = "failed"
    MISCOUNTED = "miscounted"
    MISSED = "missed"
    LOST = "lost"
    DISABLED = "disabled"
    PROVISIONAL = "provisional"
    UNREPAIRABLE = "unrepairable"
    WAIVED = "waived"

    # Equal to its text for SQL, JSON and sets, and printed like it.
    __hash__ = str.__hash__
    __str__ = str.__str__


LANDED = frozenset({State.OK, State.EMPTY})
# Was due and has not landed, and no run is about to pull it.
GAPS = frozenset({State.FAILED, State.MISCOUNTED, State.MISSED, State.LOST, State.UNREPAIRABLE})
# Marks a unit of which the source counts other rows, wherever it is listed.
MISCOUNTED_SIGN = "≠"
# Not landed, and nothing is wrong; of these, what is not waited for until its run is to start.
TO_COME = (State.NOT_DUE, State.PENDING, State.PROVISIONAL)
WAITING = (State.NOT_DUE, State.PENDING, State.RUNNING, State.PROVISIONAL)


@dataclass(frozen=True)
class Unit:
    """One (job, shop, period)."""

    job_id: str
    shop_id: str
    period: Period

    def __str__(self) -> str:
        """Name it as messages do."""
        return named(self.job_id, self.shop_id, self.period.key)


def named(job_id: str, shop_id: str, period_key: str) -> str:
    """Return the name of a unit in messages."""
    shop = "" if shop_id == NO_SHOP else f" {shop_id}"
    return f"{job_id}{shop} {period_key}"


class Drift(NamedTuple):
    """What a landing has changed of the rows that a unit had.

    Attributes:
        before: how many there were.
        rows: how many there are.
        changed: how many are new, are gone, or differ.
    """

    before: int
    rows: int
    changed: int

    @classmethod
    def between(cls, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Drift:
        """Compare rows by their keys."""
        keys = before.keys() | after.keys()
        changed = sum(before.get(key) != after.get(key) for key in keys)
        return cls(len(before), len(after), changed)

    def __str__(self) -> str:
        """Return it in short: `12 -> 15 rows (+3), 4 changed`."""
        return self.message

    @property
    def message(self) -> Message:
        """It in short, for a message that others read later."""
        step = f" ({self.rows - self.before:+,})" if self.rows != self.before else ""
        return _(
            "{before:,} -> {rows:,} rows{step}, {changed:,} changed",
            before=self.before,
            rows=self.rows,
            step=step,
            changed=self.changed,
        )


@dataclass(frozen=True)
class LedgerRow:
    """A row of the ledger; times are aware (UTC)."""

    job_id: str
    shop_id: str
    period_key: str
    period_start: datetime
    period_end: datetime
    state: str
    rows: int | None
    attempts: int
    exit_code: int | None
    error: str | None
    run_id: str | None
    started_at: datetime | None
    finished_at: datetime | None
    heartbeat_at: datetime | None
    place: str | None
    calls: int | None = None
    retried_by: str | None = None
    table_name: str | None = None
    covered_until: datetime | None = None
    source_rows: int | None = None
    counted_at: datetime | None = None
    notice: str | None = None
    revision: int | None = None
    rows_before: int | None = None
    rows_changed: int | None = None
    restated_at: datetime | None = None
    repulled_at: datetime | None = None
    error_i18n: str | None = None
    notice_i18n: str | None = None

    def __str__(self) -> str:
        """Name its unit as messages do."""
        return named(self.job_id, self.shop_id, self.period_key)

    @classmethod
    def read(cls, connection: Connection, query: Select[Any]) -> list[LedgerRow]:
        """Return the rows of the ledger that a query of all its columns selects."""
        return [cls(**row) for row in connection.execute(query).mappings()]

    @property
    def shown_error(self) -> str | None:
        """Why it failed, in the language of the moment; `error` is in English."""
        return restored(self.error_i18n, self.error) if self.error else None

    @property
    def shown_notice(self) -> str | None:
        """What is worth knowing of what landed, in the language of the moment."""
        return restored(self.notice_i18n, self.notice) if self.notice else None

    def is_of(self, period: Period) -> bool:
        """Return whether it is of the very window that a period means by its key."""
        window = period.start.astimezone(timezone.utc), period.end.astimezone(timezone.utc)
        return (self.period_key, self.period_start, self.period_end) == (period.key, *window)

    @property
    def is_miscounted(self) -> bool:
        """Whether it was rejected because the source counts other rows than have landed."""
        told = self.error or ""  # the column is in English
        return self.state == State.FAILED and self.source_rows is not None and SOURCE_COUNTS in told

    @property
    def drift(self) -> Drift | None:
        """What landed last in the place of other rows, where that is known."""
        if self.rows_before is None or self.rows_changed is None:
            return None
        return Drift(self.rows_before, self.rows or 0, self.rows_changed)

    @property
    def is_rejected(self) -> bool:
        """Whether it had landed, and a check or its source's own count refused it."""
        # Those of before 2026-11-29 have the exit code 1, and are known by their rows.
        had_landed = self.exit_code is None or (self.exit_code == 1 and self.rows is not None)
        return self.state == State.FAILED and (had_landed or self.is_miscounted)

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took, once it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


def key_of(of: Unit | LedgerRow) -> Key:
    """Return the columns that name a unit's row: job, shop and period."""
    return of.job_id, of.shop_id, of.period.key if isinstance(of, Unit) else of.period_key


def window(unit: Unit) -> dict[str, datetime]:
    """Return the columns that say when a unit's period starts and ends."""
    return {"period_start": unit.period.start, "period_end": unit.period.end}


def is_like(unit: Unit, start: datetime, end: datetime) -> bool:
    """Return whether a window is about as long as a unit's."""
    # On one clock: within one zone Python subtracts wall clocks.
    one = unit.period.end.timestamp() - unit.period.start.timestamp()
    other = end.timestamp() - start.timestamp()
    return max(one, other) <= LIKE * min(one, other)
