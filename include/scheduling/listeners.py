"""The listeners of Airflow's events that the plugin registers."""

from __future__ import annotations

import os
from datetime import timezone
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from include.errors import ConfigurationError
from include.language import _
from include.registry import load_registry
from include.running.asked import asked_of
from include.running.environment import REFUSED_NOTE, project_root

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

MANUAL = "manual"
LONGEST_NOTE = 1000  # of Airflow's column
DAG_PROCESSOR = "DagProcessorJob"  # as Airflow names what starts


class RunNotes:
    """Says at the start of a run by hand what it covers, where Airflow's list of runs shows it.

    A run that was triggered in the web UI, or by `airflow dags trigger`, has no partition key. It
    gets the key of the one period that it covers; of several a note says which, and of one that its
    task will refuse a note says why.
    """

    @hookimpl  # type: ignore[untyped-decorator] # Airflow's has no types
    def on_dag_run_running(self, dag_run: DagRun) -> None:
        """Write it into the run's row, which the scheduler is about to store."""
        if dag_run.run_type != MANUAL:
            return
        registry = load_registry(project_root(os.environ), only=dag_run.dag_id)
        job = registry.jobs.get(dag_run.dag_id)
        if job is None:
            return
        shops = [shop.id for shop in registry.shops_of(job)]
        try:
            asked = asked_of(dag_run, job.id, job.schedule, shops)
        except ConfigurationError as error:
            _add_note(dag_run, f"{REFUSED_NOTE} {error}")
            return
        if asked.first != asked.last:
            _add_note(dag_run, _("{first} to {last}", first=asked.first, last=asked.last)[:])
        elif dag_run.partition_key is None:
            period = job.schedule.parse_key(asked.first)
            dag_run.partition_key = period.key
            dag_run.partition_date = period.start.astimezone(timezone.utc)


class ParsePreload:
    """Loads what DAG files are parsed with once, before the DAG processor forks a child for each.

    Else every child would import the same hundred modules: at 100 jobs half of a parse. So the code
    that parses is that of the DAG processor's start; `config/` and the scripts are read each time.
    """

    @hookimpl  # type: ignore[untyped-decorator] # Airflow's has no types
    def on_starting(self, component: Any) -> None:
        """Check the project once where a DAG processor starts; its errors are told by the parse."""
        if getattr(component, "job_type", None) == DAG_PROCESSOR:
            # The other components do without these.
            from include.registry.checks import check_project  # noqa: PLC0415
            from include.scheduling.problems import problems_of  # noqa: PLC0415

            problems_of(check_project())


def _add_note(dag_run: DagRun, text: str) -> None:
    lines = [text, *([dag_run.note] if dag_run.note else [])]
    dag_run.note = "\n".join(lines)[:LONGEST_NOTE]
