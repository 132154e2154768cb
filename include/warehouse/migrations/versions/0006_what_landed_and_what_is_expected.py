"""Add to the ledger what a pull knows of what landed; keep first sightings of jobs, and waivers."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

from include.warehouse.steps import add_column, make_table
from include.warehouse.types import UtcMoment

revision = "0006"
down_revision = "0005"
COLUMNS: dict[str, TypeEngine[Any]] = {
    "table_name": sa.String(64),
    "covered_until": UtcMoment(),
    "source_rows": sa.Integer(),
    "counted_at": UtcMoment(),
    "notice": sa.Text(),
}
# A job that has a ledger was first seen when the oldest of its periods had ended.
SIGHTINGS = """
INSERT INTO jobs_seen (job_id, first_seen)
SELECT job_id, MIN(period_end) FROM ledger
WHERE job_id NOT IN (SELECT job_id FROM jobs_seen)
GROUP BY job_id
"""


def upgrade() -> None:
    """Add the columns and tables."""
    for name, kind in COLUMNS.items():
        add_column("ledger", sa.Column(name, kind))
    make_table(
        "jobs_seen",
        sa.Column("job_id", sa.String(64), primary_key=True),
        sa.Column("first_seen", UtcMoment(), nullable=False),
        sa.Column("expected_from", UtcMoment()),
    )
    make_table(
        "waivers",
        sa.Column("job_id", sa.String(64), primary_key=True),
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("period_key", sa.String(32), primary_key=True),
        sa.Column("period_start", UtcMoment(), nullable=False),
        sa.Column("period_end", UtcMoment(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waived_by", sa.String(250), nullable=False),
        sa.Column("waived_at", UtcMoment(), nullable=False),
    )
    op.execute(SIGHTINGS)
