"""How much of what 拼多多 allows a pull of many shops uses, held against a plain loop.

Run: `.venv/bin/python benchmarks/pull.py [--shops 60] [--seconds 30]`. The sandbox, which enforces
the platform's limits (100 calls in 10 s for each shop, 500 a second for the app), is a process of
its own. Against it, one after the other:

- the pull of after-sales as the job does it, all shops side by side in one process, for so many
  seconds between the first window (10 s) and the last, which are left out;
- a plain loop as one writes it first: shop after shop, one call at a time over a connection that is
  kept open, with a pause of 0.1 s after each, which no shop's limit can be exceeded with.

What counts is calls made against calls allowed, at least 0.95, and that the sandbox turned none
away. At the full rate the two processes need a core each, and most of it.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import AsyncExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - as those below; what is ours is found by the line above

from include.gateways.client import GatewayClient, Tally, tallied  # noqa: E402
from include.gateways.connection import Connection  # noqa: E402
from include.gateways.dialect import Call  # noqa: E402
from include.platforms.pdd.dialect import MALL, Pdd  # noqa: E402
from include.platforms.pdd.refunds import refunds_updated  # noqa: E402
from include.pulling.clients import run  # noqa: E402
from sandbox.credentials import SANDBOX_APP_KEY, SANDBOX_APP_SECRET, access_token_of  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_SHOP = 20001
WINDOW = max(limit.seconds for limit in Pdd.limits)
PAUSE = 0.1
SECONDS_OF_THE_LOOP = 10.0
LEAST = 0.95


class Pulled(NamedTuple):
    """How a steady stretch of calls went.

    Attributes:
        calls: made in it.
        seconds: how long it was.
        processor: seconds that its process used.
    """

    calls: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds


@contextmanager
def sandbox() -> Iterator[str]:
    """Run the sandbox in a process of its own; yield its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    # What it says of the calls that are cut off in the end is of no interest.
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    base_url = f"http://127.0.0.1:{port}"
    try:
        while not answers(base_url):
            assert process.poll() is None, "the sandbox does not start"
            time.sleep(0.1)
        yield base_url
    finally:
        process.terminate()
        process.wait()


def answers(base_url: str) -> bool:
    """Return whether a sandbox is up."""
    try:
        return httpx.get(f"{base_url}/sandbox/health").is_success
    except httpx.ConnectError:
        return False


def connection_of(number: int, base_url: str) -> Connection:
    """Return the connection of a shop; all shops are of one app."""
    token = access_token_of("pdd", number)
    return Connection(f"pdd_{number}", base_url, SANDBOX_APP_KEY, SANDBOX_APP_SECRET, token)


async def pull_all(base_url: str, shops: int, seconds: float) -> Pulled:
    """Pull yesterday for many shops side by side, and measure between first and last window."""
    end = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)

    async def pull(client: GatewayClient, number: int) -> None:
        while True:
            async for _ in refunds_updated(client, number, end - timedelta(days=1), end):
                pass

    async with AsyncExitStack() as stack:
        numbers = range(FIRST_SHOP, FIRST_SHOP + shops)
        dialects = {number: Pdd(connection_of(number, base_url)) for number in numbers}
        clients = {
            number: await stack.enter_async_context(GatewayClient(dialect))
            for number, dialect in dialects.items()
        }
        with tallied() as tally:
            tasks = [asyncio.ensure_future(pull(clients[number], number)) for number in numbers]
            measured = asyncio.ensure_future(steady(tally, seconds))
            done, _ = await asyncio.wait([measured, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return [task.result() for task in done][0]  # noqa: RUF015 - raises what a pull raised


async def steady(tally: Tally, seconds: float) -> Pulled:
    """Count the calls after the first window, and go on for one more."""
    await asyncio.sleep(WINDOW)
    calls, began, processor = tally.calls, time.monotonic(), time.process_time()
    await asyncio.sleep(seconds)
    now = time.monotonic()
    pulled = Pulled(tally.calls - calls, now - began, time.process_time() - processor)
    await asyncio.sleep(WINDOW)
    return pulled


def plain_loop(base_url: str, shops: int) -> Pulled:
    """Ask shop after shop, with a pause after each call."""
    began, calls, processor = time.monotonic(), 0, time.process_time()
    with httpx.Client() as http:
        while time.monotonic() < began + SECONDS_OF_THE_LOOP:
            number = FIRST_SHOP + calls % shops
            connection = connection_of(number, base_url)
            request = Pdd(connection).request(Call(MALL, shop=number), connection.access_token)
            answer = http.post(request.url, content=request.body, headers=dict(request.headers))
            assert "mall_info_get_response" in answer.json(), answer.text
            calls += 1
            time.sleep(PAUSE)
    return Pulled(calls, time.monotonic() - began, time.process_time() - processor)


def turned_away(base_url: str) -> int:
    """Ask the sandbox how many calls were over a limit."""
    counted = httpx.get(f"{base_url}/sandbox/calls").json()
    return int(counted["over_limit"])


def warm_up(base_url: str, shops: int) -> None:
    """Have the sandbox make the day of every shop, which a real gateway has."""
    day = datetime.now().astimezone().date() - timedelta(days=1)
    with httpx.Client(base_url=base_url, timeout=60) as http:
        for number in range(FIRST_SHOP, FIRST_SHOP + shops):
            where = {"shop": number, "day": day.isoformat()}
            http.get("/sandbox/truth/pdd/refunds", params=where).raise_for_status()


def show(what: str, pulled: Pulled, allowed: float) -> float:
    """Print a way's figures; returns calls made against calls allowed."""
    ratio = pulled.rate / allowed
    print(
        f"{what:12} {pulled.rate:6.1f} calls/s of {allowed:.0f} allowed   ratio {ratio:.3f}"
        f"   processor {pulled.processor / pulled.calls * 1e3:.2f} ms a call"
        f", {pulled.processor / pulled.seconds:.2f} of a core",
        flush=True,
    )
    return ratio


def allowed_for(shops: int) -> float:
    """Return the calls a second that all limits together allow."""
    return min(
        limit.calls / limit.seconds * (shops if limit.per == "shop" else 1) for limit in Pdd.limits
    )


def main() -> int:
    """Measure; returns 1 when too little of what is allowed was used, or more than that."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shops", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=30.0)
    arguments = parser.parse_args()
    allowed = allowed_for(arguments.shops)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch, sandbox() as base_url:
        os.environ["SCHEDULER_VAR"] = scratch
        warm_up(base_url, arguments.shops)
        pulled = run(pull_all(base_url, arguments.shops, arguments.seconds))
        ratio = show("the pull", pulled, allowed)
        time.sleep(WINDOW)  # what the pull has used up counts for so long
        show("a plain loop", plain_loop(base_url, arguments.shops), allowed)
        too_many = turned_away(base_url)
    print(f"{arguments.shops} shops; the sandbox turned away {too_many} calls")
    return 0 if ratio >= LEAST and not too_many else 1


if __name__ == "__main__":
    sys.exit(main())
