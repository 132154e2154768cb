"""A pull of after-sales brings exactly what is true, whatever the list's quirks."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.client import GatewayClient, Patience
from include.gateways.connection import Connection
from include.gateways.errors import (
    CHANGED,
    AuthExpired,
    GatewayError,
    Malformed,
    Refused,
    Temporary,
)
from include.gateways.fields import SHANGHAI
from include.platforms.pdd.dialect import REFUNDS, Pdd, mall
from include.platforms.pdd.refunds import STATUSES, WINDOWS_AT_ONCE, Refund, refunds_updated
from tests.conftest import HTTP, SANDBOX_NOW, Sandbox
from tests.gateways.asking import ONCE, using
from tests.gateways.pdd_shops import connection_of
from tests.gateways.scripted_gateway import answer, scripted
from tests.sandbox.truth import PDD

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = timedelta(days=1)
HALF_AN_HOUR = timedelta(minutes=30)
NOON = datetime(2025, 10, 2, 12)
# In this half hour of its sale, shop 20001 has 319 cases in one status: four pages.
SALE_DAY, SALE_EVENING = date(2025, 10, 3), datetime(2025, 10, 3, 20)
SOON = Patience(attempts=3, pause=timedelta(milliseconds=1))
ROW: dict[str, Any] = {
    "id": 1,
    "order_sn": "250929-1",
    "after_sales_type": 2,
    "after_sales_status": 10,
    "dispute_refund_status": 0,
    "after_sale_reason": "质量问题",
    "refund_amount": "12.3",
    "order_amount": "59",
    "goods_id": 600,
    "created_time": "1759377600",
    "updated_time": "2025-10-02 12:10:00",
}
SPARE = ("order_sn", "dispute_refund_status", "after_sale_reason", "order_amount", "goods_id")


async def pull(client: GatewayClient, number: int, start: datetime, end: datetime) -> list[Refund]:
    """Pull a stretch of time and put what comes together."""
    return [one async for some in refunds_updated(client, number, start, end) for one in some]


def pull_sandbox(
    sandbox: Sandbox, number: int, start: datetime, end: datetime, patience: Patience = ONCE
) -> list[dict[str, Any]]:
    """Pull a stretch of a sandbox shop, as the truth has it: by last change and number."""
    dialect = Pdd(connection_of(sandbox.base_url, number))
    found = using(dialect, lambda client: pull(client, number, start, end), patience)
    found.sort(key=lambda one: (one.updated_time, one.id))
    return [one.model_dump() for one in found]


def truth_of(number: int, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Return the rows that a stretch of one day must have."""
    rows = PDD.on(number, start.date(), seed=1, as_of=SANDBOX_NOW)
    return [row for row in rows if start <= row["updated_time"] < end]


def page(rows: Sequence[dict[str, Any]] | None, total: int | None = None) -> bytes:
    """Write an answer with a page of cases."""
    data = {"refund_list": rows, "total_count": len(rows or ()) if total is None else total}
    return answer(json.dumps({"refund_increment_get_response": data}))


def pull_scripted(
    *script: bytes, start: datetime = NOON, end: datetime = NOON + HALF_AN_HOUR
) -> tuple[Any, list[dict[str, str]]]:
    """Pull from a script; give the cases or the error, and what was asked."""
    with scripted(*script) as gateway:
        connection = Connection("pdd_1", gateway.base_url, "key", "s3cret", "t0ken")
        try:
            found = using(Pdd(connection), lambda client: pull(client, 20001, start, end))
        except GatewayError as error:
            found = error
        asked = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in gateway.requests]
        return found, asked


def test_hours_are_the_truth(sandbox: Sandbox) -> None:
    """Every row of them is there, once, and to the cent; a sale's many pages, too."""
    start, end = SALE_EVENING - 2 * HALF_AN_HOUR, SALE_EVENING + 8 * HALF_AN_HOUR
    pulled = pull_sandbox(sandbox, 20001, start, end)
    assert pulled == truth_of(20001, start, end)
    assert len(pulled) > 330
    evening = truth_of(20001, SALE_EVENING, SALE_EVENING + HALF_AN_HOUR)
    assert sum(row["after_sales_status"] == 10 for row in evening) > 300


def test_a_stretch_may_be_given_in_another_zone(sandbox: Sandbox) -> None:
    """An aware moment means the same as Shanghai's clock."""
    start = NOON.replace(tzinfo=SHANGHAI).astimezone(timezone.utc)
    pulled = pull_sandbox(sandbox, 20003, start, start + HALF_AN_HOUR)
    assert pulled == truth_of(20003, NOON, NOON + HALF_AN_HOUR) != []


def test_the_end_of_a_stretch_is_not_part_of_it(sandbox: Sandbox) -> None:
    """One that ends at a case's very second lacks it; the next one starts with it."""
    truth = PDD.on(20001, SALE_DAY, seed=1, as_of=SANDBOX_NOW)
    moment = truth[len(truth) // 2]["updated_time"]
    before = pull_sandbox(sandbox, 20001, moment - HALF_AN_HOUR, moment)
    after = pull_sandbox(sandbox, 20001, moment, moment + HALF_AN_HOUR)
    assert before == truth_of(20001, moment - HALF_AN_HOUR, moment)
    assert after == truth_of(20001, moment, moment + HALF_AN_HOUR)
    assert moment not in {row["updated_time"] for row in before}
    assert after[0]["updated_time"] == moment


def test_the_questions_are_what_the_platform_documents() -> None:
    """Half hours at most, each status alone and in turn, all kinds, a hundred to a page."""
    found, asked = pull_scripted(page([]), end=NOON + timedelta(minutes=45))
    assert found == []
    noon = int(NOON.replace(tzinfo=SHANGHAI).timestamp())
    for begin, end in ((noon, noon + 1800), (noon + 1800, noon + 2700)):
        window = [one for one in asked if one["start_updated_at"] == str(begin)]
        assert {one["end_updated_at"] for one in window} == {str(end)}
        assert [one["after_sales_status"] for one in window] == [str(one) for one in STATUSES]
        assert {(one["type"], one["after_sales_type"]) for one in window} == {(REFUNDS, "1")}
        assert {(one["page"], one["page_size"]) for one in window} == {("1", "100")}
    assert len(asked) == 2 * len(STATUSES)


def test_every_documented_status_is_asked_for() -> None:
    """2 to 18 and the eight that came later; 0 (no after-sales) and 1 are none."""
    assert (*range(2, 19), 21, 22, 24, 25, 27, 31, 32, 33) == tuple(sorted(STATUSES))


@pytest.mark.parametrize("fault", ["empty_page", "duplicate_rows", "error_object", "http_503"])
def test_a_fault_that_passes_loses_and_doubles_nothing(fault: str, sandbox: Sandbox) -> None:
    """In the middle of several pages; what comes twice is the same case."""
    sandbox.arm(fault, "pdd", times=2, after=1)
    start, end = SALE_EVENING, SALE_EVENING + HALF_AN_HOUR
    pulled = pull_sandbox(sandbox, 20001, start, end, SOON)
    truth = truth_of(20001, start, end)
    assert {row["id"]: row for row in pulled} == {row["id"]: row for row in truth}
    assert (len(pulled) > len(truth)) == (fault == "duplicate_rows")
    assert [one["struck"] for one in sandbox.armed()] == [2]


def test_cases_that_leave_the_window_hide_no_other(sandbox: Sandbox) -> None:
    """Whatever page is answered before some change, all that stay are brought."""
    truth_url = f"{sandbox.base_url}/sandbox/truth/pdd/refunds"
    start, end = SALE_EVENING, SALE_EVENING + HALF_AN_HOUR
    sandbox.arm("shifting_rows", "pdd", times=100)
    pulled = {row["id"] for row in pull_sandbox(sandbox, 20001, start, end, SOON)}
    rows = HTTP.get(truth_url, params={"shop": 20001, "day": str(SALE_DAY)}).json()
    stayed = {row["id"] for row in rows if str(start) <= row["updated_time"] < str(end)}
    assert stayed <= pulled
    assert len(stayed) < len(truth_of(20001, start, end)) - 20


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        ("missing_field", Malformed, "refund_amount is missing"),
        ("wrong_type", Malformed, 'updated_time holds ["昨天"]'),
        ("limit", Temporary, "100 calls in 10 seconds"),
        ("expired_token", AuthExpired, "authorise the shop again"),
        ("html", Temporary, "not JSON"),
    ],
)
def test_a_fault_that_stays_is_named(
    fault: str, kind: type[GatewayError], said: str, sandbox: Sandbox
) -> None:
    """Shop, method, page and what was wrong, with what to do; no rows pass for all."""
    sandbox.arm(fault, "pdd", times=1000)
    with pytest.raises(kind, match=f"shop 20001, {REFUNDS}, page ") as caught:
        pull_sandbox(sandbox, 20001, SALE_EVENING, SALE_EVENING + HALF_AN_HOUR)
    assert said in str(caught.value)


def test_an_error_ends_what_runs_beside_it() -> None:
    """No window goes on asking for a pull that has failed."""
    error = {"error_code": 20031, "error_msg": "用户没有授权访问此接口"}
    found, asked = pull_scripted(answer(json.dumps({"error_response": error})), end=NOON + DAY)
    assert isinstance(found, Refused)
    assert 0 < len(asked) <= 2 * WINDOWS_AT_ONCE


def test_a_stretch_that_has_just_ended_is_asked_for_later() -> None:
    """The list lags behind: the message says from when on it is complete, and nothing is asked."""
    now = datetime.now(SHANGHAI).replace(tzinfo=None, microsecond=0)
    for end in (now, now + DAY):
        found, asked = pull_scripted(page([]), start=now - HALF_AN_HOUR, end=end)
        assert isinstance(found, Temporary)
        assert str(found).endswith(f"run it again at {end + timedelta(minutes=3)} or later")
        assert asked == []
    found, asked = pull_scripted(
        page([]), start=now - HALF_AN_HOUR, end=now - timedelta(minutes=3, seconds=5)
    )
    assert (found, len(asked)) == ([], len(STATUSES))


def test_fields_are_read_as_they_are() -> None:
    """Amounts are exact, and times the same however they are written."""
    (refund,), _ = pull_scripted(page([ROW]), page([]))
    assert (str(refund.refund_amount), str(refund.order_amount)) == ("12.30", "59.00")
    assert refund.created_time == datetime(2025, 10, 2, 12)
    assert refund.updated_time == datetime(2025, 10, 2, 12, 10)


def test_rows_outside_the_stretch_are_clipped_away() -> None:
    """A row that has changed since, and one at the very end, belong to another day."""
    times = ("2025-10-02 11:59:59", NOON, NOON + HALF_AN_HOUR, datetime(2025, 10, 3))
    rows = [{**ROW, "id": number, "updated_time": str(time)} for number, time in enumerate(times)]
    found, _ = pull_scripted(page(rows), page([]))
    assert [one.id for one in found] == [1]


def test_of_two_changes_in_one_second_the_later_comes_later() -> None:
    """A case that is seen in two statuses with one time is as it was in the list read last."""
    first, then = {**ROW, "after_sales_status": 2}, {**ROW, "after_sales_status": 10}
    lists = [page([])] * len(STATUSES)
    lists[STATUSES.index(2)], lists[STATUSES.index(10)] = page([first]), page([then])
    found, _ = pull_scripted(*lists)
    assert [one.after_sales_status for one in found] == [2, 10]


def test_no_list_is_an_empty_one_only_where_the_count_says_so() -> None:
    """Null instead of rows passes with a count of zero, and with no other."""
    assert pull_scripted(page(None, total=0))[0] == []
    error, _ = pull_scripted(page(None, total=3))
    assert isinstance(error, Malformed)
    assert "field refund_list is missing" in str(error)


@pytest.mark.parametrize("name", [name for name in ROW if name not in SPARE])
def test_a_missing_field_is_named(name: str) -> None:
    """Shop, method, page and field are in the message; nothing is taken for empty."""
    row = {key: value for key, value in ROW.items() if key != name}
    error, _ = pull_scripted(page([ROW, row]))
    assert isinstance(error, Malformed)
    field = f"field refund_list.1.{name} is missing from the answer"
    assert str(error) == f"shop 20001, {REFUNDS}, page 1: {field}; {CHANGED}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "one"),
        ("after_sales_type", None),
        ("after_sales_status", "done"),
        ("refund_amount", "12.345"),
        ("created_time", "2025-10-02"),
        ("updated_time", 175937760000),
    ],
)
def test_an_ill_field_is_named(field: str, value: object) -> None:
    """No value is guessed, rounded or taken for another."""
    error, _ = pull_scripted(page([ROW, {**ROW, "id": 2, field: value}]))
    assert isinstance(error, Malformed)
    assert f"page 1: field refund_list.1.{field} holds" in str(error)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_sn", ""),
        ("order_sn", "x" * 65),
        ("dispute_refund_status", None),
        ("order_amount", None),
        ("goods_id", "x"),
        ("goods_id", 2**63),
        ("after_sale_reason", ["x"]),
    ],
)
def test_an_odd_field_that_no_figure_counts_is_none(field: str, value: object) -> None:
    """The case comes all the same, and says what it lacks; so it does where the field is gone."""
    for row in ({**ROW, field: value}, {key: one for key, one in ROW.items() if key != field}):
        found, _ = pull_scripted(page([row]))
        assert {(getattr(one, field), *one.without) for one in found} == {(None, field)}


def test_a_long_reason_is_cut() -> None:
    """What people write has no length that the platform promises; what is left can be kept."""
    found, _ = pull_scripted(page([{**ROW, "after_sale_reason": "质量问题" * 99}]))
    reason = found[0].after_sale_reason
    assert reason is not None
    assert (len(reason), reason[:4], found[0].without) == (255, "质量问题", [])
    assert found[0].cut == ["after_sale_reason"]


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"refund_list": []},
        {"total_count": None},
        {"refund_list": [], "total_count": -1},
    ],
)
def test_a_page_of_another_shape_is_malformed(data: object) -> None:
    """An answer without its count is not an empty window."""
    error, _ = pull_scripted(answer(json.dumps({"refund_increment_get_response": data})))
    assert isinstance(error, Malformed)


def test_a_token_tells_whose_it_is(sandbox: Sandbox) -> None:
    """The shop's own number and name come back, whatever shop was expected."""
    dialect = Pdd(connection_of(sandbox.base_url, 20004))
    owner = using(dialect, lambda client: mall(client, 20001))
    assert (owner.mall_id, owner.mall_name) == (20004, "沙箱店铺20004")


@pytest.mark.parametrize(
    ("changed", "kind", "said"),
    [
        ({"app_key": "other"}, Refused, r"login \(client_id\) of connection pdd_1"),
        ({"app_secret": "other"}, Refused, r"password \(client_secret\) of connection pdd_1"),
        (
            {"access_token": "other", "refresh_token": ""},
            AuthExpired,
            "extra.access_token and extra.refresh_token of connection pdd_1",
        ),
    ],
)
def test_wrong_credentials_are_told_apart(
    changed: dict[str, str], kind: type[GatewayError], said: str, sandbox: Sandbox
) -> None:
    """A wrong secret is refused, a stale token has expired; neither is tried again."""
    connection = replace(connection_of(sandbox.base_url, 20001), **changed)
    with pytest.raises(kind, match=said):
        using(Pdd(connection), lambda client: mall(client, 20001))
