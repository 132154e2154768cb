"""The environment by which a run is asked for and a script started; standard library only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.heartbeats import HEARTBEAT
from include.language import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = "SCHEDULER_ROOT"
GRACE = "RUNNER_GRACE_SECONDS"
LOCK_WAIT = "RUNNER_LOCK_WAIT_SECONDS"
# For a script whose period is not due yet: what it lands is provisional.
PROVISIONAL = "PROVISIONAL"
# For a script whose period has landed: its source may have restated it (`repull` of an entry).
REPULL = "REPULL"
# The run also retries, once, what failed in earlier periods.
RETRY_EARLIER = "RETRY_EARLIER"
# After how many seconds whoever has started the runner ends it: its scripts end before.
ALL_SECONDS = "RUNNER_ALL_SECONDS"
# Airflow's note of a run begins so when what it was asked for was refused.
REFUSED_NOTE = "refused:"
# Meant for the runner alone; a script gets what they come to, not them.
PRIVATE = frozenset(
    {
        *("PERIOD_KEY", "PERIOD_FROM", "PERIOD_TO", "SHOPS", "SHOPS_JSON", "AGAIN", PROVISIONAL),
        REPULL,
        *("ATTEMPT", "STOP_WITH_PARENT", "RUNNER_PYTHON", RETRY_EARLIER),
        *(ALL_SECONDS, GRACE, LOCK_WAIT, HEARTBEAT),
    }
)
# The tags by which `status` knows jobs that land no data of their own, and disabled ones.
NO_DATA = N_("no data")
DISABLED = N_("disabled")


def project_root(environment: Mapping[str, str]) -> Path:
    """Return the project whose registry counts."""
    return Path(environment.get(ROOT) or PROJECT_ROOT).absolute()


def given(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return a variable that the runner always sets.

    Raises:
        ConfigurationError: it is missing, so the script was not started by the runner.
    """
    value = environ.get(name, "")
    if not value:
        raise ConfigurationError(
            "{name} is not set: start the script with 'python3 scheduler_manager.py run JOB'",
            name=name,
        )
    return value
