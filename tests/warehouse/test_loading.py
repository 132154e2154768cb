"""Loading rows so that doing it again changes nothing."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.exc import StatementError

from include.errors import ConfigurationError
from include.warehouse import connect, replace, upsert
from include.warehouse.migrating import migrate
from include.warehouse.tables import erp_orders, metadata, pdd_chat_daily, pdd_refunds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.types import TypeEngine

pytestmark = pytest.mark.every_warehouse

DAY = datetime(2025, 10, 2, 9, 30)


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[Engine]:
    """Return a new warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


def _order(number: int, version: int = 1, **more: Any) -> dict[str, Any]:
    order = {
        "shop_id": "erp-1",
        "order_id": number,
        "online_order_id": f"2510{number}",
        "status": "Sent",
        "order_time": DAY,
        "order_day": DAY.date(),
        "pay_time": DAY + timedelta(minutes=1),
        "pay_amount": Decimal("10.10"),
        "paid_amount": Decimal("10.10"),
        "freight": Decimal(0),
        "item_count": 1,
        "modified_time": DAY,
        "version": version,
    }
    return {**order, **more}


def _load(warehouse: Engine, rows: list[dict[str, Any]]) -> int:
    with warehouse.begin() as connection:
        return upsert(connection, erp_orders, rows, version="version")


def _there(warehouse: Engine) -> list[dict[str, Any]]:
    with warehouse.connect() as connection:
        rows = connection.execute(select(erp_orders).order_by(erp_orders.c.order_id)).mappings()
        return [dict(row) for row in rows]


def test_loading_again_changes_nothing(warehouse: Engine) -> None:
    """The same rows twice are there once."""
    rows = [_order(number) for number in range(1200)]
    assert _load(warehouse, rows) == 1200
    assert _load(warehouse, rows) == 1200
    assert _there(warehouse) == rows


def test_what_was_asked_for_last_counts_of_one_version(warehouse: Engine) -> None:
    """A platform's correction, or the second change of one second, takes the place of the first."""
    _load(warehouse, [_order(1, status="Sent"), _order(2, status="Sent")])
    _load(warehouse, [_order(1, status="Sent"), _order(1, status="Cancelled")])
    assert [row["status"] for row in _there(warehouse)] == ["Cancelled", "Sent"]


def test_an_amount_that_would_be_rounded_is_refused(warehouse: Engine) -> None:
    """More digits than a double keeps are an error."""
    with pytest.raises(StatementError, match="more than 15 digits"):
        _load(warehouse, [_order(1, paid_amount=Decimal("12345678901234.56"))])


def test_a_newer_version_replaces_an_older_one_only(warehouse: Engine) -> None:
    """What comes late and is older than what is there is left out, also within one load."""
    _load(warehouse, [_order(1, 5), _order(2, 5)])
    _load(warehouse, [_order(1, 6, status="Cancelled"), _order(2, 4, status="Question")])
    _load(warehouse, [_order(3, 9, status="Sent"), _order(3, 8, status="WaitPay")])
    shown = [(row["order_id"], row["version"], row["status"]) for row in _there(warehouse)]
    assert shown == [(1, 6, "Cancelled"), (2, 5, "Sent"), (3, 9, "Sent")]


Loads = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5), st.integers(1, 9)), max_size=12),
    max_size=4,
)


@pytest.fixture(scope="module")
def in_memory() -> Engine:
    """Return a table that each example empties first: making one takes longer than using it."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine, tables=[erp_orders])
    return engine


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(erp_orders.delete())


@given(loads=Loads)
def test_the_newest_of_every_key_is_there(
    in_memory: Engine, loads: list[list[tuple[str, int, int]]]
) -> None:
    """Whatever shops and orders come together, and how often, as in a dictionary."""
    _empty(in_memory)
    wanted: dict[tuple[str, int], int] = {}
    for load in loads:
        rows = [_order(number, version, shop_id=shop) for shop, number, version in load]
        assert _load(in_memory, rows) == len({(shop, number) for shop, number, _ in load})
        for shop, number, version in load:
            wanted[shop, number] = max(version, wanted.get((shop, number), 0))
    there = {(row["shop_id"], row["order_id"]): row["version"] for row in _there(in_memory)}
    assert there == wanted


def test_many_rows_of_many_shops_load_at_once(warehouse: Engine) -> None:
    """More than one statement can name, and keys that share no part."""
    rows = [_order(number, shop_id=f"erp-{number % 7}") for number in range(2500)]
    assert _load(warehouse, rows) == 2500
    newer = [{**row, "version": 2} for row in rows[::2]]
    assert _load(warehouse, newer) == 1250
    versions = [row["version"] for row in _there(warehouse)]
    assert versions == [2, 1] * 1250


@given(cents=st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_money_comes_back_to_the_cent(in_memory: Engine, cents: int) -> None:
    """Every amount of up to 15 digits is exact, also where the database has no decimals."""
    amount = Decimal(cents) / 100
    _empty(in_memory)
    _load(in_memory, [_order(1, paid_amount=amount)])
    assert _there(in_memory)[0]["paid_amount"] == amount


def test_a_fraction_of_a_cent_is_refused(warehouse: Engine) -> None:
    """Nothing is rounded silently."""
    with pytest.raises(StatementError, match="more than 2 decimals"):
        _load(warehouse, [_order(1, paid_amount=Decimal("1.005"))])


def test_the_daily_view_adds_up(warehouse: Engine) -> None:
    """Orders, paid and cancelled ones, and amounts are exact to the cent over thousands of rows."""
    chance = random.Random(7)
    rows = [
        _order(
            number,
            order_day=date(2025, 10, 1 + number % 2),
            status=chance.choice(["Sent", "Cancelled"]),
            pay_time=chance.choice([None, DAY]),
            paid_amount=Decimal(chance.randrange(10**6)) / 100,
        )
        for number in range(4000)
    ]
    _load(warehouse, rows)
    with warehouse.connect() as connection:
        view = connection.execute(
            text("SELECT * FROM erp_store_daily ORDER BY business_day")
        ).mappings()
        for shown, day in zip(view, (1, 2), strict=True):
            mine = [row for row in rows if row["order_day"].day == day]
            paid = sum(row["paid_amount"] for row in mine)
            buyers = sum(row["pay_time"] is not None for row in mine)
            assert (shown["orders"], shown["paid_orders"]) == (len(mine), buyers)
            assert shown["cancelled_orders"] == sum(row["status"] == "Cancelled" for row in mine)
            assert Decimal(str(shown["paid_amount"])) == paid
            assert Decimal(str(shown["average_order_value"])) == round(paid / buyers, 2)


def _type(kind: TypeEngine[Any], warehouse: Engine) -> str:
    """Name a type as the database does, without how it sorts texts."""
    written = kind.compile(dialect=warehouse.dialect).partition(" C")[0]
    written = written.replace("NUMERIC", "DECIMAL")  # MariaDB and MySQL have one under both names
    return {"INTEGER": "INT", "INT": "INT", "BIGINT": "BIGINT"}.get(written.split("(")[0], written)


def test_the_migrations_make_what_the_code_expects(warehouse: Engine) -> None:
    """Columns, types and keys in the database are those of the tables in code."""
    made = inspect(warehouse)
    for table in metadata.tables.values():
        columns = {column["name"]: column for column in made.get_columns(table.name)}
        assert list(columns) == list(table.c.keys())
        for column in table.c:
            there = columns[column.name]
            assert there["nullable"] == column.nullable, column
            assert _type(there["type"], warehouse) == _type(column.type, warehouse), column
        key = made.get_pk_constraint(table.name)["constrained_columns"]
        assert key == [column.name for column in table.primary_key]
        indexes = {index["name"]: index["column_names"] for index in made.get_indexes(table.name)}
        assert indexes == {index.name: index.columns.keys() for index in table.indexes}


def test_migrating_again_changes_nothing(warehouse: Engine) -> None:
    """A warehouse that is up to date keeps its rows."""
    _load(warehouse, [_order(1)])
    migrate(warehouse)
    assert len(_there(warehouse)) == 1


def test_a_wrong_url_names_the_connection() -> None:
    """The message says where to look."""
    with pytest.raises(ConfigurationError, match="connection 'warehouse'"):
        connect("no-such-database://x")


def _chat(agent: str, sessions: int) -> dict[str, Any]:
    rates = {"reply_rate_3min": Decimal("0.981234"), "average_reply_seconds": None}
    return {"agent_id": agent, "sessions": sessions, "replied_sessions": 1, **rates}


def test_a_scopes_rows_are_replaced_and_no_others(warehouse: Engine) -> None:
    """A shop's day that comes again is what came last; other shops and days stay."""

    def land(shop: str, day: date, *rows: dict[str, Any]) -> int:
        with warehouse.begin() as connection:
            scope = {"shop_id": shop, "business_day": day}
            return replace(connection, pdd_chat_daily, rows, scope)

    first, second = date(2025, 10, 1), date(2025, 10, 2)
    for shop, day in (("pdd-1", first), ("pdd-1", second), ("pdd-2", first)):
        assert land(shop, day, _chat("a", 1), _chat("b", 2)) == 2
    assert land("pdd-1", first, _chat("b", 7)) == 1
    assert land("pdd-2", first) == 0
    with warehouse.connect() as connection:
        columns = pdd_chat_daily.c
        query = select(columns.shop_id, columns.business_day, columns.agent_id, columns.sessions)
        there = set(map(tuple, connection.execute(query)))
        rates = set(connection.scalars(select(columns.reply_rate_3min)))
    expected = {("pdd-1", second, "a", 1), ("pdd-1", second, "b", 2), ("pdd-1", first, "b", 7)}
    assert (there, rates) == (expected, {Decimal("0.981234")})


def test_no_scope_replaces_nothing(warehouse: Engine) -> None:
    """A table is never emptied by mistake."""
    with (
        warehouse.begin() as connection,
        pytest.raises(ValueError, match="would remove everything"),
    ):
        replace(connection, pdd_chat_daily, [], {})


def _refund(number: int, **more: Any) -> dict[str, Any]:
    return {
        "shop_id": "pdd-1",
        "refund_id": number,
        "order_sn": f"251002-{number}",
        "after_sales_type": 2,
        "after_sales_status": 10,
        "dispute_status": 0,
        "reason": "不想要了",
        "is_quality_reason": 0,
        "refund_amount": Decimal("10.10"),
        "order_amount": Decimal("20.00"),
        "goods_id": 1,
        "created_time": DAY,
        "created_day": DAY.date(),
        "updated_time": DAY,
        **more,
    }


def test_the_quality_view_counts_by_kind_reason_and_dispute(warehouse: Engine) -> None:
    """Refunds of each kind, the disputed share, what was refunded, the share of quality reasons."""
    broken = {"reason": "商品质量问题", "is_quality_reason": 1}
    refunds = [
        _refund(1),
        _refund(2, after_sales_type=3, **broken),
        _refund(3, after_sales_type=4, dispute_status=1, **broken),
        _refund(4, after_sales_status=2, refund_amount=Decimal("0.05")),
    ]
    with warehouse.begin() as connection:
        upsert(connection, pdd_refunds, refunds, version="updated_time")
        daily = dict(connection.execute(text("SELECT * FROM pdd_quality_daily")).mappings().one())
        reasons = text("SELECT reason, after_sales_type, refunds FROM pdd_quality_reasons_daily")
        by_reason = set(map(tuple, connection.execute(reasons)))
    texts = {name: str(value) for name, value in daily.items()}
    assert texts.pop("shop_id") == "pdd-1"
    assert texts.pop("business_day") == "2025-10-02"
    assert {name: Decimal(value) for name, value in texts.items()} == {
        "refunds": 4,
        "refund_only": 2,
        "return_and_refund": 1,
        "exchanges": 1,
        "resends": 0,
        "repairs": 0,
        "disputes": 1,
        "dispute_rate": 0.25,
        "refund_amount": Decimal("30.35"),
        "refunded_amount": Decimal("30.30"),
        "quality_refunds": 2,
        "quality_share": 0.5,
    }
    assert by_reason == {("不想要了", 2, 2), ("商品质量问题", 3, 1), ("商品质量问题", 4, 1)}


def test_text_that_no_database_takes_is_escaped(warehouse: Engine) -> None:
    """Half a character and NUL cost neither the row nor those beside it."""
    migrate(warehouse)
    rows = [_order(1, status="半\ud83d"), _order(2), _order(3, status="\0")]
    assert _load(warehouse, rows) == 3
    with warehouse.connect() as connection:
        query = select(erp_orders.c.status).order_by(erp_orders.c.order_id)
        assert connection.scalars(query).all() == [r"半\ud83d", "Sent", r"\x00"]
        found = select(erp_orders.c.order_id).where(erp_orders.c.status == "半\ud83d")
        assert connection.scalars(found).all() == [1]
