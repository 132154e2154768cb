"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from include.periods import PERIODS, WEEKDAYS
from include.registry import column_checks, constraints, environment
from include.registry.durations import FORM as DURATION


def _text(form: str | None = None, **more: Any) -> WithJsonSchema:
    pattern = {"pattern": f"^{form}$"} if form else {}
    return WithJsonSchema({"type": "string", **pattern, **more})


def _whole(**more: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": 0, **more})


_id_length = {"maxLength": constraints.LONGEST_ID}
_line_length = {"minLength": 1, "maxLength": constraints.LONGEST_LINE}

Text = Annotated[str, PlainValidator(constraints.text), _text()]
Line = Annotated[str, PlainValidator(constraints.line), _text(**_line_length)]
Interpreter = Annotated[str, PlainValidator(constraints.interpreter), _text(**_line_length)]
Tag = Annotated[
    str, PlainValidator(constraints.tag), _text(minLength=1, maxLength=constraints.LONGEST_TAG)
]
JobId = Annotated[str, PlainValidator(constraints.job_id), _text(constraints.ID, **_id_length)]
ShopId = Annotated[
    str, PlainValidator(constraints.shop_id), _text(constraints.SHOP_ID, **_id_length)
]
Platform = Annotated[str, PlainValidator(constraints.platform), _text(constraints.ID, **_id_length)]
PlatformNumber = Annotated[
    str,
    PlainValidator(constraints.platform_number),
    WithJsonSchema({"type": ["string", "integer"]}),
]
ConnectionId = Annotated[
    str,
    PlainValidator(constraints.connection_id),
    _text(constraints.CONNECTION_ID, **_id_length),
]
Cron = Annotated[str, PlainValidator(constraints.cron), _text(r"\s*(\S+\s+){4}\S+\s*")]
PeriodKind = Annotated[str, PlainValidator(constraints.period), _text(enum=list(PERIODS))]
Weekday = Annotated[str, PlainValidator(constraints.weekday), _text(enum=list(WEEKDAYS))]
Zone = Annotated[str, PlainValidator(constraints.timezone), _text()]
Flag = Annotated[bool, PlainValidator(constraints.flag), WithJsonSchema({"type": "boolean"})]
Count = Annotated[int, PlainValidator(constraints.count), _whole()]
Retries = Annotated[
    int, PlainValidator(constraints.retries), _whole(maximum=constraints.MOST_RETRIES)
]
Duration = Annotated[timedelta, PlainValidator(constraints.duration), _text(DURATION)]
PositiveDuration = Annotated[
    timedelta, PlainValidator(constraints.positive_duration), _text(DURATION)
]
Day = Annotated[date, PlainValidator(constraints.day), _text(constraints.DAY)]
StartDay = Annotated[date, PlainValidator(constraints.start_day), _text(constraints.DAY)]
TimeOfDay = Annotated[time, PlainValidator(constraints.time_of_day), _text(constraints.TIME_OF_DAY)]
Percent = Annotated[float, PlainValidator(constraints.percent), _text(constraints.PERCENT)]
Tolerance = Annotated[
    float,
    PlainValidator(constraints.tolerance),
    WithJsonSchema(
        {"anyOf": [{"const": 0}, {"type": "string", "pattern": f"^{constraints.PERCENT}$"}]}
    ),
]
Number = Annotated[float, PlainValidator(constraints.number), WithJsonSchema({"type": "number"})]
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
