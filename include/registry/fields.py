"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from include.periods import PERIODS, WEEKDAYS
from include.registry import constraints, environment
from include.registry.durations import FORM as DURATION


def as_text(form: str | None = None, **more: Any) -> WithJsonSchema:
    """Return how editors check a text: by a regular expression, and by what else is given."""
    pattern = {"pattern": f"^{form}$"} if form else {}
    return WithJsonSchema({"type": "string", **pattern, **more})


def whole(**more: int) -> WithJsonSchema:
    """Return how editors check a whole number, from 0 unless told otherwise."""
    return WithJsonSchema({"type": "integer", "minimum": 0, **more})


_id_length = {"maxLength": constraints.LONGEST_ID}
_line_length = {"minLength": 1, "maxLength": constraints.LONGEST_LINE}

Text = Annotated[str, PlainValidator(constraints.text), as_text()]
Line = Annotated[str, PlainValidator(constraints.line), as_text(**_line_length)]
Interpreter = Annotated[str, PlainValidator(constraints.interpreter), as_text(**_line_length)]
Tag = Annotated[
    str, PlainValidator(constraints.tag), as_text(minLength=1, maxLength=constraints.LONGEST_TAG)
]
JobId = Annotated[str, PlainValidator(constraints.job_id), as_text(constraints.ID, **_id_length)]
ShopId = Annotated[
    str, PlainValidator(constraints.shop_id), as_text(constraints.SHOP_ID, **_id_length)
]
Platform = Annotated[
    str, PlainValidator(constraints.platform), as_text(constraints.ID, **_id_length)
]
PlatformNumber = Annotated[
    str,
    PlainValidator(constraints.platform_number),
    WithJsonSchema({"type": ["string", "integer"]}),
]
ConnectionId = Annotated[
    str,
    PlainValidator(constraints.connection_id),
    as_text(constraints.CONNECTION_ID, **_id_length),
]
Cron = Annotated[str, PlainValidator(constraints.cron), as_text(r"\s*(\S+\s+){4}\S+\s*")]
PeriodKind = Annotated[str, PlainValidator(constraints.period), as_text(enum=list(PERIODS))]
Weekday = Annotated[str, PlainValidator(constraints.weekday), as_text(enum=list(WEEKDAYS))]
Zone = Annotated[str, PlainValidator(constraints.timezone), as_text()]
Flag = Annotated[bool, PlainValidator(constraints.flag), WithJsonSchema({"type": "boolean"})]
Count = Annotated[int, PlainValidator(constraints.count), whole()]
Retries = Annotated[
    int, PlainValidator(constraints.retries), whole(maximum=constraints.MOST_RETRIES)
]
Duration = Annotated[timedelta, PlainValidator(constraints.duration), as_text(DURATION)]
PositiveDuration = Annotated[
    timedelta, PlainValidator(constraints.positive_duration), as_text(DURATION)
]
Day = Annotated[date, PlainValidator(constraints.day), as_text(constraints.DAY)]
StartDay = Annotated[date, PlainValidator(constraints.start_day), as_text(constraints.DAY)]
TimeOfDay = Annotated[
    time, PlainValidator(constraints.time_of_day), as_text(constraints.TIME_OF_DAY)
]
AlertChoice = Annotated[
    str, PlainValidator(constraints.alert_choice), as_text(enum=list(constraints.ALERT_CHOICES))
]
Percent = Annotated[float, PlainValidator(constraints.percent), as_text(constraints.PERCENT)]
Tolerance = Annotated[
    float,
    PlainValidator(constraints.tolerance),
    WithJsonSchema(
        {"anyOf": [{"const": 0}, {"type": "string", "pattern": f"^{constraints.PERCENT}$"}]}
    ),
]
Number = Annotated[float, PlainValidator(constraints.number), WithJsonSchema({"type": "number"})]
Argument = Annotated[str, PlainValidator(environment.argument), as_text()]
Variable = Annotated[str, PlainValidator(environment.variable), as_text(environment.NAME.pattern)]
