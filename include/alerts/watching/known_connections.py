"""The shops' connections, read from Airflow's database once an hour, and never written anywhere.

For when their tokens end, whose clock to ask, and which texts are secrets.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.credentials import read_connections, variable_of
from include.errors import ConfigurationError
from include.gateways.connection import base_url, is_loopback, read_fields
from include.secrets.masking import Masker
from include.secrets.values import CONNECTION_PREFIX, secrets_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from cryptography.fernet import MultiFernet
    from sqlalchemy import Connection

EVERY = timedelta(hours=1)
EXAMPLE = '{"conn_type": "http", "host": "https://gateway.example.com"}'


class KnownConnections:
    """What is known of the shops' connections.

    Args:
        environment: this process's; what stands in it wins.
        keys: what Airflow's database is encrypted with.
        urls: of databases, with passwords in them.

    Attributes:
        variables: the connections, as an environment has them.
        masker: hides all secrets that are known here.
        read_at: when they were read last.
    """

    def __init__(
        self, environment: Mapping[str, str], keys: MultiFernet | None, urls: Collection[str] = ()
    ) -> None:
        self._own = {k: v for k, v in environment.items() if k.startswith(CONNECTION_PREFIX)}
        self._keys, self._urls = keys, tuple(urls)
        self.variables: dict[str, str] = dict(self._own)
        self.read_at: datetime | None = None
        self._ids: frozenset[str] = frozenset()
        self.masker = self._masker()

    def is_due(self, ids: Collection[str], now: datetime) -> bool:
        """Return whether to read them again."""
        is_old = self.read_at is None or not timedelta() <= now - self.read_at < EVERY
        return is_old or not frozenset(ids) <= self._ids

    def read(self, connection: Connection, ids: Collection[str], now: datetime) -> None:
        """Read them from Airflow's database."""
        found = read_connections(connection, ids, self._keys)
        self.variables = {variable_of(name): text for name, text in found.items()} | self._own
        self._ids, self.read_at = frozenset(ids), now
        self.masker = self._masker()

    def conceal(self, url: str) -> None:
        """Count a database's password among the secrets."""
        if url not in self._urls:
            self._urls = (*self._urls, url)
            self.masker = self._masker()

    def hosts(self) -> list[str]:
        """Return the addresses of the gateways that are not on this machine."""
        hosts = set()
        for name in self.variables:
            try:
                fields = read_fields(
                    name.removeprefix(CONNECTION_PREFIX).lower(), self.variables, EXAMPLE
                )
                host = base_url(fields)
            except ConfigurationError:
                continue
            if not is_loopback(host.partition("://")[2].rpartition(":")[0] or host):
                hosts.add(host)
        return sorted(hosts)

    def _masker(self) -> Masker:
        secrets = secrets_in(self.variables)
        for url in self._urls:
            secrets |= secrets_in({"WAREHOUSE_URL": url})
        return Masker(secrets)
