"""`gaps`: what was due and has not landed, why, and the command that repairs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from manager.commands.options import Command, add_gap_filters
from manager.commands.waive import as_dict

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from include.coverage import JudgedUnit
    from include.coverage.runs import UnderWay
    from manager.coverage_reader import CoverageReader, FoundGaps
    from manager.gaps_text import Marks
    from manager.layout import Layout

COMPLETE, MISSING = 0, 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add which gaps, and whether to list the waived ones instead."""
    add_gap_filters(parser)
    parser.add_argument(
        "--waived", action="store_true", help="list what is waived instead: why, by whom and when"
    )


def gaps(layout: Layout, arguments: Namespace) -> int:
    """List them.

    Returns:
        0 when nothing is missing; 1 when something is, or when nobody can know because an entry is
        broken.

    Raises:
        ConfigurationError: unknown job or shop, or no day.
        ExpectedError: the warehouse does not answer.
    """
    from include.coverage.model import oldest_kept
    from manager.coverage_reader import coverage_reader, first_moment
    from manager.gaps_text import lines_of, marks_of, waived_lines

    with coverage_reader(layout) as reader:
        found = reader.gaps(arguments.job, arguments.shop, arguments.since)
        marks = marks_of(reader, found)
    if arguments.waived:
        waived = found.coverage.waivers(found.job, found.shop, found.since)
        if arguments.json:
            _print_json({"since": found.since.isoformat(), "waived": [*map(as_dict, waived)]})
        else:
            print("\n".join(waived_lines(reader.registry, waived, found.since)))
        return COMPLETE
    if arguments.json:
        _print_json(_as_dict(reader, found, marks))
    else:
        lines = lines_of(reader, found, marks, in_full=arguments.since is not None)
        kept = oldest_kept(reader.registry, found.now)
        if first_moment(found.since) < kept:
            lines.append(f"of what ended before {kept:%Y-%m-%d} the ledger keeps nothing")
        print("\n".join(lines))
    return MISSING if found.units or found.coverage.problems else COMPLETE


COMMAND = Command(
    "list what was due and has not landed, why, and how to repair it (exit code 1: something)",
    gaps,
    add_arguments,
    needs="as is",
)


def _print_json(told: dict[str, Any]) -> None:
    print(json.dumps(told, indent=2, ensure_ascii=False))


def _as_dict(reader: CoverageReader, found: FoundGaps, marks: Marks) -> dict[str, Any]:
    from include.units.unit import State
    from manager.gaps_text import repair_command
    from manager.not_gaps import not_gaps_of

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
        "besides": not_gaps_of(reader.registry, found).as_dict(),
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
