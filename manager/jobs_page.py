"""docs/jobs.md: every job with its schedule, and what a person does when a run is red.

A page of the documentation, in English whoever writes it.
"""

from include import MANAGER
from include.language import ENGLISH, speaking
from include.registry import Job
from include.registry.checks import Checked
from include.registry.description import in_words
from include.registry.quantities import write_duration as _span
from include.scheduling.job_docs import COVERS, details
from include.units.exit_codes import MEANINGS, ExitCode

PAGE = "docs/jobs.md"
COMMAND = f"{MANAGER} check --write-docs"
HEAD = f"""# Jobs

What `config/tasks/` and `config/shops.yaml` make happen. Change those files, not this page: it is
written by `{COMMAND}`. [add-a-job.md](add-a-job.md) says
what every key means, [troubleshooting.md](troubleshooting.md) more about what can go wrong.

| job | name | runs | covers | retries | timeout | deadline |
|---|---|---|---|---|---|---|
"""
WHEN_RED = """## When a run is red

The last lines of the task's log say why, and so does the journal, `var/logs/scheduler.log`. The
exit code says what comes next:

| code | meaning | what Airflow does | what you do |
|---|---|---|---|
"""
# What Airflow does, and what a person does.
NEXT_STEPS = {
    ExitCode.LANDED: ("success", "nothing"),
    ExitCode.TEMPORARY: (
        "tries again as often as `retries` says",
        "wait; when no try is left, see what the log says of the platform and run the period again",
    ),
    ExitCode.REFUSED: (
        "fails at once",
        "renew what the log names, in *Admin → Connections*, and run the period again",
    ),
    ExitCode.CONFIGURATION: (
        "fails at once",
        "repair what the log names, and run the period again",
    ),
    ExitCode.NOTHING_TO_DO: ("skipped", "nothing"),
}
OTHER = ("tries again as often as `retries` says", "read the log, and run the period again")


def page(found: Checked) -> str:
    """Write the page of a project's jobs."""
    with speaking(ENGLISH):
        return _page(found)


def _page(found: Checked) -> str:
    jobs = list(found.registry.jobs.values())
    rows = "".join(_row(job) for job in jobs)
    codes = [(str(int(code)), MEANINGS[code], *steps) for code, steps in NEXT_STEPS.items()]
    hints = "".join(_cells(*code) for code in [*codes, ("other", "a failure", *OTHER)])
    sections = [
        f"## {job.id}\n\n**{job.name}** " + details(job, found.registry.shops_of(job))
        for job in jobs
    ]
    return "\n\n".join([(HEAD + rows).strip(), (WHEN_RED + hints).strip(), *sections]) + "\n"


def _row(job: Job) -> str:
    cron = in_words(job) if job.after else f"{in_words(job)}: `{job.cron}`"
    cron = cron if job.enabled else "by hand only"
    deadline = f"{job.deadline:%H:%M}" if job.deadline else "2h after its start"
    deadline = "none" if job.alert == "none" else deadline
    retries = f"{job.retries}, {_span(job.retry_delay)} apart" if job.retries else "none"
    name = f"[{job.id}](#{job.id})"
    return _cells(name, job.name, cron, COVERS[job.period], retries, _span(job.timeout), deadline)


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"
