"""Coverage against ninety days in which everything happens, with the truth known."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert

from include.coverage import State, read_coverage, units_of
from include.warehouse import connect
from include.warehouse.tables import jobs_seen, ledger, waivers
from tests.coverage.world import DAYS, GAPS, SINCE, World
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINTS = 4


def _live_and_check(seed: int) -> tuple[World, Counter[str]]:
    """Make a world live; at four moments not one unit is in the wrong state."""
    world, seen = World(seed), Counter[str]()
    for checkpoint in range(CHECKPOINTS):
        days = DAYS * (checkpoint + 1) / CHECKPOINTS - world.dice.random()
        world.live(SINCE + timedelta(days=days))
        world.begin_some()
        units = units_of(
            world.registry(),
            world.rows(),
            world.now,
            SINCE,
            seen=world.seen(),
            waivers=world.waivers(),
        )
        found = {(one.job_id, one.shop_id, one.period.key): str(one.state) for one in units}
        truth = world.truth()
        wrong = {
            unit: (found.get(unit), truth.get(unit))
            for unit in found.keys() | truth.keys()
            if found.get(unit) != truth.get(unit)
        }
        assert not wrong, f"seed {seed}, {world.now}: {len(wrong)} (found, truth): {wrong}"
        seen.update(found.values())
    return world, seen


def test_not_one_unit_is_in_the_wrong_state(tmp_path: Path) -> None:
    """Ninety days of outages, failures, changed crons, and jobs and shops that come and go."""
    seen: Counter[str] = Counter()
    for seed in range(2):
        world, states = _live_and_check(seed)
        seen += states
    assert set(seen) == set(State) - {State.UNREPAIRABLE, State.MISCOUNTED}
    engine = connect(empty_file(tmp_path))
    with engine.begin() as connection:
        connection.execute(insert(ledger), [vars(row) for row in world.rows()])
        connection.execute(insert(waivers), [vars(waiver) for waiver in world.waivers()])
        for job_id, moment in world.seen().items():
            connection.execute(insert(jobs_seen), {"job_id": job_id, "first_seen": moment})
    coverage = read_coverage(engine, world.registry(), SINCE, now=world.now)
    engine.dispose()
    truth = Counter(world.truth().values())
    assert coverage.totals().counts == truth
    gaps = {(one.job_id, one.shop_id, one.period.key) for one in coverage.gaps()}
    assert gaps == {unit for unit, state in world.truth().items() if state in GAPS}


@pytest.mark.campaign
def test_in_many_worlds_not_one_unit_is_in_the_wrong_state() -> None:
    """A hundred other teams."""
    for seed in range(1000, 1100):
        _live_and_check(seed)
