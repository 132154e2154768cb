"""Reads coverage from a warehouse: the ledger, the waivers, first seen jobs, and watermarks."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, literal_column, select, union_all

from include.coverage.coverage import Coverage
from include.coverage.judged_unit import Clock, JudgedUnit
from include.coverage.model import cells_of, since_of
from include.coverage.unit_index import Landed, UnitIndex
from include.heartbeats import patience_of
from include.units.first_seen import first_seen, keep_expected
from include.units.job_units import begins_of
from include.units.retention import oldest_kept
from include.units.unit import LANDED, LedgerRow, State
from include.units.waivers import read_waivers
from include.warehouse.tables import ledger
from include.warehouse.transactions import now as clock_of
from include.warehouse.transactions import reading
from include.warehouse.views import completeness

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime, timedelta

    from sqlalchemy import ColumnElement, Connection, Engine, Select

    from include.coverage.model import Since
    from include.registry import Registry

# In the ledger.
OPEN = tuple(
    state.value for state in (State.PENDING, State.RUNNING, State.FAILED, State.PROVISIONAL)
)
# No shop's id has it.
SEPARATOR = "\n"
# What is the same of all the rows that one row in brief stands for.
# In the order of the index, so that no database has to sort.
BRIEF = ("job_id", "state", "period_end", "period_start", "period_key")


def read_coverage(
    engine: Engine,
    registry: Registry,
    since: Since,
    until: datetime | None = None,
    *,
    now: datetime | None = None,
    jobs: Collection[str] | None = None,
    in_full: bool = False,
    patience: timedelta | None = None,
) -> Coverage:
    """Read the ledger and judge every unit.

    Args:
        engine: of the warehouse, migrated.
        registry: jobs and shops as they are now.
        since: periods that end after it count; one for all, or one for each kind of period.
        until: periods that end after it do not.
        now: the moment at which units are judged; the warehouse's own clock unless given.
        jobs: only these jobs' units.
        in_full: also what is known of each unit that has landed; else these are only counted,
            which takes a fraction of the time.
        patience: how long what is running may show no sign of life; as the environment says,
            unless given.
    """
    silent = patience_of(os.environ) if patience is None else patience
    with reading(engine) as connection:
        moment = now or clock_of(connection)
        since_each = _since_each(registry, since, moment, jobs)
        index = read_index(connection, since_each, in_full=in_full)
        if since_each:
            wanted = [job_id for of_one in since_each.values() for job_id in of_one]
            for waiver in read_waivers(connection, wanted, min(since_each)):
                index.add_waiver(waiver)
    seen = first_seen(engine, registry.jobs, moment)
    keep_expected(engine, begins_of(registry.jobs.values(), seen))
    problems = [*registry.problems]
    clock = Clock(moment, silent)
    cells = cells_of(registry, index, clock, since, until, jobs=jobs, seen=seen, problems=problems)
    return Coverage(moment, [*cells], problems)


def _since_each(
    registry: Registry, since: Since, now: datetime, jobs: Collection[str] | None
) -> dict[datetime, list[str]]:
    """Return the jobs by the moment from which their rows are read."""
    kept = oldest_kept(registry, now)
    found: dict[datetime, list[str]] = defaultdict(list)
    for job in registry.jobs.values():
        if jobs is None or job.id in jobs:
            first = max(since_of(since, job), kept)
            if job.period == "tick":  # what landed of the first one under another name
                first = job.schedule.containing(first).start
            found[first].append(job.id)
    return found


def read_index(
    connection: Connection, since: Mapping[datetime, list[str]], *, in_full: bool
) -> UnitIndex:
    """Read the ledger's rows of jobs, by the moment after which their periods end.

    What has landed is read in brief, unless in full.
    """
    index = UnitIndex()
    if not since:
        return index
    if not in_full:
        _let_long_lists_be(connection)
    lists: dict[str, frozenset[str]] = {}  # most periods have the same one
    for row in connection.execute(_query(since, in_full=in_full)):
        if not in_full and row.state in LANDED:
            if row.shop_id not in lists:
                lists[row.shop_id] = frozenset(row.shop_id.split(SEPARATOR))
            shops = lists[row.shop_id]
            rows = None if row.rows is None else int(row.rows)
            landed = Landed(row.period_start, row.period_end, State(row.state), shops, rows)
            index.add_landed(row.job_id, row.period_key, landed)
        else:
            index.add(LedgerRow(*row))
    return index


def _query(since: Mapping[datetime, list[str]], *, in_full: bool) -> Any:
    """Ask for each stretch of time by itself: of alternatives, databases do not use the index."""
    parts: list[Select[Any]] = []
    for moment, jobs in since.items():
        wanted = and_(ledger.c.job_id.in_(jobs), ledger.c.period_end > moment)
        if in_full:
            parts.append(select(ledger).where(wanted))
        else:
            parts += [select(ledger).where(wanted, ledger.c.state.in_(OPEN)), _in_brief(wanted)]
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _in_brief(wanted: ColumnElement[bool]) -> Select[Any]:
    """Return one row for all shops that have landed a period with the same outcome."""
    instead = {
        "shop_id": func.aggregate_strings(ledger.c.shop_id, SEPARATOR),
        "rows": func.sum(ledger.c.rows),
    }
    columns = [
        ledger.c[name] if name in BRIEF else instead.get(name, literal_column("NULL")).label(name)
        for name in (column.name for column in ledger.c)
    ]
    keys = [ledger.c[name] for name in BRIEF]
    return select(*columns).where(wanted, ledger.c.state.in_(LANDED)).group_by(*keys)


def _let_long_lists_be(connection: Connection) -> None:
    """Keep MySQL from cutting off the list of a period's shops."""
    if connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION group_concat_max_len = 1073741824")


def read_completeness(
    engine: Engine, shops: Mapping[str, Collection[str] | None], gaps: Iterable[JudgedUnit]
) -> dict[tuple[str, str], datetime]:
    """Read up to which instant every change of each shop is there (its watermark).

    Args:
        engine: of the warehouse, migrated.
        shops: of each job, by its id; None for all that it has.
        gaps: what is missing. The view knows what has landed, and no `start` that was moved back:
            a shop that lacks something before all of it is complete up to nowhere.

    Returns:
        the instant (UTC) by job and shop; without those that land in no table, or never have.
    """
    first: dict[tuple[str, str], datetime] = {}
    for unit in gaps:
        key = unit.job_id, unit.shop_id
        first[key] = min(first.get(key, unit.period.start), unit.period.start)
    view = completeness.c
    query = select(view.shop_id, view.complete_from, view.complete_until)
    found = {}
    with reading(engine) as connection:
        for job, some in shops.items():  # by itself: a job's shops are not those of another one
            its = query.where(view.job_id == job)
            rows = connection.execute(its if some is None else its.where(view.shop_id.in_(some)))
            for shop, since, until in rows:
                if first.get((job, shop), since) >= since:
                    found[job, shop] = until
    return found
