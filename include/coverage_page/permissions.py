"""Who may do what, as Airflow's auth manager says; and which requests are taken at all.

The browser's session is a cookie, which it also sends with what another page lets it send. Such a
request is no JSON, or says where it comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, HTTPException, Request, status

from include.language import _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from include.registry import Job, Registry

# On every route: a session that may look at runs (of the job in the path, where there is one).
MAY_LOOK = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
# On every route that changes something: one that may make runs of some job.
MAY_RUN = Depends(requires_access_dag("POST", DagAccessEntity.RUN))
User = Annotated[Any, Depends(get_user)]
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
JSON = "application/json"


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


def job_to_look_at(registry: Registry, job_id: str, user: Any) -> Job:
    """Return a job that a user may look at; for others it is as if there were none."""
    job = registry.jobs.get(job_id)
    if job is None or job_id not in visible(user):
        raise HTTPException(
            status.HTTP_404_NOT_FOUND, _("there is no job {job_id!r}", job_id=job_id)
        )
    return job


def job_to_run(registry: Registry, job_id: str, user: Any) -> Job:
    """Return a job; refuse a user who may not make runs of it."""
    job = job_to_look_at(registry, job_id, user)
    if not may_run(user, job.id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, _("you may not run {id}", id=job.id))
    return job


def refuse_other_pages(request: Request) -> None:
    """Refuse what this page has not sent: another content than JSON, or another origin."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        message = _(
            "the body is of type {kind!r}: send JSON, with Content-Type: {json}",
            kind=kind,
            json=JSON,
        )
        raise HTTPException(status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, message)
    if not _from_here(request):
        message = _("this was sent by another page: open the page Coverage and repair there")
        raise HTTPException(status.HTTP_403_FORBIDDEN, message)


def _from_here(request: Request) -> bool:
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:  # a browser, and it says so itself
        return fetched == "same-origin"
    origin = request.headers.get("origin")
    # A program sends none; a browser does with everything that is no GET.
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


async def with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Make the browser run what comes from here alone, and keep nothing that it was told."""
    answer = await call_next(request)
    answer.headers.update(HEADERS)
    answer.headers.setdefault("Cache-Control", "no-store")
    return answer
