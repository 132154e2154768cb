"""`python -m manager.lifecycle.config_watcher`: has Airflow parse its DAG files after an edit.

Airflow itself parses them every ten minutes, and does not look at what they read: the files of
`config/`, and of the scripts which are there and whether they name a period. This process does, at
once by file events, and every two seconds anyway: a share on the network sends none, nor does what
a symbolic link leads to. Where Airflow's database does not answer for a minute it ends, with that
as the last line of its log, which `status` shows.
"""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from stat import S_ISDIR

from sqlalchemy.exc import SQLAlchemyError
from watchfiles import watch

from include import METADATA_URL
from include.errors import ExpectedError
from include.foreign_errors import explained
from include.language import _
from include.warehouse.transactions import cause_of
from manager.airflow.parse_requests import ParseRequests
from manager.journal import log_line
from manager.layout import Layout, current_layout

WATCHED = ("config", "include/scripts")
LOOK_SECONDS = 2.0
# Edits that follow each other so closely are one; the last of many is waited for no longer.
BURST_MS, LONGEST_BURST_MS = 100, 1_000
# A request that comes while the file is parsed is dropped, though that parse may have read the
# older text. So the next waits until a parse must be over.
LEAST_PAUSE = 2.0
# A DAG that a file ceases to make is retired by a parse that ends 50 s after the last that made it.
RETIRE_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
SHOWN = 5

State = dict[str, tuple[int, ...] | None]


def state_of(folders: Iterable[Path]) -> State:
    """Return time, size and number of each file below some folders; None for what cannot be read.

    Symbolic links are followed. Hidden files and what editors leave are no part of it.
    """
    found: State = {}
    waiting, seen = [str(folder) for folder in folders], set()
    while waiting:
        folder = waiting.pop()
        try:
            names = os.listdir(folder)  # noqa: PTH208 - strings are half the time
        except OSError:
            found[folder] = None
            continue
        for name in names:
            if name.startswith(".") or name.endswith("~") or name == "__pycache__":
                continue
            path = f"{folder}/{name}"
            try:
                stat = os.stat(path)  # noqa: PTH116 - the same
            except OSError:
                found[path] = None
                continue
            place = (stat.st_dev, stat.st_ino)
            if not S_ISDIR(stat.st_mode):
                found[path] = (stat.st_mtime_ns, stat.st_size, *place)
            elif place not in seen:  # a link may lead to a folder above it
                seen.add(place)
                waiting.append(path)
    return found


class ConfigWatcher:
    """Compares what a parse depends on with what it was, and asks for a parse.

    Args:
        layout: the installation.
        requests: of whom it asks.
        clock: seconds.
        say: writes a line of the log.
    """

    def __init__(
        self,
        layout: Layout,
        requests: ParseRequests,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = log_line,
    ) -> None:
        self._layout, self._requests, self._clock, self._say = layout, requests, clock, say
        self.folders = [layout.root / name for name in WATCHED]
        self._state = state_of(self.folders)
        self._edited = False
        self._follow_up = True  # what changed before is parsed once more, a minute from now
        self._asked = self._checked = self._well = clock()

    def look(self) -> None:
        """Look once, and ask for a parse where there is a reason.

        Raises:
            ExpectedError: Airflow's database has not answered for a minute.
        """
        now, state = self._clock(), state_of(self.folders)
        if state != self._state:
            self._say(_("changed: {differences}", differences=self._differences(state)))
            self._state, self._edited = state, True
        try:
            if reason := self._reason(now):
                self._requests.ask()
                self._say(_("asked Airflow to parse its DAG files: {reason}", reason=reason))
                # Only what was really asked for is done; an edit wants one more parse, later.
                self._follow_up, self._edited = self._edited, False
                self._asked = self._checked = now
        except SQLAlchemyError as error:
            told = cause_of(error)
            if now - self._well > PATIENCE_SECONDS:
                raise ExpectedError(
                    "Airflow's database does not answer: {told}", told=told
                ) from error
        else:
            self._well = now
            self._layout.watcher_heartbeat.touch()

    def _reason(self, now: float) -> str:
        """Return why to ask for a parse now; empty: there is no reason, or not yet."""
        if self._edited:
            pause = max(LEAST_PAUSE, 2 * self._requests.parse_seconds())
            return _("an edit") if now - self._asked >= pause else ""
        if now - self._checked < RETIRE_SECONDS:
            return ""
        self._checked = now
        if self._follow_up:
            return _("a minute after an edit, for DAGs whose entries are gone")
        return _("it has given up all jobs") if self._requests.lost() else ""

    def _differences(self, state: State) -> str:
        paths = sorted({path for path, _stamp in self._state.items() ^ state.items()})
        shown = [os.path.relpath(path, self._layout.root) for path in paths[:SHOWN]]
        if len(paths) > SHOWN:
            return _("{paths} and {more} more", paths=shown, more=len(paths) - SHOWN)
        return _(", ").join(shown)


def moments(folders: Iterable[Path], say: Callable[[str], None] = log_line) -> Iterator[None]:
    """Yield when it is time to look: after file events, and every two seconds."""
    try:
        for _changes in watch(
            *folders,
            watch_filter=None,
            debounce=LONGEST_BURST_MS,
            step=BURST_MS,
            rust_timeout=int(LOOK_SECONDS * 1000),
            yield_on_timeout=True,
        ):
            yield
    except (OSError, RuntimeError) as error:  # the system's limit of watches, among others
        say(
            _(
                "no file events ({error}): an edit is seen within {seconds:.0f} s",
                error=explained(error),
                seconds=LOOK_SECONDS,
            )
        )
    while True:
        time.sleep(LOOK_SECONDS)
        yield


def main() -> None:
    """Watch until somebody ends this process."""
    layout = current_layout()
    layout.run.mkdir(parents=True, exist_ok=True)  # an Airflow of the team's own has none
    watcher = ConfigWatcher(layout, ParseRequests(os.environ[METADATA_URL]))
    for _moment in moments(watcher.folders):
        watcher.look()


if __name__ == "__main__":
    try:
        main()
    except ExpectedError as error:
        sys.exit(str(error))
