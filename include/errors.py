"""The failures that a person can repair: one base class, told apart only where a caller does so."""

from __future__ import annotations

from typing import Any

from include import WAREHOUSE
from include.foreign_errors import explained
from include.language import Message, _


class ExpectedError(Exception):
    """A failure with a cause that the user can repair; its text says where, what and how.

    Command lines print the text alone, without a traceback.

    Args:
        text: a message, or, as `_` takes it, the template of one.
        values: of the template.
    """

    def __init__(self, text: str, /, **values: Any) -> None:
        super().__init__(text if isinstance(text, Message) else _(text, **values))


class ConfigurationError(ExpectedError):
    """Something the user wrote (registry, shops, connection, argument) is wrong: exit code 78."""


class TemporaryError(ExpectedError):
    """What is asked cannot be answered now, and may be later: exit code 75."""


def missing_connection(connection_id: str) -> ConfigurationError:
    """Return the error of a connection that is nowhere, with what makes it."""
    if connection_id == WAREHOUSE:
        return ConfigurationError(
            "connection 'warehouse' is missing: `python3 scheduler_manager.py start` makes it "
            "(in an Airflow of your own: `python -m include.prepare`)"
        )
    return ConfigurationError(
        "connection {connection!r} is missing: `python3 scheduler_manager.py connect "
        "{connection}` makes that of a shop, a feed or an alert channel; make any "
        "other one in the web UI under Admin > Connections",
        connection=connection_id,
    )


def reason_of(error: Exception) -> str:
    """Return why the operating system, or a database, refused; without the file's name."""
    said = getattr(error, "strerror", None)  # the usual ones are in the catalogue `foreign`
    return _(said) if said else explained(error)
