"""The warehouse: where the shops' numbers and the ledger live, in one database."""

from include.warehouse.connecting import connect
from include.warehouse.loading import remove, replace, upsert

__all__ = ["connect", "remove", "replace", "upsert"]
