"""The tokens that a platform grants and refreshes, kept in the warehouse for whoever runs next.

The connection holds the first tokens only. What they were exchanged for stands in the table
`tokens`, encrypted with a key that comes from the connection's app secret: whoever has the
connection can read them, and nobody else. A row belongs to the tokens of the connection that its
own descend from: when somebody puts new ones into the connection, these begin a row of their own.
The rows before stay, for a run that still has the older tokens must not cost the newer ones; each
is small, and there is one for each time that a person authorises the app.

One process at a time refreshes, whichever machine it runs on. It holds a lease for as long, which
runs out by itself when the process dies. Each change is one statement that says what it expects to
find, so no transaction is open while the platform is asked. When a lease ends is told by the
warehouse's clock, as those of the machines may differ.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from include.gateways.dialect import Tokens
from include.gateways.fields import parsed
from include.warehouse.tables import tokens as table
from include.warehouse.transactions import now

if TYPE_CHECKING:
    from sqlalchemy import Engine, Row

    from include.gateways.connection import Connection
    from include.gateways.dialect import Call

LEASE = timedelta(seconds=60)
# No token lives longer: a number beyond this is no number of seconds.
LONGEST_LIFE = timedelta(days=3660)
# Says what the key is for; another text gives another key.
PURPOSE = b"store-data-scheduler: tokens kept in the warehouse"


@dataclass(frozen=True)
class Kept:
    """What a connection's tokens are at a moment."""

    tokens: Tokens  # the refreshed ones, or those of the connection
    refreshed_at: datetime | None = None  # when they were refreshed, if they were
    # How they stand in the table; None where the connection's own count
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TokenStore:
    """The tokens in the table `tokens` of a warehouse."""

    engine: Engine
    lease: timedelta = LEASE  # how long a process may refresh before others take it for dead

    def open(self, connection: Connection) -> Kept:
        """Return a connection's tokens: the stored ones that descend from its own, if any."""
        try:
            return self._opened(connection)
        except IntegrityError:  # another process was the first to write the row
            return self._opened(connection)

    def read(self, connection: Connection) -> Kept | None:
        """Return a connection's tokens as of now; None when they are kept no more."""
        query = select(table).where(_mine(connection))
        with self.engine.begin() as database:
            row = database.execute(query).one_or_none()
        return None if row is None else _kept(connection, row)

    def take_lease(self, connection: Connection, kept: Kept, holder: str) -> bool:
        """Try to become the one who may refresh these tokens; return whether it worked."""
        with self.engine.begin() as database:
            moment = now(database)
            free = or_(table.c.held_until.is_(None), table.c.held_until <= moment)
            lease = update(table).where(_same(connection, kept), free)
            values = {"held_by": holder, "held_until": moment + self.lease}
            return database.execute(lease.values(**values)).rowcount == 1

    def extend_lease(self, connection: Connection, holder: str) -> bool:
        """Start the lease again, and return whether it was still ours."""
        with self.engine.begin() as database:
            lease = update(table).where(_held(connection, holder))
            ends = now(database) + self.lease
            return database.execute(lease.values(held_until=ends)).rowcount == 1

    def end_lease(self, connection: Connection, holder: str) -> None:
        """End the lease, if it is still ours, so that others may refresh."""
        self._change(_held(connection, holder), held_by=None, held_until=None)

    def put(self, connection: Connection, kept: Kept, tokens: Tokens) -> bool:
        """Keep what the tokens were exchanged for; return whether nobody else did so before."""
        return self._change(
            _same(connection, kept),
            secret=_sealed(connection, tokens),
            expires_at=tokens.expires_at,
            refreshed_at=datetime.now(timezone.utc),
        )

    def _opened(self, connection: Connection) -> Kept:
        key = {"connection_id": connection.id, "origin": _origin(connection)}
        with self.engine.begin() as database:
            row = database.execute(select(table).where(_mine(connection))).one_or_none()
            if row is None:
                database.execute(insert(table).values(**key))
                return first_tokens(connection)
            return _kept(connection, row)

    def _change(self, where: ColumnElement[bool], **values: Any) -> bool:
        with self.engine.begin() as database:
            return database.execute(update(table).where(where).values(**values)).rowcount == 1


def _mine(connection: Connection) -> ColumnElement[bool]:
    return and_(table.c.connection_id == connection.id, table.c.origin == _origin(connection))


def _same(connection: Connection, kept: Kept) -> ColumnElement[bool]:
    secret = table.c.secret
    return and_(
        _mine(connection), secret.is_(None) if kept.secret is None else secret == kept.secret
    )


def _held(connection: Connection, holder: str) -> ColumnElement[bool]:
    return and_(_mine(connection), table.c.held_by == holder)


def first_tokens(connection: Connection) -> Kept:
    """Return the tokens that a connection itself holds."""
    return Kept(Tokens(connection.access_token, connection.refresh_token, connection.expires_at))


def _kept(connection: Connection, row: Row[Any]) -> Kept:
    try:
        found = json.loads(_cipher(connection).decrypt((row.secret or "").encode()))
        tokens = Tokens(found["access_token"], found["refresh_token"], row.expires_at)
    except (InvalidToken, ValueError, KeyError, TypeError):
        # None there, or none that we can read: what the connection holds is all we have.
        return Kept(first_tokens(connection).tokens, secret=row.secret)
    return Kept(tokens, row.refreshed_at, row.secret)


def _sealed(connection: Connection, tokens: Tokens) -> str:
    text = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    return _cipher(connection).encrypt(json.dumps(text).encode()).decode()


def _cipher(connection: Connection) -> Fernet:
    key = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(connection.app_secret.encode())
    return Fernet(urlsafe_b64encode(key))


def _origin(connection: Connection) -> str:
    """Return what tells a connection's first tokens from others without showing them."""
    text = json.dumps([connection.access_token, connection.refresh_token])
    return hmac.new(connection.app_secret.encode(), text.encode(), "sha256").hexdigest()


class _Granted(BaseModel):
    access_token: str = Field(min_length=1)
    refresh_token: Any = None
    expires_at: Any = None
    expires_in: Any = None


def granted(data: Any, call: Call) -> Tokens:
    """Read tokens out of the answer to a refresh.

    The refresh token that was sent is spent by then, so the new tokens are all there is: what the
    answer says besides them may be missing or odd, and they are kept all the same.

    Args:
        data: what holds `access_token`, and perhaps `refresh_token` (empty without), and
            `expires_at` (epoch seconds) or `expires_in` (seconds from now).
        call: names the refresh in messages.

    Returns:
        the tokens; when they expire is None unless the answer says it in a way that can be.

    Raises:
        Malformed: there is no access token in it.
    """
    found = parsed(_Granted, data, call)
    now = datetime.now(timezone.utc)
    ends = _within(_seconds(found.expires_at) - Decimal(now.timestamp()), now)
    ends = ends or _within(_seconds(found.expires_in), now)
    refresh_token = found.refresh_token if isinstance(found.refresh_token, str) else ""
    return Tokens(found.access_token, refresh_token, ends)


def _seconds(value: Any) -> Decimal:
    """Read a number, or its digits; what is neither is 0."""
    if isinstance(value, bool):
        return Decimal(0)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


def _within(seconds: Decimal, now: datetime) -> datetime | None:
    if not 0 < seconds <= LONGEST_LIFE.total_seconds():
        return None
    return now + timedelta(seconds=float(seconds))
