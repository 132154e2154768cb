"""What a pull finds out and somebody should know: printed, and written into the journal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from include import var_folder
from include.running.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.registry import Job


def journalled(job: Job, key: str, event: str, lines: Sequence[str]) -> None:
    """Print an event of a job's period with the lines that say more, and journal it.

    Args:
        job: the job.
        key: of the period.
        event: what was found; free of secrets, as are the lines.
        lines: name the shop.
    """
    print("\n".join([f"{job.id} {key} {event}", *lines]), file=sys.stderr, flush=True)
    journal = Journal.of(var_folder(os.environ), job.schedule.zone)
    try:
        journal.write(f"{job.id} {key}", event, lines)
    except OSError as error:
        print(f"the journal {journal.path} cannot be written: {error}", file=sys.stderr)
