"""Feeds: HTTP JSON endpoints that config/feeds.yaml describes, for what no platform's API gives.

GET, or POST of a JSON object, with the connection's credentials in a header, never in the URL.
"""

from __future__ import annotations

import json
import os
import re
from functools import reduce
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from include.gateways.connection import Connection, base_url, read_fields
from include.gateways.dialect import Call, Request
from include.gateways.errors import AuthExpired, Malformed, Temporary, passes
from include.gateways.limiter import Limit
from include.language import N_, _
from include.registry.feeds import UnfitError, fill, fill_all
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.gateways.connection import Fields
    from include.registry.feeds import Blanks, Expression, Feed

EXAMPLE = (
    '{"conn_type": "http", "host": "https://data.example.com", "password": "the token", '
    '"extra": {"auth": "bearer"}}'
)
AUTHS = {
    "none": N_("no credentials"),
    "bearer": N_("the password as a bearer token"),
    "header": N_("the password in the header that extra.header names"),
    "cookie": N_("the password in the cookie that extra.cookie names"),
}
NAMES = {
    "header": N_("the name of the header for the password"),
    "cookie": N_("the name of the cookie for the password"),
}
EXPIRED = N_(
    "the credentials are invalid or expired{said}: renew the token in the password of connection "
    "{connection}"
)
FIX = N_("fix feed {feed} in {place}, or ask who runs it")
NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)


def connection_of(feed: Feed, environ: Mapping[str, str] = os.environ) -> Connection:
    """Read a feed's connection: host, and the password with the way in which it is sent.

    Raises:
        ConfigurationError: names the connection and the field that is missing or invalid.
    """
    fields = read_fields(feed.connection, environ, EXAMPLE)
    password = fields.text("password", N_("the feed's token"), required=False)
    said = fields.text("extra.auth", N_("how the password is sent"), required=False)
    auth = said or ("bearer" if password else "none")
    if auth not in AUTHS:
        known = [
            _("{name} ({meaning})", name=name, meaning=_(meaning))
            for name, meaning in AUTHS.items()
        ]
        raise fields.problem(
            _("extra.auth {auth!r} is not known: write one of {known}", auth=auth, known=known)
        )
    if auth != "none":
        password = fields.text("password", N_("the feed's token"))
        _check_secret(fields, password, auth)
    extra = {"auth": auth}
    if auth in ("header", "cookie"):
        extra[auth] = fields.text(f"extra.{auth}", NAMES[auth])
        if not NAME.fullmatch(extra[auth]):
            raise fields.problem(
                _("extra.{auth} {name!r} is no name of a {auth}", auth=auth, name=extra[auth])
            )
    return Connection(feed.connection, base_url(fields), feed.connection, "", password, extra=extra)


class FeedDialect:
    """The dialect of one feed."""

    # Courtesy; a feed that allows less says so with HTTP 429
    limits: Sequence[Limit] = (Limit(10, 1),)

    def __init__(self, feed: Feed, connection: Connection) -> None:
        """Speak with the credentials of a connection."""
        self.name = f"feed-{connection.id}"
        self.connection = connection
        self._feed = feed

    def request(self, call: Call, access_token: str) -> Request:
        """Build what is sent."""
        feed, params = self._feed, call.params
        query = f"?{urlencode(params['query'])}" if params["query"] else ""
        url = f"{self.connection.base_url}{params['path']}{query}"
        headers = {"Accept": "application/json", **feed.headers, **self._credentials(access_token)}
        if feed.method == "GET":
            return Request(url, headers, verb="GET")
        headers["Content-Type"] = "application/json"
        body = json.dumps(params["body"], ensure_ascii=False, separators=(",", ":"))
        return Request(url, headers, body.encode())

    def _credentials(self, secret: str) -> dict[str, str]:
        extra = self.connection.extra
        if extra["auth"] == "bearer":
            return {"Authorization": f"Bearer {secret}"}
        if extra["auth"] == "header":
            return {extra["header"]: secret}
        return {"Cookie": f"{extra['cookie']}={secret}"} if extra["auth"] == "cookie" else {}

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Return the whole answer, if the feed's own rules do not call it an error.

        Raises:
            Temporary: `temporary` holds of it, or `expired` does with a message that speaks of a
                passing trouble of the feed's own.
            AuthExpired: `expired` holds of it.
            Temporary: `success` does not; nobody has said that it does not pass by itself.
            Malformed: nothing tells whether it is an error.
        """
        feed = self._feed
        said = self._message(envelope)
        is_expired = _holds(feed.expired, envelope)
        is_passing = is_expired and passes(said, is_listed=True)
        if is_expired and not is_passing:
            raise AuthExpired(call, _(EXPIRED, said=said, connection=self.connection.id))
        if is_passing or _holds(feed.temporary, envelope):
            raise Temporary(
                call, _("the feed asks to come back later{said}: run it again later", said=said)
            )
        if feed.success is not None:
            succeeded = self._succeeded(call, feed.success, envelope)
            if succeeded is not True:
                why = _why(feed.success, succeeded, envelope)
                raise Temporary(
                    call,
                    _(
                        "the feed answers with an error{said}: {why}; run it again; if it "
                        "stays so, fix what it says, or ask who runs the feed at {address}; "
                        "if it is no error, correct success of feed {feed} in {place}",
                        said=said,
                        why=why,
                        address=self.connection.base_url,
                        feed=feed.id,
                        place=feed.place,
                    ),
                )
        return envelope

    def _succeeded(self, call: Call, success: Expression, envelope: Any) -> Any:
        try:
            return success.find(envelope)
        except UnfitError as error:
            raise malformed(
                self._feed, call, _("success ({success}) {error}", success=success, error=error)
            ) from None

    def _message(self, envelope: Any) -> str:
        message = self._feed.message and self._feed.message.find_if_any(envelope)
        text = message if isinstance(message, str) else quoted(message)
        return f" ({self.connection.masked(text)!r})" if message else ""


def call_of(
    feed: Feed, blanks: Blanks, page: int | None = None, sent: Mapping[str, Any] | None = None
) -> Call:
    """Make a call of a feed for a shop's period.

    Args:
        feed: which.
        blanks: the shop and the period.
        page: for messages, counted from 1.
        sent: what the paging adds to the query (GET) or the body (POST).

    Raises:
        ConfigurationError: a placeholder wants a number, and the shop has none.
    """
    path = quote(str(fill(feed.path, blanks)), safe="/%")
    query = {name: str(fill(value, blanks)) for name, value in feed.query.items()}
    body = fill_all(feed.body or {}, blanks)
    (query if feed.method == "GET" else body).update(sent or {})
    params = {"path": path, "query": query, "body": body}
    entry = _("feed {feed} in {place}", feed=feed.id, place=feed.place)
    return Call(_("feed {feed}", feed=feed.id), params, shop=blanks.shop, page=page, entry=entry)


def malformed(feed: Feed, call: Call, problem: str, repair: str = FIX, **values: Any) -> Malformed:
    """Return the error for an answer that a feed's entry does not expect.

    Args:
        feed: whose.
        call: what was asked.
        problem: what is wrong.
        repair: what to do: a template, with the feed and its place.
        values: further ones of that template.
    """
    done = _(repair, feed=feed.id, place=feed.place, **values)
    return Malformed(call, problem, repair=done)


def whole_total(feed: Feed, call: Call, envelope: Any) -> int | None:
    """Return the number of rows that an answer says there are in all; None where none is asked for.

    Raises:
        Malformed: it is not there, or no whole number.
    """
    path = feed.paging.total
    if path is None:
        return None
    total = found_in(path, "total", feed, call, envelope)
    if not isinstance(total, int) or isinstance(total, bool) or total < 0:
        problem = _(
            "total ({path}) holds {total}: expected a whole number", path=path, total=quoted(total)
        )
        raise malformed(feed, call, problem)
    return total


def found_in(path: Expression, name: str, feed: Feed, call: Call, envelope: Any) -> Any:
    """Return what one of a feed's paths finds in an answer.

    Raises:
        Malformed: there is no such field.
    """
    try:
        return path.find(envelope)
    except UnfitError as error:
        raise malformed(
            feed, call, _("{name} ({path}) {error}", name=name, path=path, error=error)
        ) from None


def follows(feed: Feed, call: Call, envelope: Any) -> tuple[bool, str | int | None]:
    """Return whether a page follows what an answer has, and the cursor that leads there.

    Raises:
        Malformed: what the feed says of it is not there, or of another kind.
    """
    paging = feed.paging
    if paging.more is not None:
        more = found_in(paging.more, "more", feed, call, envelope)
        if not isinstance(more, bool):
            problem = _(
                "more ({path}) holds {value}: expected true or false",
                path=paging.more,
                value=quoted(more),
            )
            raise malformed(feed, call, problem)
        return more, None
    if paging.next is None:
        return False, None
    cursor = found_in(paging.next, "next", feed, call, envelope)
    if cursor is None or cursor == "":
        return False, None
    if not isinstance(cursor, (str, int)) or isinstance(cursor, bool):
        problem = _(
            "next ({path}) holds {value}: expected a text or a number",
            path=paging.next,
            value=quoted(cursor),
        )
        raise malformed(feed, call, problem)
    return True, cursor


def _why(success: Expression, found: Any, envelope: Any) -> str:
    held = [
        _("{path} holds {value}", path=path, value=quoted(value))
        for path, value in success.holding(envelope).items()
    ]
    why = _("success ({success}) is {found} and not true", success=success, found=quoted(found))
    if not held:
        return why
    both = reduce(lambda one, other: _("{one} and {other}", one=one, other=other), held)
    return _("{why}, as {held}", why=why, held=both)


def _holds(expression: Expression | None, envelope: Any) -> bool:
    return expression is not None and expression.find_if_any(envelope) is True


def _check_secret(fields: Fields, secret: str, auth: str) -> None:
    """Refuse what no header can carry; the client's own error would show it."""
    separates = ";" in secret or "," in secret or " " in secret or '"' in secret
    if not (secret.isascii() and secret.isprintable()) or (auth == "cookie" and separates):
        raise fields.problem(_("password holds characters that no {auth} can carry", auth=auth))
