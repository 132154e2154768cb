"""What a period of a contract needs, what of that counts, and what is open."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from tests.contracts.contracted import DAY, KEY, SHOPS

if TYPE_CHECKING:
    from tests.contracts.contracted import Contracted


def _open(contracted: Contracted) -> list[str]:
    standing = contracted.standing()
    assert standing.complete == (not standing.open and not standing.unknown)
    return [unit.shop_id for unit in standing.open]


def test_what_is_expected_and_has_not_landed_is_open(contracted: Contracted) -> None:
    """By job and shop, in the order of contract and registry."""
    assert _open(contracted) == [shop for shops in SHOPS.values() for shop in shops]
    contracted.land_all(but=("o-2", "r-1"))
    assert _open(contracted) == ["o-2", "r-1"]
    contracted.ledger.begin([contracted.unit("orders", "o-2")])
    contracted.ledger.fail(contracted.unit("orders", "o-2"), 77, "refused")
    assert _open(contracted) == ["o-2", "r-1"]


def test_what_is_provisional_does_not_count(contracted: Contracted) -> None:
    """It was pulled before it was due, and is pulled again."""
    contracted.land_all(but=("o-1",))
    contracted.land("orders", "o-1", provisional=True)
    assert _open(contracted) == ["o-1"]
    contracted.land("orders", "o-1")
    assert _open(contracted) == []


def test_what_is_not_covered_does_not_count(contracted: Contracted) -> None:
    """The pull must have asked for all that changed up to the period's end."""
    contracted.land_all(but=("o-1",))
    end = contracted.unit("orders", "o-1").period.end
    contracted.land("orders", "o-1", covered_until=end - timedelta(seconds=1))
    standing = contracted.standing()
    assert [*standing.doubts.values()] == [
        "its pull reached only up to 2025-10-02 15:59:59 UTC, before the period's end"
    ]
    assert not standing.complete
    contracted.land("orders", "o-1", covered_until=end)
    assert _open(contracted) == []


def test_what_landed_for_another_window_does_not_count(contracted: Contracted) -> None:
    """The same day of another time zone is another one."""
    contracted.land_all()
    for job in contracted.jobs.values():
        job["timezone"] = "Europe/Berlin"
    contracted.write({**DAY, "timezone": "Europe/Berlin"})
    assert len(_open(contracted)) == 5


def test_a_period_that_is_not_over(contracted: Contracted) -> None:
    """It is not complete, whatever has landed."""
    today = contracted.contract().calendar.containing(datetime.now(timezone.utc)).key
    contracted.land_all(today)
    standing = contracted.standing(today)
    assert (standing.open, standing.ended, standing.complete) == ([], False, False)


def test_what_is_disabled_is_not_expected(contracted: Contracted) -> None:
    """Neither a shop nor a job; where nothing is expected, nothing is complete."""
    contracted.land_all(but=("o-2", "c-1"))
    contracted.shops["o-2"]["enabled"] = False
    contracted.jobs["chats"]["enabled"] = False
    contracted.write()
    assert _open(contracted) == []
    for job in contracted.jobs.values():
        job["enabled"] = False
    contracted.write()
    standing = contracted.standing()
    assert (standing.needed, standing.open, standing.complete) == ([], [], False)


def test_what_was_not_expected_yet(contracted: Contracted) -> None:
    """A job that starts later is not waited for, nor is a shop that opens later."""
    contracted.land_all(but=("o-2", "c-1"))
    contracted.shops["o-2"]["from"] = "2025-10-03"
    contracted.jobs["chats"]["start"] = "2025-10-03"
    contracted.write()
    assert _open(contracted) == []


def test_what_is_waived_is_not_waited_for(contracted: Contracted) -> None:
    """Until it is unwaived; what has landed all the same has landed."""
    contracted.land_all(but=("o-1",))
    contracted.waive("orders", "o-1")
    assert _open(contracted) == []
    assert len(contracted.standing().waived) == 1
    contracted.land("orders", "o-1")
    standing = contracted.standing()
    assert (len(standing.waived), len(standing.landed)) == (0, 5)


@pytest.mark.parametrize(
    ("least", "complete"), [("all", False), (1, True), ("50%", True), (2, False)]
)
def test_fewer_shops_may_be_enough(contracted: Contracted, least: object, complete: bool) -> None:  # noqa: FBT001 - a case
    """Of each job, as the contract says; a job with fewer needs them all."""
    contracted.write({**DAY, "min_shops": least})
    contracted.land_all(but=("o-1", "r-2"))
    standing = contracted.standing()
    assert (standing.complete, len(standing.open)) == (complete, 2)
    contracted.ledger.reject(contracted.ledger.rows("chats", KEY)[0], "wrong")
    assert not contracted.standing().complete


CHECKS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"min_rows": 6}, {}, "5 rows, at least 6 expected"),
    ({"control_total": {}}, {"source_rows": 6}, "5 landed, the source counts 6"),
    ({"control_total": {}}, {}, "its script does not say how many rows the source counts"),
    (
        {"min_rows": 6},
        {"uncounted": True},
        "its script reports no rows, so min_rows can tell nothing",
    ),
    (
        {"min_rows": 1, "table": "nowhere", "day": "day"},
        {},
        "checks.table 'nowhere' is no table or view of the warehouse: correct it",
    ),
]


@pytest.mark.parametrize(("checks", "landed", "why"), CHECKS, ids=lambda case: str(case)[:30])
def test_what_does_not_pass_its_checks_does_not_count(
    contracted: Contracted, checks: dict[str, Any], landed: dict[str, Any], why: str
) -> None:
    """Whether its own run has judged it by now or not; nothing is rejected by others."""
    contracted.jobs["orders"]["checks"] = checks
    contracted.write()
    contracted.land_all(but=("o-1", "o-2"))
    landed = dict(landed)
    is_uncounted = landed.pop("uncounted", False)
    units = [contracted.unit("orders", shop) for shop in SHOPS["orders"]]
    if is_uncounted:  # its script says no more than its exit code
        contracted.ledger.expect(units)
        contracted.ledger.begin(units)
        contracted.ledger.settle(units, 0)
    for unit in [] if is_uncounted else units:
        contracted.land("orders", unit.shop_id, **landed)
    standing = contracted.standing()
    assert [unit.shop_id for unit in standing.open] == ["o-1", "o-2"]
    assert all(doubt.startswith(why) for doubt in standing.doubts.values())
    assert {row.state for row in contracted.ledger.rows("orders", KEY)} == {"ok"}
    assert contracted.completed() == []
    contracted.jobs["orders"]["checks"] = {"min_rows": 0}
    contracted.write()
    assert contracted.standing().complete != is_uncounted


def test_broken_entries_leave_it_open(contracted: Contracted) -> None:
    """What a job or a shop that cannot be read needs is not known: nothing is complete."""
    contracted.land_all()
    assert contracted.standing().complete
    contracted.jobs["chats"]["cron"] = "99 9 * * *"
    contracted.write()
    standing = contracted.standing()
    assert [problem.job_id for problem in standing.unknown] == ["chats"]
    assert (standing.complete, contracted.completed()) == (False, [])
    contracted.jobs["chats"]["cron"] = "0 9 * * *"
    contracted.shops["o-2"]["enabled"] = "maybe"
    contracted.write()
    assert [problem.job_id for problem in contracted.standing().unknown] == ["o-2"]
    assert contracted.completed() == []


def test_another_broken_job_does_not_matter(contracted: Contracted) -> None:
    """The contract does not need it."""
    contracted.land_all()
    contracted.jobs["stocks"] = {"id": "stocks", "name": "s", "cron": "never", "script": "good.py"}
    contracted.write()
    assert _open(contracted) == []


def test_a_week_of_days(contracted: Contracted) -> None:
    """It is complete with its seventh day; each day of a job needs its shops."""
    contracted.write({**DAY, "period": "week", "jobs": ["orders"], "min_shops": 1})
    for day in ("2025-09-27", "2025-09-28", "2025-09-29", "2025-09-30", "2025-10-01", KEY):
        contracted.land("orders", "o-1", key=day)
        contracted.land("orders", "o-2", key=day)
    standing = contracted.standing("2025-09-27")
    assert (standing.complete, len(standing.needed), len(standing.open)) == (False, 14, 2)
    contracted.land("orders", "o-1", key="2025-10-03")
    assert contracted.standing("2025-09-27").complete
