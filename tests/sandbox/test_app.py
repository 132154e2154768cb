"""The sandbox tells how it is and what is true."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from socket import create_server
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox.app import create_app
from sandbox.platforms import PLATFORMS
from tests.conftest import HTTP
from tests.sandbox.serving import serve
from tests.sandbox.test_jushuitan import ORDERS, signed

if TYPE_CHECKING:
    from tests.conftest import Sandbox

ROOT = Path(__file__).resolve().parents[2]


def test_the_truth_of_a_day_is_told(sandbox: Sandbox) -> None:
    """As JSON: amounts and times as exact text, everything else as it is."""
    url = f"{sandbox.base_url}/sandbox/truth/erp/orders"
    told = HTTP.get(url, params={"shop": 10001, "day": "2025-10-02"}).json()
    truth = sandbox.truth(10001, date(2025, 10, 2))
    assert len(told) == len(truth)
    for one, row in zip(told, truth, strict=True):
        assert set(one) == set(row)
        for name, value in row.items():
            kept = value if value is None or isinstance(value, int) else str(value)
            assert one[name] == kept


def test_it_says_that_it_is_well(sandbox: Sandbox) -> None:
    """With its seed and the moment that it answers as of."""
    health = HTTP.get(f"{sandbox.base_url}/sandbox/health").json()
    assert health == {"status": "ok", "seed": 1, "now": "2025-10-09 12:00:00"}


def test_without_a_clock_it_lives_now() -> None:
    """The moment is that of Shanghai."""
    with serve(seed=7) as base_url:
        health = HTTP.get(f"{base_url}/sandbox/health").json()
    now = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(hours=8)
    assert health["seed"] == 7
    assert abs(datetime.fromisoformat(health["now"]) - now) < timedelta(seconds=10)


def test_an_aware_clock_is_read_in_shanghai() -> None:
    """A clock may give any zone."""
    noon = datetime(2025, 10, 9, 4, tzinfo=timezone.utc)
    with serve(clock=lambda: noon) as base_url:
        assert HTTP.get(f"{base_url}/sandbox/health").json()["now"] == "2025-10-09 12:00:00"


def test_calls_are_counted_by_platform_and_by_shop(sandbox: Sandbox) -> None:
    """Whatever becomes of them; a shop's are known once its call was found good."""
    url = sandbox.base_url
    day = {"modified_begin": "2025-10-02 00:00:00", "modified_end": "2025-10-02 00:00:00"}
    for shop in (10001, 10002, 10001):
        HTTP.post(url + ORDERS, data=signed({"shop_id": shop, **day}))
    HTTP.post(url + ORDERS, data=signed({}, secret="other"))
    HTTP.post(f"{url}/api/router", json={})
    counted = HTTP.get(f"{url}/sandbox/calls").json()
    platforms = counted.pop("platforms")
    assert counted == {"calls": 5, "over_limit": 0}
    assert platforms["erp"] == {
        "calls": 4,
        "over_limit": 0,
        "shops": {"10001": 2, "10002": 1},
    }
    called = dict.fromkeys([*PLATFORMS, "feeds"], 0) | {"erp": 4, "pdd": 1}
    assert {name: one["calls"] for name, one in platforms.items()} == called


@pytest.mark.parametrize("path", ["faults", "tokens"])
def test_switches_are_for_this_machine_alone(path: str) -> None:
    """Also where the app is served to others: those are refused."""

    async def asked_from(address: str) -> int:
        transport = httpx.ASGITransport(create_app(), client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get(f"/sandbox/{path}")).status_code

    assert asyncio.run(asked_from("127.0.0.1")) == 200
    assert asyncio.run(asked_from("::1")) == 200
    assert asyncio.run(asked_from("192.0.2.7")) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.rebound.example:80"},
        {"Origin": "https://page.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_web_page_turns_no_switch(sandbox: Sandbox, headers: dict[str, str]) -> None:
    """Neither one that asks from its own origin nor one whose name leads to this machine."""
    url = f"{sandbox.base_url}/sandbox/faults"
    wish = {"fault": "http_503", "platform": "erp"}
    assert HTTP.post(url, json=wish, headers=headers).status_code == 403
    assert HTTP.delete(url, headers=headers).status_code == 403
    assert sandbox.armed() == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_switch_is_turned_by_json_alone(sandbox: Sandbox, kind: str) -> None:
    """Browsers send the other types without asking first, and old ones no origin either."""
    url = f"{sandbox.base_url}/sandbox/faults"
    wish = b'{"fault": "http_503", "platform": "erp"}'
    headers = {"Content-Type": kind} if kind else {}
    assert HTTP.post(url, content=wish, headers=headers).status_code == 422
    assert sandbox.armed() == []


def test_nothing_listens_after_it_was_served() -> None:
    """The port is free again."""
    with serve() as base_url:
        port = int(base_url.rpartition(":")[2])
    create_server(("127.0.0.1", port)).close()


def test_the_command_serves_until_it_is_told_to_stop() -> None:
    """`python -m sandbox` answers on its port with its seed, and ends on TERM."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--seed", "5"]
    program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        assert _health(f"http://127.0.0.1:{port}")["seed"] == 5
    finally:
        program.terminate()
        program.wait(timeout=120)


def _health(base_url: str) -> dict[str, object]:
    # The server of a process that has just been started is not there yet.
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport) as client:
        return client.get(f"{base_url}/sandbox/health").json()
