"""What failed for good in earlier periods is retried by the run of a later one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.running.project import PATIENCE, Project, rows_of

if TYPE_CHECKING:
    from include.units.unit import LedgerRow

DAYS = ("2025-10-01", "2025-10-02", "2025-10-03")
# Fails where a file says so; keeps a list of what it was started for.
SCRIPT = """
import os, pathlib, sys, time
scratch = pathlib.Path(os.environ["SCRATCH"])
key, shops = os.environ["PERIOD_KEY"], os.environ.get("SHOPS", "-")
with (scratch / "asked").open("a") as asked:
    asked.write(f"{key} {shops}\\n")
if (scratch / f"hang-{key}").exists():
    (scratch / "hanging").touch()
    time.sleep(60)
broken = scratch / f"broken-{key}"
sys.exit(int(broken.read_text()) if broken.exists() else 0)
"""


def _run(project: Project, url: str, day: str, run_id: str = "", **more: str) -> tuple[int, str]:
    said = {"RETRY_EARLIER": "1", "WAREHOUSE_URL": url, "RUN_ID": run_id or f"run-{day}", **more}
    return project.run("job", "--period", day, **said)


def _row(url: str, day: str, shop: str = "-") -> LedgerRow:
    return {row.shop_id: row for row in rows_of(url, day)}[shop]


def _break(project: Project, day: str, code: int = 1) -> None:
    (project.root / f"broken-{day}").write_text(str(code))


def _asked(project: Project) -> list[str]:
    path = project.root / "asked"
    lines = path.read_text().splitlines()
    path.unlink()
    return lines


def test_yesterday_is_tried_first(project: Project, warehouse: str) -> None:
    """The failed unit lands before today's own, and the row says which run did it."""
    project.job(SCRIPT)
    _break(project, DAYS[0])
    assert _run(project, warehouse, DAYS[0])[0] == 1
    (project.root / f"broken-{DAYS[0]}").unlink()
    assert _run(project, warehouse, DAYS[1])[0] == 0
    assert _asked(project) == [f"{day} -" for day in (DAYS[0], DAYS[0], DAYS[1])]
    row = _row(warehouse, DAYS[0])
    assert (row.state, row.attempts) == ("ok", 2)
    assert row.run_id == row.retried_by == f"run-{DAYS[1]}"
    assert _row(warehouse, DAYS[1]).retried_by is None
    assert "2025-10-01 retried automatically" in project.journal()


def test_it_is_tried_once_only(project: Project, warehouse: str) -> None:
    """What fails again is said, fails nobody else's run, and waits for a person."""
    project.job(SCRIPT)
    _break(project, DAYS[0], 77)
    assert _run(project, warehouse, DAYS[0])[0] == 77
    code, output = _run(project, warehouse, DAYS[1])
    assert code == 0
    assert "is not retried automatically any more: `python3 scheduler_manager.py repair" in output
    assert _run(project, warehouse, DAYS[1])[0] == 99  # nor when the same run is tried again
    assert _run(project, warehouse, DAYS[2])[0] == 0
    row = _row(warehouse, DAYS[0])
    assert (row.state, row.exit_code, row.attempts) == ("failed", 77, 2)


def test_only_the_shops_that_failed_are_tried(project: Project, warehouse: str) -> None:
    """What landed is left alone, and a shop that was switched off since is not asked for."""
    project.shops(a=True, b=True, c=True)
    project.job(SCRIPT, platform="erp")
    assert _run(project, warehouse, DAYS[0], SHOPS="b")[0] == 0
    _break(project, DAYS[0])
    assert _run(project, warehouse, DAYS[0])[0] == 1
    (project.root / f"broken-{DAYS[0]}").unlink()
    project.shops(a=True, b=True, c=False)
    assert _run(project, warehouse, DAYS[1])[0] == 0
    assert _asked(project)[2:] == [f"{DAYS[0]} a", f"{DAYS[1]} a,b"]
    assert _row(warehouse, DAYS[0], "a").state == "ok"
    assert _row(warehouse, DAYS[0], "c").state == "failed"


@pytest.mark.parametrize("case", ["by hand", "no recover", "too old"])
def test_what_is_not_tried(project: Project, warehouse: str, case: str) -> None:
    """A run by hand does what it is asked; `recover` says how far back a job looks, if at all."""
    project.job(SCRIPT, recover="0d" if case == "no recover" else "7d")
    _break(project, DAYS[0])
    _run(project, warehouse, DAYS[0])
    more = {"RETRY_EARLIER": ""} if case == "by hand" else {}
    day = "2025-10-09" if case == "too old" else DAYS[1]
    assert _run(project, warehouse, day, **more)[0] == 0
    assert _row(warehouse, DAYS[0]).attempts == 1


def test_the_period_before_is_tried_however_long_it_is(project: Project, warehouse: str) -> None:
    """Last month ended longer ago than `recover`, and is tried all the same."""
    project.job(SCRIPT, cron="30 12 3 * *", period="month")
    _break(project, "2025-08")
    _run(project, warehouse, "2025-08")
    assert _run(project, warehouse, "2025-09")[0] == 0
    assert _row(warehouse, "2025-08").attempts == 2


def test_an_attempt_that_was_cut_off_was_none(project: Project, warehouse: str) -> None:
    """A stop of the service in the middle of it: the same run, when tried again, makes it again."""
    project.job(SCRIPT)
    _break(project, DAYS[0])
    _run(project, warehouse, DAYS[0])
    (project.root / f"hang-{DAYS[0]}").touch()
    said = {"RETRY_EARLIER": "1", "WAREHOUSE_URL": warehouse, "RUN_ID": "run-7"}
    runner = project.start("job", "--period", DAYS[1], **said)
    project.wait_for("hanging")
    runner.send_signal(signal.SIGTERM)
    runner.communicate(PATIENCE)
    assert _row(warehouse, DAYS[0]).retried_by == "run-7"
    for name in ("hang", "broken"):
        (project.root / f"{name}-{DAYS[0]}").unlink()
    assert _run(project, warehouse, DAYS[1], "run-7")[0] == 0
    assert _row(warehouse, DAYS[0]).state == "ok"
    assert _row(warehouse, DAYS[1]).state == "ok"


def test_it_may_not_use_up_the_time(project: Project, warehouse: str) -> None:
    """Half of the job's timeout is for what failed before, and the run's own period has it all."""
    project.job(SCRIPT, timeout="4s")
    for day in DAYS[:2]:
        _break(project, day)
        _run(project, warehouse, day, RETRY_EARLIER="")
    (project.root / f"hang-{DAYS[0]}").touch()
    code, output = _run(project, warehouse, DAYS[2])
    assert code == 0
    assert "2025-10-02 is retried by the next run: no time is left now" in output
    assert _row(warehouse, DAYS[0]).exit_code == 75
    assert _row(warehouse, DAYS[1]).retried_by is None
    assert _row(warehouse, DAYS[2]).state == "ok"
