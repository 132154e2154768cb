"""Reading a gateway's answer into a model, so that nothing missing or rounded goes unnoticed.

What a row cannot do without is strict: its key, the order of paging, and what the figures count.
Any other field is marked `SPARE`: where it is missing or odd it is None, and the row says so. So it
does of a text marked `CUT` that is longer than its column. One odd field costs no other.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from include.gateways.errors import Malformed
from include.language import N_, _
from include.text import quoted

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails
    from sqlalchemy import Column, String
    from typing_extensions import Self

    from include.gateways.dialect import Call

SHANGHAI = ZoneInfo("Asia/Shanghai")
WALL_CLOCK_FORMAT = "%Y-%m-%d %H:%M:%S"
CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 13
# Some gateways write fractions of a second; which of two states is newer is told in whole seconds.
OFFSET = r"\s*(Z|[+-]\d\d:?\d\d)"
TIME = re.compile(
    rf"(\d{{4}}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d{{1,9}})?(?:{OFFSET})?", re.ASCII
)
# What stands where there is no time: the first moment of a calendar, of a database, of an epoch.
NEVER = re.compile(
    rf"(0000|0001|1900|1970)-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?({OFFSET})?)?", re.ASCII
)
# From 2001 to 2286 they have ten digits, so that milliseconds are never taken for them.
EPOCH_SECONDS = 10**9, 10**10
MILLISECONDS = 1000
CODE = re.compile(r"-?\d{1,18}", re.ASCII)
# What the warehouse's columns of whole numbers hold.
LARGEST_NUMBER = 2**63
# Marks a field of a `Row` that no key, no paging and no figure needs; its default is None.
SPARE = "spare"
# Marks a field of a `Row` whose text may be cut to the length of its column; the row says so.
CUT = "cut"

# Of pydantic's own kinds of errors those that answers of platforms bring, in its words.
WRONG_TYPES = {
    "string_type": N_("input should be a valid string"),
    "list_type": N_("input should be a valid list"),
    "dict_type": N_("input should be a valid dictionary"),
    "model_type": N_("input should be a valid dictionary or object to extract fields from"),
    "bool_type": N_("input should be a valid boolean"),
    "bool_parsing": N_("input should be a valid boolean, unable to interpret input"),
}

Model = TypeVar("Model", bound=BaseModel)


def parsed(model: type[Model], data: Any, call: Call) -> Model:
    """Read data (decoded JSON) into a model.

    Raises:
        Malformed: names the first field that is missing or invalid, and what it holds.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "data"
        if first["type"] == "missing":
            raise Malformed(
                call, _("field {field} is missing from the answer", field=name)
            ) from None
        told = {"field": name, "value": quoted(first["input"]), "problem": _problem(first)}
        raise Malformed(call, _("field {field} holds {value}: {problem}", **told)) from None


def _problem(error: ErrorDetails) -> str:
    """Return what is wrong with a value: in our words, else in pydantic's."""
    own: Any = error.get("ctx", {}).get("error")
    if own is not None:
        return str(own)
    kind = error["type"]
    if kind in WRONG_TYPES:
        return _(WRONG_TYPES[kind])
    said = str(error["msg"])
    return said[:1].lower() + said[1:]


def wall_clock(moment: datetime) -> datetime:
    """Return what the clock in Shanghai shows, naive; a naive moment is taken for just that."""
    return moment if moment.tzinfo is None else moment.astimezone(SHANGHAI).replace(tzinfo=None)


def _whole(value: Any) -> int:
    """Return a whole number, from digits too: gateways write ids both ways."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(_("expected a whole number"))  # noqa: TRY004 - pydantic wants ValueError
    if not -LARGEST_NUMBER <= value < LARGEST_NUMBER:
        raise ValueError(_("expected a whole number of a size that can be kept"))
    return value


def _code(value: Any) -> int | str:
    """Return an error's code, as a number where it is one; an odd one is a text in no list."""
    written = "" if value is None else str(value).strip()
    return int(written) if CODE.fullmatch(written) else written


def _money(value: Any) -> Decimal:
    """Return an amount in 元 as it is written; what has more than two decimals is not rounded."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError(_("expected an amount such as 12.30"))  # noqa: TRY004 - pydantic wants ValueError
    try:
        amount = Decimal(value)
        in_cents = amount.quantize(CENT)
    except InvalidOperation:
        raise ValueError(_("expected an amount such as 12.30")) from None
    if not amount.is_finite() or amount != in_cents:
        raise ValueError(_("expected an amount with at most two decimals"))
    if abs(in_cents) >= LARGEST_AMOUNT:  # the warehouse would round it
        raise ValueError(_("expected an amount of a size that can be kept"))
    return in_cents


def _cents(value: Any) -> Decimal:
    """Return the amount in 元 of one that is written in 分."""
    return _money(Decimal(_whole(value)).scaleb(-2))


def paid(pay_time: str) -> BeforeValidator:
    """Return what reads the amount that was paid: where it is empty, 0.00 while there is no time.

    Args:
        pay_time: the field, before this one, with the time of payment; None while it is unpaid.
    """

    def read(value: Any, info: ValidationInfo) -> Decimal:
        is_unpaid = info.data.get(pay_time, pay_time) is None
        return Decimal("0.00") if is_unpaid and value in (None, "") else _money(value)

    return BeforeValidator(read)


def _time(value: Any) -> datetime:
    """Read a wall clock, a moment with its offset, or an epoch in seconds or milliseconds."""
    found = TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if found and not NEVER.fullmatch(found[0]):
            day, clock, offset = found.groups()
            written = datetime.strptime(f"{day} {clock}{offset or 'Z'}", "%Y-%m-%d %H:%M:%S%z")
            return wall_clock(written if offset else written.replace(tzinfo=None))
        moment = _whole(value)
    except (ValueError, OverflowError):
        moment = 0
    least, most = EPOCH_SECONDS
    if least * MILLISECONDS <= moment < most * MILLISECONDS:
        moment //= MILLISECONDS
    if not least <= moment < most:
        raise ValueError(_("expected a time such as 2025-01-01 00:00:00, or an epoch"))
    return wall_clock(datetime.fromtimestamp(moment, SHANGHAI))


def _time_if_any(value: Any) -> datetime | None:
    """Read a time, or what stands for none."""
    if isinstance(value, str):
        written = value.strip()
        is_none = written in ("", "0") or bool(NEVER.fullmatch(written))
    else:
        is_none = value is None or (type(value) is int and value <= 0)
    return None if is_none else _time(value)


def none_is_empty(value: Any) -> Any:
    """Read null as a list without rows, as some gateways write it."""
    return [] if value is None else value


def _words(value: Any) -> str:
    """Return whatever stands where words for people are due; empty where there is nothing."""
    return value if isinstance(value, str) else "" if value is None else quoted(value)


def _length(value: Any) -> int:
    if not isinstance(value, list):
        raise ValueError(_("expected a list"))  # noqa: TRY004 - pydantic wants ValueError
    return len(value)


def text(column: Column[Any]) -> AfterValidator:
    """Return what refuses a name that its column cannot keep as it is."""
    longest = cast("String", column.type).length or 0

    def read(value: str | None) -> str | None:
        if value is None or not value.strip():
            raise ValueError(_("expected a text that is not empty"))
        if len(value) > longest:
            raise ValueError(_("expected a text of at most {longest} characters", longest=longest))
        return value

    return AfterValidator(read)


def words(column: Column[Any]) -> AfterValidator:
    """Return what cuts a text to the length of its column; see `CUT`."""
    longest = cast("String", column.type).length or 0
    return AfterValidator(lambda value: value and value[:longest])


def _filled(value: str) -> str:
    if not value.strip():
        raise ValueError(_("expected a text that is not empty"))
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
FilledText = Annotated[str, AfterValidator(_filled)]
Words = Annotated[str, BeforeValidator(_words)]
Code = Annotated[int | str, BeforeValidator(_code)]
Money = Annotated[Decimal, BeforeValidator(_money)]
WallClock = Annotated[datetime, BeforeValidator(_time)]
WallClockIfAny = Annotated[datetime | None, BeforeValidator(_time_if_any)]
SpareNumber = Annotated[int | None, BeforeValidator(_whole), SPARE]
SpareMoney = Annotated[Decimal | None, BeforeValidator(_money), SPARE]
Cents = Annotated[Decimal, BeforeValidator(_cents)]
SpareCents = Annotated[Decimal | None, BeforeValidator(_cents), SPARE]
SpareLength = Annotated[int | None, BeforeValidator(_length), SPARE]


class Row(BaseModel):
    """A row of a list; a spare field of it is None where the gateway gives nothing of use."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    _cut: list[str] = PrivateAttr(default_factory=list)

    @property
    def cut(self) -> list[str]:
        """The fields of which the text was too long for its column."""
        return self._cut

    @property
    def without(self) -> list[str]:
        """The spare fields that are missing or odd; a null that is documented is neither."""
        return [
            name
            for name in _marked(type(self), SPARE).values()
            if name not in self.model_fields_set
        ]

    @model_validator(mode="wrap")
    @classmethod
    def _leave_out_what_is_odd(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            row = handler(data)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            odd = {one["loc"][0] for one in problems if one["loc"]} & _marked(cls, SPARE).keys()
            if not odd:
                raise
            row = handler({name: value for name, value in data.items() if name not in odd})
        if isinstance(data, dict):
            row._cut = [  # noqa: SLF001 - the row's own
                name
                for given, name in _marked(cls, CUT).items()
                if len(str(data.get(given) or "")) > len(getattr(row, name) or "") > 0
            ]
        return row


@cache
def _marked(model: type[Row], mark: str) -> dict[str, str]:
    """Return the fields of a model that are so marked, by the names that the gateway has."""
    return {
        field.alias or name: name
        for name, field in model.model_fields.items()
        if mark in field.metadata
    }
