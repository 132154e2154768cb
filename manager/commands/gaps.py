"""`gaps`: what was due and has not landed, why, and the command that repairs it."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from include import MANAGER
from include.coverage import JudgedUnit
from include.coverage.gap_ranges import Span, spans_of
from include.coverage.model import oldest_kept
from include.coverage.remedies import FIRST, repair_command
from include.coverage.runs import UnderWay
from include.registry import Registry
from include.units.exit_codes import describe
from include.units.unit import MISCOUNTED_SIGN, NO_SHOP, State
from include.units.waivers import Waiver
from manager.commands.waive import as_dict
from manager.coverage_reader import DAYS, CoverageReader, FoundGaps, coverage_reader
from manager.layout import Layout
from manager.lookup import first_moment
from manager.table import cut, lined_up, print_json

COMPLETE, MISSING = 0, 1
LINES_OF_A_JOB, SHOPS_NAMED, RUNS_NAMED = 12, 3, 3
REASON_CELLS = 110
# Up to when shops are complete, by job and shop.
Marks = Mapping[tuple[str, str], datetime]


def gaps(layout: Layout, arguments: Namespace) -> int:
    """List them.

    Returns:
        0 when nothing is missing; 1 when something is, or when nobody can know because an entry is
        broken.

    Raises:
        ConfigurationError: unknown job or shop, or no day.
        ExpectedError: the warehouse does not answer.
    """
    with coverage_reader(layout) as reader:
        found = reader.gaps(arguments.job, arguments.shop, arguments.since)
        marks = _marks(reader, found)
    if arguments.waived:
        waived = found.coverage.waivers(found.job, found.shop, found.since)
        if arguments.json:
            print_json({"since": found.since.isoformat(), "waived": [*map(as_dict, waived)]})
        else:
            print("\n".join(_waived_lines(reader.registry, waived, found.since)))
        return COMPLETE
    if arguments.json:
        print_json(_as_dict(reader, found, marks))
    else:
        lines = _of_the_gaps(reader, found, in_full=arguments.since is not None)
        lines += _mark_lines(reader.registry, marks)
        kept = oldest_kept(reader.registry, found.now)
        if first_moment(found.since) < kept:
            lines.append(f"of what ended before {kept:%Y-%m-%d} the ledger keeps nothing")
        print("\n".join(lines))
    return MISSING if found.units or found.coverage.problems else COMPLETE


def _as_dict(reader: CoverageReader, found: FoundGaps, marks: Marks) -> dict[str, Any]:
    coverage, since, paused = found.coverage, found.since, reader.paused
    is_left = any(
        unit.state != State.UNREPAIRABLE and not reader.under_way.sees_to(unit)
        for unit in found.units
    )
    return {
        "made_at": coverage.made_at.isoformat(timespec="seconds"),
        "since": since.isoformat(),
        "gaps": [_unit(unit, reader.under_way) for unit in found.units],
        "paused": None if paused is None else sorted(paused & reader.registry.jobs.keys()),
        "besides": found.not_gaps(reader.registry).as_dict(),
        "without_data": dict(coverage.gaps_without_data(since)),
        "waived": [*map(as_dict, coverage.waivers(found.job, found.shop, since))],
        "complete": [
            {"job": job, "shop": shop, "complete_until": until.isoformat(timespec="seconds")}
            for (job, shop), until in sorted(marks.items())
        ],
        "broken": [*map(str, coverage.problems)],
        "repair": repair_command(found.job, found.shop, since) if is_left else None,
    }


def _unit(unit: JudgedUnit, under_way: UnderWay) -> dict[str, Any]:
    stuck = under_way.stuck_before(unit)
    return {
        "job": unit.job_id,
        "shop": unit.shop_id,
        "period": unit.period.key,
        "state": unit.state.value,
        "due_at": unit.due_at.isoformat(timespec="seconds"),
        "attempts": unit.attempts,
        "exit_code": unit.exit_code,
        "error": unit.error,
        "run_id": unit.run_id,
        "under_way": under_way.sees_to(unit),
        "stuck": stuck.trouble if stuck else None,
    }


def _marks(reader: CoverageReader, found: FoundGaps) -> Marks:
    """Return the watermarks to show: those of a job or shop that is asked for, else where gaps are.

    Raises:
        ExpectedError: the warehouse does not answer.
    """
    job, shop = found.job, found.shop
    behind = {(unit.job_id, unit.shop_id) for unit in found.units}
    whose = [job] if job else reader.registry.jobs if shop else {job_id for job_id, _ in behind}
    return {
        key: until
        for key, until in reader.completeness(whose).items()
        if (job or shop or key in behind) and job in (None, key[0]) and shop in (None, key[1])
    }


def _waived_lines(registry: Registry, waived: Sequence[Waiver], since: date) -> list[str]:
    """Return a table of waivers: those of one shop that were made at once are one row."""
    if not waived:
        return [f"nothing is waived since {since}"]

    def at_once(waiver: Waiver) -> tuple[Any, ...]:
        return waiver.job_id, waiver.waived_at, waiver.shop_id

    rows = [("job", "shop", "period", "by", "reason")]
    ordered = sorted(waived, key=lambda one: (*at_once(one), one.period_start))
    for _, together in groupby(ordered, key=at_once):
        first, *others = together
        keys = _from_to(first.period_key, [first, *others][-1].period_key)
        when = first.waived_at.astimezone(registry.jobs[first.job_id].schedule.zone)
        who = f"{first.waived_by}, {when:%Y-%m-%d %H:%M}"
        rows.append((first.job_id, first.shop_id, keys, who, first.reason))
    return [f"{len(waived):,} waived since {since}", *lined_up(rows)]


def _of_the_gaps(reader: CoverageReader, found: FoundGaps, *, in_full: bool) -> list[str]:
    lines = []
    spans = spans_of(found.coverage, found.units, reader.under_way)
    for job_id, group in groupby(spans, key=lambda span: span.job_id):
        lines += _of_job(reader, job_id, list(group), found.shop)
    lines += _of_the_unknown(reader, found)
    quiet = _without_data(found)
    besides = found.not_gaps(reader.registry)
    if not found.units:
        return [*lines, besides.without_gaps(found), *quiet]
    if besides:
        lines += ["", f"besides, {besides}"]
    lines += quiet
    if not in_full:
        older = f"`{MANAGER} gaps --since 2025-01-01`"
        lines.append(f"these are of the last {DAYS} days; older ones: {older}")
    number, jobs = len(found.units), len({unit.job_id for unit in found.units})
    title = (
        f"{number:,} gap{'s' * (number > 1)} in {jobs} job{'s' * (jobs > 1)} since {found.since}"
    )
    if seen_to := sum(map(reader.under_way.sees_to, found.units)):
        title += f", runs under way cover {seen_to:,} of them"
    return [title, *lines]


def _without_data(found: FoundGaps) -> list[str]:
    """Return which jobs that land no data did not run, in a line that nobody is alarmed by."""
    counted = {} if found.job or found.shop else found.coverage.gaps_without_data(found.since)
    if not counted:
        return []
    named = ", ".join(f"{number} of {job_id}" for job_id, number in counted.items())
    return [
        f"not counted, since they land no data: {named} (`{MANAGER} gaps --job JOB` lists them)"
    ]


def _of_job(reader: CoverageReader, job_id: str, spans: list[Span], shop: str | None) -> list[str]:
    """Return the lines of what is missing of one job, and the command that repairs it."""
    number = sum(len(span.units) for span in spans)
    lines = ["", f"{job_id}  {reader.registry.jobs[job_id].name}  ({number:,})"]
    if left := sum(len(span.units) for span in spans[:-LINES_OF_A_JOB]):
        lines.append(f"  {left:,} earlier ones (`{MANAGER} gaps --json` has all)")
    lines += lined_up(
        [
            (
                _from_to(span.first, span.last),
                _shops(reader.registry, span),
                cut(_reason(span), REASON_CELLS),
            )
            for span in spans[-LINES_OF_A_JOB:]
        ]
    )
    after = reader.registry.jobs[job_id].after
    if after and any(span.state == State.MISSED for span in spans):
        missing = f"`{MANAGER} complete {after} PERIOD` says what is missing"
        lines.append(f"  runs by itself when contract {after} is complete: {missing}")
    lost = [span for span in spans if span.state == State.UNREPAIRABLE]
    if lost:
        keys = _from_to(lost[0].first, lost[-1].last, between=" --until ")
        command = f"{MANAGER} waive {job_id} --period {keys} --reason TEXT"
        lines.append(f"  no run can bring these; to accept them: {command}")
    to_repair = [span for span in spans if not span.under_way and span not in lost]
    if not to_repair:
        seen_to = ["  queued or running runs cover them"] if len(lost) < len(spans) else []
        return [*lines, *seen_to]
    lines += _stuck(reader, to_repair)
    codes = {span.exit_code for span in to_repair}
    lines += [f"  {first}" for code, first in FIRST.items() if code in codes]
    since = min(span.units[0].period.first_day for span in to_repair)
    is_paused = reader.paused and job_id in reader.paused
    paused = f"  (paused: `{MANAGER} resume {job_id}` first)" if is_paused else ""
    return [*lines, f"  repair: {repair_command(job_id, shop, since)}{paused}"]


def _stuck(reader: CoverageReader, spans: list[Span]) -> list[str]:
    """Name the runs that Airflow shows as queued or running, and that will close no gap."""
    units = (unit for span in spans for unit in span.units)
    found = filter(None, map(reader.under_way.stuck_before, units))
    lines = list(dict.fromkeys(f"  {run.trouble}" for run in found))
    more = [f"  and {len(lines) - RUNS_NAMED} more runs"] if len(lines) > RUNS_NAMED else []
    return [*lines[:RUNS_NAMED], *more]


def _from_to(first: str, last: str, between: str = " to ") -> str:
    return first if first == last else f"{first}{between}{last}"


def _shops(registry: Registry, span: Span) -> str:
    if len(span.shops) > SHOPS_NAMED:
        return f"{len(span.shops)} shops"
    return ", ".join(_shop(registry, shop_id) for shop_id in span.shops)


def _shop(registry: Registry, shop_id: str) -> str:
    found = registry.shops.get(shop_id)
    return "" if shop_id == NO_SHOP else f"{shop_id} {found.name}" if found else shop_id


def _reason(span: Span) -> str:
    return f"{_trouble(span)}{' (a run is under way)' if span.under_way else ''}"


def _trouble(span: Span) -> str:
    if span.state == State.MISSED:
        row = span.units[0].row
        if row is not None and row.state == State.PROVISIONAL:
            return "missed: pulled before it was due, and not again since"
        return "missed: nothing was tried"
    if span.state == State.LOST:
        runs = ", ".join(sorted({unit.run_id or "?" for unit in span.units}))
        return f"lost: running, without a sign of life (run {runs})"
    if span.state == State.MISCOUNTED:
        return f"{MISCOUNTED_SIGN} {span.error}"
    code = "" if span.exit_code is None else f", {describe(span.exit_code)}"
    failed = f"failed{code}: {span.error or 'it has said no more'}"
    if span.state == State.UNREPAIRABLE:
        how = "" if span.exit_code is None and span.error is None else f"; {failed}"
        return f"cannot be pulled again: its script takes no period{how}"
    return failed


def _of_the_unknown(reader: CoverageReader, found: FoundGaps) -> list[str]:
    """Return the lines of what cannot be known."""
    broken = found.coverage.problems
    lines = [f"broken, so that what it should land is not known: {one}" for one in broken]
    if reader.paused is None:
        lines.append(
            "which jobs are paused is not known, nor which runs are under way: Airflow's database "
            "does not answer"
        )
    return ["", *lines] if lines else []


def _mark_lines(registry: Registry, marks: Marks) -> list[str]:
    """Return a line per job and shop, each on its job's clock; the earliest first."""
    rows = [
        (job, _shop(registry, shop), f"{until.astimezone(registry.jobs[job].schedule.zone):%F %T}")
        for (job, shop), until in sorted(marks.items(), key=lambda mark: mark[1])
        if job in registry.jobs
    ]
    return ["", "complete up to", *lined_up(rows)] if rows else []
