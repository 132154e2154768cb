"""docs/jobs.md and docs/jobs.zh-CN.md: every job, and what a person does when a run is red."""

from include import MANAGER
from include.language import CHINESE, ENGLISH, N_, _, speaking
from include.registry import Job
from include.registry.checks import Checked
from include.registry.deadlines import USUAL
from include.registry.description import in_words
from include.registry.quantities import write_duration as _span
from include.scheduling.job_docs import COVERS, details
from include.units.exit_codes import MEANINGS, ExitCode

PAGES = {ENGLISH: "docs/jobs.md", CHINESE: "docs/jobs.zh-CN.md"}
COMMAND = f"{MANAGER} check --write-docs"
HEAD = N_("""\
# Jobs

What `config/tasks/` and `config/shops.yaml` make happen. Change those files, not this page: it is
written by `{command}`. [add-a-job.md](add-a-job.md) says
what every key means, [troubleshooting.md](troubleshooting.md) more about what can go wrong.
[中文](jobs.zh-CN.md)

| job | name | runs | covers | retries | timeout | deadline |
|---|---|---|---|---|---|---|
""")
WHEN_RED = N_("""\
## When a run is red

The last lines of the task's log say why, and so does the journal, `var/logs/scheduler.log`. The
exit code says what comes next:

| code | meaning | what Airflow does | what you do |
|---|---|---|---|
""")
SUCCESS, SKIPPED, FAILS = N_("success"), N_("skipped"), N_("fails at once")
TRIES_AGAIN = N_("tries again as often as `retries` says")
NOTHING = N_("no need to act")
# What Airflow does, and what a person does.
NEXT_STEPS = {
    ExitCode.LANDED: (SUCCESS, NOTHING),
    ExitCode.TEMPORARY: (
        TRIES_AGAIN,
        N_(
            "wait; when no try is left, see what the log says of the platform and run the "
            "period again"
        ),
    ),
    ExitCode.REFUSED: (
        FAILS,
        N_("renew what the log names, in *Admin → Connections*, and run the period again"),
    ),
    ExitCode.CONFIGURATION: (FAILS, N_("repair what the log names, and run the period again")),
    ExitCode.NOTHING_TO_DO: (SKIPPED, NOTHING),
}
OTHER = (N_("other"), N_("a failure"), TRIES_AGAIN, N_("read the log, and run the period again"))


def page(found: Checked, language: str) -> str:
    """Write the page of a project's jobs in a language of `PAGES`."""
    with speaking(language):
        jobs = list(found.registry.jobs.values())
        rows = "".join(_row(job) for job in jobs)
        codes = [(str(int(code)), MEANINGS[code], *steps) for code, steps in NEXT_STEPS.items()]
        hints = "".join(_cells(*map(_, code)) for code in [*codes, OTHER])
        sections = [
            f"## {job.id}\n\n**{job.name}** " + details(job, found.registry.shops_of(job))
            for job in jobs
        ]
        top = [_(HEAD, command=COMMAND) + rows, _(WHEN_RED) + hints]
    return "\n\n".join([*(part.strip() for part in top), *sections]) + "\n"


def _row(job: Job) -> str:
    when = in_words(job)
    if not job.enabled:
        when = _("by hand only")
    elif not job.after:
        when = _("{when}: `{cron}`", when=when, cron=job.cron)
    none = _("none")
    deadline: str = _("{usual} after its start", usual=_span(USUAL))
    if job.alert == "none":
        deadline = none
    elif job.deadline:
        deadline = f"{job.deadline:%H:%M}"
    retries = none
    if job.retries:
        delay = _span(job.retry_delay)
        retries = _("{retries}, {delay} apart", retries=job.retries, delay=delay)
    name, covers = f"[{job.id}](#{job.id})", _(COVERS[job.period])
    return _cells(name, job.name, when, covers, retries, _span(job.timeout), deadline)


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"
