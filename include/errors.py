"""The failures that a person can repair: one base class, told apart only where a caller does so."""


class ExpectedError(Exception):
    """A failure with a cause that the user can repair; its text says where, what and how.

    Command lines print the text alone, without a traceback.
    """


class ConfigurationError(ExpectedError):
    """Something the user wrote (registry, shops, connection, argument) is wrong: exit code 78."""


def missing_connection(connection_id: str) -> ConfigurationError:
    """Return the error of a connection that is nowhere, with what makes it."""
    return ConfigurationError(
        f"connection {connection_id!r} is missing: `python3 scheduler_manager.py connect "
        f"{connection_id}` makes that of a shop, a feed or an alert channel; make any "
        "other one in the web UI under Admin > Connections"
    )
