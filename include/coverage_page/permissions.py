"""Who may do what: asked of Airflow, whichever auth manager it has."""

from __future__ import annotations

from typing import Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, HTTPException, status

# On every route: a session that may look at runs (of the job in the path, where there is one).
MAY_LOOK = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
# On every route that changes something: one that may make runs of some job.
MAY_RUN = Depends(requires_access_dag("POST", DagAccessEntity.RUN))
User = Annotated[Any, Depends(get_user)]


def visible(user: Any) -> set[str]:
    """Return the jobs whose DAGs a user may look at."""
    return set(get_auth_manager().get_authorized_dag_ids(user=user, method="GET"))


def may_run(user: Any, job_id: str) -> bool:
    """Return whether a user may make runs of a job."""
    allowed = get_auth_manager().is_authorized_dag(
        method="POST",
        access_entity=DagAccessEntity.RUN,
        details=DagDetails(id=job_id),
        user=user,
    )
    return bool(allowed)


def refuse_unless_may_run(user: Any, job_id: str) -> None:
    """Refuse a user who may not make runs of a job."""
    if not may_run(user, job_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"you may not run {job_id}")
