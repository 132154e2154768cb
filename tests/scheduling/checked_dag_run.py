"""A DAG run of a job with checks, on a real warehouse."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from include.scheduling import factory
from tests.row_checks.checked_run import KEY, CheckedRun

NOW = datetime(2025, 10, 10, tzinfo=timezone.utc)


class CheckedDagRun(CheckedRun):
    """A run of the job's DAG."""

    script_state = "success"

    def check(self, checks: dict[str, Any], conf: dict[str, Any] | None = None, **k: Any) -> str:
        """Run the task `check` of the job's DAG; returns how it ended: nothing is good."""
        (dag,) = factory.build(self.registry(checks, **k))
        assert not isinstance(dag, factory.Unbuildable)
        try:
            dag.get_task("check").execute(context_of(conf or {}, self.script_state))
        except AirflowFailException as error:
            return str(error)
        return ""


def context_of(conf: dict[str, Any], script_state: str, run_id: str = "manual") -> Any:
    """Return what Airflow hands to a task."""
    run = SimpleNamespace(
        partition_key=None, logical_date=None, conf=conf, run_after=NOW, run_id=run_id
    )
    run.run_type = "manual"
    if not conf.keys() & {"period", "from"}:
        run.partition_key = KEY
    states = {run_id: {"run": script_state}}
    ti = SimpleNamespace(try_number=1, get_task_states=lambda **_: states)
    return {"dag_run": run, "ti": ti}
