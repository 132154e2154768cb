"""`gaps`: what was due and has not landed, why, and the command that repairs it."""

from argparse import Namespace
from collections import defaultdict
from typing import Any

from include.coverage import JudgedUnit
from include.coverage.missing import repair_command
from include.coverage.runs import UnderWay
from include.language import _
from include.units.retention import oldest_kept
from include.units.unit import State
from manager.commands.waive import as_dict
from manager.coverage_reader import CoverageReader, FoundGaps, coverage_reader
from manager.gap_lines import Marks, gap_lines, mark_lines, waived_lines
from manager.layout import Layout
from manager.lookup import first_moment
from manager.table import print_json

COMPLETE, MISSING = 0, 1


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
            print("\n".join(waived_lines(reader.registry, waived, found.since)))
        return COMPLETE
    if arguments.json:
        print_json(_as_dict(reader, found, marks))
    else:
        lines = gap_lines(reader, found, in_full=arguments.since is not None)
        lines += mark_lines(reader.registry, marks)
        kept = oldest_kept(reader.registry, found.now)
        if first_moment(found.since) < kept:
            lines.append(
                _("of what ended before {day:%Y-%m-%d} the ledger keeps nothing", day=kept)
            )
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
    if found.job or found.shop:
        jobs = [found.job] if found.job else reader.registry.jobs
        some = [found.shop] if found.shop else None
        return reader.completeness(dict.fromkeys(jobs, some), found.units)
    behind: dict[str, set[str]] = defaultdict(set)
    for unit in found.units:
        behind[unit.job_id].add(unit.shop_id)
    return reader.completeness(behind, found.units)
