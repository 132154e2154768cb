"""What the page asks its server, and who may."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from airflow.api_fastapi.common.db.common import SessionDep  # noqa: TC002 - FastAPI reads it
from fastapi import Depends, FastAPI, HTTPException, Query, Request, status
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.staticfiles import StaticFiles

from include import PROJECT_ROOT, var_folder
from include.contracts.followers import awaiting
from include.coverage import Coverage, JudgedUnit, read_coverage
from include.coverage.airflow_runs import read_under_way
from include.coverage.history import read_history
from include.coverage.reading import read_completeness
from include.coverage_page import (
    alert_routes,
    contract_routes,
    permissions,
    repairing,
    responses,
)
from include.coverage_page.dates import column_of, since, window_of
from include.coverage_page.reader_language import ReaderLanguage
from include.coverage_page.repairing import Accepted, Asking, Text, Which
from include.coverage_page.warehouse import warehouse
from include.errors import ExpectedError
from include.language import N_, _, clauses
from include.metrics.figures import CONTENT_TYPE, Installation, figures_of
from include.periods import PeriodError
from include.registry import Job, Registry, load_registry
from include.registry.dated_scripts import dating_of
from include.warehouse.transactions import cause_of, reading
from include.warehouse.transactions import now as clock_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from include.coverage.runs import Name


Span = Annotated[int, Query(ge=1, le=3)]
FILES = StaticFiles(directory=Path(__file__).parent / "static")
# Of what is wrong with a request.
MOST_SAID, LONGEST = 3, 200
# What is wrong with a field of a request, by the kinds of errors that pydantic knows.
WRONG = {
    "missing": N_("{field}: it is missing"),
    "extra_forbidden": N_("{field}: it is not known here"),
    "json_invalid": N_("{field}: this is not JSON"),
}
NOT_FIT = N_("{field}: it cannot be taken ({problem})")


class Wish(BaseModel):
    """Which gaps to repair; all of them unless something narrows them."""

    model_config = ConfigDict(extra="forbid")

    jobs: Annotated[list[Text], Field(min_length=1, max_length=500)] | None = None
    shop: Text | None = None
    period: Text | None = None  # its key, or a column of the page
    span: Annotated[int, Field(ge=1, le=3)] = 1


def make_app() -> FastAPI:
    """Make the page's application; no route of it answers who has not logged in."""
    app = FastAPI(
        title="Coverage",
        dependencies=[permissions.MAY_LOOK],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.middleware("http")(permissions.with_headers)
    app.add_middleware(ReaderLanguage)
    app.add_exception_handler(ExpectedError, _told)
    app.add_exception_handler(SQLAlchemyError, _told)
    app.add_exception_handler(RequestValidationError, _refused)
    app.add_api_route("/", file, methods=["GET"])
    app.add_api_route("/files/{name}", file, methods=["GET"])
    app.add_api_route("/metrics", metrics, methods=["GET"])
    app.add_api_route("/data/jobs", all_jobs, methods=["GET"])
    app.add_api_route("/data/jobs/{dag_id}/shops", shops_of_job, methods=["GET"])
    app.add_api_route("/data/jobs/{dag_id}/columns/{column}", units_of_column, methods=["GET"])
    writing = [permissions.MAY_RUN, Depends(permissions.refuse_other_pages)]
    app.add_api_route("/repair/{step}", repair, methods=["POST"], dependencies=writing)
    app.add_api_route("/again", again, methods=["POST"], dependencies=writing)
    app.add_api_route("/waive", waive, methods=["POST"], dependencies=writing)
    app.add_api_route("/unwaive", unwaive, methods=["POST"], dependencies=writing)
    alert_routes.add_routes(app, writing)
    contract_routes.add_routes(app)
    return app


async def file(request: Request, name: str = "index.html") -> Response:
    """Return the page, without any content; or a script, a style or a picture of it."""
    answer = await FILES.get_response(name, request.scope)
    # Asked again each time, which costs no bytes when nothing has changed.
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def metrics(user: permissions.User) -> Response:
    """Return figures in Prometheus's text format."""
    registry = load_registry()
    visible = permissions.visible(user) & registry.jobs.keys()

    def read(since: datetime) -> Coverage:
        """Read coverage; raises ExpectedError or SQLAlchemyError where the warehouse is away."""
        return read_coverage(warehouse(), registry, since, jobs=visible)

    place = Installation(PROJECT_ROOT, var_folder(os.environ), registry, read)
    text = figures_of(place, visible, datetime.now(timezone.utc))
    return Response(text, media_type=CONTENT_TYPE)


def all_jobs(user: permissions.User, session: SessionDep, span: Span = 1) -> Response:
    """Return, as JSON, all jobs by periods."""
    registry = load_registry()
    # First: what lands meanwhile has landed.
    runs = read_under_way(session.connection(), registry.jobs)
    visible = permissions.visible(user) & registry.jobs.keys()
    coverage = _read(registry, visible, span)
    runnable = {job for job in visible if permissions.may_run(user, job)}
    return JSONResponse(responses.matrix(coverage, registry, visible, runnable, runs))


def shops_of_job(
    dag_id: str, user: permissions.User, session: SessionDep, span: Span = 1
) -> Response:
    """Return, as JSON, one job's shops by periods."""
    registry = load_registry()
    job = permissions.job_to_look_at(registry, dag_id, user)
    runs = read_under_way(session.connection(), registry.jobs)
    coverage = _read(registry, [dag_id], span, in_full=True)
    axis = sorted({column_of(job, cell.period) for cell in coverage.cells})
    complete = read_completeness(warehouse(), {dag_id: None}, coverage.gaps(job=dag_id))
    return JSONResponse(responses.shops(coverage, registry, job, axis, runs, complete=complete))


def units_of_column(
    dag_id: str,
    column: str,
    user: permissions.User,
    session: SessionDep,
    shop: str | None = None,
) -> Response:
    """Return all that is known of the units of one cell."""
    registry = load_registry()
    job = permissions.job_to_look_at(registry, dag_id, user)
    runs = read_under_way(session.connection(), registry.jobs)
    found = _units(registry, job, column, shop)
    return JSONResponse(responses.units(found, registry, runs))


async def repair(
    step: Literal["plan", "start"],
    wish: Wish,
    request: Request,
    user: permissions.User,
    session: SessionDep,
) -> Response:
    """Return what would be run, or run it."""
    asked = await run_in_threadpool(_asked, wish, user, session)
    asking = Asking(request)
    plan = await repairing.plan(asking, asked)
    if step == "plan":
        return JSONResponse(repairing.told(plan, asked.registry))
    return JSONResponse(await repairing.start(plan, asking))


def _asked(wish: Wish, user: Any, session: Session) -> repairing.Asked:
    registry = load_registry()
    # First: what lands meanwhile has landed.
    runs = read_under_way(session.connection(), registry.jobs)
    for job_id in wish.jobs or ():
        permissions.job_to_run(registry, job_id, user)
    known = permissions.visible(user) & registry.jobs.keys()
    jobs = set(wish.jobs or (job_id for job_id in known if permissions.may_run(user, job_id)))
    coverage = _read(registry, jobs, wish.span)
    named: list[str] | list[None] = wish.jobs or [None]
    gaps = [
        gap
        for job_id in named
        for gap in coverage.gaps(job=job_id, shop=wish.shop)
        if wish.period in (None, gap.period.key, column_of(registry.jobs[gap.job_id], gap.period))
    ]
    history = read_history(warehouse(), {gap.job_id for gap in gaps})
    periods = ((gap.job_id, gap.period) for gap in gaps)
    waiting = awaiting(warehouse(), PROJECT_ROOT, registry, periods)
    return repairing.Asked(registry, coverage, gaps, runs, history, waiting)


async def again(
    wish: Which, request: Request, user: permissions.User, session: SessionDep
) -> Response:
    """Run once more what has landed."""
    conf, stuck = await run_in_threadpool(_asked_again, wish, user, session)
    return JSONResponse({"runs": [await Asking(request).again(wish.job, wish.key, conf, stuck)]})


def _asked_again(wish: Which, user: Any, session: Session) -> tuple[dict[str, Any], set[Name]]:
    """Return the conf of a run that pulls it once more, and the runs that cannot cover it."""
    registry = load_registry()
    job = permissions.job_to_run(registry, wish.job, user)
    column = wish.key[: len("2025-10-02")] if job.period == "tick" else wish.key
    found = _units(registry, job, column, wish.shop)
    found = [unit for unit in found if unit.period.key == wish.key]
    if not found or not all(unit.landed for unit in found):
        message = _("{job} {key} has not landed: repair it instead", job=wish.job, key=wish.key)
        raise HTTPException(status.HTTP_409_CONFLICT, message)
    last = job.schedule.last_ended(datetime.now(timezone.utc))
    if found[0].period != last and not (dating := dating_of(job)).dated:
        message = _("{key} cannot be pulled again: {because}", key=wish.key, because=dating.because)
        raise HTTPException(status.HTTP_409_CONFLICT, message)
    conf = {"again": True} | ({"shops": [wish.shop]} if wish.shop is not None else {})
    return conf, {run.name for run in read_under_way(session.connection(), registry.jobs).stuck}


def waive(wish: Accepted, user: permissions.User) -> Response:
    """Accept gaps that can never be closed."""
    return JSONResponse(repairing.waive(*_to_waive(wish, user), wish, user))


def unwaive(wish: Which, user: permissions.User) -> Response:
    """Take that back."""
    return JSONResponse(repairing.unwaive(*_to_waive(wish, user), wish))


def _to_waive(wish: Which, user: Any) -> tuple[Engine, Registry, Job]:
    registry = load_registry()
    job = permissions.job_to_run(registry, wish.job, user)
    return warehouse(), registry, job


def _read(
    registry: Registry, jobs: Collection[str], span: int, *, in_full: bool = False
) -> Coverage:
    engine = warehouse()
    with reading(engine) as connection:
        now: datetime = clock_of(connection)
    return read_coverage(engine, registry, since(now, span), now=now, jobs=jobs, in_full=in_full)


def _units(registry: Registry, job: Job, column: str, shop: str | None) -> list[JudgedUnit]:
    try:
        window = window_of(job, column)
    except PeriodError as error:
        raise HTTPException(status.HTTP_404_NOT_FOUND, str(error)) from error
    coverage = read_coverage(
        warehouse(),
        registry,
        window.start,
        window.end + timedelta(microseconds=1),
        jobs=[job.id],
        in_full=True,
    )
    return [
        unit
        for unit in coverage.units()
        if column_of(job, unit.period) == column and shop in (None, unit.shop_id)
    ]


def _refused(_request: Request, error: Exception) -> Response:
    """Answer what is wrong with a request, without its content: it may be long, and no JSON."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = [
        _(
            WRONG.get(one["type"], NOT_FIT), field=".".join(map(str, one["loc"]))[:LONGEST],
            problem=one["msg"][:LONGEST],
        )
        for one in found
    ]  # fmt: skip
    detail = clauses(*said[:MOST_SAID])
    return JSONResponse({"detail": detail}, status.HTTP_422_UNPROCESSABLE_CONTENT)


def _told(_request: Request, error: Exception) -> Response:
    """Answer what is wrong with the warehouse or the configuration."""
    said = cause_of(error)
    return JSONResponse({"detail": said}, status.HTTP_503_SERVICE_UNAVAILABLE)
