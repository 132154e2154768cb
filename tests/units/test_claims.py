"""Beginning a unit from several machines at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from include.periods import Schedule
from include.units.claims import Claim, HeldElsewhereError
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect

pytestmark = pytest.mark.every_warehouse
PERIOD = Schedule("0 7 * * *", "day").parse_key("2025-10-02")
UNITS = [Unit("erp_store", f"erp-{number}", PERIOD) for number in (1, 2, 3)]
PATIENCE = timedelta(minutes=1)
MACHINES = 6


@pytest.fixture
def warehouse(warehouse_url: str) -> str:
    """Return a warehouse in which the units are expected, and nothing has begun."""
    engine = connect(warehouse_url)
    Ledger(engine).expect(UNITS)
    engine.dispose()
    return warehouse_url


def test_of_many_machines_one_begins(warehouse: str) -> None:
    """Whoever is refused has begun none of the units; the others are told who runs them."""
    together = Barrier(MACHINES)

    def begin(number: int) -> str:
        ledger = Ledger(connect(warehouse), f"run-{number}")
        together.wait()
        try:
            ledger.begin(UNITS, Claim(f"machine-{number}", PATIENCE))
        except HeldElsewhereError as error:
            return str(error)
        finally:
            ledger.engine.dispose()
        return ""

    with ThreadPoolExecutor(MACHINES) as pool:
        said = [*pool.map(begin, range(MACHINES))]
    assert said.count("") == 1
    winner = said.index("")
    refused = [text for text in said if text]
    assert all(f"by run 'run-{winner}'" in text for text in refused)
    engine = connect(warehouse)
    rows = Ledger(engine).rows("erp_store", PERIOD.key)
    engine.dispose()
    assert {(row.state, row.run_id, row.attempts) for row in rows} == {
        ("running", f"run-{winner}", 1)
    }


def test_a_unit_that_has_ended_is_free(warehouse: str) -> None:
    """Wherever it ran, what has failed or landed can be begun by any machine."""
    engine = connect(warehouse)
    first, second = Ledger(engine, "first"), Ledger(engine, "second")
    first.begin(UNITS, Claim("one", PATIENCE))
    first.fail(UNITS[0], 1, "no")
    with engine.begin() as connection:
        first.land(connection, UNITS[1], 5)
    second.begin(UNITS[:2], Claim("two", PATIENCE))
    with pytest.raises(HeldElsewhereError, match="erp_store erp-3 2025-10-02 is being run"):
        second.begin(UNITS[2:], Claim("two", PATIENCE))
    engine.dispose()


def test_what_was_taken_over_no_longer_lands(warehouse: str) -> None:
    """A machine that was cut off and comes back cannot load the unit a second time."""
    engine = connect(warehouse)
    first, second = Ledger(engine, "same run"), Ledger(engine, "same run")
    first.begin(UNITS, Claim("one", PATIENCE))
    second.begin(UNITS, Claim("two", timedelta(0)))
    first.beat(UNITS)
    first.settle(UNITS, 0)
    rows = second.rows("erp_store", PERIOD.key)
    assert {(row.state, row.place, row.attempts) for row in rows} == {("running", "two", 2)}
    engine.dispose()
