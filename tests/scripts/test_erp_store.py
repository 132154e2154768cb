"""The ERP job against the sandbox: what it lands is the truth, to the row and the cent."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from include.units.ledger import Ledger
from include.warehouse import connect
from include.warehouse.tables import erp_orders
from tests.conftest import SANDBOX_NOW, Sandbox
from tests.killing import kill_one
from tests.pulled import erp_orders as erp_orders_of
from tests.runner import ForkedScript, command, run

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SHOPS = {"erp-1": 10001, "erp-2": 10002, "erp-3": 10003}
LAST_DAY = SANDBOX_NOW.date() - timedelta(days=1)
NAMES = {  # the warehouse's column for the gateway's field
    "order_id": "o_id",
    "online_order_id": "so_id",
    "status": "status",
    "order_time": "order_date",
    "pay_time": "pay_date",
    "pay_amount": "pay_amount",
    "paid_amount": "paid_amount",
    "freight": "freight",
    "item_count": "item_count",
    "modified_time": "modified",
    "version": "ts",
}


@dataclass
class Pull:
    """One warehouse, and runs of the job that land in it."""

    sandbox: Sandbox
    folder: Path
    url: str
    changed: dict[str, Any]

    def __post_init__(self) -> None:
        """Open the warehouse."""
        self.engine = connect(self.url)
        self.ledger = Ledger(self.engine)

    @property
    def environment(self) -> dict[str, str]:
        """What a run is given."""
        connection = self.sandbox.connection
        fields = {
            "host": connection.base_url,
            "login": connection.app_key,
            "password": connection.app_secret,
            "extra": {"access_token": connection.access_token},
        }
        return {
            "PATH": os.environ["PATH"],
            "SCHEDULER_VAR": str(self.folder),
            "WAREHOUSE_URL": self.url,
            "GATEWAY_PAUSE_SECONDS": "0.1",  # between tries; as delivered it grows to 30 s
            "AIRFLOW_CONN_ERP": json.dumps({"conn_type": "http", **fields, **self.changed}),
        }

    def start(self, day: date, *more: str) -> subprocess.Popen[str]:
        """Start the runner, as the operator and the command line do."""
        return subprocess.Popen(
            command("erp_store", "--period", str(day), *more),
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, day: date, *more: str) -> tuple[int, str]:
        """Run it to its end; gives the exit code and what it printed."""
        return run(
            "erp_store",
            "--period",
            str(day),
            *more,
            environment=self.environment,
            script=ForkedScript,
        )

    def landed(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the orders in the warehouse, by shop and id."""
        with self.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(select(erp_orders)).mappings()]
        assert all(row.pop("order_day") == row["order_time"].date() for row in rows)
        return {(row.pop("shop_id"), row["order_id"]): row for row in rows}

    def truth(self, days: list[date]) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the orders that must be there, in the same form."""
        return {
            (shop, row["o_id"]): {ours: row[theirs] for ours, theirs in NAMES.items()}
            for shop, number in SHOPS.items()
            for day in days
            for row in erp_orders_of(number, day, SANDBOX_NOW)
        }

    def states(self, day: date) -> dict[str, tuple[str, int | None]]:
        """Return each shop's state and exit code in the ledger."""
        return {row.shop_id: (row.state, row.exit_code) for row in self._rows(day)}

    def _rows(self, day: date) -> list[Any]:
        return self.ledger.rows("erp_store", day.isoformat())


@pytest.fixture
def pull(sandbox: Sandbox, warehouse_url: str, tmp_path: Path) -> Iterator[Pull]:
    """Return an empty warehouse beside a sandbox that stands still."""
    pull = Pull(sandbox, tmp_path, warehouse_url, {})
    yield pull
    pull.engine.dispose()


def _days(number: int) -> list[date]:
    return [LAST_DAY - timedelta(days=back) for back in reversed(range(number))]


def _check_days(pull: Pull, days: list[date]) -> None:
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


def test_a_day_is_the_truth_to_the_row_also_when_pulled_twice(pull: Pull) -> None:
    """Every order of every shop equals the sandbox's; pulling again changes nothing."""
    _check_days(pull, _days(1))


@pytest.mark.campaign
@pytest.mark.timeout(2400)
def test_fourteen_days_are_the_truth_to_the_row_also_when_pulled_twice(pull: Pull) -> None:
    """The same over two weeks, in which orders change again and again."""
    _check_days(pull, _days(14))


def test_days_may_come_in_any_order(pull: Pull) -> None:
    """An older day that is pulled after a newer one takes nothing back."""
    days = _days(2)
    for day in reversed(days):
        assert pull.run(day)[0] == 0
    assert pull.landed() == pull.truth(days)


def _kill_runs(pull: Pull, kills: int, seed: int) -> None:
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


def states_of(pull: Pull, day: date) -> dict[str, str]:
    """Return each shop's state in the ledger; of one that was never begun, nothing."""
    return defaultdict(str, {shop: state for shop, (state, _) in pull.states(day).items()})


def _kill_first_runs(pull: Pull, kills: int, seed: int) -> None:
    """Kill the first run of many days at random moments; after one more run all is there."""
    chance = random.Random(seed)
    days = _days(7)
    for number in range(kills):
        day = days[number % len(days)]
        process = pull.start(day)
        time.sleep(chance.uniform(0, 8))
        kill_one(process, chance)
        for row in pull._rows(day):
            landed = {one for one in days if states_of(pull, one)[row.shop_id] == "ok"}
            mine = {key for key in pull.landed() if key[0] == row.shop_id}
            assert mine == {key for key in pull.truth(sorted(landed)) if key[0] == row.shop_id}
    for day in days[:kills]:
        assert pull.run(day)[0] in (0, 99)
        assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))
    assert pull.landed() == pull.truth(days[:kills])


@pytest.mark.campaign
def test_killed_runs_leave_whole_days_or_none(pull: Pull) -> None:
    """A run killed with -9 leaves each shop wholly landed or not at all; the next one lands it."""
    _kill_first_runs(pull, kills=3, seed=1)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_thirty_killed_runs_leave_whole_days_or_none(pull: Pull) -> None:
    """The same thirty times over a week, and on days that had landed before."""
    _kill_first_runs(pull, kills=20, seed=2)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_killed_runs_of_a_landed_day_change_nothing(pull: Pull) -> None:
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
    pull: Pull, changed: dict[str, Any], code: int, said: str
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
    pull.changed = {}
    assert pull.run(day)[0] == 0
    assert pull.landed() == pull.truth([day])


def test_narrowing_lands_one_shop_and_the_next_run_the_others(pull: Pull) -> None:
    """`--shop` pulls that shop; the run without it pulls what is left."""
    day = _days(1)[0]
    assert pull.run(day, "--shop", "erp-2")[0] == 0
    assert pull.states(day) == {"erp-2": ("ok", 0)}
    code, output = pull.run(day)
    assert code == 0, output
    assert "erp-2" not in output
    assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))


def test_a_shop_that_the_account_does_not_have_is_no_empty_day(pull: Pull) -> None:
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
