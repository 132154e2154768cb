"""A project with a contract over three jobs, and the warehouse in which they land."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from sqlalchemy import select

from include.contracts import Revision, Standing, Standings, completed
from include.registry import load_registry
from include.registry.contracts import CONTRACTS_FILE, load_contracts
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.units.waivers import waive
from include.warehouse import connect
from include.warehouse.tables import contracts

if TYPE_CHECKING:
    from pathlib import Path

    from include.periods import Period
    from include.registry import Job
    from include.registry.contracts import Contract

SHOPS = {"orders": ("o-1", "o-2"), "refunds": ("r-1", "r-2"), "chats": ("c-1",)}
PLATFORMS = {"orders": "erp", "refunds": "pdd", "chats": "jd"}
KEY = "2025-10-02"
DAY: dict[str, Any] = {"id": "day", "name": "日", "jobs": list(SHOPS)}


class Contracted:
    """The project, in a folder, and the ledger of a warehouse."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self.ledger = Ledger(connect(url))
        self.engine = self.ledger.engine
        (root / "config/tasks").mkdir(parents=True)
        (root / "include/scripts").mkdir(parents=True)
        (root / "include/scripts/good.py").write_text("print('PERIOD_KEY')\n", "utf-8")
        self.jobs: dict[str, dict[str, Any]] = {
            job_id: {
                "id": job_id,
                "name": job_id,
                "cron": f"0 {7 + place} * * *",
                "script": "good.py",
                "platform": PLATFORMS[job_id],
                "start": "2025-01-01",
            }
            for place, job_id in enumerate(SHOPS)
        }
        self.shops: dict[str, dict[str, Any]] = {
            shop: {
                "id": shop,
                "platform": PLATFORMS[job_id],
                "name": f"店{shop}",
                "connection": PLATFORMS[job_id],
                "platform_id": str(1000 + place),
            }
            for job_id, shops in SHOPS.items()
            for place, shop in enumerate(shops)
        }
        self.write(DAY)

    def write(self, *contract: dict[str, Any]) -> None:
        """Write config/ as it is meant to be now; other contracts where some are given."""
        self._dump("config/tasks/tasks.yaml", {"tasks": [*self.jobs.values()]})
        self._dump("config/shops.yaml", {"shops": [*self.shops.values()]})
        if contract:
            self._dump(CONTRACTS_FILE, {"contracts": list(contract)})

    def job(self, job_id: str) -> Job:
        """Return a job."""
        return load_registry(self.root).jobs[job_id]

    def unit(self, job_id: str, shop: str, key: str = KEY) -> Unit:
        """Return a unit."""
        return Unit(job_id, shop, self.job(job_id).schedule.parse_key(key))

    def land(self, job_id: str, shop: str, rows: int = 5, key: str = KEY, **known: Any) -> None:
        """Land a unit, as its script does, and judge nothing."""
        unit = self.unit(job_id, shop, key)
        with self.engine.begin() as connection:
            self.ledger.land(connection, unit, rows, **known)

    def land_all(self, key: str = KEY, *, but: tuple[str, ...] = ()) -> None:
        """Land all units of a period, but those of some shops."""
        for job_id, shops in SHOPS.items():
            for shop in shops:
                if shop not in but:
                    self.land(job_id, shop, key=key)

    def waive(self, job_id: str, shop: str, key: str = KEY) -> None:
        """Accept that a unit is missing."""
        waive(self.engine, [self.unit(job_id, shop, key)], "closed", "lin")

    def completed(self, *, lately: bool = False, **more: Any) -> list[Revision]:
        """Write down what is complete; of the period unless told otherwise."""
        more = {"job_id": "orders", "periods": [self.unit("orders", "o-1").period], **more}
        return completed(self.engine, self.root, lately=lately, **more)

    def contract(self) -> Contract:
        """Return the first contract."""
        found = load_contracts(self.root, load_registry(self.root))
        assert found.problems == []
        return next(iter(found.by_id.values()))

    def period(self, key: str = KEY) -> Period:
        """Return a period of the first contract."""
        return self.contract().calendar.parse_key(key)

    def standing(self, key: str = KEY) -> Standing:
        """Return how a period stands."""
        standings = Standings(self.engine, load_registry(self.root))
        return standings.of(self.contract(), self.period(key))

    def written(self) -> list[tuple[str, str, int, int]]:
        """Return contract, period, revision and units of all that is written."""
        key = contracts.c.contract_id, contracts.c.period_key, contracts.c.revision
        with self.engine.connect() as connection:
            query = select(*key, contracts.c.units).order_by(*key)
            return [(*row,) for row in connection.execute(query)]

    def _dump(self, file: str, content: Any) -> None:
        (self.root / file).write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
