"""Signs of life in the ledger."""

from __future__ import annotations

from include.units.ledger import Ledger
from include.warehouse import connect
from tests.running.families import STUBBORN
from tests.running.project import PERIOD, Project, wait_until


def test_a_running_unit_shows_signs_of_life(project: Project, warehouse: str) -> None:
    """While the script runs, its row's heartbeat goes on."""
    ledger = Ledger(connect(warehouse))
    project.job(STUBBORN)
    project.start(WAREHOUSE_URL=warehouse, RUNNER_HEARTBEAT_SECONDS="0.1")
    project.wait_for("ready")
    first = ledger.rows("job", PERIOD)[0]
    assert first.state == "running"
    wait_until(lambda: ledger.rows("job", PERIOD)[0].heartbeat_at != first.heartbeat_at)
    ledger.engine.dispose()


def test_a_missed_sign_of_life_is_only_said(project: Project, warehouse: str) -> None:
    """A warehouse that is away for a while does not end the script."""
    script = """
        import os, sqlite3, time
        warehouse = sqlite3.connect(os.environ["SCRATCH"] + "/warehouse.db", isolation_level=None)
        warehouse.execute("ALTER TABLE ledger RENAME TO away")
        time.sleep(1)
        warehouse.execute("ALTER TABLE away RENAME TO ledger")
    """
    project.job(script)
    code, output = project.run(WAREHOUSE_URL=warehouse, RUNNER_HEARTBEAT_SECONDS="0.1")
    assert (code, "no sign of life this time: the ledger cannot be written" in output) == (0, True)


def test_a_ledger_that_cannot_be_settled_is_a_temporary_failure(
    project: Project, warehouse: str
) -> None:
    """The script did its work, but nobody would know: the run is repeated."""
    script = """
        import os, sqlite3
        warehouse = sqlite3.connect(os.environ["SCRATCH"] + "/warehouse.db", isolation_level=None)
        warehouse.execute("ALTER TABLE ledger RENAME TO away")
    """
    project.job(script)
    code, output = project.run(WAREHOUSE_URL=warehouse)
    assert (code, "failed: the ledger cannot be written" in output) == (75, True)
