"""The failures that a person can mend: one base class, told apart only where a caller does so."""


class ExpectedError(Exception):
    """A failure with a cause that the user can repair; its text says where, what and how.

    Command lines print the text alone, without a traceback.
    """


class ConfigurationError(ExpectedError):
    """Something the user wrote (registry, shops, connection, argument) is wrong: exit code 78."""
