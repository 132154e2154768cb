"""Allow nulls in columns that no key and no figure needs, so that one odd row costs no day."""

from include.warehouse.steps import allow_null

revision = "0008"
down_revision = "0007"
COLUMNS = {
    "erp_orders": ("pay_amount", "freight", "item_count"),
    "jd_orders": ("pay_amount", "freight", "seller_discount", "item_count"),
    "pdd_refunds": ("order_sn", "dispute_status", "order_amount"),
    "pdd_reviews": ("score",),
    "pdd_chat_daily": ("sessions", "replied_sessions"),
    "pdd_kpi": ("sessions", "orders", "sales_amount"),
}


def upgrade() -> None:
    """Allow them."""
    for table, columns in COLUMNS.items():
        allow_null(table, *columns)
