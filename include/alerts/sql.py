"""Records as rows of `var/alerts.db`, and the statements of a round: what is read and written."""

# ruff: noqa: S608 - what is put into the statements are names of tables and columns, of our own
from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter

from include.alerts.findings import Finding, Missing, Resolution
from include.alerts.messages import Message
from include.alerts.records import (
    Alert,
    Health,
    KeptMute,
    Outgoing,
    Purpose,
    State,
    Stop,
    Told,
    What,
)
from include.registry.alerts import Mute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from sqlite3 import Connection

    from include.alerts.records import Changes, Key

R = TypeVar("R")
REPLACE = "INSERT OR REPLACE"
ALERT = (
    "number, finding, missed, first_seen, opened, gone, recovered, closed, silent, resolution, "
    "acked, acked_by"
)
OUTGOING = "number, channel, purpose, message, written, day"
HEALTH = (
    "channel, failing_since, attempts, next_attempt, is_refusal, code, answer, remedy, delivered"
)
TOLD, STOP = "channel, what, message, delivered", "by, at, started"
MUTE = "job, shop, until, reason, by"
# Columns of records that hold others, as JSON.
NESTED: dict[str, TypeAdapter[Any]] = {
    "finding": TypeAdapter(Finding),
    "missed": TypeAdapter(tuple[Missing, ...]),
    "resolution": TypeAdapter(Resolution),
    "message": TypeAdapter(Message),
}
KEPT = timedelta(days=400)
ATTEMPTS_KEPT = timedelta(days=2)  # longer than any budget is
# How far back a round looks for what is of a day, or of some days.
LOOKED_BACK = timedelta(days=3)
PRUNED = "pruned"


def stamp(moment: datetime) -> str:
    """Return a moment as it is kept: in UTC, of one length, so that texts sort like moments."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Return the moment that `stamp` has written."""
    return datetime.fromisoformat(text)


# What a column's value is read by, where it is not what the record has.
MOMENTS = (
    *("first_seen", "opened", "gone", "recovered", "closed", "acked", "written"),
    *("failing_since", "next_attempt", "delivered", "at", "started"),
)
READ_BY: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(MOMENTS, moment),
    **dict.fromkeys(("silent", "is_refusal"), bool),
    "purpose": Purpose,
    "what": What,
    "until": date.fromisoformat,
}


def insert(
    connection: Connection, table: str, columns: str, records: Iterable[Any], verb: str = "INSERT"
) -> None:
    """Write records into some columns of a table."""
    names = columns.split(", ")
    values = ([_written(name, getattr(one, name)) for name in names] for one in records)
    marks = ", ".join("?" * len(names))
    connection.executemany(f"{verb} INTO {table} ({columns}) VALUES ({marks})", values)


def record_of(kind: Callable[..., R], columns: str, row: Sequence[Any], **more: Any) -> R:
    """Return the record of a row of some columns; `more`: what of it stands elsewhere."""
    named = zip(columns.split(", "), row, strict=True)
    return kind(**{name: _read(name, value) for name, value in named if value is not None}, **more)


def _written(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in NESTED:
        return NESTED[name].dump_json(value).decode()
    if isinstance(value, datetime):
        return stamp(value)
    return value.value if isinstance(value, Enum) else value


def _read(name: str, value: Any) -> Any:
    if name in NESTED and isinstance(value, str):
        return _parsed(name, value)
    return READ_BY[name](value) if name in READ_BY else value


# Most findings are the same from round to round: what their texts mean is kept.
@lru_cache(maxsize=512)
def _parsed(name: str, text: str) -> Any:
    return NESTED[name].validate_json(text)


def read_state(connection: Connection, now: datetime, within: timedelta) -> State:
    """Return what a round is given; attempts to send matter `within` a while before it."""
    (next_alert,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM alerts").fetchone()
    (message,) = connection.execute("SELECT coalesce(max(number), 0) + 1 FROM outbox").fetchone()
    query = "SELECT channel, at FROM attempts WHERE at >= ?"
    attempts: dict[str, tuple[datetime, ...]] = defaultdict(tuple)
    for channel, at in connection.execute(query, [stamp(now - within)]):
        attempts[channel] += (moment(at),)
    return State(
        alerts=tuple(read_alerts(connection)),
        waiting=tuple(read_waiting(connection)),
        health=read_healths(connection),
        attempts=attempts,
        last_days=_last_days(connection, now),
        announced=_announced(connection, now),
        mutes=read_mutes(connection, now),
        stops=read_stops(connection, now - LOOKED_BACK),
        next_alert=next_alert,
        next_message=message,
    )


def read_alerts(connection: Connection, since: datetime | None = None) -> list[Alert]:
    """Return the alerts that are not closed; with a moment, all that were found after it."""
    chosen, values = "closed IS NULL", []
    if since is not None:
        chosen, values = "first_seen >= ?", [stamp(since)]
    said: dict[int, list[Told]] = defaultdict(list)
    query = (
        "SELECT s.alert, o.channel, s.what, s.message, o.delivered FROM alerts a "
        "JOIN said s ON s.alert = a.number JOIN outbox o ON o.number = s.message "
        f"WHERE a.{chosen} ORDER BY s.message"
    )
    for number, *rest in connection.execute(query, values):
        said[number].append(record_of(Told, TOLD, rest))
    query = f"SELECT {ALERT} FROM alerts WHERE {chosen} ORDER BY number"
    found = connection.execute(query, values)
    return [record_of(Alert, ALERT, row, said=tuple(said.get(row[0], ()))) for row in found]


def read_waiting(connection: Connection) -> list[Outgoing]:
    """Return the messages that are to be sent, oldest first."""
    query = (
        f"SELECT begun, {OUTGOING} FROM outbox WHERE delivered IS NULL AND refused IS NULL "
        "ORDER BY number"
    )
    found = connection.execute(query)
    return [
        record_of(Outgoing, OUTGOING, row, is_doubtful=begun is not None) for begun, *row in found
    ]


def read_healths(connection: Connection) -> dict[str, Health]:
    """Return how sending to each channel goes."""
    found = connection.execute(f"SELECT {HEALTH} FROM channels")
    return {row[0]: record_of(Health, HEALTH, row) for row in found}


def read_health(connection: Connection, channel: str) -> Health:
    """Return how sending to a channel goes."""
    return read_healths(connection).get(channel) or Health(channel)


def write_health(connection: Connection, health: Health) -> None:
    """Keep how sending to a channel goes."""
    insert(connection, "channels", HEALTH, [health], REPLACE)


def read_mutes(connection: Connection, now: datetime) -> tuple[KeptMute, ...]:
    """Return the mutes that commands have made and not ended, those that ran out of late too."""
    query = (
        f"SELECT number, since, {MUTE} FROM mutes "
        "WHERE ended IS NULL AND until >= ? ORDER BY number"
    )
    day = (now - LOOKED_BACK).date().isoformat()
    return tuple(
        KeptMute(number, moment(since), record_of(Mute.model_construct, MUTE, said))
        for number, since, *said in connection.execute(query, [day])
    )


def read_stops(connection: Connection, since: datetime) -> tuple[Stop, ...]:
    """Return the wanted stops after a moment, and the one that lasts."""
    query = "SELECT by, at, started FROM stops WHERE at >= ? OR started IS NULL ORDER BY at"
    return tuple(record_of(Stop, STOP, row) for row in connection.execute(query, [stamp(since)]))


def write_changes(connection: Connection, changes: Changes, now: datetime) -> None:
    """Write what a round has made."""
    at = stamp(now)
    insert(connection, "alerts", ALERT, changes.alerts, REPLACE)
    dropped = [(number,) for number in changes.dropped]
    connection.executemany("DELETE FROM alerts WHERE number = ?", dropped)
    insert(connection, "outbox", OUTGOING, changes.outgoing)
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
    if last is not None and moment(last) > now - timedelta(days=1):
        return
    old = stamp(now - KEPT)
    connection.execute("DELETE FROM attempts WHERE at < ?", [stamp(now - ATTEMPTS_KEPT)])
    connection.execute("DELETE FROM alerts WHERE closed < ?", [old])
    connection.execute(
        "DELETE FROM outbox WHERE written < ? AND coalesce(delivered, refused) IS NOT NULL "
        "AND number < (SELECT max(number) FROM outbox)",
        [old],
    )
    connection.execute("DELETE FROM said WHERE alert NOT IN (SELECT number FROM alerts)")
    connection.execute("DELETE FROM stops WHERE started < ?", [old])
    connection.execute("INSERT OR REPLACE INTO moments VALUES (?, ?)", [PRUNED, stamp(now)])


def _last_days(connection: Connection, now: datetime) -> dict[tuple[str, Purpose], date]:
    query = (
        "SELECT channel, purpose, max(day) FROM outbox "
        "WHERE day <> '' AND day >= ? AND refused IS NULL GROUP BY channel, purpose"
    )
    since = (now - LOOKED_BACK).date().isoformat()
    found = connection.execute(query, [since])
    return {(channel, Purpose(of)): date.fromisoformat(day) for channel, of, day in found}


def _announced(connection: Connection, now: datetime) -> dict[str, frozenset[Key]]:
    query = (
        "SELECT channel, message FROM outbox "
        "WHERE purpose IN (?, ?) AND written >= ? AND refused IS NULL"
    )
    found: dict[str, set[Key]] = defaultdict(set)
    for channel, message in connection.execute(
        query, [Purpose.COMPLETE.value, Purpose.DRIFT.value, stamp(now - LOOKED_BACK)]
    ):
        found[channel].update(_keys(_parsed("message", message).event))
    return {channel: frozenset(keys) for channel, keys in found.items()}


def _keys(event: Mapping[str, Any]) -> Iterator[Key]:
    """Yield what the event of a message tells of."""
    if "contract" in event:
        yield event["contract"], event["period"], event["revision"]
    for what in ("new", "missing"):
        for shape in event.get(what, "").split("\n"):
            yield event.get("source", ""), what, shape
