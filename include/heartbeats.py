"""How often a run sends a heartbeat for its units, and when a unit counts as lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HEARTBEAT = "RUNNER_HEARTBEAT_SECONDS"
HEARTBEAT_SECONDS = 15
# When so many are missing, a unit may be taken over.
BEATS_UNTIL_LOST = 4
PATIENCE = timedelta(seconds=BEATS_UNTIL_LOST * HEARTBEAT_SECONDS)


def patience_of(environment: Mapping[str, str]) -> timedelta:
    """Return how long what is running may send no heartbeat; an invalid setting fails the runs."""
    try:
        return BEATS_UNTIL_LOST * timedelta(seconds=float(environment[HEARTBEAT]))
    except (KeyError, ValueError, OverflowError):
        return PATIENCE
