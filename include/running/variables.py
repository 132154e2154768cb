"""The environment variables by which a run is asked for; standard library only."""

from __future__ import annotations

from include.heartbeats import HEARTBEAT

GRACE = "RUNNER_GRACE_SECONDS"
LOCK_WAIT = "RUNNER_LOCK_WAIT_SECONDS"
# Tells a script that its period is not due yet: what it lands is provisional.
PROVISIONAL = "PROVISIONAL"
# Says that the run also tries once more what failed in earlier periods.
RETRY_EARLIER = "RETRY_EARLIER"
# After how many seconds whoever has started the runner ends it: its scripts end before.
ALL_SECONDS = "RUNNER_ALL_SECONDS"
# Airflow's note of a run begins so when what it was asked for was refused.
REFUSED_NOTE = "refused:"
# Of a job's timeout: how long all of that may take; the run's own period has the rest.
SHARE = 0.5
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
        PROVISIONAL,
        "ATTEMPT",
        "STOP_WITH_PARENT",
        "RUNNER_PYTHON",
        RETRY_EARLIER,
        ALL_SECONDS,
        GRACE,
        LOCK_WAIT,
        HEARTBEAT,
    }
)
# The tag of jobs that land no data of their own, by which `status` knows them.
NO_DATA = "no data"
