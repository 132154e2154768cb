"""Coverage as the page is told it: few letters, since there may be very many units."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.coverage import State, Totals
from include.coverage.runs import UnderWay
from include.coverage_page.dates import column_of, row_group
from include.registry.dated_scripts import dating_of
from include.units.unit import NO_SHOP, TO_COME

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from include.coverage import Cell, Coverage, JudgedUnit
    from include.registry import Job, Registry

# Of a gap that a queued or running run covers: nobody has to repair it.
SEEN_TO = "under_way"
# What a cell of several units shows: the first of these that one of them is in.
WORST_FIRST = (
    *(State.FAILED, State.MISCOUNTED, State.MISSED, State.LOST, State.UNREPAIRABLE, SEEN_TO),
    State.RUNNING,
    *(State.PENDING, State.PROVISIONAL, State.NOT_DUE, State.OK, State.EMPTY, State.WAIVED),
    State.DISABLED,
)
CODES: dict[str, str] = {
    SEEN_TO: "w",
    State.FAILED: "f",
    State.MISCOUNTED: "c",
    State.MISSED: "m",
    State.LOST: "l",
    State.RUNNING: "r",
    State.PENDING: "p",
    State.NOT_DUE: "n",
    State.OK: "o",
    State.EMPTY: "e",
    State.DISABLED: "d",
    State.PROVISIONAL: "a",
    State.UNREPAIRABLE: "u",
    State.WAIVED: "x",
}
NOTHING = " "
NONE = UnderWay()
MOST_UNITS = 400


class Column:
    """What a job has in one column: one period, or a day's ticks."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.rows: int | None = None

    def add(self, cell: Cell, under_way: UnderWay) -> None:
        """Count a period in."""
        self.counts.update(cell.counts)
        if seen := _seen_to(cell, under_way):
            self.counts.subtract(seen)
            self.counts[SEEN_TO] += seen.total()
        if cell.rows is not None:
            self.rows = (self.rows or 0) + cell.rows

    def told(self) -> list[Any]:
        """Return how many units there are of each state, and the rows that landed."""
        counts = {CODES[state]: number for state, number in self.counts.items() if number}
        return [counts, self.rows]


def worst(states: Collection[str]) -> str:
    """Return the state that matters most."""
    return next(state for state in WORST_FIRST if state in states)


def _seen_to(cell: Cell, under_way: UnderWay) -> Counter[State]:
    """Count, by their state, the gaps of a cell that a run under way covers."""
    if not under_way:
        return Counter()
    return Counter(unit.state for unit in cell.units if under_way.sees_to(unit))


def _state(unit: JudgedUnit, under_way: UnderWay) -> str:
    return SEEN_TO if under_way.sees_to(unit) else unit.state


def matrix(
    coverage: Coverage,
    registry: Registry,
    jobs: Collection[str],
    runnable: Collection[str],
    under_way: UnderWay = NONE,
) -> dict[str, Any]:
    """Return, as JSON, jobs by periods.

    Args:
        coverage: of all jobs.
        registry: what it was made of.
        jobs: those that the user may look at.
        runnable: those that the user may run.
        under_way: the runs that wait or work.
    """
    columns: dict[str, dict[str, Column]] = defaultdict(lambda: defaultdict(Column))
    for cell in coverage.cells:
        if cell.counts:
            columns[cell.job.id][column_of(cell.job, cell.period)].add(cell, under_way)
    groups: dict[str, list[Job]] = defaultdict(list)
    for job in registry.jobs.values():
        if job.id in jobs:
            groups[row_group(job)].append(job)
    return {
        "now": coverage.made_at.isoformat(),
        "totals": _totals(coverage, jobs, under_way),
        "groups": [_group(name, members, columns, runnable) for name, members in groups.items()],
        "problems": [str(problem) for problem in coverage.problems],
    }


def _group(
    name: str,
    members: list[Job],
    columns: Mapping[str, Mapping[str, Column]],
    runnable: Collection[str],
) -> dict[str, Any]:
    axis = sorted({column for job in members for column in columns.get(job.id, ())})
    return {
        "name": name,
        "axis": axis,
        "jobs": [
            {
                "id": job.id,
                "name": job.name,
                "platform": job.platform,
                "period": job.period,
                "zone": job.timezone,
                "enabled": job.enabled,
                "data": job.data,
                "runnable": job.id in runnable,
                "cells": [
                    found.told() if (found := columns.get(job.id, {}).get(column)) else None
                    for column in axis
                ],
            }
            for job in sorted(members, key=lambda job: not job.data)  # stable
        ],
    }


def _totals(coverage: Coverage, jobs: Collection[str], under_way: UnderWay) -> dict[str, Any]:
    """Count the units whose run was, or is, to start today: all of them, and per platform.

    Where something in the registry is broken, that may not be all (`known`).
    """
    today = [cell for cell in coverage.due_today() if cell.job.id in jobs]
    is_known = not coverage.problems
    platforms = {
        cell.job.platform
        for cell in today
        # One whose shops are all switched off is to land nothing, and has not.
        if not is_known or sum(cell.counts.values()) > cell.counts[State.DISABLED]
    }
    return {
        **_counted(today, coverage.made_at, under_way),
        "known": is_known,
        "platforms": [
            {
                "platform": name,
                **_counted(
                    [cell for cell in today if cell.job.platform == name],
                    coverage.made_at,
                    under_way,
                ),
            }
            for name in sorted(filter(None, platforms))
        ],
    }


def _counted(cells: Collection[Cell], now: datetime, under_way: UnderWay) -> dict[str, Any]:
    """Count units: landed, missing, being run, and due later with the last such moment."""
    counts = Totals(sum((cell.counts for cell in cells), Counter()))
    seen_to = sum(_seen_to(cell, under_way).total() for cell in cells)
    later = [cell for cell in cells if cell.due_at > now]
    to_come = sum(unit.state in TO_COME for cell in later for unit in cell.units)
    last_due = max((cell.due_at for cell in later), default=None) if to_come else None
    return {
        "landed": counts.landed,
        "missing": counts.missing - seen_to,
        "running": counts.waiting + seen_to - to_come,
        "to_come": to_come,
        "last_due": f"{last_due:%H:%M}" if last_due else None,
    }


def shops(
    coverage: Coverage,
    registry: Registry,
    job: Job,
    axis: list[str],
    under_way: UnderWay = NONE,
    *,
    complete: Mapping[tuple[str, str], datetime] | None = None,
) -> dict[str, Any]:
    """Return one job's shops by periods for the page: a letter for each, in the order of the axis.

    `complete` has the instants up to which they are complete, by job and shop.
    """
    states: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for unit in coverage.units():
        states[unit.shop_id][column_of(job, unit.period)].add(_state(unit, under_way))
    return {
        "axis": axis,
        "shops": [
            {
                "id": shop,
                "name": registry.shops[shop].name if shop in registry.shops else "",
                "complete_until": _moment((complete or {}).get((job.id, shop))),
                "states": "".join(
                    CODES[worst(found[column])] if found.get(column) else NOTHING for column in axis
                ),
            }
            for shop, found in states.items()
            if shop != NO_SHOP
        ],
    }


def units(
    found: list[JudgedUnit], registry: Registry, under_way: UnderWay = NONE
) -> dict[str, Any]:
    """Return all that is known of a few units, the worst first."""
    states = [(_state(unit, under_way), unit) for unit in found]
    ranked = sorted(states, key=lambda each: WORST_FIRST.index(each[0]))
    return {
        "total": len(found),
        "units": [_unit(unit, state, registry, under_way) for state, unit in ranked[:MOST_UNITS]],
    }


def _unit(unit: JudgedUnit, state: str, registry: Registry, under_way: UnderWay) -> dict[str, Any]:
    stuck = under_way.stuck_before(unit)
    shop = registry.shops.get(unit.shop_id)
    heard = unit.row.heartbeat_at if unit.row else None
    job = registry.jobs.get(unit.job_id)
    return {
        "shop": None if unit.shop_id == NO_SHOP else unit.shop_id,
        "name": shop.name if shop else "",
        "key": unit.period.key,
        "code": CODES[state],
        "rows": unit.rows,
        "attempts": unit.attempts,
        "exit_code": unit.exit_code,
        "error": unit.shown_error,
        "notice": unit.row.shown_notice if unit.row and unit.landed else None,
        "restated": None
        if not (unit.row and unit.landed and unit.row.drift)
        else {"drift": str(unit.row.drift), "at": _moment(unit.row.restated_at)},
        "why": dating_of(job).because if state == State.UNREPAIRABLE and job else None,
        "waiver": None
        if unit.waiver is None
        else {
            "reason": unit.waiver.reason,
            "by": unit.waiver.waived_by,
            "at": _moment(unit.waiver.waived_at),
        },
        "run_id": unit.run_id,
        "stuck": stuck.trouble if stuck else None,
        "due_at": _moment(unit.due_at),
        "started_at": _moment(unit.started_at),
        "finished_at": _moment(unit.finished_at),
        "heartbeat_at": _moment(heard),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds") if moment else None
