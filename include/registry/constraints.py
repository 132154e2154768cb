"""What a value of an entry must be: one small check per kind of value.

Each takes what was written and gives what it means, or raises ValueError with the rest of a
sentence that begins with the key: `'5' has no unit: write 5s, 5m, 5h or 5d`. It is ValueError for
wrong types too, the one that pydantic collects.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from include.cron import check_cron
from include.errors import ConfigurationError
from include.language import N_, Message, _
from include.registry.problems import SentenceError
from include.text import MISTYPED, nearest, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

LONGEST_ID = 64  # characters; it is part of file names (Airflow itself takes 250)
LONGEST_LINE = 200
LONGEST_TAG = 100  # Airflow refuses a whole DAG for a longer one
ID = r"[a-z][a-z0-9_]*"
SHOP_ID = r"[a-z0-9][a-z0-9_-]*"
CONNECTION_ID = r"[A-Za-z][A-Za-z0-9_.-]*"
OFFSET = re.compile(r"[+-] *\d")
NO_CONTRACT = N_(
    "is empty: name the contract that the job runs after, as in after: store_day, or remove it"
)
# Names of the zone database that are no zone, or whichever one the machine is in.
NO_PLACES = {"Factory", "localtime", "posixrules"}
# Names that people give China's time, none of which is IANA's.
CHINESE_ZONE = re.compile(
    r"(.*/)?(beijing|peking|china|shenzhen|guangzhou|hangzhou)([ _].*)?"
    r"|cst([ +-]?8)?|(utc|gmt)? *[+＋]? *0?8([:：]?00)?|.*(中国|北京|上海|东八区).*",
    re.IGNORECASE,
)


def text(value: Any) -> str:
    """Take text of any length, in any language."""
    if isinstance(value, str):
        if value.isprintable() or all(c.isprintable() or c in "\n\t" for c in value):
            return value
        told = _("{value} holds control characters: remove them", value=quoted(value))
    elif value is None:
        told = _("has no value: write one, or remove the key")
    elif isinstance(value, (list, dict)):
        told = _("{value} is not text: write one value", value=quoted(value))
    else:
        told = _("{value} is not text: put it in quotes, as in '{value}'", value=quoted(value))
    raise ValueError(told)


def line(value: Any, *, longest: int = LONGEST_LINE) -> str:
    """Take text that fits where there is one line, and is not empty."""
    written = text(value).strip()
    if not written:
        raise ValueError(_("is empty: write something, or remove the key"))
    if "\n" in written or "\t" in written:
        raise ValueError(_("{value} has several lines: write one", value=quoted(written)))
    return _at_most(written, longest)


def _at_most(written: str, longest: int) -> str:
    if len(written) > longest:
        told = _(
            "{value} is longer than {longest} characters: shorten it",
            value=quoted(written), longest=longest,
        )  # fmt: skip
        raise ValueError(told)
    return written


def tag(value: Any) -> str:
    """Take a tag."""
    return line(value, longest=LONGEST_TAG)


def interpreter(value: Any) -> str:
    """Take the path of a Python: absolute, or below the project."""
    written = line(value)
    parts = written.removeprefix("/").split("/")
    if "/" not in written:
        wrong = N_("{path} is no path: {advice}")
    elif ".." in parts or written.startswith("~"):
        wrong = N_("{path} leads out of the project: {advice}")
    elif "" in parts or "." in parts or "\\" in written:
        wrong = N_("{path} is not a plain path: {advice}")
    else:
        return written
    advice = _("write an absolute path, or one below the project, as in venvs/report/bin/python")
    raise ValueError(_(wrong, path=quoted(written), advice=advice))


def identifier(form: str, advice: str) -> Callable[[Any], str]:
    """Make the check for one kind of id.

    Args:
        form: regular expression that the whole id matches.
        advice: what it is made of, and an example; marked with `N_`.
    """
    compiled = re.compile(form, re.ASCII)

    def check(value: Any) -> str:
        written = text(value)
        if not compiled.fullmatch(written):
            told = _("{id} is not an id: {advice}", id=quoted(written), advice=_(advice))
            raise ValueError(told)
        return _at_most(written, LONGEST_ID)

    return check


job_id = identifier(ID, N_("begin with a-z and go on with a-z, 0-9 and _, as in pdd_quality"))
platform = identifier(ID, N_("begin with a-z and go on with a-z, 0-9 and _, as in pdd"))
shop_id = identifier(SHOP_ID, N_("write a-z, 0-9, _ and -, as in pdd-1"))
connection_id = identifier(
    CONNECTION_ID, N_("begin with a letter and go on with letters, 0-9, _ and -")
)


def contract_id(value: Any) -> str:
    """Take the id of a contract to run after."""
    if value == "":
        raise ValueError(_(NO_CONTRACT))
    return job_id(value)


def platform_number(value: Any) -> str:
    """Take the number, or name, that a platform gave a shop."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else line(value)


def one_of(words: Collection[str]) -> Callable[[Any], str]:
    """Make the check for a key that takes one of a few words."""

    def check(value: Any) -> str:
        if value not in words if isinstance(value, str) else True:
            near = suggestion(str(value), words)
            raise ValueError(_("{value} is not known: {near}", value=quoted(value), near=near))
        return str(value)

    return check


def cron(value: Any) -> str:
    """Take a cron expression; spaces are made single."""
    written = " ".join(text(value).split())
    try:
        check_cron(written)
    except ConfigurationError as error:
        raise SentenceError(str(error)) from error
    return written


@lru_cache
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: the name of a folder of zones
        return False
    return True


def timezone(value: Any) -> str:
    """Take the IANA name of a time zone."""
    name = text(value)
    if _is_zone(name):
        return name
    hint = _zone_hint(name)
    raise ValueError(_("{zone} is not an IANA time zone: {hint}", zone=quoted(name), hint=hint))


def _zone_hint(name: str) -> Message:
    if CHINESE_ZONE.fullmatch(name.strip()):
        return _("write Asia/Shanghai, the time of all of China")
    # For hours from UTC, the names of the same hours count them the other way round.
    zones = [] if OFFSET.search(name) else ["UTC", *sorted(available_timezones() - NO_PLACES)]
    near = nearest(name, zones, MISTYPED)
    return _("did you mean {near!r}?", near=near) if near else _("write one like Asia/Shanghai")


def flag(value: Any) -> bool:
    """Take true or false."""
    if not isinstance(value, bool):
        told = _(
            "{value} is not true or false: write one of the two, unquoted", value=quoted(value)
        )
        raise ValueError(told)  # noqa: TRY004 - see above
    return value
