"""The types of an entry's values: how each is checked, and how editors are told to check it."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import GroupedMetadata
from pydantic import PlainValidator, WithJsonSchema

from include.periods import PERIODS, WEEKDAYS
from include.registry import constraints as c
from include.registry import environment
from include.registry import quantities as q

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator


class Checked(GroupedMetadata):
    """A check of ours, with what editors check: a part of a JSON schema.

    Args:
        check: takes what was written, and gives what it means.
        form: a regular expression for the whole of it.
        schema: what else editors check; it is text unless `type` says otherwise (None: anything).
    """

    def __init__(self, check: Callable[..., Any], form: str | None = None, **schema: Any) -> None:
        pattern = {"pattern": f"^{form}$"} if form else {}
        said = {"type": "string", **pattern, **schema}
        self._check = check
        self._schema = {key: value for key, value in said.items() if value is not None}

    def __iter__(self) -> Iterator[object]:
        """Return what pydantic knows them by."""
        yield PlainValidator(self._check)
        yield WithJsonSchema(self._schema)


def word(known: Collection[str]) -> Checked:
    """Return the check of a key that takes one of a few words."""
    return Checked(c.one_of(known), enum=list(known))


ID_LENGTH = {"maxLength": c.LONGEST_ID}
LINE_LENGTH = {"minLength": 1, "maxLength": c.LONGEST_LINE}
WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
ZERO_OR_PERCENT = [{"const": 0}, {"type": "string", "pattern": f"^{q.PERCENT}$"}]

Text = Annotated[str, Checked(c.text)]
Line = Annotated[str, Checked(c.line, **LINE_LENGTH)]
Interpreter = Annotated[str, Checked(c.interpreter, **LINE_LENGTH)]
Tag = Annotated[str, Checked(c.tag, minLength=1, maxLength=c.LONGEST_TAG)]
JobId = Annotated[str, Checked(c.job_id, c.ID, **ID_LENGTH)]
ContractId = Annotated[str, Checked(c.contract_id, c.ID, **ID_LENGTH)]
ShopId = Annotated[str, Checked(c.shop_id, c.SHOP_ID, **ID_LENGTH)]
Platform = Annotated[str, Checked(c.platform, c.ID, **ID_LENGTH)]
PlatformNumber = Annotated[str, Checked(c.platform_number, type=["string", "integer"])]
ConnectionId = Annotated[str, Checked(c.connection_id, c.CONNECTION_ID, **ID_LENGTH)]
Cron = Annotated[str, Checked(c.cron, r"\s*(\S+\s+){4}\S+\s*")]
PeriodKind = Annotated[str, word(PERIODS)]
Weekday = Annotated[str, word(WEEKDAYS)]
Zone = Annotated[str, Checked(c.timezone)]
Flag = Annotated[bool, Checked(c.flag, type="boolean")]
Count = Annotated[int, Checked(q.count, **WHOLE)]
Retries = Annotated[int, Checked(q.retries, maximum=q.MOST_RETRIES, **WHOLE)]
Duration = Annotated[timedelta, Checked(q.duration, q.DURATION)]
PositiveDuration = Annotated[timedelta, Checked(q.positive_duration, q.DURATION)]
Day = Annotated[date, Checked(q.day, q.DAY)]
RepullAge = Annotated[timedelta, Checked(q.repull_age, q.DURATION)]
StartDay = Annotated[date, Checked(q.start_day, q.DAY)]
TimeOfDay = Annotated[time, Checked(q.time_of_day, q.TIME_OF_DAY)]
AlertChoice = Annotated[str, word(["route", "none"])]
Percent = Annotated[float, Checked(q.percent, q.PERCENT)]
Tolerance = Annotated[float, Checked(q.tolerance, type=None, anyOf=ZERO_OR_PERCENT)]
Number = Annotated[float, Checked(q.number, type="number")]
Argument = Annotated[str, Checked(environment.argument)]
Variable = Annotated[str, Checked(environment.variable, environment.NAME.pattern)]
