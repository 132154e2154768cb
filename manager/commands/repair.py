"""`repair`: run exactly the gaps; says what it would run unless it is told to."""

from __future__ import annotations

import json
import math
import sys
import time
from datetime import timedelta
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from include.coverage.history import read_history
from include.coverage.repairing import (
    BLOCKED,
    DISABLED,
    LATER,
    NO_DAG,
    PAUSED,
    SEEN_TO,
    UNREPAIRABLE,
    Plan,
    RepairRun,
    RunUnderWay,
    plan_of,
)
from include.coverage.runs import UNDER_WAY, Run
from include.units.unit import REPAIR_PREFIX
from manager.airflow.rest import Api, ThereAlreadyError, UnansweredError
from manager.cli import INTERRUPTED
from manager.commands.gaps import DAYS
from manager.commands.trigger import ANSWER_SECONDS, asking
from manager.coverage_reader import (
    MANAGER,
    broken_for,
    check_names,
    first_moment,
    lookout,
    since_of,
)
from manager.lifecycle.ports import remembered
from manager.run_follower import Started, follow
from manager.table import lined_up

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from include.coverage.runs import Name
    from manager.coverage_reader import Lookout
    from manager.layout import Layout

WHY = {
    PAUSED: f"the job is paused, so its runs would wait for ever: `{MANAGER} resume {{job}}`",
    NO_DAG: f"the job is not a DAG: `{MANAGER} check` and the web UI say why",
    SEEN_TO: "a run that waits or works sees to them",
    UNREPAIRABLE: "cannot be pulled again: its script takes no period, and another one has ended "
    f"since (`{MANAGER} check` names the line)",
    BLOCKED: f"its runs wait and cannot go on, and so would new ones: `{MANAGER} doctor` says why",
    LATER: "as many runs of the job wait as may: the same command again when they are done",
    DISABLED: "the job is disabled: set 'enabled: true' in its entry, or run it by hand",
}
TRIES, PAUSE_SECONDS = 4, 3.0
STUCK_NAMED = 5
NOT_STARTED = "nothing was started: the same command with --yes starts it"
NOT_FOLLOWED = "the same command with --yes follows what is under way"
# Of these nothing is missing.
NO_GAPS = (SEEN_TO, DISABLED)


def repair(layout: Layout, arguments: Namespace) -> int:
    """`repair`: show the plan; with `--yes` start it, and follow it unless `--no-wait` is given.

    Returns:
        0; 1 when something could not be started or did not land, or an entry is broken.

    Raises:
        ConfigurationError: an unknown job, shop or day.
        ExpectedError: the service does not run.
    """
    with lookout(layout) as look:
        check_names(look.registry, arguments.job, arguments.shop)
        api = Api(layout, remembered(layout), ANSWER_SECONDS)
        dags = asking(layout, api.dags)
        now = look.now()
        since = since_of(arguments.since, now)
        begin = now - timedelta(days=DAYS) if since is None else first_moment(since)
        coverage = look.read(begin, jobs=None if arguments.job is None else [arguments.job])
        gaps = coverage.gaps(job=arguments.job, shop=arguments.shop, since=since or begin.date())
        wanted = {unit.job_id for unit in gaps}
        plan = plan_of(
            coverage,
            gaps,
            paused={job_id: bool(dag["is_paused"]) for job_id, dag in dags.items()},
            runs=_runs(api, look, wanted & dags.keys()),
            history=read_history(look.engine, wanted),
        )
        broken = broken_for(look.registry, coverage.problems, arguments.job, arguments.shop)
        return _answer(plan, [str(one) for one in broken], api, look, arguments)


def start(api: Api, runs: Iterable[RepairRun]) -> Iterator[Started]:
    """Make the runs of a plan; one that somebody else has just made is followed like an own one."""
    return (Started(run, _make(api, run)) for run in runs)


def _make(api: Api, run: RepairRun) -> bool:
    """Make a run; gives whether it was not there.

    A call that was not answered may be made again: a run of that name is not made twice.
    """
    for tries_left in reversed(range(TRIES)):
        try:
            api.make_run(run.job.id, run.body)
        except ThereAlreadyError:  # noqa: PERF203 - each try for itself
            return False
        except UnansweredError:
            if not tries_left:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return True
    return False


def _answer(
    plan: Plan, broken: Sequence[str], api: Api, look: Lookout, arguments: Namespace
) -> int:
    told = _as_dict(plan) | {"broken": broken}
    stays = bool(broken) or any(why not in NO_GAPS for _, why in plan.held)
    if not arguments.json:
        print("\n".join(_lines(plan, broken)))
    if not arguments.yes:
        if arguments.json:
            print(json.dumps(told | {"started": False}))
        elif plan.runs or plan.under_way:
            print(NOT_STARTED if plan.runs else NOT_FOLLOWED)
        return int(stays)
    started: list[Started] = []
    try:
        left = _start_and_follow(plan, api, look, arguments, started)
    except KeyboardInterrupt:
        if not started:
            raise
        going = "1 run goes" if len(started) == 1 else f"{len(started)} runs go"
        print(f"interrupted; {going} on without it, and {NOT_FOLLOWED}", file=sys.stderr)
        return INTERRUPTED
    if arguments.json:
        runs = [{**_run(one.run), "new": one.new, "landed": one.landed} for one in started]
        print(json.dumps(told | {"started": True, "runs": runs}))
    elif started and arguments.no_wait:
        print(f"the runs go on by themselves: `{MANAGER} status`, or the page Coverage, tells how")
    return int(bool(left) or stays)


def _start_and_follow(
    plan: Plan, api: Api, look: Lookout, arguments: Namespace, started: list[Started]
) -> list[Started]:
    """Make the runs and follow them; gives those of which something did not land."""
    quiet = arguments.json
    for one in chain((Started(run, new=False) for run in plan.under_way), start(api, plan.runs)):
        started.append(one)
        if not quiet:
            print(one.line, flush=True)
    if arguments.no_wait:
        return []
    return follow(api, look.engine, started, look.is_disabled, look.stuck, quiet=quiet)


def _runs(api: Api, look: Lookout, job_ids: Iterable[str]) -> list[Run]:
    """Return all repairs, and the runs under way with whether they move."""
    found: dict[Name, Run] = {}
    for job_id in job_ids:
        told = api.runs(job_id, state=UNDER_WAY) + api.runs(
            job_id, run_id_prefix_pattern=REPAIR_PREFIX
        )
        of_job = (Run.of(look.registry.jobs[job_id], run) for run in told)
        found |= {run.name: run for run in of_job}
    return [*(found | {run.name: run for run in look.under_way.all if run.name in found}).values()]


def _lines(plan: Plan, broken: Sequence[str] = ()) -> list[str]:
    lines = [f"broken, so that what it should land is not known: {one}" for one in broken]
    if plan.runs:
        by_job = sorted(plan.runs, key=attrgetter("job.id"))  # stable: the oldest period first
        alike = groupby(by_job, key=lambda run: (run.job.id, run.whole or run.shops))
        rows: list[tuple[str, ...]] = [("job", "period", "shops", "calls", "about")]
        rows += [_row(list(runs)) for _, runs in alike]
        lines += lined_up(rows, indent="")
        calls = "an unknown number of" if plan.calls is None else f"about {plan.calls:,}"
        minutes = "unknown" if plan.minutes is None else f"about {math.ceil(plan.minutes)}"
        runs = "1 run" if len(plan.runs) == 1 else f"{len(plan.runs)} runs"
        gaps = "1 unit" if plan.units == 1 else f"{plan.units:,} units"
        lines.append(f"{gaps} in {runs}, {calls} calls, minutes: {minutes}")
    elif not plan.under_way and not any(why not in NO_GAPS for _, why in plan.held):
        lines.append("nothing to repair" + (" of what is known" if broken else ""))
    for (job_id, why), units in plan.held.items():
        lines.append(f"{job_id}: {units:,} left out: {WHY[why].format(job=job_id)}")
    lines += [f"{run.job_id}: {run.trouble}" for run in plan.stuck[:STUCK_NAMED]]
    if len(plan.stuck) > STUCK_NAMED:
        lines.append(f"and {len(plan.stuck) - STUCK_NAMED} more runs wait and cannot go on")
    return lines


def _row(runs: list[RepairRun]) -> tuple[str, ...]:
    """Return a line for runs of one job, for the same shops of periods one after another."""
    first, last = runs[0], runs[-1]
    several = f"{first.key} to {last.key} ({len(runs)} runs)"
    calls = [run.calls for run in runs if run.calls is not None]
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return (
        first.job.id,
        first.key if len(runs) == 1 else several,
        "all" if first.whole else ", ".join(first.shops),
        "unknown" if len(calls) < len(runs) else f"{sum(calls):,}",
        "unknown" if len(seconds) < len(runs) else f"{sum(seconds) / 60:.1f} min",
    )


def _as_dict(plan: Plan) -> dict[str, Any]:
    return {
        "units": plan.units,
        "calls": plan.calls,
        "minutes": plan.minutes,
        "runs": [_run(run) for run in plan.runs],
        "stuck": [
            {"job": run.job_id, "run_id": run.run_id, "why": run.stuck} for run in plan.stuck
        ],
        "held": [
            {"job": job_id, "why": why, "units": units}
            for (job_id, why), units in plan.held.items()
        ],
    }


def _run(run: RepairRun | RunUnderWay) -> dict[str, Any]:
    planned = run if isinstance(run, RepairRun) else None
    return {
        "job": run.job.id,
        "period": run.key,
        "shops": list(run.shops),
        "run_id": run.run_id,
        "calls": planned and planned.calls,
        "seconds": planned and planned.seconds,
    }
