"""Pulling shops side by side: each lands or fails on its own, and the ledger says which."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from include.errors import ConfigurationError
from include.ledger import Ledger
from include.platforms.dialect import Call
from include.platforms.errors import AuthExpired, Malformed, Refused, Temporary
from include.pulling import Assignment, Landing, pull_shops
from include.registry import load_registry
from include.warehouse import connect
from include.warehouse.migrating import migrate
from include.warehouse.tables import erp_orders
from tests.warehouse.test_loading import _order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from include.registry import Shop

CALL = Call("/open/orders/single/query", shop=10002, page=3)
FAILURES = [
    (Temporary(CALL, "too many calls"), 75),
    (OperationalError("INSERT", {}, RuntimeError("database is locked")), 75),
    (AuthExpired(CALL, "renew the token"), 77),
    (Refused(CALL, "check the app secret"), 77),
    (ConfigurationError("no such shop"), 78),
    (Malformed(CALL, "field ts is missing"), 1),
    (ZeroDivisionError("a bug"), 1),
]


class FakeGateway:
    """Gives each shop two orders, or a failure; counts how many are served at once."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Callable[[Shop], Awaitable[Landing]]]:
        """Open it."""
        yield self._fetch

    async def _fetch(self, shop: Shop) -> Landing:
        self.asked.append(shop.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if error := self.failures.get(shop.id.replace("-", "_")):
            raise error
        rows = [_order(number, shop_id=shop.id) for number in (1, 2)]
        return Landing(erp_orders, rows, "version")


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    """Give a day of the delivered ERP shops, and an empty warehouse."""
    registry = load_registry()
    job = registry.jobs["erp_store"]
    period = job.schedule.parse_key("2025-10-02")
    url = f"sqlite:///{tmp_path}/warehouse.db"
    migrate(url)
    return Assignment(job, period, tuple(registry.shops_of(job, period)), url)


def _rows(assignment: Assignment) -> dict[str, Any]:
    ledger = Ledger(connect(assignment.warehouse_url))
    return {row.shop_id: row for row in ledger.rows("erp_store", "2025-10-02")}


def _orders(assignment: Assignment) -> dict[str, int]:
    query = select(erp_orders.c.shop_id, func.count()).group_by(erp_orders.c.shop_id)
    with connect(assignment.warehouse_url).connect() as connection:
        return {shop: orders for shop, orders in connection.execute(query)}  # noqa: C416 - rows are no pairs to dict()


@pytest.mark.parametrize(
    ("error", "code"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES]
)
def test_one_shops_failure_stops_no_other(
    assignment: Assignment, error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others land; the exit code, the ledger and the log say what went wrong."""
    ledger = Ledger(connect(assignment.warehouse_url))
    ledger.expect(assignment.units())
    assert pull_shops(assignment, FakeGateway(erp_2=error)) == code
    rows = _rows(assignment)
    assert {shop: row.state for shop, row in rows.items()} == {
        "erp-1": "ok",
        "erp-2": "failed",
        "erp-3": "ok",
    }
    assert rows["erp-2"].exit_code == code
    assert str(error) in rows["erp-2"].error
    assert _orders(assignment) == {"erp-1": 2, "erp-3": 2}
    printed = capsys.readouterr()
    assert str(error) in printed.err
    assert f"failed ({code})" in printed.out


def test_the_next_run_pulls_what_is_left(assignment: Assignment) -> None:
    """Shops that have landed are not asked for again; when all have, there is nothing to do."""
    Ledger(connect(assignment.warehouse_url)).expect(assignment.units())
    assert pull_shops(assignment, FakeGateway(erp_2=Temporary(CALL, "slow"))) == 75
    gateway = FakeGateway()
    assert pull_shops(assignment, gateway) == 0
    assert gateway.asked == ["erp-2"]
    assert pull_shops(assignment, gateway) == 99
    assert _orders(assignment) == {"erp-1": 2, "erp-2": 2, "erp-3": 2}


def test_the_worst_failure_is_the_exit_code(assignment: Assignment) -> None:
    """Credentials outrank what is temporary: a retry would not help."""
    gateway = FakeGateway(erp_1=Temporary(CALL, "slow"), erp_3=AuthExpired(CALL, "renew"))
    assert pull_shops(assignment, gateway) == 77


def test_shops_are_pulled_side_by_side(assignment: Assignment) -> None:
    """They wait for the platform together, not one after another."""
    gateway = FakeGateway()
    pull_shops(assignment, gateway)
    assert gateway.most_at_once == 3
