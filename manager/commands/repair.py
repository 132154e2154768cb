"""`repair`: run exactly the gaps; says what it would run unless it is told to."""

import json
import math
from argparse import Namespace
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from include.contracts.followers import awaiting
from include.coverage import repairing
from include.coverage.history import read_history
from include.coverage.repairing import Hindrances, Plan, RepairRun, RunUnderWay, plan_of
from include.coverage.runs import UNDER_WAY, Run
from include.language import N_, _
from include.units.ledger import Ledger
from include.units.unit import REPAIR_PREFIX
from manager.airflow.rest import Api
from manager.airflow.starting_runs import service_api
from manager.coverage_reader import CoverageReader, coverage_reader
from manager.followed import Followed
from manager.layout import Layout
from manager.run_follower import Follower
from manager.table import lined_up

# Why no run is made for units.
WHY = {
    repairing.PAUSED: N_(
        "the job is paused, so its runs would wait for ever: `{manager} resume {job}`"
    ),
    repairing.NO_DAG: N_("the job is not a DAG: `{manager} check` and the web UI say why"),
    repairing.SEEN_TO: N_("a queued or running run covers them"),
    repairing.UNREPAIRABLE: N_(
        "cannot be pulled again: its script takes no period, and another one has ended since "
        "(`{manager} check` names the line)"
    ),
    repairing.BLOCKED: N_(
        "its runs wait and cannot go on, and so would new ones: `{manager} doctor` says why"
    ),
    repairing.AWAITING: N_(
        "runs after a contract that is not complete, and by itself as soon as it is: `{manager} "
        "complete CONTRACT PERIOD` says what is missing"
    ),
    repairing.LATER: N_(
        "as many runs of the job wait as may: the same command again when they are done"
    ),
    repairing.DISABLED: N_(
        "the job is disabled: set 'enabled: true' in its entry, or run it by hand"
    ),
}
NO_GAPS = (repairing.SEEN_TO, repairing.DISABLED)  # of these nothing is missing
STUCK_NAMED = 5
NOT_STARTED = N_("nothing was started: the same command with --yes starts it")
NOT_FOLLOWED = N_("the same command with --yes follows what is under way")


def repair(layout: Layout, arguments: Namespace) -> int:
    """Show the plan; with `--yes` start it, and follow it unless `--no-wait` is given.

    Returns:
        0; 1 when something could not be started or did not land, or an entry is broken.

    Raises:
        ConfigurationError: an unknown job, shop or day.
        ExpectedError: the service does not run.
    """
    with coverage_reader(layout) as reader:
        with service_api(layout) as api:
            dags = api.dags()
        found = reader.gaps(arguments.job, arguments.shop, arguments.since)
        wanted = {unit.job_id for unit in found.units}
        periods = ((unit.job_id, unit.period) for unit in found.units)
        hindrances = Hindrances(
            {job_id: bool(dag["is_paused"]) for job_id, dag in dags.items()},
            awaiting(reader.engine, layout.root, reader.registry, periods),
        )
        plan = plan_of(
            found.coverage,
            found.units,
            hindrances,
            _runs(api, reader, wanted & dags.keys()),
            read_history(reader.engine, wanted),
        )
        broken = [str(one) for one in found.coverage.problems]
        follower = Follower(api, Ledger(reader.engine), reader.stuck, layout)
        return _answer(plan, broken, follower, reader, arguments)


def _runs(api: Api, reader: CoverageReader, job_ids: Iterable[str]) -> list[Run]:
    """Return all repairs, and the runs under way with whether they move."""
    found: list[Run] = []
    for job_id in job_ids:
        told = api.runs(job_id, state=UNDER_WAY)
        told += api.runs(job_id, run_id_prefix_pattern=REPAIR_PREFIX)
        found += (Run.of(reader.registry.jobs[job_id], run) for run in told)
    return reader.under_way.known(found)


def _answer(
    plan: Plan,
    broken: Sequence[str],
    follower: Follower,
    reader: CoverageReader,
    arguments: Namespace,
) -> int:
    told = _as_dict(plan) | {"broken": broken}
    stays = bool(broken) or any(why not in NO_GAPS for _job, why in plan.held)
    if not arguments.json:
        print("\n".join(_lines(plan, broken)))
    if not arguments.yes:
        if arguments.json:
            print(json.dumps(told | {"started": False}))
        elif plan.runs or plan.under_way:
            print(_(NOT_STARTED if plan.runs else NOT_FOLLOWED))
        return int(stays)
    started: list[Followed] = []
    try:
        _start_and_follow(plan, follower, reader, arguments, started)
    except KeyboardInterrupt:
        if not started:
            raise
        text = N_("interrupted; {count} runs go on without it, and {advice}")
        if len(started) == 1:
            text = N_("interrupted; 1 run goes on without it, and {advice}")
        message = _(text, count=len(started), advice=_(NOT_FOLLOWED))
        raise KeyboardInterrupt(message) from None
    if arguments.json:
        every: list[RepairRun | RunUnderWay] = [*plan.under_way, *plan.runs]
        runs = [
            {**_run(run), "new": one.new, "landed": one.landed}
            for run, one in zip(every, started, strict=True)
        ]
        print(json.dumps(told | {"started": True, "runs": runs}))
    elif started and arguments.no_wait:
        text = N_(
            "the runs go on by themselves: `{manager} status`, or the page Coverage, tells how"
        )
        print(_(text))
    return int(stays or (not arguments.no_wait and not all(one.landed for one in started)))


def _start_and_follow(
    plan: Plan,
    follower: Follower,
    reader: CoverageReader,
    arguments: Namespace,
    started: list[Followed],
) -> None:
    """Make the runs and follow them, each noted in `started` as it is made."""

    def note(run: RepairRun | RunUnderWay, *, new: bool) -> None:
        one = Followed(run.job, run.key, run.run_id, run.shops, new=new)
        started.append(one)
        if not arguments.json:
            text = N_("{title} started (run {run})")
            if not new:
                text = N_("{title} is on its way already (run {run})")
            print(_(text, title=one.title, run=one.run_id), flush=True)

    for there in plan.under_way:
        note(there, new=False)
    for run in plan.runs:
        note(run, new=follower.make(run.job.id, run.body))
    if not arguments.no_wait:
        follower.follow_repairs(started, reader.is_disabled, quiet=arguments.json)


def _lines(plan: Plan, broken: Sequence[str] = ()) -> list[str]:
    text = N_("broken, so that what it should land is not known: {problem}")
    lines: list[str] = [_(text, problem=one) for one in broken]
    if plan.runs:
        by_job = sorted(plan.runs, key=attrgetter("job.id"))  # stable: the oldest period first
        alike = groupby(by_job, key=lambda run: (run.job.id, run.whole or run.shops))
        titles = (N_("job"), N_("period"), N_("shops"), N_("calls"), N_("about"))
        rows = [tuple(_(title) for title in titles), *(_row(list(runs)) for _by, runs in alike)]
        lines += [*lined_up(rows, indent=""), _sum(plan)]
    elif not plan.under_way and not any(why not in NO_GAPS for _job, why in plan.held):
        nothing = N_("nothing to repair of what is known") if broken else N_("nothing to repair")
        lines.append(_(nothing))
    for (job_id, why), units in plan.held.items():
        reason = _(WHY[why], job=job_id)
        text = N_("{job}: {units:,} left out: {why}")
        lines.append(_(text, job=job_id, units=units, why=reason))
    lines += [
        _("{job}: {trouble}", job=run.job_id, trouble=run.trouble)
        for run in plan.stuck[:STUCK_NAMED]
    ]
    if len(plan.stuck) > STUCK_NAMED:
        count = len(plan.stuck) - STUCK_NAMED
        lines.append(_("and {count} more runs wait and cannot go on", count=count))
    return lines


def _sum(plan: Plan) -> str:
    """Return how many units and runs a plan has, and what they take."""
    calls = _("an unknown number of calls")
    if plan.calls is not None:
        calls = _("about {calls:,} calls", calls=plan.calls)
    minutes = _("unknown")
    if plan.minutes is not None:
        minutes = _("about {minutes}", minutes=math.ceil(plan.minutes))
    return _(
        "{units} in {runs}, {calls}, minutes: {minutes}",
        units=_(N_("1 unit") if plan.units == 1 else N_("{count:,} units"), count=plan.units),
        runs=_(N_("1 run") if len(plan.runs) == 1 else N_("{count} runs"), count=len(plan.runs)),
        calls=calls,
        minutes=minutes,
    )


def _row(runs: list[RepairRun]) -> tuple[str, ...]:
    """Return a line for runs of one job, for the same shops of periods one after another."""
    first, last = runs[0], runs[-1]
    key = first.key
    if len(runs) > 1:
        text = N_("{first} to {last} ({count} runs)")
        key = _(text, first=first.key, last=last.key, count=len(runs))
    calls = [run.calls for run in runs if run.calls is not None]
    seconds = [run.seconds for run in runs if run.seconds is not None]
    return (
        first.job.id,
        key,
        _("all") if first.whole else ", ".join(first.shops),
        _("unknown") if len(calls) < len(runs) else f"{sum(calls):,}",
        _("unknown")
        if len(seconds) < len(runs)
        else _("{minutes:.1f} min", minutes=sum(seconds) / 60),
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
    return {
        "job": run.job.id,
        "period": run.key,
        "shops": list(run.shops),
        "run_id": run.run_id,
        "calls": getattr(run, "calls", None),  # nobody counts those of a run that was there
        "seconds": getattr(run, "seconds", None),
    }
