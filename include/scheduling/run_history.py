"""What Airflow's database says of a DAG's earlier runs, asked in the session that Airflow has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.utils.types import DagRunType
from sqlalchemy import select
from sqlalchemy.orm import object_session

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


def newest_scheduled(dag_run: DagRun) -> DagRun | None:
    """Return the run that the scheduler made last of the same DAG.

    Made last, not of the newest period: after an entry was edited from day to week, the run of the
    week starts before the days that ran last. Ids count up as runs are made.

    Args:
        dag_run: a run, as the scheduler and the dag-processor read it from the database.

    Returns:
        None where there is none yet; the run itself where it comes from no database.
    """
    from airflow.models.dagrun import DagRun  # noqa: PLC0415 -- slow, and a starting task needs none

    session = object_session(dag_run)
    if session is None:
        return dag_run
    query = (
        select(DagRun)
        .where(
            DagRun.dag_id == dag_run.dag_id,
            DagRun.run_type == DagRunType.SCHEDULED,
            DagRun.partition_date.is_not(None),
        )
        .order_by(DagRun.id.desc())
        .limit(1)
    )
    return session.scalar(query)
