"""Units, the smallest things that can land or fail, and which of them a job has in a period."""

from include.units.expected_from import LONG_AGO
from include.units.job_units import JobUnits, PeriodUnits
from include.units.unit import NO_SHOP, REPAIR_PREFIX, Unit

__all__ = ["LONG_AGO", "NO_SHOP", "REPAIR_PREFIX", "JobUnits", "PeriodUnits", "Unit"]
