"""What a scheduled run pulls again, when, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from include.warehouse import connect
from include.warehouse.tables import ledger
from tests.running.project import Project, rows_of

EARLIER, TODAY = ("2025-10-01", "2025-10-02", "2025-10-03"), "2025-10-04"
# The name is that of the one script that may be pulled again; it keeps a list of its starts.
SCRIPT = """
import os, pathlib, time
again = os.environ.get("REPULL", "0")
with (pathlib.Path(os.environ["SCRATCH"]) / "asked").open("a") as asked:
    asked.write(f"{os.environ['PERIOD_KEY']} {again}\\n")
time.sleep(float(os.environ["SECONDS_AGAIN"]) if again == "1" else 0)
"""


def _landed(project: Project, url: str, **keys: Any) -> None:
    """Land three days, each on its morning."""
    (project.root / "include/scripts/pdd").mkdir()
    file = "pdd/pdd_feed.py"
    project.job(SCRIPT, file=file, retries=0, repull=["1d", "2d"], **keys)
    assert _run(project, url, "--from", EARLIER[0], "--to", EARLIER[-1], RETRY_EARLIER="")[0] == 0
    engine = connect(url)
    with engine.begin() as connection:
        for day in EARLIER:
            (row,) = rows_of(url, day)
            values = {"finished_at": row.period_end + timedelta(hours=7)}
            mine = ledger.c.period_key == day
            connection.execute(update(ledger).where(mine).values(values))
    engine.dispose()
    (project.root / "asked").unlink()


def _run(project: Project, url: str, *words: str, **more: str) -> tuple[int, str]:
    said = {"RETRY_EARLIER": "1", "WAREHOUSE_URL": url, "SECONDS_AGAIN": "0", **more}
    return project.run("job", *(words or ("--period", TODAY)), **said)


def _asked(project: Project) -> list[str]:
    return (project.root / "asked").read_text().splitlines()


def test_it_comes_after_the_runs_own_period(project: Project, warehouse: str) -> None:
    """The oldest first; what was landed before stays as it was."""
    _landed(project, warehouse)
    assert _run(project, warehouse)[0] == 0
    assert _asked(project) == [f"{TODAY} 0", *(f"{day} 1" for day in EARLIER)]
    for day in EARLIER:
        (row,) = rows_of(warehouse, day)
        assert (row.state, row.attempts, row.revision) == ("ok", 1, 1)


def test_it_has_the_time_that_retries_leave(project: Project, warehouse: str) -> None:
    """Half of the timeout, and none begins in the second half of that: the next run takes it."""
    _landed(project, warehouse, timeout="20s")
    code, said = _run(project, warehouse, SECONDS_AGAIN="6")
    assert code == 0, said
    assert _asked(project) == [f"{TODAY} 0", f"{EARLIER[0]} 1"]
    assert f"job {EARLIER[1]} is pulled again by the next run: no time is left now" in said


def test_nothing_is_pulled_again_by_a_run_that_fails(project: Project, warehouse: str) -> None:
    """Its source is not well, or its entry: that comes first."""
    _landed(project, warehouse)
    name = project.root / "include/scripts/pdd/pdd_feed.py"
    name.write_text(f"{SCRIPT}\nraise SystemExit(75)\n", "utf-8")
    assert _run(project, warehouse)[0] == 75
    assert _asked(project) == [f"{TODAY} 0"]
