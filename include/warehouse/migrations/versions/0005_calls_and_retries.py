"""Let the ledger say what a unit cost in calls, and which run tried it once more by itself."""

import sqlalchemy as sa
from alembic import op

from include.warehouse.steps import add_column

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns."""
    add_column("ledger", sa.Column("calls", sa.Integer))
    add_column("ledger", sa.Column("retried_by", sa.String(250)))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("ledger", "retried_by")
    op.drop_column("ledger", "calls")
