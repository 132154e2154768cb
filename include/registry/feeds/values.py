"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from include.registry.constraints import LONGEST_LINE, count, line
from include.registry.feeds import constraints
from include.registry.feeds.expressions import Expression
from include.registry.feeds.tables import TABLES


def _text(**more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **more})


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError(f"{number} is no size of a page: write one like 100")
    return number


_line = {"minLength": 1, "maxLength": LONGEST_LINE}

Method = Annotated[str, PlainValidator(constraints.method), _text(enum=list(constraints.METHODS))]
Way = Annotated[str, PlainValidator(constraints.way), _text(enum=list(constraints.WAYS))]
TableName = Annotated[str, PlainValidator(constraints.table), _text(enum=list(TABLES))]
Path = Annotated[str, PlainValidator(constraints.path), _text(pattern="^/", **_line)]
Parameter = Annotated[str, PlainValidator(constraints.parameter), _text(**_line)]
# A cursor is often called a token, and is no secret.
PagingParameter = Annotated[str, PlainValidator(line), _text(**_line)]
QueryValue = Annotated[
    str,
    PlainValidator(constraints.query_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
BodyValue = Annotated[Any, PlainValidator(constraints.body_value), WithJsonSchema({})]
HeaderName = Annotated[str, PlainValidator(constraints.header_name), _text()]
HeaderValue = Annotated[str, PlainValidator(constraints.header_value), _text(**_line)]
Query = Annotated[Expression, PlainValidator(constraints.expression), _text(**_line)]
Column = Annotated[str, PlainValidator(constraints.column), _text()]
MappedColumn = Annotated[str, PlainValidator(constraints.mapped_column), _text()]
Dates = Annotated[str, PlainValidator(constraints.dates), _text(**_line)]
PageSize = Annotated[
    int,
    PlainValidator(count),
    AfterValidator(_positive),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
