"""The tables as the code sees them; `migrations/` is what makes them in a database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table, Text

from include.warehouse.types import Moment, Money, UtcMoment

metadata = MetaData()

ledger = Table(
    "ledger",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("shop_id", String(64), primary_key=True),
    Column("period_key", String(32), primary_key=True),
    Column("period_start", UtcMoment, nullable=False),
    Column("period_end", UtcMoment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("rows", Integer),
    Column("attempts", Integer, nullable=False),
    Column("exit_code", Integer),
    Column("error", Text),
    Column("run_id", String(250)),
    Column("started_at", UtcMoment),
    Column("finished_at", UtcMoment),
    Column("heartbeat_at", UtcMoment),
)

# Times are the wall clock of the platform (Asia/Shanghai), as the gateway gives them.
erp_orders = Table(
    "erp_orders",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("online_order_id", String(64)),
    Column("status", String(32), nullable=False),
    Column("order_time", Moment, nullable=False),
    Column("order_day", Date, nullable=False),
    Column("pay_time", Moment),
    Column("pay_amount", Money, nullable=False),
    Column("paid_amount", Money, nullable=False),
    Column("freight", Money, nullable=False),
    Column("item_count", Integer, nullable=False),
    Column("modified_time", Moment, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_erp_orders_shop_day", "shop_id", "order_day"),
)
