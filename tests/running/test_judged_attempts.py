"""What an attempt has landed is judged by the runner, whichever way it was started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.periods import Schedule
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
from tests.runner import ForkedScript
from tests.running.project import LEDGER, PERIOD, Project
from tests.warehouses import empty_file

if TYPE_CHECKING:
    from collections.abc import Iterator


PERIODS = Schedule("0 7 * * *", "day")
SCRIPT = f"""{LEDGER}
import json
rows = json.loads(os.environ["ROWS"])
for shop in os.environ["SHOPS"].split(","):
    print("pulls", shop)
    land(shop, rows.get(shop, 100))
"""
FEW = f"job s2 {PERIOD}: 3 rows, at least 10 expected"


class Shops:
    """A project with three shops, a job with checks, and its warehouse."""

    def __init__(self, project: Project, checks: dict[str, object]) -> None:
        self.project = project
        self.url = empty_file(project.root)
        self.ledger = Ledger(connect(self.url))
        project.shops(s1=True, s2=True, s3=True)
        project.job(SCRIPT, platform="erp", checks=checks)

    def run(self, *words: str, rows: str = "{}", **variables: str) -> tuple[int, str]:
        """Run the job for the period, as by hand; `rows` says what the shops land."""
        named = words or ("job", "--period", PERIOD)
        given = {"WAREHOUSE_URL": self.url, "ROWS": rows, **variables}
        return self.project.run(*named, script=ForkedScript, **given)

    def land(self, shop: str, rows: int, key: str = PERIOD) -> None:
        """Land a shop as a runner does that is killed before it has judged."""
        with self.ledger.engine.begin() as connection:
            self.ledger.land(connection, Unit("job", shop, PERIODS.parse_key(key)), rows)

    def states(self, key: str = PERIOD) -> dict[str, str]:
        """Return the ledger's states by shop."""
        return {row.shop_id: row.state for row in self.ledger.rows("job", key)}


@pytest.fixture
def shops(project: Project) -> Iterator[Shops]:
    """Return three shops of which each must land ten rows."""
    shops = Shops(project, {"min_rows": 10})
    yield shops
    shops.ledger.engine.dispose()


def test_a_run_by_hand_that_lands_too_little_fails(shops: Shops) -> None:
    """It names shop, figure and bound, also in the journal; the next run pulls that shop only."""
    code, output = shops.run(rows='{"s2": 3}')
    assert (code, f"runner: {FEW}\n" in output) == (1, True)
    assert "change 'checks' in config/tasks/jobs.yaml:" in output
    assert f"job {PERIOD} failed its checks:\n    {FEW}\n" in shops.project.journal()
    assert shops.states() == {"s1": "ok", "s2": "failed", "s3": "ok"}
    code, output = shops.run()
    assert (code, output.count("pulls"), "pulls s2" in output) == (0, 1, True)
    assert set(shops.states().values()) == {"ok"}


def test_what_a_killed_attempt_landed_is_judged_by_the_next(shops: Shops) -> None:
    """There is nothing to pull, and the run fails all the same; one more pulls it again."""
    for shop, rows in (("s1", 10), ("s2", 3), ("s3", 10)):
        shops.land(shop, rows)
    code, output = shops.run()
    assert (code, FEW in output, "pulls" in output) == (1, True, False)
    assert shops.run()[0] == 0
    assert shops.run()[0] == 99


def test_a_shop_that_is_left_out_is_not_judged(shops: Shops) -> None:
    """A run that is narrowed to one shop says nothing of the others."""
    shops.land("s2", 3)
    assert shops.run("job", "--period", PERIOD, "--shop", "s1")[0] == 0
    assert shops.states()["s2"] == "ok"


def test_each_day_of_a_range_is_judged(shops: Shops) -> None:
    """The run fails, and what is right stays."""
    days = ("2025-10-01", "2025-10-02")
    code, output = shops.run("job", "--from", days[0], "--to", days[1], rows='{"s2": 3}')
    assert (code, output.count("3 rows, at least 10 expected")) == (1, 2)
    assert [shops.states(day)["s2"] for day in days] == ["failed", "failed"]


def test_what_is_tried_once_more_is_judged(shops: Shops) -> None:
    """It is rejected and said; the run's own day is as green as it was, and it is tried once."""
    assert shops.run("job", "--period", "2025-10-01", rows='{"s2": 3}')[0] == 1
    code, output = shops.run(rows='{"s2": 3}', RETRY_EARLIER="1", SHOPS="s1,s3")
    assert "job s2 2025-10-01: 3 rows, at least 10 expected" in output
    assert (code, shops.states("2025-10-01")["s2"]) == (0, "failed")
    assert "2025-10-01" not in shops.run(RETRY_EARLIER="1")[1]


def test_a_failure_that_weighs_more_stays(shops: Shops) -> None:
    """A run with refused credentials and a shop that fails its checks needs the credentials."""
    shops.land("s2", 3)
    shops.project.job("raise SystemExit(77)", job_id="other", platform="erp")
    shops.project.jobs[0]["script"] = "other.py"
    shops.project.job("", job_id="third")
    code, output = shops.run()
    assert (code, FEW in output) == (77, True)
    assert shops.states() == {"s1": "failed", "s2": "failed", "s3": "failed"}


def test_checks_that_cannot_tell_are_a_wrong_configuration(project: Project) -> None:
    """A script that counts no rows, or a table that is not there: no retry helps."""
    url = empty_file(project.root)
    project.job("", checks={"max_drop": "60%"})
    code, output = project.run(WAREHOUSE_URL=url)
    assert (code, "so max_drop can tell nothing: let it write them" in output) == (78, True)
    code, output = project.run(WAREHOUSE_URL=url)
    assert (code, "so max_drop can tell nothing" in output) == (78, True)
    project.job("", job_id="lost", checks={"min_rows": 1, "table": "nowhere", "day": "day"})
    code, output = project.run("lost", "--period", PERIOD, WAREHOUSE_URL=url)
    assert code == 78
    assert "'nowhere' is no table or view of the warehouse: correct it (config/tasks/" in output
    assert "'nowhere' is no table" in project.journal()


def test_a_unit_that_is_not_what_its_source_counts_is_pulled_again(project: Project) -> None:
    """Both numbers are said; a source's count that nobody reports is a wrong configuration."""
    script = SCRIPT.replace("shop, 100))", "shop, 100), source_rows=100)")
    shops = Shops(project, {"control_total": {"tolerance": 0}})
    project.jobs.clear()
    project.job(script, platform="erp", checks={"control_total": {"tolerance": 0}})
    code, output = shops.run(rows='{"s2": 97}')
    assert (code, f"job s2 {PERIOD}: 97 landed, the source counts 100" in output) == (1, True)
    (row,) = [row for row in shops.ledger.rows("job", PERIOD) if row.shop_id == "s2"]
    assert row.is_miscounted
    code, output = shops.run()
    assert (code, output.count("pulls")) == (0, 1)
    project.job(SCRIPT, platform="erp", checks={"control_total": {}})
    code, output = shops.run("job", "--period", "2025-10-01")
    assert (code, "so control_total can tell nothing" in output) == (78, True)
    assert set(shops.states("2025-10-01").values()) == {"ok"}
    shops.ledger.engine.dispose()
