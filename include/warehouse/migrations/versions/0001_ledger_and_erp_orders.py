"""Make the ledger, the ERP's orders and their daily view."""

import sqlalchemy as sa

from include.warehouse.steps import make_index, make_table, make_view
from include.warehouse.types import Moment, Money, UtcMoment

revision = "0001"
down_revision = None

ERP_STORE_DAILY = """
CREATE VIEW erp_store_daily AS
SELECT
    shop_id,
    order_day AS business_day,
    COUNT(*) AS orders,
    COUNT(pay_time) AS paid_orders,
    SUM(CASE WHEN status = 'Cancelled' THEN 1 ELSE 0 END) AS cancelled_orders,
    ROUND(SUM(paid_amount), 2) AS paid_amount,
    ROUND(SUM(paid_amount) * 1.0 / NULLIF(COUNT(pay_time), 0), 2) AS average_order_value
FROM erp_orders
GROUP BY shop_id, order_day
"""


def upgrade() -> None:
    """Make them."""
    make_table(
        "ledger",
        sa.Column("job_id", sa.String(64), primary_key=True),
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("period_key", sa.String(32), primary_key=True),
        sa.Column("period_start", UtcMoment, nullable=False),
        sa.Column("period_end", UtcMoment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("rows", sa.Integer),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("exit_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("run_id", sa.String(250)),
        sa.Column("started_at", UtcMoment),
        sa.Column("finished_at", UtcMoment),
        sa.Column("heartbeat_at", UtcMoment),
    )
    make_table(
        "erp_orders",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("online_order_id", sa.String(64)),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("order_time", Moment, nullable=False),
        sa.Column("order_day", sa.Date, nullable=False),
        sa.Column("pay_time", Moment),
        sa.Column("pay_amount", Money, nullable=False),
        sa.Column("paid_amount", Money, nullable=False),
        sa.Column("freight", Money, nullable=False),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("modified_time", Moment, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    make_index("ix_erp_orders_shop_day", "erp_orders", ["shop_id", "order_day"])
    make_view("erp_store_daily", ERP_STORE_DAILY)
