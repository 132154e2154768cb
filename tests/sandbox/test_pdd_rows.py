"""Rows of the sandbox's refund list are written as the platform's."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sandbox.book import as_text
from sandbox.pdd import listed
from sandbox.pdd_refunds import told, versions_of

VERSIONS = versions_of(20001, date(2025, 10, 2), 1)


def test_amounts_are_text_in_yuan() -> None:
    """To the cent, and without the decimals that are not needed."""
    amounts = [
        listed(one)[name] for one in VERSIONS for name in ("order_amount", "discount_amount")
    ]
    cents = [cent for one in VERSIONS for cent in (one.case.order_amount, one.case.discount)]
    assert [Decimal(amount) for amount in amounts] == [Decimal(cent) / 100 for cent in cents]
    assert any("." not in amount for amount in amounts)
    assert not any("." in amount and amount.endswith("0") for amount in amounts)


def test_times_are_written_in_three_ways() -> None:
    """As digits, as numbers and as text, and always the same moment."""
    kinds = set()
    for one in VERSIONS:
        value = listed(one)["updated_time"]
        if isinstance(value, int) or value.isdecimal():
            kinds.add(type(value).__name__)
            assert datetime(1970, 1, 1, 8) + timedelta(seconds=int(value)) == one.modified
        else:
            kinds.add("text")
            assert value == str(one.modified)
    assert kinds == {"int", "str", "text"}


def test_all_documented_fields_are_there() -> None:
    """Also those that nobody reads, as in the platform's sample."""
    assert len(listed(VERSIONS[0])) == 26


def test_the_truth_is_told_exactly() -> None:
    """Whole numbers stay, amounts and times are text."""
    (plain,) = as_text([told(VERSIONS[0])])
    assert plain["id"] == VERSIONS[0].case.id
    assert plain["created_time"] == str(VERSIONS[0].case.created)
    assert plain["order_amount"] == f"{VERSIONS[0].case.order_amount / 100:.2f}"
