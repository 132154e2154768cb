"""The registry, the pools, what is paused, and what sends no heartbeats."""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from sqlalchemy import select
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_fixed

from include.coverage.airflow_runs import JOB_PAUSED
from include.coverage.runs import Run
from include.language import N_, _, english
from include.registry.airflow_objects import read_pools
from include.registry.checks import check_project
from include.registry.checks.interpreters import troubles_of
from include.registry.contracts import load_contracts
from include.registry.paths import POOLS_FILE
from include.warehouse import connect
from include.warehouse.tables import ledger
from manager.airflow.tables import paused_by_dag, pool_slots, runs_under_way
from manager.doctor.findings import FAIL, OK, WARN, Finding, Patient, looks_at, repaired_by_start
from manager.doctor.stored import variables_of
from manager.lifecycle.health import look
from manager.lifecycle.processes import service_processes

# Heartbeats come every 15 s; a busy warehouse may delay some.
SILENT = timedelta(minutes=5)
SHOWN = 5
LOOKS, PAUSE_SECONDS = 6, 3.0


@looks_at(N_("registry"))
def check_registry(patient: Patient) -> Iterator[Finding]:
    """Find what `check` finds."""
    found = check_project(patient.layout.root)
    for problem in found.problems:
        yield Finding(FAIL, str(problem))
    if not found.problems:
        jobs, shops, feeds = found.registry.jobs, found.registry.shops, found.feeds.by_id
        yield Finding(
            OK,
            _(
                "{jobs} jobs, {shops} shops, {feeds} feeds are valid",
                jobs=len(jobs),
                shops=len(shops),
                feeds=len(feeds),
            ),
        )


@looks_at(N_("scripts"))
def check_scripts(patient: Patient) -> Iterator[Finding]:
    """Find the scripts that cannot run in their Python, and which of their imports it lacks."""
    jobs = check_project(patient.layout.root).registry.jobs.values()
    found = [*troubles_of(jobs)]
    for trouble in found:
        level = FAIL if trouble.is_certain else WARN
        yield Finding(level, _("{job}: {text}", job=trouble.job.id, text=trouble.text))
    if not found:
        yield Finding(OK, _("the Python of {count} jobs has what they import", count=len(jobs)))


@looks_at(N_("pools"))
def check_pools(patient: Patient) -> Iterator[Finding]:
    """Compare Airflow's pools with config/pools.json and the jobs' platforms."""
    wanted = read_pools(patient.layout.root).valid
    there = pool_slots(patient.environment)
    wrong = False
    for name, pool in wanted.items():
        if there.get(name) != pool["slots"]:
            wrong = True
            said = {"pool": name, "file": POOLS_FILE, "wanted": pool["slots"]}
            if name not in there:
                text_ = _("{pool} is not there, and {file} says {wanted}", **said)
                yield Finding(FAIL, text_, _("`{manager} restart` makes it so", **said))
                continue
            said["found"] = there[name]
            text_ = _("{pool} has {found} slots, and {file} says {wanted}", **said)
            remedy = _("`{manager} restart` makes it so, or say {found} in {file}", **said)
            yield Finding(WARN, text_, remedy)
    if not wrong:
        yield Finding(OK, _("{wanted} are as {file} says", wanted=[*wanted], file=POOLS_FILE))


@looks_at(N_("jobs"))
def check_paused(patient: Patient) -> Iterator[Finding]:
    """Name the jobs that would run if nobody had paused them, and those that are no DAGs."""
    jobs = check_project(patient.layout.root).registry.jobs.values()
    enabled = [job.id for job in jobs if job.enabled]
    dags = paused_by_dag(patient.environment)
    for job_id in enabled:
        if dags.get(job_id):
            remedy = _("`{manager} resume {job}` goes on with it", job=job_id)
            yield Finding(WARN, _("{job} is paused: its runs wait", job=job_id), remedy)
    contracts = load_contracts(patient.layout.root).by_id.values()
    for dag_id in (one.dag_id for one in contracts if dags.get(one.dag_id)):
        text_ = _("{dag} is paused, and its events wait", dag=dag_id)
        remedy = _("`{manager} resume {dag}` lets them go on", dag=dag_id)
        yield Finding(WARN, text_, remedy, about=N_("contracts"))
    missing = [job_id for job_id in enabled if job_id not in dags]
    if missing:
        remedy = _("start the service; if it runs, the web UI shows why they are not loaded")
        yield Finding(WARN, _("are no DAGs yet: {missing}", missing=missing), remedy)
    if not missing and not any(dags[job_id] for job_id in enabled):
        yield Finding(OK, _("none of {count} is paused", count=len(enabled)))


@looks_at(N_("runs"))
def check_stuck_runs(patient: Patient) -> Iterator[Finding]:
    """Name the runs that Airflow shows as queued or running, and that cannot move."""
    if not patient.runs:
        yield Finding(OK, _("none moves while the service does not run"))
        return
    registry = check_project(patient.layout.root).registry
    stuck = runs_under_way(patient.environment, registry).stuck
    for run in stuck[:SHOWN]:
        text_ = _("{job} {first}: {trouble}", job=run.job_id, first=run.first, trouble=run.trouble)
        yield Finding(WARN, text_, _remedy(run))
    if len(stuck) > SHOWN:
        yield Finding(WARN, _("and so do {count} more", count=len(stuck) - SHOWN))
    if not stuck:
        yield Finding(OK, _("whatever waits can start"))


def _remedy(run: Run) -> str:
    why = english(run.stuck)
    if "pool" in why:
        return _(
            "`{manager} restart` makes the pools of {file}; the run then goes on", file=POOLS_FILE
        )
    if why == JOB_PAUSED:
        return _("`{manager} resume {job}` goes on with it", job=run.job_id)
    if run.blocks:
        return _("`{manager} restart` starts what should go on with it")
    return _(
        "`{manager} repair --job {job} --yes` makes another for what is missing; mark this one "
        "failed in the web UI",
        job=run.job_id,
    )


@looks_at(N_("service"))
def check_heartbeats(patient: Patient) -> Iterator[Finding]:
    """Ask the components how they are."""
    if not patient.runs:
        yield _not_running(patient)
        return
    # A machine that is busy with a start misses the seconds that `status` gives it.
    healths = Retrying(
        retry=retry_if_result(lambda seen: any(health.trouble for health in seen)),
        stop=stop_after_attempt(LOOKS),
        wait=wait_fixed(PAUSE_SECONDS),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )(look, patient.layout, patient.ports)
    for health in healths:
        if health.trouble:
            log = patient.layout.logs / "components" / f"{health.component.name}.log"
            remedy = _("see {log}; `restart` starts it again", log=patient.layout.shown(log))
            yield Finding(
                FAIL,
                _("{name} {trouble}", name=health.component.name, trouble=health.trouble),
                remedy,
            )
    if not any(health.trouble for health in healths):
        yield Finding(OK, _("all {count} components are well", count=len(healths)))


def _not_running(patient: Patient) -> Finding:
    """Distinguish a service that was stopped from one whose supervisord alone was killed."""
    left = service_processes(patient.layout)
    if left:
        pids = [process.pid for process in left]
        text_ = _(
            "supervisord does not answer, and processes of the service are left (pids {pids})",
            pids=pids,
        )
        return Finding(FAIL, text_, repaired_by_start())
    remedy = _("`{manager} start` starts it")
    text_ = _("is not running, so that heartbeats were not asked for")
    return Finding(WARN, text_, remedy)


@looks_at(N_("ledger"))
def check_silent_units(patient: Patient) -> Iterator[Finding]:
    """Name what the ledger says is running, though nothing was heard of it for minutes."""
    since = datetime.now(timezone.utc) - SILENT
    query = (
        select(ledger.c.job_id, ledger.c.shop_id, ledger.c.period_key)
        .where(ledger.c.state == "running", ledger.c.heartbeat_at < since)
        .order_by(ledger.c.job_id, ledger.c.period_key)
    )
    engine = connect(variables_of(patient)["WAREHOUSE_URL"])
    try:
        with engine.connect() as connection:
            silent = connection.execute(query).all()
    finally:
        engine.dispose()
    for job_id, shop_id, key in silent[:SHOWN]:
        text_ = _(
            "{job} {shop} {key} is running, but gave no sign of life for 5 minutes",
            job=job_id,
            shop=shop_id,
            key=key,
        )
        remedy = _("run it again: `{manager} run {job} --period {key}`", job=job_id, key=key)
        yield Finding(FAIL, text_, remedy)
    if len(silent) > SHOWN:
        yield Finding(FAIL, _("and so are {count} more", count=len(silent) - SHOWN))
    if not silent:
        yield Finding(OK, _("whatever is running gives signs of life"))
