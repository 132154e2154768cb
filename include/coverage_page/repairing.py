"""Repairing and waiving from the page: as the commands do it, in the name of who asks."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import httpx
from fastapi import HTTPException, status
from pydantic import BaseModel, ConfigDict, Field

from include import PROJECT_ROOT
from include.contracts import completed
from include.coverage.repairing import Hindrances, Plan, plan_of
from include.coverage.runs import UNDER_WAY, Run, body_of
from include.coverage.waiving import Selection, select
from include.errors import ConfigurationError
from include.units import waivers
from include.units.unit import REPAIR_PREFIX

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fastapi import Request
    from sqlalchemy import Engine

    from include.coverage import Coverage, JudgedUnit
    from include.coverage.history import History
    from include.coverage.repairing import RepairRun
    from include.coverage.runs import Name, UnderWay
    from include.registry import Job, Registry

CREDENTIALS = ("authorization", "cookie")
# As many are made at a click; the rest at the next, and the page says so.
MOST_RUNS = 200
ANSWER_SECONDS = 60.0
PAGE = 100  # Airflow gives no more at once
# Two people may press at once.
ONE_BY_ONE = asyncio.Lock()
log = logging.getLogger(__name__)
Text = Annotated[str, Field(min_length=1, max_length=64)]


class Which(BaseModel):
    """The units of one period of a job."""

    model_config = ConfigDict(extra="forbid")

    job: Text
    key: Text
    shop: Text | None = None


class Accepted(Which):
    """Gaps of it that are accepted."""

    reason: Annotated[str, Field(max_length=waivers.LONGEST_REASON)]


class Asking:
    """Asks Airflow's own API, in this process, with the credentials of a request.

    So Airflow decides what the user may do, checks what a run is told and writes its audit log.
    """

    def __init__(self, request: Request) -> None:
        headers = {name: request.headers[name] for name in CREDENTIALS if name in request.headers}
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=request.app.state.airflow),
            base_url="http://airflow",
            headers=headers,
            timeout=ANSWER_SECONDS,
        )

    async def paused(self) -> dict[str, bool]:
        """Return of each DAG whether it is paused."""
        dags = await self._pages("/api/v2/dags", "dags")
        return {str(dag["dag_id"]): bool(dag["is_paused"]) for dag in dags}

    async def runs(self, registry: Registry, under_way: UnderWay) -> list[Run]:
        """Return the runs that a plan must know of: those under way, and all repairs.

        Args:
            registry: of which jobs.
            under_way: what the database says, with whether they move.
        """
        path = "/api/v2/dags/~/dagRuns"
        told = await self._pages(path, "dag_runs", state=list(UNDER_WAY))
        told += await self._pages(path, "dag_runs", run_id_prefix_pattern=REPAIR_PREFIX)
        jobs = registry.jobs
        found = (Run.of(jobs[run["dag_id"]], run) for run in told if run["dag_id"] in jobs)
        return under_way.known(found)

    async def make(self, job_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a run; one that somebody else has just made is as good."""
        answer = await self._client.post(f"/api/v2/dags/{job_id}/dagRuns", json=dict(body))
        new = answer.status_code != status.HTTP_409_CONFLICT
        run_id = str(_content(answer)["dag_run_id"]) if new else str(body["dag_run_id"])
        return {"job": job_id, "key": body["partition_key"], "run_id": run_id, "new": new}

    async def again(
        self, job_id: str, key: str, conf: Mapping[str, Any], stuck: Collection[Name]
    ) -> dict[str, Any]:
        """Make a run of a period that has landed, unless one of it waits or works.

        Those that are stuck do neither.
        """
        async with ONE_BY_ONE:
            found = await self._pages(
                f"/api/v2/dags/{job_id}/dagRuns",
                "dag_runs",
                state=list(UNDER_WAY),
                partition_key_pattern=key,
            )
            for run in found:
                run_id = str(run["dag_run_id"])
                if run["partition_key"] == key and (job_id, run_id) not in stuck:
                    return {"job": job_id, "key": key, "run_id": run_id, "new": False}
            return await self.make(job_id, body_of(key, conf))

    async def _pages(self, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            wish = {"limit": PAGE, "offset": len(found), **params}
            page = _content(await self._client.get(path, params=wish))
            found += page[key]
            if not page[key] or len(found) >= page["total_entries"]:
                return found


class Asked(NamedTuple):
    """What a plan is made of."""

    registry: Registry
    coverage: Coverage
    gaps: Sequence[JudgedUnit]
    under_way: UnderWay
    history: History
    awaiting: set[tuple[str, str]]


async def plan(asking: Asking, asked: Asked) -> Plan:
    """Plan the runs that close some gaps."""
    return plan_of(
        asked.coverage,
        asked.gaps,
        Hindrances(await asking.paused(), asked.awaiting),
        await asking.runs(asked.registry, asked.under_way),
        asked.history,
    )


def told(plan: Plan, registry: Registry) -> dict[str, Any]:
    """Return a plan: what it costs, what runs of each job, and what is left out."""
    by_job: dict[str, list[RepairRun]] = defaultdict(list)
    for run in plan.runs:
        by_job[run.job.id].append(run)
    return {
        "units": plan.units,
        "runs": len(plan.runs),
        "calls": plan.calls,
        "minutes": None if plan.minutes is None else round(plan.minutes, 1),
        "most": MOST_RUNS,
        "jobs": [_job(runs[0].job, runs) for runs in by_job.values()],
        "held": [
            {"id": job_id, "name": registry.jobs[job_id].name, "why": why, "units": units}
            for (job_id, why), units in plan.held.items()
        ],
    }


def _job(job: Job, runs: Sequence[RepairRun]) -> dict[str, Any]:
    units = sum(len(run.shops) for run in runs)
    return {"id": job.id, "name": job.name, "units": units, "keys": [run.key for run in runs]}


async def start(plan: Plan, asking: Asking) -> dict[str, Any]:
    """Make the runs; what cannot be made is named, and the others are made all the same."""
    made: list[dict[str, Any]] = []
    refused: dict[str, str] = dict(plan.held.keys())
    for run in plan.runs[:MOST_RUNS]:
        try:
            made.append(await asking.make(run.job.id, run.body))
        except HTTPException as error:  # noqa: PERF203 - each run for itself
            refused[run.job.id] = str(error.detail)
    return {
        "runs": made,
        "refused": [{"job": job_id, "why": why} for job_id, why in refused.items()],
        "left": max(0, len(plan.runs) - MOST_RUNS),
    }


def _content(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        try:
            detail = answer.json()["detail"]
        except (ValueError, KeyError, TypeError):
            detail = answer.text[:200]
        raise HTTPException(answer.status_code, detail if isinstance(detail, str) else str(detail))
    return dict(answer.json())


def waive(
    engine: Engine, registry: Registry, job: Job, wish: Accepted, user: Any
) -> dict[str, list[str]]:
    """Accept the gaps of a period.

    Raises:
        HTTPException: there is no gap, or no reason.
    """
    try:
        reason = waivers.reason_of(wish.reason)
        found = _selected(engine, registry, job, wish)
        found.refuse_without_gaps()
    except ConfigurationError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    made = waivers.waive(engine, found.gaps, reason, user.get_name())
    try:
        completed(engine, PROJECT_ROOT, job.id, {gap.period for gap in found.gaps}, lately=False)
    except Exception:  # whatever is wrong there, the gaps are waived
        log.exception("%s %s: contracts could not be judged", job.id, wish.key)
    return {"waived": [one.shop_id for one in made]}


def unwaive(engine: Engine, registry: Registry, job: Job, wish: Which) -> dict[str, list[str]]:
    """Make what was waived of a period count as a gap again.

    Raises:
        HTTPException: nothing of it is waived.
    """
    try:
        found = _selected(engine, registry, job, wish)
        found.refuse_without_waived()
    except ConfigurationError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    waivers.unwaive(engine, found.waived)
    return {"unwaived": [unit.shop_id for unit in found.waived]}


def _selected(engine: Engine, registry: Registry, job: Job, wish: Which) -> Selection:
    period = job.schedule.parse_key(wish.key)
    return select(engine, registry, job, (period, period), wish.shop)
