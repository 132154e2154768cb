"""Loading side by side into a server, and a server that goes away."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError

from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect, upsert
from include.warehouse.migrating import migrate
from include.warehouse.tables import erp_orders
from include.warehouse.transactions import in_transaction, is_conflict, is_temporary
from tests.database_servers import KINDS
from tests.units.test_ledger import PERIOD, UNITS
from tests.warehouse.test_loading import _order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from tests.database_servers import Server

SHOPS, ROUNDS, ORDERS = 4, 5, 60


@pytest.fixture
def engine(warehouse_url: str) -> Iterator[Engine]:
    """Open an empty warehouse."""
    engine = connect(warehouse_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, database_server: Callable[[str], Server]) -> Server:
    """Return a server of each kind."""
    return database_server(request.param)


def _land(engine: Engine, unit: Unit, rows: list[dict[str, Any]]) -> None:
    def land(connection: Connection) -> None:
        count = upsert(connection, erp_orders, rows, version="version")
        Ledger(engine).land(connection, unit, count)

    in_transaction(engine, land)


def _there(engine: Engine) -> dict[tuple[str, int], int]:
    columns = erp_orders.c.shop_id, erp_orders.c.order_id, erp_orders.c.version
    with engine.connect() as connection:
        return {
            (shop, order): version for shop, order, version in connection.execute(select(*columns))
        }


@pytest.mark.every_warehouse
def test_shops_land_side_by_side(engine: Engine) -> None:
    """Again and again, all at once: each is there as it came last, and the ledger knows."""

    def land(number: int) -> None:
        shop = f"erp-{number % SHOPS}"
        for version in range(1, ROUNDS + 1):
            rows = [_order(order, version, shop_id=shop) for order in range(ORDERS)]
            _land(engine, Unit("erp_store", shop, PERIOD), rows)

    with ThreadPoolExecutor(SHOPS) as pool:
        list(pool.map(land, range(SHOPS)))
    there = _there(engine)
    assert len(there) == SHOPS * ORDERS
    assert set(there.values()) == {ROUNDS}
    rows = Ledger(engine).rows("erp_store", PERIOD.key)
    assert {(row.state, row.rows) for row in rows} == {("ok", ORDERS)}


@pytest.mark.every_warehouse
def test_the_newest_counts_whoever_comes_last(engine: Engine) -> None:
    """Two periods of one shop have the same orders, in another order, at the same time."""
    together = threading.Barrier(SHOPS)

    def land(number: int) -> None:
        orders = list(range(ORDERS))
        for turn in range(ROUNDS):
            version = turn * SHOPS + number
            rows = [_order(order, version) for order in (orders if number % 2 else orders[::-1])]
            together.wait(60)
            _land(engine, Unit("erp_store", f"period-{number}", PERIOD), rows)

    with ThreadPoolExecutor(SHOPS) as pool:
        list(pool.map(land, range(SHOPS)))
    assert set(_there(engine).values()) == {ROUNDS * SHOPS - 1}
    assert len(_there(engine)) == ORDERS


@pytest.mark.every_warehouse
def test_a_newer_order_that_lands_in_between_stays(engine: Engine) -> None:
    """Another period's run has seen what was there before, and is about to replace it."""
    _land(engine, UNITS[0], [_order(1, 0)])
    newer = threading.Thread(target=_land, args=(engine, UNITS[1], [_order(1, 2)]))

    @event.listens_for(engine, "before_cursor_execute")
    def land_in_between(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("DELETE") and newer.ident is None:
            newer.start()
            newer.join(1)

    _land(engine, UNITS[0], [_order(1, 1)])
    newer.join(30)
    assert _there(engine) == {("erp-1", 1): 2}


@pytest.mark.parametrize("warehouse_url", KINDS, indirect=True)
def test_of_two_that_wait_for_each_other_both_land(engine: Engine) -> None:
    """The server ends one of them, which is done again."""
    first, second = UNITS[0], UNITS[1]
    ledger, together, tries = Ledger(engine), threading.Barrier(2), []
    ledger.expect(UNITS)

    def land(units: list[Unit]) -> None:
        def work(connection: Connection) -> None:
            tries.append(units)
            ledger.land(connection, units[0], 1)
            if len(tries) <= 2:
                together.wait(60)
            ledger.land(connection, units[1], 2)

        in_transaction(engine, work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(land, ([first, second], [second, first])))
    assert len(tries) == 3
    states = {row.shop_id: row.state for row in ledger.rows("erp_store", PERIOD.key)}
    assert states == {"erp-1": "ok", "erp-2": "ok", "erp-3": "pending"}


def test_a_server_that_is_killed_while_a_shop_loads_has_all_or_nothing(server: Server) -> None:
    """It is temporary; when it is back, the same engine lands the shop, without a restart."""
    url = server.create_database()
    migrate(url)
    engine = connect(url)
    rows = [_order(order) for order in range(ORDERS)]

    def land(connection: Connection) -> None:
        upsert(connection, erp_orders, rows, version="version")
        server.stop(signal.SIGKILL)
        Ledger(engine).land(connection, UNITS[0], len(rows))

    with pytest.raises(DBAPIError) as raised:
        in_transaction(engine, land)
    assert is_temporary(raised.value)
    assert not is_conflict(raised.value)
    with pytest.raises(DBAPIError) as raised:
        Ledger(engine).fail(UNITS[0], 75, "gone")
    assert is_temporary(raised.value)
    server.start()
    assert _there(engine) == {}
    assert Ledger(engine).rows("erp_store", PERIOD.key) == []
    _land(engine, UNITS[0], rows)
    assert len(_there(engine)) == ORDERS
    engine.dispose()
    server.drop_database(url)


def test_a_lock_that_is_held_is_waited_for(server: Server) -> None:
    """A person who looks at a row for update holds up its shop, and no other; nothing fails."""
    url = server.create_database()
    migrate(url)
    engine = connect(url)
    for number in (1, 2):
        _land(engine, UNITS[number], [_order(1, shop_id=UNITS[number].shop_id)])
    done: list[int] = []
    newer = {number: [_order(1, 2, shop_id=UNITS[number].shop_id)] for number in (1, 2)}

    def land(number: int) -> None:
        _land(engine, UNITS[number], newer[number])
        done.append(number)

    mine = erp_orders.c.shop_id == UNITS[1].shop_id
    with engine.begin() as connection:
        connection.execute(select(erp_orders).where(mine).with_for_update()).all()
        held = threading.Thread(target=land, args=(1,))
        held.start()
        land(2)
        time.sleep(0.2)
        assert done == [2]
    held.join()
    assert done == [2, 1]
    assert set(_there(engine).values()) == {2}
    engine.dispose()
    server.drop_database(url)
