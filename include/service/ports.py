"""The service's ports: four in a row from one base port, which the next start remembers."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from include.service.layout import Layout

DEFAULT_BASE = 8080
LOWEST, HIGHEST = 1024, 65532
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """The ports that follow from the base port, which is the web UI's."""

    base: int = DEFAULT_BASE

    @property
    def api(self) -> int:
        """The web UI and the REST API."""
        return self.base

    @property
    def worker_log(self) -> int:
        """Where a remote worker would serve its logs; nothing listens there on one machine."""
        return self.base + 1

    @property
    def trigger_log(self) -> int:
        """The same for a remote triggerer."""
        return self.base + 2

    @property
    def sandbox(self) -> int:
        """The sandbox's gateways."""
        return self.base + 3

    @property
    def listening(self) -> dict[str, int]:
        """The ports that components really open, by component."""
        return {"api-server": self.api, "sandbox": self.sandbox}

    @property
    def url(self) -> str:
        """The web UI's address."""
        return f"http://{HOST}:{self.api}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address, as the delivered connections name it."""
        return f"http://{HOST}:{self.sandbox}"


def remembered(layout: Layout) -> Ports:
    """Return the ports of the last `start`, or the default ones."""
    try:
        return Ports(int(json.loads(layout.state.read_text("utf-8"))["port"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Ports()


def remember(layout: Layout, ports: Ports) -> None:
    """Keep the base port for the commands that follow."""
    layout.state.write_text(json.dumps({"port": ports.base}) + "\n", "utf-8")


def check_free(ports: Ports) -> None:
    """Raise ConfigurationError when a component could not listen, naming who holds the port."""
    for component, port in ports.listening.items():
        if _is_free(port):
            continue
        raise ConfigurationError(
            f"port {port}, which the {component} needs, is taken by {_holder(port)}: stop that, or "
            f"move the service with `python3 scheduler_manager.py start --port {_free_base(ports)}`"
        )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _free_base(ports: Ports) -> int:
    """Return the next base port, a hundred further each time, that would do."""
    for base in range(ports.base + 100, HIGHEST, 100):
        if all(_is_free(port) for port in Ports(base).listening.values()):
            return base
    return DEFAULT_BASE


def _holder(port: int) -> str:
    """Describe the process that listens on `port`."""
    import psutil  # noqa: PLC0415 -- reading `--help` must not need it

    for process in psutil.process_iter():
        with suppress(psutil.Error):  # another user's, or gone meanwhile
            listening = {
                connection.laddr.port
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            }
            if port in listening:
                command = " ".join(process.cmdline())[:80]
                return f"process {process.pid} ({command or process.name()})"
    return "a process of another user"
