"""Make coverage read the ledger from an index, without its rows."""

from include.warehouse.steps import make_index

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the index."""
    columns = ["job_id", "state", "period_end", "period_start", "period_key", "shop_id", "rows"]
    make_index("ix_ledger_coverage", "ledger", columns)
