"""Pulling shops side by side: each lands or fails on its own, and the ledger says which."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from include.errors import ConfigurationError
from include.gateways.dialect import Call
from include.gateways.errors import AuthExpired, Malformed, Misdirected, Refused, Temporary
from include.gateways.tokens import TokenStore
from include.platforms.jushuitan import dialect as jushuitan
from include.pulling import Assignment, Pull, Upsert
from include.pulling.clients import Clients, own_connection
from include.registry import load_registry
from include.registry.platforms import PLATFORMS
from include.units.ledger import Ledger
from include.warehouse import connect
from include.warehouse.tables import erp_orders
from tests.warehouse.test_loading import _order

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from include.gateways.client import GatewayClient
    from include.pulling import Window
    from include.registry import Shop
    from tests.conftest import Sandbox

CALL = Call("/open/orders/single/query", shop=10002, page=3)
FAILURES = [
    (Temporary(CALL, "too many calls"), 75),
    (OperationalError("INSERT", {}, RuntimeError("database is locked")), 75),
    (AuthExpired(CALL, "renew the token"), 77),
    (Refused(CALL, "check the app secret"), 77),
    (ConfigurationError("no such shop"), 78),
    (Misdirected(CALL, "fix path of feed pdd_review"), 78),
    (Malformed(CALL, "field ts is missing"), 1),
    (ZeroDivisionError("a bug"), 1),
]


class Source:
    """Brings each shop two orders, or a failure; counts how many are served at once."""

    def __init__(self, **failures: Exception) -> None:
        self.failures = failures
        self.notice = ""
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    async def fetch(self, _client: GatewayClient, shop: Shop, _window: Window) -> Upsert:
        """Bring a shop's orders."""
        self.asked.append(shop.id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        if error := self.failures.get(shop.id.replace("-", "_")):
            raise error
        rows = [_order(number, shop_id=shop.id) for number in (1, 2)]
        return Upsert(erp_orders, rows, "version", "order_time", "order_day", notice=self.notice)


@pytest.fixture
def assignment(warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Assignment:
    """Return a day of the delivered ERP shops, and an empty warehouse."""
    fields = {"host": "http://127.0.0.1:9", "login": "key", "password": "secret"}
    connection = json.dumps({**fields, "extra": {"access_token": "token"}})
    monkeypatch.setenv("AIRFLOW_CONN_ERP", connection)
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    registry = load_registry()
    job = registry.jobs["erp_store"]
    period = job.schedule.parse_key("2025-10-02")
    shops = tuple(registry.shops_of(job))
    return Assignment(job, period, shops, warehouse_url)


def _pull(assignment: Assignment, source: Source, at_once: int = 4) -> int:
    ledger = Ledger(connect(assignment.warehouse_url))
    clients = Clients(jushuitan.Jushuitan, own_connection, TokenStore(ledger.engine))
    return Pull(assignment, ledger, clients, source.fetch, PLATFORMS["erp"].lag, at_once).run()


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
    assert _pull(assignment, Source(erp_2=error)) == code
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
    assert f"failed ({code}" in printed.out


def test_what_is_worth_knowing_is_kept_and_printed(
    assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ledger has a landing's notice, until the shop is pulled again without one."""
    source = Source()
    source.notice = "2 orders without freight"
    assert _pull(assignment, source) == 0
    assert {row.notice for row in _rows(assignment).values()} == {"2 orders without freight"}
    assert "erp_store erp-1 2025-10-02: 2 orders without freight" in capsys.readouterr().out
    ledger = Ledger(connect(assignment.warehouse_url))
    for row in _rows(assignment).values():
        ledger.reject(row, "pulled again")
    source.notice = ""
    assert _pull(assignment, source) == 0
    assert {row.notice for row in _rows(assignment).values()} == {None}


def test_the_next_run_pulls_what_is_left(assignment: Assignment) -> None:
    """Shops that have landed are not asked for again; when all have, there is nothing to do."""
    Ledger(connect(assignment.warehouse_url)).expect(assignment.units())
    assert _pull(assignment, Source(erp_2=Temporary(CALL, "slow"))) == 75
    source = Source()
    assert _pull(assignment, source) == 0
    assert source.asked == ["erp-2"]
    assert _pull(assignment, source) == 99
    assert _orders(assignment) == {"erp-1": 2, "erp-2": 2, "erp-3": 2}


def test_the_worst_failure_is_the_exit_code(assignment: Assignment) -> None:
    """Credentials outrank what is temporary: a retry would not help."""
    source = Source(erp_1=Temporary(CALL, "slow"), erp_3=AuthExpired(CALL, "renew"))
    assert _pull(assignment, source) == 77


def test_shops_are_pulled_side_by_side(assignment: Assignment) -> None:
    """They wait for the platform together, not one after another."""
    source = Source()
    _pull(assignment, source)
    assert source.most_at_once == 3


def test_no_more_shops_than_allowed_are_pulled_at_once(assignment: Assignment) -> None:
    """The others wait."""
    source = Source()
    _pull(assignment, source, at_once=2)
    assert (source.most_at_once, len(source.asked)) == (2, 3)


def test_progress_and_a_table_are_shown(
    assignment: Assignment, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line as each shop ends, and rows, calls, seconds and state of each at the end."""
    _pull(assignment, Source(erp_2=AuthExpired(CALL, "renew the token")))
    shown = capsys.readouterr().out
    assert "erp_store erp-1 2025-10-02: ok, 2 rows, 0 calls (" in shown
    assert "(3 of 3 shops)" in shown
    header, *lines = [line.split() for line in shown.splitlines() if line.startswith(("┃", "│"))]
    assert [word for word in header if word != "┃"] == ["shop", "rows", "calls", "seconds", "state"]
    assert [line[1] for line in lines] == ["erp-1", "erp-2", "erp-3"]
    assert "failed (77: credentials refused or expired)" in shown


def test_the_calls_of_each_shop_are_counted(
    assignment: Assignment,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where several shops share one client."""
    connection = sandbox.connection
    fields = {"host": connection.base_url, "login": connection.app_key}
    secrets = {
        "password": connection.app_secret,
        "extra": {"access_token": connection.access_token},
    }
    monkeypatch.setenv("AIRFLOW_CONN_ERP", json.dumps({**fields, **secrets}))

    class Asking(Source):
        async def fetch(self, client: GatewayClient, shop: Shop, window: Window) -> Upsert:
            for _ in range(int(shop.id[-1])):
                await client.call(Call(jushuitan.SHOPS))
            return await super().fetch(client, shop, window)

    assert _pull(assignment, Asking()) == 0
    shown = capsys.readouterr().out
    for shop in (1, 2, 3):
        assert f"erp-{shop} 2025-10-02: ok, 2 rows, {shop} calls" in shown


def test_every_line_about_a_shop_has_our_id_of_it(
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Gateways know it by another number: a retry and a failure begin with its unit."""
    monkeypatch.setenv("GATEWAY_ATTEMPTS", "2")
    monkeypatch.setenv("GATEWAY_PAUSE_SECONDS", "0.01")

    class Asking(Source):
        async def fetch(self, client: GatewayClient, shop: Shop, window: Window) -> Upsert:
            await client.call(Call(jushuitan.SHOPS, shop=shop.platform_id))
            return await super().fetch(client, shop, window)

    Ledger(connect(assignment.warehouse_url)).expect(assignment.units())
    assert _pull(assignment, Asking()) == 75
    errors = capsys.readouterr().err
    for shop in assignment.shops:
        begins = f"erp_store {shop.id} 2025-10-02: "
        about = f"shop {shop.platform_id}, {jushuitan.SHOPS}: "
        assert [f"{begins}{about}" in text for text in caplog.messages].count(True) == 1
        assert f"{begins}failed: {about}" in errors
        assert about in _rows(assignment)[shop.id].error


def test_a_shop_that_is_no_longer_there_is_an_error(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the runner asked for and shops.yaml no longer has must not pass for landed."""
    monkeypatch.setenv("JOB_ID", "erp_store")
    monkeypatch.setenv("PERIOD_KEY", "2025-10-02")
    monkeypatch.setenv("WAREHOUSE_URL", assignment.warehouse_url)
    monkeypatch.setenv("SHOPS", "erp-1,erp-9")
    with pytest.raises(ConfigurationError, match="'erp-9' is not an enabled shop"):
        Assignment.from_environment()
    monkeypatch.setenv("SHOPS", "erp-3,erp-1")
    assert [shop.id for shop in Assignment.from_environment().shops] == ["erp-3", "erp-1"]


def test_a_period_that_ended_just_now_is_waited_for(assignment: Assignment) -> None:
    """The platform's lists are whole up to its end when they are asked; that is no failure."""
    began, lag = time.monotonic(), timedelta(seconds=2)

    def clock() -> datetime:
        return assignment.period.end + timedelta(seconds=1 + time.monotonic() - began)

    ledger, source = Ledger(connect(assignment.warehouse_url)), Source()
    clients = Clients(jushuitan.Jushuitan, own_connection, TokenStore(ledger.engine))
    assert Pull(assignment, ledger, clients, source.fetch, lag, clock=clock).run() == 0
    for row in _rows(assignment).values():
        assert row.covered_until >= assignment.period.end
