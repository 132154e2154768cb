"""When `restart` stops the service."""

import os
import socket
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.errors import ConfigurationError
from manager.commands.restart import restart
from manager.layout import Layout
from manager.lifecycle.ports import Ports, check_free, remember
from manager.lifecycle.supervisor_client import MARKER
from tests.integration.installation import free_ports

LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def component(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Return a process that the service of `tmp_path` started, and the port it listens on."""
    with subprocess.Popen(
        [sys.executable, "-c", LISTEN, str(free_ports().base)],
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
