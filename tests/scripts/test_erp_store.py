"""The ERP job against the sandbox: what it lands is the truth, to the row and the cent."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from include.warehouse.tables import erp_orders
from tests.conftest import SANDBOX_NOW, Sandbox
from tests.killing import kill_one
from tests.pull_jobs import ERP_NAMES
from tests.pulled import erp_orders as erp_orders_of
from tests.scripts.pulls import ROOT, Pull, Rows, by_our_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOPS = {"erp-1": 10001, "erp-2": 10002, "erp-3": 10003}
LAST_DAY = SANDBOX_NOW.date() - timedelta(days=1)


class ErpPull(Pull):
    """Runs of the ERP's job."""

    def connections(self) -> dict[str, str]:
        """Return the connection, with what is changed of it."""
        connection = self.sandbox.connection
        fields = {
            "conn_type": "http",
            "host": connection.base_url,
            "login": connection.app_key,
            "password": connection.app_secret,
            "extra": {"access_token": connection.access_token},
        }
        return {"AIRFLOW_CONN_ERP": json.dumps(fields | self.changed)}

    def landed(self) -> Rows:
        """Return the orders in the warehouse, by shop and id."""
        return self.orders(erp_orders)

    def truth(self, days: list[date]) -> Rows:
        """Return the orders that must be there, in the same form."""
        return {
            (shop, row["o_id"]): by_our_names(row, ERP_NAMES)
            for shop, number in SHOPS.items()
            for day in days
            for row in erp_orders_of(number, day, SANDBOX_NOW)
        }


@pytest.fixture
def pull(sandbox: Sandbox, warehouse_url: str, tmp_path: Path) -> Iterator[ErpPull]:
    """Return an empty warehouse beside a sandbox that stands still."""
    pull = ErpPull("erp_store", sandbox, tmp_path, warehouse_url)
    pull.environment = {"GATEWAY_PAUSE_SECONDS": "0.1"}  # between tries; as delivered up to 30 s
    yield pull
    pull.engine.dispose()


def _days(number: int) -> list[date]:
    return [LAST_DAY - timedelta(days=back) for back in reversed(range(number))]


def _check_days(pull: ErpPull, days: list[date]) -> None:
    for day in days:
        code, output = pull.run(day)
        assert code == 0, output
    assert pull.landed() == pull.truth(days)
    before = pull.landed()
    for day in days:
        assert pull.run(day)[0] == 99
        code, output = pull.run(day, "--again")
        assert code == 0, output
    assert pull.landed() == before
    for day in days:
        assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))


def test_a_day_is_the_truth_to_the_row_also_when_pulled_twice(pull: ErpPull) -> None:
    """Every order of every shop equals the sandbox's; pulling again changes nothing."""
    _check_days(pull, _days(1))


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_fourteen_days_are_the_truth_to_the_row_also_when_pulled_twice(pull: ErpPull) -> None:
    """The same over two weeks, in which orders change again and again."""
    _check_days(pull, _days(14))


def test_days_may_come_in_any_order(pull: ErpPull) -> None:
    """An older day that is pulled after a newer one takes nothing back."""
    days = _days(2)
    for day in reversed(days):
        assert pull.run(day)[0] == 0
    assert pull.landed() == pull.truth(days)


def _kill_runs(pull: ErpPull, kills: int, seed: int) -> None:
    """Kill runs with -9 at random moments; each is followed by the next, the last one finishes."""
    chance = random.Random(seed)
    day, started = _days(1)[0], time.monotonic()
    assert pull.run(day)[0] == 0
    whole = time.monotonic() - started
    for _ in range(kills):
        process = pull.start(day, "--again")
        time.sleep(chance.uniform(0, whole))
        kill_one(process, chance)
        # At no moment is half a shop's day there: what is landed is whole.
        assert pull.landed() == pull.truth([day])
    code, output = pull.run(day, "--again")
    assert code == 0, output
    assert pull.landed() == pull.truth([day])
    assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))


def states_of(pull: ErpPull, day: date) -> dict[str, str]:
    """Return each shop's state in the ledger; of one that was never begun, nothing."""
    return defaultdict(str, {shop: state for shop, (state, _) in pull.states(day).items()})


def _kill_first_runs(pull: ErpPull, kills: int, seed: int) -> None:
    """Kill the first run of many days at random moments; after one more run all is there."""
    chance = random.Random(seed)
    days = _days(7)
    for number in range(kills):
        day = days[number % len(days)]
        process = pull.start(day)
        time.sleep(chance.uniform(0, 8))
        kill_one(process, chance)
        for row in pull.ledger.rows("erp_store", str(day)):
            landed = {one for one in days if states_of(pull, one)[row.shop_id] == "ok"}
            mine = {key for key in pull.landed() if key[0] == row.shop_id}
            assert mine == {key for key in pull.truth(sorted(landed)) if key[0] == row.shop_id}
    for day in days[:kills]:
        assert pull.run(day)[0] in (0, 99)
        assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))
    assert pull.landed() == pull.truth(days[:kills])


@pytest.mark.campaign
def test_killed_runs_leave_whole_days_or_none(pull: ErpPull) -> None:
    """A run killed with -9 leaves each shop wholly landed or not at all; the next one lands it."""
    _kill_first_runs(pull, kills=3, seed=1)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_thirty_killed_runs_leave_whole_days_or_none(pull: ErpPull) -> None:
    """The same thirty times over a week, and on days that had landed before."""
    _kill_first_runs(pull, kills=20, seed=2)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_killed_runs_of_a_landed_day_change_nothing(pull: ErpPull) -> None:
    """A day that is pulled again and killed keeps every row."""
    _kill_runs(pull, kills=10, seed=3)


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({"password": "wrong-secret-of-a-test"}, 77, "app secret"),
        ({"extra": {"access_token": "expired-token"}}, 77, "token"),
        ({"extra": {}}, 78, "extra.access_token is missing"),
        ({"host": "http://127.0.0.1:9"}, 75, "erp-1"),
    ],
    ids=["secret", "token", "no token", "no gateway"],
)
def test_a_failure_says_what_to_do_and_marks_every_shop(
    pull: ErpPull, changed: dict[str, Any], code: int, said: str
) -> None:
    """The exit code is the design's; the ledger has it with the reason; nothing is loaded."""
    pull.changed = changed
    day = _days(1)[0]
    got, output = pull.run(day)
    assert got == code, output
    assert said in output
    assert pull.states(day) == dict.fromkeys(SHOPS, ("failed", code))
    assert not pull.landed()
    assert "wrong-secret-of-a-test" not in output


def test_once_it_is_repaired_the_next_run_lands_it(pull: ErpPull) -> None:
    """Every order of every shop."""
    pull.changed = {"extra": {}}
    day = _days(1)[0]
    assert pull.run(day)[0] == 78
    pull.changed = {}
    assert pull.run(day)[0] == 0
    assert pull.landed() == pull.truth([day])


def test_narrowing_lands_one_shop_and_the_next_run_the_others(pull: ErpPull) -> None:
    """`--shop` pulls that shop; the run without it pulls what is left."""
    day = _days(1)[0]
    assert pull.run(day, "--shop", "erp-2")[0] == 0
    assert pull.states(day) == {"erp-2": ("ok", 0)}
    code, output = pull.run(day)
    assert code == 0, output
    assert "erp-2" not in output
    assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))


def test_a_shop_that_the_account_does_not_have_is_no_empty_day(pull: ErpPull) -> None:
    """Asked for its orders the gateway would say there are none; the shop fails alone, with 78."""
    root = pull.folder / "project"
    for name in ("config/tasks", "include/scripts/erp"):
        shutil.copytree(ROOT / name, root / name)
    shops = (ROOT / "config/shops.yaml").read_text("utf-8")
    (root / "config/shops.yaml").write_text(shops.replace("10002", "10009"), "utf-8")
    (root / "include/scripts/generate_tasks.py").touch()
    day = _days(1)[0]
    code, output = pull.run(day, "--root", str(root))
    assert code == 78, output
    assert "has no shop '10009'" in output
    assert "10002" in output
    states = pull.states(day)
    assert states == {**dict.fromkeys(SHOPS, ("ok", 0)), "erp-2": ("failed", 78)}
