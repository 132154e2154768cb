"""What a platform grants when it is asked to refresh tokens.

The refresh token that was sent is spent by the time the answer is read, so the new tokens are all
there is: what the answer says besides them may be missing or odd, and they are kept all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from include.gateways.dialect import Tokens
from include.gateways.fields import parsed

if TYPE_CHECKING:
    from include.gateways.dialect import Call

# No token lives longer: a number beyond this is no number of seconds.
LONGEST = timedelta(days=3660)


class _Granted(BaseModel):
    access_token: str = Field(min_length=1)
    refresh_token: Any = None
    expires_at: Any = None
    expires_in: Any = None


def granted(data: Any, call: Call) -> Tokens:
    """Read tokens out of an answer.

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
    if not 0 < seconds <= LONGEST.total_seconds():
        return None
    return now + timedelta(seconds=float(seconds))
