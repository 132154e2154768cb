"""The page that `report` prints, as text or Markdown."""

from collections.abc import Iterator, Sequence

from include.coverage import JudgedUnit
from include.coverage.gap_ranges import in_brief
from include.coverage.missing import FIRST
from include.coverage.report import Digest, Line
from include.language import N_, _, clauses
from include.units.exit_codes import describe
from include.units.unit import MISCOUNTED_SIGN, State
from manager.table import cut, lined_up

Row = tuple[str, ...]
ERROR_CELLS, GAPS_SHOWN = 80, 15
# Headings of columns.
HEAD = (
    N_("period"),
    N_("landed"),
    N_("empty"),
    N_("failed"),
    N_("missing"),
    N_("waiting"),
    N_("rows"),
    N_("usual"),
    N_("slowest"),
)
UNIT = (N_("job"), N_("shop"), N_("period"))


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
    loaded = _("{rows:,} rows", rows=whole.rows)
    if whole.percent is not None:
        text = N_("{rows:,} rows ({percent:+} % against the usual)")
        loaded = _(text, rows=whole.rows, percent=whole.percent)
    said = clauses(_summary(whole), loaded)
    if not whole.counts:
        said = _("nothing was due on this day")
    if broken:
        said = clauses(said, _broken(len(broken)))
    lines = [f"{'# ' if markdown else ''}{title}", ""]
    if contracts:
        lines += [*(f"- {line}" if markdown else line for line in contracts), ""]
    lines.append(said)
    for heading, rows, more in _tables(digest):
        if len(rows) > 1:
            table = _markdown(rows) if markdown else [line.rstrip() for line in lined_up(rows)]
            lines += _part(heading, [*table, *more], markdown=markdown)
    if broken:
        heading = _("Broken entries: what they should land is not known")
        lines += _part(heading, broken, markdown=markdown)
    return lines


def _tables(digest: Digest) -> Iterator[tuple[str, list[Row], list[str]]]:
    """Yield each table: its heading, its rows with their titles, and what stands below them."""
    rows = [*map(_row, (*digest.platforms, *digest.jobs))]
    head, unit_of = ("", *map(_, HEAD)), tuple(map(_, UNIT))
    yield _("Platforms and jobs"), [head, *rows], []
    rows = [*map(_row, digest.without_data)]
    yield _("Without data of their own, and not counted"), [head, *rows], []
    rows = [(*_names(unit), _gap(unit)) for unit in digest.gaps[:GAPS_SHOWN]]
    repair = _("`{manager} gaps` says how to repair them")
    yield _("Missing"), [(*unit_of, _("why")), *rows], [*_left(digest.gaps), repair]
    rows = [
        (*_names(one.unit), f"{one.rows:,}", f"{one.usual:,.0f}", f"{one.percent:+} %")
        for one in digest.unusual
    ]
    yield _("Far from the usual"), [(*unit_of, _("rows"), _("usual"), ""), *rows], []
    noted = [(unit, in_brief(unit.row.shown_notice or "")) for unit in digest.noted if unit.row]
    rows = [(*_names(unit), notice) for unit, notice in noted[:GAPS_SHOWN]]
    yield _("Worth knowing"), [(*unit_of, _("what landed")), *rows], _left(digest.noted)
    rows = [(*_names(unit), str(unit.row.drift)) for unit in digest.restated if unit.row]
    table = [(*unit_of, _("other rows")), *rows[:GAPS_SHOWN]]
    yield _("Changed since they landed"), table, _left(digest.restated)
    took = [(unit, unit.row.seconds or 0) for unit in digest.slowest if unit.row]
    rows = [(*_names(unit), _("{seconds:.1f} s", seconds=seconds)) for unit, seconds in took]
    yield _("Slowest"), [(*unit_of, _("took")), *rows], []


def _left(units: Sequence[JudgedUnit]) -> list[str]:
    left = len(units) - GAPS_SHOWN
    return [_("and {left:,} more", left=left)] if left > 0 else []


def _broken(number: int) -> str:
    if number == 1:
        return _("1 problem of the registry: what its entry should land is not known")
    text = N_("{number} problems of the registry: what their entries should land is not known")
    return _(text, number=number)


def _part(title: str, body: Sequence[str], *, markdown: bool) -> list[str]:
    return ["", f"## {title}", "", *body] if markdown else ["", title, *body]


def _markdown(rows: Sequence[Row]) -> list[str]:
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *body)]


def _summary(line: Line) -> str:
    parts = [_("{landed} of {count} landed", landed=line.landed, count=line.expected)]
    if line.missing:
        parts.append(_("{number} missing", number=line.missing))
    if line.waiting:
        parts.append(_("{number} still to come", number=line.waiting))
    if waived := line.counts[State.WAIVED]:
        parts.append(_("{number} waived", number=waived))
    return _(", ").join(parts)


def _row(line: Line) -> Row:
    failed = line.counts[State.FAILED] + line.counts[State.MISCOUNTED]
    numbers = (line.counts[State.EMPTY], failed, line.missing - failed, line.waiting)
    keys = line.keys[0] if len(line.keys) == 1 else _("{count} periods", count=len(line.keys))
    usual = f"{line.usual:,.0f} ({line.percent:+} %)" if line.percent is not None else ""
    return (
        line.name,
        keys,
        _("{landed} of {count}", landed=line.landed, count=line.expected),
        *(f"{number}" if number else "" for number in numbers),
        f"{line.rows:,}",
        usual,
        "" if line.seconds is None else _("{seconds:.1f} s", seconds=line.seconds),
    )


def _gap(unit: JudgedUnit) -> str:
    if unit.state == State.MISCOUNTED:
        return cut(f"{MISCOUNTED_SIGN} {in_brief(unit.shown_error)}", ERROR_CELLS)
    code = "" if unit.exit_code is None else describe(unit.exit_code)
    is_lost = unit.state == State.UNREPAIRABLE
    how = _("cannot be pulled again") if is_lost else _(unit.state.value)
    if unit.error:
        how = _("{state}: {error}", state=how, error=in_brief(unit.shown_error) or code)
    return clauses(cut(how, ERROR_CELLS), _(FIRST.get(unit.exit_code or 0, "")))


def _names(unit: JudgedUnit) -> Row:
    return unit.job_id, unit.shop_id, unit.period.key
