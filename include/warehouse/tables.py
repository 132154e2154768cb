"""The tables as the code sees them; `migrations/` is what makes them in a database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table, Text

from include.warehouse.types import LongText, Measure, Moment, Money, UtcMoment

metadata = MetaData()
# Of a column that may be null in a row, but that no feed may leave out of its entry.
MAPPED = {"mapped": True}

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
    Column("place", String(64)),
    Column("calls", Integer),
    Column("retried_by", String(250)),
    # What landed, as the pull knows it: the table, up to which instant the source was asked, how
    # many rows the source itself counts and when it was asked, and what is worth telling.
    Column("table_name", String(64)),
    Column("covered_until", UtcMoment),
    Column("source_rows", Integer),
    Column("counted_at", UtcMoment),
    Column("notice", Text),
    # How often other rows have landed, 1 for the first time; of the last time that is known: how
    # many rows there were before, how many came, went or differ, and when; and when the unit was
    # pulled again last because its source may restate it.
    Column("revision", Integer),
    Column("rows_before", Integer),
    Column("rows_changed", Integer),
    Column("restated_at", UtcMoment),
    Column("repulled_at", UtcMoment),
    # `error` and `notice`, which are in English, as template and values (`Message.stored`): each
    # reader sees them in their own language.
    Column("error_i18n", Text),
    Column("notice_i18n", Text),
    # All that counting what has landed needs, in the order in which it is counted; what has not
    # landed is found without looking at the rest.
    Index(
        "ix_ledger_coverage",
        "job_id",
        "state",
        "period_end",
        "period_start",
        "period_key",
        "shop_id",
        "rows",
    ),
    # Finds the unit that follows another one, for the view `completeness`.
    Index("ix_ledger_chain", "job_id", "shop_id", "period_end", "period_start", "state"),
)

# When this installation first saw a job: without a `start` nothing older is expected of it. From
# when on it is expected by the registry as it was read last, for the view `completeness`.
jobs_seen = Table(
    "jobs_seen",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("first_seen", UtcMoment, nullable=False),
    Column("expected_from", UtcMoment),
)

# Gaps that are accepted: one row per unit, beside its row of the ledger.
waivers = Table(
    "waivers",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("shop_id", String(64), primary_key=True),
    Column("period_key", String(32), primary_key=True),
    Column("period_start", UtcMoment, nullable=False),
    Column("period_end", UtcMoment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("waived_by", String(250), nullable=False),
    Column("waived_at", UtcMoment, nullable=False),
)

# When a contract's period was complete: a row for the first time, and one for each change of its
# rows since. `landings` has a mark of each unit that had landed, by which the next change is known.
contracts = Table(
    "contracts",
    metadata,
    Column("contract_id", String(64), primary_key=True),
    Column("period_key", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("period_start", UtcMoment, nullable=False),
    Column("period_end", UtcMoment, nullable=False),
    Column("complete_at", UtcMoment, nullable=False),
    Column("units", Integer, nullable=False),
    Column("waived", Integer, nullable=False),
    Column("row_count", BigInteger),
    Column("run_id", String(250)),
    Column("landings", LongText, nullable=False),
    Column("emitted_at", UtcMoment),
)

# What the answers of a method or a feed have looked like: their paths, and the values of status
# fields (empty for the path itself). `is_new`: not from the first answers that were ever looked at;
# `is_steady`: most rows have it, so that it is worth saying when it goes missing; null: not known.
shapes = Table(
    "shapes",
    metadata,
    Column("source", String(128), primary_key=True),
    Column("path", String(255), primary_key=True),
    Column("value", String(64), primary_key=True),
    Column("first_seen", UtcMoment, nullable=False),
    Column("first_seen_in", String(200), nullable=False),
    Column("is_new", Integer, nullable=False),
    Column("is_steady", Integer),
    Column("missing_at", UtcMoment),
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
    Column("pay_amount", Money),
    Column("paid_amount", Money, nullable=False),
    Column("freight", Money),
    Column("item_count", Integer),
    Column("modified_time", Moment, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_erp_orders_shop_day", "shop_id", "order_day"),
    Index("ix_erp_orders_modified", "modified_time"),
)

jd_orders = Table(
    "jd_orders",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("order_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status", String(64), nullable=False),
    Column("order_time", Moment, nullable=False),
    Column("order_day", Date, nullable=False),
    Column("pay_time", Moment),
    Column("pay_amount", Money),
    Column("paid_amount", Money, nullable=False),
    Column("freight", Money),
    Column("seller_discount", Money),
    Column("item_count", Integer),
    Column("modified_time", Moment, nullable=False),
    Index("ix_jd_orders_shop_day", "shop_id", "order_day"),
    Index("ix_jd_orders_modified", "modified_time"),
)

# `after_sales_type`, `after_sales_status` and `dispute_status` are the platform's numbers.
pdd_refunds = Table(
    "pdd_refunds",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("refund_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_sn", String(64)),
    Column("after_sales_type", Integer, nullable=False),
    Column("after_sales_status", Integer, nullable=False),
    Column("dispute_status", Integer),
    Column("reason", String(255)),
    Column("is_quality_reason", Integer, nullable=False),
    Column("refund_amount", Money, nullable=False),
    Column("order_amount", Money),
    Column("goods_id", BigInteger),
    Column("created_time", Moment, nullable=False),
    Column("created_day", Date, nullable=False),
    Column("updated_time", Moment, nullable=False),
    Index("ix_pdd_refunds_shop_day", "shop_id", "created_day"),
    Index("ix_pdd_refunds_updated", "updated_time"),
)

# What comes from feeds lands period by period: a shop's rows of a period replace those before.
pdd_reviews = Table(
    "pdd_reviews",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("business_day", Date, primary_key=True),
    Column("review_id", String(64), primary_key=True),
    Column("order_sn", String(64)),
    Column("goods_id", BigInteger),
    Column("goods_name", String(255)),
    Column("score", Integer, info=MAPPED),
    Column("content", Text),
    Column("created_time", Moment, nullable=False),
)

pdd_chat_daily = Table(
    "pdd_chat_daily",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("business_day", Date, primary_key=True),
    Column("agent_id", String(64), primary_key=True),
    Column("agent_name", String(64)),
    Column("sessions", Integer, info=MAPPED),
    Column("replied_sessions", Integer, info=MAPPED),
    Column("reply_rate_3min", Measure),
    Column("average_reply_seconds", Measure),
)

pdd_kpi = Table(
    "pdd_kpi",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("period_key", String(32), primary_key=True),
    Column("agent_id", String(64), primary_key=True),
    Column("agent_name", String(64)),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("sessions", Integer, info=MAPPED),
    Column("orders", Integer, info=MAPPED),
    Column("sales_amount", Money, info=MAPPED),
    Column("conversion_rate", Measure),
    Column("satisfaction_rate", Measure),
    Index("ix_pdd_kpi_first_day", "first_day"),
)

# The tokens that a platform refreshes; `secret` is encrypted. `origin` tells from which tokens of
# the connection they descend, which may be edited; `held_by` may refresh them until `held_until`.
tokens = Table(
    "tokens",
    metadata,
    Column("connection_id", String(250), primary_key=True),
    Column("origin", String(64), primary_key=True),
    Column("secret", Text),
    Column("expires_at", UtcMoment),
    Column("refreshed_at", UtcMoment),
    Column("held_by", String(64)),
    Column("held_until", UtcMoment),
)
