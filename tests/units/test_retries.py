"""What a later run takes up again by itself: what failed, and what is to be counted again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, update

from include.coverage.history import read_history
from include.periods import Schedule
from include.units.claims import Claim
from include.units.ledger import Ledger
from include.units.retries import due_for_a_recount, left_failed, write_recount
from include.units.unit import Unit
from include.units.waivers import unwaive, waive
from include.warehouse import connect
from include.warehouse.tables import ledger as table

if TYPE_CHECKING:
    from collections.abc import Iterator


DAYS = Schedule("0 7 * * *", "day")
PERIODS = [DAYS.parse_key(f"2025-10-0{day}") for day in (1, 2, 3)]
UNITS = [Unit("erp_store", "erp-1", period) for period in PERIODS]
ENDED = PERIODS[0].end, PERIODS[2].end
PATIENCE = timedelta(seconds=60)
ONCE_MORE = Claim(None, PATIENCE, retry=True)
FIRST = datetime(2025, 10, 1, tzinfo=timezone.utc)
MORNING = timedelta(days=1, hours=7)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    """Open a new warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(warehouse: Engine) -> Engine:
    """Return a new warehouse in which the three units have failed."""
    book = Ledger(warehouse, "first")
    book.expect(UNITS)
    book.begin(UNITS)
    for unit in UNITS:
        book.fail(unit, 75, "the gateway was away")
    return warehouse


def _left(engine: Engine, run_id: str) -> list[str]:
    return [row.period_key for row in left_failed(engine, "erp_store", run_id, ENDED, PATIENCE)]


@pytest.mark.every_warehouse
def test_a_unit_is_tried_once_more_and_no_more(engine: Engine) -> None:
    """By whichever run it was, and whatever came of it; oldest first."""
    assert _left(engine, "second") == [period.key for period in PERIODS]
    book = Ledger(engine, "second")
    book.begin(UNITS[:2], ONCE_MORE)
    book.fail(UNITS[0], 77, "the token has expired")
    with engine.begin() as connection:
        book.land(connection, UNITS[1], 5, 12)
    for run_id in ("second", "third"):
        assert _left(engine, run_id) == [PERIODS[2].key]


@pytest.mark.every_warehouse
def test_what_is_waived_is_not_tried(engine: Engine) -> None:
    """Somebody has accepted that it is missing; taken back, it is tried again."""
    waive(engine, UNITS[:2], "the shop was closed", "me")
    assert _left(engine, "second") == [PERIODS[2].key]
    unwaive(engine, UNITS[:1])
    assert _left(engine, "second") == [PERIODS[0].key, PERIODS[2].key]


@pytest.mark.every_warehouse
def test_what_was_cut_off_is_tried_by_the_same_run_again(engine: Engine) -> None:
    """Ended by a signal, or silent for longer than the patience; another run leaves it alone."""
    book = Ledger(engine, "second")
    book.begin(UNITS, ONCE_MORE)
    book.fail(UNITS[0], 143, "told to end")
    silent = update(table).where(table.c.period_key == PERIODS[1].key)
    with engine.begin() as connection:
        row = book.rows("erp_store", PERIODS[1].key)[0]
        assert row.heartbeat_at is not None
        connection.execute(silent.values(heartbeat_at=row.heartbeat_at - 2 * PATIENCE))
    assert _left(engine, "second") == [PERIODS[0].key, PERIODS[1].key]
    assert _left(engine, "third") == []


@pytest.mark.every_warehouse
def test_what_runs_is_left_alone_until_it_is_lost(engine: Engine) -> None:
    """A runner that vanished has failed its unit without saying so."""
    Ledger(engine, "second").begin(UNITS[:1])
    assert PERIODS[0].key not in _left(engine, "third")
    with engine.begin() as connection:
        connection.execute(update(table).values(heartbeat_at=PERIODS[0].end))
    assert PERIODS[0].key in _left(engine, "third")


@pytest.mark.every_warehouse
def test_history_is_of_what_landed(engine: Engine) -> None:
    """Calls and times of the newest units; nothing of a job that has never landed."""
    book = Ledger(engine, "second")
    book.begin(UNITS)
    with engine.begin() as connection:
        for unit, calls in zip(UNITS, (10, 20, 60), strict=True):
            book.land(connection, unit, 5, calls)
    history = read_history(engine, ["erp_store", "jd_store"])
    assert history.calls("erp_store", ["erp-1"]) == 20
    assert history.calls("erp_store", ["erp-1", "erp-9"]) == 40
    assert history.seconds("erp_store", 1) is not None
    assert history.seconds("jd_store", 1) is None
    assert history.calls("jd_store", ["jd-1"]) is None


@pytest.mark.every_warehouse
def test_what_is_counted_again_and_wrong_is_tried_however_old(engine: Engine) -> None:
    """Once, and only where the source was asked; what failed otherwise waits for a person."""
    book = Ledger(engine, "second")
    book.begin(UNITS[:2])
    with engine.begin() as connection:
        for unit in UNITS[:2]:
            book.land(connection, unit, 5, source_rows=5, counted_at=PERIODS[0].end)
    old = book.rows("erp_store", PERIODS[0].key)[0]
    found = write_recount(engine, old, 4, 6, PERIODS[2].end)
    assert found is not None
    assert (found.rows, found.source_rows, found.counted_at) == (4, 6, PERIODS[2].end)
    assert write_recount(engine, replace(old, attempts=9), 1, 1, PERIODS[2].end) is None
    assert book.reject(found, "4 landed, the source counts 6")
    late = PERIODS[2].end - timedelta(hours=1), PERIODS[2].end
    rows = left_failed(engine, "erp_store", "third", late, PATIENCE)
    assert [row.period_key for row in rows] == [PERIODS[0].key, PERIODS[2].key]
    months_later = PERIODS[0].end + timedelta(days=60), PERIODS[0].end + timedelta(days=61)
    assert left_failed(engine, "erp_store", "third", months_later, PATIENCE) == []


def _key(number: int) -> str:
    return f"{FIRST + timedelta(days=number):%Y-%m-%d}"


def _land(engine: Engine, number: int, shop: str, counted_at: datetime | None) -> None:
    unit = Unit("erp_store", shop, DAYS.parse_key(_key(number)))
    with engine.begin() as connection:
        Ledger(engine).land(connection, unit, 5, source_rows=5, counted_at=counted_at)


def test_each_unit_is_counted_again_when_it_is_3_and_30_days_old(warehouse: Engine) -> None:
    """Once each, morning after morning; never one that its source has not counted."""
    seen: dict[str, list[int]] = {}
    for number in range(50):
        now = FIRST + timedelta(days=number) + MORNING
        _land(warehouse, number, "erp-1", now)
        _land(warehouse, number, "erp-2", None)
        _land(warehouse, number, "erp-3", now)
        for row in due_for_a_recount(warehouse, "erp_store", ["erp-1", "erp-2"], now, 16):
            assert row.shop_id == "erp-1"
            seen.setdefault(row.period_key, []).append((now - row.period_end).days)
            assert write_recount(warehouse, row, 5, 5, now)
    assert seen[_key(0)] == [3, 30]
    assert all(ages == [3, 30][: len(ages)] for ages in seen.values())
    assert seen.keys() == {_key(number) for number in range(47)}


@pytest.mark.every_warehouse
def test_after_an_outage_what_is_due_is_counted_late(warehouse: Engine) -> None:
    """The latest first and only so many at once; what is too old is left alone."""
    for number in range(60):
        _land(warehouse, number, "erp-1", FIRST + timedelta(days=number) + MORNING)
    now = FIRST + timedelta(days=60)
    found = due_for_a_recount(warehouse, "erp_store", ["erp-1"], now, 4)
    # The day ends at 16:00 by UTC.
    assert [row.period_key for row in found] == [_key(number) for number in (56, 55, 54, 53)]
    keys = {row.period_key for row in due_for_a_recount(warehouse, "erp_store", ["erp-1"], now, 99)}
    assert keys == {_key(number) for number in (*range(15, 30), *range(42, 57))}
