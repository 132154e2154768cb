"""The simple commands."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from include.errors import ConfigurationError
from manager.commands.simple import _refuse_test_without_date, _window, airflow, restart
from manager.layout import Layout
from manager.lifecycle.ports import Ports, check_free, remember
from manager.lifecycle.supervisor_client import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""
NOTHING = {"period": None, "first": None, "last": None, "shop": None, "again": False}


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ({}, []),
        ({"period": "2025-10-02"}, ["--period", "2025-10-02"]),
        ({"first": "2025-09", "last": "2025-10"}, ["--from", "2025-09", "--to", "2025-10"]),
        ({"shop": ["a", "b"], "again": True}, ["--shop", "a", "--shop", "b", "--again"]),
    ],
)
def test_the_runner_gets_what_was_given(given: dict[str, object], arguments: list[str]) -> None:
    """Period, shops and `--again` reach the runner unchanged, and nothing else does."""
    assert _window(Namespace(**{**NOTHING, **given})) == arguments


@pytest.mark.parametrize(
    ("given", "option"), [("period", "--period"), ("first", "--from"), ("last", "--to")]
)
@pytest.mark.parametrize("word", ["", "  "])
def test_an_empty_period_is_not_the_last_one(given: str, option: str, word: str) -> None:
    """`run JOB --period "$DAY"` with DAY unset is refused instead of running another day."""
    with pytest.raises(ConfigurationError, match=f"{option} '{word}' names no period"):
        _window(Namespace(**{**NOTHING, given: word}))


@pytest.mark.parametrize(
    "words",
    [
        ["erp_store", "run"],
        ["erp_store", "run", "-t", '{"again": true}'],
        ["-v", "--map-index", "3", "erp_store", "run", "--task-params={}"],
    ],
)
def test_a_task_is_not_tested_without_a_date(words: list[str]) -> None:
    """Airflow would delete the oldest run of the job, which it takes for that of no date."""
    with pytest.raises(ConfigurationError, match="airflow tasks test erp_store run 2025-10-02"):
        airflow(Layout(), Namespace(rest=["tasks", "test", *words]))


@pytest.mark.parametrize(
    "words",
    [
        ["tasks", "test", "erp_store", "run", "2025-10-02"],
        ["tasks", "test", "-t", "{}", "erp_store", "run", "manual__x", "-v"],
        ["tasks", "test", "--help"],
        ["tasks", "list", "erp_store"],
    ],
)
def test_other_commands_of_airflow_are_handed_on(words: list[str]) -> None:
    """A task with a date or a run's id, help, and what is about something else."""
    _refuse_test_without_date(words)


@pytest.mark.parametrize(
    "option",
    [
        ["--conn-password", "p4ss"],
        ["--conn-pass=p4ss"],
        ["--conn-extra", '{"access_token": "p4ss"}'],
        ["--conn-uri", "http://u:p4ss@h"],
        ["--conn-json", '{"password": "p4ss"}'],
    ],
    ids=lambda option: option[0],
)
def test_no_password_is_taken_from_a_command_line(option: list[str]) -> None:
    """Airflow would write it into its audit log; who types it is told where it belongs."""
    words = ["connections", "add", "erp", "--conn-type", "http", *option]
    with pytest.raises(ConfigurationError, match="connections import FILE") as refusal:
        airflow(Layout(), Namespace(rest=words))
    assert "p4ss" not in str(refusal.value)


@pytest.fixture
def component(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Return a process that the service of `tmp_path` started, and the port it listens on."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN],
        env=os.environ | {MARKER: str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("refused", ["host", "port", "memory"])
def test_a_restart_that_could_not_start_stops_nothing(
    component: tuple[subprocess.Popen[str], int], tmp_path: Path, refused: str
) -> None:
    """A wrong host, a taken port or a damaged memory is told while the service still runs."""
    process, port = component
    layout = Layout(var=tmp_path)
    remember(layout, Ports(port))
    asked = {"port": None, "host": None, "now": True}
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        if refused == "memory":
            layout.state.write_text("{")
        else:
            asked[refused] = {"host": "999.1.1.1", "port": taken}[refused]
        said = {
            "host": "host '999.1.1.1' is not",
            "port": f"port {taken}, .* taken by process {os.getpid()} .*`.* restart --port",
            "memory": "cannot be read.*restart --port N",
        }[refused]
        with pytest.raises(ConfigurationError, match=said):
            restart(layout, Namespace(**asked))
    assert process.poll() is None


def test_what_the_service_itself_holds_is_free_to_its_restart(
    component: tuple[subprocess.Popen[str], int],
) -> None:
    """The port that the service listens on does not stand in its own way."""
    process, port = component
    check_free(Ports(port), {process.pid})
    with pytest.raises(ConfigurationError, match=f"taken by process {process.pid} "):
        check_free(Ports(port))
