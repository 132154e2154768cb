"""What the UI and docs/jobs.md say about a job, made of its entry. Imports no Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry.dated_scripts import said_by_entry
from include.registry.quantities import write_duration
from include.row_checks.bounds import summary

if TYPE_CHECKING:
    from include.registry import Job, Shop

COVERS = {
    "tick": "the time since the last run",
    "day": "the day before",
    "week": "the week before",
    "month": "the month before",
}


def describe(job: Job, shops: list[Shop]) -> str:
    """Write a job's page in Markdown: what it does, for whom, and what to do when it is red."""
    return f"## {job.name}\n\n{details(job, shops)}"


def details(job: Job, shops: list[Shop]) -> str:
    """Write what a job's page says below its heading."""
    shown = ", ".join(f"{shop.name} (`{shop.id}`)" for shop in shops)
    facts = [
        f"- runs {_when(job)} and covers {COVERS[job.period]}",
        f"- shops: {shown}" if shops else "",
        f"- pool: `{job.platform}`" if job.platform else "",
        f"- script: `include/scripts/{job.script}`; entry: `{job.file}`",
        f"- checked after loading: {summary(job.checks)}" if job.checks else "",
        f"- must have landed by {job.deadline:%H:%M}" if job.deadline else "",
        _repull(job),
        *_patience(job),
    ]
    repair = (
        "Red? The task's log ends with the reason. To run a period again: *Trigger*, and name it; "
        "or `python3 scheduler_manager.py run "
        f"{job.id} --period KEY`. What has landed is left alone."
    )
    parts = [job.description, job.doc, "\n".join(filter(None, facts)), repair]
    return "\n\n".join(part.strip() for part in parts if part)


def _when(job: Job) -> str:
    if not job.after:
        return f"by cron `{job.cron}` ({job.timezone})"
    again = ", again when that is restated," if job.restate else ""
    return f"when contract `{job.after}` is complete{again}"


def _repull(job: Job) -> str:
    ages = ", ".join(map(write_duration, job.repull))
    return f"- pulled again {ages} after the period's end: its source restates it" if ages else ""


def _patience(job: Job) -> list[str]:
    delay, timeout, recover = map(write_duration, (job.retry_delay, job.timeout, job.recover))
    said = said_by_entry(job)
    if said and not said.dated:
        outage = "the period that ended last runs; those before it cannot be pulled again"
    elif job.recover:
        outage = f"missed periods up to {recover} old run by themselves"
    else:
        outage = "missed periods wait until somebody runs them"
    return [
        f"- retried {job.retries} times, {delay} apart" if job.retries else "- not retried",
        f"- stopped when it runs longer than {timeout}",
        f"- after an outage: {outage}",
    ]
