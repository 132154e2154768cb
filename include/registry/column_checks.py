"""Checks of a job's columns, in the form that Airflow's common-sql provider takes."""

from __future__ import annotations

from include.registry.constraints import identifier, one_of

KINDS = ("null_check", "distinct_check", "unique_check", "min", "max")
COMPARISONS = ("equal_to", "greater_than", "geq_to", "less_than", "leq_to", "tolerance")
COLUMN = r"[A-Za-z_][A-Za-z0-9_]*"
TABLE = rf"({COLUMN}\.)?{COLUMN}"

column = identifier(COLUMN, "write the column's name as the table has it, as in paid_amount")
table = identifier(TABLE, "write the table's name as the warehouse has it, as in erp_orders")
kind = one_of(KINDS)
comparison = one_of(COMPARISONS)


def consistent(limits: dict[str, float]) -> dict[str, float]:
    """Take the comparisons of one check, if there is one and something can pass them all.

    Raises:
        ValueError: they exclude each other, or there is none.
    """
    given = limits.keys() - {"tolerance"}
    if not given:
        raise ValueError("compares with nothing: write equal_to, geq_to or leq_to")
    if "equal_to" in given and len(given) > 1:
        raise ValueError("has equal_to beside other comparisons: write equal_to alone")
    if limits.get("tolerance", 0) < 0:
        raise ValueError("has a tolerance below 0: write a share, as in 0.1")
    for two in ({"greater_than", "geq_to"}, {"less_than", "leq_to"}):
        if two <= given:
            raise ValueError(f"has both {' and '.join(sorted(two))}: write one of them")
    if _lets_nothing_pass(limits):
        raise ValueError("lets nothing pass: make the lower limit less than the upper one")
    return limits


def _lets_nothing_pass(limits: dict[str, float]) -> bool:
    infinity = float("inf")
    lower = max(limits.get(key, -infinity) for key in ("greater_than", "geq_to"))
    upper = min(limits.get(key, infinity) for key in ("less_than", "leq_to"))
    excluded = limits.keys() & {"greater_than", "less_than"}
    return lower >= upper if excluded else lower > upper
