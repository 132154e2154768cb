"""What all pull jobs share: shop by shop from a gateway into the warehouse, with the ledger."""

from include.pulling.assignment import Assignment
from include.pulling.shops import Landing, pull_shops

__all__ = ["Assignment", "Landing", "pull_shops"]
