"""What an HTTP answer is, before any platform's envelope is looked at: a success, JSON, as of when.

A period is over when it is over where its rows are: with this machine's clock ahead of the
source's, an unfinished day would pass for a whole one. An answer is as of its `Date`, also where a
cache has kept it since: one from before the period's end is no answer about the whole period.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from include.gateways.bodies import DoubledKeyError, OtherEncodingError, json_of
from include.gateways.errors import (
    AuthExpired,
    GatewayError,
    Malformed,
    Misdirected,
    Refused,
    Temporary,
)
from include.language import N_, Message, _, clauses
from include.text import quoted

if TYPE_CHECKING:
    from include.gateways.bodies import Answer
    from include.gateways.connection import Connection
    from include.gateways.dialect import Call

# Statuses of which another try brings the same: what is asked, where, or by whom must change. So it
# is of all redirects. Any other is temporary: firewalls have their own numbers for "not now".
FINAL = {*range(400, 408), 410, 411, *range(413, 418), 422, 426, 428, 431, 451}
ELSEWHERE = range(300, 400)
# Statuses that say who may not ask; all other final ones are about what is asked, and where.
WHO = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
# Statuses that, with a Location, say where else to ask.
REDIRECTS = (301, 302, 303, 307, 308)
# What of an entry a status is about; of others it may be anything.
METHOD = "method"
TO_FIX: dict[int, str] = {
    HTTPStatus.NOT_FOUND: "path",
    HTTPStatus.GONE: "path",
    HTTPStatus.METHOD_NOT_ALLOWED: METHOD,
}
NOT_JSON = N_(
    "the answer is not JSON: {body}; run it again; if it stays so, somebody else answers there: "
    "check host {address} of connection {connection}"
)
NO_TEXT = N_(
    "the answer is not JSON, nor text in UTF-8: {body}; run it again; if it stays so, somebody "
    "else answers there: check host {address} of connection {connection}"
)
TWICE = N_("the answer has {key} twice in one object, as {one} and {other}")
NOT_HERE = N_("check host {address} of connection {connection}")
NOT_ALLOWED = N_(
    "check host {address} of connection {connection}, and whether its account may use this"
)
# Clocks that are kept differ by less, and a `Date` tells whole seconds, cut off.
TOLERANCE = timedelta(seconds=5)
AGE = re.compile(r"\d{1,9}", re.ASCII)
# Longer than any run goes on: it is for the next attempt, not for this client's.
NOT_IN_THIS_RUN = timedelta(days=1).total_seconds()


def decoded(call: Call, answer: Answer, connection: Connection, *, secret: bool = False) -> Any:
    """Return the JSON in an answer, its decimals exact.

    Args:
        call: what was asked.
        answer: read to its end.
        connection: whose secrets are kept out of messages, and which the repair names.
        secret: whether the answer brings new secrets, so that messages must not quote it.

    Raises:
        Temporary, AuthExpired, Refused, Misdirected, Malformed: what its status says.
        Temporary: it is not JSON.
        Malformed: it is JSON that can be read in more than one way.
    """

    def shown(value: Any) -> str:
        return _("(not shown)") if secret else quoted(value)

    def body() -> str:
        return shown(connection.masked(answer.text))

    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise _error_of(call, answer, connection, body())
    whose = _("whoever answers at {address} (connection {connection})", **connection.where)
    _check_whole(call, answer, whose)
    try:
        return json_of(answer.content, answer.charset)
    except OtherEncodingError as error:
        raise _in_other_encoding(call, answer, str(error), whose) from None
    except DoubledKeyError as error:
        one, other = map(shown, error.values)
        problem = _(TWICE, key=quoted(error.key), one=one, other=other)
        raise Malformed(call, problem, repair=_("have {whose} say it once", whose=whose)) from None
    except (ValueError, RecursionError) as error:  # a body that was cut, or a page put in between
        template = NO_TEXT if isinstance(error, UnicodeDecodeError) else NOT_JSON
        raise Temporary(call, _(template, body=body(), **connection.where)) from None


def _check_whole(call: Call, answer: Answer, whose: str) -> None:
    """Refuse a success that says that it is not, or not yet, what was asked for."""
    status = answer.status
    if status == HTTPStatus.ACCEPTED:
        raise Temporary(
            call, _("HTTP 202: the answer is not ready yet; run it again later"), code=status
        )
    if status == HTTPStatus.PARTIAL_CONTENT:
        problem = _("HTTP 206: a part of an answer, though all of it was asked for")
        raise Malformed(call, problem, code=status, repair=_("have {whose} fix that", whose=whose))


def _in_other_encoding(call: Call, answer: Answer, looks: str, whose: str) -> Malformed:
    said = answer.charset
    named = N_(
        "the answer is JSON, but not in UTF-8: it looks like {looks}, and its header says {said}"
    )
    unnamed = N_(
        "the answer is JSON, but not in UTF-8: it looks like {looks}, and its header does not say "
        "which"
    )
    return Malformed(
        call,
        _(named if said else unnamed, looks=looks.upper(), said=quoted(said)),
        repair=_(
            "have {whose} write UTF-8, or send the header Content-Type: application/json; "
            "charset={looks}",
            whose=whose,
            looks=looks,
        ),
    )


def _error_of(call: Call, answer: Answer, connection: Connection, shown: str) -> GatewayError:
    status = answer.status
    if status not in FINAL and status not in ELSEWHERE:
        wait = answer.header("Retry-After")
        seconds = float(wait) if wait.isascii() and wait.isdecimal() else 0.0
        problem = _("HTTP {status} {shown}; run it again later", status=status, shown=shown)
        return Temporary(call, problem, code=status, wait=seconds)
    told = {"status": status, "shown": shown, "url": answer.request.url.partition("?")[0]}
    said = _("HTTP {status} {shown} from {url}", **told)
    if target := _target(answer, connection):
        said = _("HTTP {status} {shown} from {url}, which leads to {target}", target=target, **told)
    where = connection.where
    if status == HTTPStatus.UNAUTHORIZED:
        renew = _("renew the token or password in connection {connection}", **where)
        return AuthExpired(call, clauses(said, renew), code=status)
    if status in WHO:
        check = _(NOT_ALLOWED if status == HTTPStatus.FORBIDDEN else NOT_HERE, **where)
        return Refused(call, clauses(said, check), code=status)
    fix = _(NOT_HERE, **where)
    if call.entry:
        fix = _(
            "{fix}, or check host {address} of connection {connection}",
            fix=_what_to_fix(call, answer),
            **where,
        )
    return Misdirected(call, clauses(said, fix), code=status)


def _what_to_fix(call: Call, answer: Answer) -> Message:
    """Return what to fix in an entry, as a message says it."""
    if _is_redirect(answer):
        return _(
            "if that is where people sign in, renew the credentials; else fix path of {entry}",
            entry=call.entry,
        )
    what = TO_FIX.get(answer.status) or _("path, query or body")
    if what != METHOD:
        return _("fix {what} of {entry}", what=what, entry=call.entry)
    says = _("fix method of {entry}, which says {verb}", entry=call.entry, verb=answer.request.verb)
    allowed = answer.header("Allow")
    if not allowed:
        return says
    return _("{says}: {allowed} is allowed", says=says, allowed=quoted(allowed))


def _target(answer: Answer, connection: Connection) -> str:
    """Return where a redirect leads, without what may be secret in that; empty for none."""
    if not _is_redirect(answer):
        return ""
    try:
        target = urlsplit(urljoin(answer.request.url, answer.header("Location")))
    except ValueError:
        return ""
    host = target.netloc.rpartition("@")[2]
    return connection.masked(urlunsplit((target.scheme, host, target.path, "", "")))


def _is_redirect(answer: Answer) -> bool:
    return answer.status in REDIRECTS and "Location" in answer.headers


def date_of(text: str) -> datetime | None:
    """Return the moment that a header `Date` tells; None where it is no date."""
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return said if said.tzinfo else said.replace(tzinfo=timezone.utc)


def as_of(answer: Answer) -> datetime | None:
    """Return the moment that an answer is of; None where it does not say so once."""
    said = answer.headers.getall("Date", [])
    return date_of(said[0]) if len(said) == 1 else None


def check_over(call: Call, answer: Answer, said: datetime, over: datetime) -> None:
    """Refuse an answer of a moment before the one at which its period is whole.

    Raises:
        Temporary: says by how much the clocks differ, or for how long a cache has kept the answer.
    """
    if said + TOLERANCE < over:
        raise Temporary(
            call,
            _(
                "the answer is of {said:%Y-%m-%d %H:%M:%S} by the source's clock (its header "
                "Date), and the period is whole from {over:%Y-%m-%d %H:%M:%S} on; {clocks}",
                said=said.astimezone(over.tzinfo),
                over=over,
                clocks=_clocks_differ(said, answer.header("Age")),
            ),
            wait=NOT_IN_THIS_RUN,
        )


def _clocks_differ(said: datetime, age: str) -> str:
    """Return what must change: a cache says for how many seconds it has kept what it gives."""
    ahead = datetime.now(timezone.utc) - said
    kept = timedelta(seconds=int(age)) if AGE.fullmatch(age) else timedelta()
    if kept > TOLERANCE and abs(ahead - kept) <= TOLERANCE:
        return _(
            "a cache on the way has kept it for {seconds:.0f} s: have it keep none "
            "of these answers, and run it again",
            seconds=kept.total_seconds(),
        )
    return _(
        "this machine's clock is {seconds:.0f} s ahead of it: set the one that is "
        "wrong (this machine's: `sudo timedatectl set-ntp true`), and run it again",
        seconds=ahead.total_seconds(),
    )
