"""New tokens are kept, whatever else the answer that brings them says or leaves out."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import Malformed
from include.gateways.tokens import granted
from include.platforms.jd.dialect import Jd
from include.platforms.jushuitan.dialect import Jushuitan
from include.platforms.pdd.dialect import Pdd

if TYPE_CHECKING:
    from include.gateways.dialect import Refreshing

CALL = Call("refresh")
CONNECTION = Connection("c", "http://127.0.0.1:1", "key", "s3cret", "token")
HOUR = timedelta(hours=1)
NOW = datetime.now(timezone.utc).timestamp()
ENVELOPES: list[tuple[Refreshing, Any]] = [
    (Jd(CONNECTION), lambda data: data),
    (Jushuitan(CONNECTION), lambda data: {"code": 0, "data": data}),
    (Pdd(CONNECTION), lambda data: {"pop_auth_token_refresh_response": data}),
]
ODD = [10**15, -1, 0, "", "soon", None, True, [], {}, Decimal("NaN"), Decimal("1E+999"), "9" * 400]


@pytest.mark.parametrize(
    "expiry",
    [
        {"expires_in": 3600},
        {"expires_in": "3600"},
        {"expires_in": Decimal("3600.0")},
        {"expires_at": int(NOW) + 3600},
        {"expires_at": str(int(NOW) + 3600), "expires_in": 60},
        {"expires_at": (int(NOW) + 3600) * 1000, "expires_in": 3600},
        {"expires_at": None, "expires_in": 3600},
    ],
)
def test_the_end_is_read_however_it_is_written(expiry: dict[str, Any]) -> None:
    """A moment counts before a length of time, and no milliseconds are taken for seconds."""
    tokens = granted({"access_token": "new", "refresh_token": "next", **expiry}, CALL)
    assert tokens.expires_at is not None
    assert abs(tokens.expires_at - datetime.now(timezone.utc) - HOUR) < timedelta(minutes=30)


@pytest.mark.parametrize("value", ODD)
@pytest.mark.parametrize("name", ["expires_in", "expires_at"])
def test_an_odd_end_is_unknown_and_costs_no_token(name: str, value: Any) -> None:
    """The refresh token that bought them is spent: they are all there is."""
    tokens = granted({"access_token": "new", "refresh_token": "next", name: value}, CALL)
    assert (tokens.access_token, tokens.refresh_token) == ("new", "next")
    assert tokens.expires_at is None


@pytest.mark.parametrize(("dialect", "envelope"), ENVELOPES)
@pytest.mark.parametrize("more", [{}, {"refresh_token": None}, {"expires_in": 10**15}])
def test_all_platforms_need_an_access_token_only(
    dialect: Refreshing, envelope: Any, more: dict[str, Any]
) -> None:
    """Without a refresh token in it, the answer leaves the old one as it is."""
    tokens = dialect.refreshed(CALL, envelope({"access_token": "new", **more}))
    assert (tokens.access_token, tokens.refresh_token) == ("new", "")
    assert tokens.expires_at is None


@pytest.mark.parametrize(("dialect", "envelope"), ENVELOPES)
@pytest.mark.parametrize("data", [{}, {"access_token": ""}, {"access_token": None}])
def test_without_an_access_token_nothing_was_granted(
    dialect: Refreshing, envelope: Any, data: dict[str, Any]
) -> None:
    """An answer that has none is not as documented."""
    with pytest.raises(Malformed, match="field access_token"):
        dialect.refreshed(CALL, envelope({"refresh_token": "next", **data}))
