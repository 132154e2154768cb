"""The types of a feed's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, Any

from include.language import N_, _
from include.registry.constraints import line, text
from include.registry.environment import CAMEL_CASE, SECRET
from include.registry.feeds.expressions import Expression
from include.registry.feeds.placeholders import MILLISECONDS, SECONDS, template
from include.registry.feeds.tables import TABLES, FeedTable
from include.registry.fields import LINE_LENGTH, Checked, word
from include.registry.quantities import count
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from pydantic import ValidationInfo

METHODS = ("GET", "POST")
WAYS = ("none", "page", "cursor")
ISO = "iso"
TIME_FORMS = (ISO, SECONDS, MILLISECONDS)
HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
# The client sets these, as the connection and the body want them.
OWN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding"})
SECRET_WORDS = re.compile(r"AUTHORIZATION|COOKIE|(^|_)SIGN(ATURE)?(_|$)")
LIKE_A_SECRET = N_(
    "{name} looks like a secret: put the value in the password of the connection, and say in its "
    'extra how it is sent, as in {{"auth": "header", "header": "X-Api-Key"}}'
)
SAMPLE = datetime(2025, 10, 2, 13, 14, 15, tzinfo=timezone.utc)


def path(value: Any) -> str:
    """Take the path of a URL, with placeholders."""
    written = template(line(value))
    if not written.startswith("/") or written.startswith("//"):
        told = _(
            "{path} is not a path: begin it with one /; the host is the connection's",
            path=quoted(written),
        )
        raise ValueError(told)
    if "?" in written or "#" in written:
        told = _("{path} has a ? or #: write what follows under 'query'", path=quoted(written))
        raise ValueError(told)
    return written


def query_value(value: Any) -> str:
    """Take a query parameter's value; numbers and flags are written as text."""
    if isinstance(value, bool) or (isinstance(value, (int, float)) and value == value):  # noqa: PLR0124 - NaN is not
        return quoted(value)
    return template(value)


def body_value(value: Any) -> Any:
    """Take any JSON value; its texts may have placeholders."""
    if isinstance(value, str):
        return template(value)
    if isinstance(value, dict):
        return {key: body_value(one) for key, one in value.items()}
    return [body_value(one) for one in value] if isinstance(value, list) else value


def parameter(value: Any) -> str:
    """Take the name of a query parameter or of a body's field; secrets are sent otherwise."""
    name = line(value)
    if looks_secret(name):
        raise ValueError(_(LIKE_A_SECRET, name=quoted(name)))
    return name


def header_name(value: Any) -> str:
    """Take the name of a header that is neither a secret nor the client's own."""
    name = line(value)
    if not HEADER.fullmatch(name):
        told = _("{name} is not a header's name: write one like Accept-Language", name=quoted(name))
        raise ValueError(told)
    if name.lower() in OWN_HEADERS:
        raise ValueError(_("{name} is set by the client: remove it", name=quoted(name)))
    if looks_secret(name):
        raise ValueError(_(LIKE_A_SECRET, name=quoted(name)))
    return name


def header_value(value: Any) -> str:
    """Take a header's value."""
    written = line(value)
    if not written.isascii():
        told = _(
            "{value} is not ASCII, as headers are: write it percent-encoded", value=quoted(written)
        )
        raise ValueError(told)
    return written


def looks_secret(name: str) -> bool:
    """Return whether a value under this name would be a secret."""
    words = CAMEL_CASE.sub("_", name).upper().replace("-", "_")
    return bool(SECRET.search(words) or SECRET_WORDS.search(words)) and words != "KEY"


def expression(value: Any) -> Expression:
    """Take a JMESPath expression."""
    return Expression(line(value))


def dates(value: Any) -> str:
    """Take the way in which a feed writes dates and times."""
    written = line(value)
    if written in TIME_FORMS:
        return written
    if "%" not in written:
        told = _(
            "{value} is not known: {near} (or a format like %Y-%m-%d %H:%M:%S)",
            value=quoted(written), near=suggestion(written, TIME_FORMS),
        )  # fmt: skip
        raise ValueError(told)
    try:
        datetime.strptime(SAMPLE.strftime(written), written)  # noqa: DTZ007 - its form is tried
    except ValueError as error:
        told = _(
            "{value} is not a time's format: write one like %Y-%m-%d %H:%M:%S",
            value=quoted(written),
        )
        raise ValueError(told) from error
    codes = re.findall("%(.)", written)
    if "I" in codes and "p" not in codes:
        told = _(
            "{value} takes the afternoon for the morning: write %H for hours to 24, or add %p",
            value=quoted(written),
        )
        raise ValueError(told)
    return written


def column(value: Any, info: ValidationInfo) -> str:
    """Take the name of a column that a field goes into."""
    name = text(value)
    landing = table_of(info)
    if landing is None:  # its problem is told already
        return name
    if name in landing.filled:
        raise ValueError(_("{column} is filled in by itself: remove it", column=quoted(name)))
    if name not in landing.columns:
        told = _(
            "{column} is not a column of {table}: {near}", column=quoted(name),
            table=landing.table.name, near=suggestion(name, landing.columns),
        )  # fmt: skip
        raise ValueError(told)
    return name


def mapped_column(value: Any, info: ValidationInfo) -> str:
    """Take the name of a column that is among the feed's `fields`."""
    name = column(value, info)
    mapped = info.data.get("fields")
    if mapped is not None and name not in mapped:
        told = _(
            "{column} is not among fields: add it there, or remove it here", column=quoted(name)
        )
        raise ValueError(told)
    return name


def table_of(info: ValidationInfo) -> FeedTable | None:
    """Return the table that an entry names; none when it names none that there is."""
    return TABLES.get(info.data.get("table", ""))


def page_size(value: Any) -> int:
    """Take how many rows a page has."""
    if count(value) < 1:
        raise ValueError(_("{value} is no size of a page: write one like 100", value=value))
    return int(value)


Method = Annotated[str, word(METHODS)]
Way = Annotated[str, word(WAYS)]
TableName = Annotated[str, word(TABLES)]
Path = Annotated[str, Checked(path, pattern="^/", **LINE_LENGTH)]
Parameter = Annotated[str, Checked(parameter, **LINE_LENGTH)]
# A cursor is often called a token, and is no secret.
PagingParameter = Annotated[str, Checked(line, **LINE_LENGTH)]
QueryValue = Annotated[str, Checked(query_value, type=["string", "number", "boolean"])]
BodyValue = Annotated[Any, Checked(body_value, type=None)]
HeaderName = Annotated[str, Checked(header_name)]
HeaderValue = Annotated[str, Checked(header_value, **LINE_LENGTH)]
Query = Annotated[Expression, Checked(expression, **LINE_LENGTH)]
Column = Annotated[str, Checked(column)]
MappedColumn = Annotated[str, Checked(mapped_column)]
Dates = Annotated[str, Checked(dates, **LINE_LENGTH)]
PageSize = Annotated[int, Checked(page_size, type="integer", minimum=1)]
