"""Coverage as the page is told it: few letters, since there may be very many units."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.coverage import State, Totals
from include.coverage.states import WAITING
from include.coverage_page.reach import column_of, row_group
from include.ledger import NO_SHOP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from include.coverage import Cell, Coverage, Unit
    from include.registry import Job, Registry

# What a cell of several units shows: the first of these that one of them is in.
WORST_FIRST = (
    *(State.FAILED, State.MISSED, State.LOST, State.RUNNING, State.PENDING),
    *(State.NOT_DUE, State.OK, State.EMPTY, State.DISABLED),
)
CODES = {
    State.FAILED: "f",
    State.MISSED: "m",
    State.LOST: "l",
    State.RUNNING: "r",
    State.PENDING: "p",
    State.NOT_DUE: "n",
    State.OK: "o",
    State.EMPTY: "e",
    State.DISABLED: "d",
}
NOTHING = " "
MOST_UNITS = 400


class Column:
    """What a job has in one column: one period, or a day's ticks."""

    def __init__(self) -> None:
        self.counts: Counter[State] = Counter()
        self.rows: int | None = None

    def add(self, cell: Cell) -> None:
        """Count a period in."""
        self.counts += cell.counts
        if cell.rows is not None:
            self.rows = (self.rows or 0) + cell.rows

    def told(self) -> list[Any]:
        """Give how many units there are of each state, and the rows that landed."""
        return [{CODES[state]: number for state, number in self.counts.items()}, self.rows]


def worst(states: Collection[State]) -> State:
    """Give the state that matters most."""
    return next(state for state in WORST_FIRST if state in states)


def matrix(
    coverage: Coverage, registry: Registry, jobs: Collection[str], runnable: Collection[str]
) -> dict[str, Any]:
    """Tell of jobs by periods.

    Args:
        coverage: of all jobs.
        registry: what it was made of.
        jobs: those that the user may look at.
        runnable: those that the user may run.
    """
    columns: dict[str, dict[str, Column]] = defaultdict(lambda: defaultdict(Column))
    for cell in coverage.cells:
        if cell.counts:
            columns[cell.job.id][column_of(cell.job, cell.period)].add(cell)
    groups: dict[str, list[Job]] = defaultdict(list)
    for job in registry.jobs.values():
        if job.id in jobs:
            groups[row_group(job)].append(job)
    return {
        "now": coverage.made_at.isoformat(),
        "totals": _totals(coverage, jobs),
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
                "runnable": job.id in runnable,
                "cells": [
                    found.told() if (found := columns.get(job.id, {}).get(column)) else None
                    for column in axis
                ],
            }
            for job in members
        ],
    }


def _totals(coverage: Coverage, jobs: Collection[str]) -> dict[str, Any]:
    """Count what was due today: units of all jobs, and shops of each platform.

    Where something in the registry is broken, nobody knows whether that is all (`known`).
    """
    today = [
        cell
        for cell in coverage.cells
        if cell.job.id in jobs
        and cell.due_at.date() == coverage.made_at.astimezone(cell.due_at.tzinfo).date()
    ]
    counts = Totals(sum((cell.counts for cell in today), Counter()))
    is_known = not coverage.problems
    platforms = {
        cell.job.platform
        for cell in today
        # One whose shops are all switched off is to land nothing, and has not.
        if not is_known or sum(cell.counts.values()) > cell.counts[State.DISABLED]
    }
    return {
        "landed": counts.landed,
        "missing": counts.missing,
        "waiting": counts.waiting,
        "known": is_known,
        "platforms": [
            {"platform": name, **_shops_of(cell for cell in today if cell.job.platform == name)}
            for name in sorted(filter(None, platforms))
        ],
    }


def _shops_of(cells: Iterable[Cell]) -> dict[str, int]:
    """Count shops: one has landed when all its units that were due today have."""
    missing: set[str] = set()
    waiting: set[str] = set()
    expected = 0
    for cell in cells:
        expected = max(expected, sum(cell.counts.values()) - cell.counts[State.DISABLED])
        missing |= {unit.shop_id for unit in cell.units if unit.is_gap}
        waiting |= {unit.shop_id for unit in cell.units if unit.state in WAITING}
    waiting -= missing
    landed = max(0, expected - len(missing) - len(waiting))
    return {"landed": landed, "missing": len(missing), "waiting": len(waiting)}


def shops(coverage: Coverage, registry: Registry, job: Job, axis: list[str]) -> dict[str, Any]:
    """Tell of one job's shops by periods: a letter for each, in the order of the axis."""
    states: dict[str, dict[str, set[State]]] = defaultdict(lambda: defaultdict(set))
    for unit in coverage.units():
        states[unit.shop_id][column_of(job, unit.period)].add(unit.state)
    return {
        "axis": axis,
        "shops": [
            {
                "id": shop,
                "name": registry.shops[shop].name if shop in registry.shops else "",
                "states": "".join(
                    CODES[worst(found[column])] if found.get(column) else NOTHING for column in axis
                ),
            }
            for shop, found in states.items()
            if shop != NO_SHOP
        ],
    }


def units(found: list[Unit], registry: Registry) -> dict[str, Any]:
    """Tell all that is known of a few units, the worst first."""
    ranked = sorted(found, key=lambda unit: WORST_FIRST.index(unit.state))
    return {
        "total": len(found),
        "units": [_unit(unit, registry) for unit in ranked[:MOST_UNITS]],
    }


def _unit(unit: Unit, registry: Registry) -> dict[str, Any]:
    shop = registry.shops.get(unit.shop_id)
    heard = unit.row.heartbeat_at if unit.row else None
    return {
        "shop": None if unit.shop_id == NO_SHOP else unit.shop_id,
        "name": shop.name if shop else "",
        "key": unit.period.key,
        "code": CODES[unit.state],
        "rows": unit.rows,
        "attempts": unit.attempts,
        "exit_code": unit.exit_code,
        "error": unit.error,
        "run_id": unit.run_id,
        "due_at": _moment(unit.due_at),
        "started_at": _moment(unit.started_at),
        "finished_at": _moment(unit.finished_at),
        "heartbeat_at": _moment(heard),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds") if moment else None
