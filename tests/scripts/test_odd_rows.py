"""One odd row costs no day: it lands with nulls, and what is said of it says how many."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from runpy import run_path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from include.gateways.connection import Connection
from include.platforms.jd.dialect import Jd
from include.platforms.jushuitan.dialect import Jushuitan
from include.platforms.pdd.dialect import Pdd
from include.pulling import Window
from include.pulling.window import utc_now
from include.registry import load_registry
from include.registry.platforms import PLATFORMS
from include.units.unit import Unit
from include.warehouse import connect
from include.warehouse.tables import metadata
from tests.gateways.asking import using
from tests.gateways.scripted_gateway import answer, scripted
from tests.platforms.jd import test_orders as test_jd_orders
from tests.platforms.jushuitan import test_orders as test_jushuitan_orders
from tests.platforms.pdd import test_refunds as test_pdd_refunds
from tests.pull_jobs import ROOT

if TYPE_CHECKING:
    from include.pulling import Upsert

HOUR = timedelta(hours=1)
DAY, PAID = date(2025, 10, 2), "2025-10-02 09:00:00"
REGISTRY = load_registry(ROOT)
ERP = test_jushuitan_orders.ROW | {"modified": "2025-10-02 08:00:00.807"}
JD = test_jd_orders.ROW
PDD = test_pdd_refunds.ROW
SHOPS = answer(json.dumps({"code": 0, "data": {"datas": [{"shop_id": 10001}], "has_next": False}}))
NO_ORDERS = (test_jushuitan_orders.page([]), test_jushuitan_orders.counted(0))


def _fetched(shop_id: str, dialect: Any, fetch: Any, day: date, *script: bytes) -> Upsert:
    """Fetch a shop's day from a script of answers, an hour after its end."""
    shop = REGISTRY.shops[shop_id]
    job = next(job for job in REGISTRY.jobs.values() if job.platform == shop.platform)
    period = job.schedule.parse_key(f"{day}")
    window = Window.of(
        period, PLATFORMS[shop.platform].lag, lambda: min(period.end + HOUR, utc_now())
    )
    with scripted(*script) as gateway:
        connection = Connection(shop.connection, gateway.base_url, "key", "s3cret", "t0ken")
        landing: Upsert = using(dialect(connection), lambda client: fetch(client, shop, window))
    return landing


def _landed(
    url: str, shop_id: str, day: date, landing: Upsert, view: str
) -> tuple[dict[int, Any], Any]:
    """Land it; give the rows by number, and what the view has of them."""
    shop = REGISTRY.shops[shop_id]
    job = next(job for job in REGISTRY.jobs.values() if job.platform == shop.platform)
    unit = Unit(job.id, shop_id, job.schedule.parse_key(f"{day}"))
    engine = connect(url)
    table = metadata.tables[landing.table.name]
    number = table.primary_key.columns.values()[1]
    with engine.begin() as connection:
        assert landing.put(connection, unit) == len(landing.rows)
        rows = {row[number]: row for row in connection.execute(select(table)).mappings()}
        (figures,) = connection.execute(text(f"SELECT * FROM {view}")).mappings()  # noqa: S608
    engine.dispose()
    return rows, figures


@pytest.mark.every_warehouse
def test_orders_of_the_erp(warehouse_url: str) -> None:
    """An empty freight, no lines, milliseconds, and nothing paid yet."""
    orders = [
        ERP | {"o_id": 1, "ts": 1, "freight": "", "pay_date": PAID, "paid_amount": 5},
        ERP | {"o_id": 2, "ts": 2, "freight": None, "items": None},
        ERP | {"o_id": 3, "ts": 3, "paid_amount": None, "pay_date": ""},
    ]
    script = (
        SHOPS,
        test_jushuitan_orders.page(orders),
        test_jushuitan_orders.counted(3),
        *NO_ORDERS,
    )
    fetch = run_path(f"{ROOT}/include/scripts/erp/erp_store.py")["Erp"]().fetch
    landing = _fetched("erp-1", Jushuitan, fetch, DAY, *script)
    assert landing.notice == "2 orders without freight, 1 order without item_count"
    rows, figures = _landed(warehouse_url, "erp-1", DAY, landing, "erp_store_daily")
    assert [row["freight"] for row in rows.values()] == [None, None, 0]
    assert rows[2]["item_count"] is None
    assert rows[3]["paid_amount"] == 0
    assert rows[1]["modified_time"] == datetime(2025, 10, 2, 8)
    assert (figures["orders"], figures["paid_orders"]) == (3, 1)
    assert Decimal(str(figures["paid_amount"])) == 5


@pytest.mark.every_warehouse
def test_orders_of_jd(warehouse_url: str) -> None:
    """Null amounts and no time of payment while an order is unpaid."""
    unpaid = {key: value for key, value in JD.items() if key != "paymentConfirmTime"}
    orders = [
        JD | {"orderId": "1"},
        unpaid | {"orderId": "2", "freightPrice": None, "actualPay": None},
    ]
    fetch = run_path(f"{ROOT}/include/scripts/jd/jd_store.py")["fetch"]
    day = test_jd_orders.LATE.date()
    landing = _fetched("jd-1", Jd, fetch, day, *map(test_jd_orders.found, (orders, [])))
    assert landing.notice == "1 order without freight_price"
    rows, figures = _landed(warehouse_url, "jd-1", day, landing, "jd_store_daily")
    assert (rows[2]["freight"], rows[2]["paid_amount"], rows[2]["pay_time"]) == (None, 0, None)
    assert (figures["orders"], figures["paid_orders"]) == (2, 1)


@pytest.mark.every_warehouse
def test_after_sales_cases_of_pdd(warehouse_url: str) -> None:
    """A row without its dispute status, as one was captured, is no dispute."""
    old = {key: value for key, value in PDD.items() if key != "dispute_refund_status"}
    mall = answer(json.dumps({"mall_info_get_response": {"mall_id": 20001, "mall_name": "店"}}))
    nothing, page = test_pdd_refunds.page([]), test_pdd_refunds.page([old])
    fetch = run_path(f"{ROOT}/include/scripts/pdd/pdd_quality.py")["fetch"]
    landing = _fetched("pdd-1", Pdd, fetch, DAY, mall, page, nothing)
    assert landing.notice == "1 refund without dispute_refund_status"
    rows, figures = _landed(warehouse_url, "pdd-1", DAY, landing, "pdd_quality_daily")
    assert rows[1]["dispute_status"] is None
    assert (figures["refunds"], figures["disputes"], float(figures["dispute_rate"])) == (1, 0, 0)
