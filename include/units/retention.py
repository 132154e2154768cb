"""How far back the ledger goes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.registry.retention import DEFAULTS, LEDGER, settings_of
from include.units.job_units import LONG_AGO

if TYPE_CHECKING:
    from datetime import datetime

    from include.registry import Registry

HOUSEKEEPING = "housekeeping"


def oldest_kept(registry: Registry, now: datetime) -> datetime:
    """Return the moment before which the job `housekeeping` has removed the ledger's rows.

    What ended before it may have landed or not: nobody can know any more.
    """
    job = registry.jobs.get(HOUSEKEEPING)
    days = DEFAULTS[LEDGER]
    if job is not None:
        # With a wrong setting it removes nothing; what it has removed before is not known.
        with suppress(ConfigurationError):
            days = settings_of(job.env, ()).ledger
    return now - timedelta(days=days) if days else LONG_AGO
