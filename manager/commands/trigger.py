"""`trigger`, `pause` and `resume`: what a person asks Airflow for, answered in words.

Nothing here imports Airflow or starts its command, which alone would take seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from include.errors import ExpectedError
from include.running.asked import Asked, check_shops
from include.running.last_ended import check_clock, refuse_past
from manager.airflow.rest import Api, ApiError, NotThereError
from manager.lifecycle.health import running
from manager.lifecycle.ports import remembered
from manager.lookup import find_job

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence

    from include.coverage.runs import Name, Run
    from manager.airflow.stuck_runs import Stuck
    from manager.layout import Layout

ANSWER_SECONDS = 30.0  # milliseconds, save on a machine that is busy with jobs
MANAGER = "python3 scheduler_manager.py"


def trigger(layout: Layout, arguments: Namespace) -> int:
    """`trigger`: make a run of one period, or find the one that waits or works.

    Returns:
        0; with `--wait`, 1 when something of it did not land, and 99 when there was nothing to do
        and nothing of the period has ever landed.

    Raises:
        ConfigurationError: unknown job, period or shop, or a period that cannot be pulled again.
        ExpectedError: the job is paused, or the service does not run.
    """
    job = find_job(layout, arguments.job)
    now = datetime.now(timezone.utc)
    asked = Asked.from_words(arguments, {})
    [wanted] = asked.periods(job.schedule, now)
    check_clock(job)
    refuse_past(job, wanted, now)
    conf = _conf(layout, job.id, asked)
    api = Api(layout, remembered(layout), ANSWER_SECONDS)
    begin = partial(begin_run, api, job.id, wanted.key, conf, stuck=partial(_stuck, layout, job.id))
    run_id, new = asking(layout, begin)
    told = {"job": job.id, "period": wanted.key, "run_id": run_id, "new": new}
    if arguments.wait:
        return _wait(layout, told, conf.get("shops", ()), as_json=arguments.json)
    print(json.dumps(told) if arguments.json else in_words(told))
    return 0


def in_words(told: Mapping[str, Any]) -> str:
    """Say of a run whether it was made or found."""
    happened = "triggered" if told["new"] else "is on its way already"
    return f"{told['job']} {told['period']} {happened} (run {told['run_id']})"


def pause(layout: Layout, arguments: Namespace) -> int:
    """`pause`: let a job make no more runs until it is resumed."""
    return _set_paused(layout, arguments, paused=True)


def resume(layout: Layout, arguments: Namespace) -> int:
    """`resume`: let a paused job run again; the periods it missed run, as after an outage."""
    return _set_paused(layout, arguments, paused=False)


def begin_run(
    api: Api, job_id: str, key: str, conf: Mapping[str, Any] | None = None, *, stuck: Stuck
) -> tuple[str, bool]:
    """Trigger a run of a period, or find one of it that waits or works and can move.

    Args:
        api: of Airflow.
        job_id: whose run.
        key: the period's.
        conf: what else is asked for; then the run is made in any case.
        stuck: finds the runs that cannot move.

    Returns:
        its id, and whether it is new.

    Raises:
        ExpectedError: the job is no DAG yet, or paused, or a new run would be stuck like the old.
        ApiError: the web UI does not take it.
    """
    try:
        dag = api.dag(job_id)
    except NotThereError:
        raise ExpectedError(
            f"job {job_id!r} is not a DAG yet: try again in a few seconds; if it stays so, "
            f"`{MANAGER} check` and the web UI say why"
        ) from None
    if dag["is_paused"]:
        raise ExpectedError(
            f"job {job_id!r} is paused, so its runs would wait for ever: run "
            f"`{MANAGER} resume {job_id}`"
        )
    there = [] if conf else api.unfinished_runs(job_id, key)
    cannot_move = stuck() if there else {}
    for run_id in there:
        run = cannot_move.get((job_id, run_id))
        if run is None:
            return run_id, False
        if run.blocks:
            raise ExpectedError(
                f"{job_id} {key}: {run.trouble}; another one would wait like it: "
                f"`{MANAGER} doctor` says what helps"
            )
    return api.trigger(job_id, key, conf), True


def _stuck(layout: Layout, job_id: str) -> Mapping[Name, Run]:
    from manager.airflow.stuck_runs import stuck_of  # noqa: PLC0415 -- takes its time, rarely needed

    return stuck_of(layout, job_id)()


def _conf(layout: Layout, job_id: str, asked: Asked) -> dict[str, Any]:
    """Return what the trigger form would send; shops are checked here, where it costs no run."""
    conf: dict[str, Any] = {"again": True} if asked.again else {}
    if asked.shops:
        from include.registry import load_registry  # noqa: PLC0415 -- rarely needed

        registry = load_registry(layout.root, only=job_id)
        check_shops(registry, registry.jobs[job_id], asked.shops)
        conf["shops"] = list(asked.shops)
    return conf


def _set_paused(layout: Layout, arguments: Namespace, *, paused: bool) -> int:
    job_id, word = arguments.job, "paused" if paused else "resumed"
    api = Api(layout, remembered(layout), ANSWER_SECONDS)
    try:
        before = asking(layout, lambda: api.dag(job_id)["is_paused"])
        api.pause(job_id, paused=paused)
    except NotThereError:
        find_job(layout, job_id)  # raises with the name that was meant
        raise ExpectedError(
            f"job {job_id!r} is not a DAG yet: try again in a few seconds"
        ) from None
    changed = before != paused
    if arguments.json:
        print(json.dumps({"job": job_id, "paused": paused, "changed": changed}))
    else:
        print(
            f"{job_id} {word}"
            if changed
            else f"{job_id} was {'paused' if paused else 'not paused'} already"
        )
    return 0


def asking(layout: Layout, ask: Callable[[], Any]) -> Any:
    """Ask the API; when nothing answers because nothing runs, say that."""
    try:
        return ask()
    except NotThereError:
        raise
    except ApiError:
        if running(layout):
            raise
        raise ExpectedError(f"the service is not running: run `{MANAGER} start`") from None


def _wait(layout: Layout, told: dict[str, Any], shops: Sequence[str], *, as_json: bool) -> int:
    """Follow the run to its end and say how each shop went."""
    from manager.commands.demo import explain, follow, show, watch_of  # noqa: PLC0415 -- takes its time
    from manager.run_outcome import outcome_of  # noqa: PLC0415

    watch = watch_of(layout, told["job"], told["period"], told["run_id"])
    follow([watch], quiet=as_json)
    code, reason = outcome_of(layout.root, watch, shops)
    if as_json:
        rows = [asdict(row) for row in watch.rows()]
        said = {**told, "landed": code == 0, "reason": reason or watch.stuck, "rows": rows}
        print(json.dumps(said, default=str))
        return code
    if watch.rows():
        show([watch])
    if reason:
        print(f"{watch.title}: {reason}")
    if not watch.landed and not watch.stuck:  # one that has not begun has no log
        explain(layout, watch)
    return code
