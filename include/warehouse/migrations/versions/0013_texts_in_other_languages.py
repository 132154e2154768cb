"""Keep the texts of a unit as template and values too, so that they are read in any language."""

import sqlalchemy as sa

from include.warehouse.steps import add_column

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns; what was written before stays in the language that it has."""
    for name in ("error_i18n", "notice_i18n"):
        add_column("ledger", sa.Column(name, sa.Text()))
