"""The ledger's transitions."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from include.ledger import NO_SHOP, Ledger, Unit
from include.periods import Schedule
from include.warehouse import connect
from include.warehouse.migrating import migrate

if TYPE_CHECKING:
    from pathlib import Path

PERIOD = Schedule("0 7 * * *", "day").parse_key("2025-10-02")
UNITS = [Unit("erp_store", f"erp-{number}", PERIOD) for number in (1, 2, 3)]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Give the ledger of a new warehouse."""
    engine = connect(f"sqlite:///{tmp_path}/warehouse.db")
    migrate(engine)
    return Ledger(engine)


def _states(ledger: Ledger) -> dict[str, str]:
    return {row.shop_id: row.state for row in ledger.rows("erp_store", PERIOD.key)}


def test_expecting_again_changes_nothing(ledger: Ledger) -> None:
    """Rows come once, and what has happened to them since stays."""
    assert ledger.expect(UNITS[:2]) == 2
    ledger.begin(UNITS[:1], "run-1")
    assert ledger.expect(UNITS) == 1
    assert _states(ledger) == {"erp-1": "running", "erp-2": "pending", "erp-3": "pending"}


def test_many_may_expect_the_same_units_at_once(ledger: Ledger) -> None:
    """Of several processes that insert the same rows none fails, and each row is there once."""
    counts: list[int] = []
    threads = [threading.Thread(target=lambda: counts.append(ledger.expect(UNITS))) for _ in "1234"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(counts) == 4
    assert len(ledger.rows("erp_store", PERIOD.key)) == 3


def test_what_has_landed_is_no_longer_open(ledger: Ledger) -> None:
    """Landed, with rows or without, is done; failed and pending are open."""
    ledger.expect(UNITS)
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
        ledger.land(connection, UNITS[1], 0)
    ledger.fail(UNITS[2], 77, "token expired")
    assert _states(ledger) == {"erp-1": "ok", "erp-2": "empty", "erp-3": "failed"}
    assert ledger.open_units(UNITS) == UNITS[2:]


def test_landing_holds_only_with_its_transaction(ledger: Ledger) -> None:
    """When the data is rolled back, so is the ledger."""
    ledger.expect(UNITS)
    with ledger.engine.connect() as connection, connection.begin() as transaction:
        ledger.land(connection, UNITS[0], 5)
        transaction.rollback()
    assert _states(ledger)["erp-1"] == "pending"


def test_landing_needs_no_expected_row(ledger: Ledger) -> None:
    """A unit that nobody expected is written down all the same."""
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
    assert _states(ledger) == {"erp-1": "ok"}


@pytest.mark.parametrize(
    ("exit_code", "state"),
    [(0, "ok"), (99, "empty"), (1, "failed"), (75, "failed"), (137, "failed")],
)
def test_the_exit_code_settles_what_the_script_left(
    ledger: Ledger, exit_code: int, state: str
) -> None:
    """What is still running ends by the exit code; what the script settled stays."""
    ledger.expect(UNITS)
    ledger.begin(UNITS[:2], "run-1")
    ledger.fail(UNITS[0], 77, "token expired")
    assert ledger.settle(UNITS, exit_code, "the last words") == UNITS[1:2]
    first, second, third = ledger.rows("erp_store", PERIOD.key)
    assert (first.state, first.exit_code, first.error) == ("failed", 77, "token expired")
    assert (second.state, second.exit_code, second.attempts) == (state, exit_code, 1)
    assert second.error == (None if state in ("ok", "empty") else "the last words")
    assert third.state == "pending"


def test_a_new_attempt_forgets_the_last_one_but_counts_it(ledger: Ledger) -> None:
    """Attempts add up; error, code and end belong to the attempt that is over."""
    ledger.expect(UNITS[:1])
    ledger.begin(UNITS[:1], "run-1")
    ledger.fail(UNITS[0], 75, "slow")
    ledger.begin(UNITS[:1], "run-2")
    (row,) = ledger.rows("erp_store", PERIOD.key)
    assert (row.attempts, row.run_id, row.error, row.exit_code) == (2, "run-2", None, None)
    assert row.finished_at is None
    assert row.seconds is None


def test_a_job_without_shops_has_one_unit(ledger: Ledger) -> None:
    """Its shop is `-`, and messages leave it out."""
    unit = Unit("generate_daily", NO_SHOP, PERIOD)
    ledger.expect([unit])
    assert [row.shop_id for row in ledger.rows("generate_daily", PERIOD.key)] == ["-"]
    assert str(unit) == "generate_daily 2025-10-02"


def test_what_landed_for_another_window_is_open(ledger: Ledger) -> None:
    """A week's key is its first day's: after the entry has become weekly, the week is to land."""
    week = Schedule("0 12 * * 4", "week", week_start="thursday").parse_key(PERIOD.key)
    weekly = Unit("erp_store", "erp-1", week)
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
    assert ledger.open_units([UNITS[0]]) == []
    assert ledger.open_units([weekly]) == [weekly]
    ledger.begin([weekly], "run-2")
    ledger.settle([weekly], 0)
    assert ledger.open_units([weekly]) == []
    assert ledger.open_units([UNITS[0]]) == [UNITS[0]]
