"""The view `completeness`: up to which instant every change is in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, text

from include.warehouse import connect
from include.warehouse.tables import jobs_seen, ledger, waivers
from include.warehouse.views import completeness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

pytestmark = pytest.mark.every_warehouse
START = datetime(2025, 9, 30, 16, tzinfo=timezone.utc)
DAY, REACH = timedelta(days=1), timedelta(hours=7)


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """Open the warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


def unit(day: int, state: str = "ok", **more: Any) -> dict[str, Any]:
    """Make the row of a day's unit, counted from 0, as landed seven hours after its end."""
    start = START + day * DAY
    values = {"table_name": "jd_orders", "covered_until": start + DAY + REACH, "job_id": "jd"}
    values |= {"shop_id": "jd-1", "period_key": f"2025-10-{day + 1:02d}", "state": state}
    return {**values, "period_start": start, "period_end": start + DAY, "attempts": 1, **more}


def waiver(day: int) -> dict[str, Any]:
    """Make the row that waives a day."""
    of = {name: unit(day)[name] for name in set(waivers.c.keys()) & unit(day).keys()}
    return {**of, "reason": "closed", "waived_by": "li", "waived_at": START}


def complete(engine: Engine, rows: list[dict[str, Any]], waived: tuple[int, ...] = ()) -> Any:
    """Return what the view says of the one job and shop, given the ledger's rows."""
    with engine.begin() as connection:
        connection.execute(insert(ledger), rows)
        if waived:
            connection.execute(insert(waivers), [waiver(day) for day in waived])
        return connection.execute(select(completeness)).one()


def test_it_reaches_to_where_the_last_pull_of_the_chain_asked(engine: Engine) -> None:
    """Three days in a row, in any order; an earlier one was pulled again much later."""
    rows = [unit(2), unit(0, covered_until=START + 2 * DAY), unit(1)]
    found = complete(engine, rows)
    assert found.table_name == "jd_orders"
    assert found.complete_from == START
    assert found.complete_until == START + 3 * DAY + REACH


@pytest.mark.parametrize("state", ["failed", "provisional", "running", "pending", None])
def test_it_ends_where_a_day_has_not_landed(engine: Engine, state: str | None) -> None:
    """Whatever the day is in the meantime, and when the ledger does not know it at all."""
    rows = [unit(0), unit(1), *([unit(2, state)] if state else []), unit(3), unit(4)]
    assert complete(engine, rows).complete_until == START + 2 * DAY + REACH


def test_a_waived_day_does_not_break_the_chain(engine: Engine) -> None:
    """It adds nothing either where it is the last."""
    found = complete(engine, [unit(0), unit(1), unit(3)], waived=(2, 4))
    assert found.complete_until == START + 4 * DAY + REACH


def test_a_week_goes_on_where_days_have_ended(engine: Engine) -> None:
    """The entry was edited from day to week, and the week overlaps the last day."""
    week = unit(1, period_key="week", period_end=START + 8 * DAY, covered_until=START + 9 * DAY)
    assert complete(engine, [unit(0), unit(1), week]).complete_until == START + 9 * DAY


def test_what_landed_before_reach_was_kept_counts_to_its_end(engine: Engine) -> None:
    """Rows of an older version have no `covered_until`."""
    found = complete(engine, [unit(0), unit(1, covered_until=None)])
    assert found.complete_until == START + 2 * DAY


def test_a_job_that_lands_in_no_table_has_none(engine: Engine) -> None:
    """Its script settles units by its exit code: which changes are in is not known."""
    with engine.begin() as connection:
        connection.execute(insert(ledger), [unit(0, table_name=None, covered_until=None)])
        assert connection.execute(select(completeness)).all() == []


def test_a_day_of_before_the_job_was_expected_is_no_part_of_the_chain(engine: Engine) -> None:
    """Somebody has pulled it by hand; what lies between is no gap, and nobody will close it."""
    seen = {"job_id": "jd", "first_seen": START + 5 * DAY, "expected_from": START + 4 * DAY}
    with engine.begin() as connection:
        connection.execute(insert(jobs_seen), [seen])
    found = complete(engine, [unit(0), unit(4), unit(5)])
    assert found.complete_from == START + 4 * DAY
    assert found.complete_until == START + 6 * DAY + REACH


def test_some_shops_are_asked_for(engine: Engine) -> None:
    """A shop of the same id in another job, and another shop of the job, stay out."""
    rows = [unit(day, **of) for day in (0, 1) for of in ({}, {"shop_id": "jd-2"}, {"job_id": "b"})]
    with engine.begin() as connection:
        connection.execute(insert(ledger), rows)
        view = completeness.c
        wanted = select(completeness).where(view.job_id == "jd", view.shop_id.in_(["jd-1"]))
        found = connection.execute(wanted).one()
    assert (found.job_id, found.shop_id) == ("jd", "jd-1")
    assert found.complete_until == START + 2 * DAY + REACH


def test_what_is_not_asked_for_is_not_read(engine: Engine) -> None:
    """Of a ledger with years of hundreds of shops, one shop's chain takes what one shop has."""
    if engine.dialect.name != "sqlite":
        pytest.skip("each database explains itself in its own way")
    wanted = "SELECT * FROM completeness WHERE job_id = 'jd' AND shop_id IN ('jd-1', 'jd-2')"
    with engine.begin() as connection:
        steps = [step.detail for step in connection.execute(text(f"EXPLAIN QUERY PLAN {wanted}"))]
    scanned = [step for step in steps if step.startswith("SCAN")]
    assert scanned == ["SCAN chains"]  # the shops that are asked for, found by the index
