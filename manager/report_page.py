"""The page that `report` prints, as text or Markdown."""

from collections.abc import Iterator, Sequence

from include import MANAGER
from include.coverage import JudgedUnit
from include.coverage.gap_ranges import in_brief
from include.coverage.remedies import FIRST
from include.coverage.report import Digest, Line
from include.units.exit_codes import describe
from include.units.unit import MISCOUNTED_SIGN, State
from manager.table import cut, lined_up

Row = tuple[str, ...]
ERROR_CELLS, GAPS_SHOWN = 80, 15
HEAD = ("", "period", "landed", "empty", "failed", "missing", "waiting", "rows", "usual", "slowest")
UNIT = ("job", "shop", "period")


def page_of(
    title: str,
    contracts: Sequence[str],
    digest: Digest,
    broken: Sequence[str],
    *,
    markdown: bool,
) -> list[str]:
    """Return its lines.

    Args:
        title: its first line.
        contracts: how each contract stands, in a line each.
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
    lines = [f"{'# ' if markdown else ''}{title}", ""]
    if contracts:
        lines += [*(f"- {line}" if markdown else line for line in contracts), ""]
    lines.append(said)
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
    noted = [(unit, in_brief(unit.row.shown_notice or "")) for unit in digest.noted if unit.row]
    rows = [(*_names(unit), notice) for unit, notice in noted[:GAPS_SHOWN]]
    yield "Worth knowing", [(*UNIT, "what landed"), *rows], _left(digest.noted)
    rows = [(*_names(unit), str(unit.row.drift)) for unit in digest.restated if unit.row]
    heading = [(*UNIT, "other rows")]
    yield "Changed since they landed", [*heading, *rows[:GAPS_SHOWN]], _left(digest.restated)
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
        return cut(f"{MISCOUNTED_SIGN} {in_brief(unit.shown_error)}", ERROR_CELLS)
    code = "" if unit.exit_code is None else describe(unit.exit_code)
    error = f": {in_brief(unit.shown_error) or code}" if unit.error else ""
    first = f"; {FIRST[unit.exit_code]}" if unit.exit_code in FIRST else ""
    is_lost = unit.state == State.UNREPAIRABLE
    state = "cannot be pulled again" if is_lost else unit.state
    return cut(f"{state}{error}", ERROR_CELLS) + first


def _names(unit: JudgedUnit) -> Row:
    return unit.job_id, unit.shop_id, unit.period.key
