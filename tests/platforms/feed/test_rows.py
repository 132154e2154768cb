"""Rows of an answer as rows of a table: each value is what the column takes, or an error."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Date, LargeBinary

from include.gateways.dialect import Call
from include.gateways.errors import Malformed
from include.platforms.feed.conversion import converter_of, day_of, moment_of
from include.platforms.feed.rows import RowReader
from include.warehouse.types import Measure, Money
from tests.gateways.feed_samples import AGENT, DAY, KPI, REVIEW, REVIEWS, feed_of

CALL = Call("feed reviews", shop="20001", page=2)


def _read(sample: dict[str, Any], row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    feed = feed_of(sample, **changes)
    (found,) = RowReader(feed).read(CALL, {"rows": [row]}, DAY)
    return found


def _problem(sample: dict[str, Any], answer: Any, **changes: Any) -> str:
    with pytest.raises(Malformed) as caught:
        RowReader(feed_of(sample, **changes)).read(CALL, answer, DAY)
    return str(caught.value)


def test_a_row() -> None:
    """Every column has the value that its field holds."""
    assert _read(REVIEWS, REVIEW) == {
        "review_id": "r1",
        "order_sn": None,
        "goods_id": 5,
        "goods_name": "毛毯",
        "score": 1,
        "content": "差",
        "created_time": datetime(2025, 10, 2, 8, 30),
    }


@pytest.mark.parametrize(
    ("sample", "field", "value", "column", "found"),
    [
        (REVIEWS, "id", 12, "review_id", "12"),
        (REVIEWS, "sn", 12, "order_sn", "12"),
        (REVIEWS, "goods", "900719925474099267", "goods_id", 900719925474099267),
        (REVIEWS, "text", "", "content", ""),
        (REVIEWS, "text", "a\nb 😡", "content", "a\nb 😡"),
        (REVIEWS, "stars", -1, "score", -1),
        (KPI, "sales", Decimal("12.3"), "sales_amount", Decimal("12.30")),
        (KPI, "sales", "12.30", "sales_amount", Decimal("12.30")),
        (KPI, "sales", -3, "sales_amount", Decimal("-3.00")),
        (KPI, "sales", Decimal("12.300"), "sales_amount", Decimal("12.30")),
        (KPI, "rate", Decimal("0.6666666666666666"), "conversion_rate", Decimal("0.666667")),
        (KPI, "rate", 1, "conversion_rate", Decimal(1)),
        (KPI, "rate", None, "conversion_rate", None),
    ],
)
def test_a_value_that_fits(
    sample: dict[str, Any], field: str, value: Any, column: str, found: Any
) -> None:
    """Ids are names, whichever way they are written; numbers are exact."""
    row = (REVIEW if sample is REVIEWS else AGENT) | {field: value}
    got = _read(sample, row)[column]
    assert got == found
    assert type(got) is type(found)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("id", None, "row 1, field id (column review_id) is null"),
        ("id", "", "holds '': expected a text that is not empty"),
        ("id", Decimal("1.5"), "expected a text"),
        ("id", True, "holds true: expected a text"),
        ("id", "x" * 65, "expected a text of at most 64 characters"),
        ("at", 1759379400, "expected a time such as"),
        ("at", None, "field at (column created_time) is null"),
    ],
)
def test_a_key_or_time_that_does_not_fit(field: str, value: Any, said: str) -> None:
    """It names shop, feed, page, row and field, and who can fix it."""
    problem = _problem(REVIEWS, {"rows": [REVIEW | {field: value}]})
    assert said in problem
    assert problem.startswith("shop 20001, feed reviews, page 2: row 1, field ")
    assert problem.endswith("; fix feed reviews in config/feeds.yaml, or ask who runs it")


@pytest.mark.parametrize(
    ("sample", "field", "value", "said"),
    [
        (REVIEWS, "name", 12, "field name (column goods_name) holds 12: expected a text"),
        (REVIEWS, "name", ["x"], "expected a text"),
        (REVIEWS, "text", "a\0b", "expected a text without NUL"),
        (REVIEWS, "text", "\ud83d", "expected a text without NUL"),
        (REVIEWS, "stars", "1", "field stars (column score) holds '1': expected a whole number"),
        (REVIEWS, "stars", Decimal("1.0"), "expected a whole number"),
        (REVIEWS, "stars", 1.0, "expected a whole number"),
        (REVIEWS, "stars", True, "expected a whole number"),
        (REVIEWS, "stars", 2**31, "expected a number of a size that can be kept"),
        (REVIEWS, "goods", "5x", "expected a whole number"),
        (REVIEWS, "goods", 2**63, "expected a number of a size that can be kept"),
        (KPI, "sales", Decimal("12.345"), "expected an amount with at most two decimals"),
        (KPI, "sales", "12,30", "expected a number such as 12.30"),
        (KPI, "sales", "1e3", "expected a number such as 12.30"),
        (KPI, "sales", "", "expected a number such as 12.30"),
        (KPI, "sales", True, "expected a number such as 12.30"),
        (KPI, "sales", float("nan"), "expected a number such as 12.30"),
        (KPI, "sales", Decimal(10) ** 13, "expected a number of a size that can be kept"),
        (KPI, "sales", Decimal("1E+400"), "expected a number of a size that can be kept"),
        (KPI, "rate", Decimal(10) ** 9, "expected a number of a size that can be kept"),
        (KPI, "rate", {}, "expected a number such as 12.30"),
        (REVIEWS, "stars", None, "field stars (column score) is null"),
    ],
)
def test_a_value_that_does_not_fit_is_null_and_counted(
    sample: dict[str, Any], field: str, value: Any, said: str
) -> None:
    """One odd row costs no other; where no row has a value that fits, the entry is wrong."""
    row = (REVIEW if sample is REVIEWS else AGENT) | {field: value}
    good = (REVIEW if sample is REVIEWS else AGENT) | {"id": "good"}
    feed = feed_of(sample)
    column = next(name for name, path in feed.fields.items() if str(path) == field)
    reader = RowReader(feed)
    odd, fine = reader.read(CALL, {"rows": [row, good]}, DAY)
    assert (odd[column], reader.missing_in([odd, fine])) == (None, f"1 row without {column}")
    rows = reader.read(CALL, {"rows": [row, row | {"id": "other"}]}, DAY)
    with pytest.raises(Malformed, match="; so it is in all 2 rows; ") as caught:
        reader.missing_in(rows)
    assert said in str(caught.value)
    assert str(caught.value).startswith("shop 20001, feed reviews, page 2: row 1, field ")


@pytest.mark.parametrize("field", REVIEW)
def test_a_missing_field_is_never_taken_for_a_null_that_is_meant(field: str) -> None:
    """Also where the column may be null; a key and a time must be there."""
    row = {name: value for name, value in (REVIEW | {"id": "r2"}).items() if name != field}
    if field in ("id", "at"):
        problem = _problem(REVIEWS, {"rows": [REVIEW, row]})
        assert f"row 2, field {field} (column " in problem
        assert "is not there: there are " in problem
        return
    reader = RowReader(feed_of(REVIEWS))
    column = next(name for name, path in REVIEWS["fields"].items() if path == field)
    rows = reader.read(CALL, {"rows": [REVIEW, row]}, DAY)
    assert (rows[1][column], reader.missing_in(rows)) == (None, f"1 row without {column}")


def test_a_field_that_may_be_missing_is_null() -> None:
    """The entry says so."""
    row = {name: value for name, value in REVIEW.items() if name != "text"}
    fields = REVIEWS["fields"] | {"content": "not_null(text)"}
    assert _read(REVIEWS, row, fields=fields)["content"] is None


def test_hundredths() -> None:
    """Percent and fen, exactly."""
    row = AGENT | {"sales": 1999, "rate": Decimal("87.65")}
    found = _read(KPI, row, hundredths=["sales_amount", "conversion_rate"])
    assert found["sales_amount"] == Decimal("19.99")
    assert found["conversion_rate"] == Decimal("0.8765")
    half = _read(KPI, AGENT | {"sales": Decimal("0.5")}, hundredths=["sales_amount"])
    assert half["sales_amount"] is None  # half a fen is no amount


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({}, "rows (rows) is not there: there is nothing"),
        ({"rows": None}, "rows (rows) holds null: expected a list"),
        ({"rows": {}}, "rows (rows) holds {}: expected a list"),
        ([], "rows (rows) is not there: [] stands where 'rows' was expected"),
        ({"rows": [None]}, "row 1, field id (column review_id) is null"),
        ({"rows": ["x"]}, "row 1, field id (column review_id) is not there: 'x' stands where"),
    ],
)
def test_answers_without_rows(answer: Any, said: str) -> None:
    """No list is no empty list."""
    assert said in _problem(REVIEWS, answer)


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        ("2025-10-02T00:00:00+08:00", True),
        ("2025-10-02T23:59:59.999+08:00", True),
        ("2025-10-03T00:00:00+08:00", True),  # the walk leaves it out: the next day has it too
        ("2025-10-01T23:59:59+08:00", False),
        ("2025-10-03T00:00:01+08:00", False),
    ],
)
def test_a_row_of_another_day_is_no_row_of_this_one(at: str, *, fits: bool) -> None:
    """A feed that was asked wrongly, or whose zone is wrong, is noticed."""
    answer = {"rows": [REVIEW | {"at": at}]}
    feed = feed_of(REVIEWS, within="created_time")
    if fits:
        assert RowReader(feed).read(CALL, answer, DAY)
        return
    problem = _problem(REVIEWS, answer, within="created_time")
    assert "outside the period from 2025-10-02 00:00:00 to 2025-10-03 00:00:00" in problem
    assert problem.endswith("timezone, in config/feeds.yaml")


@given(st.decimals(-(10**12), 10**12, places=2))
def test_amounts_are_exact(amount: Decimal) -> None:
    """Every amount comes out as it went in, as a number or as text."""
    convert = converter_of(Column("amount", Money()), feed_of(KPI))
    assert convert(amount) == amount
    assert convert(f"{amount:f}") == amount


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.lists(st.integers())))
def test_nothing_else_than_a_number_becomes_one(value: Any) -> None:
    """What is converted at all is a plain decimal."""
    convert = converter_of(Column("rate", Measure()), feed_of(KPI))
    try:
        number = convert(value)
    except ValueError:
        return
    assert isinstance(value, str)
    assert abs(number - Decimal(value)) <= Decimal("0.0000005")


def test_columns_of_days_and_of_other_types() -> None:
    """A day is read by `dates`; what no JSON value can be is refused when the feed is read."""
    convert = converter_of(Column("day", Date()), feed_of(KPI))
    assert convert("2025-10-02") == DAY.first_day
    with pytest.raises(TypeError, match="no feed can fill a column"):
        converter_of(Column("blob", LargeBinary()), feed_of(KPI))


NOON = datetime(2025, 10, 2, 12, 30)


@pytest.mark.parametrize(
    ("written", "dates", "zone"),
    [
        ("2025-10-02T12:30:00+08:00", "iso", "UTC"),
        ("2025-10-02T04:30:00Z", "iso", "Asia/Shanghai"),
        ("2025-10-02T06:30:00+0200", "iso", "Asia/Shanghai"),
        ("2025-10-02 12:30:00", "iso", "Asia/Shanghai"),
        ("2025-10-02 12:30", "iso", "Asia/Shanghai"),
        ("2025-10-02T04:30:00", "iso", "UTC"),
        ("2025-10-02T06:30:00.000", "iso", "Europe/Berlin"),
        (1759379400, "epoch_seconds", "UTC"),
        (1759379400000, "epoch_milliseconds", "Europe/Berlin"),
        ("02.10.2025 06:30", "%d.%m.%Y %H:%M", "Europe/Berlin"),
        ("20251002 123000 +0800", "%Y%m%d %H%M%S %z", "UTC"),
    ],
)
def test_a_moment_is_read_to_the_wall_clock_of_shanghai(
    written: Any, dates: str, zone: str
) -> None:
    """Whatever the feed's form and zone, the warehouse has one clock."""
    assert moment_of(written, feed_of(REVIEWS, dates=dates, timezone=zone)) == NOON


@pytest.mark.parametrize(
    ("written", "dates", "microsecond"),
    [
        ("2025-10-02T12:30:00.5+08:00", "iso", 500_000),
        ("2025-10-02T12:30:00.123456789+08:00", "iso", 123_456),
        (1759379400250, "epoch_milliseconds", 250_000),
    ],
)
def test_parts_of_a_second_stay(written: Any, dates: str, microsecond: int) -> None:
    """To the microsecond, which is what the warehouse keeps."""
    expected = NOON.replace(microsecond=microsecond)
    assert moment_of(written, feed_of(REVIEWS, dates=dates)) == expected


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("2025-10-02", "iso"),
        ("2025-13-02T00:00:00", "iso"),
        ("yesterday", "iso"),
        (1759379400, "iso"),
        (None, "iso"),
        ("1759379400", "epoch_seconds"),
        (1759379400000, "epoch_seconds"),
        (1759379400, "epoch_milliseconds"),
        (True, "epoch_seconds"),
        (10**30, "epoch_seconds"),
        ("2025-10-02 12:30", "%d.%m.%Y %H:%M"),
        (20251002, "%Y%m%d"),
        ("1925-10-02 12:30:00", "iso"),
    ],
)
def test_what_is_no_moment_in_the_feeds_form_is_refused(written: Any, dates: str) -> None:
    """Also seconds for milliseconds and the other way: they would land in another century."""
    with pytest.raises(ValueError, match="expected a "):
        moment_of(written, feed_of(REVIEWS, dates=dates))


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("2025-10-02", "iso"),
        ("2025-10-01T16:00:00Z", "iso"),
        (1759334400, "epoch_seconds"),
        ("02.10.2025", "%d.%m.%Y"),
        ("20251001 16 +0000", "%Y%m%d %H %z"),
    ],
)
def test_days(written: Any, dates: str) -> None:
    """A day is itself; of a moment it is the day in Shanghai."""
    assert day_of(written, feed_of(REVIEWS, dates=dates)) == date(2025, 10, 2)
