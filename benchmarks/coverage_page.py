"""What the page of coverage costs: 200 shops, 11 jobs, 90 days.

Run: `.venv/bin/python benchmarks/coverage_page.py [URL]`. Each figure is the median of several
rounds. The warehouse is SQLite in a temporary folder, or an empty database that the URL names. The
browser is Debian's chromium, and gets the answers from memory: what counts is what it does itself.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Route, sync_playwright  # noqa: E402
from sqlalchemy import insert  # noqa: E402

from include.coverage import read_coverage  # noqa: E402
from include.coverage.contract_periods import read_periods  # noqa: E402
from include.coverage.model import periods_of  # noqa: E402
from include.coverage_page import contract_routes, responses  # noqa: E402
from include.coverage_page.dates import column_of, since  # noqa: E402
from include.registry import Registry, Shop, load_registry  # noqa: E402
from include.registry.contracts import Contract, load_contracts  # noqa: E402
from include.units.first_seen import first_seen  # noqa: E402
from include.units.job_units import LONG_AGO  # noqa: E402
from include.units.unit import NO_SHOP  # noqa: E402
from include.warehouse import connect  # noqa: E402
from include.warehouse.migrating import migrate  # noqa: E402
from include.warehouse.tables import ledger  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

SHOPS, SPAN, ROUNDS = 200, 3, 7
JOB = "pdd_quality"
ORIGIN = "http://page.example"


def registry() -> Registry:
    """Return the delivered jobs with many shops on each platform."""
    delivered = load_registry(ROOT)
    shops = {}
    for platform in ("erp", "jd", "pdd"):
        for number in range(1, SHOPS + 1):
            said = {"id": f"{platform}-{number}", "platform": platform, "name": f"店铺{number}"}
            shop = Shop.model_validate({**said, "connection": platform, "platform_id": str(number)})
            shops[shop.id] = shop
    return Registry(delivered.jobs, [], shops)


def fill(engine: Engine, project: Registry, now: datetime) -> int:
    """Land nearly everything; one unit in a hundred failed, one was missed."""
    count = 0
    first_seen(engine, project.jobs, LONG_AGO)
    for job in project.jobs.values():
        rows = []
        for due in periods_of(job, since(now, SPAN)[job.period], now):
            shops = [shop.id for shop in project.shops_of(job)] or [NO_SHOP]
            for place, shop in enumerate(shops):
                luck = (place * 31 + due.period.start.toordinal() * 7) % 100
                if luck == 0:
                    continue
                rows.append(_row(job.id, shop, due.period, failed=luck == 1))
        with engine.begin() as connection:
            connection.execute(insert(ledger), rows)
        count += len(rows)
    return count


def _row(job: str, shop: str, period: Any, *, failed: bool) -> dict[str, Any]:
    begun = period.end.astimezone(timezone.utc) + timedelta(hours=8)
    return {
        "job_id": job,
        "shop_id": shop,
        "period_key": period.key,
        "period_start": period.start,
        "period_end": period.end,
        "state": "failed" if failed else "ok",
        "rows": None if failed else 100,
        "attempts": 1,
        "exit_code": 75 if failed else 0,
        "error": "HTTP 503" if failed else None,
        "run_id": f"scheduled__{period.key}",
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=9),
        "heartbeat_at": begun,
    }


def milliseconds(act: Callable[[], Any]) -> float:
    """Return the median time of several rounds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def told(engine: Engine, project: Registry, now: datetime) -> bytes:
    """Make the answer that the whole page is drawn from."""
    coverage = read_coverage(engine, project, since(now, SPAN), now=now)
    matrix = responses.matrix(coverage, project, project.jobs.keys(), project.jobs.keys())
    return json.dumps(matrix, ensure_ascii=False, separators=(",", ":")).encode()


def told_shops(engine: Engine, project: Registry, now: datetime) -> bytes:
    """Make the answer that an opened row is drawn from."""
    coverage = read_coverage(engine, project, since(now, SPAN), now=now, jobs=[JOB], in_full=True)
    job = project.jobs[JOB]
    axis = sorted({column_of(job, cell.period) for cell in coverage.cells})
    shops = responses.shops(coverage, project, job, axis)
    return json.dumps(shops, ensure_ascii=False, separators=(",", ":")).encode()


def told_contracts(engine: Engine, project: Registry, contracts: list[Contract]) -> bytes:
    """Make the answer that the contracts are drawn from."""
    periods = read_periods(engine, project, contracts, contract_routes.SHOWN)
    groups = {"groups": contract_routes.groups(contracts, periods), "problems": []}
    return json.dumps(groups, ensure_ascii=False, separators=(",", ":")).encode()


def painted(matrix: bytes, shops: bytes, contracts: bytes) -> tuple[float, float]:
    """Return how long the browser takes to show all jobs, and the shops of one more."""

    def answer(route: Route) -> None:
        path = route.request.url.partition("?")[0].removeprefix(f"{ORIGIN}/coverage/")
        if path.startswith("data/"):
            known = {"shops": shops, "contracts": contracts}
            body = known.get(path.rpartition("/")[2], matrix)
            route.fulfill(body=body, content_type="application/json")
        else:
            name = path.removeprefix("files/") or "index.html"
            route.fulfill(path=ROOT / "include/coverage_page/static" / name)

    whole, opened = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for _ in range(ROUNDS):
            page = browser.new_page()
            page.route("**/*", answer)
            page.goto(f"{ORIGIN}/coverage/?span=3")
            page.locator("html[data-ready]").wait_for()
            whole.append(page.evaluate("performance.now()"))
            opened.append(
                page.evaluate(
                    """async job => {
                        const start = performance.now();
                        document.querySelector(`tr[data-key="job:${job}"] .toggle`).click();
                        while (!document.querySelector(`tr[data-key^="shop:${job}:"]`)) {
                            await new Promise(requestAnimationFrame);
                        }
                        await new Promise(requestAnimationFrame);
                        await new Promise(requestAnimationFrame);
                        return performance.now() - start;
                    }""",
                    JOB,
                )
            )
            page.close()
        browser.close()
    return statistics.median(whole), statistics.median(opened)


def main() -> None:
    """Print the figures."""
    project, now = registry(), datetime.now(timezone.utc)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        engine = connect(sys.argv[1] if sys.argv[1:] else f"sqlite:///{folder}/warehouse.db")
        migrate(engine)
        print(f"{fill(engine, project, now):,} rows in the ledger")
        matrix, shops = told(engine, project, now), told_shops(engine, project, now)
        print(f"all jobs: {milliseconds(lambda: told(engine, project, now)):.0f} ms", end=", ")
        print(f"{len(matrix) / 1000:.0f} kB")
        print(
            f"shops of a job: {milliseconds(lambda: told_shops(engine, project, now)):.0f} ms",
            end=", ",
        )
        print(f"{len(shops) / 1000:.0f} kB")
        delivered = list(load_contracts(ROOT, project).by_id.values())
        month = delivered[0].model_copy(update={"id": "store_month", "period": "month"})
        for contracts in (delivered, [*delivered, month]):
            complete = told_contracts(engine, project, contracts)
            took = milliseconds(lambda asked=contracts: told_contracts(engine, project, asked))
            named = ", ".join(one.id for one in contracts)
            print(f"contracts ({named}): {took:.0f} ms, {len(complete) / 1000:.0f} kB")
        engine.dispose()
    whole, opened = painted(matrix, shops, complete)
    print(f"painted: {whole:.0f} ms, a row of {SHOPS} shops: {opened:.0f} ms")


if __name__ == "__main__":
    main()
