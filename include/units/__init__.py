"""Units, the smallest things that can land or fail, and which of them a job has in a period."""

from include.units.expecting import LONG_AGO
from include.units.of_job import JobUnits, PeriodUnits
from include.units.unit import NO_SHOP, REPAIR_PREFIX, Unit

__all__ = ["LONG_AGO", "NO_SHOP", "REPAIR_PREFIX", "JobUnits", "PeriodUnits", "Unit"]
