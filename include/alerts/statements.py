"""The statements of a round on `var/alerts.db`: what is read of it, and what is written."""

# ruff: noqa: S608 - what is put into the statements are names of columns, of our own
from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from include.alerts import rows
from include.alerts.records import Health, Purpose, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

    from include.alerts.records import Alert, Changes, KeptMute, Outgoing, Said, Stop

KEPT = timedelta(days=400)
ATTEMPTS_KEPT = timedelta(days=2)  # longer than any budget is
# How far back a round looks for what is of a day, or of some days.
LOOKED_BACK = timedelta(days=3)
PRUNED = "pruned"


def read_state(connection: Connection, now: datetime, within: timedelta) -> State:
    """Return what a round is given.

    Args:
        connection: to the database.
        now: the moment; aware.
        within: how far back attempts to send matter.
    """
    (next_alert,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM alerts").fetchone()
    (message,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM outbox").fetchone()
    query = "SELECT channel, at FROM attempts WHERE at >= ?"
    attempts: dict[str, tuple[datetime, ...]] = defaultdict(tuple)
    for channel, at in connection.execute(query, [rows.stamp(now - within)]):
        attempts[channel] += (rows.moment(at),)
    return State(
        alerts=tuple(read_alerts(connection)),
        waiting=tuple(read_waiting(connection)),
        health=read_healths(connection),
        attempts=attempts,
        last_days=_last_days(connection, now),
        mutes=read_mutes(connection, now),
        stops=read_stops(connection, now - LOOKED_BACK),
        next_alert=next_alert,
        next_message=message,
    )


def read_alerts(connection: Connection, since: datetime | None = None) -> list[Alert]:
    """Return the alerts that are not closed; with a moment, all that were found after it."""
    chosen, values = "closed IS NULL", []
    if since is not None:
        chosen, values = "first_seen >= ?", [rows.stamp(since)]
    said: dict[int, list[Said]] = defaultdict(list)
    query = (
        "SELECT s.alert, o.channel, s.what, s.message, o.delivered FROM alerts a "
        "JOIN said s ON s.alert = a.number JOIN outbox o ON o.number = s.message "
        f"WHERE a.{chosen} ORDER BY s.message"
    )
    for number, *rest in connection.execute(query, values):
        said[number].append(rows.said_of(tuple(rest)))
    query = f"SELECT {rows.ALERT} FROM alerts WHERE {chosen} ORDER BY number"
    found = connection.execute(query, values)
    return [rows.alert_of(row, said.get(row[0], ())) for row in found]


def read_waiting(connection: Connection) -> list[Outgoing]:
    """Return the messages that are to be sent, oldest first."""
    query = (
        f"SELECT {rows.OUTGOING} FROM outbox WHERE delivered IS NULL AND refused IS NULL "
        "ORDER BY number"
    )
    return [rows.outgoing_of(row) for row in connection.execute(query)]


def read_healths(connection: Connection) -> dict[str, Health]:
    """Return how sending to each channel goes."""
    found = connection.execute(f"SELECT {rows.HEALTH} FROM channels")
    return {row[0]: rows.health_of(row) for row in found}


def read_health(connection: Connection, channel: str) -> Health:
    """Return how sending to a channel goes."""
    query = f"SELECT {rows.HEALTH} FROM channels WHERE channel = ?"
    found = connection.execute(query, [channel]).fetchone()
    return rows.health_of(found) if found else Health(channel)


def write_health(connection: Connection, health: Health) -> None:
    """Keep how sending to a channel goes."""
    query = "INSERT OR REPLACE INTO channels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    connection.execute(query, rows.row_of_health(health))


def read_mutes(connection: Connection, now: datetime) -> tuple[KeptMute, ...]:
    """Return the mutes that commands have made and not ended, those that ran out of late too."""
    query = (
        "SELECT number, since, job, shop, until, reason, by FROM mutes "
        "WHERE ended IS NULL AND until >= ? ORDER BY number"
    )
    day = (now - LOOKED_BACK).date().isoformat()
    return tuple(rows.mute_of(row) for row in connection.execute(query, [day]))


def read_stops(connection: Connection, since: datetime) -> tuple[Stop, ...]:
    """Return the wanted stops after a moment, and the one that lasts."""
    query = "SELECT by, at, started FROM stops WHERE at >= ? OR started IS NULL ORDER BY at"
    return tuple(rows.stop_of(row) for row in connection.execute(query, [rows.stamp(since)]))


def write_changes(connection: Connection, changes: Changes, now: datetime) -> None:
    """Write what a round has made."""
    at = rows.stamp(now)
    marks = ", ".join("?" * len(rows.ALERT.split(",")))
    connection.executemany(
        f"INSERT OR REPLACE INTO alerts ({rows.ALERT}) VALUES ({marks})",
        map(rows.row_of_alert, changes.alerts),
    )
    connection.executemany("DELETE FROM alerts WHERE number = ?", _ones(changes.dropped))
    marks = ", ".join("?" * len(rows.OUTGOING.split(",")))
    connection.executemany(
        f"INSERT INTO outbox ({rows.OUTGOING}) VALUES ({marks})",
        map(rows.row_of_outgoing, changes.outgoing),
    )
    connection.executemany(
        "INSERT INTO said (alert, message, what) VALUES (?, ?, ?)",
        [(alert, one.number, what.value) for one in changes.outgoing for alert, what in one.covers],
    )
    for number in changes.abandoned:
        connection.execute("UPDATE outbox SET refused = ? WHERE number = ?", [at, number])
        take_back(connection, number)


def take_back(connection: Connection, message: int) -> None:
    """Forget what a message says, so that it is said again."""
    connection.execute("DELETE FROM said WHERE message = ?", [message])


def prune(connection: Connection, now: datetime) -> None:
    """Once a day, remove what is too old to be asked for."""
    (last,) = connection.execute("SELECT max(at) FROM moments WHERE name = ?", [PRUNED]).fetchone()
    if last is not None and rows.moment(last) > now - timedelta(days=1):
        return
    old = rows.stamp(now - KEPT)
    connection.execute("DELETE FROM attempts WHERE at < ?", [rows.stamp(now - ATTEMPTS_KEPT)])
    connection.execute("DELETE FROM alerts WHERE closed < ?", [old])
    connection.execute(
        "DELETE FROM outbox WHERE written < ? AND coalesce(delivered, refused) IS NOT NULL "
        "AND number < (SELECT max(number) FROM outbox)",
        [old],
    )
    connection.execute("DELETE FROM said WHERE alert NOT IN (SELECT number FROM alerts)")
    connection.execute("DELETE FROM stops WHERE started < ?", [old])
    connection.execute("INSERT OR REPLACE INTO moments VALUES (?, ?)", [PRUNED, rows.stamp(now)])


def _last_days(connection: Connection, now: datetime) -> dict[tuple[str, Purpose], date]:
    query = (
        "SELECT channel, purpose, max(day) FROM outbox "
        "WHERE day <> '' AND day >= ? AND refused IS NULL GROUP BY channel, purpose"
    )
    since = (now - LOOKED_BACK).date().isoformat()
    found = connection.execute(query, [since])
    return {(channel, Purpose(of)): date.fromisoformat(day) for channel, of, day in found}


def _ones(numbers: Iterable[int]) -> list[tuple[int]]:
    return [(number,) for number in numbers]
