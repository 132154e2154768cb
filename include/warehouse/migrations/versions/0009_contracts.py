"""Keep when each period of a contract was complete, and add the view `contract_status`."""

import sqlalchemy as sa

from include.warehouse.steps import make_table, make_view
from include.warehouse.types import LongText, UtcMoment

revision = "0009"
down_revision = "0008"
CONTRACT_STATUS = """
CREATE VIEW contract_status AS
SELECT latest.contract_id AS contract_id, latest.period_key AS period_key,
       latest.period_start AS period_start, latest.period_end AS period_end,
       latest.revision AS revision, told.first_complete_at AS first_complete_at,
       latest.complete_at AS complete_at, latest.units AS units, latest.waived AS waived,
       latest.row_count AS row_count
FROM contracts latest JOIN (
    SELECT contract_id, period_key, MAX(revision) AS revision, MIN(complete_at) AS first_complete_at
    FROM contracts GROUP BY contract_id, period_key
) told ON told.contract_id = latest.contract_id AND told.period_key = latest.period_key
      AND told.revision = latest.revision
"""


def upgrade() -> None:
    """Make the table and the view."""
    make_table(
        "contracts",
        sa.Column("contract_id", sa.String(64), primary_key=True),
        sa.Column("period_key", sa.String(32), primary_key=True),
        sa.Column("revision", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("period_start", UtcMoment(), nullable=False),
        sa.Column("period_end", UtcMoment(), nullable=False),
        sa.Column("complete_at", UtcMoment(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("waived", sa.Integer(), nullable=False),
        sa.Column("row_count", sa.BigInteger()),
        sa.Column("run_id", sa.String(250)),
        sa.Column("landings", LongText, nullable=False),
    )
    make_view("contract_status", CONTRACT_STATUS)
