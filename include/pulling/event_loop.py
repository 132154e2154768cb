"""The event loop of a pull: many shops side by side make hundreds of calls a second."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, TypeVar

try:
    import uvloop as loops
except ImportError:  # it comes with Airflow, but not on every system
    import asyncio as loops  # type: ignore[no-redef]

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

# After so many new objects the collector looks at them; by default after what a call or two make.
NEW_OBJECTS = 5_000


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do all of a program's work that waits for others."""
    thresholds = gc.get_threshold()
    # What is loaded by now stays. The collector would look through it again and again, and answers
    # that have come would wait for it.
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, *thresholds[1:])
    try:
        return loops.run(work)
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
