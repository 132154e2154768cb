"""Keep how often the rows of a unit have changed since it landed, and when it was pulled again."""

import sqlalchemy as sa
from alembic import op

from include.warehouse.steps import add_column
from include.warehouse.types import UtcMoment

revision = "0010"
down_revision = "0009"
# How often what has landed by now had changed is not known.
LANDED = "UPDATE ledger SET revision = 1 WHERE state IN ('ok', 'empty') AND revision IS NULL"


def upgrade() -> None:
    """Add the columns."""
    for name in ("revision", "rows_before", "rows_changed"):
        add_column("ledger", sa.Column(name, sa.Integer()))
    for name in ("restated_at", "repulled_at"):
        add_column("ledger", sa.Column(name, UtcMoment()))
    op.execute(LANDED)
