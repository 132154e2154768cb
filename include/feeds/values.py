"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from include.feeds import predicates
from include.feeds.expressions import Expression
from include.feeds.tables import TABLES
from include.registry.predicates import LONGEST_LINE, count, line


def _text(**more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **more})


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError(f"{number} is no size of a page: write one like 100")
    return number


_line = {"minLength": 1, "maxLength": LONGEST_LINE}

Method = Annotated[str, PlainValidator(predicates.method), _text(enum=list(predicates.METHODS))]
Way = Annotated[str, PlainValidator(predicates.way), _text(enum=list(predicates.WAYS))]
TableName = Annotated[str, PlainValidator(predicates.table), _text(enum=list(TABLES))]
Path = Annotated[str, PlainValidator(predicates.path), _text(pattern="^/", **_line)]
Parameter = Annotated[str, PlainValidator(predicates.parameter), _text(**_line)]
# A cursor is often called a token, and is no secret.
PagingParameter = Annotated[str, PlainValidator(line), _text(**_line)]
QueryValue = Annotated[
    str,
    PlainValidator(predicates.query_value),
    WithJsonSchema({"type": ["string", "number", "boolean"]}),
]
BodyValue = Annotated[Any, PlainValidator(predicates.body_value), WithJsonSchema({})]
HeaderName = Annotated[str, PlainValidator(predicates.header_name), _text()]
HeaderValue = Annotated[str, PlainValidator(predicates.header_value), _text(**_line)]
Query = Annotated[Expression, PlainValidator(predicates.expression), _text(**_line)]
Column = Annotated[str, PlainValidator(predicates.column), _text()]
MappedColumn = Annotated[str, PlainValidator(predicates.mapped_column), _text()]
Dates = Annotated[str, PlainValidator(predicates.dates), _text(**_line)]
PageSize = Annotated[
    int,
    PlainValidator(count),
    AfterValidator(_positive),
    WithJsonSchema({"type": "integer", "minimum": 1}),
]
