"""One change at a time: a lock that goes away with the process that holds it."""

from __future__ import annotations

import fcntl
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from manager.layout import Layout


@contextmanager
def exclusive(path: Path, activity: str) -> Iterator[None]:
    """Lock the file `path`, waiting while another process holds it.

    Args:
        path: the lock file; made when missing, never removed (removing one is a race).
        activity: what the other holder does, as in "installing packages"; shown while waiting.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Python opens files non-inheritable: no child can keep the lock after this process is gone.
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another process is {activity}; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def service_lock(layout: Layout) -> Path:
    """Return the lock file that is held while the service is started, stopped or restored."""
    return layout.var / "locks" / "service.lock"
