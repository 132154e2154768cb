"""The source's own count: what is lost on the way is found, and without a loss nothing is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select

from include.registry.platforms import PLATFORMS
from include.units.retries import left_failed
from include.units.unit import SOURCE_COUNTS
from include.warehouse.tables import pdd_refunds, shapes
from tests.pulling.defects import DAY, DEFECTS, NEW_STATUS, narrow, new_status
from tests.pulling.simulated_days import JOBS, Days, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = {
    "erp_store": ("erp-1",),
    "jd_store": ("jd-1",),
    "pdd_review": ("pdd-1", "pdd-2"),
    "pdd_chat": ("pdd-1",),
    "pdd_kpi_daily": ("pdd-1",),
}


@pytest.fixture
def world(warehouse_url: str, tmp_path: Path) -> Iterator[Days]:
    """Return days of pulls."""
    with served(Days(warehouse_url, tmp_path)) as made:
        yield made


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(world: Days, name: str) -> None:
    """The unit is not green, and says why; without the defect the next run brings it."""
    job, shop, plant, told, later = DEFECTS[name]
    with pytest.MonkeyPatch.context() as patch:
        if later:
            world.mornings(job, DAY, 1, shop)
            assert world.row(job, shop, DAY).state == "ok"
        plant(patch, world)
        ran = world.mornings(job, DAY, 1, shop) if not later else []
        if world.row(job, shop, DAY).state == "ok":  # found when it is counted again
            ran += world.mornings(job, "2025-10-03", 3, shop)
    row = world.row(job, shop, DAY)
    assert row.state == "failed", row
    assert told in (row.error or "")
    assert any(told in one.said for one in ran)
    world.connections.clear()
    assert world.run(job, DAY, shop).code == 0
    row = world.row(job, shop, DAY)
    assert (row.state, row.rows) == ("ok", row.source_rows)


def test_a_status_that_no_document_knows_is_found(
    world: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, its cases land, and from then on it is asked for like all others."""
    narrow(monkeypatch)
    new_status(monkeypatch, world)
    ran, again = world.mornings("pdd_quality", DAY, 2, "pdd-1")
    assert ran.code == again.code == 0
    row = world.row("pdd_quality", "pdd-1", DAY)
    assert f"after-sales status {NEW_STATUS} is not in the platform's documents" in str(row.notice)
    assert str(row.notice) in ran.said
    assert f"after-sales status {NEW_STATUS}" in world.journal()
    assert world.row("pdd_quality", "pdd-1", "2025-10-03").notice is None
    table = pdd_refunds.c
    query = select(table.created_day, func.count()).where(table.after_sales_status == NEW_STATUS)
    with world.engine.connect() as connection:
        found = connection.execute(query.group_by(table.created_day)).all()
    assert {str(day) for day, _ in found} >= {DAY, "2025-10-03"}


def test_what_is_new_in_answers_is_journalled_once(world: Days) -> None:
    """With the unit; the first run of a source only learns what its answers look like."""
    world.mornings("jd_store", DAY, 1, "jd-1")
    with world.engine.connect() as connection:
        known = connection.execute(select(shapes)).all()
    assert {row.is_new for row in known} == {0}
    assert {row.source for row in known} == {"jingdong.pop.order.search"}
    (state,) = {row.path for row in known if row.path.endswith("orderState") and not row.value}
    with world.engine.begin() as connection:
        connection.execute(delete(shapes).where(shapes.c.path == state))
    world.mornings("jd_store", "2025-10-03", 2, "jd-1")
    told = f"jingdong.pop.order.search: {state} is new, first seen in jd_store jd-1 2025-10-03"
    assert world.journal().count(told) == 1
    assert f"jingdong.pop.order.search: {state} = " in world.journal()


def test_without_a_defect_there_is_no_alarm(world: Days) -> None:
    """All green, and all counted again when they are three days old."""
    for job, shops in SAMPLE.items():
        for ran in world.mornings(job, DAY, 4, *shops):
            assert ran.code == 0, ran.said
            assert SOURCE_COUNTS not in ran.said
        assert "counted again" in ran.said
    _check_all_counted(world, SAMPLE)


def _check_all_counted(world: Days, shops_of: dict[str, tuple[str, ...]]) -> None:
    for job, shops in shops_of.items():
        for shop in shops:
            row = world.row(job, shop, DAY)
            assert row.state in ("ok", "empty")
            assert row.rows == row.source_rows


@pytest.mark.campaign
def test_over_ninety_days_there_is_no_alarm(world: Days) -> None:
    """Nor when they are thirty days old."""
    shops_of = {
        **SAMPLE,
        "erp_store": ("erp-1", "erp-2", "erp-3"),
        "jd_store": ("jd-1", "jd-2", "jd-3"),
        "pdd_review": ("pdd-1", "pdd-2", "pdd-3"),
    }
    for job, shops in shops_of.items():
        for ran in world.mornings(job, DAY, 90, *shops):
            assert ran.code == 0, ran.said
            assert SOURCE_COUNTS not in ran.said
    _check_all_counted(world, shops_of)


def test_what_is_wrong_after_thirty_days_is_tried_again_by_itself(world: Days) -> None:
    """However short `recover` is; and not before it is counted."""
    world.mornings("erp_store", DAY, 1, "erp-1")
    plant = DEFECTS["rows deleted afterwards"].plant
    world.mornings("erp_store", "2025-10-05", 1, "erp-1")
    plant(pytest.MonkeyPatch(), world)
    world.mornings("erp_store", "2025-10-20", 1, "erp-1")
    assert world.row("erp_store", "erp-1", DAY).state == "ok"
    (ran,) = world.mornings("erp_store", "2025-11-01", 1, "erp-1")
    assert SOURCE_COUNTS in ran.said
    assert "erp_store 2025-10-02 is not what its source counts now:" in world.journal()
    periods = JOBS.jobs["erp_store"].schedule
    last = periods.parse_key("2025-11-01").end
    ended = last - timedelta(days=7), last
    (row,) = left_failed(world.engine, "erp_store", "next", ended, PLATFORMS["erp"].lag)
    assert row.period_key == DAY
    assert world.run("erp_store", DAY, "erp-1").code == 0
    assert world.row("erp_store", "erp-1", DAY).state == "ok"
