"""The clock that all who share a warehouse go by."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

# In UTC, with microseconds, now and not when the transaction began.
QUERIES = {
    "postgresql": "SELECT clock_timestamp() AT TIME ZONE 'UTC'",
    "mysql": "SELECT UTC_TIMESTAMP(6)",
    "mariadb": "SELECT UTC_TIMESTAMP(6)",
}


def now(connection: Connection) -> datetime:
    """Return the moment by the server's clock: those of the machines that load may differ.

    SQLite has none; its users are on one machine.
    """
    query = QUERIES.get(connection.dialect.name)
    if query is None:
        return datetime.now(timezone.utc)
    moment: datetime = connection.execute(text(query)).scalar_one()
    return moment.replace(tzinfo=timezone.utc)
