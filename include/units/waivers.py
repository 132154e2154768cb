"""Gaps that somebody has accepted: rows of their own, beside those of the ledger.

What is waived is not forgotten: it is shown, with who did so, why and when. A unit that lands after
all has landed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, delete, insert, select

from include.errors import ConfigurationError
from include.text import storable
from include.units.ledger import is_of
from include.units.unit import Unit, key_of, window
from include.warehouse.tables import waivers
from include.warehouse.transactions import in_transaction
from include.warehouse.transactions import now as clock_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST_REASON = 1_000
LONGEST_NAME = 250


@dataclass(frozen=True)
class Waiver:
    """A unit whose absence is accepted; times are aware (UTC)."""

    job_id: str
    shop_id: str
    period_key: str
    period_start: datetime
    period_end: datetime
    reason: str
    waived_by: str
    waived_at: datetime

    def is_of(self, unit: Unit) -> bool:
        """Return whether it is of the very window that a unit means by its key."""
        start, end = unit.period.start, unit.period.end
        there = start.astimezone(timezone.utc), end.astimezone(timezone.utc)
        return (self.period_start, self.period_end) == there


def reason_of(text: str) -> str:
    """Return a reason as it is kept: in one line, of what can be printed and stored.

    Raises:
        ConfigurationError: it says nothing, or too much.
    """
    printable = (sign if sign.isprintable() else " " for sign in storable(text))
    reason = " ".join("".join(printable).split())
    if not reason:
        raise ConfigurationError(
            'a reason is missing: say why it can never be pulled, as in "closed for three days"'
        )
    if len(reason) > LONGEST_REASON:
        raise ConfigurationError(
            "the reason has {count:,} characters: say it in {most:,}",
            count=len(reason),
            most=LONGEST_REASON,
        )
    return reason


def waive(engine: Engine, units: Iterable[Unit], reason: str, by: str) -> list[Waiver]:
    """Accept that units are missing, for a reason as `reason_of` returned it, by somebody.

    A waiver that is there already is replaced. Return what is written down.
    """
    wanted = list(units)

    def write(connection: Connection) -> list[Waiver]:
        moment = clock_of(connection)
        made = []
        for unit in wanted:
            start, end = (side.astimezone(timezone.utc) for side in window(unit).values())
            made.append(Waiver(*key_of(unit), start, end, reason, by[:LONGEST_NAME], moment))
            connection.execute(delete(waivers).where(is_of(unit, waivers)))
        if made:
            connection.execute(insert(waivers), [vars(waiver) for waiver in made])
        return made

    return in_transaction(engine, write)


def unwaive(engine: Engine, units: Iterable[Unit]) -> None:
    """Take back what was waived of units."""
    wanted = list(units)

    def write(connection: Connection) -> None:
        for unit in wanted:
            connection.execute(delete(waivers).where(is_of(unit, waivers)))

    in_transaction(engine, write)


def read_waivers(connection: Connection, job_ids: Collection[str], since: datetime) -> list[Waiver]:
    """Return the waivers of jobs, of periods that ended after a moment."""
    query = select(waivers).where(waivers.c.job_id.in_(job_ids), waivers.c.period_end > since)
    return [Waiver(*row) for row in connection.execute(query)]
