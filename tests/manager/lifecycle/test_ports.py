"""The ports the service uses."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from manager.layout import Layout
from manager.lifecycle.ports import (
    DEFAULT_BASE,
    EVERYWHERE,
    Ports,
    check_free,
    chosen,
    remember,
    remembered,
)
from tests.integration.installation import free_ports

ANYWHERE = next(iter(EVERYWHERE))


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port on which this process listens; nobody does on the three before it."""
    with socket.socket() as listener:
        port = free_ports().base + 3
        listener.bind(("127.0.0.1", port))
        listener.listen()
        yield port


def test_a_taken_port_names_its_holder(taken: int) -> None:
    """The message says which component, which port, which process, and another port to use."""
    with pytest.raises(ConfigurationError) as caught:
        check_free(Ports(taken))
    said = str(caught.value)
    assert f"port {taken}, which the api-server needs, is taken by process {os.getpid()}" in said
    assert f"start --port {taken + 100}" in said or "start --port" in said


def test_the_name_of_the_holder_is_one_line() -> None:
    """A command line may hold whatever its program was given, also what a terminal obeys."""
    port = free_ports().base
    program = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "print(flush=True); sys.stdin.read()  # \033[2J"
    )
    command = [sys.executable, "-c", program, str(port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as holder:  # type: ignore[call-overload]
        assert holder.stdout.readline() == b"\n"
        with pytest.raises(ConfigurationError, match=f"taken by process {holder.pid}") as caught:
            check_free(Ports(port))
        holder.communicate()
    assert str(caught.value).isprintable()


def test_the_sandbox_port_counts_as_well(taken: int) -> None:
    """A free web port is not enough."""
    with pytest.raises(ConfigurationError, match=f"port {taken}, which the sandbox needs"):
        check_free(Ports(taken - 3))


def test_the_base_port_is_remembered(tmp_path: Path) -> None:
    """The commands after a `start --port` use that port."""
    layout = Layout(var=tmp_path)
    remember(layout, Ports(18080))
    assert remembered(layout) == Ports(18080)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"port": "x"}', '{"port": null}', '{"port": 99999}']
)
def test_a_broken_memory_moves_no_service(tmp_path: Path, text: str) -> None:
    """`status` and `stop` go on with the default; `start` asks for the port instead."""
    layout = Layout(var=tmp_path)
    layout.state.write_text(text)
    assert remembered(layout) == Ports(DEFAULT_BASE)
    with pytest.raises(
        ConfigurationError, match=r"service\.json, .*cannot be read.*start --port N"
    ):
        chosen(layout, None, None)
    assert chosen(layout, 18080, None) == Ports(18080)


def test_without_a_memory_the_default_is_used(tmp_path: Path) -> None:
    """The first start has nothing to remember, and that is no damage."""
    assert chosen(Layout(var=tmp_path), None, None) == Ports(DEFAULT_BASE)


def test_the_host_is_remembered_and_each_can_be_moved_alone(tmp_path: Path) -> None:
    """What is not asked for stays as it was."""
    layout = Layout(var=tmp_path)
    remember(layout, Ports(18080, ANYWHERE))
    assert chosen(layout, None, None) == Ports(18080, ANYWHERE)
    assert chosen(layout, 18090, None) == Ports(18090, ANYWHERE)
    assert chosen(layout, None, "127.0.0.1") == Ports(18080)


@pytest.mark.parametrize(
    ("host", "local", "private"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080", True),
        ("localhost", "http://localhost:8080", True),
        (ANYWHERE, "http://127.0.0.1:8080", False),
        ("192.168.1.5", "http://192.168.1.5:8080", False),
        ("::", "http://[::1]:8080", False),
    ],
)
def test_the_components_reach_the_web_ui_wherever_it_listens(
    host: str, local: str, *, private: bool
) -> None:
    """By loopback when it listens everywhere; the sandbox stays on loopback."""
    ports = Ports(host=host)
    assert (ports.local_url, ports.private) == (local, private)
    assert ports.sandbox_url == "http://127.0.0.1:8083"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    """Instead of a component that cannot start, again and again."""
    with pytest.raises(ConfigurationError, match=f"host '{host}' is not"):
        check_free(Ports(29000, host))
