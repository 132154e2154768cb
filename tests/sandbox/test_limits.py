"""The sandbox enforces its limits in a true sliding window."""

from __future__ import annotations

import time

from include.sandbox.limits import Allowance, Gatekeeper


def test_one_call_too_many_is_turned_away_until_the_window_has_moved() -> None:
    """Each limit answers with its own code; who is turned away is counted, but fills no window."""
    gatekeeper = Gatekeeper([Allowance(2, 0.2, 199), Allowance(3, 0.6, 200)])
    assert [gatekeeper.refuse("app") for _ in range(3)] == [None, None, 199]
    assert gatekeeper.refuse("another app") is None
    time.sleep(0.21)
    assert [gatekeeper.refuse("app") for _ in range(2)] == [None, 200]
    time.sleep(0.4)
    assert gatekeeper.refuse("app") is None
    assert gatekeeper.over_limit == 2
