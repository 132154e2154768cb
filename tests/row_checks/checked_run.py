"""A job with checks, and what it has landed in a real warehouse."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, insert

from include.periods import Schedule
from include.registry import Registry, load_registry
from include.row_checks import judge
from include.units.ledger import Ledger
from include.units.unit import NO_SHOP, LedgerRow, Unit
from include.warehouse.tables import erp_orders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEY = "2025-10-02"
SHOPS = ("erp-1", "erp-2", "erp-3")
COLUMNS = {
    "table": "erp_orders",
    "day": "modified_time",
    "columns": {"paid_amount": {"min": {"geq_to": 0}}, "pay_time": {"null_check": {"leq_to": 1}}},
}


class CheckedRun:
    """A job with the checks of a test, on a warehouse of its own."""

    def __init__(self, root: Path, engine: Engine) -> None:
        self.root = root
        self.engine = engine
        self.ledger = Ledger(engine)
        self.schedule = Schedule("0 6 * * *", "day")
        (root / "config/tasks").mkdir(parents=True)
        (root / "include/scripts").mkdir(parents=True)
        (root / "include/scripts/own.py").touch()
        self.write_shops(*SHOPS)

    def write_shops(self, *shops: str, **more: Any) -> None:
        """Set which shops there are."""
        fields = {"platform": "erp", "connection": "e"}
        listed = [
            {"id": shop, "name": shop, "platform_id": number, **fields}
            for number, shop in enumerate(shops, start=1)
        ]
        path = self.root / "config/shops.yaml"
        path.write_text(json.dumps({"shops": [shop | more for shop in listed]}), "utf-8")

    def registry(self, checks: dict[str, Any], **keys: Any) -> Registry:
        """Return a registry with the one job."""
        entry = {"id": "own", "name": "x", "cron": "0 6 * * *", "script": "own.py"}
        entry |= {"platform": "erp", "checks": checks, **keys}
        path = self.root / "config/tasks/own.yaml"
        path.write_text(json.dumps({"tasks": [{k: v for k, v in entry.items() if v}]}), "utf-8")
        registry = load_registry(self.root)
        assert not registry.problems, registry.problems
        self.schedule = registry.jobs["own"].schedule
        return registry

    def judge(
        self,
        checks: dict[str, Any],
        *keys: str,
        shops: Sequence[str] = SHOPS,
        **entry: Any,
    ) -> str:
        """Judge what periods have landed; returns the lines of all that is wrong."""
        (job,) = self.registry(checks, **entry).jobs.values()
        ids = shops if job.platform else [NO_SHOP]
        units = [self.unit(shop, key) for key in keys or [KEY] for shop in ids]
        assert job.checks is not None
        return "\n".join(line for _, line in judge(self.ledger, job.checks, units).lines())

    def unit(self, shop: str, key: str = KEY) -> Unit:
        """Return a unit of the job."""
        return Unit("own", shop, self.schedule.parse_key(key))

    def land(self, rows: int, *shops: str, key: str = KEY) -> None:
        """Write down that shops have landed so many rows."""
        with self.engine.begin() as connection:
            for shop in shops or SHOPS:
                self.ledger.land(connection, self.unit(shop, key), rows)

    def order(self, shop: str, number: int, **values: Any) -> None:
        """Put an order of the day into the table."""
        moment = values.pop("at", datetime(2025, 10, 2, 23, 59, 59))
        row = {
            "shop_id": shop,
            "order_id": number,
            "status": "Sent",
            "order_time": moment,
            "order_day": moment.date(),
            "pay_time": moment,
            "pay_amount": Decimal(5),
            "paid_amount": Decimal(5),
            "freight": Decimal(0),
            "item_count": 1,
            "modified_time": moment,
            "version": 1,
        }
        with self.engine.begin() as connection:
            connection.execute(insert(erp_orders).values(row | values))

    def states(self, key: str = KEY) -> dict[str, str]:
        """Return the ledger's states by shop."""
        return {row.shop_id: row.state for row in self.ledger.rows("own", key)}

    def row(self, shop: str, key: str = KEY) -> LedgerRow:
        """Return a row of the ledger."""
        return next(row for row in self.ledger.rows("own", key) if row.shop_id == shop)

    def journal(self) -> str:
        """Return what the journal says, without the moments."""
        text = (self.root / "var/logs/scheduler.log").read_text("utf-8")
        return re.sub(r"^\d{4}-\d\d-\d\d \S+ ", "", text, flags=re.MULTILINE)
