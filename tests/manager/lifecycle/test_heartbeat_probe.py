"""The health check of the containers."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from unittest import mock

import pytest

from include import PROJECT_ROOT, TASKS_URL
from manager.lifecycle.heartbeat_probe import PATH, main

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
    """Run the check; a proxy in its environment is not asked."""
    proxied = {"http_proxy": "http://127.0.0.1:9", TASKS_URL: url}
    with mock.patch.dict(os.environ, proxied), redirect_stdout(io.StringIO()) as said:
        return main([name]), said.getvalue().strip()


def test_it_is_a_program_that_needs_no_package() -> None:
    """As a container starts it, every few seconds."""
    with answering(json.dumps(ANSWER).encode()) as url:
        done = subprocess.run(
            [sys.executable, "-S", "-m", "manager.lifecycle.heartbeat_probe", "scheduler"],
            cwd=PROJECT_ROOT,
            env={"PATH": os.environ["PATH"], TASKS_URL: url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stdout, done.stderr) == (1, "scheduler: unhealthy\n", "")


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
