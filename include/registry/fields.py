"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from include.periods import PERIODS, WEEKDAYS
from include.registry import column_checks, environment, predicates
from include.registry.durations import FORM as DURATION


def _text(form: str | None = None, **more: Any) -> WithJsonSchema:
    pattern = {"pattern": f"^{form}$"} if form else {}
    return WithJsonSchema({"type": "string", **pattern, **more})


def _whole(**more: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 0, **more})


_id_length = {"maxLength": predicates.LONGEST_ID}
_line_length = {"minLength": 1, "maxLength": predicates.LONGEST_LINE}

Text = Annotated[str, PlainValidator(predicates.text), _text()]
Line = Annotated[str, PlainValidator(predicates.line), _text(**_line_length)]
Interpreter = Annotated[str, PlainValidator(predicates.interpreter), _text(**_line_length)]
Tag = Annotated[
    str, PlainValidator(predicates.tag), _text(minLength=1, maxLength=predicates.LONGEST_TAG)
]
JobId = Annotated[str, PlainValidator(predicates.job_id), _text(predicates.ID, **_id_length)]
ShopId = Annotated[str, PlainValidator(predicates.shop_id), _text(predicates.SHOP_ID, **_id_length)]
Platform = Annotated[str, PlainValidator(predicates.platform), _text(predicates.ID, **_id_length)]
PlatformNumber = Annotated[
    str, PlainValidator(predicates.platform_number), WithJsonSchema({"type": ["string", "integer"]})
]
ConnectionId = Annotated[
    str,
    PlainValidator(predicates.connection_id),
    _text(predicates.CONNECTION_ID, **_id_length),
]
Cron = Annotated[str, PlainValidator(predicates.cron), _text(r"\s*(\S+\s+){4}\S+\s*")]
PeriodKind = Annotated[str, PlainValidator(predicates.period), _text(enum=list(PERIODS))]
Weekday = Annotated[str, PlainValidator(predicates.weekday), _text(enum=list(WEEKDAYS))]
Zone = Annotated[str, PlainValidator(predicates.timezone), _text()]
Flag = Annotated[bool, PlainValidator(predicates.flag), WithJsonSchema({"type": "boolean"})]
Count = Annotated[int, PlainValidator(predicates.count), _whole()]
Retries = Annotated[
    int, PlainValidator(predicates.retries), _whole(maximum=predicates.MOST_RETRIES)
]
Duration = Annotated[timedelta, PlainValidator(predicates.duration), _text(DURATION)]
PositiveDuration = Annotated[
    timedelta, PlainValidator(predicates.positive_duration), _text(DURATION)
]
Day = Annotated[date, PlainValidator(predicates.day), _text(predicates.DAY)]
StartDay = Annotated[date, PlainValidator(predicates.start_day), _text(predicates.DAY)]
TimeOfDay = Annotated[time, PlainValidator(predicates.time_of_day), _text(predicates.TIME_OF_DAY)]
Percent = Annotated[float, PlainValidator(predicates.percent), _text(predicates.PERCENT)]
Tolerance = Annotated[
    float,
    PlainValidator(predicates.tolerance),
    WithJsonSchema(
        {"anyOf": [{"const": 0}, {"type": "string", "pattern": f"^{predicates.PERCENT}$"}]}
    ),
]
Number = Annotated[float, PlainValidator(predicates.number), WithJsonSchema({"type": "number"})]
Argument = Annotated[str, PlainValidator(environment.argument), _text()]
Variable = Annotated[str, PlainValidator(environment.variable), _text(environment.NAME.pattern)]
Column = Annotated[str, PlainValidator(column_checks.column), _text(column_checks.COLUMN)]
TableName = Annotated[str, PlainValidator(column_checks.table), _text(column_checks.TABLE)]
CheckKind = Annotated[
    str, PlainValidator(column_checks.kind), _text(enum=list(column_checks.KINDS))
]
Comparison = Annotated[
    str, PlainValidator(column_checks.comparison), _text(enum=list(column_checks.COMPARISONS))
]
Limits = Annotated[dict[Comparison, Number], AfterValidator(column_checks.consistent)]
