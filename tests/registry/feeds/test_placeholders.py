"""What is filled into a feed's path, query and body."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from include.errors import ConfigurationError
from include.periods import Period
from include.registry.feeds import Blanks, fill, fill_all

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEEK = Period(
    "2025-09-27",
    datetime(2025, 9, 27, tzinfo=SHANGHAI),
    datetime(2025, 10, 4, tzinfo=SHANGHAI),
)
BLANKS = Blanks("20001", "week", WEEK, SHANGHAI)


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{shop}", "20001"),
        ("{shop:number}", 20001),
        ("shop {shop:number}", "shop 20001"),
        ("{period} {key}", "week 2025-09-27"),
        ("{start}", "2025-09-27T00:00:00+08:00"),
        ("{end}", "2025-10-04T00:00:00+08:00"),
        ("{start:%Y-%m-%d %H:%M:%S}", "2025-09-27 00:00:00"),
        ("{start:%Y-%m-%dT%H:%M:%S.%f%z}", "2025-09-27T00:00:00.000000+0800"),
        ("{first_day:%G-W%V 100%%}", "2025-W39 100%"),
        ("{start:epoch_seconds}", 1758902400),
        ("{end:epoch_milliseconds}", 1759507200000),
        ("{start:epoch_seconds},{end:epoch_seconds}", "1758902400,1759507200"),
        ("{first_day}..{last_day}", "2025-09-27..2025-10-03"),
        ("{last_day:%Y%m%d} 23:59:59", "20251003 23:59:59"),
        ("{{literal}} {shop}", "{literal} 20001"),
    ],
)
def test_filled(written: str, filled: object) -> None:
    """Text in its place; one that is a number and nothing else is a number."""
    found = fill(written, BLANKS)
    assert found == filled
    assert type(found) is type(filled)


def test_times_are_on_the_feeds_clock() -> None:
    """The same instant, shown in the feed's zone."""
    utc = BLANKS._replace(zone=ZoneInfo("UTC"))
    assert fill("{start}", utc) == "2025-09-26T16:00:00+00:00"
    assert fill("{start:epoch_seconds}", utc) == fill("{start:epoch_seconds}", BLANKS)
    assert fill("{first_day}", utc) == "2025-09-27"


def test_bodies_are_filled_to_their_depth() -> None:
    """Texts at any depth; everything else stays what it is."""
    body = {"a": ["{shop}", {"b": "{shop:number}"}, None, True, 1.5], "{shop}": 1}
    assert fill_all(body, BLANKS) == {"a": ["20001", {"b": 20001}, None, True, 1.5], "{shop}": 1}


def test_a_shop_without_a_number_is_told() -> None:
    """It is the configuration that is wrong."""
    with pytest.raises(ConfigurationError, match=r"shop 'abc' is not a number, as \{shop:number\}"):
        fill("{shop:number}", BLANKS._replace(shop="abc"))
