"""`report`: a day or a period in a page, as text, Markdown or JSON."""

import re
from argparse import Namespace
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from include import MANAGER
from include.coverage import Cell, JudgedUnit
from include.coverage.gap_ranges import in_brief
from include.coverage.model import oldest_kept
from include.coverage.remedies import FIRST
from include.coverage.report import Digest, Line, digest_of, since_for
from include.errors import ConfigurationError
from include.registry import Registry
from include.units.exit_codes import describe
from include.units.unit import MISCOUNTED_SIGN, State
from manager.coverage_reader import coverage_reader
from manager.layout import Layout
from manager.lookup import day_of, first_moment
from manager.table import cut, lined_up, print_json

Row = tuple[str, ...]
ERROR_CELLS, GAPS_SHOWN = 80, 15
HEAD = ("", "period", "landed", "empty", "failed", "missing", "waiting", "rows", "usual", "slowest")
UNIT = ("job", "shop", "period")


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
        print_json(_as_dict(subject, digest, broken, is_complete=is_complete))
    else:
        title = f"What was due on {subject.first_day}"
        if subject.period is not None:
            said = {cell.job.period for cell in cells}
            kinds = "" if said == {"day"} else f" ({', '.join(sorted(said))})"
            title = f"{subject.period}{kinds} is {'complete' if is_complete else 'not complete'}"
        print("\n".join(_page(title, digest, broken, markdown=arguments.markdown)))
    return int(subject.period is not None and not is_complete)


def _subject(arguments: Namespace, today: date) -> Subject:
    """Return what the options ask for; raises ConfigurationError when they name no day."""
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


def _page(title: str, digest: Digest, broken: Sequence[str], *, markdown: bool) -> list[str]:
    """Return its lines.

    Args:
        title: its first line.
        digest: what there is to say.
        broken: problems that leave open what should land.
        markdown: headings and tables of Markdown in place of columns.
    """
    whole = digest.whole
    against = "" if whole.percent is None else f" ({whole.percent:+} % against the usual)"
    said = f"{_summary(whole)}; {whole.rows:,} rows{against}"
    if not whole.counts:
        said = "nothing was due on this day"
    if broken:
        said += f"; {_broken(len(broken))}"
    lines = [f"{'# ' if markdown else ''}{title}", "", said]
    for heading, rows, more in _tables(digest):
        if len(rows) > 1:
            table = _markdown(rows) if markdown else [line.rstrip() for line in lined_up(rows)]
            lines += _part(heading, [*table, *more], markdown=markdown)
    if broken:
        heading = "Broken entries: what they should land is not known"
        lines += _part(heading, broken, markdown=markdown)
    return lines


def _tables(digest: Digest) -> Iterator[tuple[str, list[Row], list[str]]]:
    """Yield each table: its heading, its rows with their titles, and what stands below them."""
    rows = [*map(_row, (*digest.platforms, *digest.jobs))]
    yield "Platforms and jobs", [HEAD, *rows], []
    rows = [*map(_row, digest.without_data)]
    yield "Without data of their own, and not counted", [HEAD, *rows], []
    rows = [(*_names(unit), _gap(unit)) for unit in digest.gaps[:GAPS_SHOWN]]
    repair = f"`{MANAGER} gaps` says how to repair them"
    yield "Missing", [(*UNIT, "why"), *rows], [*_left(digest.gaps), repair]
    rows = [
        (*_names(one.unit), f"{one.rows:,}", f"{one.usual:,.0f}", f"{one.percent:+} %")
        for one in digest.unusual
    ]
    yield "Far from the usual", [(*UNIT, "rows", "usual", ""), *rows], []
    noted = [(unit, in_brief(unit.row.notice or "")) for unit in digest.noted if unit.row]
    rows = [(*_names(unit), notice) for unit, notice in noted[:GAPS_SHOWN]]
    yield "Worth knowing", [(*UNIT, "what landed"), *rows], _left(digest.noted)
    took = [(unit, unit.row.seconds or 0) for unit in digest.slowest if unit.row]
    rows = [(*_names(unit), f"{seconds:.1f} s") for unit, seconds in took]
    yield "Slowest", [(*UNIT, "took"), *rows], []


def _left(units: Sequence[JudgedUnit]) -> list[str]:
    left = len(units) - GAPS_SHOWN
    return [f"and {left:,} more"] if left > 0 else []


def _broken(number: int) -> str:
    if number == 1:
        return "1 problem of the registry: what its entry should land is not known"
    return f"{number} problems of the registry: what their entries should land is not known"


def _part(title: str, body: Sequence[str], *, markdown: bool) -> list[str]:
    return ["", f"## {title}", "", *body] if markdown else ["", title, *body]


def _markdown(rows: Sequence[Row]) -> list[str]:
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body)]


def _summary(line: Line) -> str:
    parts = [f"{line.landed} of {line.expected} landed"]
    if line.missing:
        parts.append(f"{line.missing} missing")
    if line.waiting:
        parts.append(f"{line.waiting} still to come")
    if line.counts[State.WAIVED]:
        parts.append(f"{line.counts[State.WAIVED]} waived")
    return ", ".join(parts)


def _row(line: Line) -> Row:
    failed = line.counts[State.FAILED] + line.counts[State.MISCOUNTED]
    numbers = (line.counts[State.EMPTY], failed, line.missing - failed, line.waiting)
    keys = line.keys[0] if len(line.keys) == 1 else f"{len(line.keys)} periods"
    usual = f"{line.usual:,.0f} ({line.percent:+} %)" if line.percent is not None else ""
    return (
        line.name,
        keys,
        f"{line.landed} of {line.expected}",
        *(f"{number}" if number else "" for number in numbers),
        f"{line.rows:,}",
        usual,
        "" if line.seconds is None else f"{line.seconds:.1f} s",
    )


def _gap(unit: JudgedUnit) -> str:
    if unit.state == State.MISCOUNTED:
        return cut(f"{MISCOUNTED_SIGN} {in_brief(unit.error)}", ERROR_CELLS)
    code = "" if unit.exit_code is None else describe(unit.exit_code)
    error = f": {in_brief(unit.error) or code}" if unit.error else ""
    first = f"; {FIRST[unit.exit_code]}" if unit.exit_code in FIRST else ""
    is_lost = unit.state == State.UNREPAIRABLE
    state = "cannot be pulled again" if is_lost else unit.state
    return cut(f"{state}{error}", ERROR_CELLS) + first


def _names(unit: JudgedUnit) -> Row:
    return unit.job_id, unit.shop_id, unit.period.key
