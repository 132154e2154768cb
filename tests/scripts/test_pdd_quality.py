"""The PDD after-sales job against the sandbox: what it lands is the truth, to the row."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.fields import SHANGHAI
from include.periods import Period
from include.platforms.pdd.dialect import Pdd
from include.platforms.pdd.platform import is_quality_reason
from include.platforms.pdd.refunds import STATUSES
from include.pulling import Window
from include.registry import load_registry
from include.scripts.pdd.pdd_quality import fetch
from include.warehouse.tables import pdd_refunds
from sandbox.credentials import access_token_of
from tests.conftest import HTTP, SANDBOX_NOW, Sandbox
from tests.gateways.asking import using
from tests.gateways.pdd_shops import fields_of
from tests.gateways.scripted_gateway import answer, scripted
from tests.platforms.pdd.test_refunds import NOON, ROW, page
from tests.pull_jobs import PDD_NAMES
from tests.pulled import pdd_refunds as pdd_refunds_of
from tests.sandbox.serving import serve
from tests.scripts.pulls import ROOT, Pull, Rows, by_our_names

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOPS = {f"pdd-{place}": 20000 + place for place in range(1, 7)}
LAST_DAY = SANDBOX_NOW.date() - timedelta(days=1)
SALE_DAY = date(2025, 10, 3)  # of shop pdd-1
FAULTS_THAT_PASS = (
    "http_429",
    "reset",
    "reset_in_body",
    "truncated",
    "error_object",
    "empty_page",
    "duplicate_rows",
)
QUALITY_REASONS = {
    "质量问题",
    "少件/漏发",
    "商品变质",
    "商品与描述不符",
    "做工粗糙有瑕疵",
    "收到假货",
    "包装破损",
    "商品破损",
    "发错货",
    "功能故障",
    "配件损坏",
}


def _project(folder: Path) -> Path:
    """Make the delivered project with the unhurried program in the place of the job's own."""
    root = folder / "project"
    for name in ("config", "include/scripts"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    unhurried = Path(__file__).parent / "unhurried_pdd_quality.py"
    shutil.copy(unhurried, root / "include/scripts/pdd/pdd_quality.py")
    return root


class PddPull(Pull):
    """Runs of the job."""

    def connections(self) -> dict[str, str]:
        """Return the connection of each shop, with what is changed of all."""
        return {
            f"AIRFLOW_CONN_PDD_{place}": json.dumps(
                fields_of(self.sandbox.base_url, number) | self.changed
            )
            for place, number in enumerate(SHOPS.values(), start=1)
        }

    def landed(self) -> Rows:
        """Return all cases in the warehouse, by shop and number."""
        rows = self.rows(pdd_refunds)
        assert all(row.pop("created_day") == row["created_time"].date() for row in rows)
        assert all(
            row.pop("is_quality_reason") == (row["reason"] in QUALITY_REASONS) for row in rows
        )
        return {(row.pop("shop_id"), row["refund_id"]): row for row in rows}


def truth(days: list[date], *shops: str) -> Rows:
    """Return the cases that must be there, in the warehouse's form."""
    return {
        (shop, row["id"]): by_our_names(row, PDD_NAMES)
        for shop in shops
        for day in days
        for row in pdd_refunds_of(SHOPS[shop], day, SANDBOX_NOW)
    }


@pytest.fixture
def pull(sandbox: Sandbox, warehouse_url: str, tmp_path: Path) -> Iterator[PddPull]:
    """Return an empty warehouse beside a sandbox that stands still, both without limits."""
    pull = PddPull("pdd_quality", sandbox, tmp_path, warehouse_url, root=_project(tmp_path))
    yield pull
    pull.engine.dispose()


def test_a_day_is_the_truth_to_the_row(pull: PddPull) -> None:
    """Every case of a shop's sale, though its token has expired and much goes wrong on the way."""
    wish = {"platform": "pdd", "shop": SHOPS["pdd-1"]}
    HTTP.post(f"{pull.sandbox.base_url}/sandbox/tokens/expire", json=wish).raise_for_status()
    for fault in FAULTS_THAT_PASS:
        pull.sandbox.arm(fault, "pdd", after=20, shop=SHOPS["pdd-1"])
    pull.environment = {"GATEWAY_PAUSE_SECONDS": "0.01"}
    code, output = pull.run(SALE_DAY, "--shop", "pdd-1")
    assert code == 0, output
    assert pull.landed() == truth([SALE_DAY], "pdd-1")
    (row,) = pull.ledger.rows("pdd_quality", str(SALE_DAY))
    own = [row for row in pull.landed().values() if row["created_time"].date() == SALE_DAY]
    assert (row.state, row.rows, row.table_name) == ("ok", len(own), "pdd_refunds")
    assert [one["struck"] for one in pull.sandbox.armed()] == [1] * len(FAULTS_THAT_PASS)
    assert pull.run(SALE_DAY, "--shop", "pdd-1")[0] == 99
    _check_view(pull)


def _check_view(pull: PddPull) -> None:
    """The daily view adds up what landed, by the day on which a case began."""
    with pull.engine.connect() as connection:
        days = connection.execute(text("SELECT * FROM pdd_quality_daily")).mappings().all()
    rows = pull.landed().values()
    assert sum(day["refunds"] for day in days) == len(rows)
    amount = sum(row["refund_amount"] for row in rows)
    assert sum(round(day["refund_amount"] * 100) for day in days) == amount * 100
    quality = sum(row["reason"] in QUALITY_REASONS for row in rows)
    assert sum(day["quality_refunds"] for day in days) == quality > 20
    assert sum(day["disputes"] for day in days) == sum(row["dispute_status"] for row in rows) > 0


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("trickle", 75, "no answer within 3 s"),
        ("expired_token", 75, "run it again; if it stays so, authorise the app again"),
        ("missing_field", 1, "field refund_list"),
    ],
)
def test_a_fault_that_stays_fails_the_shop_and_lands_nothing(
    fault: str, code: int, said: str, pull: PddPull
) -> None:
    """The exit code is the design's, the ledger has it, and the message says what to do."""
    pull.environment = {"GATEWAY_ATTEMPTS": "1", "GATEWAY_TIMEOUT_SECONDS": "3"}
    pull.sandbox.arm(fault, "pdd", times=10_000)
    got, output = pull.run(LAST_DAY, "--shop", "pdd-3")
    assert got == code, output
    assert said in output
    assert "shop 20003, pdd." in output
    assert pull.states(LAST_DAY) == {"pdd-3": ("failed", code)}
    assert pull.landed() == {}


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        (
            {"password": "wrong-secret-of-a-test"},
            77,
            "password (client_secret) of connection pdd_1",
        ),
        (
            {"extra": {"access_token": access_token_of("pdd", 20002)}},
            78,
            "belongs to shop 20002 '沙箱店铺20002', not to '20001'",
        ),
    ],
    ids=["secret", "token of another shop"],
)
def test_a_wrong_connection_says_what_to_do(
    changed: dict[str, Any], code: int, said: str, pull: PddPull
) -> None:
    """Also a token that is good, but for another shop, lands nothing."""
    pull.changed = changed
    pull.root = ROOT  # it fails before any limit counts
    got, output = pull.run(LAST_DAY, "--shop", "pdd-1")
    assert got == code, output
    assert said in output
    assert pull.states(LAST_DAY) == {"pdd-1": ("failed", code)}
    assert pull.landed() == {}
    assert "wrong-secret-of-a-test" not in output


def _fetched(*script: bytes, mall: int = 20001) -> list[dict[str, Any]]:
    """Fetch half an hour of shop pdd-1 from a script; gives the rows to be landed."""
    shop = load_registry(ROOT).shops["pdd-1"]
    start = NOON.replace(tzinfo=SHANGHAI)
    period = Period("2025-10-02T12:00", start, start + timedelta(minutes=30))
    owner = answer(json.dumps({"mall_info_get_response": {"mall_id": mall, "mall_name": "店"}}))
    end = period.end.astimezone(timezone.utc)
    window = Window(period, period.start, end, settled=end + timedelta(days=2))
    with scripted(owner, *script) as gateway:
        connection = Connection("pdd_1", gateway.base_url, "key", "s3cret", "t0ken")
        landing = using(Pdd(connection), lambda client: fetch(client, shop, window))
    assert (landing.table, landing.version) == (pdd_refunds, "updated_time")
    return list(landing.rows)


@pytest.mark.parametrize(("status", "before"), [(10, 2), (2, 6)])
def test_of_two_changes_in_one_second_the_later_is_landed(status: int, before: int) -> None:
    """Seen in two lists with one time, a case is as it was in the list that was read last."""
    lists = [page([])] * len(STATUSES)
    first, last = sorted((status, before))
    lists[STATUSES.index(first)] = page([{**ROW, "after_sales_status": first}])
    lists[STATUSES.index(last)] = page([{**ROW, "after_sales_status": last}])
    assert [row["after_sales_status"] for row in _fetched(*lists)] == [last]


def test_a_newer_change_counts_wherever_it_was_seen() -> None:
    """A case that is seen later in an older state stays as it was newer."""
    lists = [page([])] * len(STATUSES)
    newer = {**ROW, "after_sales_status": 2, "updated_time": "2025-10-02 12:20:00"}
    lists[STATUSES.index(2)], lists[STATUSES.index(10)] = page([newer]), page([ROW])
    (row,) = _fetched(*lists)
    assert (row["after_sales_status"], row["updated_time"]) == (2, datetime(2025, 10, 2, 12, 20))


def test_a_token_of_another_shop_is_refused() -> None:
    """The list would not say whose cases it has."""
    with pytest.raises(ConfigurationError, match="belongs to shop 7 '店', not to '20001'"):
        _fetched(page([]), mall=7)


@pytest.mark.parametrize("reason", sorted(QUALITY_REASONS))
def test_reasons_of_quality_are_known(reason: str) -> None:
    """The goods were bad, broken, fake, spoilt, not as promised or not all there."""
    assert is_quality_reason(reason)


@pytest.mark.parametrize(
    "reason", [None, "", "不想要了", "拍错/多拍", "尺码不合适", "七天无理由退货", "快递丢件"]
)
def test_other_reasons_are_none_of_quality(reason: str | None) -> None:
    """The buyer's mind, their size, or the courier are not the goods."""
    assert not is_quality_reason(reason)


@pytest.mark.campaign
@pytest.mark.timeout(3000)
def test_fourteen_days_of_all_shops_are_the_truth(pull: PddPull) -> None:
    """In any order, twice, and whatever an older day's cases have become since."""
    days = [LAST_DAY - timedelta(days=back) for back in range(14)]
    for day in [*days[1::2], *days[::2]]:
        code, output = pull.run(day)
        assert code == 0, output
        assert pull.states(day) == dict.fromkeys(SHOPS, ("ok", 0))
    assert pull.landed() == truth(days, *SHOPS)
    assert pull.run(days[3], "--again")[0] == 0
    assert pull.landed() == truth(days, *SHOPS)


@pytest.mark.campaign
@pytest.mark.timeout(1000)
def test_the_delivered_program_keeps_the_platforms_limits(
    warehouse_url: str, tmp_path: Path
) -> None:
    """All shops' day lands with no call too many, so in no less time than limits ask for."""
    with serve(clock=lambda: SANDBOX_NOW) as base_url:
        pull = PddPull("pdd_quality", Sandbox(base_url), tmp_path, warehouse_url)
        began = time.monotonic()
        code, output = pull.run(LAST_DAY)
        took = time.monotonic() - began
        assert code == 0, output
        counted = HTTP.get(f"{base_url}/sandbox/calls").json()["platforms"]["pdd"]
        assert counted["over_limit"] == 0
        assert pull.landed() == truth([LAST_DAY], *SHOPS)
        assert took > 110
        pull.engine.dispose()
