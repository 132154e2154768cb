"""The health check of the containers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from include import PROJECT_ROOT
from manager.lifecycle.heartbeat_probe import API, PATH

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = {"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}}


@contextmanager
def answering(answer: Any) -> Iterator[str]:
    """Serve what Airflow's API would say, on loopback; give the address that tasks report to."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path in (PATH, "/execution/health") else 404)
            self.end_headers()
            self.wfile.write(answer if self.path == PATH else b'{"status": "healthy"}')

        def log_message(self, *_: Any) -> None:
            """Log nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/execution/"
        server.shutdown()


def check(url: str, name: str) -> tuple[int, str]:
    """Run the check as a container does; a proxy in its environment is not asked."""
    proxied = {"http_proxy": "http://127.0.0.1:9", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "manager.lifecycle.heartbeat_probe", name],
        cwd=PROJECT_ROOT,
        env={**proxied, API: url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("metadatabase", (0, "metadatabase: healthy")),
        ("scheduler", (1, "scheduler: unhealthy")),
        ("triggerer", (1, "triggerer: unknown to the api-server")),
        ("execution", (0, "execution: healthy")),
    ],
)
def test_a_component_is_as_the_api_knows_it(name: str, expected: tuple[int, str]) -> None:
    """Only `healthy` is well."""
    with answering(json.dumps(ANSWER).encode()) as url:
        assert check(url, name) == expected


def test_without_the_api_nothing_is_known() -> None:
    """No answer, or one that is none, is not well, and says why."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        code, said = check(f"http://127.0.0.1:{free.getsockname()[1]}/execution/", "scheduler")
    assert (code, "the api-server does not answer" in said) == (1, True)
    with answering(b"<html>") as url:
        code, said = check(url, "scheduler")
    assert (code, "the api-server does not answer" in said) == (1, True)
