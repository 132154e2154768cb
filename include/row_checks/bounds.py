"""What is expected of the rows that a unit landed, in figures and in words."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from include.units.unit import PERIODS_COMPARED, SOURCE_COUNTS, LedgerRow, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.registry.checks_schema import Checks

COMPARISONS = {
    "equal_to": "exactly",
    "greater_than": "more than",
    "geq_to": "at least",
    "less_than": "less than",
    "leq_to": "at most",
}
NO_TOTAL = (
    "its script does not say how many rows the source counts, so control_total can tell nothing: "
    "remove control_total where the source (or its entry in config/feeds.yaml) names no total, or "
    "let the script write source_rows to the ledger (Ledger.land)"
)


def too_few(checks: Checks, rows: int, last_rows: Sequence[int]) -> list[str]:
    """Return what is wrong with a unit that landed too few rows: the figure and the bound of each.

    `last_rows`: how many its last like periods landed; too few of them make no `max_drop`.
    """
    faults = []
    if checks.min_rows is not None and rows < checks.min_rows:
        faults.append(f"{rows:,} rows, at least {checks.min_rows:,} expected")
    if checks.max_drop is not None and len(last_rows) == PERIODS_COMPARED:
        usual, percent = median(last_rows), round(checks.max_drop * 100)
        # Rounded up in whole numbers: 40 % of 400 is 160, which binary fractions may miss.
        if rows < -(-int(usual * 2) * (100 - percent) // 200):
            drop, shown = 100 * (1 - rows / usual), f"{usual:,.1f}".removesuffix(".0")
            faults.append(
                f"{rows:,} rows, the median of the last four is {shown}: a drop of {drop:.4g} %, "
                f"at most {percent} % allowed"
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
    told = f"{rows:,} {SOURCE_COUNTS} {counted:,}"
    return f"{told}: at most {allowed:,} apart allowed" if allowed else told


def is_uncounted(row: LedgerRow) -> bool:
    """Return whether a unit landed by its script's exit code, which says nothing of rows."""
    return row.state == State.OK and row.rows is None


def not_to_tell(checks: Checks) -> str:
    """Return which checks tell nothing of a unit without a count, and how to repair that."""
    keys = ["min_rows"] if checks.min_rows is not None and checks.table is None else []
    keys += ["max_drop"] if checks.max_drop is not None else []
    if not keys:
        return ""
    told = f"its script reports no rows, so {' and '.join(keys)} can tell nothing: let it write "
    or_else = ", or add 'table' and 'day', whose rows then count for min_rows"
    return f"{told}them to the ledger (Ledger.land){or_else if 'min_rows' in keys else ''}"


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
    said = [f"{COMPARISONS[key]} {limits[key]:g}" for key in COMPARISONS if key in limits]
    tolerance = limits.get("tolerance")
    give_or_take = f", give or take {tolerance * 100:g} %" if tolerance else ""
    return " and ".join(said) + give_or_take


def summary(checks: Checks) -> str:
    """Return in one line what is checked after loading."""
    parts = []
    if checks.min_rows is not None:
        rows = "row" if checks.min_rows == 1 else "rows"
        parts.append(f"at least {checks.min_rows:,} {rows}")
    if checks.max_drop is not None:
        parts.append(
            f"at most {checks.max_drop:.0%} fewer rows than the median of the last four periods"
        )
    if checks.control_total is not None:
        tolerance = checks.control_total.tolerance
        apart = f", give or take {tolerance:.0%}" if tolerance else ""
        parts.append(f"as many rows as the source counts{apart}")
    parts += [
        f"`{checks.table}.{column}`: {kind} {in_words(limits)}"
        for column, kinds in checks.columns.items()
        for kind, limits in kinds.items()
    ]
    return "; ".join(parts)
