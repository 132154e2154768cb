"""Which runs wait or work: what is missing and has one is about to be seen to.

Those of a paused job wait for ever, and see to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.common.db.common import SessionDep
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from sqlalchemy import select

from include.coverage.runs import UNDER_WAY, Run, UnderWay

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.registry import Registry

# As Airflow's own routes are given it.
AirflowSession = SessionDep


def read(session: Session, registry: Registry) -> UnderWay:
    """Read them from Airflow's database: one query, where its API gives a hundred at once.

    Args:
        session: of that database.
        registry: jobs that are not in it have no runs.
    """
    columns = (DagRun.dag_id, DagRun.run_id, DagRun.partition_key, DagRun.run_after, DagRun.conf)
    query = select(*columns).join(DagModel, DagModel.dag_id == DagRun.dag_id)
    query = query.where(DagRun.state.in_(UNDER_WAY), DagModel.is_paused.is_(False))
    found = session.execute(query)
    runs = [row for row in found if row.dag_id in registry.jobs]
    return UnderWay(
        Run.of(
            registry.jobs[row.dag_id],
            {
                "dag_run_id": row.run_id,
                "partition_key": row.partition_key,
                "run_after": row.run_after.isoformat(),
                "conf": row.conf,
                "state": UNDER_WAY[0],
            },
        )
        for row in runs
    )
