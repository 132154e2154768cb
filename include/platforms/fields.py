"""Reading a gateway's answer into a model, so that nothing missing or rounded goes unnoticed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ValidationError

from include.platforms.errors import Malformed
from include.quoting import quoted

if TYPE_CHECKING:
    from include.platforms.dialect import Call

SHANGHAI = ZoneInfo("Asia/Shanghai")
WALL_CLOCK_FORMAT = "%Y-%m-%d %H:%M:%S"
CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 13
# From 2001 to 2286 they have ten digits, so that milliseconds are never taken for them.
EPOCH_SECONDS = 10**9, 10**10

Model = TypeVar("Model", bound=BaseModel)


def parsed(model: type[Model], data: Any, call: Call) -> Model:
    """Read data (decoded JSON) into a model.

    Raises:
        Malformed: names the first field that is missing or ill, and what it holds.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "data"
        if first["type"] == "missing":
            raise Malformed(call, f"field {name} is missing from the answer") from None
        value, problem = quoted(first["input"]), first["msg"].removeprefix("Value error, ")
        problem = problem[:1].lower() + problem[1:]
        raise Malformed(call, f"field {name} holds {value}: {problem}") from None


def wall_clock(moment: datetime) -> datetime:
    """Give what the clock in Shanghai shows, naive; a naive moment is taken for just that."""
    return moment if moment.tzinfo is None else moment.astimezone(SHANGHAI).replace(tzinfo=None)


def _whole(value: Any) -> int:
    """Take a whole number or its digits: gateways write ids both ways."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("expected a whole number")


def _money(value: Any) -> Decimal:
    """Take an amount in 元 as it is written; what has more than two decimals is not rounded."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError("expected an amount such as 12.30")  # noqa: TRY004 - pydantic wants ValueError
    try:
        amount = Decimal(value)
        in_cents = amount.quantize(CENT)
    except InvalidOperation:
        raise ValueError("expected an amount such as 12.30") from None
    if not amount.is_finite() or amount != in_cents:
        raise ValueError("expected an amount with at most two decimals")
    if abs(in_cents) >= LARGEST_AMOUNT:  # the warehouse would round it
        raise ValueError("expected an amount of a size that can be kept")
    return in_cents


def _time(value: Any) -> datetime:
    try:
        return datetime.strptime(value, WALL_CLOCK_FORMAT)  # noqa: DTZ007 - wall clock, by definition
    except (TypeError, ValueError):
        raise ValueError("expected a time such as 2025-01-01 00:00:00") from None


def _time_if_any(value: Any) -> datetime | None:
    return None if value in (None, "") else _time(value)


def _time_or_epoch(value: Any) -> datetime:
    """Take a wall clock, or seconds since 1970, as a number or its digits."""
    if isinstance(value, str) and not value.isdecimal():
        return _time(value)
    try:
        seconds = _whole(value)
    except ValueError:
        seconds = 0
    if not EPOCH_SECONDS[0] <= seconds < EPOCH_SECONDS[1]:
        raise ValueError("expected a time such as 2025-01-01 00:00:00, or seconds since 1970")
    return wall_clock(datetime.fromtimestamp(seconds, SHANGHAI))


def _length(value: Any) -> int:
    if not isinstance(value, list):
        raise ValueError("expected a list")  # noqa: TRY004 - pydantic wants ValueError
    return len(value)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Money = Annotated[Decimal, BeforeValidator(_money)]
WallClock = Annotated[datetime, BeforeValidator(_time)]
WallClockIfAny = Annotated["datetime | None", BeforeValidator(_time_if_any)]
EpochOrWallClock = Annotated[datetime, BeforeValidator(_time_or_epoch)]
Length = Annotated[int, BeforeValidator(_length)]
