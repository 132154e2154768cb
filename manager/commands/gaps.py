"""`gaps`: what was due and has not landed, why, and the command that repairs it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from shlex import join
from typing import TYPE_CHECKING, Any

from include.coverage import State
from include.coverage.calendar import oldest_kept
from include.coverage.gap_ranges import spans_of
from include.units.exit_codes import ExitCode, describe
from include.units.states import MISCOUNTED_SIGN
from include.units.unit import NO_SHOP
from manager.commands.waive import as_dict, rows_of
from manager.coverage_reader import (
    MANAGER,
    broken_for,
    check_names,
    first_moment,
    lookout,
    since_of,
)
from manager.not_gaps import besides_of
from manager.table import cut, lined_up
from manager.watermarks import asked_for, lines_of, told

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from datetime import date

    from include.coverage import Coverage, JudgedUnit
    from include.coverage.gap_ranges import Span
    from include.coverage.runs import UnderWay
    from include.registry import Registry
    from include.units.waivers import Waiver
    from manager.coverage_reader import Lookout
    from manager.layout import Layout
    from manager.watermarks import Marks

# Unless asked for more: older gaps are rare, and somebody has decided to leave them.
DAYS = 90
LINES_OF_A_JOB, SHOPS_NAMED, RUNS_NAMED = 12, 3, 3
UNREPAIRABLE = State.UNREPAIRABLE
REASON_CELLS = 110
COMPLETE, MISSING = 0, 1
# Without this a repair fails again.
FIRST: dict[int, str] = {
    ExitCode.REFUSED: "first: renew the credentials that the message names, in their connection",
    ExitCode.CONFIGURATION: "first: correct what the message names",
}


def gaps(layout: Layout, arguments: Namespace) -> int:
    """`gaps`: list them.

    Returns:
        0 when nothing is missing; 1 when something is, or when nobody can know because an entry is
        broken.

    Raises:
        ConfigurationError: unknown job or shop, or no day.
        ExpectedError: the warehouse does not answer.
    """
    with lookout(layout) as look:
        check_names(look.registry, arguments.job, arguments.shop)
        moment = look.now()
        since = since_of(arguments.since, moment)
        begin = moment - timedelta(days=DAYS) if since is None else first_moment(since)
        jobs = None if arguments.job is None else [arguments.job]
        coverage = look.read(begin, jobs=jobs)
        kept = oldest_kept(look.registry, moment)
        shown_since = since or begin.date()
        found = coverage.gaps(job=arguments.job, shop=arguments.shop, since=shown_since)
        whose = jobs or (look.registry.jobs if arguments.shop else {unit.job_id for unit in found})
        marks = asked_for(look.completeness(whose), found, arguments.job, arguments.shop)
    broken = broken_for(look.registry, coverage.problems, arguments.job, arguments.shop)
    coverage = replace(coverage, problems=broken)
    accepted = coverage.waivers(arguments.job, arguments.shop, shown_since)
    if arguments.waived:
        print(_of_waived(look.registry, accepted, shown_since, as_json=arguments.json))
        return COMPLETE
    if arguments.json:
        print(_as_json(look, coverage, found, shown_since, arguments, marks=marks))
    else:
        print("\n".join(_in_words(look, coverage, found, shown_since, arguments)))
        print("".join(f"{line}\n" for line in lines_of(look.registry, marks)), end="")
        if first_moment(shown_since) < kept:
            print(f"of what ended before {kept:%Y-%m-%d} the ledger keeps nothing")
    return MISSING if found or coverage.problems else COMPLETE


def _of_waived(registry: Registry, waived: Sequence[Waiver], since: date, *, as_json: bool) -> str:
    if as_json:
        told = {"since": since.isoformat(), "waived": [as_dict(one) for one in waived]}
        return json.dumps(told, indent=2, ensure_ascii=False)
    if not waived:
        return f"nothing is waived since {since}"
    rows = [("job", "shop", "period", "by", "reason"), *rows_of(registry, waived)]
    return "\n".join([f"{len(waived):,} waived since {since}", *lined_up(rows)])


def repair_command(job: str | None, shop: str | None, since: date | None) -> str:
    """Return the command that repairs the gaps that filters find."""
    said = {"--job": job, "--shop": shop, "--since": since}
    words = [word for option, value in said.items() if value for word in (option, str(value))]
    return f"{MANAGER} {join(['repair', *words, '--yes'])}"


def _in_words(
    look: Lookout, coverage: Coverage, found: list[JudgedUnit], since: date, arguments: Namespace
) -> list[str]:
    lines = []
    spans = spans_of(coverage, found, look.under_way)
    for job_id, group in groupby(spans, key=lambda span: span.job_id):
        lines += _of_job(look, job_id, list(group), arguments.shop)
    lines += _of_the_unknown(look, coverage)
    quiet = _without_data(coverage, since, arguments)
    jobs = len({unit.job_id for unit in found})
    seen_to = sum(look.under_way.sees_to(unit) for unit in found)
    besides = besides_of(coverage, look.registry, arguments.job, arguments.shop, since)
    if not found:
        asked = arguments.job or arguments.shop
        is_known = not coverage.problems
        return [*lines, besides.without_gaps(asked, since, is_known=is_known), *quiet]
    if besides:
        lines += ["", f"besides, {besides}"]
    lines += quiet
    asked = f"{MANAGER} {join(['gaps', '--since', '2025-01-01'])}"
    older = [] if arguments.since else [f"these are of the last {DAYS} days; older ones: `{asked}`"]
    word = "gap" if len(found) == 1 else "gaps"
    first = f"{len(found):,} {word} in {jobs} job{'s' * (jobs > 1)} since {since}"
    if seen_to:
        first += f", runs under way see to {seen_to:,} of them"
    return [first, *lines, *older]


def _without_data(coverage: Coverage, since: date, arguments: Namespace) -> list[str]:
    """Return which jobs that land no data did not run, in a line that nobody is alarmed by."""
    counted = {} if arguments.job or arguments.shop else coverage.gaps_without_data(since)
    if not counted:
        return []
    named = ", ".join(f"{number} of {job_id}" for job_id, number in counted.items())
    return [
        f"not counted, since they land no data: {named} (`{MANAGER} gaps --job JOB` lists them)"
    ]


def _of_job(look: Lookout, job_id: str, spans: list[Span], shop: str | None) -> list[str]:
    """Say what is missing of one job, and how that is repaired."""
    number = sum(len(span.units) for span in spans)
    shown = spans[-LINES_OF_A_JOB:]
    rows = [
        (_periods(span), _shops(look.registry, span), cut(_reason(span), REASON_CELLS))
        for span in shown
    ]
    title = f"{job_id}  {look.registry.jobs[job_id].name}  ({number:,})"
    left = sum(len(span.units) for span in spans[:-LINES_OF_A_JOB])
    before = [f"  {left:,} earlier ones (`{MANAGER} gaps --json` has all)"] if left else []
    open_spans = [span for span in spans if not span.under_way and span.state != UNREPAIRABLE]
    lost = [span for span in spans if span.state == UNREPAIRABLE]
    accepting = f"  no run can bring these; to accept them: {MANAGER} waive {job_id} --period "
    before_repair = [f"{accepting}{_from_to(lost)} --reason TEXT"] if lost else []
    if not open_spans:
        seen_to = ["  runs that wait or work see to them"] if len(lost) < len(spans) else []
        return ["", title, *before, *lined_up(rows), *before_repair, *seen_to]
    first = min(span.units[0].period.first_day for span in open_spans)
    repair = repair_command(job_id, shop, first)
    if look.paused and job_id in look.paused:
        repair += f"  (paused: `{MANAGER} resume {job_id}` first)"
    first_of_all = [f"  {FIRST[code]}" for code in FIRST if _ended_with(open_spans, code)]
    stuck = _stuck(look, open_spans)
    return [
        "",
        title,
        *before,
        *lined_up(rows),
        *before_repair,
        *stuck,
        *first_of_all,
        f"  repair: {repair}",
    ]


def _stuck(look: Lookout, spans: list[Span]) -> list[str]:
    """Name the runs that Airflow shows as queued or running, and that will close no gap."""
    units = (unit for span in spans for unit in span.units)
    found = filter(None, map(look.under_way.stuck_before, units))
    lines = list(dict.fromkeys(f"  {run.trouble}" for run in found))
    more = [f"  and {len(lines) - RUNS_NAMED} more runs"] if len(lines) > RUNS_NAMED else []
    return [*lines[:RUNS_NAMED], *more]


def _ended_with(spans: list[Span], code: int) -> bool:
    return any(span.exit_code == code for span in spans)


def _from_to(spans: list[Span]) -> str:
    first, last = spans[0].first, spans[-1].last
    return first if first == last else f"{first} --until {last}"


def _periods(span: Span) -> str:
    return span.first if span.first == span.last else f"{span.first} to {span.last}"


def _shops(registry: Registry, span: Span) -> str:
    if span.shops == (NO_SHOP,):
        return ""
    if len(span.shops) <= SHOPS_NAMED:
        return ", ".join(
            f"{shop_id} {registry.shops[shop_id].name}" if shop_id in registry.shops else shop_id
            for shop_id in span.shops
        )
    return f"{len(span.shops)} shops"


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
    if span.state == UNREPAIRABLE:
        how = "" if span.exit_code is None else f"; {failed}"
        return f"cannot be pulled again: its script takes no period{how}"
    return failed


def _of_the_unknown(look: Lookout, coverage: Coverage) -> list[str]:
    """Say what of all this nobody can know."""
    lines = [f"broken, so that what it should land is not known: {p}" for p in coverage.problems]
    if look.paused is None:
        lines.append(
            "which jobs are paused is not known, nor which runs are under way: Airflow's database "
            "does not answer"
        )
    return ["", *lines] if lines else []


def _as_json(
    look: Lookout,
    coverage: Coverage,
    found: Sequence[JudgedUnit],
    since: date,
    arguments: Namespace,
    *,
    marks: Marks,
) -> str:
    besides = besides_of(coverage, look.registry, arguments.job, arguments.shop, since)
    open_ = (unit for unit in found if unit.state != UNREPAIRABLE)
    is_left = any(not look.under_way.sees_to(unit) for unit in open_)
    answer: dict[str, Any] = {
        "made_at": coverage.made_at.isoformat(timespec="seconds"),
        "since": since.isoformat(),
        "gaps": [_unit(unit, look.under_way) for unit in found],
        "paused": None if look.paused is None else sorted(look.paused & look.registry.jobs.keys()),
        "besides": besides.told(),
        "without_data": dict(coverage.gaps_without_data(since)),
        "waived": [as_dict(one) for one in coverage.waivers(arguments.job, arguments.shop, since)],
        "complete": told(marks),
        "broken": [str(problem) for problem in coverage.problems],
        "repair": repair_command(arguments.job, arguments.shop, since) if is_left else None,
    }
    return json.dumps(answer, indent=2, ensure_ascii=False)


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
