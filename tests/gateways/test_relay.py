"""A gateway behind a relay of the team's own, in the cloud that the platform answers in alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.gateways.connection import Connection
from include.gateways.retry_policy import Patience
from include.gateways.tokens import TokenStore
from include.platforms.all_platforms import PLATFORMS
from include.registry.airflow_objects import connections
from include.registry.checks import check_project
from include.warehouse import connect
from tests.conftest import HTTP, WIDE
from tests.gateways.asking import using
from tests.gateways.relay import relay
from tests.sandbox.serving import serve
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.gateways.client import GatewayClient
    from tests.gateways.relay import Relay

CONNECTIONS = {"erp": "erp", "jd": "jd_1", "pdd": "pdd_1"}
GATEWAY_PATHS = {"erp": "/open/orders/single/query", "jd": "/routerjson", "pdd": "/api/router"}
TOKEN_PATHS = {
    "erp": "/openWeb/auth/refreshToken",
    "jd": "/oauth2/refresh_token",
    "pdd": "/api/router",
}
QUICK = Patience(attempts=2, pause=timedelta(milliseconds=1))


@pytest.fixture
def target() -> Iterator[str]:
    """Serve a sandbox whose clock is this machine's; the relay leads to it."""
    with serve(allowances=[WIDE]) as base_url:
        yield base_url


@pytest.fixture(params=["/pdd", "/a/b-1.x/%E5%BA%97"])
def relayed(target: str, request: pytest.FixtureRequest) -> Iterator[Relay]:
    """Put a relay in front of it."""
    with relay(target, request.param.replace("%E5%BA%97", "店")) as one:
        one.base_url = one.base_url.replace("店", "%E5%BA%97")
        yield one


def connection_of(platform: str, base_url: str) -> Connection:
    """Return a delivered connection that leads elsewhere, written with a slash at the end."""
    fields = connections(f"{base_url}/")[CONNECTIONS[platform]]
    variable = f"AIRFLOW_CONN_{CONNECTIONS[platform].upper()}"
    return Connection.from_env(CONNECTIONS[platform], {variable: json.dumps(fields)})


@pytest.mark.parametrize("platform", CONNECTIONS)
def test_calls_go_through_a_relay_and_their_signatures_hold(relayed: Relay, platform: str) -> None:
    """The sandbox checks each signature as the platform does: none covers host or path."""
    known = PLATFORMS[platform]
    shop = next(one for one in check_project().registry.shops.values() if one.platform == platform)
    end = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=5)

    async def asking(client: GatewayClient) -> tuple[object, object]:
        found = await known.shops(client, shop)
        return found, await known.sample(client, shop, end - timedelta(days=1), end)

    dialect = known.dialect(connection_of(platform, relayed.base_url))
    found, rows = using(dialect, asking, QUICK)
    assert shop.platform_id in found
    assert rows
    assert {row["shop_id"] for row in rows} == {shop.id}
    assert relayed.passed_on[GATEWAY_PATHS[platform]] >= 1


@pytest.mark.parametrize("platform", CONNECTIONS)
def test_tokens_are_renewed_through_a_relay(
    target: str, relayed: Relay, platform: str, tmp_path: Path
) -> None:
    """Also 京东's, whose token host has an address of its own, with a path where it needs one."""
    HTTP.post(f"{target}/sandbox/tokens/expire", json={"platform": platform}).raise_for_status()
    known = PLATFORMS[platform]
    shop = next(one for one in check_project().registry.shops.values() if one.platform == platform)
    if platform == "jd":  # which cannot refresh what has expired: let it end soon
        HTTP.post(f"{target}/sandbox/tokens/authorise", json={"platform": platform})
    connection = connection_of(platform, relayed.base_url)
    soon = datetime.now(timezone.utc) + timedelta(hours=1)
    connection = replace(connection, expires_at=soon if platform == "jd" else None)
    engine = connect(empty_file(tmp_path))
    try:
        found = using(
            known.dialect(connection),
            lambda client: known.shops(client, shop),
            QUICK,
            tokens=TokenStore(engine),
        )
    finally:
        engine.dispose()
    assert shop.platform_id in found
    assert relayed.passed_on[TOKEN_PATHS[platform]] >= 1
    told = HTTP.get(f"{target}/sandbox/tokens").json()[platform]["refreshes"]
    assert sum(told.values()) == 1
