"""What all pull jobs share: shop by shop from a gateway into the warehouse, with the ledger."""

from include.pulling.assignment import Assignment
from include.pulling.landing import Landing, Replace, Upsert
from include.pulling.shops import Pull, pull

__all__ = ["Assignment", "Landing", "Pull", "Replace", "Upsert", "pull"]
