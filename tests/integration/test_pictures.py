"""The pictures of the page of coverage that docs/ shows; made with --pictures."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert

from include.contracts import Standings
from include.contracts.revisions import write_next
from include.coverage.model import periods_of
from include.coverage.runs import UNDER_WAY
from include.coverage_page.app import PREFIX
from include.coverage_page.dates import since
from include.registry import load_registry
from include.registry.contracts import load_contracts
from include.units.first_seen import first_seen
from include.units.job_units import LONG_AGO
from include.units.unit import NO_SHOP
from include.warehouse import connect
from include.warehouse.tables import contracts, jobs_seen, ledger
from tests.integration.browsing import PHONE, chromium, shown, tab
from tests.integration.installation import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from include.coverage.model import Due
    from include.registry import Job, Registry
    from tests.integration.installation import Service

DAYS_OF_CONTRACTS = 17
FOLDER = Path(__file__).parents[2] / "docs/images"
ERRORS = {
    "erp": (75, "HTTP 503 from /open/orders/single/query, page 4: Service Unavailable"),
    "jd": (77, "授权已过期（代码 19）：请店铺重新授权，然后更新连接 'jd_1'"),
    "pdd": (75, "pdd.refund.list.increment.get: error 70031, 调用过于频繁"),
}
ROWS = {"erp_store": 560, "jd_store": 310, "pdd_quality": 240, "pdd_review": 12}


@pytest.fixture
def month(service: Service) -> None:
    """Write a month as it might have been: a shop that failed, a day that was missed.

    The service's own runs have ended: they would land what is to be seen as failed.
    """
    until(lambda: {"erp_store", "jd_store"} <= {run["dag_id"] for run in service.api.runs()})
    until(lambda: not service.api.runs(state=UNDER_WAY))
    chance = random.Random(7)
    registry = load_registry(service.root)
    now = datetime.now(timezone.utc)
    rows = []
    for job in registry.jobs.values():
        for due in periods_of(job, since(now, 1)[job.period], now):
            shops = [shop.id for shop in registry.shops_of(job)] or [NO_SHOP]
            rows += [_row(job, due, shop, chance) for shop in shops]
    engine = connect(f"sqlite:///{service.layout.warehouse}")
    with engine.begin() as connection:
        connection.execute(delete(ledger))
        connection.execute(delete(jobs_seen))
        connection.execute(insert(ledger), [row for row in rows if row is not None])
    first_seen(engine, registry.jobs, LONG_AGO)
    _complete(engine, registry, service, now)
    engine.dispose()


def _complete(engine: Engine, registry: Registry, service: Service, now: datetime) -> None:
    """Write that the days which are whole in the ledger are complete; there are no rows."""
    standings = Standings(engine, registry)
    with engine.begin() as connection:
        connection.execute(delete(contracts))
        for contract in load_contracts(service.root, registry).by_id.values():
            for days in range(1, DAYS_OF_CONTRACTS):
                period = contract.calendar.containing(now - timedelta(days=days))
                standing = standings.by_ledger(connection, contract, period)
                if standing.complete:
                    write_next(connection, standing, None, None)


def _row(job: Job, due: Due, shop: str, chance: random.Random) -> dict[str, Any] | None:
    age = (datetime.now(timezone.utc) - due.due_at).days
    if job.id == "jd_store" and age in (8, 9):
        return None
    begun = due.due_at.astimezone(timezone.utc) + timedelta(seconds=2)
    failed = (shop, age) in {("jd-1", 0), ("jd-1", 1), ("pdd-3", 5), ("erp-2", 14)}
    rows = max(0, round(chance.gauss(ROWS.get(job.id, 60), ROWS.get(job.id, 60) / 9)))
    state = "failed" if failed and job.platform else "ok"
    if job.id == "pdd_review" and chance.random() < 0.04:
        state, rows = "empty", 0
    code, error = ERRORS.get(job.platform or "", (1, ""))
    return {
        "job_id": job.id,
        "shop_id": shop,
        "period_key": due.period.key,
        "period_start": due.period.start,
        "period_end": due.period.end,
        "state": state,
        "rows": None if state == "failed" or not job.platform else rows,
        "attempts": 3 if state == "failed" else 1,
        "exit_code": code if state == "failed" else 0,
        "error": error if state == "failed" else None,
        "run_id": f"scheduled__{begun:%Y-%m-%dT%H:%M:%S+00:00}__{due.period.key}",
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=chance.randint(4, 140)),
        "heartbeat_at": begun,
    }


@pytest.fixture
def pictures(request: pytest.FixtureRequest) -> Path:
    """Return the folder, when pictures are asked for."""
    if not request.config.getoption("--pictures"):
        pytest.skip("only with --pictures, which writes into docs/")
    FOLDER.mkdir(exist_ok=True)
    return FOLDER


def _make(service: Service, folder: Path) -> Iterator[Path]:
    languages = {"en": ("en-GB", "?open=jd_store"), "zh": ("zh-CN", "?open=jd_store")}
    with chromium() as browser:
        for name, (locale, query) in languages.items():
            for scheme in ("light", "dark"):
                wish: Any = {"locale": locale, "color_scheme": scheme}
                with tab(browser, service, **wish) as page:
                    page.goto(f"{service.ports.url}/plugin/coverage{PREFIX}/{query}")
                    frame = shown(page)
                    failed = frame.locator('tr.shop-row td[data-state="f"]').last
                    failed.hover()
                    frame.locator("#tip .error").wait_for()
                    path = folder / f"coverage-{name}-{scheme}.png"
                    page.screenshot(path=path)
                    yield path
        wish = {"locale": "zh-CN", "viewport": PHONE, "device_scale_factor": 2}
        with tab(browser, service, **wish) as page:
            page.goto(f"{service.ports.url}{PREFIX}/")
            page.locator("html[data-ready]").wait_for()
            path = folder / "coverage-zh-phone.png"
            page.screenshot(path=path)
            yield path


def test_the_documents_show_the_page_as_it_is(
    pictures: Path, service: Service, request: pytest.FixtureRequest
) -> None:
    """In both languages, light and dark, and on a phone."""
    request.getfixturevalue("month")
    assert all(path.stat().st_size > 20_000 for path in _make(service, pictures))
