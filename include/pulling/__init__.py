"""What all pull jobs share: shop by shop from a gateway into the warehouse, with the ledger."""

from include.pulling.assignment import Assignment
from include.pulling.clients import check_owner
from include.pulling.control_totals import Control
from include.pulling.landing import Landing, Listed, Replace, Upsert, of_scope
from include.pulling.orders import Orders, keep_newest
from include.pulling.shops import Pull, pull
from include.pulling.window import Window

__all__ = [
    "Assignment",
    "Control",
    "Landing",
    "Listed",
    "Orders",
    "Pull",
    "Replace",
    "Upsert",
    "Window",
    "check_owner",
    "keep_newest",
    "of_scope",
    "pull",
]
