"""What tests run in processes beside their own, forked from a Python that has imported it."""

from __future__ import annotations

import asyncio
import os
import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from include.gateways.client import GatewayClient
from include.gateways.limit_store import LimitStore
from include.gateways.limiter import Limit, RateLimiter
from include.gateways.tokens import TokenStore
from include.platforms.jushuitan.dialect import Jushuitan, shops
from include.warehouse import connect
from tests.gateways.asking import using
from tests.runner import FORKS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection as Pipe
    from pathlib import Path

    from include.gateways.connection import Connection
    from include.gateways.dialect import Call

TIMEOUT = timedelta(seconds=1)  # of a simulated call


class Program:
    """A process that does some work; it can be killed like any other."""

    def __init__(self, work: Callable[..., None], *arguments: Any, var: Path | None = None) -> None:
        """Start it.

        Args:
            work: one of the functions below; it is given what tells the test something, and then:
            arguments: of it.
            var: the folder that `SCHEDULER_VAR` names.
        """
        self._told, telling = FORKS.Pipe(duplex=False)
        self.process = FORKS.Process(target=_work, args=(work, arguments, var, telling))
        self.process.start()
        telling.close()

    def first(self) -> Any:
        """Wait for what it tells next."""
        return self._told.recv()

    def told(self) -> list[Any]:
        """Return all else that it tells until it has ended."""
        told = []
        try:
            while True:
                told.append(self._told.recv())
        except (EOFError, OSError):  # an OSError where it was killed while it told something
            self.process.join()
            return told

    def kill(self) -> None:
        """Kill it, and wait for its end."""
        self.process.kill()
        self.process.join()


def _work(
    work: Callable[..., None], arguments: Sequence[Any], var: Path | None, telling: Pipe
) -> None:
    if var:
        os.environ["SCHEDULER_VAR"] = str(var)
    work(telling.send, *arguments)


def simulated_calls(
    tell: Callable[[float], None],
    file: Path,
    limits: Sequence[tuple[int, float]],
    many: tuple[int, int],
    delay: float,
) -> None:
    """Make calls to nobody, in its turns; tell when "the gateway" saw each.

    Args:
        tell: takes the moment.
        file: of the limiter.
        limits: of its app.
        many: coroutines side by side, and calls of each.
        delay: longest on the wire, in seconds: the gateway sees a call at some moment between its
            sending and its receiving.
    """
    coroutines, times = many
    limiter = RateLimiter(file, "app", [Limit(*one) for one in limits], TIMEOUT)

    async def call() -> None:
        for _ in range(times):
            async with limiter.turn(None):
                await asyncio.sleep(random.uniform(0, delay))
                tell(time.monotonic())
                await asyncio.sleep(random.uniform(0, delay))

    async def side_by_side() -> None:
        await asyncio.gather(*(call() for _ in range(coroutines)))

    asyncio.run(side_by_side())


def listed_shops(_: object, connection: Connection, coroutines: int, times: int) -> None:
    """List a sandbox's shops again and again, within the platform's own limits."""

    async def call(client: GatewayClient) -> None:
        for _ in range(times):
            await shops(client)

    async def side_by_side() -> None:
        async with GatewayClient(Jushuitan(connection)) as client:
            await asyncio.gather(*(call(client) for _ in range(coroutines)))

    asyncio.run(side_by_side())


def one_call(tell: Callable[[int], None], url: str, connection: Connection, call: Call) -> None:
    """Ask a gateway once, with a token that may have to be refreshed; tell which was used."""
    answer = using(
        Jushuitan(connection), lambda client: client.call(call), tokens=TokenStore(connect(url))
    )
    tell(answer["generation"])


def written_calls(tell: Callable[[int], None], path: Path) -> None:
    """Write calls into a store for ever; tell after each how many there are."""
    store = LimitStore(path)
    while True:
        add(store)
        tell(len(calls(store)))


def add(store: LimitStore, times: int = 1) -> None:
    """Write a call, in a transaction of its own, so many times."""
    insert = "INSERT INTO calls VALUES ((SELECT count(*) + 1 FROM calls), 'app', NULL, 0)"
    for _ in range(times):
        store.transact(lambda db: db.execute(insert))


def calls(store: LimitStore) -> list[int]:
    """Return the tickets of all calls."""
    return [row[0] for row in store.transact(lambda db: db.execute("SELECT ticket FROM calls"))]
