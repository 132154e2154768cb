"""`report`: one day in a page, as text, Markdown or JSON."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.coverage import State
from include.coverage.calendar import oldest_kept
from include.coverage.digest import digest_of, since_for
from include.coverage.spans import in_brief
from include.errors import ConfigurationError
from include.running.exit_codes import describe
from include.service.covering import MANAGER, day_of, first_moment, lookout
from include.service.table import cut, lined_up

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from datetime import date, datetime

    from include.coverage import Unit
    from include.coverage.digest import Digest, Line, Unusual
    from include.registry import Registry
    from include.service.layout import Layout

ERROR_CELLS, GAPS_SHOWN = 80, 15
HEAD = ("", "period", "landed", "empty", "failed", "missing", "waiting", "rows", "usual", "slowest")


def report(layout: Layout, arguments: Namespace) -> int:
    """`report`: print it.

    Returns:
        0.

    Raises:
        ConfigurationError: no day, one that has not come, or one of which nothing is kept.
        ExpectedError: the warehouse does not answer.
    """
    with lookout(layout) as look:
        moment = look.now()
        today = _today(look.registry, moment)
        day = day_of("--date", arguments.date) if arguments.date is not None else today
        _check(day, today, oldest_kept(look.registry, moment))
        coverage = look.read(since_for(first_moment(day)), in_full=True)
    digest = digest_of(coverage, day)
    broken = [str(problem) for problem in coverage.problems]
    if arguments.json:
        print(json.dumps(_as_dict(digest, broken), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_page(digest, broken, markdown=arguments.markdown)))
    return 0


def _today(registry: Registry, moment: datetime) -> date:
    """Give the day it is where the first of the jobs is."""
    zones = [job.schedule.zone for job in registry.jobs.values()]
    return moment.astimezone(zones[0] if zones else ZoneInfo("UTC")).date()


def _check(day: date, today: date, kept: datetime) -> None:
    if day > today + timedelta(days=1):  # it may have begun elsewhere
        raise ConfigurationError(f"--date {day} has not come: today is {today}")
    if first_moment(day).astimezone(timezone.utc) < kept:
        raise ConfigurationError(
            f"--date {day}: of what ended before {kept:%Y-%m-%d} the ledger keeps nothing "
            "(HOUSEKEEPING_LEDGER_DAYS): name a later day"
        )


def _page(digest: Digest, broken: Sequence[str], *, markdown: bool) -> list[str]:
    whole = digest.whole
    title = f"{'# ' if markdown else ''}What was due on {digest.day}"
    said = f"{_summary(whole)}; {whole.rows:,} rows{_against(whole)}"
    if not whole.counts:
        said = "nothing was due on this day"
    if broken:
        said += f"; {_broken(len(broken))}"
    lines = [title, "", said]
    table = _markdown if markdown else _text
    if digest.jobs:
        rows = [_row(line) for line in (*digest.platforms, *digest.jobs)]
        lines += _part("Platforms and jobs", table([HEAD, *rows]), markdown=markdown)
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
    return ", ".join(parts)


def _against(line: Line) -> str:
    return "" if line.percent is None else f" ({line.percent:+} % against the usual)"


def _row(line: Line) -> tuple[str, ...]:
    failed = line.counts[State.FAILED]
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


def _gap(unit: Unit) -> tuple[str, ...]:
    code = "" if unit.exit_code is None else describe(unit.exit_code)
    error = f": {in_brief(unit.error) or code}" if unit.error else ""
    return (*_names(unit), cut(f"{unit.state}{error}", ERROR_CELLS))


def _unusual(one: Unusual) -> tuple[str, ...]:
    return (*_names(one.unit), f"{one.rows:,}", f"{one.usual:,.0f}", f"{one.percent:+} %")


def _names(unit: Unit) -> tuple[str, str, str]:
    return unit.job_id, unit.shop_id, unit.period.key


def _seconds(unit: Unit) -> str:
    return f"{(unit.row.seconds if unit.row else None) or 0:.1f}"


def _as_dict(digest: Digest, broken: Sequence[str]) -> dict[str, Any]:
    return {
        "day": digest.day.isoformat(),
        **_line(digest.whole),
        "platforms": {line.name: _line(line) for line in digest.platforms},
        "jobs": {line.name: {"periods": line.keys, **_line(line)} for line in digest.jobs},
        "gaps": [
            {"state": unit.state.value, "error": unit.error, **_named(unit)} for unit in digest.gaps
        ],
        "unusual": [
            {**_named(one.unit), "rows": one.rows, "usual": one.usual} for one in digest.unusual
        ],
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


def _named(unit: Unit) -> dict[str, str]:
    return {"job": unit.job_id, "shop": unit.shop_id, "period": unit.period.key}
