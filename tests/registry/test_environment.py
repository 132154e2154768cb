"""Arguments and environment of a script."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from include.periods import Period
from include.registry.environment import argument, filled, variable

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = Period(
    "2025-10-02",
    datetime(2025, 10, 2, tzinfo=SHANGHAI),
    datetime(2025, 10, 3, tzinfo=SHANGHAI),
)


def test_filled() -> None:
    """The five placeholders are filled in, and doubled braces become single ones."""
    arguments = ["{key}", "{start}", "{end}", "{first_day}..{last_day}", '{{"a": "{key}"}}', "x"]
    assert all(argument(one) == one for one in arguments)
    assert filled(arguments, DAY) == [
        "2025-10-02",
        "2025-10-02T00:00:00+08:00",
        "2025-10-03T00:00:00+08:00",
        "2025-10-02..2025-10-02",
        '{"a": "2025-10-02"}',
        "x",
    ]


@pytest.mark.parametrize(
    "written", ["{kye}", "{0}", "{}", "{key.year}", "{key[0]}", "{key:>9}", "{key!r}", "{", "a}"]
)
def test_refused_argument(written: str) -> None:
    """Nothing but the five placeholders stands in braces; no attribute or index is looked up."""
    with pytest.raises(ValueError, match="brace"):
        argument(written)


@pytest.mark.parametrize(
    "name",
    [
        *("PASSWORD", "DB_PASSWORD", "db_password", "DB_PASSWORD_2", "PASSWD", "DB_PWD", "SECRET"),
        *("CLIENT_SECRET_ID", "TOKEN", "accessToken", "REFRESH_TOKENS", "API_KEY", "APIKEY", "KEY"),
        *("appKey", "PRIVATE_KEY_FILE", "CREDENTIALS", "PASSPHRASE", "BASIC_AUTH", "KEY2"),
    ],
)
def test_secret(name: str) -> None:
    """A name with a secret's word in it is refused, and connections are recommended."""
    with pytest.raises(ValueError, match=r"looks like a secret: .* connection"):
        variable(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PERIOD_KEY", "SHOPS", "PATH", "Path", "PYTHONPATH", "AIRFLOW__CORE__X", "LD_PRELOAD"),
        *("BASH_ENV", "ENV", "SHELLOPTS", "DYLD_INSERT_LIBRARIES", "PYTHONINSPECT"),
    ],
)
def test_owned(name: str) -> None:
    """What the runner sets, or what decides which program runs, is refused."""
    with pytest.raises(ValueError, match="set by the runner, or decides what runs"):
        variable(name)


@pytest.mark.parametrize("name", ["REPORT_LANGUAGE", "KEYWORD", "MONKEY", "TZ", "HTTP_PROXY", "_x"])
def test_allowed(name: str) -> None:
    """Harmless names pass, also those that hold a secret's word as a part of another."""
    assert variable(name) == name


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "语言", "A\n"])
def test_no_name(name: str) -> None:
    """What no shell could set is no variable."""
    with pytest.raises(ValueError, match=r"variable|control"):
        variable(name)
