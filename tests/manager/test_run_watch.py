"""What somebody sees who waits for a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.coverage.runs import Run
from include.units.ledger import Ledger
from include.warehouse import connect
from include.warehouse.migrating import migrate
from manager.run_watch import Watch
from tests.coverage.registries import job

if TYPE_CHECKING:
    from pathlib import Path

ERP, KEY = job("erp_store"), "2025-10-01"


class Airflow:
    """An API that shows one run."""

    def __init__(self, state: str, **tasks: str) -> None:
        self.state, self.tasks = state, tasks

    def run_state(self, *_: str) -> str:
        """Return the run's state."""
        return self.state

    def task_states(self, *_: str) -> dict[str, str]:
        """Return the states of its tasks."""
        return self.tasks


@pytest.mark.parametrize(
    ("airflow", "landed"),
    [
        (Airflow("queued"), False),
        (Airflow("running", run="scheduled"), False),
        (Airflow("running", run="running"), None),
        (Airflow("success", run="success"), True),
    ],
)
def test_nobody_waits_for_a_run_that_cannot_move(
    tmp_path: Path,
    airflow: Any,
    landed: bool | None,  # noqa: FBT001 - a case
) -> None:
    """Airflow shows it as queued, or its task as scheduled, for ever; what works is waited for."""
    migrate(f"sqlite:///{tmp_path / 'warehouse.db'}")
    ledger = Ledger(connect(f"sqlite:///{tmp_path / 'warehouse.db'}"))
    run = Run(
        ERP.id,
        "backfill__1",
        under_way=True,
        first=KEY,
        last=KEY,
        stuck="its backfill was cancelled",
    )
    watch = Watch(airflow, ledger, ERP, KEY, lambda: {run.name: run})
    watch.run_id = run.run_id
    line = watch.look()
    assert watch.landed is landed
    assert (run.trouble in line) == (landed is False)
