"""Make the ledger say what a unit cost in calls, and which run retried it automatically."""

import sqlalchemy as sa

from include.warehouse.steps import add_column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    add_column("ledger", sa.Column("calls", sa.Integer))
    add_column("ledger", sa.Column("retried_by", sa.String(250)))
