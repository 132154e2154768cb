"""Fields of answers are taken exactly or refused by name."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from include.gateways.dialect import Call
from include.gateways.errors import Malformed
from include.gateways.fields import (
    Cents,
    Money,
    SpareCents,
    WallClock,
    WallClockIfAny,
    WholeNumber,
    parsed,
    wall_clock,
)
from include.text import quoted

CALL = Call("/open/some/query", shop=10001, page=3)


class Row(BaseModel):
    """One field of each kind."""

    number: WholeNumber = 0
    money: Money = Decimal(0)
    cents: Cents = Decimal(0)
    spare_cents: SpareCents = None
    time: WallClock | None = None
    perhaps: WallClockIfAny = None


class Page(BaseModel):
    """Rows in a list."""

    rows: list[Row]


@given(st.integers(0, 10**12))
def test_an_amount_in_cents_is_written_in_yuan(cents: int) -> None:
    """Some platforms write 分: one of them for the other would be a hundredfold."""
    for written in (cents, str(cents)):
        row = parsed(Row, {"cents": written, "spare_cents": written}, CALL)
        assert row.cents == row.spare_cents == Decimal(cents) / 100
    for odd in ("1.5", 1.5, True, None, ""):
        with pytest.raises(Malformed, match="field cents"):
            parsed(Row, {"cents": odd}, CALL)


@given(st.integers(-(10**13), 10**13))
def test_money_is_exact_to_the_cent(cents: int) -> None:
    """Every amount of whole cents is taken as it is, written as a decimal or as text."""
    amount = Decimal(cents).scaleb(-2)
    assert parsed(Row, {"money": amount}, CALL).money == amount
    assert parsed(Row, {"money": str(amount)}, CALL).money == amount


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("money", Decimal("0.30000000000000004")),
        ("money", Decimal("1.005")),
        ("money", "NaN"),
        ("money", "Infinity"),
        ("money", "1,50"),
        ("money", ""),
        ("money", None),
        ("money", True),
        ("money", 1.5),
        ("money", []),
        ("number", None),
        ("number", True),
        ("number", "1.0"),
        ("number", "²"),
        ("number", Decimal("1.5")),
        ("time", "2025-01-01"),
        ("time", "2025-13-01 00:00:00"),
        ("time", "2025-01-01T00:00:00+99:00"),
        ("time", "9999-12-31T23:59:59Z"),
        ("time", "0001-01-01 00:00:00"),
        ("time", 0),
        ("time", True),
        ("time", ""),
        ("time", "yesterday"),
        ("time", "²551612204"),
        ("time", Decimal("1551612204.5")),
        ("time", 155161220400),
        ("perhaps", "yesterday"),
        ("perhaps", "2025-01-01"),
        ("money", "99999999999999999.99"),
        ("number", 2**63),
    ],
)
def test_an_ill_value_is_malformed_and_named(field: str, value: object) -> None:
    """The error names shop, method, page and field, and quotes the value."""
    with pytest.raises(Malformed) as caught:
        parsed(Page, {"rows": [{}, {field: value}]}, CALL)
    start = f"shop 10001, /open/some/query, page 3: field rows.1.{field} holds "
    assert str(caught.value).startswith(f"{start}{quoted(value)}: expected")


def test_a_missing_field_is_malformed_and_named() -> None:
    """A field that is not there is not taken for an empty one."""
    with pytest.raises(
        Malformed,
        match=r"page 3: field rows is missing from the answer; run it again",
    ):
        parsed(Page, {}, CALL)


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_data_of_another_shape_is_malformed(data: object) -> None:
    """Where an object is due, nothing else passes."""
    with pytest.raises(Malformed, match="field data holds"):
        parsed(Page, data, CALL)


def test_a_long_value_is_shown_short() -> None:
    """A message stays readable whatever the gateway sends."""
    with pytest.raises(Malformed) as caught:
        parsed(Row, {"money": "9" * 5000}, CALL)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        "",
        " ",
        0,
        "0",
        -62135596800000,
        "0001-01-01 00:00:00",
        "0001-01-01",
        "0000-00-00 00:00:00",
        "1970-01-01 08:00:00",
        "1900-01-01 00:00:00.000",
        "0001-01-01T00:00:00Z",
        "1970-01-01T08:00:00.000+08:00",
    ],
)
def test_a_time_that_need_not_be_there_may_be_empty(nothing: object) -> None:
    """Null, empty text, and the first moment of somebody's calendar say that there is none."""
    assert parsed(Row, {"perhaps": nothing}, CALL).perhaps is None


def test_numbers_may_come_as_digits() -> None:
    """Gateways write ids both ways."""
    assert parsed(Row, {"number": "10001"}, CALL).number == 10001


@pytest.mark.parametrize(
    "value",
    [
        1551612204,
        "1551612204",
        1551612204807,
        "1551612204807",
        "2019-03-03 19:23:24",
        "2019-03-03 19:23:24.807",
        "2019-03-03 19:23:24.8070000",
        "2019-03-03T19:23:24",
    ],
)
@pytest.mark.parametrize("field", ["time", "perhaps"])
def test_a_time_may_be_an_epoch_or_a_wall_clock(field: str, value: object) -> None:
    """A gateway that writes its times in several ways means the same second by all of them."""
    found = getattr(parsed(Row, {field: value}, CALL), field)
    assert found == datetime(2019, 3, 3, 19, 23, 24)


@pytest.mark.parametrize(
    "written",
    [
        "2026-08-04T08:01:00.123456Z",
        "2026-08-04T16:01:00+08:00",
        "2026-08-04 16:01:00.5 +0800",
        "2026-08-04T04:01:00-04:00",
        "2026-08-04T16:01:00",
    ],
)
def test_a_moment_with_its_offset_is_read_by_the_clock_of_shanghai(written: str) -> None:
    """An answer in ISO 8601 costs no day, and no hours."""
    assert parsed(Row, {"time": written}, CALL).time == datetime(2026, 8, 4, 16, 1)


def test_wall_clock_is_that_of_shanghai() -> None:
    """An aware moment is shown as the clock in Shanghai shows it; a naive one is already that."""
    assert wall_clock(datetime(2025, 10, 1, 16, tzinfo=timezone.utc)) == datetime(2025, 10, 2)
    assert wall_clock(datetime(2025, 10, 2)) == datetime(2025, 10, 2)


def test_what_is_nested_too_deeply_is_not_quoted() -> None:
    """What a message cannot show does not keep it from being said."""
    nested: list[object] = []
    for _ in range(20_000):
        nested = [nested]
    assert quoted(nested) == "something nested too deeply to be shown"
