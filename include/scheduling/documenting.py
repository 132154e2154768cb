"""What the UI says about a job, made of its entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.scheduling.expectations import summary

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
    shown = ", ".join(f"{shop.name} (`{shop.id}`)" for shop in shops)
    retry_delay, timeout = job.retry_delay.total_seconds(), job.timeout.total_seconds()
    facts = [
        f"- runs by cron `{job.cron}` ({job.timezone}) and covers {COVERS[job.period]}",
        f"- shops: {shown}" if shops else "",
        f"- script: `include/scripts/{job.script}`; entry: `{job.file}`",
        f"- checked after loading: {summary(job.checks)}" if job.checks else "",
        f"- must have landed by {job.deadline:%H:%M}" if job.deadline else "",
        f"- retried {job.retries} times, {_spoken(retry_delay)} apart",
        f"- stopped when it runs longer than {_spoken(timeout)}",
    ]
    repair = (
        "Red? The task's log ends with the reason. To run a period again: *Trigger*, and name it; "
        "or `python3 scheduler_manager.py run "
        f"{job.id} --period KEY`. What has landed is left alone."
    )
    parts = [f"## {job.name}", job.description, job.doc, "\n".join(filter(None, facts)), repair]
    return "\n\n".join(part.strip() for part in parts if part)


def _spoken(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
