"""What is expected of the rows that a unit landed, in figures and in words."""

from __future__ import annotations

from functools import reduce
from statistics import median
from typing import TYPE_CHECKING, Any

from include.language import N_, _, clauses
from include.units.unit import PERIODS_COMPARED, LedgerRow, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.registry.checks_schema import Checks

# Templates, by the names that common-sql has for comparisons.
COMPARISONS = {
    "equal_to": N_("exactly {limit:g}"),
    "greater_than": N_("more than {limit:g}"),
    "geq_to": N_("at least {limit:g}"),
    "less_than": N_("less than {limit:g}"),
    "leq_to": N_("at most {limit:g}"),
}
NO_ROWS = N_(
    "its script reports no rows, so {check} can tell nothing: let it write them to the ledger "
    "(Ledger.land)"
)
OR_TABLE = N_("{told}, or add 'table' and 'day', whose rows then count for min_rows")
NO_TOTAL = N_(
    "its script does not say how many rows the source counts, so control_total can tell "
    "nothing: remove control_total where the source (or its entry in config/feeds.yaml) "
    "names no total, or let the script write source_rows to the ledger (Ledger.land)"
)


def too_few(checks: Checks, rows: int, last_rows: Sequence[int]) -> list[str]:
    """Return what is wrong with a unit that landed too few rows: the figure and the bound of each.

    `last_rows`: how many its last like periods landed; too few of them make no `max_drop`.
    """
    faults: list[str] = []
    if checks.min_rows is not None and rows < checks.min_rows:
        faults.append(
            _("{rows:,} rows, at least {least:,} expected", rows=rows, least=checks.min_rows)
        )
    if checks.max_drop is not None and len(last_rows) == PERIODS_COMPARED:
        usual, percent = median(last_rows), round(checks.max_drop * 100)
        # Rounded up in whole numbers: 40 % of 400 is 160, which binary fractions may miss.
        if rows < -(-int(usual * 2) * (100 - percent) // 200):
            drop, shown = 100 * (1 - rows / usual), f"{usual:,.1f}".removesuffix(".0")
            faults.append(
                _(
                    "{rows:,} rows, the median of the last four is {shown}: a drop of "
                    "{drop:.4g} %, at most {percent} % allowed",
                    rows=rows,
                    shown=shown,
                    drop=drop,
                    percent=percent,
                )
            )
    return faults


def miscount(checks: Checks, row: LedgerRow) -> str:
    """Return what is wrong with a unit's rows against the source's own count; empty: nothing."""
    if checks.control_total is None or row.source_rows is None:
        return ""
    rows, counted = row.rows or 0, row.source_rows
    allowed = checks.control_total.allowed(counted)
    if abs(rows - counted) <= allowed:
        return ""
    # As SOURCE_COUNTS, by which its row in the ledger is known.
    told = _("{rows:,} landed, the source counts {counted:,}", rows=rows, counted=counted)
    if not allowed:
        return told
    return _("{told}: at most {allowed:,} apart allowed", told=told, allowed=allowed)


def is_uncounted(row: LedgerRow) -> bool:
    """Return whether a unit landed by its script's exit code, which says nothing of rows."""
    return row.state == State.OK and row.rows is None


def not_to_tell(checks: Checks) -> str:
    """Return which checks tell nothing of a unit without a count, and how to repair that."""
    keys = ["min_rows"] if checks.min_rows is not None and checks.table is None else []
    keys += ["max_drop"] if checks.max_drop is not None else []
    if not keys:
        return ""
    both = _("{one} and {other}", one=keys[0], other=keys[-1])
    told = _(NO_ROWS, check=both if keys[1:] else keys[0])
    return _(OR_TABLE, told=told) if "min_rows" in keys else told


def passes(limits: Mapping[str, float], found: Any) -> bool:
    """Return whether a figure is within the limits of a column check, as common-sql compares.

    Args:
        limits: comparison to value; a `tolerance` widens each bound by that share of it.
        found: a number, or what the database compares like one.

    Raises:
        TypeError: it cannot be compared with a number.
    """
    tolerance = limits.get("tolerance")

    def bound(key: str, sign: int) -> float:
        expected = limits[key]
        return expected if tolerance is None else expected + sign * abs(expected) * tolerance

    compared = [
        ("geq_to" in limits and not found >= bound("geq_to", -1)),
        ("greater_than" in limits and not found > bound("greater_than", -1)),
        ("leq_to" in limits and not found <= bound("leq_to", 1)),
        ("less_than" in limits and not found < bound("less_than", 1)),
    ]
    if "equal_to" in limits:
        low, high = bound("equal_to", -1), bound("equal_to", 1)
        compared.append(found != low if tolerance is None else not low <= found <= high)
    return not any(compared)


def in_words(limits: Mapping[str, float]) -> str:
    """Return in words what the comparisons of a column check expect."""
    said = [_(COMPARISONS[key], limit=limits[key]) for key in COMPARISONS if key in limits]
    told = reduce(lambda one, other: _("{one} and {other}", one=one, other=other), said)
    if tolerance := limits.get("tolerance"):
        return _("{told}, give or take {percent:g} %", told=told, percent=tolerance * 100)
    return told


def summary(checks: Checks) -> str:
    """Return in one line what is checked after loading."""
    parts: list[str] = []
    if checks.min_rows is not None:
        one, more = N_("at least {rows:,} row"), N_("at least {rows:,} rows")
        parts.append(_(one if checks.min_rows == 1 else more, rows=checks.min_rows))
    if checks.max_drop is not None:
        parts.append(
            _(
                "at most {max_drop:.0%} fewer rows than the median of the last four periods",
                max_drop=checks.max_drop,
            )
        )
    if checks.control_total is not None:
        tolerance = checks.control_total.tolerance
        told = _("as many rows as the source counts")
        apart = _("{told}, give or take {percent:.0%}", told=told, percent=tolerance)
        parts.append(apart if tolerance else told)
    parts += [
        _(
            "`{table}.{column}`: {kind} {limits}",
            table=checks.table,
            column=column,
            kind=kind,
            limits=in_words(limits),
        )
        for column, kinds in checks.columns.items()
        for kind, limits in kinds.items()
    ]
    return clauses(*parts)
