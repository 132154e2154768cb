"""Which runs wait or work: what is missing and has one that can move is about to be seen to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.api_fastapi.common.db.common import SessionDep

from include.coverage.airflow_runs import read_runs
from include.coverage.runs import UnderWay

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from include.registry import Registry

# As Airflow's own routes are given it.
AirflowSession = SessionDep


def read(session: Session, registry: Registry) -> UnderWay:
    """Read them from Airflow's database, where its API gives a hundred at once.

    Args:
        session: of that database.
        registry: jobs that are not in it have no runs.
    """
    return UnderWay(read_runs(session.connection(), registry.jobs))
