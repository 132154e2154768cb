"""`report`: a day or a period in a page, as text, Markdown or JSON."""

from __future__ import annotations

import json
import re
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from include.coverage import State
from include.coverage.calendar import oldest_kept
from include.coverage.gap_ranges import in_brief
from include.coverage.report import digest_of, since_for
from include.errors import ConfigurationError
from include.units.exit_codes import describe
from include.units.states import MISCOUNTED_SIGN
from manager.commands.gaps import FIRST
from manager.coverage_reader import MANAGER, day_of, first_moment, lookout
from manager.table import cut, lined_up

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from datetime import date, datetime

    from include.coverage import Cell, JudgedUnit
    from include.coverage.report import Digest, Line, Unusual
    from include.registry import Registry
    from manager.layout import Layout

ERROR_CELLS, GAPS_SHOWN = 80, 15
HEAD = ("", "period", "landed", "empty", "failed", "missing", "waiting", "rows", "usual", "slowest")


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
    """`report`: print it.

    Returns:
        0; 1 when a period was asked for that is not complete.

    Raises:
        ConfigurationError: no day or period, one that has not come or ended, or one of which
            nothing is kept.
        ExpectedError: the warehouse does not answer.
    """
    with lookout(layout) as look:
        moment = look.now()
        today = _today(look.registry, moment)
        subject = _subject(arguments, today)
        _check(subject, today, oldest_kept(look.registry, moment))
        coverage = look.read(since_for(first_moment(subject.first_day)), in_full=True)
    if subject.period is not None and not any(map(subject.has, coverage.cells)):
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
            said = {cell.job.period for cell in coverage.cells if subject.has(cell)}
            kinds = "" if said == {"day"} else f" ({', '.join(sorted(said))})"
            title = f"{subject.period}{kinds} is {'complete' if is_complete else 'not complete'}"
        print("\n".join(_page(title, digest, broken, markdown=arguments.markdown)))
    return int(subject.period is not None and not is_complete)


def _subject(arguments: Namespace, today: date) -> Subject:
    """Return what the options ask for.

    Raises:
        ConfigurationError: they name no day and no period.
    """
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


def _page(title: str, digest: Digest, broken: Sequence[str], *, markdown: bool) -> list[str]:
    whole = digest.whole
    said = f"{_summary(whole)}; {whole.rows:,} rows{_against(whole)}"
    if not whole.counts:
        said = "nothing was due on this day"
    if broken:
        said += f"; {_broken(len(broken))}"
    lines = [f"{'# ' if markdown else ''}{title}", "", said]
    table = _markdown if markdown else _text
    if digest.jobs:
        rows = [_row(line) for line in (*digest.platforms, *digest.jobs)]
        lines += _part("Platforms and jobs", table([HEAD, *rows]), markdown=markdown)
    if digest.without_data:
        rows = [_row(line) for line in digest.without_data]
        title = "Without data of their own, and not counted"
        lines += _part(title, table([HEAD, *rows]), markdown=markdown)
    if digest.gaps:
        gaps = [_gap(unit) for unit in digest.gaps[:GAPS_SHOWN]]
        left = len(digest.gaps) - len(gaps)
        more = [f"and {left:,} more"] if left else []
        body = [*table([("job", "shop", "period", "why"), *gaps]), *more]
        body.append(f"`{MANAGER} gaps` says how to repair them")
        lines += _part("Missing", body, markdown=markdown)
    if digest.unusual:
        unusual = [_unusual(one) for one in digest.unusual]
        head = ("job", "shop", "period", "rows", "usual", "")
        lines += _part("Far from the usual", table([head, *unusual]), markdown=markdown)
    if digest.noted:
        noted = [(*_names(unit), in_brief(_notice(unit))) for unit in digest.noted[:GAPS_SHOWN]]
        left = len(digest.noted) - len(noted)
        body = table([("job", "shop", "period", "what landed"), *noted])
        lines += _part(
            "Worth knowing", [*body, *([f"and {left:,} more"] if left else [])], markdown=markdown
        )
    if digest.slowest:
        slowest = [(*_names(unit), f"{_seconds(unit)} s") for unit in digest.slowest]
        lines += _part(
            "Slowest", table([("job", "shop", "period", "took"), *slowest]), markdown=markdown
        )
    if broken:
        lines += _part(
            "Broken entries: what they should land is not known", list(broken), markdown=markdown
        )
    return lines


def _broken(number: int) -> str:
    if number == 1:
        return "1 problem of the registry: what its entry should land is not known"
    return f"{number} problems of the registry: what their entries should land is not known"


def _part(title: str, body: list[str], *, markdown: bool) -> list[str]:
    return ["", f"## {title}", "", *body] if markdown else ["", title, *body]


def _text(rows: list[tuple[str, ...]]) -> list[str]:
    return [line.rstrip() for line in lined_up(rows)]


def _markdown(rows: list[tuple[str, ...]]) -> list[str]:
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(line)} |" for line in lines]


def _summary(line: Line) -> str:
    parts = [f"{line.landed} of {line.expected} landed"]
    if line.missing:
        parts.append(f"{line.missing} missing")
    if line.waiting:
        parts.append(f"{line.waiting} still to come")
    if line.counts[State.WAIVED]:
        parts.append(f"{line.counts[State.WAIVED]} waived")
    return ", ".join(parts)


def _against(line: Line) -> str:
    return "" if line.percent is None else f" ({line.percent:+} % against the usual)"


def _row(line: Line) -> tuple[str, ...]:
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


def _gap(unit: JudgedUnit) -> tuple[str, ...]:
    code = "" if unit.exit_code is None else describe(unit.exit_code)
    error = f": {in_brief(unit.error) or code}" if unit.error else ""
    first = f"; {FIRST[unit.exit_code]}" if unit.exit_code in FIRST else ""
    if unit.state == State.MISCOUNTED:
        return (*_names(unit), cut(f"{MISCOUNTED_SIGN} {in_brief(unit.error)}", ERROR_CELLS))
    is_lost = unit.state == State.UNREPAIRABLE
    state = "cannot be pulled again" if is_lost else unit.state
    return (*_names(unit), cut(f"{state}{error}", ERROR_CELLS) + first)


def _unusual(one: Unusual) -> tuple[str, ...]:
    return (*_names(one.unit), f"{one.rows:,}", f"{one.usual:,.0f}", f"{one.percent:+} %")


def _notice(unit: JudgedUnit) -> str:
    return (unit.row.notice if unit.row else None) or ""


def _names(unit: JudgedUnit) -> tuple[str, str, str]:
    return unit.job_id, unit.shop_id, unit.period.key


def _seconds(unit: JudgedUnit) -> str:
    return f"{(unit.row.seconds if unit.row else None) or 0:.1f}"


def _as_dict(
    subject: Subject, digest: Digest, broken: Sequence[str], *, is_complete: bool
) -> dict[str, Any]:
    return {
        "day": subject.first_day.isoformat() if subject.period is None else None,
        "period": subject.period,
        "complete": is_complete,
        **_line(digest.whole),
        "platforms": {line.name: _line(line) for line in digest.platforms},
        "jobs": {line.name: {"periods": line.keys, **_line(line)} for line in digest.jobs},
        "without_data": {
            line.name: {"periods": line.keys, **_line(line)} for line in digest.without_data
        },
        "gaps": [
            {"state": unit.state.value, "error": unit.error, **_named(unit)} for unit in digest.gaps
        ],
        "unusual": [
            {**_named(one.unit), "rows": one.rows, "usual": one.usual} for one in digest.unusual
        ],
        "notices": [{**_named(unit), "notice": _notice(unit)} for unit in digest.noted],
        "slowest": [{**_named(unit), "seconds": float(_seconds(unit))} for unit in digest.slowest],
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
