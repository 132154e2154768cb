"""Signs of life in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.ledger import Ledger
from include.warehouse import connect, migrate
from tests.running.families import STUBBORN
from tests.running.project import PERIOD, wait_until

if TYPE_CHECKING:
    from tests.running.project import Project


def test_a_running_unit_shows_signs_of_life(project: Project) -> None:
    """While the script runs, its row's heartbeat goes on; another run's row is left alone."""
    url = f"sqlite:///{project.root}/warehouse.db"
    migrate(url)
    ledger = Ledger(connect(url))
    project.job(STUBBORN)
    project.start(WAREHOUSE_URL=url, RUNNER_HEARTBEAT_SECONDS="0.1")
    project.wait_for("ready")
    first = ledger.rows("job", PERIOD)[0]
    assert first.state == "running"
    wait_until(lambda: ledger.rows("job", PERIOD)[0].heartbeat_at != first.heartbeat_at)
    ledger.engine.dispose()


def test_a_missed_sign_of_life_is_only_said(project: Project) -> None:
    """A warehouse that is away for a while does not end the script."""
    url = f"sqlite:///{project.root}/warehouse.db"
    migrate(url)
    script = """
        import os, sqlite3, time
        os.rename(os.environ["SCRATCH"] + "/warehouse.db", os.environ["SCRATCH"] + "/away.db")
        time.sleep(1)
        os.rename(os.environ["SCRATCH"] + "/away.db", os.environ["SCRATCH"] + "/warehouse.db")
        print("done")
    """
    project.job(script)
    _, output = project.run(WAREHOUSE_URL=url, RUNNER_HEARTBEAT_SECONDS="0.1")
    assert "done\n" in output
