"""The service's own lines in the journal, beside those of the jobs; and in a component's log."""

import getpass
import os
import sys
from contextlib import suppress
from zoneinfo import ZoneInfo

from include import SETTINGS_FILE
from include.errors import reason_of
from include.language import _
from include.running.journal import Journal
from manager.layout import Layout

ZONE = "AIRFLOW__CORE__DEFAULT_TIMEZONE"
NAME = "scheduler.log"


def service_journal(layout: Layout) -> Journal:
    """Return the journal on the clock that the jobs have unless they say otherwise."""
    return Journal(layout.logs / NAME, service_zone(layout))


def note(layout: Layout, event: str) -> None:
    """Write down what this command did to the service; a journal that fails stops nothing."""
    try:
        who = {"user": user_name(), "pid": os.getpid()}
        told = _("{event} (user {user}, pid {pid})", event=event, **who)
        service_journal(layout).write(_("service"), told)
    except OSError as error:
        print(_("the journal cannot be written: {error}", error=reason_of(error)), file=sys.stderr)


def service_zone(layout: Layout) -> ZoneInfo:
    """Return the clock of all that is nobody's job: that which the jobs have by default."""
    if ZONE in os.environ:
        return ZoneInfo(os.environ[ZONE])
    for line in (layout.root / SETTINGS_FILE).read_text("utf-8", errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key == ZONE:
            return ZoneInfo(value.strip())
    return ZoneInfo("UTC")


def user_name() -> str:
    """Return who gives this command, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user has no name
        return str(os.getuid())


def log_line(text: str) -> None:
    """Write a line of a component's log, which is its output; a log that takes none ends nothing.

    The output is a pipe to supervisord, or a file: after supervisord was killed nothing reads the
    one, and a full disk takes nothing of the other. The watchdog is to say both.
    """
    with suppress(OSError):
        print(text, flush=True)
