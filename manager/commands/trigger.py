"""`trigger`: run a job now, through Airflow.

Without `--wait` nothing here imports Airflow or starts its command, which alone would take seconds.
"""

import json
from argparse import Namespace
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from include.language import N_, _
from include.registry import Job, load_registry
from include.running.asked import Asked
from include.running.asked_shops import check_shops
from include.running.script_call import check_clock, refuse_past
from manager.airflow.starting_runs import begin_run, service_api
from manager.layout import Layout
from manager.lookup import find_job


def trigger(layout: Layout, arguments: Namespace) -> int:
    """Make a run of one period, or find the one that waits or works.

    Returns:
        0; with `--wait`, 1 when something of it did not land, and 99 when there was nothing to do
        and nothing of the period has ever landed.

    Raises:
        ConfigurationError: unknown job, period or shop, or a period that cannot be pulled again.
        ExpectedError: the job is paused, or the service does not run.
    """
    job, now = find_job(layout, arguments.job), datetime.now(timezone.utc)
    asked = Asked.from_words(arguments, {})
    [wanted] = asked.periods(job.schedule, now)
    check_clock(job)
    refuse_past(job, wanted, now)
    conf = _conf(layout, job.id, asked)

    def stuck() -> Any:
        from manager.airflow.tables import stuck_of  # noqa: PLC0415 -- takes its time, rarely needed

        return stuck_of(layout, job.id)()

    with service_api(layout) as api:
        run_id, new = begin_run(api, job.id, wanted.key, conf, stuck=stuck)
    told = {"job": job.id, "period": wanted.key, "run_id": run_id, "new": new}
    if arguments.wait:
        return _wait(layout, job, told, tuple(conf.get("shops", ())), as_json=arguments.json)
    if arguments.json:
        print(json.dumps(told))
        return 0
    happened = N_("{job} {key} triggered (run {run})")
    if not new:
        happened = N_("{job} {key} is on its way already (run {run})")
    print(_(happened, job=job.id, key=wanted.key, run=run_id))
    return 0


def _conf(layout: Layout, job_id: str, asked: Asked) -> dict[str, Any]:
    """Return what the trigger form would send; shops are checked here, where it costs no run."""
    conf: dict[str, Any] = {"again": True} if asked.again else {}
    if asked.shops:
        registry = load_registry(layout.root, only=job_id)
        check_shops(registry, registry.jobs[job_id], asked.shops)
        conf["shops"] = list(asked.shops)
    return conf


def _wait(
    layout: Layout, job: Job, told: dict[str, Any], shops: tuple[str, ...], *, as_json: bool
) -> int:
    """Follow the run to its end and say how each shop went."""
    from manager.followed import Followed  # noqa: PLC0415 -- takes its time, rarely needed
    from manager.run_follower import Follower  # noqa: PLC0415 -- the same
    from manager.table import print_units  # noqa: PLC0415 -- the same

    follower = Follower.of(layout, job.id)
    run = Followed(job, told["period"], told["run_id"], shops)
    follower.follow(run, quiet=as_json)
    (code, reason), rows = follower.outcome(run), follower.rows(run)
    if as_json:
        ended = {"landed": code == 0, "reason": reason or run.stuck, "rows": [*map(asdict, rows)]}
        print(json.dumps({**told, **ended}, default=str))
        return code
    if rows:
        print_units([(job.id, run.key, rows)])
    if reason:
        print(_("{run}: {reason}", run=run.title, reason=reason))
    if not run.landed and not run.stuck:  # one that has not begun has no log
        follower.explain(run)
    return code
