"""Keep what the answers of platforms and feeds have looked like."""

import sqlalchemy as sa

from include.warehouse.steps import make_table
from include.warehouse.types import UtcMoment

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table."""
    make_table(
        "shapes",
        sa.Column("source", sa.String(128), primary_key=True),
        sa.Column("path", sa.String(255), primary_key=True),
        sa.Column("value", sa.String(64), primary_key=True),
        sa.Column("first_seen", UtcMoment(), nullable=False),
        sa.Column("first_seen_in", sa.String(200), nullable=False),
        sa.Column("is_new", sa.Integer(), nullable=False),
        sa.Column("is_steady", sa.Integer()),
        sa.Column("missing_at", UtcMoment()),
    )
