"""The last periods of contracts at a glance say what a look at each of them says."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from include.coverage.contract_periods import How, PeriodSummary, read_periods
from include.coverage.contract_status import read_status
from include.registry import load_registry
from include.registry.contracts import load_contracts
from include.warehouse.transactions import now as clock_of
from tests.contracts.contracted import SHOPS, Contracted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 6


@pytest.fixture
def contracted(tmp_path: Path, warehouse_url: str) -> Iterator[Contracted]:
    """Return a project of which nothing has landed."""
    project = Contracted(tmp_path / "project", warehouse_url)
    yield project
    project.engine.dispose()


def _periods(contracted: Contracted, count: int = COUNT) -> dict[str, list[PeriodSummary]]:
    registry = load_registry(contracted.root)
    contracts = load_contracts(contracted.root, registry).by_id.values()
    return read_periods(contracted.engine, registry, list(contracts), count)


def _keys(contracted: Contracted, count: int = COUNT) -> list[str]:
    """Return the last days, the oldest first."""
    with contracted.engine.connect() as connection:
        now = clock_of(connection)
    calendar = contracted.contract().calendar
    return [calendar.containing(now - timedelta(days=ago)).key for ago in range(count, 0, -1)]


def _contract(name: str = "day", **more: object) -> dict[str, object]:
    return {"id": name, "name": name, "jobs": list(SHOPS), **more}


def _short(found: list[PeriodSummary]) -> dict[str, tuple[str, dict[str, int]]]:
    return {one.period.key: (one.how.value, dict(one.missing)) for one in found}


def _happen(
    contracted: Contracted, chance: random.Random, job_id: str, shop: str, key: str
) -> None:
    """Land a unit, most often; or fail it, cut it short, waive it, or miss it."""
    unit = contracted.unit(job_id, shop, key)
    what = chance.choices(("land", "fail", "cut", "waive", "miss"), (16, 1, 1, 1, 1))[0]
    if what == "land":
        contracted.land(job_id, shop, key=key)
    elif what == "fail":
        contracted.ledger.expect([unit])
        contracted.ledger.begin([unit])
        contracted.ledger.fail(unit, 75, "HTTP 503")
    elif what == "cut":
        until = unit.period.end - timedelta(hours=1)
        contracted.land(job_id, shop, key=key, covered_until=until)
    elif what == "waive":
        contracted.waive(job_id, shop, key)


@pytest.mark.every_warehouse
def test_they_say_what_a_look_at_each_says(contracted: Contracted) -> None:
    """Complete or not, and how much is missing of each job, whatever has happened to the units."""
    contracted.write(
        _contract(), _contract("week", period="week"), _contract("half", min_shops="50%")
    )
    contracted.shops["r-2"]["enabled"] = False
    contracted.write()
    chance = random.Random(15)
    for key in _keys(contracted, 12):
        for job_id, shops in SHOPS.items():
            for shop in shops:
                _happen(contracted, chance, job_id, shop, key)
    found = _periods(contracted, 12)
    registry = load_registry(contracted.root)
    hows = set()
    for contract in load_contracts(contracted.root, registry).by_id.values():
        for summary in found[contract.id][-2 if contract.id == "week" else 0 :]:
            status = read_status(contracted.engine, registry, contract, summary.period)
            missing = Counter(one.unit.job_id for one in status.missing)
            assert (summary.how in (How.COMPLETE, How.UNCHECKED)) == status.complete
            assert status.complete or summary.missing == missing
            assert summary.deadline == status.deadline
            hows.add(summary.how)
    assert hows >= {How.UNCHECKED, How.LATE}


def test_complete_only_where_that_was_said(contracted: Contracted) -> None:
    """All has landed, and nobody has judged it: that is no green yet; what is gone is none."""
    first, second = _keys(contracted, 2)
    for key in (first, second):
        contracted.land_all(key)
    contracted.completed(periods=[contracted.unit("orders", "o-1", first).period])
    assert _short(_periods(contracted, 2)["day"]) == {
        first: ("complete", {}),
        second: ("unchecked", {}),
    }
    contracted.ledger.reject(contracted.ledger.rows("orders", first)[0], "wrong")
    (summary, _) = _periods(contracted, 2)["day"]
    assert (summary.how.value, dict(summary.missing)) == ("late", {"orders": 1})
    assert summary.revision is not None


def test_what_is_expected_of_no_one_and_what_is_broken(contracted: Contracted) -> None:
    """Neither is late: the first is left out, of the other nothing is known."""
    keys = _keys(contracted, 3)
    for job in contracted.jobs.values():
        job["start"] = keys[1]
    contracted.write()
    assert list(_short(_periods(contracted, 3)["day"])) == keys[1:]
    contracted.jobs["orders"]["cron"] = "never"
    contracted.write()
    assert {how for how, _ in _short(_periods(contracted, 3)["day"]).values()} == {"unknown"}
    contracted.write({"id": "day", "name": "日", "jobs": ["orders"]})
    assert [one.deadline for one in _periods(contracted, 2)["day"]] == [None, None]


def test_what_the_ledger_does_not_keep(contracted: Contracted) -> None:
    """Only what was complete by then is shown of it."""
    keys = _keys(contracted, 4)
    contracted.land_all(keys[0])
    contracted.completed(periods=[contracted.unit("orders", "o-1", keys[0]).period])
    service = {"id": "housekeeping", "name": "h", "cron": "30 3 * * *", "script": "good.py"}
    contracted.jobs["housekeeping"] = service | {"env": {"HOUSEKEEPING_LEDGER_DAYS": "400"}}
    contracted.write()
    found = _periods(contracted, 420)["day"]
    assert len(found) < 420
    assert found[-4].how.value == "complete"


def test_many_contracts_cost_few_queries(contracted: Contracted) -> None:
    """As many for ten contracts over two weeks as for one over a day."""
    asked: list[str] = []
    for key in _keys(contracted, 3):
        contracted.land_all(key)
    _periods(contracted)  # which sees the jobs for the first time
    event.listen(
        contracted.engine, "before_cursor_execute", lambda *given: asked.append(str(given[2]))
    )
    _periods(contracted, 1)
    few = len(asked)
    contracted.write(*(_contract(f"day{number}") for number in range(10)))
    asked.clear()
    found = _periods(contracted, 14)
    assert len(found) == 10
    assert len(asked) == few <= 8
