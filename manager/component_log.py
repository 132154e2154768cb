"""Lines of a component's log, which is its standard output."""

from contextlib import suppress


def log_line(text: str) -> None:
    """Write a line; a log that takes none ends no component.

    The output is a pipe to supervisord, or a file: after supervisord was killed nothing reads the
    one, and a full disk takes nothing of the other. The watchdog is to say both.
    """
    with suppress(OSError):
        print(text, flush=True)
