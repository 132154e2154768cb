"""The sandbox enforces its limits in a true sliding window."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.platforms.pdd.dialect import GRANTED
from sandbox.limits import DOCUMENTED, GENEROUS, Allowance, Gatekeeper, allowances_of

if TYPE_CHECKING:
    import pytest


def test_one_call_too_many_is_turned_away_until_the_window_has_moved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each limit answers with its own code; who is turned away is counted, but fills no window."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    gatekeeper = Gatekeeper([Allowance(2, 0.2, 199), Allowance(3, 0.6, 200)])
    assert [gatekeeper.refuse("app") for _ in range(3)] == [None, None, 199]
    assert gatekeeper.refuse("another app") is None
    clock[0] += 0.21
    assert [gatekeeper.refuse("app") for _ in range(2)] == [None, 200]
    clock[0] += 0.4
    assert gatekeeper.refuse("app") is None
    assert gatekeeper.over_limit == 2


def test_a_limit_of_each_shop_leaves_the_others_alone() -> None:
    """Each shop has its own window, and all share that of the app; the calls of each are told."""
    gatekeeper = Gatekeeper([Allowance(2, 60, 70031, "shop"), Allowance(4, 60, 52101)])
    assert [gatekeeper.refuse("app", 1) for _ in range(3)] == [None, None, 70031]
    assert [gatekeeper.refuse("app", 2) for _ in range(2)] == [None, None]
    assert gatekeeper.refuse("app", 3) == 52101
    assert gatekeeper.shops == {1: 3, 2: 2, 3: 1}
    assert gatekeeper.over_limit == 2


def test_limits_are_as_documented_where_nobody_says_otherwise() -> None:
    """One list is for all platforms; a mapping names some of them."""
    wide = [Allowance(100_000, 1, 1)]
    assert DOCUMENTED["erp"] == ((5, 1, 199, "app"), (100, 60, 200, "app"))
    assert DOCUMENTED["pdd"] == ((100, 10, 70031, "shop"), (500, 1, 52101, "app"))
    assert allowances_of("pdd", None) == DOCUMENTED["pdd"]
    assert allowances_of("pdd", wide) == wide
    assert allowances_of("pdd", {"pdd": wide}) == wide
    assert allowances_of("erp", {"pdd": wide}) == DOCUMENTED["erp"]


def test_the_delivered_connections_say_what_the_sandbox_of_the_service_allows() -> None:
    """Less would make the demo slow; more would have its calls turned away."""
    delivered = json.loads((PROJECT_ROOT / "config/connections.json").read_text("utf-8"))
    granted = {
        connection["extra"][GRANTED]
        for name, connection in delivered.items()
        if name.startswith("pdd_") and name != "pdd_feed"
    }
    of_shop, of_app = GENEROUS["pdd"]
    assert granted == {of_shop.calls}
    assert of_shop._replace(calls=100) == DOCUMENTED["pdd"][0]
    assert of_app == DOCUMENTED["pdd"][1]


def test_a_call_is_judged_in_a_few_microseconds() -> None:
    """However many calls a window holds: thousands a second cost next to nothing."""
    gatekeeper = Gatekeeper([Allowance(100_000, 60, 1), Allowance(100_000, 60, 2, "shop")])
    began = time.process_time()
    for number in range(20_000):
        gatekeeper.refuse("app", number % 60)
    assert time.process_time() - began < 2
