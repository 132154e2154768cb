"""What is run before its period is due lands provisionally, and is run again when it is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.runner import ForkedScript
from tests.running.project import LEDGER, Project, rows_of
from tests.warehouses import empty_file

# A zone in which the day is far from over: yesterday is due at its end.
ZONE = next(zone for zone in ("Asia/Shanghai", "UTC") if datetime.now(ZoneInfo(zone)).hour < 23)
YESTERDAY = (datetime.now(ZoneInfo(ZONE)) - timedelta(days=1)).date().isoformat()
LATE = {"cron": "59 23 * * *", "timezone": ZONE}
DUE = {"RETRY_EARLIER": "1"}


class Early:
    """A job whose last period is not due yet, and its warehouse."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.url = empty_file(project.root)

    def run(self, run_id: str, **variables: str) -> tuple[int, str]:
        """Run it for yesterday."""
        given = {"WAREHOUSE_URL": self.url, "RUN_ID": run_id, **variables}
        return self.project.run("job", "--period", YESTERDAY, script=ForkedScript, **given)

    @property
    def state(self) -> str:
        """What the ledger says of yesterday."""
        (row,) = rows_of(self.url, YESTERDAY)
        return row.state


@pytest.fixture
def early(project: Project) -> Early:
    """Return it, without its script."""
    return Early(project)


def test_what_is_run_before_it_is_due_is_run_again_then(early: Early) -> None:
    """It succeeds and says so; the run of the schedule lands it for good."""
    early.project.job("import os; print('told', os.environ.get('PROVISIONAL'))", **LATE)
    code, output = early.run("by hand")
    assert (code, early.state, "told 1" in output) == (0, "provisional", True)
    said = f"job {YESTERDAY} landed provisionally in"
    assert said in output
    assert "s: due at 23:59, pulled again then" in early.project.journal()
    code, output = early.run("scheduled", **DUE)
    assert (code, early.state, "told None" in output) == (0, "ok", True)


def test_a_retry_of_the_early_run_itself_does_nothing(early: Early) -> None:
    """Another attempt of it finds that it has landed; another run by hand runs it again."""
    early.project.job("print('ran')", **LATE)
    assert early.run("by hand")[0] == 0
    code, output = early.run("by hand", ATTEMPT="2")
    assert (code, "ran" in output.splitlines()) == (0, False)
    code, output = early.run("somebody else")
    assert (code, "ran" in output.splitlines(), early.state) == (0, True, "provisional")


@pytest.mark.parametrize(
    ("script", "code"),
    [("raise SystemExit(99)", 99), (LEDGER + "land('-', 5)", 0)],
    ids=["nothing", "landed"],
)
def test_nothing_yet_and_what_a_script_lands_itself_are_provisional(
    early: Early, script: str, code: int
) -> None:
    """An answer that is still empty is no empty day, and no script need know of all this."""
    early.project.job(script, **LATE)
    assert early.run("by hand")[0] == code
    assert early.state == "provisional"
    assert "due at 23:59, pulled again then" in early.project.journal()


def test_a_failure_is_a_failure_also_before_it_is_due(early: Early) -> None:
    """It stays, and is tried again like any other."""
    early.project.job("raise SystemExit(75)", **LATE)
    assert early.run("by hand")[0] == 75
    assert early.state == "failed"


def test_a_job_that_is_disabled_is_never_due(early: Early) -> None:
    """Nothing would run it again: what somebody lands by hand has landed."""
    early.project.job("print('ran')", **LATE, enabled=False)
    assert early.run("by hand")[0] == 0
    assert early.state == "ok"
