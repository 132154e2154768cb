"""What an HTTP answer is, before any platform's envelope is looked at."""

from __future__ import annotations

import json
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from include.platforms.errors import AuthExpired, GatewayError, Refused, Temporary
from include.platforms.fields import quoted

if TYPE_CHECKING:
    import httpx

    from include.platforms.connection import Connection
    from include.platforms.dialect import Call

# Statuses that say "not now": request timeout, too early, too many requests, and every 5xx.
NOT_NOW = (408, 425, 429)
SERVER_ERRORS = range(500, 600)


def decoded(
    call: Call, response: httpx.Response, connection: Connection, *, secret: bool = False
) -> Any:
    """Give the JSON in an answer, its decimals exact.

    Args:
        call: what was asked.
        response: read to its end.
        connection: whose secrets are kept out of messages, and which the repair names.
        secret: whether the answer brings new secrets, so that messages must not quote it.

    Raises:
        Temporary, AuthExpired, Refused: what its status says.
        Temporary: it is not JSON.
    """

    def shown() -> str:
        return "(not shown)" if secret else quoted(connection.masked(response.text))

    if not response.is_success:
        raise _error_of(call, response, connection, shown())
    try:
        return json.loads(response.content, parse_float=Decimal)
    except (ValueError, RecursionError):  # a body that was cut, or a page put in between
        raise Temporary(
            call,
            f"the answer is not JSON: {shown()}; run it again; if it stays so, somebody else "
            f"answers there: check host {connection.base_url} of connection {connection.id}",
        ) from None


def _error_of(
    call: Call, response: httpx.Response, connection: Connection, shown: str
) -> GatewayError:
    status = response.status_code
    if status in NOT_NOW or status in SERVER_ERRORS:
        wait = response.headers.get("retry-after", "")
        seconds = float(wait) if wait.isascii() and wait.isdecimal() else 0.0
        problem = f"HTTP {status} {shown}; run it again later"
        return Temporary(call, problem, code=status, wait=seconds)
    said = f"HTTP {status} {shown} from {str(response.url).partition('?')[0]}"
    if status == HTTPStatus.UNAUTHORIZED:
        repair = f"renew the token or password in connection {connection.id}"
        return AuthExpired(call, f"{said}; {repair}", code=status)
    repair = f"check host {connection.base_url} of connection {connection.id}"
    if status == HTTPStatus.FORBIDDEN:
        repair += ", and whether its account may use this"
    return Refused(call, f"{said}; {repair}", code=status)
