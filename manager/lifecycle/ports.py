"""Where the service listens: a host and four ports in a row, which the next start remembers.

Only the web UI with its REST API follows the host; all else stays on this machine's loopback.
"""

import errno
import ipaddress
import json
import os
import re
import socket
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from include import MANAGER
from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import N_, _
from include.text import printable
from manager.layout import Layout

START, RESTART = f"{MANAGER} start", f"{MANAGER} restart"
DEFAULT_BASE = 8080
LOWEST, HIGHEST = 1024, 65532
LOOPBACK = "127.0.0.1"
EVERYWHERE = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104 -- what it means is said at each start
HOST_ADVICE = N_("give one of its addresses, 127.0.0.1 for itself alone or 0.0.0.0 for all")
HOST_FORM = re.compile(r"[0-9A-Za-z]([0-9A-Za-z._-]*[0-9A-Za-z])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")


@dataclass(frozen=True)
class Ports:
    """The ports that follow from the base port, which is the web UI's, and that one's host."""

    base: int = DEFAULT_BASE
    host: str = LOOPBACK

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
    def local_host(self) -> str:
        """The address by which this machine itself reaches the web UI."""
        return EVERYWHERE.get(self.host, self.host)

    @property
    def local_url(self) -> str:
        """The web UI's address for the components and for this program."""
        return f"http://{_in_url(self.local_host)}:{self.api}"

    @property
    def url(self) -> str:
        """The web UI's address for people; by this machine's name when it listens everywhere."""
        host = socket.gethostname() if self.host in EVERYWHERE else self.host
        return f"http://{_in_url(host)}:{self.api}"

    @property
    def sandbox_url(self) -> str:
        """The sandbox's address, as the delivered connections name it."""
        return f"http://{LOOPBACK}:{self.sandbox}"

    @property
    def private(self) -> bool:
        """Whether only this machine can reach the web UI."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def remembered(layout: Layout) -> Ports:
    """Return where the last `start` listened, or the default."""
    return _kept(layout) or Ports()


def _kept(layout: Layout) -> Ports | None:
    """Read what the last `start` kept; None when that cannot be read."""
    try:
        kept = json.loads(layout.state.read_text("utf-8"))
        ports = Ports(int(kept["port"]), str(kept.get("host", LOOPBACK)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return ports if LOWEST <= ports.base <= HIGHEST and HOST_FORM.fullmatch(ports.host) else None


def chosen(layout: Layout, port: int | None, host: str | None, *, command: str = START) -> Ports:
    """Return where to listen: what was asked for, and for what was not, as the last time.

    Raises:
        ConfigurationError: the port was not asked for, and what was kept of it is damaged; the
            default would move the service in silence.
    """
    last = _kept(layout)
    if last is None and port is None and os.path.lexists(layout.state):
        raise ConfigurationError(
            "{state}, which keeps the service's port and host, cannot be read: say them again with "
            "`{command} --port N --host H` (the defaults are {base} and {loopback})",
            state=layout.shown(layout.state),
            command=command,
            base=DEFAULT_BASE,
            loopback=LOOPBACK,
        )
    last = last or Ports()
    return Ports(port or last.base, host or last.host)


def remember(layout: Layout, ports: Ports) -> None:
    """Keep base port and host for the commands that follow; whole, or as they were."""
    kept = {"port": ports.base, "host": ports.host}
    draft = layout.state.with_suffix(".draft")
    draft.write_text(json.dumps(kept) + "\n", "utf-8")
    draft.replace(layout.state)


def check_free(ports: Ports, ours: Collection[int] = (), *, command: str = START) -> None:
    """Raise ConfigurationError when a component could not listen, naming who holds the port.

    Args:
        ports: where the service shall listen.
        ours: ids of processes that will have ended by then.
        command: what moves the service.
    """
    for component, port in ports.listening.items():
        if _is_free(port, ports.host if component == "api-server" else LOOPBACK):
            continue
        holders = _holders(port)
        if not holders.keys().isdisjoint(ours):
            continue
        shown = (_("process {pid} ({name})", pid=pid, name=name) for pid, name in holders.items())
        by = next(shown, _("a process of another user"))
        move = f"{command} --port {_free_base(ports)}"
        raise ConfigurationError(
            "port {port}, which the {component} needs, is taken by {by}: stop that, or move "
            "the service with `{move}`",
            port=port,
            component=component,
            by=by,
            move=move,
        )


def _is_free(port: int, host: str = LOOPBACK) -> bool:
    try:
        family, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigurationError(
            "host {host!r} is not known here: {error}; {advice}",
            host=host,
            error=explained(error),
            advice=_(HOST_ADVICE),
        ) from None
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise ConfigurationError(
                    "host {host!r} is not an address of this machine: {advice}",
                    host=host,
                    advice=_(HOST_ADVICE),
                ) from None
            return False
        return True


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _free_base(ports: Ports) -> int:
    """Return the next base port, a hundred further each time, that would do."""
    for base in range(ports.base + 100, HIGHEST, 100):
        if all(_is_free(port) for port in Ports(base).listening.values()):
            return base
    return DEFAULT_BASE


def _holders(port: int) -> dict[int, str]:
    """Return the processes that listen on `port`, as far as they can be seen: id and command."""
    import psutil  # noqa: PLC0415 -- reading `--help` must not need it

    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # another user's, or gone meanwhile
            if any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for connection in process.net_connections("tcp")
            ):
                found[process.pid] = ""
                words = " ".join(process.cmdline()) or process.name()
                found[process.pid] = printable(words)[:80]
    return found
