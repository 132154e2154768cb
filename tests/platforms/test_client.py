"""The client retries what is temporary, gives up in time, and says what went wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.platforms.client import GatewayClient, Patience
from include.platforms.connection import Connection
from include.platforms.dialect import Call
from include.platforms.errors import AuthExpired, GatewayError, Malformed, Refused, Temporary
from include.platforms.jushuitan import Jushuitan
from include.platforms.limits import Limit, RateLimiter
from tests.platforms.scripted_gateway import RESET, SILENCE, answer, scripted

if TYPE_CHECKING:
    from pathlib import Path

OK = answer('{"code": 0, "msg": "ok", "data": {"amount": 12.30}}')
CALL = Call("/open/some/query", {"名": "值"}, shop=10001, page=2)
WIDE = Limit(1000, 1)
QUICK = Patience(timeout=timedelta(seconds=0.3), attempts=3, pause=timedelta(milliseconds=1))


def ask(
    base_url: str, folder: Path, patience: Patience = QUICK, limit: Limit = WIDE
) -> tuple[Any, int]:
    """Give the answer, or the error, and how many calls it took."""

    async def asking() -> tuple[Any, int]:
        dialect = Jushuitan(Connection("erp", base_url, "key", "s3cret", "t0ken"))
        limiter = RateLimiter(folder / "limits.json", [limit], patience.timeout)
        async with GatewayClient(dialect, patience, limiter) as client:
            try:
                return await client.call(CALL), client.calls
            except GatewayError as error:
                return error, client.calls

    return asyncio.run(asking())


@pytest.mark.parametrize(
    "failure",
    [
        answer("", 500),
        answer("<html>", 502),
        answer("slow down", 429),
        answer("", 408),
        answer("<html>maintenance</html>"),
        answer('{"code": 0, "data"', cut=20),
        answer('{"code": 0, "data"'),
        answer('{"code": -1, "msg": "系统繁忙", "data": null}'),
        answer(b'{"code": 0, "msg": "\xff"}'),
        RESET,
        SILENCE,
        b"not HTTP at all\r\n\r\n",
    ],
    ids=repr,
)
def test_what_is_temporary_is_tried_again(failure: bytes, tmp_path: Path) -> None:
    """After two failures the third attempt's answer counts, and all calls are counted."""
    with scripted(failure, failure, OK) as gateway:
        assert ask(gateway.base_url, tmp_path) == ({"amount": Decimal("12.30")}, 3)


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (answer("no such page", 404), Refused, "check host http://127.0.0.1"),
        (answer("", 302, "Location: http://127.0.0.1:1/"), Refused, "HTTP 302"),
        (answer('{"code": 100, "msg": "access_token已过期"}'), AuthExpired, "renew"),
        (answer('{"code": 10, "msg": "无效签名"}'), Refused, "app secret"),
        (answer('{"msg": "ok"}'), Malformed, "field code is missing"),
        (answer('{"code": "zero"}'), Malformed, "field code holds 'zero'"),
        (answer("[]"), Malformed, "field data holds []"),
    ],
)
def test_what_stays_wrong_is_not_tried_again(
    failure: bytes, kind: type[GatewayError], text: str, tmp_path: Path
) -> None:
    """A refusal costs one call and names shop, method and page."""
    with scripted(failure) as gateway:
        error, calls = ask(gateway.base_url, tmp_path)
    assert type(error) is kind
    assert str(error).startswith("shop 10001, /open/some/query, page 2: ")
    assert text in str(error)
    assert calls == 1


def test_nobody_listening_is_temporary(tmp_path: Path) -> None:
    """A refused connection is tried as often as the patience allows."""
    with scripted(OK) as gateway:
        pass
    error, calls = ask(gateway.base_url, tmp_path)
    assert type(error) is Temporary
    assert "no answer from http://127.0.0.1" in str(error)
    assert calls == QUICK.attempts


def test_one_call_ends_after_its_timeout(tmp_path: Path) -> None:
    """A gateway that never answers costs the timeout, not for ever."""
    patience = Patience(timeout=timedelta(seconds=0.2), attempts=1)
    with scripted(SILENCE) as gateway:
        began = time.monotonic()
        error, _ = ask(gateway.base_url, tmp_path, patience)
    assert "no answer within 0.2 s" in str(error)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("failure", [SILENCE, answer("", 503, "Retry-After: 60")])
def test_no_call_goes_past_the_deadline(failure: bytes, tmp_path: Path) -> None:
    """Neither a slow answer nor a wait that the gateway asks for outlasts the deadline."""
    patience = Patience(deadline=timedelta(seconds=0.5), attempts=100)
    with scripted(failure) as gateway:
        began = time.monotonic()
        error, _ = ask(gateway.base_url, tmp_path, patience)
    assert type(error) is Temporary
    assert time.monotonic() - began < 2


def test_a_turn_that_comes_too_late_is_not_waited_for(tmp_path: Path) -> None:
    """When no turn comes before the deadline, the call fails at once and says so."""
    patience = Patience(deadline=timedelta(seconds=5), pause=timedelta(milliseconds=1))
    with scripted(answer("", 500), OK) as gateway:
        began = time.monotonic()
        error, calls = ask(gateway.base_url, tmp_path, patience, Limit(1, 60))
    assert "the rate limit leaves it no turn" in str(error)
    assert calls == 1
    assert time.monotonic() - began < 2


def test_the_wait_that_the_gateway_asks_for_is_kept(tmp_path: Path) -> None:
    """Retry-After delays the next attempt."""
    with scripted(answer("", 429, "Retry-After: 1"), OK) as gateway:
        began = time.monotonic()
        _, calls = ask(gateway.base_url, tmp_path)
    assert calls == 2
    assert 1 <= time.monotonic() - began < 3


def test_the_connection_is_kept_open(tmp_path: Path) -> None:
    """Many calls to one gateway use one connection."""
    with scripted(OK) as gateway:

        async def ask_often() -> None:
            dialect = Jushuitan(Connection("erp", gateway.base_url, "key", "s3cret", "t0ken"))
            limiter = RateLimiter(tmp_path / "limits.json", [Limit(99, 1)], QUICK.timeout)
            async with GatewayClient(dialect, limiter=limiter) as client:
                for _ in range(5):
                    await client.call(CALL)
                pool = client._http._transport._pool  # type: ignore[attr-defined]
                assert len(pool.connections) == 1

        asyncio.run(ask_often())
    assert len(gateway.requests) == 5


def test_secrets_stay_out_of_errors_and_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What the gateway echoes of a request is masked, at every level of logging."""
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"sign": "s3cret", "token": "t0ken"})
    with scripted(answer(echo, 500), answer(echo, 403)) as gateway:
        error, calls = ask(gateway.base_url, tmp_path)
    assert calls == 2
    for text in (str(error), caplog.text):
        assert "***" in text
        assert "s3cret" not in text
        assert "t0ken" not in text


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sandbox is reached also where the outside world is behind a proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with scripted(OK) as gateway:
        assert ask(gateway.base_url, tmp_path)[1] == 1
