"""What `status` tells of the jobs: when each runs, how its last run went, when the next one is.

All of it comes from Airflow's API: reading the registry would cost more time than all the rest.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from include.coverage.runs import UNDER_WAY
from include.cron import CronError, check_cron
from include.language import ENGLISH, _, in_every_language, speaking
from include.registry.contracts.schema import DAG_PREFIX
from include.registry.description import cron_in_words
from include.running.environment import DISABLED, NO_DATA, REFUSED_NOTE
from manager.airflow.rest import Api, ApiError
from manager.table import begun, cut, lined_up

# The timetable's description ends in its zone.
ZONED = re.compile(r"(.*) \(([A-Za-z0-9_+/-]+)\)")
NAME_CELLS, SCHEDULE_CELLS = 18, 26
SHORTEST_CELLS = 12  # of a schedule beside its zone: a time of day is whole
FAILED = "failed"
# As many wishes that were refused, one after the other, are looked past.
NEWEST = 10
# The lines of problems in the message of dags/registry_errors.py, in any language.
PROBLEM = re.compile(r"[\w./-]+:\d+:\d+: ")
OF_A_JOB = re.compile(r"config/[^:]+(?::\d+:\d+)?: (\w+): ")
# All DAGs of a file are written down one after the other, and the file is seldom read again within
# so few seconds.
ONE_READING = timedelta(seconds=5)


@dataclass(frozen=True)
class JobStatus:
    """One job; times are aware, in its own zone (the machine's for a DAG without one).

    `import_error` is none for a job that Airflow has; else why it has not, as far as it says.
    `when`: a cron expression, the DAG of the contract that it follows, `DISABLED`, or what else
    Airflow shows as the schedule.
    """

    id: str
    name: str
    when: str
    timezone: str
    paused: bool
    last_state: str
    last_time: datetime | None
    next_run: datetime | None
    import_error: str | None = None
    data: bool = True

    @property
    def schedule(self) -> str:
        """When it runs, in the language of the moment."""
        if self.follows:
            return _("after {contract}", contract=self.when.removeprefix(DAG_PREFIX))
        return cron_in_words(self.when) if _is_cron(self.when) else _(self.when)

    @property
    def follows(self) -> bool:
        """Whether it runs after a contract, at no time of its own."""
        return self.when.startswith(DAG_PREFIX)

    def on(self, clock: tzinfo) -> "JobStatus":
        """Return it with its times on a clock."""
        last, coming = (one and one.astimezone(clock) for one in (self.last_time, self.next_run))
        return replace(self, last_time=last, next_run=coming)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        last = {"state": self.last_state, "time": _text(self.last_time)}
        with speaking(ENGLISH):
            schedule = self.schedule
        return {
            "id": self.id,
            "name": self.name,
            "schedule": schedule,
            "timezone": self.timezone or None,
            "paused": self.paused,
            "data": self.data,
            "last_run": last if self.last_state else None,
            "next_run": _text(self.next_run),
            "import_error": self.import_error,
        }


@dataclass(frozen=True)
class Overview:
    """What Airflow says.

    Attributes:
        jobs: all of them.
        import_errors: what it could not import.
        held: the DAGs of contracts that are paused, so that their events wait.
        trouble: why it says nothing.
    """

    jobs: Sequence[JobStatus] = ()
    import_errors: Sequence[str] = ()
    held: Sequence[str] = ()
    trouble: str = ""

    @property
    def failed(self) -> list[str]:
        """The ids of the jobs whose last run has failed for good; not of those without data."""
        return [job.id for job in self.jobs if job.last_state == FAILED and job.data]


def look_over(api: Api) -> Overview:
    """Ask Airflow for its jobs and for what it could not import."""
    try:
        dags = api.dags_with_last_run()
        for dag in dags:
            if _was_refused(dag["last_run"]):  # what was asked for, so no run of the job
                newest = api.newest_runs(dag["dag_id"], NEWEST)
                dag["last_run"] = next((run for run in newest if not _was_refused(run)), None)
        return overview_of(dags, api.import_errors())
    except ApiError as error:
        return Overview(trouble=str(error))


def _was_refused(run: dict[str, Any] | None) -> bool:
    return run is not None and str(run.get("note") or "").startswith(REFUSED_NOTE)


def overview_of(dags: Sequence[dict[str, Any]], errors: Sequence[str]) -> Overview:
    """Return the DAGs that run, and those that would but for an import error."""
    of_contracts = [dag for dag in dags if dag["dag_id"].startswith(DAG_PREFIX)]
    held = [dag["dag_id"] for dag in of_contracts if dag["is_paused"] and not dag.get("is_stale")]
    dags = [dag for dag in dags if dag not in of_contracts]
    missing = _not_imported(dags, errors)
    jobs = [
        _status_of(dag, missing.get(dag["dag_id"]))
        for dag in dags
        if missing.get(dag["dag_id"]) or not dag.get("is_stale")
    ]
    if shared := _shared_zone(jobs):  # a DAG without one is shown on the same clock
        jobs = [job if job.timezone else job.on(ZoneInfo(shared)) for job in jobs]
    return Overview(sorted(jobs, key=lambda job: job.id), _lines(errors), sorted(held))


def _shared_zone(jobs: Iterable[JobStatus]) -> str:
    """Return the zone of all jobs that have one; empty where they differ."""
    zones = {job.timezone for job in jobs if job.timezone}
    return zones.pop() if len(zones) == 1 else ""


def lines_of(overview: Overview) -> list[str]:
    """Return what a person reads about the jobs: in at most 100 columns, but errors whole."""
    if overview.trouble:
        return [_("jobs: unknown: {trouble}", trouble=overview.trouble)]
    shared = _shared_zone(overview.jobs)
    ordered = sorted(overview.jobs, key=lambda job: not job.data)  # stable
    rows = [_row(job, "" if job.timezone == shared else job.timezone) for job in ordered]
    title = _("jobs (times of {zone})", zone=shared) if shared else _("jobs")
    head = ("", "", "", _("last run"), _("next run"))
    lines = [title, *lined_up([head, *rows])] if rows else [_("jobs: none")]
    if without := sum(not job.data for job in ordered):
        lines.insert(len(lines) - without, _("  jobs without data of their own"))
    # Their end says how to repair them.
    errors = [f"  {error}" for error in overview.import_errors]
    if overview.failed:
        lines.append(
            _(
                "the last run failed of {jobs}: `{manager} logs JOB` says why, and `gaps` what is "
                "missing and how to repair it",
                jobs=overview.failed,
            )
        )
    lines += [
        _(
            "{dag} is paused, and its events wait: `{manager} resume {dag}` lets them go on",
            dag=dag_id
        )
        for dag_id in overview.held
    ]  # fmt: skip
    return [*lines, *([_("what Airflow cannot import"), *errors] if errors else [])]


def _row(job: JobStatus, zone: str) -> tuple[str, ...]:
    zone = f" ({zone})" if zone else ""
    schedule = begun(job.schedule, max(SCHEDULE_CELLS - len(zone), SHORTEST_CELLS)) + zone
    last = " ".join([_(job.last_state), _short(job.last_time)]).strip() or _("never")
    hand = "-" if job.follows else _("by hand")
    coming = _("paused") if job.paused else _short(job.next_run) or hand
    if job.import_error is not None:
        coming = _("import error") if job.import_error else _("no DAG")
    return job.id, cut(job.name, NAME_CELLS), schedule, last, coming


def _is_cron(text: str) -> bool:
    try:
        check_cron(text)
    except CronError:
        return False
    return True


def _status_of(dag: dict[str, Any], import_error: str | None = None) -> JobStatus:
    # Airflow leaves out what is null: a disabled job has no next run.
    summary = dag.get("timetable_summary") or ""
    description = dag.get("timetable_description") or summary
    matched = ZONED.fullmatch(description)
    schedule, zone = matched.groups() if matched else (description, "")
    tags = [tag["name"] for tag in dag.get("tags") or ()]
    last: dict[str, Any] = dag["last_run"] or {}
    state = last.get("state") or ""
    when = last.get("start_date") if state in UNDER_WAY else last.get("end_date")
    clock = ZoneInfo(zone) if zone else None
    coming = dag.get("next_dagrun_run_after") if import_error is None else None
    return JobStatus(
        id=dag["dag_id"],
        name=dag["dag_display_name"],
        when=DISABLED
        if in_every_language(DISABLED) & {summary, *tags}
        else summary
        if _is_cron(summary) or summary.startswith(DAG_PREFIX)
        else schedule,
        timezone=zone,
        paused=dag["is_paused"],
        last_state=state,
        last_time=_moment(when or last.get("run_after"), clock),
        next_run=_moment(coming, clock),
        import_error=import_error,
        data=not in_every_language(NO_DATA) & {*tags},
    )


def _moment(text: str | None, clock: tzinfo | None = None) -> datetime | None:
    # Python 3.10 does not read a Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(clock) if text else None


def _short(moment: datetime | None) -> str:
    """Return a moment of a job's clock, with its year where that is not this one."""
    if moment is None:
        return ""
    this_year = datetime.now(moment.tzinfo).year == moment.year
    return f"{moment:%m-%d %H:%M}" if this_year else f"{moment:%Y-%m-%d %H:%M}"


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _said(error: str) -> list[str]:
    """Return the lines of an import error that say what is wrong."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    problems = [line for line in lines if PROBLEM.match(line)]
    return problems or lines[-1:] or [error]


def _not_imported(dags: Sequence[dict[str, Any]], errors: Sequence[str]) -> dict[str, str]:
    """Find the DAGs that do not run, and why; the reason is empty when no error names them.

    Airflow goes on listing a DAG for up to two minutes after its file has ceased to make it, with a
    next run that will not come, and then lists it no more.

    Args:
        dags: as Airflow lists them, also those that it calls stale.
        errors: what keeps files from loading, each with its file before it.
    """
    named = {match[1]: line for line in _lines(errors) if (match := OF_A_JOB.match(line))}
    newest: dict[str, datetime] = {}
    for dag in dags:
        if moment := _moment(dag.get("last_parsed_time")):
            newest[_file(dag)] = max(moment, newest.get(_file(dag), moment))
    found = {}
    for dag in dags:
        moment = _moment(dag.get("last_parsed_time"))
        late = moment is not None and newest[_file(dag)] - moment > ONE_READING
        if dag.get("has_import_errors"):
            own = [error for error in errors if error.startswith(f"{_file(dag)}: ")]
            found[dag["dag_id"]] = "\n".join(_lines(own))
        elif late or dag.get("is_stale"):
            found[dag["dag_id"]] = named.get(dag["dag_id"], "")
    return found


def _lines(errors: Iterable[str]) -> list[str]:
    return [line for error in errors for line in _said(error)]


def _file(dag: dict[str, Any]) -> str:
    return dag.get("relative_fileloc") or ""
