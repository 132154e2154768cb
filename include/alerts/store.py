"""What is kept of alerts, asked for and written by name: rounds, the outbox, mutes and the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts import sql
from include.alerts.database import Database
from include.alerts.records import Health

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path
    from sqlite3 import Connection

    from include.alerts.messages import Receipt
    from include.alerts.records import Alert, Changes, KeptMute, Outgoing, State, Stop
    from include.registry.alerts import Budget, Mute

FILE = "alerts.db"
# The moment at which the service was started on purpose, of those that `note` keeps.
STARTED = "started"
# What was sent, and may have been taken although nothing said so.
DOUBTFUL = frozenset({"timeout", "broken", "unreadable", "error"})
SERVER_ERROR = "HTTP 5"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=15)


class Store:
    """What the file `var/alerts.db` keeps."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._database.close()

    def update(self, work: Callable[[State], Changes], now: datetime, within: timedelta) -> Changes:
        """Write what `work` returns of the state, in one transaction, and return it.

        Args:
            work: one round, such as `engine.judge` with all but the state given.
            now: the moment; aware.
            within: how far back attempts to send count for the budget.
        """

        def round_of(connection: Connection) -> Changes:
            changes = work(sql.read_state(connection, now, within))
            if changes:
                sql.write_changes(connection, changes, now)
            sql.prune(connection, now)
            return changes

        return self._database.transact(round_of)

    # -- the outbox

    def waiting(self) -> list[Outgoing]:
        """Return the messages that are to be sent, oldest first."""
        return self._database.transact(sql.read_waiting)

    def begin(self, outgoing: Outgoing, budget: Budget | None, now: datetime) -> bool:
        """Note that a message is about to be sent; return whether it may be sent now.

        Args:
            outgoing: the message.
            budget: how many attempts the channel may get, in how long; None: it does not count.
            now: the moment; aware.
        """

        def work(connection: Connection) -> bool:
            health = sql.read_health(connection, outgoing.channel)
            if health.next_attempt and health.next_attempt > now:
                return False
            at = sql.stamp(now)
            if budget:
                since = sql.stamp(now - budget.within)
                query = "SELECT count(*) FROM attempts WHERE channel = ? AND at >= ?"
                (used,) = connection.execute(query, [outgoing.channel, since]).fetchone()
                if used >= budget.messages:
                    return False
                connection.execute("INSERT INTO attempts VALUES (?, ?)", [outgoing.channel, at])
            connection.execute(
                "UPDATE outbox SET begun = ? WHERE number = ?", [at, outgoing.number]
            )
            return True

        return self._database.transact(work)

    def settle(self, outgoing: Outgoing, receipt: Receipt, now: datetime) -> None:
        """Note what became of a message.

        One that was refused for certain is taken back, with all that it says: it is put together
        again, with what else there is to say by then. One that may have arrived stays as it is.

        Args:
            outgoing: the message, as it was before it was sent.
            receipt: what the channel said.
            now: the moment; aware.
        """
        is_doubtful = outgoing.is_doubtful or _is_doubtful(receipt)

        def work(connection: Connection) -> None:
            at = sql.stamp(now)
            told = [receipt.code, receipt.answer, outgoing.number]
            if receipt.delivered:
                query = "UPDATE outbox SET delivered = ?, code = ?, answer = ? WHERE number = ?"
                connection.execute(query, [at, *told])
            elif not is_doubtful:
                query = "UPDATE outbox SET refused = ?, code = ?, answer = ? WHERE number = ?"
                connection.execute(query, [at, *told])
                sql.take_back(connection, outgoing.number)
            _note_answer(connection, outgoing.channel, receipt, now)

        self._database.transact(work)

    def prove(self, channel: str, receipt: Receipt, now: datetime) -> None:
        """Note that a channel took a message that was in no outbox; what waits is sent at once."""
        self._database.transact(lambda it: _note_answer(it, channel, receipt, now))

    def healths(self) -> dict[str, Health]:
        """Return how sending to each channel goes."""
        return self._database.transact(sql.read_healths)

    # -- what people ask and say

    def alerts(self, since: datetime | None = None) -> list[Alert]:
        """Return the alerts that are not closed; with a moment, all that were found after it."""
        return self._database.transact(lambda it: sql.read_alerts(it, since))

    def acknowledge(self, number: int, by: str, now: datetime) -> bool:
        """Note that somebody has taken an alert on; return whether there is such an open one."""
        query = (
            "UPDATE alerts SET acked = ?, acked_by = ? WHERE number = ? AND recovered IS NULL "
            "AND opened IS NOT NULL"
        )
        values = [sql.stamp(now), by, number]
        return self._database.transact(lambda it: it.execute(query, values).rowcount) > 0

    def mute(self, mute: Mute, now: datetime) -> None:
        """Keep a mute; it takes the place of another of the same job and shop."""

        def work(connection: Connection) -> None:
            _end_mutes(connection, mute.job, mute.shop, now)
            values = [sql.stamp(now), mute.job, mute.shop, str(mute.until), mute.reason, mute.by]
            query = (
                "INSERT INTO mutes (since, job, shop, until, reason, by) VALUES (?, ?, ?, ?, ?, ?)"
            )
            connection.execute(query, values)

        self._database.transact(work)

    def unmute(self, job: str, shop: str | None, now: datetime) -> bool:
        """End a mute that a command has made; return whether there was one."""
        return self._database.transact(lambda it: _end_mutes(it, job, shop, now)) > 0

    def mutes(self, now: datetime) -> tuple[KeptMute, ...]:
        """Return the mutes that commands have made, those that ended of late included."""
        return self._database.transact(lambda it: sql.read_mutes(it, now))

    # -- the service

    def keep_credentials(self, connection_id: str, value: bytes, now: datetime) -> None:
        """Keep a connection, encrypted by whoever calls this."""
        query = "INSERT OR REPLACE INTO credentials VALUES (?, ?, ?)"
        values = [connection_id, value, sql.stamp(now)]
        self._database.transact(lambda it: it.execute(query, values))

    def kept_credentials(self, connection_id: str) -> tuple[bytes, datetime] | None:
        """Return a connection as it was kept, and when; none where it was not."""
        query = "SELECT value, read FROM credentials WHERE connection = ?"
        found = self._database.transact(lambda it: it.execute(query, [connection_id]).fetchone())
        return found and (found[0], sql.moment(found[1]))

    def sealed(self) -> list[str]:
        """Return the connections that are kept."""
        query = "SELECT connection FROM credentials ORDER BY connection"
        found = self._database.transact(lambda it: it.execute(query).fetchall())
        return [name for (name,) in found]

    def note_stop(self, by: str, now: datetime) -> None:
        """Note that somebody has stopped the service on purpose."""
        query = "INSERT INTO stops (by, at) VALUES (?, ?)"
        self._database.transact(lambda it: it.execute(query, [by, sql.stamp(now)]))

    def note_start(self, now: datetime) -> None:
        """Note that the service was started."""
        query = "UPDATE stops SET started = ? WHERE started IS NULL"
        self._database.transact(lambda it: it.execute(query, [sql.stamp(now)]))

    def stops(self, since: datetime) -> tuple[Stop, ...]:
        """Return the wanted stops after a moment; one without a start lasts."""
        return self._database.transact(lambda it: sql.read_stops(it, since))

    def note(self, name: str, now: datetime) -> None:
        """Note when something happened last, such as a round that ended well."""
        query = "INSERT OR REPLACE INTO moments VALUES (?, ?)"
        self._database.transact(lambda it: it.execute(query, [name, sql.stamp(now)]))

    def noted(self) -> Mapping[str, datetime]:
        """Return when what was noted happened last."""
        found = self._database.transact(lambda it: it.execute("SELECT * FROM moments").fetchall())
        return {name: sql.moment(at) for name, at in found}


def _end_mutes(connection: Connection, job: str, shop: str | None, now: datetime) -> int:
    query = "UPDATE mutes SET ended = ? WHERE ended IS NULL AND job = ? AND shop IS ?"
    return connection.execute(query, [sql.stamp(now), job, shop]).rowcount


def _is_doubtful(receipt: Receipt) -> bool:
    """Return whether a message may have been taken, although the channel did not say so."""
    return not receipt.delivered and (
        receipt.code in DOUBTFUL or receipt.code.startswith(SERVER_ERROR)
    )


def _note_answer(connection: Connection, channel: str, receipt: Receipt, now: datetime) -> None:
    """Keep how a channel is after an attempt."""
    before = sql.read_health(connection, channel)
    after = Health(channel, code=receipt.code, answer=receipt.answer, remedy=receipt.remedy)
    if receipt.delivered:
        after = replace(after, delivered=now)
    else:
        after = replace(
            after,
            failing_since=before.failing_since or now,
            attempts=before.attempts + 1,
            next_attempt=now + min(FIRST_WAIT * 2 ** min(before.attempts, 10), LONGEST_WAIT),
            is_refusal=not receipt.temporary and not _is_doubtful(receipt),
            delivered=before.delivered,
        )
    sql.write_health(connection, after)
