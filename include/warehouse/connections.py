"""The URL of the database that the connection `warehouse` names.

Made here and not by a hook of Airflow's: the hook of PostgreSQL leaves the TLS options of `extra`
out, and the one of MySQL needs a driver that must be compiled. So every installation speaks to a
warehouse in the same way, whatever providers it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Says in `extra` what a connection of Airflow's type Generic leads to.
KIND = "database_type"
GENERIC = "generic"
# What hooks of Airflow's understand, and a driver does not.
OF_HOOKS = {KIND, "cursor", "charset", "client", "iam", "sqlalchemy_scheme", "sqlalchemy_query"}
OF_PYMYSQL = {
    *("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_cipher", "ssl_check_hostname"),
    *("connect_timeout", "read_timeout", "write_timeout", "unix_socket"),
}


def url_of(connection: Any) -> str:
    """Return the SQLAlchemy URL, secrets and all.

    Args:
        connection: Airflow's, with `conn_type`, `host`, `login`, `password`, `port`, `schema` (the
            database) and `extra_dejson`.

    Raises:
        ConfigurationError: its type is not supported, or it lacks something.
    """
    extra = connection.extra_dejson
    kind = connection.conn_type
    if kind == GENERIC:
        kind = extra.get(KIND, GENERIC)
    if kind not in MAKERS:
        raise ConfigurationError(
            f"connection {connection.conn_id!r} is of type {kind!r}, and a warehouse can be of "
            f"sqlite, postgres or mysql (MariaDB too): edit it under Admin > Connections; where "
            f'mysql is not offered, choose Generic and write {{"{KIND}": "mysql"}} in Extra'
        )
    return MAKERS[kind](connection, extra).render_as_string(hide_password=False)


def _sqlite(connection: Any, _extra: Mapping[str, Any]) -> URL:
    file = connection.host or connection.schema  # the latter in a connection written as a URI
    if not file:
        raise _lacking(connection, "host", "the path of the file")
    return URL.create("sqlite", database=file)


def _postgresql(connection: Any, extra: Mapping[str, Any]) -> URL:
    options = {name: _text(value) for name, value in extra.items() if name not in OF_HOOKS}
    return _server("postgresql+psycopg2", connection, options)


def _mysql(connection: Any, extra: Mapping[str, Any]) -> URL:
    given = {name: value for name, value in extra.items() if name not in OF_HOOKS}
    given |= {f"ssl_{name}": value for name, value in (given.pop("ssl", None) or {}).items()}
    unknown = sorted(given.keys() - OF_PYMYSQL)
    if unknown:
        raise ConfigurationError(
            f"connection {connection.conn_id!r} has {unknown[0]!r} in Extra, and of MySQL only "
            f"{', '.join(sorted(OF_PYMYSQL))} are understood: correct or remove it"
        )
    return _server(
        "mysql+pymysql", connection, {name: _text(value) for name, value in given.items()}
    )


def _server(driver: str, connection: Any, options: Mapping[str, str]) -> URL:
    if not connection.schema:
        raise _lacking(connection, "schema", "the name of the database")
    return URL.create(
        driver,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port or None,
        database=connection.schema,
        query=options,
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lacking(connection: Any, field: str, meaning: str) -> ConfigurationError:
    return ConfigurationError(
        f"connection {connection.conn_id!r} has no {field}, which is {meaning}: fill it in under "
        "Admin > Connections"
    )


MAKERS: dict[str, Callable[[Any, Mapping[str, Any]], URL]] = {
    "sqlite": _sqlite,
    "postgres": _postgresql,
    "postgresql": _postgresql,
    "mysql": _mysql,
    "mariadb": _mysql,
}
