"""The failures that a person can repair: one base class, told apart only where a caller does so."""

from __future__ import annotations

from include.language import Message, _


class ExpectedError(Exception):
    """A failure with a cause that the user can repair; its text says where, what and how.

    Command lines print the text alone, without a traceback.
    """


class ConfigurationError(ExpectedError):
    """Something the user wrote (registry, shops, connection, argument) is wrong: exit code 78."""


def said_by(error: BaseException) -> str:
    """Return what an error says: the message that it was made of, where it was made of one."""
    said = error.args[0] if len(error.args) == 1 else None
    return said if isinstance(said, Message) else str(error)


def missing_connection(connection_id: str) -> ConfigurationError:
    """Return the error of a connection that is nowhere, with what makes it."""
    return ConfigurationError(
        _(
            "connection {connection!r} is missing: `python3 scheduler_manager.py connect "
            "{connection}` makes that of a shop, a feed or an alert channel; make any "
            "other one in the web UI under Admin > Connections",
            connection=connection_id,
        )
    )
