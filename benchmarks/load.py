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
are the ratios of each round. A first load must reach 0.8 of the plain insert.
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

from sqlalchemy import func, insert, select  # noqa: E402 - found by the line above

from include.ledger import Ledger, Unit  # noqa: E402
from include.periods import Period  # noqa: E402
from include.warehouse import connect, replace, upsert  # noqa: E402
from include.warehouse.migrating import migrate  # noqa: E402
from include.warehouse.tables import pdd_refunds, pdd_reviews  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

ROUNDS = {200: 41, 2_000: 21, 20_000: 7}
ROUNDS_OF_DLT = {2_000: 3, 20_000: 2}
LEAST = 0.8
SHOP_AND_DAY = {"shop_id": "pdd-1", "business_day": MIDNIGHT.date()}


class Files:
    """New warehouses, each a copy of one in which another shop has landed."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        self._file = folder / "warehouse.db"
        engine = connect(f"sqlite:///{self._template}")
        migrate(engine)
        with engine.begin() as connection:
            connection.execute(insert(pdd_refunds), refunds(1_000, shop="pdd-2"))
        engine.dispose()

    def new(self) -> Engine:
        """Give an open one."""
        for rest in self._file.parent.glob(f"{self._file.name}*"):
            rest.unlink()
        shutil.copyfile(self._template, self._file)
        engine = connect(f"sqlite:///{self._file}")
        with engine.connect() as connection:
            connection.scalar(select(func.count()).select_from(pdd_refunds))
        return engine


def the_day() -> Period:
    """Give the period whose rows are loaded."""
    start = MIDNIGHT.replace(tzinfo=timezone(timedelta(hours=8)))
    return Period(start.date().isoformat(), start, start + timedelta(days=1))


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


def with_ledger(engine: Engine, put: Callable[[Any], int]) -> float:
    """Land a unit that is running, as a pull does: data and ledger in one transaction."""
    ledger, unit = Ledger(engine, "benchmark"), Unit("pdd_quality", "pdd-1", the_day())
    ledger.expect([unit])
    ledger.begin([unit])

    def work() -> None:
        with engine.begin() as connection:
            ledger.land(connection, unit, put(connection))

    return timed(work)


def upserted(engine: Engine, rows: list[dict[str, Any]]) -> float:
    """Land refunds by key and version."""
    return with_ledger(
        engine,
        lambda connection: upsert(connection, pdd_refunds, rows, version="updated_time"),
    )


def replaced(engine: Engine, rows: list[dict[str, Any]]) -> float:
    """Land a day's reviews."""
    return with_ledger(
        engine, lambda connection: replace(connection, pdd_reviews, rows, SHOP_AND_DAY)
    )


def one_round(count: int, files: Files) -> dict[str, float]:
    """Let each of ours and the plain insert load once; give the seconds."""
    rows, newer, feed = refunds(count), refunds(count, changed=1), reviews(count)
    whole = [{**row, **SHOP_AND_DAY} for row in feed]
    seconds = {}
    engine = files.new()
    seconds["insert refunds"] = plainly(engine, pdd_refunds, rows)
    engine.dispose()
    engine = files.new()
    seconds["upsert, first"] = upserted(engine, rows)
    seconds["upsert, again"] = upserted(engine, rows)
    seconds["upsert, changed"] = upserted(engine, newer)
    assert there(engine) == newer
    engine.dispose()
    engine = files.new()
    seconds["insert reviews"] = plainly(engine, pdd_reviews, whole)
    engine.dispose()
    engine = files.new()
    seconds["replace, first"] = replaced(engine, feed)
    seconds["replace, again"] = replaced(engine, feed)
    engine.dispose()
    return seconds


def there(engine: Engine) -> list[dict[str, Any]]:
    """Read what the loads have left."""
    query = select(pdd_refunds).where(pdd_refunds.c.shop_id == "pdd-1")
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
        subprocess.run([*install, *locked], check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        print(f"dlt is left out, since it cannot be installed: {error}")
        return None
    return subprocess.Popen(
        [python, HERE / "load_by_dlt.py", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def round_of_dlt(count: int, dlt: subprocess.Popen[str]) -> dict[str, float]:
    """Let dlt load once in each way; give the seconds."""
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
            missed += [(count, *one) for one in firsts if one[1] < LEAST]
        if dlt:
            _pipe(dlt.stdin).close()
            dlt.wait()
    for count, what, ratio in missed:
        print(f"below the limit: {what}, {count} rows: {ratio:.3f} < {LEAST}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
