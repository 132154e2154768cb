"""What `gaps` prints: what is missing, why, and the command that repairs it; what is waived."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from include import MANAGER
from include.coverage.gap_ranges import Span, spans_of
from include.coverage.missing import FIRST, repair_command
from include.language import N_, _, clauses
from include.registry import Registry
from include.units.exit_codes import describe
from include.units.unit import MISCOUNTED_SIGN, NO_SHOP, State
from include.units.waivers import Waiver
from manager.coverage_reader import DAYS, CoverageReader, FoundGaps
from manager.table import cut, lined_up

LINES_OF_A_JOB, SHOPS_NAMED, RUNS_NAMED = 12, 3, 3
REASON_CELLS = 110
# Up to when shops are complete, by job and shop.
Marks = Mapping[tuple[str, str], datetime]


def waived_lines(registry: Registry, waived: Sequence[Waiver], since: date) -> list[str]:
    """Return a table of waivers: those of one shop that were made at once are one row."""
    if not waived:
        return [_("nothing is waived since {since}", since=since)]

    def at_once(waiver: Waiver) -> tuple[Any, ...]:
        return waiver.job_id, waiver.waived_at, waiver.shop_id

    rows: list[tuple[str, ...]] = [(_("job"), _("shop"), _("period"), _("by"), _("reason"))]
    ordered = sorted(waived, key=lambda one: (*at_once(one), one.period_start))
    for _one, together in groupby(ordered, key=at_once):
        first, *others = together
        keys = _from_to(first.period_key, [first, *others][-1].period_key)
        when = first.waived_at.astimezone(registry.jobs[first.job_id].schedule.zone)
        who = f"{first.waived_by}, {when:%Y-%m-%d %H:%M}"
        rows.append((first.job_id, first.shop_id, keys, who, first.reason))
    title = _("{number:,} waived since {since}", number=len(waived), since=since)
    return [title, *lined_up(rows)]


def gap_lines(reader: CoverageReader, found: FoundGaps, *, in_full: bool) -> list[str]:
    """Return what is missing, job by job, and what is not landed and no gap.

    Args:
        reader: of the installation.
        found: the gaps.
        in_full: whether a day was named from which on to look.
    """
    lines = []
    spans = spans_of(found.coverage, found.units, reader.under_way)
    for job_id, group in groupby(spans, key=lambda span: span.job_id):
        lines += _of_job(reader, job_id, list(group), found.shop)
    lines += _of_the_unknown(reader, found)
    quiet = _without_data(found)
    besides = found.not_gaps(reader.registry)
    if not found.units:
        asked, broken = found.job or found.shop, bool(found.coverage.problems)
        without = besides.without_gaps(asked, found.since, is_broken=broken)
        return [*lines, without, *quiet]
    if besides:
        lines += ["", _("besides, {units}", units=besides.described())]
    lines += quiet
    if not in_full:
        text = N_("these are of the last {days} days; older ones: `{command}`")
        lines.append(_(text, days=DAYS, command=f"{MANAGER} gaps --since 2025-01-01"))
    return [_title(reader, found), *lines]


def _title(reader: CoverageReader, found: FoundGaps) -> str:
    number, jobs = len(found.units), len({unit.job_id for unit in found.units})
    values = {
        "gaps": _(N_("{number:,} gaps") if number > 1 else N_("{number:,} gap"), number=number),
        "jobs": _(N_("{number} jobs") if jobs > 1 else N_("{number} job"), number=jobs),
        "since": found.since,
    }
    if seen_to := sum(map(reader.under_way.sees_to, found.units)):
        text = N_("{gaps} in {jobs} since {since}, runs under way cover {seen_to:,} of them")
        return _(text, **values, seen_to=seen_to)
    return _("{gaps} in {jobs} since {since}", **values)


def _without_data(found: FoundGaps) -> list[str]:
    """Return which jobs that land no data did not run, in a line that nobody is alarmed by."""
    counted = {} if found.job or found.shop else found.coverage.gaps_without_data(found.since)
    if not counted:
        return []
    text = N_(
        "not counted, since they land no data: {units} (`{manager} gaps --job JOB` lists them)"
    )
    units = [_("{number} of {job}", number=number, job=job) for job, number in counted.items()]
    return [_(text, units=units)]


def _of_job(reader: CoverageReader, job_id: str, spans: list[Span], shop: str | None) -> list[str]:
    """Return the lines of what is missing of one job, and the command that repairs it."""
    number = sum(len(span.units) for span in spans)
    lines = ["", "  ".join((job_id, reader.registry.jobs[job_id].name, f"({number:,})"))]
    if left := sum(len(span.units) for span in spans[:-LINES_OF_A_JOB]):
        text = N_("  {left:,} earlier ones (`{manager} gaps --json` has all)")
        lines.append(_(text, left=left))
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
        text = N_(
            "  runs by itself when contract {after} is complete: `{manager} complete {after} "
            "PERIOD` says what is missing"
        )
        lines.append(_(text, after=after))
    lost = [span for span in spans if span.state == State.UNREPAIRABLE]
    if lost:
        first, last = lost[0].first, lost[-1].last
        keys = first if first == last else f"{first} --until {last}"
        text = N_(
            "  no run can bring these; to accept them: {manager} waive {job} --period {keys} "
            "--reason TEXT"
        )
        lines.append(_(text, job=job_id, keys=keys))
    to_repair = [span for span in spans if not span.under_way and span not in lost]
    if not to_repair:
        return lines + [_("  queued or running runs cover them")] * (len(lost) < len(spans))
    lines += _stuck(reader, to_repair)
    codes = {span.exit_code for span in to_repair}
    lines += [f"  {_(first)}" for code, first in FIRST.items() if code in codes]
    since = min(span.units[0].period.first_day for span in to_repair)
    text = N_("  repair: {command}")
    if reader.paused and job_id in reader.paused:
        text = N_("  repair: {command}  (paused: `{manager} resume {job}` first)")
    command = repair_command(job_id, shop, since)
    return [*lines, _(text, command=command, job=job_id)]


def _stuck(reader: CoverageReader, spans: list[Span]) -> list[str]:
    """Name the runs that Airflow shows as queued or running, and that will close no gap."""
    units = (unit for span in spans for unit in span.units)
    found = filter(None, map(reader.under_way.stuck_before, units))
    lines = list(dict.fromkeys(f"  {run.trouble}" for run in found))
    if len(lines) > RUNS_NAMED:
        more = _("  and {count} more runs", count=len(lines) - RUNS_NAMED)
        return [*lines[:RUNS_NAMED], more]
    return lines


def _from_to(first: str, last: str) -> str:
    return first if first == last else _("{first} to {last}", first=first, last=last)


def _shops(registry: Registry, span: Span) -> str:
    if len(span.shops) > SHOPS_NAMED:
        return _("{count} shops", count=len(span.shops))
    return _(", ").join(_shop(registry, shop_id) for shop_id in span.shops)


def _shop(registry: Registry, shop_id: str) -> str:
    found = registry.shops.get(shop_id)
    return "" if shop_id == NO_SHOP else f"{shop_id} {found.name}" if found else shop_id


def _reason(span: Span) -> str:
    trouble = _trouble(span)
    return _("{trouble} (a run is under way)", trouble=trouble) if span.under_way else trouble


def _trouble(span: Span) -> str:
    if span.state == State.MISSED:
        row = span.units[0].row
        if row is not None and row.state == State.PROVISIONAL:
            return _("missed: pulled before it was due, and not again since")
        return _("missed: nothing was tried")
    if span.state == State.LOST:
        runs = sorted({unit.run_id or "?" for unit in span.units})
        return _("lost: running, without a sign of life (run {runs})", runs=runs)
    if span.state == State.MISCOUNTED:
        return f"{MISCOUNTED_SIGN} {span.error}"
    if span.state != State.UNREPAIRABLE:
        return _failed(span)
    quiet = span.exit_code is None and not span.error
    never = _("cannot be pulled again: its script takes no period")
    return never if quiet else clauses(never, _failed(span))


def _failed(span: Span) -> str:
    error = span.error or _("it has said no more")
    if span.exit_code is None:
        return _("failed: {error}", error=error)
    return _("failed, {code}: {error}", code=describe(span.exit_code), error=error)


def _of_the_unknown(reader: CoverageReader, found: FoundGaps) -> list[str]:
    """Return the lines of what cannot be known."""
    broken = found.coverage.problems
    text = N_("broken, so that what it should land is not known: {problem}")
    lines: list[str] = [_(text, problem=one) for one in broken]
    if reader.paused is None:
        lines.append(
            _(
                "which jobs are paused is not known, nor which runs are under way: Airflow's "
                "database does not answer"
            )
        )
    return ["", *lines] if lines else []


def mark_lines(registry: Registry, marks: Marks) -> list[str]:
    """Return a line per job and shop, each on its job's clock; the earliest first."""
    rows = [
        (job, _shop(registry, shop), f"{until.astimezone(registry.jobs[job].schedule.zone):%F %T}")
        for (job, shop), until in sorted(marks.items(), key=lambda mark: mark[1])
        if job in registry.jobs
    ]
    return ["", _("complete up to"), *lined_up(rows)] if rows else []
