"""What it costs to land rows with the ledger, held against a plain insert and against dlt.

Run: `.venv/bin/python benchmarks/load.py`. Into SQLite files of this machine, side by side:

- plain: SQLAlchemy's `insert` of all rows (executemany) in one transaction. It keeps no ledger, and
  fails when a row is there already.
- upsert: what a pull of orders or refunds commits: by primary key, the newest version of each row,
  and the unit's row of the ledger. A first load, the same rows again, and the same rows changed.
- replace: what a pull of a feed commits: a shop's day in the place of what was there, and the
  ledger. A first load, and the same again.
- dlt: its merge of the same rows by the same key, in an environment of its own that is made in a
  temporary folder of `requirements-dlt.txt`; where it cannot be made, this part is left out.

In a round all take turns, each in a new file; figures are medians of the rounds, and what counts
are the ratios of each round. A first load must reach 0.8 of the plain insert; of few rows the
ledger's own statement (half a millisecond) is a larger part, so that 200 are shown, not judged.
"""

from __future__ import annotations

import gc
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from refund_rows import MIDNIGHT, refunds, reviews

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from sqlalchemy import insert, select  # noqa: E402 - found by the line above

from include.periods import Period  # noqa: E402
from include.units.ledger import Ledger  # noqa: E402
from include.units.unit import Unit  # noqa: E402
from include.warehouse import connect, replace, upsert  # noqa: E402
from include.warehouse.migrating import migrate  # noqa: E402
from include.warehouse.tables import pdd_refunds, pdd_reviews  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

ROUNDS = {200: 41, 2_000: 21, 20_000: 7}
ROUNDS_OF_DLT = {2_000: 3, 20_000: 2}
LEAST, LEAST_FROM = 0.8, 2_000
# In each round the first has landed before, in the same way, as in a run of several.
SHOPS = ("pdd-1", "pdd-2")
DAY = {"business_day": MIDNIGHT.date()}


class Files:
    """New warehouses, each a copy of one in which another shop has landed."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        self._file = folder / "warehouse.db"
        engine = connect(f"sqlite:///{self._template}")
        migrate(engine)
        with engine.begin() as connection:
            connection.execute(insert(pdd_refunds), refunds(1_000, shop="pdd-3"))
        engine.dispose()

    def new(self) -> Engine:
        """Return an open one in which the units are running, so that it has been written to."""
        for rest in self._file.parent.glob(f"{self._file.name}*"):
            rest.unlink()
        shutil.copyfile(self._template, self._file)
        engine = connect(f"sqlite:///{self._file}")
        ledger_of(engine).expect(map(unit, SHOPS))
        ledger_of(engine).begin(map(unit, SHOPS))
        return engine


def unit(shop: str) -> Unit:
    """Return a shop's unit of the day whose rows are loaded."""
    start = MIDNIGHT.replace(tzinfo=timezone(timedelta(hours=8)))
    day = Period(start.date().isoformat(), start, start + timedelta(days=1))
    return Unit("pdd_quality", shop, day)


def ledger_of(engine: Engine) -> Ledger:
    """Return the ledger, for one run."""
    return Ledger(engine, "benchmark")


def timed(work: Callable[[], None]) -> float:
    """Time one go, in seconds."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def plainly(engine: Engine, table: Any, rows: list[dict[str, Any]]) -> float:
    """Insert rows in one transaction."""

    def work() -> None:
        with engine.begin() as connection:
            connection.execute(insert(table), rows)

    return timed(work)


def with_ledger(engine: Engine, shop: str, put: Callable[[Any], int]) -> float:
    """Land a unit as a pull does: data and ledger in one transaction."""

    def work() -> None:
        with engine.begin() as connection:
            ledger_of(engine).land(connection, unit(shop), put(connection))

    return timed(work)


def upserted(engine: Engine, rows: list[dict[str, Any]]) -> float:
    """Land a shop's refunds by key and version."""

    def put(connection: Any) -> int:
        return upsert(connection, pdd_refunds, rows, version="updated_time")

    return with_ledger(engine, rows[0]["shop_id"], put)


def replaced(engine: Engine, shop: str, rows: list[dict[str, Any]]) -> float:
    """Land a shop's reviews of a day."""

    def put(connection: Any) -> int:
        return replace(connection, pdd_reviews, rows, {"shop_id": shop, **DAY})

    return with_ledger(engine, shop, put)


def round_of_refunds(count: int, files: Files) -> dict[str, float]:
    """Load once in each way with plain insert and upsert; return the seconds."""
    first, other = SHOPS
    few, rows, newer = refunds(10, first), refunds(count, other), refunds(count, other, changed=1)
    engine, seconds = files.new(), {}
    plainly(engine, pdd_refunds, few)
    seconds["insert refunds"] = plainly(engine, pdd_refunds, rows)
    engine.dispose()
    engine = files.new()
    upserted(engine, few)
    seconds["upsert, first"] = upserted(engine, rows)
    seconds["upsert, again"] = upserted(engine, rows)
    seconds["upsert, changed"] = upserted(engine, newer)
    assert there(engine, other) == newer
    engine.dispose()
    return seconds


def round_of_reviews(count: int, files: Files) -> dict[str, float]:
    """Load once in each way with plain insert and replacement; return the seconds."""
    first, other = SHOPS
    few, rows = reviews(10), reviews(count)
    engine, seconds = files.new(), {}
    plainly(engine, pdd_reviews, [{**row, **DAY, "shop_id": first} for row in few])
    whole = [{**row, **DAY, "shop_id": other} for row in rows]
    seconds["insert reviews"] = plainly(engine, pdd_reviews, whole)
    engine.dispose()
    engine = files.new()
    replaced(engine, first, few)
    seconds["replace, first"] = replaced(engine, other, rows)
    seconds["replace, again"] = replaced(engine, other, rows)
    engine.dispose()
    return seconds


def one_round(count: int, files: Files) -> dict[str, float]:
    """Load with all but dlt; return the seconds."""
    return round_of_refunds(count, files) | round_of_reviews(count, files)


def there(engine: Engine, shop: str) -> list[dict[str, Any]]:
    """Read what the loads have left."""
    query = select(pdd_refunds).where(pdd_refunds.c.shop_id == shop)
    with engine.connect() as connection:
        found = connection.execute(query.order_by(pdd_refunds.c.refund_id)).mappings()
        return [dict(row) for row in found]


def start_dlt(folder: Path) -> subprocess.Popen[str] | None:
    """Make the environment of dlt and start the program in it; None when that cannot be done."""
    python = folder / "environment/bin/python"
    print("making the environment of dlt ...", flush=True)
    install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    locked = ["--require-hashes", "-r", HERE / "requirements-dlt.txt"]
    try:
        venv.create(folder / "environment", with_pip=True)
        subprocess.run([*install, *locked], check=True, capture_output=True, text=True)
    except (subprocess.CalledProcessError, OSError) as error:
        said = getattr(error, "stderr", "") or str(error)
        print(f"dlt is left out, since it cannot be installed: {said.strip().splitlines()[-1]}")
        return None
    return subprocess.Popen(
        [python, HERE / "load_by_dlt.py", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def round_of_dlt(count: int, dlt: subprocess.Popen[str]) -> dict[str, float]:
    """Load once in each way with dlt; return the seconds."""
    seconds = {}
    for case in ("first", "again", "changed"):
        _pipe(dlt.stdin).write(f"{case} {count}\n")
        _pipe(dlt.stdin).flush()
        seconds[f"dlt, {case}"] = float(_pipe(dlt.stdout).readline())
    return seconds


def _pipe(end: TextIO | None) -> TextIO:
    assert end is not None
    return end


def show(count: int, rounds: list[dict[str, float]]) -> dict[str, float]:
    """Print the medians of one size; returns the ratios to the plain insert of the same round."""
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for one in rounds:
        for what, taken in one.items():
            plain = one["insert reviews" if what.startswith("replace") else "insert refunds"]
            seconds[what].append(taken)
            ratios[what].append(plain / taken)
    for what, taken in seconds.items():
        speed = count / statistics.median(taken)
        held = (
            "" if what.startswith("insert") else f"   ratio {statistics.median(ratios[what]):.3f}"
        )
        print(f"{count:6} rows  {what:16} {speed:9,.0f} rows/s{held}")
        if what.startswith("dlt"):
            ours = what.replace("dlt", "upsert")
            times = statistics.median(one[what] / one[ours] for one in rounds if what in one)
            print(f"{'':12} {ours} is {times:.1f} times as fast")
    return {what: statistics.median(found) for what, found in ratios.items()}


def main() -> int:
    """Measure all sizes; returns 1 when a first load is below its limit."""
    print(f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}")
    missed = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        dlt = start_dlt(Path(scratch)) if "--no-dlt" not in sys.argv else None
        files = Files(Path(scratch))
        for count, rounds in ROUNDS.items():
            found = [one_round(count, files) for _ in range(rounds + 1)][1:]
            for number in range(ROUNDS_OF_DLT.get(count, 0) if dlt else 0):
                assert dlt is not None
                found[number] |= one_round(count, files) | round_of_dlt(count, dlt)
            ratios = show(count, found)
            firsts = [(what, ratios[what]) for what in ("upsert, first", "replace, first")]
            missed += [(count, *one) for one in firsts if one[1] < LEAST and count >= LEAST_FROM]
        if dlt:
            _pipe(dlt.stdin).close()
            dlt.wait()
    for count, what, ratio in missed:
        print(f"below the limit: {what}, {count} rows: {ratio:.3f} < {LEAST}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
