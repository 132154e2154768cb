"""The views as the code sees them, and what may be asked for by name; `migrations/` makes them."""

from __future__ import annotations

from sqlalchemy import Integer, String, column, table

from include.warehouse.tables import metadata
from include.warehouse.types import UtcMoment

_STORE_DAILY = (
    "shop_id",
    "business_day",
    "orders",
    "paid_orders",
    "cancelled_orders",
    "paid_amount",
    "average_order_value",
)
_KPI = (
    "shop_id",
    "first_day",
    "last_day",
    "agent_id",
    "agent_name",
    "sessions",
    "orders",
    "sales_amount",
    "conversion_rate",
    "satisfaction_rate",
)
# The instant up to which every change of a job's shop is in its table, and from when on.
completeness = table(
    "completeness",
    column("table_name", String),
    column("job_id", String),
    column("shop_id", String),
    column("complete_from", UtcMoment),
    column("complete_until", UtcMoment),
)
# Of each contract and period that is complete: since when, and the latest revision.
contract_status = table(
    "contract_status",
    column("contract_id", String),
    column("period_key", String),
    column("period_start", UtcMoment),
    column("period_end", UtcMoment),
    column("revision", Integer),
    column("first_complete_at", UtcMoment),
    column("complete_at", UtcMoment),
    column("units", Integer),
    column("waived", Integer),
    column("row_count", Integer),
)
VIEWS = {
    "erp_store_daily": _STORE_DAILY,
    "jd_store_daily": _STORE_DAILY,
    "pdd_quality_daily": (
        "shop_id",
        "business_day",
        "refunds",
        "refund_only",
        "return_and_refund",
        "exchanges",
        "resends",
        "repairs",
        "disputes",
        "dispute_rate",
        "refund_amount",
        "refunded_amount",
        "quality_refunds",
        "quality_share",
    ),
    "pdd_quality_reasons_daily": (
        "shop_id",
        "business_day",
        "after_sales_type",
        "reason",
        "is_quality_reason",
        "refunds",
        "refund_amount",
    ),
    "pdd_kpi_daily": _KPI,
    "pdd_kpi_weekly": _KPI,
    "pdd_kpi_monthly": _KPI,
    completeness.name: tuple(completeness.c.keys()),
    contract_status.name: tuple(contract_status.c.keys()),
}
# Of every table and view that the project makes.
COLUMNS = {
    **{name: tuple(table.columns.keys()) for name, table in metadata.tables.items()},
    **VIEWS,
}
# Those that say on the wall clock when a row was, as their names do.
TIMES = {
    name: tuple(column for column in columns if column.endswith(("_day", "_time")))
    for name, columns in COLUMNS.items()
}
