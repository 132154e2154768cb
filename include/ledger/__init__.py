"""The ledger: one row per unit, the truth about what landed."""

from include.ledger.claims import Claim, HeldElsewhereError
from include.ledger.ledger import LANDED, PROVISIONAL, Ledger, SupersededError
from include.ledger.units import LedgerRow
from include.units import NO_SHOP, Unit

__all__ = [
    "LANDED",
    "NO_SHOP",
    "PROVISIONAL",
    "Claim",
    "HeldElsewhereError",
    "Ledger",
    "LedgerRow",
    "SupersededError",
    "Unit",
]
