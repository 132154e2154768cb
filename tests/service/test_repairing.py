"""What `repair` says of its plan."""

from __future__ import annotations

from datetime import date

from include.coverage.repairing import SEEN_TO, Plan, RunUnderWay
from include.service.repairing import _lines
from tests.coverage.registries import job


def test_what_is_under_way_is_not_nothing() -> None:
    """Asked again while its runs work, it says that they see to what is missing."""
    erp = job("erp_store", platform="erp", start=date(2025, 10, 1))
    run = RunUnderWay(erp, "2025-10-01", ("erp-1",), "repair__2025-10-01__1")
    plan = Plan([], {("erp_store", SEEN_TO): 1}, [run])
    assert _lines(plan) == ["erp_store: 1 left out: a run that waits or works sees to them"]
    assert _lines(Plan([])) == ["nothing to repair"]


def test_what_is_broken_is_not_nothing() -> None:
    """Nobody knows what it should land."""
    problem = "config/shops.yaml:1:1: is empty"
    assert _lines(Plan([]), [problem]) == [
        f"broken, so that what it should land is not known: {problem}",
        "nothing to repair of what is known",
    ]
