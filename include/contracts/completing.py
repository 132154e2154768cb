"""Writes down what has become complete: called by whoever lands, waives or asks.

What is complete is judged outside of any transaction, since checks take their time. The transaction
then holds no more than a look at whether all is as it was judged, and the row. Whoever changes the
ledger calls this afterwards; where that was cut off, the next call for any of the contract's jobs
finds it.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from include.contracts.revisions import Revision, last_of, write_next
from include.contracts.standing import Standing, Standings
from include.registry import load_registry
from include.registry.contracts import load_contracts
from include.warehouse.transactions import in_transaction, reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from include.periods import Period, Schedule
    from include.registry.contracts import Contract

# Periods that ended this long ago are looked at again: what was cut off there is made good.
LOOK_BACK = timedelta(days=8)
# How often a period is judged again that changes while it is judged; who changes it judges it, too.
TRIES = 5


def completed(
    engine: Engine,
    root: Path,
    job_id: str | None = None,
    periods: Iterable[Period] = (),
    *,
    lately: bool = True,
    run_id: str | None = None,
) -> list[Revision]:
    """Write down which periods of contracts are complete, or changed since they were said to be.

    Args:
        engine: of the warehouse.
        root: of the project.
        job_id: the job of which something may have changed; None: any.
        periods: of that job, in which it was.
        lately: look at all periods of the last days, too.
        run_id: the run on whose behalf it is asked.

    Returns:
        the revisions that this call has written; each is written by one call alone.

    Raises:
        Exception: what went wrong with a contract, after all others were judged.
    """
    known = load_contracts(root)
    if not (known.by_id if job_id is None else known.naming(job_id)):
        return []
    registry = load_registry(root)
    valid = load_contracts(root, registry)
    judged = valid.by_id.values() if job_id is None else valid.naming(job_id)
    standings = Standings(engine, registry)
    starts = [period.start for period in periods]
    written, faults = list[Revision](), list[Exception]()
    for contract in judged:
        periods_of_it = _wanted(contract.calendar, starts, standings.now if lately else None)
        try:
            made = [complete(engine, standings, contract, one, run_id) for one in periods_of_it]
        except Exception as error:  # noqa: BLE001 - a fault of one contract costs no other
            faults.append(error)
        else:
            written += filter(None, made)
    if faults:
        raise faults[0]
    return written


def complete(
    engine: Engine,
    standings: Standings,
    contract: Contract,
    period: Period,
    run_id: str | None = None,
) -> Revision | None:
    """Write down that a period is complete, if it is and that was not said; None if not."""
    for _ in range(TRIES):
        with reading(engine) as connection:
            seen = standings.by_ledger(connection, contract, period)
            last = last_of(connection, contract, period)
        if not seen.complete or (last and last.tells(seen)):
            return None
        standing = standings.checked(seen)
        if not standing.complete or (last and last.tells(standing)):
            return None
        write = partial(_write, standings, seen, standing, run_id)
        revision, is_as_judged = in_transaction(engine, write)
        if is_as_judged:
            return revision
    return None


def _write(
    standings: Standings,
    seen: Standing,
    standing: Standing,
    run_id: str | None,
    connection: Connection,
) -> tuple[Revision | None, bool]:
    """Write a revision, unless that was done; return it, and whether all is as it was judged."""
    contract, period = seen.contract, seen.period
    # First: whoever changes the ledger after it was read below writes the number after ours.
    last = last_of(connection, contract, period)
    if not standings.by_ledger(connection, contract, period).is_as(seen):
        return None, False
    if last and last.tells(standing):
        return None, True
    return write_next(connection, standing, last, run_id), True


def _wanted(calendar: Schedule, starts: Iterable[datetime], now: datetime | None) -> list[Period]:
    """Return the periods in which some others start, and those of the days before a moment."""
    found = [calendar.containing(start) for start in starts]
    if now is not None:
        period = calendar.last_ended(now)
        found.append(period)
        while (period := calendar.preceding(period)).end > now - LOOK_BACK:
            found.append(period)
    return sorted(dict.fromkeys(found), key=lambda one: one.start)
