"""The warehouse: where the shops' numbers and the ledger live, in one database."""

from include.warehouse.connecting import connect
from include.warehouse.loading import upsert
from include.warehouse.migrating import migrate

__all__ = ["connect", "migrate", "upsert"]
