"""From a connection of Airflow's to the URL of the warehouse."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import Connection
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from include.errors import ConfigurationError
from include.warehouse import connect
from include.warehouse.connecting import url_of
from tests.database_servers import KINDS
from tests.warehouses import empty_file, fields_of, make_warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.database_servers import Server


def _connection(**fields: Any) -> Connection:
    if "extra" in fields:
        fields["extra"] = json.dumps(fields["extra"])
    return Connection(conn_id="warehouse", **fields)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("generic", [False, True], ids=["own type", "generic"])
def test_the_url_leads_to_the_database(
    database_server: Callable[[str], Server], kind: str, *, generic: bool
) -> None:
    """With a password that a URL must quote; the type Generic says in Extra what it is."""
    server = database_server(kind)
    fields = fields_of(server.url(server.admin_database))
    if generic:
        fields |= {"extra": {"database_type": fields["conn_type"]}, "conn_type": "generic"}
    engine = connect(url_of(_connection(**fields)))
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()


def test_options_of_postgresql_are_passed_on() -> None:
    """What a hook alone would understand is not."""
    extra = {"sslmode": "verify-full", "sslrootcert": "/ca.pem", "cursor": "dictcursor"}
    url = url_of(_connection(conn_type="postgres", host="db", schema="w", extra=extra))
    assert dict(make_url(url).query) == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}


@pytest.mark.parametrize(
    "extra",
    [
        {"ssl_ca": "/ca.pem", "ssl_check_hostname": False, "charset": "utf8"},
        {"ssl": {"ca": "/ca.pem", "check_hostname": False}},
    ],
)
def test_options_of_mysql_are_passed_on(extra: dict[str, Any]) -> None:
    """In either way of writing them; texts are sent as utf8mb4 whatever is asked for."""
    url = url_of(_connection(conn_type="mysql", host="db", schema="w", extra=extra))
    arguments = connect(url).dialect.create_connect_args(make_url(url))[1]
    assert arguments["ssl"] == {"ca": "/ca.pem", "check_hostname": False}
    assert "charset" not in arguments


@pytest.mark.parametrize("host", ["/var/w.db", "/有 空格/w.db"])
def test_a_file_is_where_the_connection_says(host: str) -> None:
    """Whatever its folder is called."""
    url = url_of(_connection(conn_type="sqlite", host=host))
    assert make_url(url).database == host


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"conn_type": "oracle"}, "of type 'oracle', and a warehouse can be of sqlite, postgres"),
        ({"conn_type": "generic"}, '{"database_type": "mysql"} in Extra'),
        ({"conn_type": "sqlite"}, "has no host, which is the path of the file"),
        ({"conn_type": "mysql", "host": "db"}, "has no schema, which is the name of the database"),
        (
            {"conn_type": "mysql", "schema": "w", "extra": {"sslmode": "require"}},
            "has 'sslmode' in Extra, and of MySQL only connect_timeout, ",
        ),
    ],
)
def test_what_cannot_be_a_warehouse_is_told(fields: dict[str, Any], told: str) -> None:
    """The message names the connection, what is wrong, and what to write."""
    with pytest.raises(ConfigurationError) as raised:
        url_of(_connection(**fields))
    assert str(raised.value).startswith("connection 'warehouse' ")
    assert told in str(raised.value)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Nor is its folder, which may be on a disk that is not mounted; the text says what to do."""
    engine = connect(f"sqlite:///{tmp_path}/盘 1/warehouse.db")
    for _ in range(2):
        with pytest.raises(OperationalError, match=r"盘 1/warehouse.db is not there: put it back"):
            engine.connect()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_moved_under_an_open_engine_is_missed(tmp_path: Path) -> None:
    """Whoever keeps a connection would go on with it; one that is put back, or another, is read."""
    file, aside = tmp_path / "warehouse.db", tmp_path / "aside.db"
    engine = connect(empty_file(tmp_path))

    def version() -> object:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT version_num FROM warehouse_version"))

    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE warehouse_version SET version_num = 'mine'")
    assert version() == "mine"
    file.rename(aside)
    with pytest.raises(OperationalError, match="is not there: put it back"):
        version()
    assert not file.exists()
    make_warehouse(str(engine.url))
    assert version() not in ("mine", None)
    aside.replace(file)
    assert version() == "mine"
    engine.dispose()
