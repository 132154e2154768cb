"""The client retries what is temporary, gives up in time, and says what went wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from include.errors import ConfigurationError
from include.gateways.client import GatewayClient, Patience, tallied
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.gateways.errors import (
    AuthExpired,
    GatewayError,
    Malformed,
    Misdirected,
    Refused,
    Temporary,
)
from include.gateways.limiter import Limit
from include.platforms.jushuitan.dialect import Jushuitan
from tests.gateways.asking import WIDE, using
from tests.gateways.scripted_gateway import RESET, SILENCE, answer, scripted

OK = answer('{"code": 0, "msg": "ok", "data": {"amount": 12.30}}')
CALL = Call("/open/some/query", {"名": "值"}, shop=10001, page=2)
QUICK = Patience(timeout=timedelta(seconds=0.3), attempts=3, pause=timedelta(milliseconds=1))


def erp(base_url: str) -> Jushuitan:
    """Speak to a gateway as the ERP's app."""
    return Jushuitan(Connection("erp", base_url, "key", "s3cret", "t0ken"))


def ask(
    base_url: str, patience: Patience = QUICK, limits: tuple[Limit, ...] = WIDE
) -> tuple[Any, int]:
    """Return the answer, or the error, and how many calls it took."""

    async def asking(client: GatewayClient) -> tuple[Any, int]:
        try:
            return await client.call(CALL), client.calls
        except GatewayError as error:
            return error, client.calls

    return using(erp(base_url), asking, patience, limits=limits)


@pytest.mark.parametrize(
    "failure",
    [
        answer("", 500),
        answer("<html>", 502),
        answer("slow down", 429),
        answer("", 408),
        answer("", 409),
        answer("I am a firewall", 418),
        answer("", 420),
        answer("", 499),
        answer('{"code": 0, "data": {}}', 202),
        answer("<html>maintenance</html>"),
        answer('{"code": 0, "data"', cut=20),
        answer('{"code": 0, "data"'),
        answer('{"code": -1, "msg": "系统繁忙", "data": null}'),
        answer('{"code": "-1", "msg": "服务器忙", "data": null}'),
        answer('{"code": 999, "msg": "查询异常", "data": null}'),
        answer('{"code": "zero"}'),
        answer('{"code": null, "msg": "?"}'),
        answer(b'{"code": 0, "msg": "\xff"}'),
        answer("[" * 200_000 + "]" * 200_000),
        RESET,
        SILENCE,
        b"not HTTP at all\r\n\r\n",
    ],
    ids=lambda failure: repr(failure[:80]),
)
def test_what_is_temporary_is_tried_again(failure: bytes) -> None:
    """After two failures the third attempt's answer counts, and all calls are counted."""
    with scripted(failure, failure, OK) as gateway:
        assert ask(gateway.base_url) == ({"amount": Decimal("12.30")}, 3)


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (answer("no such page", 404), Misdirected, "check host http://127.0.0.1"),
        (answer("", 302, "Location: http://127.0.0.1:1/"), Misdirected, "HTTP 302"),
        (answer("", 401), AuthExpired, "renew the token or password in connection erp"),
        (answer("", 403), Refused, "whether its account may use this"),
        (answer('{"code": 100, "msg": "access_token已过期"}'), AuthExpired, "renew"),
        (answer('{"code": 10, "msg": "无效签名"}'), Refused, "app secret"),
        (answer('{"msg": "ok"}'), Malformed, "field code is missing"),
        (answer("[]"), Malformed, "field data holds []"),
        (answer('{"code": 0, "data": {}}', 206), Malformed, "HTTP 206: a part of an answer"),
        (
            answer('{"code": 0, "data": {"a": 1}, "data": {}}'),
            Malformed,
            "the answer has 'data' twice in one object, as {\"a\": 1} and {}; have whoever answers",
        ),
        (
            answer('{"code": 0, "data": "差评"}'.encode("gbk")),
            Malformed,
            "not in UTF-8: it looks like GBK, and its header does not say which; have whoever",
        ),
        (
            answer('{"data": "差评"}'.encode("gbk"), 200, "Content-Type: text/html;charset=latin1"),
            Malformed,
            "its header says 'latin1'; have whoever",
        ),
    ],
)
def test_what_stays_wrong_is_not_tried_again(
    failure: bytes, kind: type[GatewayError], text: str
) -> None:
    """A refusal costs one call and names shop, method and page."""
    with scripted(failure) as gateway:
        error, calls = ask(gateway.base_url)
    assert type(error) is kind
    assert str(error).startswith("shop 10001, /open/some/query, page 2: ")
    assert text in str(error)
    assert calls == 1


def test_nobody_listening_is_temporary() -> None:
    """A refused connection is tried as often as the patience allows."""
    with scripted(OK) as gateway:
        pass
    error, calls = ask(gateway.base_url)
    assert type(error) is Temporary
    assert "no answer from http://127.0.0.1" in str(error)
    assert calls == QUICK.attempts


def test_one_call_ends_after_its_timeout() -> None:
    """A gateway that never answers costs the timeout, not for ever."""
    patience = Patience(timeout=timedelta(seconds=0.2), attempts=1)
    with scripted(SILENCE) as gateway:
        began = time.monotonic()
        error, _ = ask(gateway.base_url, patience)
    assert "no answer within 0.2 s" in str(error)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("failure", [SILENCE, answer("", 503, "Retry-After: 60")])
def test_no_call_goes_past_the_deadline(failure: bytes) -> None:
    """Neither a slow answer nor a wait that the gateway asks for outlasts the deadline."""
    patience = Patience(deadline=timedelta(seconds=0.5), attempts=100)
    with scripted(failure) as gateway:
        began = time.monotonic()
        error, _ = ask(gateway.base_url, patience)
    assert type(error) is Temporary
    assert time.monotonic() - began < 2


def test_a_turn_that_comes_too_late_is_not_waited_for() -> None:
    """When no turn comes before the deadline, the call fails at once and says so."""
    patience = Patience(deadline=timedelta(seconds=5), pause=timedelta(milliseconds=1))
    with scripted(answer("", 500), OK) as gateway:
        began = time.monotonic()
        error, calls = ask(gateway.base_url, patience, (Limit(1, 60),))
    assert "the rate limit leaves it no turn" in str(error)
    assert calls == 1
    assert time.monotonic() - began < 2


def test_the_wait_that_the_gateway_asks_for_is_kept() -> None:
    """Retry-After delays the next attempt."""
    with scripted(answer("", 429, "Retry-After: 1"), OK) as gateway:
        began = time.monotonic()
        _, calls = ask(gateway.base_url)
    assert calls == 2
    assert 1 <= time.monotonic() - began < 3


def test_the_connection_is_kept_open() -> None:
    """Many calls to one gateway use one connection."""
    with scripted(OK) as gateway:

        async def ask_often(client: GatewayClient) -> None:
            for _ in range(5):
                await client.call(CALL)

        using(erp(gateway.base_url), ask_often)
    assert len(gateway.requests) == 5
    assert gateway.connections == 1


def test_secrets_stay_out_of_errors_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    """What the gateway echoes of a request is masked, at every level of logging."""
    caplog.set_level(logging.DEBUG)
    echo = json.dumps({"sign": "s3cret", "token": "t0ken"})
    with scripted(answer(echo, 500), answer(echo, 403)) as gateway:
        error, calls = ask(gateway.base_url)
    assert calls == 2
    for text in (str(error), caplog.text):
        assert "***" in text
        assert "s3cret" not in text
        assert "t0ken" not in text


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sandbox is reached also where the outside world is behind a proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with scripted(OK) as gateway:
        assert ask(gateway.base_url)[1] == 1


def test_what_reads_the_data_is_part_of_the_attempt() -> None:
    """Data that its reader finds not ready is asked for again, and what it makes of it is given."""
    asked = []

    def read(data: Any) -> str:
        asked.append(data["amount"])
        if len(asked) < 2:
            raise Temporary(CALL, "not yet, says t0ken")
        return "read"

    with scripted(OK) as gateway:
        found = using(erp(gateway.base_url), lambda client: client.call(CALL, read), QUICK)
    assert (found, len(asked)) == ("read", 2)


def test_requests_are_counted_for_what_runs_inside() -> None:
    """Each shop's tally has its own requests, those of the tasks it starts among them."""

    async def shop(client: GatewayClient, times: int) -> tuple[int, int]:
        with tallied() as outer, tallied() as tally:
            await asyncio.gather(*(client.call(CALL) for _ in range(times)))
        await client.call(CALL)
        return outer.calls, tally.calls

    async def shops(client: GatewayClient) -> Any:
        return await asyncio.gather(*(shop(client, times) for times in (1, 2, 3))), client.calls

    with scripted(OK) as gateway:
        assert using(erp(gateway.base_url), shops) == ([(1, 1), (2, 2), (3, 3)], 9)


def test_a_limit_per_shop_holds_up_that_shop_only() -> None:
    """Two calls of one shop wait for each other, those of different shops do not."""
    limits = (Limit(1, 1, "shop"), Limit(100, 1))

    async def ask_all(client: GatewayClient, shops: list[int]) -> float:
        began = time.monotonic()
        await asyncio.gather(*(client.call(Call("/some", shop=shop)) for shop in shops))
        return time.monotonic() - began

    with scripted(OK) as gateway:
        dialect = erp(gateway.base_url)
        assert using(dialect, lambda client: ask_all(client, [1, 2, 3]), limits=limits) < 1
        assert using(dialect, lambda client: ask_all(client, [4, 4]), limits=limits) >= 1


def test_a_limit_per_app_holds_up_all_its_shops() -> None:
    """Calls of different shops of one app wait for each other."""
    limits = (Limit(9, 1, "shop"), Limit(1, 1))

    async def ask_both(client: GatewayClient) -> None:
        await asyncio.gather(*(client.call(Call("/some", shop=shop)) for shop in (1, 2)))

    with scripted(OK) as gateway:
        began = time.monotonic()
        using(erp(gateway.base_url), ask_both, limits=limits)
    assert time.monotonic() - began >= 1


def test_the_environment_says_how_long_to_go_on() -> None:
    """What it leaves out is as ever, and what it says wrongly is refused by name."""
    environ = {"GATEWAY_TIMEOUT_SECONDS": "2.5", "GATEWAY_ATTEMPTS": "7"}
    given = Patience.from_environment(environ)
    assert given == Patience(timeout=timedelta(seconds=2.5), attempts=7)
    assert Patience.from_environment({"GATEWAY_PAUSE_SECONDS": " "}) == Patience()
    for text in ("soon", "0", "-1", "nan", "inf", "1e300", "86401"):
        with pytest.raises(ConfigurationError, match=f"GATEWAY_DEADLINE_SECONDS is '{text}'"):
            Patience.from_environment({"GATEWAY_DEADLINE_SECONDS": text})
    with pytest.raises(ConfigurationError, match=r"GATEWAY_ATTEMPTS is '1001': .*at most 1000"):
        Patience.from_environment({"GATEWAY_ATTEMPTS": "1001"})
    most = {"GATEWAY_ATTEMPTS": "1000", "GATEWAY_PAUSE_SECONDS": "86400"}
    assert Patience.from_environment(most).pause_after(1000) > 0
