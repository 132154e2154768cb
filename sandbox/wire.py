"""Faults of the wire, between the gateways and whoever asks; counts what arrives, too."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from sandbox.faults import FAULT_HEADER, FAULTS, Strike
from sandbox.platforms import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.world import World

PLATFORM_OF_PATH = {
    **{path: name for name, platform in PLATFORMS.items() for path in platform.paths},
    "/feeds/": "feeds",
}
SECONDS_PER_BYTE = 0.5
SECONDS_BEHIND = 24 * 3600
# For what was sent before a reset to reach the other side.
SECONDS_BEFORE_A_RESET = 0.05
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>登录</title></head><body>请先登录</body></html>"
# What is said in place of the gateway's answer: status, type and body.
ANSWERS = {
    "http_429": (429, "text/plain", b"Too Many Requests\n"),
    "http_503": (503, "text/html", b"<html><h1>503 Service Unavailable</h1></html>\n"),
    "html": (200, "text/html; charset=utf-8", LOGIN_PAGE.encode()),
}
AT_ONCE = {*ANSWERS, "reset", "trickle"}


def platform_of(path: str) -> str | None:
    """Return whose a path is; None: none of a platform's."""
    owners = (name for start, name in PLATFORM_OF_PATH.items() if path.startswith(start))
    return next(owners, None)


@dataclass
class Exchange:
    """One request and the answer that the gateway has for it.

    Attributes:
        start: status and headers.
        body: all of it.
    """

    scope: Scope
    receive: Receive
    send: Send
    start: Message = field(default_factory=dict)
    body: bytes = b""

    async def keep(self, message: Message) -> None:
        """Take what the gateway sends."""
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")

    async def answer(self, status: int, kind: str, body: bytes) -> None:
        """Send an answer of the wire's own."""
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})

    async def pass_on(self) -> None:
        """Send the gateway's answer as it is."""
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": self.body})

    async def arrived(self) -> None:
        """Wait until all of the request has come."""
        while (await self.receive()).get("more_body"):
            pass

    async def gone(self) -> None:
        """Wait until the other side is gone."""
        while (await self.receive())["type"] != "http.disconnect":
            pass


class FaultyWire:
    """ASGI middleware: hands requests to the gateways, unless a fault strikes."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        platform = platform_of(scope["path"]) if scope["type"] == "http" else None
        if platform is None:
            await self._app(scope, receive, send)
            return
        self._world.gatekeepers[platform].calls += 1
        exchange = Exchange(scope, receive, send)
        header = dict(scope["headers"]).get(FAULT_HEADER.encode(), b"").decode("latin-1")
        if header and header not in FAULTS:
            known = ", ".join(FAULTS)
            message = f"{FAULT_HEADER}: {header!r} is no fault; there are {known}\n"
            await exchange.answer(400, "text/plain; charset=utf-8", message.encode())
            return
        strike = Strike(self._world.faults, platform, header)
        scope.setdefault("state", {})["strike"] = strike
        if strike.before_the_gateway() in AT_ONCE:
            await exchange.arrived()
        else:
            await self._app(scope, receive, exchange.keep)
        if strike.on_wire in ANSWERS:
            await exchange.answer(*ANSWERS[strike.on_wire])
        else:
            await WAYS.get(strike.on_wire, Exchange.pass_on)(exchange)


async def _truncated(exchange: Exchange) -> None:
    status, half = exchange.start["status"], exchange.body[: len(exchange.body) // 2]
    await exchange.answer(status, "application/json", half)


async def _reset(exchange: Exchange) -> None:
    """Close the connection so that the other side gets a RST, not an end."""
    transport: asyncio.Transport = exchange.scope["state"]["transport"]
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await exchange.gone()


async def _reset_in_body(exchange: Exchange) -> None:
    half = exchange.body[: len(exchange.body) // 2]
    await exchange.send(exchange.start)
    await exchange.send({"type": "http.response.body", "body": half, "more_body": True})
    await asyncio.sleep(SECONDS_BEFORE_A_RESET)
    await _reset(exchange)


async def _slow_clock(exchange: Exchange) -> None:
    date = formatdate(time.time() - SECONDS_BEHIND, usegmt=True).encode()
    exchange.start["headers"] = [*exchange.start["headers"], (b"date", date)]
    await exchange.pass_on()


async def _trickle(exchange: Exchange) -> None:
    """Send spaces, which may begin any JSON, until the other side has had enough."""
    headers = [(b"content-type", b"application/json")]
    await exchange.send({"type": "http.response.start", "status": 200, "headers": headers})
    gone = asyncio.ensure_future(exchange.gone())
    while not gone.done():
        await exchange.send({"type": "http.response.body", "body": b" ", "more_body": True})
        await asyncio.wait([gone], timeout=SECONDS_PER_BYTE)


WAYS: dict[str, Callable[[Exchange], Awaitable[Any]]] = {
    "reset": _reset,
    "reset_in_body": _reset_in_body,
    "trickle": _trickle,
    "truncated": _truncated,
    "slow_clock": _slow_clock,
}
