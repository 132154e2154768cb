"""Column checks are those that Airflow's common-sql provider runs."""

from __future__ import annotations

import pytest

from include.registry.checks_schema import COMPARISONS, KINDS, consistent


@pytest.mark.parametrize(
    "limits",
    [
        {"equal_to": 0},
        {"equal_to": 0, "tolerance": 0.1},
        {"geq_to": 1, "leq_to": 1},
        {"greater_than": 0, "less_than": 1},
        {"geq_to": 0},
    ],
)
def test_consistent(limits: dict[str, float]) -> None:
    """Comparisons that something can pass are taken as they are."""
    assert consistent(limits) is limits


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ({}, "compares with nothing"),
        ({"tolerance": 0.1}, "compares with nothing"),
        ({"equal_to": 1, "geq_to": 0}, "write equal_to alone"),
        ({"greater_than": 1, "geq_to": 0}, "both geq_to and greater_than"),
        ({"less_than": 1, "leq_to": 0}, "both leq_to and less_than"),
        ({"greater_than": 1, "less_than": 1}, "lets nothing pass"),
        ({"geq_to": 2, "leq_to": 1}, "lets nothing pass"),
        ({"geq_to": 1, "less_than": 1}, "lets nothing pass"),
        ({"equal_to": 1, "tolerance": -0.1}, "tolerance below 0"),
    ],
)
def test_inconsistent(limits: dict[str, float], told: str) -> None:
    """Comparisons that nothing can pass, or that say nothing, are refused."""
    with pytest.raises(ValueError, match=told):
        consistent(limits)


def test_known_to_the_provider() -> None:
    """The kinds of checks and the comparisons are the provider's own."""
    sql = pytest.importorskip("airflow.providers.common.sql.operators.sql")
    operator = sql.SQLColumnCheckOperator
    assert set(KINDS) == set(operator.column_checks)
    assert all(f"``{name}``" in operator.__doc__ for name in COMPARISONS)
