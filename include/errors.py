"""The failures that a person can repair: one base class, told apart only where a caller does so."""

from __future__ import annotations

from include import WAREHOUSE
from include.foreign_errors import explained
from include.language import N_, _

# What Python and the operating system say most often of a file or a date; `_` translates it.
REASONS = (
    N_("No such file or directory"),
    N_("Permission denied"),
    N_("Is a directory"),
    N_("Not a directory"),
    N_("File exists"),
    N_("Directory not empty"),
    N_("Read-only file system"),
    N_("No space left on device"),
    N_("Too many open files"),
    N_("Too many levels of symbolic links"),
    N_("Input/output error"),
    N_("Operation not permitted"),
    N_("Exec format error"),
    N_("Connection refused"),
    N_("Connection reset by peer"),
    N_("Connection timed out"),
    N_("Network is unreachable"),
    N_("No route to host"),
    N_("Address already in use"),
    N_("Broken pipe"),
    N_("Device or resource busy"),
    N_("File name too long"),
    N_("Disk quota exceeded"),
    N_("Cannot allocate memory"),
    N_("Invalid argument"),
    N_("Name or service not known"),
    N_("Temporary failure in name resolution"),
    N_("Expecting value"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Expecting ':' delimiter"),
    N_("Expecting ',' delimiter"),
    N_("Extra data"),
    N_("Unterminated string starting at"),
    N_("Invalid control character at"),
    N_("day is out of range for month"),
    N_("month must be in 1..12"),
    N_("hour must be in 0..23"),
    N_("minute must be in 0..59"),
    N_("date value out of range"),
)


class ExpectedError(Exception):
    """A failure with a cause that the user can repair; its text says where, what and how.

    Command lines print the text alone, without a traceback.
    """


class ConfigurationError(ExpectedError):
    """Something the user wrote (registry, shops, connection, argument) is wrong: exit code 78."""


class TemporaryError(ExpectedError):
    """What is asked cannot be answered now, and may be later: exit code 75."""


def missing_connection(connection_id: str) -> ConfigurationError:
    """Return the error of a connection that is nowhere, with what makes it."""
    if connection_id == WAREHOUSE:
        return ConfigurationError(
            _(
                "connection 'warehouse' is missing: `python3 scheduler_manager.py start` makes it "
                "(in an Airflow of your own: `python -m include.prepare`)"
            )
        )
    return ConfigurationError(
        _(
            "connection {connection!r} is missing: `python3 scheduler_manager.py connect "
            "{connection}` makes that of a shop, a feed or an alert channel; make any "
            "other one in the web UI under Admin > Connections",
            connection=connection_id,
        )
    )


def reason_of(error: Exception) -> str:
    """Return why the operating system, or a database, refused; without the file's name."""
    said = getattr(error, "strerror", None)
    return _(said) if said else explained(error)
