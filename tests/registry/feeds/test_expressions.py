"""JMESPath that tells a field that is not there from one that is null."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.registry.feeds import Expression, UnfitError

DATA: dict[str, Any] = {
    "id": 7,
    "amount": Decimal("12.30"),
    "null": None,
    "empty": "",
    "agent": {"name": "小鱼", "nick": None},
    "text": "x",
    "list": [{"a": 1}, {"a": None}, {"a": 3}],
}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("id", 7),
        ("amount", Decimal("12.30")),
        ("agent.name", "小鱼"),
        ("agent.nick", None),
        ("null", None),
        ("null.name", None),
        ("list[0].a", 1),
        ("list[-1].a", 3),
        ("list[].a", [1, None, 3]),
        ("list[*].a", [1, None, 3]),
        ("list[?a == `3`].a", [3]),
        ("id == `7`", True),
        ("amount > `12`", True),
        ("missing || id", 7),
        ("agent.missing || `null`", None),
        ("empty || 'x'", "x"),
        ("not_null(missing, null, id)", 7),
        ("not_null(missing)", None),
        ("not_null(empty)", ""),
        ("length(list)", 3),
    ],
)
def test_found(written: str, found: object) -> None:
    """What is there is found as JMESPath finds it; a null stays in its place."""
    assert Expression(written).find(DATA) == found


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("missing", "is not there: there are id, amount, null"),
        ("agent.missing", "is not there: there are name, nick"),
        ("list[3]", "is not there: the list has 3 items"),
        ("list[].b", "is not there: there are a"),
        ("text.name", "is not there: 'x' stands where 'name' was expected"),
        ("agent[0]", "stands where a list was expected"),
        ("id || missing", None),
        ("null || missing", "is not there"),
        ("missing == `1`", "is not there"),
        ("length(id)", "cannot be computed"),
        ("sum(list[].a)", "cannot be computed"),
        ("sum([amount])", "cannot be computed: In function sum(), invalid type"),
        ("list[::0]", "cannot be computed: slice step cannot be zero"),
        ("[@][?text > `1`]", "cannot be computed: '>' not supported"),
        ("max_by(list, &a)", "cannot be computed"),
    ],
)
def test_not_found(written: str, said: str | None) -> None:
    """A field that is not there is no null, unless the expression says that it may be missing."""
    if said is None:
        assert Expression(written).find(DATA) == 7
        return
    with pytest.raises(UnfitError) as caught:
        Expression(written).find(DATA)
    assert said in str(caught.value)


def test_if_any() -> None:
    """Where there may be nothing, nothing is None."""
    assert Expression("agent.missing").find_if_any(DATA) is None
    assert Expression("length(id)").find_if_any(DATA) is None
    assert Expression("list[::0]").find_if_any(DATA) is None
    assert Expression("text > `1`").find_if_any(DATA) is None
    assert Expression("agent.name").find_if_any(DATA) == "小鱼"
    assert Expression("a.b").find_if_any("no object") is None
