"""What looking at the shape of answers costs, against decoding them.

Run: `.venv/bin/python benchmarks/shapes.py [--rounds 40]`. A day of one shop of each platform and
feed is pulled from the sandbox, and every answer is kept. Then all are decoded again, from bytes to
the rows that land (JSON, envelope, models), and looked at as the client does
(`include.gateways.shapes`), in turn, so that what else the machine does weighs on both alike. What
counts is the ratio of the two sums of processor time in this one run: at most 0.02 for each source.
What a source looks like is known before, as it is in all runs but the first.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import defaultdict
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pull import ROOT, sandbox  # finds what is ours, too

from include.gateways import client as gateway_client
from include.gateways.bodies import json_of
from include.gateways.client import GatewayClient
from include.gateways.connection import Connection
from include.gateways.fields import SHANGHAI
from include.gateways.limiter import Limit
from include.gateways.shapes import NO_ROWS, Shapes
from include.platforms.feed.dialect import FeedDialect, connection_of
from include.platforms.feed.pages import rows_of
from include.platforms.jd import orders as jd
from include.platforms.jd.dialect import Jd
from include.platforms.jushuitan import orders as jushuitan
from include.platforms.jushuitan.dialect import Jushuitan
from include.platforms.pdd.dialect import Pdd
from include.platforms.pdd.refunds import refunds_updated
from include.registry import load_registry
from include.registry.airflow_objects import connections
from include.registry.feeds import Blanks, load_feeds
from sandbox.credentials import (
    ERP_ACCOUNT,
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
    access_token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.gateways.bodies import Answer
    from include.gateways.dialect import Call, Dialect

MOST = 0.02
LEAST = 300_000  # bytes in a row, so that asking the clock weighs nothing
UNLIMITED = (Limit(100_000, 1),)
# Of 拼多多's 2,400 calls a day most bring nothing; so many minutes bring as many as one wants.
MINUTES = 90


class Kept(NamedTuple):
    """An answer, and how it is decoded."""

    call: Call
    content: bytes
    charset: str | None
    unwrap: Callable[[Call, Any], Any]
    read: Callable[[Any], Any] | None

    def decode(self) -> Any:
        """Return the data, of which the rows have been made."""
        data = self.unwrap(self.call, json_of(self.content, self.charset))
        if self.read is not None:
            self.read(data)
        return data


class Keeping(GatewayClient):
    """A client that keeps what it has read."""

    kept: list[Kept]

    async def _ask(self, call: Call, kept: Any, read: Callable[[Any], Any] | None) -> Any:
        answers: list[Answer] = []
        exchanged = self._exchanged

        async def noted(*arguments: Any) -> Answer:
            answers.append(await exchanged(*arguments))
            return answers[-1]

        self._exchanged = noted  # type: ignore[method-assign,assignment]
        try:
            found = await super()._ask(call, kept, read)
        finally:
            self._exchanged = exchanged  # type: ignore[method-assign]
        answer = answers[-1]
        one = Kept(call, answer.content, answer.charset, self._dialect.unwrap, read)
        self.kept.append(one)
        return found


async def keep(dialect: Dialect, pull: Callable[[GatewayClient], Any]) -> list[Kept]:
    """Pull something, and return its answers."""
    dialect.limits = UNLIMITED
    async with Keeping(dialect) as client:
        client.kept = []
        await pull(client)
        return client.kept


async def answers_of(base_url: str) -> list[Kept]:
    """Return the answers of a day of one shop of each platform, and of each feed."""
    midnight = datetime.now(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)

    def connection(platform: str, number: int) -> Connection:
        token = access_token_of(platform, number)
        return Connection(platform, base_url, SANDBOX_APP_KEY, SANDBOX_APP_SECRET, token)

    async def drained(pages: Any) -> None:
        async for _ in pages:
            pass

    whole = (midnight - day, midnight)
    evening = midnight - 4 * day / 24
    part = (evening, evening + timedelta(minutes=MINUTES))
    erp, shop = Jushuitan(connection("erp", ERP_ACCOUNT)), 10001
    found = await keep(erp, lambda one: drained(jushuitan.orders_modified(one, shop, *whole)))
    found += await keep(
        Jd(connection("jd", 30001)), lambda one: drained(jd.orders_modified(one, 30001, *whole))
    )
    found += await keep(
        Pdd(connection("pdd", 20001)), lambda one: drained(refunds_updated(one, 20001, *part))
    )
    schedule = load_registry(ROOT).jobs["pdd_review"].schedule
    blanks = Blanks("20001", "day", schedule.containing(midnight - day), SHANGHAI)
    for feed in load_feeds(ROOT).by_id.values():
        dialect = FeedDialect(feed, connection_of(feed))
        read = partial(rows_of, feed=feed, blanks=blanks, progress=print_none)
        found += await keep(dialect, read)
    return found


def print_none(_rows: int) -> None:
    """Report nothing."""


class Cost(NamedTuple):
    """What an answer of a source costs on average: its bytes, and microseconds."""

    source: str
    size: float
    decoding: float
    looking: float


def measured(kept: list[Kept], rounds: int) -> Iterator[Cost]:
    """Yield what the answers of each source cost."""
    by_source: dict[str, list[Kept]] = defaultdict(list)
    for one in kept:
        by_source[one.call.method].append(one)
    first = Shapes()
    for source, answers in by_source.items():
        for one in answers:
            first.look(source, one.decode(), "a unit")
    shapes = Shapes(first.found)
    for source, answers in by_source.items():
        decoding = looking = 0.0
        many = answers * -(-LEAST // sum(len(one.content) for one in answers))
        for _ in range(rounds):
            began = time.process_time_ns()
            found = [one.decode() for one in many]
            between = time.process_time_ns()
            for one, data in zip(many, found, strict=True):
                size = len(one.content)
                if size > NO_ROWS and shapes.wants(source, size):
                    shapes.look(source, data, "a unit")
            looked = time.process_time_ns()
            for _one, _data in zip(many, found, strict=True):
                pass
            # Going over the answers is the benchmark's own.
            looking += 2 * looked - between - time.process_time_ns()
            decoding += between - began
        number = rounds * len(many)
        average = sum(len(one.content) for one in answers) / len(answers)
        yield Cost(source, average, decoding / 1e3 / number, looking / 1e3 / number)


def main() -> int:
    """Measure; return 1 when a look costs more than it may."""
    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    gateway_client._hold_against_the_clock = lambda *_: None  # noqa: SLF001 - of no interest here
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch, sandbox() as base_url:
        os.environ["SCHEDULER_VAR"] = scratch
        feed = json.dumps(connections(base_url)["pdd_feed"])
        os.environ["AIRFLOW_CONN_PDD_FEED"] = feed
        kept = asyncio.run(answers_of(base_url))
    gc.disable()  # it would come in the middle of one or the other
    worst = 0.0
    for cost in measured(kept, rounds):
        ratio = cost.looking / cost.decoding
        worst = max(worst, ratio)
        print(
            f"{cost.source:30} {cost.size:8,.0f} bytes an answer  decoding {cost.decoding:8.1f} us"
            f"  looking {cost.looking:6.2f} us  ratio {ratio:.4f}",
            flush=True,
        )
    print(f"worst ratio {worst:.4f}, at most {MOST}")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
