"""Prefect's REST API, as a recording of Prefect 3.9.1 answers it; the real one in a campaign."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from manager.importing.prefect_api import makes_runs, read
from tests.manager.importing.prefect.recording import RECORDED, served

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a page hold fewer than there are."""
    monkeypatch.setattr("manager.importing.prefect_api.PAGE", 5)
    for name in ("PREFECT_API_KEY", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("ending", ["", "/api", "/api/"])
def test_every_page_is_read(ending: str) -> None:
    """All deployments are jobs, with their flows, schedules and last good run."""
    with served() as (address, _asked):
        found = read(address + ending)
    jobs = {job.name: job for job in found.jobs}
    assert len(jobs) == len(RECORDED["deployments"]) == 17
    assert jobs["PDD质量数据"].deployment == "PDD质量数据/PDD质量数据"
    assert [job.name for job in found.jobs if job.last_success] == ["ERP门店数据"]
    assert not jobs["PDD聊天数据"].is_enabled
    assert jobs["PDD质量数据"].place.file == address + ending


def test_which_deployments_make_runs() -> None:
    """Neither one that is paused nor one without an active schedule does."""
    with served() as (address, _asked):
        found = makes_runs(address, 10)
    idle = sorted(name for name, active in found.items() if not active)
    assert idle == ["PDD聊天数据/PDD聊天数据", "stock/by hand"]


def test_the_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Prefect's own client is opened with opens it here; without it the error names it."""
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:hunter2")
    with served() as (address, asked):
        makes_runs(address, 10)
    assert {given for _path, given in asked} == {"Basic YWRtaW46aHVudGVyMg=="}
    monkeypatch.setenv("PREFECT_API_KEY", "pnu_secret")
    with served(refuses=True) as (address, asked):
        with pytest.raises(ConfigurationError, match="PREFECT_API_AUTH_STRING") as caught:
            read(address)
        assert asked[0][1] == "Bearer pnu_secret"
    assert "pnu_secret" not in str(caught.value)


def test_what_does_not_answer() -> None:
    """The error says what to start, or what to read in its place."""
    with served() as (address, _asked):
        pass
    with pytest.raises(ConfigurationError, match=r"prefect server start.*prefect\.db"):
        read(address)


@pytest.mark.parametrize("path", ["/other", "/api/v2"])
def test_what_is_not_prefects(path: str) -> None:
    """An address of something else is refused."""
    with served() as (address, _asked), pytest.raises(ConfigurationError, match="ends in /api"):
        read(address + path)


@contextmanager
def answering(body: bytes, status: int = 200, *, is_endless: bool = False) -> Iterator[str]:
    """Serve one answer to every question on a free port, its body once or without end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)
            try:
                while is_endless:
                    self.wfile.write(body)
            except OSError:  # who has asked has gone
                pass

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [("LARGEST", 2**20, "larger than 1 MB"), ("LONGEST", 0, "no answer in time")],
)
def test_an_answer_without_end(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    """It takes neither all memory nor all time."""
    monkeypatch.setattr(f"manager.importing.prefect_api.{limit}", value)
    with (
        answering(b" " * 2**16, is_endless=True) as address,
        pytest.raises(ConfigurationError, match=said),
    ):
        read(address)


def test_pages_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do pages that are full for ever."""
    monkeypatch.setattr("manager.importing.prefect_api.MOST", 20)
    with (
        answering(json.dumps([{}] * 5).encode()) as address,
        pytest.raises(ConfigurationError, match="more than 20 flows"),
    ):
        read(address)


@pytest.mark.parametrize(("body", "status"), [(b"x", 302), (b"x", 418), (b"[" * 10**5, 200)])
def test_other_answers(body: bytes, status: int) -> None:
    """One of something else is refused in one line."""
    with answering(body, status) as address, pytest.raises(ConfigurationError) as caught:
        read(address)
    assert "ends in /api" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_fields_of_another_kind() -> None:
    """What is not as Prefect writes it is no fault of ours."""
    odd = [{"name": "odd", "id": {}, "flow_id": {}, "schedules": "none", "tags": 5}]
    with answering(json.dumps(odd).encode()) as address:
        assert [job.name for job in read(address).jobs] == ["odd"]
        assert not any(makes_runs(address, 10).values())
