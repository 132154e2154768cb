"""A unit that lands again: its revision rises when its rows are others, and only then."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.tokens import TokenStore
from include.platforms.jushuitan.dialect import Jushuitan
from include.pulling import Assignment, Pull, Upsert
from include.pulling.clients import Clients, own_connection
from include.registry import load_registry
from include.registry.platforms import PLATFORMS
from include.units.ledger import Ledger
from include.warehouse import connect
from include.warehouse.tables import erp_orders
from tests.warehouse.test_loading import _order

if TYPE_CHECKING:
    from pathlib import Path

    from include.gateways.client import GatewayClient
    from include.pulling import Window
    from include.registry import Shop
    from include.units.unit import LedgerRow

pytestmark = pytest.mark.every_warehouse

DAY = "2025-10-02"


class Runs:
    """Runs that land the orders that they are given, each as the unit's first attempt or again."""

    def __init__(self, url: str) -> None:
        registry = load_registry()
        job = registry.jobs["erp_store"]
        shop = registry.shops["erp-1"]
        self.assignment = Assignment(job, job.schedule.parse_key(DAY), (shop,), url)
        self.ledger = Ledger(connect(url))

    def land(self, *orders: dict[str, Any]) -> LedgerRow:
        """Land them, and return the unit's row."""

        async def fetch(_client: GatewayClient, _shop: Shop, _window: Window) -> Upsert:
            return Upsert(erp_orders, orders, "version", "order_time", "order_day")

        self.ledger.expect(self.assignment.units())
        self.ledger.begin(self.assignment.units())
        clients = Clients(Jushuitan, own_connection, TokenStore(self.ledger.engine))
        assert Pull(self.assignment, self.ledger, clients, fetch, PLATFORMS["erp"].lag).run() == 0
        return self.ledger.rows("erp_store", DAY)[0]


@pytest.fixture
def runs(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """Return runs into an empty warehouse."""
    fields = '{"host": "http://127.0.0.1:9", "login": "key", "password": "s"}'
    monkeypatch.setenv("AIRFLOW_CONN_ERP", fields[:-1] + ', "extra": {"access_token": "t"}}')
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    return Runs(warehouse_url)


def _drift(row: LedgerRow) -> tuple[int | None, int | None, int | None]:
    return row.revision, row.rows_before, row.rows_changed


def test_equal_rows_keep_the_revision(runs: Runs, tmp_path: Path) -> None:
    """However often they land; the journal has nothing of it."""
    assert _drift(runs.land(_order(1), _order(2))) == (1, None, None)
    row = runs.land(_order(2), _order(1))
    assert (*_drift(row), row.attempts, row.restated_at) == (1, None, None, 2, None)
    assert not (tmp_path / "logs/scheduler.log").exists()


def test_other_rows_raise_it_and_are_said(runs: Runs, tmp_path: Path) -> None:
    """One that differs and one that is new; then the ledger has how many there were."""
    runs.land(_order(1), _order(2))
    more = _order(2, version=2, paid_amount=Decimal("9.90"))
    row = runs.land(_order(1), more, _order(3))
    assert (*_drift(row), row.rows) == (2, 2, 2, 3)
    assert row.restated_at is not None
    journal = (tmp_path / "logs/scheduler.log").read_text("utf-8")
    assert f"erp_store {DAY} has other rows than before:" in journal
    assert "erp_orders 2 -> 3 rows (+1), 2 changed" in journal
    assert _drift(runs.land(_order(1), more, _order(3))) == (2, 2, 2)


def test_rows_of_another_day_are_not_its_own(runs: Runs) -> None:
    """An order of the day before that changed on this one is landed, and is no drift of it."""
    runs.land(_order(1))
    other = _order(7)
    other |= {name: other[name].replace(day=1) for name in ("order_time", "order_day")}
    assert _drift(runs.land(_order(1), other)) == (1, None, None)
