"""The sandbox on a port of this machine, for as long as somebody needs it."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import uvicorn

from include.sandbox.app import create_app
from include.sandbox.limits import ALLOWANCES, Allowance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from fastapi import FastAPI

HOST = "127.0.0.1"
LOOK_AGAIN_AFTER_SECONDS = 0.01


@contextmanager
def serve(
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
    port: int = 0,
    allowances: Sequence[Allowance] = ALLOWANCES,
) -> Iterator[str]:
    """Run the sandbox in a thread; arguments as those of `create_app`.

    Args:
        seed: another gives other orders.
        clock: gives the moment whose truth is served; without, now.
        port: where; 0 takes a free one.
        allowances: the rate limits that it enforces.

    Yields:
        its base URL.
    """
    with serve_app(create_app(seed, clock, allowances), port) as base_url:
        yield base_url


@contextmanager
def serve_app(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Run any web app in a thread; yield its base URL."""
    with socket.create_server((HOST, port)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
        thread = Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(LOOK_AGAIN_AFTER_SECONDS)
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
