"""`python -m manager.lifecycle.event_listener`: supervisord's event listener.

Supervisord tells it of every component that ends or comes back. It writes that into the journal,
remembers when each one ended, for `status`, and starts again what supervisord has given up: a
component that cannot start today may well do so when the disk has room again.
"""

import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO

from include.errors import reason_of
from include.language import _
from include.running.journal import Journal
from manager.journal import service_journal
from manager.layout import Layout, current_layout
from manager.lifecycle.health import remember_death
from manager.lifecycle.supervisor_client import LOG, SupervisorGoneError, start_component

EXITED, BACKOFF, RUNNING, FATAL = (
    f"PROCESS_STATE_{state}" for state in ("EXITED", "BACKOFF", "RUNNING", "FATAL")
)
# Supervisord itself waits 1, 2, 3 ... 10 s between its tries.
PAUSE_SECONDS = 30.0
LOG_BYTES = 20_000


class Listener:
    """Takes in one event after another.

    Args:
        layout: the installation.
        journal: where events are written down.
        pause: seconds before what supervisord has given up is started again.
    """

    def __init__(self, layout: Layout, journal: Journal, pause: float = PAUSE_SECONDS) -> None:
        self._layout = layout
        self._journal = journal
        self._pause = pause
        self._down: set[str] = set()  # those whose return is news
        self._given_up: set[str] = set()  # those whose next failure is none

    def take(self, event: str, about: dict[str, str]) -> None:
        """Take in one event and what it says."""
        name = about.get("processname", "")
        if event == EXITED and about.get("expected") != "1":
            how = self._how_it_ended(name)
            self._note(
                name,
                _("ended (pid {pid}, {how}); it is started again", pid=about.get("pid"), how=how),
            )
            self._died(name)
        elif event == BACKOFF:
            if name not in self._down:
                how = self._how_it_ended(name)
                self._note(
                    name, _("ended before it was ready ({how}); it is started again", how=how)
                )
            self._died(name)
        elif event == RUNNING and name in self._down:
            self._note(name, _("restarted (pid {pid})", pid=about.get("pid")))
            self._down.discard(name)
            self._given_up.discard(name)
        elif event == FATAL:
            self._try_again(name, about.get("groupname", name))

    def _died(self, name: str) -> None:
        self._down.add(name)
        remember_death(self._layout, name, time.time())

    def _try_again(self, name: str, group: str) -> None:
        if name not in self._given_up:
            log = self._layout.shown(self._layout.logs / "components" / f"{name}.log")
            self._note(
                name, _("cannot be started, again and again: see {log}; it is tried on", log=log)
            )
            self._given_up.add(name)
        timer = threading.Timer(self._pause, self._start, [f"{group}:{name}"])
        timer.daemon = True
        timer.start()

    def _start(self, full_name: str) -> None:
        try:
            start_component(self._layout, full_name)
        except SupervisorGoneError:
            return  # it stops, or somebody was faster

    def _how_it_ended(self, name: str) -> str:
        """Return supervisord's words for it, which are in its log only."""
        try:
            with (self._layout.logs / "components" / LOG).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_BYTES))
                text = log.read().decode(errors="replace")
        except OSError:
            return _("no log says how")
        found = re.findall(rf"exited: {re.escape(name)} \(([^;)]*)", text)
        return found[-1] if found else _("no log says how")

    def _note(self, name: str, event: str) -> None:
        try:
            self._journal.write(_("component {name}", name=name), event)
        except OSError as error:  # a full disk must not end the listener
            print(
                _("the journal cannot be written: {error}", error=reason_of(error)),
                file=sys.stderr,
                flush=True,
            )


def events(source: BinaryIO, answers: BinaryIO) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield event after event with what it says; each is answered when the next is asked for.

    Args:
        source: what supervisord writes: a line of headers, then as many bytes as they say.
        answers: what it reads.
    """
    while True:
        answers.write(b"READY\n")
        answers.flush()
        headers = _pairs(source.readline())
        if not headers:
            return  # supervisord is gone
        yield headers["eventname"], _pairs(source.read(int(headers["len"])))
        answers.write(b"RESULT 2\nOK")
        answers.flush()


def _pairs(data: bytes) -> dict[str, str]:
    words = (word.partition(":") for word in data.decode(errors="replace").split())
    return {key: value for key, _, value in words}


def main() -> None:
    """Listen until supervisord ends."""
    layout = current_layout()
    listener = Listener(layout, service_journal(layout))
    for event, about in events(sys.stdin.buffer, sys.stdout.buffer):
        listener.take(event, about)


if __name__ == "__main__":
    main()
