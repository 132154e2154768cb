"""What a repair will take, by what has landed lately."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from include.coverage.history import History, Landing

BEGUN = datetime(2025, 10, 3, tzinfo=timezone.utc)


def landing(shop: str, first: float, last: float) -> Landing:
    """Return what one shop of a run took, in seconds from its begin."""
    begun, ended = (BEGUN + timedelta(seconds=seconds) for seconds in (first, last))
    return Landing("pdd", shop, "2025-10-02", "run", 100, begun, ended)


def test_one_shop_takes_as_long_as_it_does_among_others() -> None:
    """Six that wait for their own limits side by side are no faster alone."""
    history = History(landing(f"pdd-{number}", 0, 120) for number in range(6))
    assert history.seconds("pdd", 1) == 120
    assert history.seconds("pdd", 6) == 120
    assert history.seconds("pdd", 12) == 240


def test_the_wait_before_a_retry_is_no_work() -> None:
    """One shop landed at once, the other in the attempt five minutes later."""
    history = History([landing("pdd-1", 0, 10), landing("pdd-2", 310, 320)])
    assert history.seconds("pdd", 2) == 20


def test_of_a_job_that_never_landed_nothing_is_known() -> None:
    """Nor is zero claimed."""
    assert History().seconds("pdd", 1) is None
