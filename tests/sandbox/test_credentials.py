"""Tokens are exchanged for the next ones, expire when told so, and survive a restart."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.credentials import (
    ERP_ACCOUNT,
    SANDBOX_ACCESS_TOKEN,
    SANDBOX_APP_SECRET,
    TokenOffice,
    access_token_of,
    refresh_token_of,
)
from tests.conftest import HTTP
from tests.sandbox.test_jushuitan import SHOPS, post, sealed, signed

if TYPE_CHECKING:
    import pytest

    from tests.conftest import Sandbox

REFRESH = "/openWeb/auth/refreshToken"


def refresh_form(
    refresh_token: str, secret: str = SANDBOX_APP_SECRET, **changes: str | None
) -> dict[str, str]:
    """Write what asks 聚水潭 for new tokens."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": "all"}
    return sealed({**form, **changes}, secret)


def test_a_delivered_token_is_that_of_its_shop() -> None:
    """Of its platform only, and as an access token only."""
    office = TokenOffice()
    assert access_token_of("erp", ERP_ACCOUNT) == SANDBOX_ACCESS_TOKEN
    assert office.shop_of("erp", SANDBOX_ACCESS_TOKEN) == ERP_ACCOUNT
    assert office.shop_of("pdd", access_token_of("pdd", 20004)) == 20004
    assert office.shop_of("jd", access_token_of("pdd", 20004)) is None
    assert office.shop_of("pdd", refresh_token_of("pdd", 20004)) is None
    assert office.shop_of("pdd", "sandbox-pdd-20004-g0-access-and-more") is None


def test_an_exchange_ends_what_was_before() -> None:
    """The next pair is good; access and refresh tokens before it are worth nothing."""
    office = TokenOffice()
    first = refresh_token_of("pdd", 20001)
    second = office.refresh("pdd", first)
    assert second == {
        "access_token": access_token_of("pdd", 20001, 1),
        "refresh_token": refresh_token_of("pdd", 20001, 1),
        "expires_in": 30 * 24 * 3600,
    }
    assert office.shop_of("pdd", access_token_of("pdd", 20001)) is None
    assert office.shop_of("pdd", second["access_token"]) == 20001
    assert office.refresh("pdd", first) is None
    assert office.refresh("pdd", second["refresh_token"]) is not None
    assert office.shop_of("pdd", access_token_of("pdd", 20002)) == 20002
    assert office.shown()["pdd"]["refreshes"] == {"20001": 2}
    assert office.shown()["pdd"]["refused"] == 1


def test_what_has_expired_is_good_again_once_refreshed() -> None:
    """One shop or all of a platform, known to the office before or not."""
    office = TokenOffice()
    assert office.shop_of("pdd", access_token_of("pdd", 20001)) == 20001
    office.expire("pdd")
    for shop in (20001, 20002):
        assert office.shop_of("pdd", access_token_of("pdd", shop)) is None
    office.refresh("pdd", refresh_token_of("pdd", 20002))
    assert office.shop_of("pdd", access_token_of("pdd", 20002, 1)) == 20002
    office.expire("pdd", 20002)
    assert office.shop_of("pdd", access_token_of("pdd", 20002, 1)) is None
    assert office.shop_of("erp", SANDBOX_ACCESS_TOKEN) == ERP_ACCOUNT
    office.authorise("pdd")
    assert office.shop_of("pdd", access_token_of("pdd", 20001)) == 20001


def test_a_lifetime_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of tokens that were refreshed after it was set; the answer says how long they live."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    office = TokenOffice()
    office.lifetimes["erp"] = 0.2
    granted = office.refresh("erp", refresh_token_of("erp", ERP_ACCOUNT))
    assert granted is not None
    assert office.shop_of("erp", granted["access_token"]) == ERP_ACCOUNT
    clock[0] += 0.21
    assert office.shop_of("erp", granted["access_token"]) is None
    assert office.refresh("erp", granted["refresh_token"]) is not None


def test_at_jd_an_expired_token_cannot_be_refreshed() -> None:
    """It must be refreshed in time; later its owner has to authorise the app again."""
    office = TokenOffice()
    assert office.refresh("jd", refresh_token_of("jd", 30001)) is not None
    office.expire("jd")
    assert office.refresh("jd", refresh_token_of("jd", 30001, 1)) is None
    office.authorise("jd", 30001)
    assert office.refresh("jd", refresh_token_of("jd", 30001)) is not None


def test_after_a_restart_tokens_of_before_are_good() -> None:
    """Any generation, until this sandbox has issued one itself."""
    office = TokenOffice()
    assert office.shop_of("jd", access_token_of("jd", 30001, 7)) == 30001
    granted = office.refresh("jd", refresh_token_of("jd", 30001, 7))
    assert granted is not None
    assert granted["access_token"] == access_token_of("jd", 30001, 8)
    assert office.shop_of("jd", access_token_of("jd", 30001, 9)) is None


def test_the_erp_exchanges_tokens_in_its_own_way(sandbox: Sandbox) -> None:
    """A signed form; the tokens come in its envelope, and the old one is refused from then on."""
    answer = post(sandbox.base_url, REFRESH, refresh_form(refresh_token_of("erp", ERP_ACCOUNT)))
    assert (answer["code"], set(answer["data"])) == (
        0,
        {"access_token", "refresh_token", "expires_in", "scope"},
    )
    assert post(sandbox.base_url, SHOPS, signed({}))["code"] == 100
    new = signed({}, access_token=answer["data"]["access_token"])
    assert post(sandbox.base_url, SHOPS, new)["code"] == 0


def test_the_erp_refuses_an_ill_exchange(sandbox: Sandbox) -> None:
    """Signature, grant and token are looked at, and nothing is exchanged."""
    good = refresh_token_of("erp", ERP_ACCOUNT)
    ill = [
        (refresh_form(good, secret="other"), 10),
        (refresh_form(good, grant_type="password"), 170),
        (refresh_form(good, scope=None), 130),
        (refresh_form("other"), 100),
    ]
    for form, code in ill:
        assert post(sandbox.base_url, REFRESH, form)["code"] == code
    assert post(sandbox.base_url, SHOPS, signed({}))["code"] == 0


def test_tokens_are_switched_over_http(sandbox: Sandbox) -> None:
    """Expire, lifetime and authorise; what happened is told."""

    def switch(name: str, **wish: Any) -> dict[str, Any]:
        url = f"{sandbox.base_url}/sandbox/tokens/{name}"
        return HTTP.post(url, json=wish).raise_for_status().json()

    switch("expire", platform="erp")
    assert post(sandbox.base_url, SHOPS, signed({}))["code"] == 100
    assert switch("lifetime", platform="erp", seconds=60)["erp"]["lifetime"] == 60
    granted = post(sandbox.base_url, REFRESH, refresh_form(refresh_token_of("erp", ERP_ACCOUNT)))
    assert granted["data"]["expires_in"] == 60
    told = HTTP.get(f"{sandbox.base_url}/sandbox/tokens").json()
    assert told["erp"] == {"refreshes": {"0": 1}, "refused": 0, "lifetime": 60}
    switch("authorise", platform="erp")
    assert post(sandbox.base_url, SHOPS, signed({}))["code"] == 0
