"""Keep of which revisions of a contract Airflow has been told; of all older ones nobody waits."""

import sqlalchemy as sa
from alembic import op

from include.warehouse.steps import add_column
from include.warehouse.types import UtcMoment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column, and mark what is there."""
    add_column("contracts", sa.Column("emitted_at", UtcMoment()))
    op.execute("UPDATE contracts SET emitted_at = complete_at WHERE emitted_at IS NULL")
