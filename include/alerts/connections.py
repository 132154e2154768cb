"""The connections that are watched with: those that messages are sent with, and the shops'.

Airflow's database is where people write them. A dead one must not make the watchdog mute: what was
read last of the channels' is kept in `var/alerts.db`, encrypted with the key that Airflow's own
database has. What stands in the environment as `AIRFLOW_CONN_<ID>` wins over both, as it does for
Airflow. The shops' are read once an hour, and never written anywhere.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import column, select, table

from include import WAREHOUSE
from include.errors import ConfigurationError, ExpectedError, missing_connection
from include.gateways.connection import base_url, is_loopback, read_fields
from include.secrets.masking import Masker
from include.secrets.values import CONNECTION_PREFIX, secrets_in, variable_of
from include.warehouse.connecting import url_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from include.alerts.store import Store

CONNECTIONS = table(
    "connection",
    *(column(name) for name in ("conn_id", "conn_type", "host", "login", "password", "schema")),
    *(column(name) for name in ("port", "extra", "is_encrypted", "is_extra_encrypted")),
)
PLAIN = ("conn_type", "host", "login", "schema", "port")
DATABASE = '{"conn_type": "sqlite", "host": "the path of the file"}'
GATEWAY = '{"conn_type": "http", "host": "https://gateway.example.com"}'
AS_OLD_AS = timedelta(hours=1)
# What is kept of a connection that Airflow does not have any more.
NONE = ""


def is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Return whether what is done every so often is due; it is where the clock was set back."""
    return last is None or not timedelta() <= now - last < every


def keys_of(environment: Mapping[str, str]) -> MultiFernet | None:
    """Return the keys that Airflow encrypts with; none where the environment has no usable one."""
    given = [key for key in environment.get("AIRFLOW__CORE__FERNET_KEY", "").split(",") if key]
    try:
        return MultiFernet([Fernet(key.strip()) for key in given]) if given else None
    except ValueError:
        return None


def read_connections(
    connection: Connection, ids: Collection[str], keys: MultiFernet | None
) -> dict[str, str]:
    """Read connections from Airflow's database.

    Args:
        connection: to it.
        ids: of those that are wanted.
        keys: what they are encrypted with.

    Returns:
        each in Airflow's JSON form, by its id; without those that are not there, or that these keys
        do not open.
    """
    query = select(CONNECTIONS).where(CONNECTIONS.c.conn_id.in_(sorted(ids)))
    found = {}
    for row in connection.execute(query):
        try:
            password = _plain(keys, row.password, encrypted=row.is_encrypted)
            extra = _plain(keys, row.extra, encrypted=row.is_extra_encrypted)
        except InvalidToken:
            continue
        values: dict[str, Any] = {name: getattr(row, name) for name in PLAIN}
        values |= {"password": password, "extra": extra}
        found[str(row.conn_id)] = json.dumps({k: v for k, v in values.items() if v is not None})
    return found


class ChannelConnections:
    """The connections of the channels, of the heartbeat and of the warehouse.

    Args:
        store: keeps them.
        environment: this process's.
    """

    def __init__(self, store: Store, environment: Mapping[str, str]) -> None:
        self._store = store
        self._environment = environment
        self.keys = keys_of(environment)  # what Airflow's database is encrypted with
        self._known: dict[str, str] = {}

    def refresh(self, found: Mapping[str, str], ids: Collection[str], now: datetime) -> None:
        """Take in what Airflow's database holds, and keep what has changed or is an hour old.

        Args:
            found: its connections, as `read_connections` returns them.
            ids: those that were asked for.
            now: the moment; aware.
        """
        for connection_id in ids:
            text = found.get(connection_id, NONE)
            self._known[connection_id] = text
            with suppress(ExpectedError):  # where nothing can be kept, there is worse to tell
                if self.keys is not None and self._is_due(connection_id, text, now):
                    sealed = self.keys.encrypt(text.encode())
                    self._store.keep_credentials(connection_id, sealed, now)

    def variables(self, ids: Collection[str]) -> dict[str, str]:
        """Return connections as variables of an environment; those that are nowhere are missing."""
        given = {}
        for connection_id in ids:
            name = variable_of(connection_id)
            if text := self._environment.get(name) or self._text(connection_id):
                given[name] = text
        return given

    def warehouse_url(self) -> str:
        """Return the warehouse's SQLAlchemy URL.

        Raises:
            ConfigurationError: there is no such connection, or it names no database.
        """
        variables = self.variables([WAREHOUSE])
        if not variables:
            raise missing_connection(WAREHOUSE)
        fields = read_fields(WAREHOUSE, variables, DATABASE)
        names = ("conn_type", "host", "login", "password", "schema", "port")
        said = {name: fields.values.get(name) for name in names}
        return url_of(SimpleNamespace(conn_id=WAREHOUSE, extra_dejson=fields.extra, **said))

    def _text(self, connection_id: str) -> str:
        if connection_id not in self._known:
            kept = None
            with suppress(ExpectedError):
                kept = self._store.kept_credentials(connection_id)
            self._known[connection_id] = self._opened(kept[0]) if kept else NONE
        return self._known[connection_id]

    def _opened(self, sealed: bytes) -> str:
        try:
            return self.keys.decrypt(sealed).decode() if self.keys else NONE
        except InvalidToken:  # of a key that was replaced since
            return NONE

    def _is_due(self, connection_id: str, text: str, now: datetime) -> bool:
        kept = self._store.kept_credentials(connection_id)
        if kept is None:
            return bool(text)
        return self._opened(kept[0]) != text or now - kept[1] >= AS_OLD_AS


def _plain(keys: MultiFernet | None, value: str | None, *, encrypted: bool) -> str | None:
    if not value or not encrypted:
        return value
    if keys is None:
        raise InvalidToken
    return keys.decrypt(value.encode()).decode()


class ShopConnections:
    """What is known of the shops' connections.

    Args:
        environment: this process's; what stands in it wins.
        keys: what Airflow's database is encrypted with.
        urls: of databases, with passwords in them.
    """

    def __init__(
        self, environment: Mapping[str, str], keys: MultiFernet | None, urls: Collection[str] = ()
    ) -> None:
        self._own = {k: v for k, v in environment.items() if k.startswith(CONNECTION_PREFIX)}
        self._keys, self._urls = keys, tuple(urls)
        # The connections, as an environment has them
        self.variables: dict[str, str] = dict(self._own)
        self.read_at: datetime | None = None  # when they were read last
        self._ids: frozenset[str] = frozenset()
        self.masker = self._masker()  # hides all secrets that are known here

    def is_due(self, ids: Collection[str], now: datetime) -> bool:
        """Return whether to read them again."""
        return is_due(self.read_at, AS_OLD_AS, now) or not frozenset(ids) <= self._ids

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
                    name.removeprefix(CONNECTION_PREFIX).lower(), self.variables, GATEWAY
                )
                host = base_url(fields)
            except ConfigurationError:
                continue
            if not is_loopback(urlsplit(host).hostname or ""):
                hosts.add(host)
        return sorted(hosts)

    def _masker(self) -> Masker:
        secrets = secrets_in(self.variables)
        for url in self._urls:
            secrets |= secrets_in({"WAREHOUSE_URL": url})
        return Masker(secrets)
