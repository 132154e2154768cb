"""Repairing from the page: which runs close the gaps, and making them as the user who asks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import HTTPException, status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import Request

    from include.coverage import Coverage, Unit
    from include.registry import Job

CREDENTIALS = ("authorization", "cookie")
# As many are made at a click; the rest at the next, and the page says so.
MOST_RUNS = 200
ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Run:
    """One run that closes gaps of one job and period."""

    job: Job
    key: str
    shops: tuple[str, ...]
    whole: bool

    @property
    def conf(self) -> dict[str, Any]:
        """What the run is told: the shops, unless all of them are missing."""
        return {} if self.whole else {"shops": list(self.shops)}


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

    async def is_paused(self, job_id: str) -> bool | None:
        """Return whether a job is paused; none when it is no DAG yet."""
        answer = await self._client.get(f"/api/v2/dags/{job_id}")
        if answer.status_code == status.HTTP_404_NOT_FOUND:
            return None
        return bool(_content(answer)["is_paused"])

    async def run(self, job_id: str, key: str, conf: Mapping[str, Any]) -> dict[str, Any]:
        """Make a run of a period, unless one of it waits or works."""
        found = await self._unfinished(job_id, key)
        if found is not None:
            return {"job": job_id, "key": key, "run_id": found, "new": False}
        body = {"logical_date": None, "partition_key": key, "conf": dict(conf)}
        answer = await self._client.post(f"/api/v2/dags/{job_id}/dagRuns", json=body)
        return {
            "job": job_id,
            "key": key,
            "run_id": str(_content(answer)["dag_run_id"]),
            "new": True,
        }

    async def _unfinished(self, job_id: str, key: str) -> str | None:
        answer = await self._client.get(
            f"/api/v2/dags/{job_id}/dagRuns",
            params={"state": ["queued", "running"], "partition_key_pattern": key},
        )
        runs = [run for run in _content(answer)["dag_runs"] if run["partition_key"] == key]
        return str(runs[0]["dag_run_id"]) if runs else None


@dataclass(frozen=True)
class Plan:
    """The runs that close some gaps, the oldest first."""

    runs: Sequence[Run]

    async def told(self, asking: Asking) -> dict[str, Any]:
        """Tell it: units, runs by job, and what keeps jobs from running."""
        jobs: dict[str, list[Run]] = defaultdict(list)
        for run in self.runs:
            jobs[run.job.id].append(run)
        return {
            "units": sum(len(run.shops) for run in self.runs),
            "runs": len(self.runs),
            "most": MOST_RUNS,
            "jobs": [
                {
                    "id": job_id,
                    "name": runs[0].job.name,
                    "units": sum(len(run.shops) for run in runs),
                    "keys": [run.key for run in runs],
                    "paused": await asking.is_paused(job_id),
                }
                for job_id, runs in jobs.items()
            ],
        }


def planned(gaps: Sequence[Unit], coverage: Coverage) -> Plan:
    """Group gaps into runs, by job and period."""
    cells = {(cell.job.id, cell.period.key): cell for cell in coverage.cells}
    shops: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit in gaps:
        shops[unit.job_id, unit.period.key].append(unit.shop_id)
    runs = []
    for key, missing in shops.items():
        cell = cells[key]
        runs.append(
            Run(cell.job, key[1], tuple(missing), len(missing) == sum(cell.counts.values()))
        )
    runs.sort(key=lambda run: cells[run.job.id, run.key].due_at.timestamp())
    return Plan(runs)


async def start(plan: Plan, asking: Asking) -> dict[str, Any]:
    """Make the runs; what cannot be run is named, and the others are made all the same."""
    made: list[dict[str, Any]] = []
    refused: dict[str, str] = {}
    paused: dict[str, bool | None] = {}
    for run in plan.runs[:MOST_RUNS]:
        job_id = run.job.id
        if job_id not in paused:
            paused[job_id] = await asking.is_paused(job_id)
        if paused[job_id] is not False:
            refused[job_id] = "paused" if paused[job_id] else "no DAG yet"
            continue
        try:
            made.append(await asking.run(job_id, run.key, run.conf))
        except HTTPException as error:
            refused[job_id] = str(error.detail)
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
