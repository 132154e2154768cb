"""What the UI and the page of all jobs say about a job, made of its entry. Imports no Airflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.language import N_, _
from include.registry.dated_scripts import said_by_entry
from include.registry.quantities import write_duration
from include.row_checks.bounds import summary

if TYPE_CHECKING:
    from include.registry import Job, Shop

COVERS = {
    "tick": N_("the time since the last run"),
    "day": N_("the day before"),
    "week": N_("the week before"),
    "month": N_("the month before"),
}


def describe(job: Job, shops: list[Shop]) -> str:
    """Write a job's page in Markdown: what it does, for whom, and what to do when it is red."""
    return f"## {job.name}\n\n{details(job, shops)}"


def details(job: Job, shops: list[Shop]) -> str:
    """Write what a job's page says below its heading."""
    shown = [f"{shop.name} (`{shop.id}`)" for shop in shops]
    facts = [
        _("- runs {when} and covers {covers}", when=_when(job), covers=_(COVERS[job.period])),
        _("- shops: {shown}", shown=shown) if shops else "",
        _("- pool: `{platform}`", platform=job.platform) if job.platform else "",
        _(
            "- script: `include/scripts/{script}`; entry: `{file}`",
            script=job.script,
            file=job.file,
        ),
        _("- checked after loading: {summary}", summary=summary(job.checks)) if job.checks else "",
        _("- must have landed by {deadline:%H:%M}", deadline=job.deadline) if job.deadline else "",
        _repull(job),
        *_patience(job),
    ]
    repair = _(
        "Red? The task's log ends with the reason. To run a period again: *Trigger*, and "
        "name it; or `python3 scheduler_manager.py run {job} --period KEY`. What has "
        "landed is left alone.",
        job=job.id,
    )
    parts = [job.description, job.doc, "\n".join(filter(None, facts)), repair]
    return "\n\n".join(part.strip() for part in parts if part)


def _when(job: Job) -> str:
    if not job.after:
        return _("by cron `{cron}` ({timezone})", cron=job.cron, timezone=job.timezone)
    again = N_("when contract `{contract}` is complete, again when that is restated,")
    once = N_("when contract `{contract}` is complete")
    return _(again if job.restate else once, contract=job.after)


def _repull(job: Job) -> str:
    if not job.repull:
        return ""
    ages = [*map(write_duration, job.repull)]
    return _("- pulled again {ages} after the period's end: its source restates it", ages=ages)


def _patience(job: Job) -> list[str]:
    delay, timeout, recover = map(write_duration, (job.retry_delay, job.timeout, job.recover))
    said = said_by_entry(job)
    if said and not said.dated:
        outage = _("the period that ended last runs; those before it cannot be pulled again")
    elif job.recover:
        outage = _("missed periods up to {recover} old run by themselves", recover=recover)
    else:
        outage = _("missed periods wait until somebody runs them")
    return [
        _("- retried {retries} times, {delay} apart", retries=job.retries, delay=delay)
        if job.retries
        else _("- not retried"),
        _("- stopped when it runs longer than {timeout}", timeout=timeout),
        _("- after an outage: {outage}", outage=outage),
    ]
