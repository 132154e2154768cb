"""What an entry may hand to its script: arguments with placeholders, environment, no secrets."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any

from include.language import N_, _
from include.registry.constraints import text
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.periods import Period

BRACES = N_("write {{ and }} for braces that stay")
PLACEHOLDERS = ("key", "start", "end", "first_day", "last_day")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
SECRET = re.compile(
    r"(?:^|_)(PASS|PASSWD|PASSWORDS?|PASSPHRASE|PWD|SECRETS?|TOKENS?|CREDENTIALS?|AUTH"
    r"|(API|APP|ACCESS|PRIVATE|SECRET|SIGN)?KEYS?)\d*(?:_|$)"
)
CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# The runner sets these, or they decide which program runs.
OWNED = frozenset(
    {"JOB_ID", "PERIOD_KEY", "PERIOD_START", "PERIOD_END", "PERIOD_FROM", "PERIOD_TO", "RUN_ID"}
    | {
        "FIRST_DAY",
        "LAST_DAY",
        "SHOPS",
        "SHOPS_JSON",
        "RESULTS_FILE",
        "AGAIN",
        "PROVISIONAL",
        "WAREHOUSE_URL",
        "STOP_WITH_PARENT",
        "PATH",
    }
    | {"PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONUNBUFFERED", "PYTHONSTARTUP"}
    | {"PYTHONIOENCODING"}
    | {"BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS", "PYTHONINSPECT", "PYTHONUSERBASE"}
)
OWNED_PREFIXES = ("AIRFLOW", "_AIRFLOW", "SCHEDULER_", "LD_", "DYLD_")


def argument(value: Any) -> str:
    """Take one argument; what stands in single braces must be a known placeholder.

    Raises:
        ValueError: it is not text, or a placeholder is not known.
    """
    written = text(value)
    if "{" not in written and "}" not in written:
        return written
    for name, form, conversion in placeholders_in(written):
        if name not in PLACEHOLDERS or form or conversion:
            raise unknown_placeholder(written, name, PLACEHOLDERS)
    return written


def placeholders_in(written: str) -> list[tuple[str, str, str | None]]:
    """Return what stands in braces in a text: each name with its format and its conversion.

    Raises:
        ValueError: there is a single brace.
    """
    try:
        parts = list(Formatter().parse(written))
    except ValueError as error:
        told = _("{value} has a single brace: {braces}", value=quoted(written), braces=_(BRACES))
        raise ValueError(told) from error
    return [(name, form or "", change) for _text, name, form, change in parts if name is not None]


def unknown_placeholder(written: str, name: str, known: Iterable[str]) -> ValueError:
    """Return the error of a name in braces that nothing is filled in for."""
    told = _(
        "{value} has an unknown placeholder {{{name}}}: {near} ({braces})",
        value=quoted(written), name=name, near=suggestion(name, known), braces=_(BRACES),
    )  # fmt: skip
    return ValueError(told)


def filled(arguments: list[str], period: Period) -> list[str]:
    """Fill a period into (valid) arguments."""
    values = {
        "key": period.key,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
    }
    return [argument.format_map(values) for argument in arguments]


def variable(value: Any) -> str:
    """Take the name of an environment variable.

    Raises:
        ValueError: it is no name, the runner's own, or one that looks like a secret's.
    """
    name = text(value)
    if not NAME.fullmatch(name):
        told = _(
            "{name} is not a variable's name: write letters, digits and _, as in REPORT_LANGUAGE",
            name=quoted(name),
        )
        raise ValueError(told)
    if name.upper() in OWNED or name.upper().startswith(OWNED_PREFIXES):
        told = _(
            "{name} is set by the runner, or decides what runs: choose another name",
            name=quoted(name),
        )
        raise ValueError(told)
    if SECRET.search(CAMEL_CASE.sub("_", name).upper()):
        told = _(
            "{name} looks like a secret: put the value in an Airflow connection and list that "
            "under 'connections'",
            name=quoted(name),
        )
        raise ValueError(told)
    return name
