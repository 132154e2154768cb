"""Run by a Python that has Prefect, in the folder of the old system: deploys its flows."""

# ruff: noqa: ANN201, T201 -- a program of another Python

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone

from prefect import flow, get_client
from prefect.schedules import Cron, Interval, RRule
from prefect.states import Completed, Running
from scheduler_config import TASK_CONFIGS

ANCHOR = datetime(2026, 1, 1, 2, tzinfo=timezone.utc)


@flow(name="stock")
def stock(warehouse: str = "east"):
    """Do nothing: what matters is when."""
    print(warehouse)


async def run_well(deployment_id: object) -> None:
    """Make one run of a deployment end well."""
    async with get_client() as client:
        run = await client.create_flow_run_from_deployment(deployment_id)
        for state in (Running(), Completed()):
            await client.set_flow_run_state(run.id, state, force=True)


def deploy() -> None:
    """Deploy the eleven jobs as the old scheduler does, and a flow with each kind of schedule."""
    for one in TASK_CONFIGS:
        deployment = one["flow"].to_deployment(
            name=one["name"],
            cron=one["cron"],
            description=one["description"],
            tags=one["tags"],
            paused=not one["enabled"],
        )
        made = deployment.apply()
        if one["name"] == "ERP门店数据":
            asyncio.run(run_well(made))
    kinds = {
        "zoned": [Cron("0 8 * * *", timezone="Asia/Shanghai")],
        "six hours": [Interval(timedelta(hours=6), anchor_date=ANCHOR, timezone="Asia/Shanghai")],
        "mondays": [RRule("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0")],
        "both days": [Cron("0 12 13 * 5", day_or=False, timezone="Asia/Shanghai")],
        "one of two": [Cron("0 1 * * *", active=False), Cron("0 2 * * *")],
        "by hand": [],
    }
    for name, schedules in kinds.items():
        stock.to_deployment(name, schedules=schedules, parameters={"warehouse": "west"}).apply()


deploy()
