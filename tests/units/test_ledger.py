"""The ledger's transitions."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from include.language import _, speaking
from include.periods import Schedule
from include.row_checks.judging import last_rows
from include.units.ledger import BEGUN_SINCE, Ledger, SupersededError
from include.units.unit import NO_SHOP, Unit
from include.warehouse import connect
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

DAYS = Schedule("0 7 * * *", "day")
PERIOD = DAYS.parse_key("2025-10-02")
UNITS = [Unit("erp_store", f"erp-{number}", PERIOD) for number in (1, 2, 3)]


@pytest.fixture
def ledger(warehouse_url: str) -> Iterator[Ledger]:
    """Return the ledger of a new warehouse."""
    engine = connect(warehouse_url)
    yield Ledger(engine)
    engine.dispose()


def _states(ledger: Ledger) -> dict[str, str]:
    return {row.shop_id: row.state for row in ledger.rows("erp_store", PERIOD.key)}


def test_expecting_again_changes_nothing(ledger: Ledger) -> None:
    """Rows come once, and what has happened to them since stays."""
    assert ledger.expect(UNITS[:2]) == 2
    ledger.begin(UNITS[:1])
    assert ledger.expect(UNITS) == 1
    assert _states(ledger) == {"erp-1": "running", "erp-2": "pending", "erp-3": "pending"}


@pytest.mark.every_warehouse
def test_reading_waits_for_nobody_who_writes(ledger: Ledger) -> None:
    """What was committed before is returned while another one is still loading."""
    ledger.expect(UNITS[:1])
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[1], 5)
        assert _states(ledger) == {"erp-1": "pending"}
        assert ledger.open_units(UNITS[:1]) == UNITS[:1]
        assert ledger.expect(UNITS[:1]) == 0
    assert _states(ledger) == {"erp-1": "pending", "erp-2": "ok"}


@pytest.mark.every_warehouse
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


@pytest.mark.every_warehouse
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
    """What is running ends by the exit code; what nobody began stays expected."""
    ledger.expect(UNITS)
    ledger.begin(UNITS[:2])
    assert ledger.settle(UNITS, exit_code, "the last words") == []
    *rows, third = ledger.rows("erp_store", PERIOD.key)
    for row in rows:
        assert (row.state, row.exit_code, row.attempts) == (state, exit_code, 1)
        assert row.error == (None if state in ("ok", "empty") else "the last words")
    assert third.state == "pending"


@pytest.mark.parametrize("exit_code", [0, 99])
def test_a_shop_of_which_the_script_said_nothing_has_not_landed(
    ledger: Ledger, exit_code: int
) -> None:
    """A script that lands one shop itself and ends well has left out the others."""
    ledger.expect(UNITS)
    ledger.begin(UNITS)
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
    assert ledger.settle(UNITS, exit_code) == UNITS[1:]
    assert _states(ledger) == {"erp-1": "ok", "erp-2": "failed", "erp-3": "failed"}
    row = ledger.rows("erp_store", PERIOD.key)[1]
    assert (row.exit_code, (row.error or "")[:40]) == (
        1,
        "the script ended without saying anything",
    )


def test_what_the_script_settled_stays(ledger: Ledger) -> None:
    """Also when it fails: only the rest ends by its exit code."""
    ledger.expect(UNITS)
    ledger.begin(UNITS)
    ledger.fail(UNITS[0], 77, "token expired")
    ledger.settle(UNITS, 75, "the last words")
    first, second, _ = ledger.rows("erp_store", PERIOD.key)
    assert (first.state, first.exit_code, first.error) == ("failed", 77, "token expired")
    assert (second.state, second.exit_code, second.error) == ("failed", 75, "the last words")


@pytest.mark.every_warehouse
def test_a_new_attempt_forgets_the_last_one_but_counts_it(ledger: Ledger) -> None:
    """Attempts add up; error, code and end belong to the attempt that is over."""
    first, second = (Ledger(ledger.engine, run_id) for run_id in ("run-1", "run-2"))
    ledger.expect(UNITS[:1])
    first.begin(UNITS[:1])
    first.fail(UNITS[0], 75, "slow")
    second.begin(UNITS[:1])
    (row,) = ledger.rows("erp_store", PERIOD.key)
    assert (row.attempts, row.run_id, row.error, row.exit_code) == (2, "run-2", None, None)
    assert row.finished_at is None
    assert row.seconds is None


@pytest.mark.every_warehouse
def test_a_run_that_was_overtaken_changes_nothing(ledger: Ledger) -> None:
    """What another run has begun since is that one's, whatever the first one still has to say."""
    stale, newer = (Ledger(ledger.engine, run_id) for run_id in ("run-1", "run-2"))
    ledger.expect(UNITS)
    stale.begin(UNITS)
    newer.begin(UNITS[:2])
    before = ledger.rows("erp_store", PERIOD.key)
    stale.beat(UNITS[:2])
    stale.fail(UNITS[0], 75, "slow")
    with (
        pytest.raises(SupersededError, match="erp_store erp-1 2025-10-02 has been begun by run"),
        ledger.engine.begin() as connection,
    ):
        stale.land(connection, UNITS[0], 5)
    assert ledger.rows("erp_store", PERIOD.key) == before
    stale.settle(UNITS, 75, "slow")
    assert _states(ledger) == {"erp-1": "running", "erp-2": "running", "erp-3": "failed"}
    newer.settle(UNITS, 0)
    assert _states(ledger) == {"erp-1": "ok", "erp-2": "ok", "erp-3": "failed"}


@pytest.mark.every_warehouse
def test_an_attempt_that_was_overtaken_by_its_own_run_changes_nothing(ledger: Ledger) -> None:
    """A run that is tried again keeps its name; who still works for the try before is too late."""
    stale, newer = (Ledger(ledger.engine, "scheduled__2026") for _ in "12")
    ledger.expect(UNITS)
    stale.begin(UNITS)
    script = Ledger(ledger.engine, "scheduled__2026")
    assert script.open_units(UNITS) == UNITS
    newer.begin(UNITS)
    with ledger.engine.begin() as connection:
        newer.land(connection, UNITS[0], 250)
    newer.fail(UNITS[1], 77, "token expired")
    before = ledger.rows("erp_store", PERIOD.key)
    for late in (stale, script):
        for unit in UNITS:
            late.fail(unit, 75, "slow")
        late.beat(UNITS)
        late.settle(UNITS, 0)
        with (
            pytest.raises(SupersededError, match="has been begun by run 'scheduled__2026' since"),
            ledger.engine.begin() as connection,
        ):
            late.land(connection, UNITS[0], 5)
    assert ledger.rows("erp_store", PERIOD.key) == before
    newer.settle(UNITS, 75)
    assert _states(ledger) == {"erp-1": "ok", "erp-2": "failed", "erp-3": "failed"}


def test_what_has_landed_does_not_fail(ledger: Ledger) -> None:
    """Nobody's late word undoes it, even where it is unknown whose it is."""
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 250)
    Ledger(ledger.engine).fail(UNITS[0], 75, "slow")
    assert _states(ledger) == {"erp-1": "ok"}


@pytest.mark.every_warehouse
def test_texts_are_english_in_the_ledger_and_shown_in_the_language_of_who_reads(
    ledger: Ledger,
) -> None:
    """Whatever language the run speaks; what is no message, half a character, or too long stays."""
    half = _(BEGUN_SINCE, unit=_("landed"), run="\ud83d")
    with speaking("zh"):
        ledger.expect(UNITS)
        ledger.begin(UNITS)
        ledger.fail(UNITS[0], 77, half)
        ledger.fail(UNITS[1], 1, "as it came")
        ledger.fail(UNITS[2], 1, _("{first}; {then}", first=_("landed"), then="x" * 20_000))
    rows = ledger.rows("erp_store", PERIOD.key)
    told = [(row.error or "")[:40] for row in rows]
    assert told[0] == r"landed has been begun by run '\ud83d' si"
    assert told[1:] == ["as it came", f"landed; {'x' * 32}"]
    assert [row.shown_error for row in rows] == [row.error for row in rows]
    with speaking("zh"):
        shown = [(row.shown_error or "")[:21] for row in rows]
        assert shown[0] == r"已入库 后来又由运行 '\ud83d' 开"
        assert shown[1:] == ["as it came", f"landed; {'x' * 13}"]
        with ledger.engine.begin() as connection:
            ledger.land(connection, UNITS[0], 5, notice=_("nothing to do"))
    row, *_others = ledger.rows("erp_store", PERIOD.key)
    assert (row.error, row.error_i18n, row.notice) == (None, None, "nothing to do")
    with speaking("zh"):
        assert (row.shown_error, row.shown_notice) == (None, "无事可做")
    ledger.begin(UNITS)
    assert [row.error_i18n for row in ledger.rows("erp_store", PERIOD.key)] == [None] * 3


def test_a_run_lands_what_it_began_or_nobody_did(ledger: Ledger) -> None:
    """A run's own units, and those that were only expected."""
    run = Ledger(ledger.engine, "run-1")
    ledger.expect(UNITS[:2])
    run.begin(UNITS[:1])
    with ledger.engine.begin() as connection:
        for unit in UNITS:
            run.land(connection, unit, 5)
    assert set(_states(ledger).values()) == {"ok"}


@pytest.mark.every_warehouse
def test_what_landed_wrong_is_open_again(ledger: Ledger) -> None:
    """A rejected unit is failed with the reason; one that landed again in the meantime stays."""
    ledger.expect(UNITS)
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
        ledger.land(connection, UNITS[1], 0)
    *landed, pending = ledger.rows("erp_store", PERIOD.key)
    assert [ledger.reject(row, "too few") for row in (*landed, pending)] == [True, True, False]
    row = ledger.rows("erp_store", PERIOD.key)[0]
    assert (row.state, row.exit_code, row.error, row.rows) == ("failed", None, "too few", 5)
    assert ledger.open_units(UNITS) == UNITS
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 9)
    assert not ledger.reject(landed[0], "too few")
    assert _states(ledger) == {"erp-1": "ok", "erp-2": "failed", "erp-3": "pending"}


@pytest.mark.every_warehouse
def test_the_last_rows_are_those_of_like_periods(ledger: Ledger) -> None:
    """Before the unit's, of its job and shop, landed with rows, and about as long."""
    shop = UNITS[0].shop_id
    with ledger.engine.begin() as connection:
        for day, rows in enumerate((10, 20, 0, 30, 40, 50, 60), start=25):
            key = f"2025-09-{day}" if day <= 30 else "2025-10-03"
            ledger.land(connection, Unit("erp_store", shop, DAYS.parse_key(key)), rows)
        week = Schedule("0 7 * * 4", "week", week_start="monday").parse_key("2025-09-22")
        ledger.land(connection, Unit("erp_store", shop, week), 700)
        ledger.land(connection, Unit("erp_store", "erp-2", DAYS.parse_key("2025-10-01")), 7)
        ledger.land(connection, Unit("jd_store", shop, DAYS.parse_key("2025-10-01")), 8)
    assert ledger.reject(ledger.rows("erp_store", "2025-09-29")[0], "too few")
    with reading(ledger.engine) as connection:
        assert last_rows(connection, UNITS[0], 4) == [50, 30, 20, 10]
        assert last_rows(connection, UNITS[0], 2) == [50, 30]


def test_months_are_like_each_other(ledger: Ledger) -> None:
    """Though they have 28 to 31 days."""
    months = Schedule("30 12 3 * *", "month")
    with ledger.engine.begin() as connection:
        for key, rows in (("2025-01", 31), ("2025-02", 28)):
            ledger.land(connection, Unit("kpi", NO_SHOP, months.parse_key(key)), rows)
    march = Unit("kpi", NO_SHOP, months.parse_key("2025-03"))
    with reading(ledger.engine) as connection:
        assert last_rows(connection, march, 4) == [28, 31]


def test_a_job_without_shops_has_one_unit(ledger: Ledger) -> None:
    """Its shop is `-`, and messages leave it out."""
    unit = Unit("generate_daily", NO_SHOP, PERIOD)
    ledger.expect([unit])
    assert [row.shop_id for row in ledger.rows("generate_daily", PERIOD.key)] == ["-"]
    assert str(unit) == "generate_daily 2025-10-02"


@pytest.mark.every_warehouse
def test_what_landed_for_another_window_is_open(ledger: Ledger) -> None:
    """A week's key is its first day's: after the entry has become weekly, the week is to land."""
    week = Schedule("0 12 * * 4", "week", week_start="thursday").parse_key(PERIOD.key)
    weekly = Unit("erp_store", "erp-1", week)
    with ledger.engine.begin() as connection:
        ledger.land(connection, UNITS[0], 5)
    assert ledger.open_units([UNITS[0]]) == []
    assert ledger.open_units([weekly]) == [weekly]
    ledger.begin([weekly])
    ledger.settle([weekly], 0)
    assert ledger.open_units([weekly]) == []
    assert ledger.open_units([UNITS[0]]) == [UNITS[0]]
