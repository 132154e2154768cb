"""Make the tables of JD, PDD and the feeds, their views, and the token store."""

import sqlalchemy as sa

from include.warehouse.steps import make_index, make_table, make_view
from include.warehouse.types import Measure, Moment, Money, UtcMoment

revision = "0002"
down_revision = "0001"

JD_STORE_DAILY = """
CREATE VIEW jd_store_daily AS
SELECT
    shop_id,
    order_day AS business_day,
    COUNT(*) AS orders,
    COUNT(pay_time) AS paid_orders,
    SUM(CASE WHEN status = 'TRADE_CANCELED' THEN 1 ELSE 0 END) AS cancelled_orders,
    ROUND(SUM(paid_amount), 2) AS paid_amount,
    ROUND(SUM(paid_amount) * 1.0 / NULLIF(COUNT(pay_time), 0), 2) AS average_order_value
FROM jd_orders
GROUP BY shop_id, order_day
"""
# Kinds and status as the platform numbers them: 2 refund only, 3 return and refund, 4 exchange,
# 5 resend, 6 repair; status 10: refunded.
PDD_QUALITY_DAILY = """
CREATE VIEW pdd_quality_daily AS
SELECT
    shop_id,
    created_day AS business_day,
    COUNT(*) AS refunds,
    SUM(CASE WHEN after_sales_type = 2 THEN 1 ELSE 0 END) AS refund_only,
    SUM(CASE WHEN after_sales_type = 3 THEN 1 ELSE 0 END) AS return_and_refund,
    SUM(CASE WHEN after_sales_type = 4 THEN 1 ELSE 0 END) AS exchanges,
    SUM(CASE WHEN after_sales_type = 5 THEN 1 ELSE 0 END) AS resends,
    SUM(CASE WHEN after_sales_type = 6 THEN 1 ELSE 0 END) AS repairs,
    SUM(CASE WHEN dispute_status <> 0 THEN 1 ELSE 0 END) AS disputes,
    ROUND(SUM(CASE WHEN dispute_status <> 0 THEN 1 ELSE 0 END) * 1.0 / COUNT(*), 4)
        AS dispute_rate,
    ROUND(SUM(refund_amount), 2) AS refund_amount,
    ROUND(SUM(CASE WHEN after_sales_status = 10 THEN refund_amount ELSE 0 END), 2)
        AS refunded_amount,
    SUM(is_quality_reason) AS quality_refunds,
    ROUND(SUM(is_quality_reason) * 1.0 / COUNT(*), 4) AS quality_share
FROM pdd_refunds
GROUP BY shop_id, created_day
"""
PDD_QUALITY_REASONS_DAILY = """
CREATE VIEW pdd_quality_reasons_daily AS
SELECT
    shop_id,
    created_day AS business_day,
    after_sales_type,
    reason,
    MAX(is_quality_reason) AS is_quality_reason,
    COUNT(*) AS refunds,
    ROUND(SUM(refund_amount), 2) AS refund_amount
FROM pdd_refunds
GROUP BY shop_id, created_day, after_sales_type, reason
"""
PDD_KPI_OF = """
CREATE VIEW {view} AS
SELECT
    shop_id, first_day, last_day, agent_id, agent_name, sessions, orders, sales_amount,
    conversion_rate, satisfaction_rate
FROM pdd_kpi
WHERE period = '{period}'
"""
PDD_KPI_VIEWS = {"pdd_kpi_daily": "day", "pdd_kpi_weekly": "week", "pdd_kpi_monthly": "month"}


def upgrade() -> None:
    """Make them."""
    make_index("ix_erp_orders_modified", "erp_orders", ["modified_time"])
    _make_jd_orders()
    _make_pdd_refunds()
    _make_pdd_reviews()
    _make_pdd_chat_daily()
    _make_pdd_kpi()
    _make_tokens()
    make_view("jd_store_daily", JD_STORE_DAILY)
    make_view("pdd_quality_daily", PDD_QUALITY_DAILY)
    make_view("pdd_quality_reasons_daily", PDD_QUALITY_REASONS_DAILY)
    for view, period in PDD_KPI_VIEWS.items():
        make_view(view, PDD_KPI_OF.format(view=view, period=period))


def _make_jd_orders() -> None:
    make_table(
        "jd_orders",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("order_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("status", sa.String(64), nullable=False),
        sa.Column("order_time", Moment, nullable=False),
        sa.Column("order_day", sa.Date, nullable=False),
        sa.Column("pay_time", Moment),
        sa.Column("pay_amount", Money, nullable=False),
        sa.Column("paid_amount", Money, nullable=False),
        sa.Column("freight", Money, nullable=False),
        sa.Column("seller_discount", Money, nullable=False),
        sa.Column("item_count", sa.Integer, nullable=False),
        sa.Column("modified_time", Moment, nullable=False),
    )
    make_index("ix_jd_orders_shop_day", "jd_orders", ["shop_id", "order_day"])
    make_index("ix_jd_orders_modified", "jd_orders", ["modified_time"])


def _make_pdd_refunds() -> None:
    make_table(
        "pdd_refunds",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("refund_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("order_sn", sa.String(64), nullable=False),
        sa.Column("after_sales_type", sa.Integer, nullable=False),
        sa.Column("after_sales_status", sa.Integer, nullable=False),
        sa.Column("dispute_status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(255)),
        sa.Column("is_quality_reason", sa.Integer, nullable=False),
        sa.Column("refund_amount", Money, nullable=False),
        sa.Column("order_amount", Money, nullable=False),
        sa.Column("goods_id", sa.BigInteger),
        sa.Column("created_time", Moment, nullable=False),
        sa.Column("created_day", sa.Date, nullable=False),
        sa.Column("updated_time", Moment, nullable=False),
    )
    make_index("ix_pdd_refunds_shop_day", "pdd_refunds", ["shop_id", "created_day"])
    make_index("ix_pdd_refunds_updated", "pdd_refunds", ["updated_time"])


def _make_pdd_reviews() -> None:
    make_table(
        "pdd_reviews",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("business_day", sa.Date, primary_key=True),
        sa.Column("review_id", sa.String(64), primary_key=True),
        sa.Column("order_sn", sa.String(64)),
        sa.Column("goods_id", sa.BigInteger),
        sa.Column("goods_name", sa.String(255)),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("content", sa.Text),
        sa.Column("created_time", Moment, nullable=False),
    )


def _make_pdd_chat_daily() -> None:
    make_table(
        "pdd_chat_daily",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("business_day", sa.Date, primary_key=True),
        sa.Column("agent_id", sa.String(64), primary_key=True),
        sa.Column("agent_name", sa.String(64)),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("replied_sessions", sa.Integer, nullable=False),
        sa.Column("reply_rate_3min", Measure),
        sa.Column("average_reply_seconds", Measure),
    )


def _make_pdd_kpi() -> None:
    make_table(
        "pdd_kpi",
        sa.Column("shop_id", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(8), primary_key=True),
        sa.Column("period_key", sa.String(32), primary_key=True),
        sa.Column("agent_id", sa.String(64), primary_key=True),
        sa.Column("agent_name", sa.String(64)),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("sessions", sa.Integer, nullable=False),
        sa.Column("orders", sa.Integer, nullable=False),
        sa.Column("sales_amount", Money, nullable=False),
        sa.Column("conversion_rate", Measure),
        sa.Column("satisfaction_rate", Measure),
    )
    make_index("ix_pdd_kpi_first_day", "pdd_kpi", ["first_day"])


def _make_tokens() -> None:
    make_table(
        "tokens",
        sa.Column("connection_id", sa.String(250), primary_key=True),
        sa.Column("origin", sa.String(64), primary_key=True),
        sa.Column("secret", sa.Text),
        sa.Column("expires_at", UtcMoment),
        sa.Column("refreshed_at", UtcMoment),
        sa.Column("held_by", sa.String(64)),
        sa.Column("held_until", UtcMoment),
    )
