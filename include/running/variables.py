"""The environment variables by which a run is asked for; standard library only."""

from __future__ import annotations

from include.signs_of_life import HEARTBEAT

GRACE = "RUNNER_GRACE_SECONDS"
LOCK_WAIT = "RUNNER_LOCK_WAIT_SECONDS"
# In the service's directory: names it, wherever it is seen from.
PLACE_FILE = "place"
# Meant for the runner alone; a script gets what they come to, not them.
PRIVATE = frozenset(
    {
        "PERIOD_KEY",
        "PERIOD_FROM",
        "PERIOD_TO",
        "SHOPS",
        "SHOPS_JSON",
        "AGAIN",
        "ATTEMPT",
        "STOP_WITH_PARENT",
        "RUNNER_PYTHON",
        GRACE,
        LOCK_WAIT,
        HEARTBEAT,
    }
)
