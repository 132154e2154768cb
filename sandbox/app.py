"""The sandbox as a web app: the gateways, and `/sandbox/…` for who wants to check against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from sandbox import admin, feeds, jd, jushuitan, pdd
from sandbox.wire import FaultyWire
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sandbox.limits import Allowances

# Each serves its platform's paths, and under /sandbox/truth/ what is true of it.
GATEWAYS = (jushuitan, jd, pdd, feeds)


def create_app(
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
    allowances: Allowances = None,
) -> FastAPI:
    """Make the sandbox.

    Args:
        seed: another gives other data.
        clock: gives the moment (naive: of Asia/Shanghai) whose truth is served; without, now.
            Timestamps of requests are held against the real time.
        allowances: the rate limits that it enforces: one list for all platforms, or a list for
            some by name (erp, jd, pdd, feeds); without, as the platforms document them.
    """
    world = World(seed, clock, allowances)
    app = FastAPI(title="Sandbox of the platforms' gateways", openapi_url=None)
    app.add_middleware(FaultyWire, world=world)
    for gateway in (admin, *GATEWAYS):
        app.include_router(gateway.router(world))
    return app
