"""What all pull jobs share: shop by shop from a gateway into the warehouse, with the ledger."""

from include.pulling.assignment import Assignment
from include.pulling.landing import Landing, Listed, Replace, Upsert
from include.pulling.shops import Pull, pull
from include.pulling.window import Window

__all__ = ["Assignment", "Landing", "Listed", "Pull", "Replace", "Upsert", "Window", "pull"]
