"""A contract's events in a real database of Airflow's, in a process of its own; prints what came.

AIRFLOW_HOME has the database, `HOME_OF_PROJECT` is an empty folder, and the connection `warehouse`
leads to WAREHOUSE_URL.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.api.common.trigger_dag import trigger_dag
from airflow.dag_processing.collection import update_dag_parsing_results_in_db
from airflow.exceptions import DagRunAlreadyExists
from airflow.jobs.job import Job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.asset import AssetEvent
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.sdk.definitions.dag import _run_task
from airflow.serialization.serialized_objects import LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType

from include import PROJECT_ROOT
from include.registry import load_registry
from include.scheduling.contract_dags import COMPLETE, contract_dag
from include.scheduling.factory import build_dag
from manager.airflow.rest import ThereAlreadyError
from manager.airflow.starting_runs import make_run
from manager.contract_events import ContractEvents
from manager.layout import Layout
from tests.contracts.contracted import Contracted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import DAG

BUNDLE = "dags-folder"
READER = "morning_report"
GUIDE = (PROJECT_ROOT / "docs/contracts.md").read_text("utf-8")
SNIPPET = GUIDE.partition("```python\n")[2].partition("```")[0]
REPORT: dict[str, Any] = {
    "id": "report",
    "name": "报表",
    "after": "day",
    "restate": True,
    "script": "good.py",
    "start": "2025-01-01",
}
BY_HAND = "manual__2025-10-02"


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class Airflow:
    """Makes runs as the REST API does."""

    kill_after = False

    def make_run(self, dag_id: str, body: Mapping[str, Any]) -> str:
        """Make one; raises ThereAlreadyError."""
        try:
            with create_session() as session:
                trigger_dag(
                    dag_id,
                    triggered_by=DagRunTriggeredByType.REST_API,
                    run_id=body["dag_run_id"],
                    partition_key=body["partition_key"],
                    conf=body.get("conf"),
                    session=session,
                )
        except DagRunAlreadyExists as error:
            raise ThereAlreadyError(str(error)) from error
        if self.kill_after:
            raise Killed
        return str(body["dag_run_id"])


def _tell_airflow(*dags: DAG) -> None:
    with create_session() as session:
        session.add(DagBundleModel(name=BUNDLE))
        session.flush()
        lazy = [LazyDeserializedDAG.from_dag(dag) for dag in dags]
        update_dag_parsing_results_in_db(BUNDLE, None, lazy, {}, 0.1, set(), session)


def _work(dag: DAG) -> None:
    """Run the tasks of the contract's runs that wait, and start who waits for them."""
    with create_session() as session:
        waiting = [run.run_id for run in session.query(DagRun).filter_by(state="queued")]
    for run_id in waiting:
        with create_session() as session:
            run = session.query(DagRun).filter_by(dag_id=dag.dag_id, run_id=run_id).one_or_none()
            if run is None:
                continue
            run.dag = SerializedDagModel.get_dag(dag.dag_id, session=session)
            run.state = DagRunState.RUNNING
            tasks, _ = run.update_state(session=session)
            session.commit()
            for task in tasks:
                _run_task(ti=task, task=dag.get_task(COMPLETE), run_triggerer=False)
            run.update_state(session=session)
    with create_session() as session:
        SchedulerJobRunner(Job())._create_dagruns_for_partitioned_asset_dags(session)


def main() -> None:
    """Complete a day and restate it; kill what tells Airflow; run one by hand."""
    project = Contracted(Path(os.environ["HOME_OF_PROJECT"]), os.environ["WAREHOUSE_URL"])
    project.jobs["report"] = REPORT
    project.write()
    registry = load_registry(project.root)
    follower = build_dag(registry.jobs["report"], [])
    dag, airflow = contract_dag(project.contract()), Airflow()
    file = project.root / "morning_report.py"
    file.write_text(SNIPPET.replace("store_day", "day"), "utf-8")
    written = runpy.run_path(str(file))
    _tell_airflow(dag, written["dag"], follower)
    layout = Layout(root=project.root, var=project.root.parent / "var")
    layout.run.mkdir(parents=True)

    def look() -> None:
        events = ContractEvents(
            layout,
            lambda: project.url,
            lambda *run: make_run(airflow, *run),
            say=lambda _: None,  # type: ignore[arg-type]
        )
        try:
            events.look()
        except Killed:
            airflow.kill_after = False

    project.land_all(but=("c-1",))
    project.completed()
    look()
    early = _events()
    project.land("chats", "c-1")
    project.completed()
    airflow.kill_after = True
    look()
    look()
    _work(dag)
    project.land("orders", "o-1", rows=7)
    project.completed()
    look()
    airflow.make_run(dag.dag_id, {"dag_run_id": BY_HAND, "partition_key": "2025-10-02"})
    _work(dag)
    with create_session() as session:
        runs = [(run.dag_id, run.run_id, run.state) for run in session.query(DagRun)]
        readers = [
            (run.partition_key, run.partition_date.isoformat())
            for run in session.query(DagRun).filter_by(dag_id=READER)
        ]
        followers = [
            (run.run_id, run.partition_key, run.conf, run.state)
            for run in session.query(DagRun).filter_by(dag_id="report")
        ]
        runs = [run for run in runs if run[0] == dag.dag_id]
    told = {
        "followers": followers,
        "early": early,
        "events": _events(),
        "runs": runs,
        "readers": readers,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _events() -> list[tuple[str, str, int]]:
    with create_session() as session:
        found = session.query(AssetEvent).order_by(AssetEvent.id)
        return [(one.asset.name, one.partition_key, one.extra["revision"]) for one in found]


if __name__ == "__main__":
    main()
