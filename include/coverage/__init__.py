"""Coverage: every unit accounted for, by holding the ledger against the registry and the clock."""

from include.coverage.coverage import Coverage, Totals
from include.coverage.judged_unit import JudgedUnit
from include.coverage.model import Cell, units_of
from include.coverage.reading import read_coverage
from include.units.unit import GAPS, LANDED, State

__all__ = [
    "GAPS",
    "LANDED",
    "Cell",
    "Coverage",
    "JudgedUnit",
    "State",
    "Totals",
    "read_coverage",
    "units_of",
]
