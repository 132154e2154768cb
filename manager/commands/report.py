"""`report`: a day or a period in a page, as text, Markdown or JSON."""

from __future__ import annotations

import json
import re
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from include.errors import ConfigurationError
from manager.commands.options import Command, add_json

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from datetime import date, datetime

    from include.coverage import Cell, JudgedUnit
    from include.coverage.report import Digest, Line
    from include.registry import Registry
    from manager.layout import Layout


def add_arguments(parser: ArgumentParser) -> None:
    """Add the day or period, and the format."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--date", metavar="DAY", help="what was due on this day (today)")
    which.add_argument(
        "--period",
        metavar="KEY",
        help="what covers this business day, week or month, such as 2025-10-02, 2025-09 or "
        "yesterday; exit code 0 when it is complete, else 1",
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    add_json(parser)


class Subject(NamedTuple):
    """What a report is about.

    Attributes:
        option: the option that names it.
        name: as it was written, or today.
        first_day: from which on there can be units of it.
        period: the key that it means; None for what was due on a day.
    """

    option: str
    name: str
    first_day: date
    period: str | None = None

    def has(self, cell: Cell) -> bool:
        """Return whether a job's period is part of it."""
        if self.period is None:
            return cell.due_at.date() == self.first_day
        key = cell.period.key
        return key == self.period or (cell.job.period == "tick" and key.startswith(self.period))


def report(layout: Layout, arguments: Namespace) -> int:
    """Print the page.

    Returns:
        0; 1 when a period was asked for that is not complete.

    Raises:
        ConfigurationError: no day or period, one that has not come or ended, or one of which
            nothing is kept.
        ExpectedError: the warehouse does not answer.
    """
    from include.coverage.model import oldest_kept
    from include.coverage.report import digest_of, since_for
    from manager.coverage_reader import coverage_reader, first_moment
    from manager.report_text import page

    with coverage_reader(layout) as reader:
        moment = reader.now()
        today = _today(reader.registry, moment)
        subject = _subject(arguments, today)
        _check(subject, today, oldest_kept(reader.registry, moment))
        coverage = reader.read(since_for(first_moment(subject.first_day)), in_full=True)
    cells = [cell for cell in coverage.cells if subject.has(cell)]
    if subject.period is not None and not cells:
        raise ConfigurationError(
            f"--period {subject.name}: no job has a period of this name that has ended: write a "
            f"day like {today - timedelta(days=1)}, a week's first day, a month like "
            f"{today.replace(day=1) - timedelta(days=1):%Y-%m}, or yesterday"
        )
    digest = digest_of(coverage, subject.has)
    broken = [str(problem) for problem in coverage.problems]
    is_complete = not broken and digest.whole.landed == digest.whole.expected
    if arguments.json:
        told = _as_dict(subject, digest, broken, is_complete=is_complete)
        print(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        title = f"What was due on {subject.first_day}"
        if subject.period is not None:
            said = {cell.job.period for cell in cells}
            kinds = "" if said == {"day"} else f" ({', '.join(sorted(said))})"
            title = f"{subject.period}{kinds} is {'complete' if is_complete else 'not complete'}"
        print("\n".join(page(title, digest, broken, markdown=arguments.markdown)))
    return int(subject.period is not None and not is_complete)


COMMAND = Command(
    "one day in a page: landed, empty, failed, missing, slowest, rows against the usual",
    report,
    add_arguments,
    needs="as is",
)


def _subject(arguments: Namespace, today: date) -> Subject:
    """Return what the options ask for; raises ConfigurationError when they name no day."""
    from manager.coverage_reader import day_of

    word = arguments.period
    if word is None:
        day = today if arguments.date is None else day_of("--date", arguments.date)
        return Subject("--date", str(day), day)
    if word == "yesterday":
        yesterday = today - timedelta(days=1)
        return Subject("--period", word, yesterday, yesterday.isoformat())
    if re.fullmatch("[0-9]{4}-[0-9]{2}", word):
        return Subject("--period", word, day_of("--period", f"{word}-01"), word)
    return Subject("--period", word, day_of("--period", word[: len("2025-10-02")]), word)


def _today(registry: Registry, moment: datetime) -> date:
    """Return the day it is where the first of the jobs is."""
    zones = [job.schedule.zone for job in registry.jobs.values()]
    return moment.astimezone(zones[0] if zones else ZoneInfo("UTC")).date()


def _check(subject: Subject, today: date, kept: datetime) -> None:
    from manager.coverage_reader import first_moment

    if subject.first_day > today + timedelta(days=1):  # it may have begun elsewhere
        raise ConfigurationError(f"{subject.option} {subject.name} has not come: today is {today}")
    # By days: a moment of the calendar's first day has no place on every clock.
    if subject.first_day < (kept - timedelta(days=1)).date() or (
        first_moment(subject.first_day).astimezone(timezone.utc) < kept
    ):
        raise ConfigurationError(
            f"{subject.option} {subject.name}: of what ended before {kept:%Y-%m-%d} the ledger "
            "keeps nothing (HOUSEKEEPING_LEDGER_DAYS): name a later day"
        )


def _as_dict(
    subject: Subject, digest: Digest, broken: Sequence[str], *, is_complete: bool
) -> dict[str, Any]:
    return {
        "day": subject.first_day.isoformat() if subject.period is None else None,
        "period": subject.period,
        "complete": is_complete,
        **_line(digest.whole),
        "platforms": {line.name: _line(line) for line in digest.platforms},
        **{
            name: {line.name: {"periods": line.keys, **_line(line)} for line in lines}
            for name, lines in (("jobs", digest.jobs), ("without_data", digest.without_data))
        },
        "gaps": [
            {"state": unit.state.value, "error": unit.error, **_named(unit)} for unit in digest.gaps
        ],
        "unusual": [
            {**_named(one.unit), "rows": one.rows, "usual": one.usual} for one in digest.unusual
        ],
        "notices": [
            {**_named(unit), "notice": unit.row.notice} for unit in digest.noted if unit.row
        ],
        "slowest": [
            {**_named(unit), "seconds": round(unit.row.seconds or 0, 1)}
            for unit in digest.slowest
            if unit.row
        ],
        "broken": list(broken),
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "expected": line.expected,
        "landed": line.landed,
        "missing": line.missing,
        "waiting": line.waiting,
        "states": {state.value: number for state, number in line.counts.items()},
        "rows": line.rows,
        "usual_rows": line.usual or None,
        "slowest_seconds": line.seconds,
    }


def _named(unit: JudgedUnit) -> dict[str, str]:
    return {"job": unit.job_id, "shop": unit.shop_id, "period": unit.period.key}
