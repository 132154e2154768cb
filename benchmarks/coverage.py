"""What it costs to know the state of every unit, against a bare SELECT of the ledger's rows.

Run: `.venv/bin/python benchmarks/coverage.py`. 200 shops, 11 jobs that all pull all of them every
day, 90 days: 198,000 rows, in a ledger that holds 180 days; one in a thousand has not landed. On
SQLite, and on PostgreSQL where a server is installed, side by side in each round:

- rows: what the database driver needs to hand over job, shop, period, state and rows of each row,
  as tuples, with nothing made of them. It is what anything that looks at each row must pay.
- coverage: `read_coverage`, in brief: what the matrix of the page and `gaps` are made of. The
  periods that were due, who was expected, what landed, and every gap with its reason.
- in full, one job: what a row of the page that is opened to its shops is made of.

Figures are medians of the rounds; what counts are the ratios of each round. Coverage must take no
longer than the bare rows do, and the page's data less than 300 ms on a machine that is not busy.
The whole command `gaps`, Python's start included, is measured last: it has a second.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from sqlalchemy import insert, text  # noqa: E402 - found by the line above

from include.coverage import read_coverage, units_of  # noqa: E402
from include.registry import load_registry  # noqa: E402
from include.warehouse import connect  # noqa: E402
from include.warehouse.migrating import migrate  # noqa: E402
from include.warehouse.tables import ledger  # noqa: E402
from tests.coverage.registries import row  # noqa: E402
from tests.database_servers import serve  # noqa: E402
from tests.manager.covered import Installation, install  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from include.registry import Registry

ROUNDS, COMMANDS = 9, 5
JOBS, SHOPS, DAYS, KEPT = 11, 200, 90, 180
SHANGHAI = ZoneInfo("Asia/Shanghai")
BATCH = 20_000
NOT_LANDED = 1_000  # one in so many
LONGEST_MS, LONGEST_SECONDS, LONGEST_RATIO = 300, 1.0, 1.0
ROWS = "SELECT job_id, shop_id, period_key, state, rows FROM ledger WHERE period_end > "
COMMAND = """
import sys
from argparse import Namespace
from pathlib import Path
from manager.commands.gaps import gaps
from manager.layout import Layout
root = Path(sys.argv[1])
said = dict(job=None, shop=None, since=None, waived=False, json=False)
gaps(Layout(root, root / "var"), Namespace(**said))
"""


def installed(folder: Path) -> Installation:
    """Make an installation whose registry has the jobs and shops."""
    entry = "  - {{id: job_{0}, name: 任务{0}, cron: '{0} 1 * * *', platform: erp, {1}}}\n"
    shop = "  - {{id: erp-{0}, name: 店{0}, platform: erp, connection: erp, platform_id: {0}}}\n"
    script = "script: erp/erp_store.py, start: 2025-01-01"
    tasks = "".join(entry.format(number, script) for number in range(JOBS))
    shops = "".join(shop.format(number) for number in range(1, SHOPS + 1))
    return install(folder, f"tasks:\n{tasks}", f"shops:\n{shops}", {})


def fill(engine: Engine, registry: Registry, now: datetime) -> None:
    """Write the ledger, day by day as it comes to be."""
    units = units_of(registry, [], now, now - timedelta(days=KEPT))
    units.sort(key=lambda unit: (unit.period.start, unit.job_id))
    for first in range(0, len(units), BATCH):
        rows = [
            vars(row(unit.job_id, unit.shop_id, unit.period, state_of(first + place)))
            for place, unit in enumerate(units[first : first + BATCH])
        ]
        with engine.begin() as connection:
            connection.execute(insert(ledger), rows)
    if engine.dialect.name == "postgresql":  # as its own housekeeping does by itself
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE ledger"))


def state_of(number: int) -> str:
    """Make a few fail."""
    return "ok" if number % NOT_LANDED else "failed"


def timed(work: Callable[[], Any]) -> float:
    """Time one go, in milliseconds."""
    gc.collect()
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1_000


def one_round(engine: Engine, registry: Registry, now: datetime) -> dict[str, float]:
    """Run all in turn; return the milliseconds."""
    since = now - timedelta(days=DAYS)
    mark = "?" if engine.dialect.name == "sqlite" else "%s"

    def rows() -> None:
        raw = engine.raw_connection()
        cursor = raw.cursor()
        cursor.execute(ROWS + mark, (f"{since.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}",))
        assert len(cursor.fetchall()) == JOBS * SHOPS * DAYS
        raw.close()

    def brief() -> None:
        found = read_coverage(engine, registry, since, now=now)
        assert len(found.gaps()) == JOBS * SHOPS * DAYS // NOT_LANDED

    def full() -> None:
        found = read_coverage(engine, registry, since, now=now, jobs=["job_1"], in_full=True)
        assert len([*found.units()]) == SHOPS * DAYS

    return {"rows": timed(rows), "coverage": timed(brief), "in full, one job": timed(full)}


def measure(engine: Engine, registry: Registry, now: datetime) -> bool:
    """Print the medians on one database; returns whether they are within the limits."""
    rounds = [one_round(engine, registry, now) for _ in range(ROUNDS)]
    medians: defaultdict[str, float] = defaultdict(float)
    for name in rounds[0]:
        medians[name] = statistics.median(one[name] for one in rounds)
        ratio = statistics.median(one[name] / one["rows"] for one in rounds)
        print(f"  {name:<18} {medians[name]:>7.0f} ms   {ratio:5.2f} of the bare rows")
    ratio = statistics.median(one["coverage"] / one["rows"] for one in rounds)
    return ratio <= LONGEST_RATIO and medians["coverage"] <= LONGEST_MS


def measure_command(folder: Path) -> bool:
    """Print how long `gaps` takes as a whole."""
    seconds = []
    for _ in range(COMMANDS):
        command = [sys.executable, "-c", COMMAND, str(folder / "checkout")]
        done: list[subprocess.CompletedProcess[bytes]] = []
        took = timed(
            lambda command=command, done=done: done.append(
                subprocess.run(command, cwd=HERE.parent, capture_output=True, check=True)
            )
        )
        assert b"gaps in 11 jobs" in done[0].stdout
        seconds.append(took / 1_000)
    print(f"`gaps`, all of it: {statistics.median(seconds):.2f} s (limit {LONGEST_SECONDS} s)")
    return statistics.median(seconds) <= LONGEST_SECONDS


@contextmanager
def databases(sqlite: Path) -> Iterator[dict[str, str]]:
    """Return the URLs of the databases that there are; PostgreSQL's is empty."""
    with ExitStack() as stack:
        urls = {"SQLite": f"sqlite:///{sqlite}"}
        try:
            urls["PostgreSQL"] = stack.enter_context(serve("postgresql")).create_database()
        except BaseException as error:  # noqa: BLE001 - pytest's own, too, where there is no server
            print(f"PostgreSQL is left out: {error}")
        yield urls


def main() -> int:
    """Measure; returns 1 when something takes too long."""
    # Noon where the shops are: yesterday is due, and today has not ended.
    now = datetime.now(SHANGHAI).replace(hour=12)
    good = True
    with tempfile.TemporaryDirectory() as name:
        made = installed(Path(name))
        registry = load_registry(made.layout.root)
        with databases(made.layout.warehouse) as urls:
            for kind, url in urls.items():
                engine = connect(url)
                migrate(engine)
                fill(engine, registry, now)
                print(f"{kind}, {JOBS * SHOPS * DAYS:,} of {JOBS * SHOPS * KEPT:,} rows")
                good &= measure(engine, registry, now)
                engine.dispose()
        good &= measure_command(Path(name))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
