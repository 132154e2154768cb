"""The JD job against the sandbox: what it lands is the truth, to the row and the cent."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.units.exit_codes import worst
from include.warehouse.tables import jd_orders
from sandbox.credentials import access_token_of
from tests.conftest import HTTP, SANDBOX_NOW, Sandbox
from tests.jd_shops import NUMBERS, connection_of
from tests.pull_jobs import JD_NAMES
from tests.pulled import jd_orders as jd_orders_of
from tests.sandbox.truth import JD
from tests.scripts.pulls import Pull, Rows, by_our_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOPS = {f"jd-{number % 10}": number for number in NUMBERS}
LAST_DAY = SANDBOX_NOW.date() - timedelta(days=1)
# The sandbox stands still long before: it has no orders of it.
# 京东 shows the last months only; yesterday is not due before the job's cron.
RECENT_DAY = (datetime.now(timezone.utc) + timedelta(hours=8)).date() - timedelta(days=2)
QUICK = {"GATEWAY_ATTEMPTS": "2", "GATEWAY_PAUSE_SECONDS": "0.01", "GATEWAY_TIMEOUT_SECONDS": "3"}
FOR_EVER = 10_000


class JdPull(Pull):
    """Runs of JD's job; `changed` is by shop."""

    def connections(self) -> dict[str, str]:
        """Return the connection of each shop, with what is changed of it."""
        return {f"AIRFLOW_CONN_JD_{shop[-1]}": self._connection(shop) for shop in SHOPS}

    def _connection(self, shop: str) -> str:
        given = connection_of(self.sandbox, SHOPS[shop])
        fields: dict[str, Any] = {
            "conn_type": "http",
            "host": given.base_url,
            "login": given.app_key,
            "password": given.app_secret,
        }
        extra = {"access_token": given.access_token, "refresh_token": given.refresh_token}
        changed = {**self.changed.get(shop, {})}
        extra |= {**given.extra, **changed.pop("extra", {})}
        return json.dumps({**fields, "extra": extra, **changed})

    def landed(self) -> Rows:
        """Return the orders in the warehouse, by shop and id."""
        return self.orders(jd_orders)


@pytest.fixture
def pull(sandbox: Sandbox, warehouse_url: str, tmp_path: Path) -> Iterator[JdPull]:
    """Return an empty warehouse beside a sandbox that stands still."""
    pull = JdPull("jd_store", sandbox, tmp_path, warehouse_url, environment=QUICK)
    yield pull
    pull.engine.dispose()


def true(days: list[date], shops: list[str] | None = None) -> Rows:
    """Return the orders that must be there, in the form of those that landed."""
    return {
        (shop, row["orderId"]): by_our_names(row, JD_NAMES)
        for shop in (SHOPS if shops is None else shops)
        for day in days
        for row in jd_orders_of(SHOPS[shop], day, SANDBOX_NOW)
    }


def _pull_twice(pull: JdPull, days: list[date]) -> None:
    for day in days:
        code, output = pull.run(day)
        assert code == 0, output
    before = pull.landed()
    assert before == true(days)
    for day in days:
        assert pull.run(day)[0] == 99
        code, output = pull.run(day, "--again")
        assert code == 0, output
        assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))
    assert pull.landed() == before


def test_a_day_is_the_truth_to_the_row_also_when_pulled_twice(pull: JdPull) -> None:
    """Every order of every shop equals the sandbox's; pulling again changes nothing."""
    _pull_twice(pull, [LAST_DAY])
    _check_view(pull, "jd-2")


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_fourteen_days_are_the_truth_in_any_order_also_when_pulled_twice(pull: JdPull) -> None:
    """An older day that is pulled after a newer one takes nothing back."""
    days = [LAST_DAY - timedelta(days=back) for back in range(14)]
    random.Random(14).shuffle(days)
    _pull_twice(pull, days)


def _check_view(pull: JdPull, shop: str) -> None:
    """Compare the daily view with all orders made on the day."""
    with pull.engine.connect() as connection:
        view = connection.execute(text("SELECT * FROM jd_store_daily")).mappings().all()
    made = JD.made_on(SHOPS[shop], LAST_DAY, seed=1, as_of=SANDBOX_NOW)
    made_then = [by_our_names(row, JD_NAMES) for row in made]
    (found,) = (
        row for row in view if (row["shop_id"], str(row["business_day"])) == (shop, str(LAST_DAY))
    )
    assert found["orders"] == len(made_then) > 20
    assert found["paid_orders"] == sum(row["pay_time"] is not None for row in made_then)
    assert round(found["paid_amount"] * 100) == sum(row["paid_amount"] for row in made_then) * 100
    cancelled = sum(row["status"] == "TRADE_CANCELED" for row in made_then)
    assert found["cancelled_orders"] == cancelled


SECRET = ({"password": "wrong-secret-of-a-test"}, 77, "password (app secret) of connection jd_1")
NO_TOKEN = ({"extra": {"access_token": ""}}, 78, "extra.access_token is missing")
NO_GATEWAY = ({"host": "http://127.0.0.1:9"}, 75, "no answer from http://127.0.0.1:9")
BAD_TOKEN = ({"extra": {"access_token": "bad", "refresh_token": "bad"}}, 77, "connection jd_1")
BAD_HOST = ({"extra": {"oauth_host": "http://example.com"}}, 78, "extra.oauth_host")
ANOTHERS = (
    {"extra": {"access_token": access_token_of("jd", 30001)}},
    78,
    "the access token of connection 'jd_3' belongs to shop 30001, not to '30003'",
)


@pytest.mark.parametrize(
    "failures",
    [
        {"jd-1": SECRET, "jd-2": NO_TOKEN},
        {"jd-2": NO_GATEWAY},
        {"jd-1": BAD_TOKEN, "jd-2": BAD_HOST, "jd-3": ANOTHERS},
    ],
    ids="; ".join,
)
def test_shops_fail_alone_and_say_what_to_do(
    pull: JdPull, failures: dict[str, tuple[dict[str, Any], int, str]]
) -> None:
    """The exit code is the worst one's; the ledger has each; the others land."""
    pull.changed = {shop: changed for shop, (changed, _, _) in failures.items()}
    got, output = pull.run(LAST_DAY)
    assert got == max(code for _, code, _ in failures.values()), output
    for _, _, said in failures.values():
        assert said in output
    assert "wrong-secret-of-a-test" not in output
    failed = {shop: ("failed", code) for shop, (_, code, _) in failures.items()}
    assert pull.states(LAST_DAY) == {**dict.fromkeys(SHOPS, ("ok", 0)), **failed}
    others = [shop for shop in SHOPS if shop not in failures]
    assert pull.landed() == true([LAST_DAY], others)


def test_a_day_without_orders_lands_as_empty(pull: JdPull) -> None:
    """A shop's own token says so; with another shop's it would be no news."""
    pull.changed = {"jd-1": {"extra": {"access_token": access_token_of("jd", 30002)}}}
    code, output = pull.run(RECENT_DAY)
    assert code == 78, output
    assert "belongs to shop 30002, not to '30001'" in output
    assert pull.states(RECENT_DAY)["jd-1"] == ("failed", 78)
    for shop in ("jd-2", "jd-3"):  # whether a day may be empty is for the job's checks to say
        assert f"{shop} {RECENT_DAY}: empty, 0 rows" in output


def test_a_token_is_refreshed_as_long_as_the_platform_does(pull: JdPull) -> None:
    """The run goes on with the new one, and so does the next; one that ended needs its owner."""
    url = f"{pull.sandbox.base_url}/sandbox/tokens"
    shop = {"platform": "jd", "shop": 30003}
    HTTP.post(f"{url}/expire", json=shop).raise_for_status()
    pull.sandbox.arm("expired_token", "jd", shop=30001, after=1)
    code, output = pull.run(LAST_DAY)
    assert code == 77, output
    assert "connection jd_3" in output
    assert access_token_of("jd", 30001, 1) not in output
    failed = {"jd-3": ("failed", 77)}
    assert pull.states(LAST_DAY) == {**dict.fromkeys(SHOPS, ("ok", 0)), **failed}
    HTTP.post(f"{url}/authorise", json=shop).raise_for_status()
    code, output = pull.run(LAST_DAY, "--again")
    assert code == 0, output
    assert pull.landed() == true([LAST_DAY])


def _strike(pull: JdPull, faults: dict[str, tuple[str, int, int]]) -> dict[str, int]:
    """Have faults last, then go: each shop fails with its code, and lands afterwards.

    Gives how many calls there were for each shop while they lasted.
    """
    for shop, (fault, after, _) in faults.items():
        pull.sandbox.arm(fault, "jd", shop=SHOPS[shop], after=after, times=FOR_EVER)
    got, output = pull.run(LAST_DAY)
    assert got == worst(code for _, _, code in faults.values()), output
    failed = {shop: ("failed", code) for shop, (_, _, code) in faults.items()}
    assert pull.states(LAST_DAY) == {**dict.fromkeys(SHOPS, ("ok", 0)), **failed}
    others = [shop for shop in SHOPS if shop not in faults]
    assert pull.landed() == true([LAST_DAY], others)
    counted = HTTP.get(f"{pull.sandbox.base_url}/sandbox/calls").json()
    pull.sandbox.clear()
    code, output = pull.run(LAST_DAY)
    assert code == 0, output
    assert pull.landed() == true([LAST_DAY])
    calls: dict[str, int] = counted["platforms"]["jd"]["shops"]
    return calls


def test_faults_that_last_lose_nothing(pull: JdPull) -> None:
    """No half of a day is there, and once they are gone it lands; a spent quota is asked once."""
    faults = {"jd-1": ("limit", 0, 75), "jd-2": ("empty_page", 1, 75), "jd-3": ("wrong_type", 1, 1)}
    calls = _strike(pull, faults)
    assert calls["30001"] == 1
    assert calls["30002"] > 2


@pytest.mark.campaign
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "faults",
    [
        {"jd-1": ("error_object", 1, 75), "jd-2": ("http_429", 0, 75), "jd-3": ("reset", 1, 75)},
        {"jd-1": ("http_503", 2, 75), "jd-2": ("reset_in_body", 1, 75), "jd-3": ("html", 0, 75)},
        {"jd-1": ("trickle", 1, 75), "jd-3": ("truncated", 2, 75)},
        {"jd-2": ("missing_field", 1, 1), "jd-3": ("expired_token", 0, 75)},
    ],
    ids=repr,
)
def test_every_other_fault_that_lasts_loses_nothing(
    pull: JdPull, faults: dict[str, tuple[str, int, int]]
) -> None:
    """The same for all that the sandbox can do."""
    _strike(pull, faults)


def test_drift_while_pulling_loses_nothing(pull: JdPull) -> None:
    """Orders that change under the pull are there; the others' new state comes with their day."""
    before = true([LAST_DAY])
    pull.sandbox.arm("shifting_rows", "jd", times=FOR_EVER)
    code, output = pull.run(LAST_DAY)
    assert code == 0, output
    landed = pull.landed()
    assert all(
        before[key] == row or row["modified_time"] == SANDBOX_NOW for key, row in landed.items()
    )
    still_there, made_then = (
        {
            (shop, row["orderId"])
            for shop, number in SHOPS.items()
            for row in HTTP.get(
                f"{pull.sandbox.base_url}/sandbox/truth/jd/orders",
                params={"shop": number, "day": str(LAST_DAY), "by": by},
            ).json()
        }
        for by in ("change", "creation")
    )
    assert still_there | made_then <= set(landed)
    before_on_the_day = [row for row in before.values() if row["modified_time"].date() == LAST_DAY]
    assert len(before_on_the_day) - len(still_there) >= 30
