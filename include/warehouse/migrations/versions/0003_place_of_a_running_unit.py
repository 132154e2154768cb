"""Make the ledger say where a running unit's lock is, so that another machine leaves it alone."""

import sqlalchemy as sa

from include.warehouse.steps import add_column

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    add_column("ledger", sa.Column("place", sa.String(64)))
