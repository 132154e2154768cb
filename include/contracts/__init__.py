"""Contracts: whether all that belongs to a period has landed, and each time that became so.

Every way in ends in it: who lands or waives the last of a period writes it down.
"""

from include.contracts.completing import completed
from include.contracts.revisions import Revision
from include.contracts.standing import Standing, Standings

__all__ = ["Revision", "Standing", "Standings", "completed"]
