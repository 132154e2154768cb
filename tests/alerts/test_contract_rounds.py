"""Contracts, round by round: who is told that a day is not complete, and when it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from include.alerts.findings import Identity, Kind
from include.alerts.store import STARTED
from include.contracts import completed
from include.registry import load_registry
from include.warehouse import connect
from include.warehouse.tables import contracts
from tests.alerts.test_rounds import ALERTS, Rounded
from tests.alerts.watched import ADDRESS, LAST, TASKS, at

if TYPE_CHECKING:
    from include.periods import Period
    from tests.alerts.fake_robots import FakeRobots
    from tests.alerts.watched import Watched

CONTRACT = """
contracts:
  - {id: store_day, name: 门店日报, jobs: [erp_store, jd_store], deadline: "09:30"}
"""
LATE = Identity(Kind.LATE, "contract:store_day", LAST)
MINUTE = timedelta(minutes=1)
REFUSED: dict[str, Any] = {
    "state": "failed",
    "exit_code": 77,
    "error": "the access token has expired",
}
BUSY: dict[str, Any] = {"state": "failed", "exit_code": 75, "error": "no answer within 30 s"}


@pytest.fixture
def contracted(watched: Watched) -> Watched:
    """Return an installation with a contract over two of its jobs."""
    watched.write("config/contracts.yaml", CONTRACT)
    return watched


def _late(contracted: Watched, now: str = "12:00") -> dict[str, Any]:
    return {one.subject: one for one in contracted.found(now, Kind.LATE)}


def test_one_alert_at_its_deadline_for_all_that_is_missing(contracted: Watched) -> None:
    """It stands for those of its jobs that are told no earlier, and has what they would have."""
    contracted.land(but={f"jd_store jd-1 {LAST}": REFUSED, f"jd_store jd-2 {LAST}": None})
    assert _late(contracted, "09:29") == {}
    assert list(_late(contracted, "09:30")) == ["contract:store_day"]
    late = _late(contracted, "10:00")["contract:store_day"]  # when jd_store would be late itself
    assert list(_late(contracted, "10:00")) == ["contract:store_day"]
    assert (late.identity, late.name, late.due) == (LATE, "门店日报", at("09:30"))
    assert (late.platform, late.jobs) == ("jd", ("erp_store", "jd_store"))
    assert late.facts["expected"] == "4"
    told = {unit.shop_id: (unit.job_id, unit.job_name, unit.reason) for unit in late.units}
    assert told == {
        "jd-1": ("jd_store", "京东门店数据", "授权失效或被拒绝（连接 jd_1）"),
        "jd-2": ("jd_store", "京东门店数据", "没有运行"),
    }
    assert late.facts["remedy"] == "python3 scheduler_manager.py repair --job jd_store --yes"
    assert late.facts["link"] == f"{ADDRESS}/plugin/coverage"


def test_what_was_late_before_is_told_by_itself(contracted: Watched) -> None:
    """Of the job whose deadline is earlier, at that; the contract's names it again at its own."""
    contracted.land(but={f"erp_store erp-1 {LAST}": BUSY, f"jd_store jd-1 {LAST}": BUSY})
    assert list(_late(contracted, "09:00")) == ["erp_store"]
    found = _late(contracted, "10:00")
    assert list(found) == ["contract:store_day", "erp_store"]
    late = found["contract:store_day"]
    assert late.facts["remedy"] == f"python3 scheduler_manager.py complete store_day {LAST}"


def test_a_job_that_lacks_more_than_its_contract_waits_for(contracted: Watched) -> None:
    """Nothing is late of a contract that is complete without a shop; of the job it is."""
    contracted.write(
        "config/contracts.yaml", CONTRACT.replace('"09:30"', '"09:30", min_shops: 60%')
    )
    contracted.land(but={f"jd_store jd-1 {LAST}": REFUSED})
    assert list(_late(contracted)) == ["jd_store"]


@pytest.fixture
def rounded(contracted: Watched, robots: FakeRobots) -> Rounded:
    """Return one that has had its digest, in which all is well."""
    made = Rounded(contracted, robots)
    made.make()
    made.said()
    return made


def test_all_that_was_due_while_the_service_was_off_is_told_at_once(rounded: Rounded) -> None:
    """After the start nothing is told by two alerts."""
    rounded.rounds.store.note(STARTED, rounded.now)
    for job_id, shop in (("erp_store", "erp-1"), ("jd_store", "jd-1")):
        rounded.watched.set(job_id, shop, **BUSY)
    for _ in range(12):
        rounded.make(MINUTE)
    (said,) = rounded.said()
    late = f"【数据迟到】门店日报 {LAST}\n09:30 前没有齐备，差ERP门店数据 1 项、京东"
    assert said.startswith(late)


def _fail(rounded: Rounded) -> str:
    """Return what is said when a shop is refused."""
    rounded.watched.set("jd_store", "jd-1", **REFUSED)
    rounded.make()
    late, *_ = [one for one in rounded.said() if one.startswith("【数据迟到】")]
    return late


def _period(rounded: Rounded) -> Period:
    return load_registry(rounded.watched.root).jobs["jd_store"].schedule.parse_key(LAST)


def test_what_is_said_of_it(rounded: Rounded) -> None:
    """What it lacks, why, and what to do; and that it is complete, as soon as it is."""
    number = "#A1"
    assert _fail(rounded) == (
        f"【数据迟到】门店日报 {LAST}\n"
        "09:30 前没有齐备，差京东门店数据 1 项：\n"
        "· 示例京东旗舰店：授权失效或被拒绝（连接 jd_1）——请店铺重新授权\n"
        "处理：python3 scheduler_manager.py repair --job jd_store --yes\n"
        f"详情：{ADDRESS}/plugin/coverage  {number}"
    )
    rounded.watched.set("jd_store", "jd-1", state="ok", exit_code=0, error=None)
    engine = connect(rounded.watched.url)
    assert completed(engine, rounded.watched.root, "jd_store", [_period(rounded)], lately=False)
    engine.dispose()
    said = [one for one in rounded.recover() if "门店日报" in one]
    assert len(said) == 1
    assert said[0].startswith(f"【已恢复】门店日报 {LAST}：4 家全部入库，比截止晚 ")


def test_it_is_not_over_while_nothing_is_known_of_it(rounded: Rounded) -> None:
    """A broken entry makes nothing complete, and its jobs are not told of besides."""
    _fail(rounded)
    broken = TASKS.replace('"0 7 * * *"', '"99 7 * * *"')
    rounded.watched.write("config/tasks/tasks.yaml", broken)
    (said,) = rounded.recover()
    assert said.startswith("【配置有误】")
    rounded.watched.write("config/tasks/tasks.yaml", TASKS)
    (said,) = rounded.recover()
    assert said.startswith("【已恢复】【配置有误】")


def test_without_its_contract_a_job_is_told_of(rounded: Rounded) -> None:
    """While the contract itself is wrong, too: its alert is over only when it is removed."""
    _fail(rounded)
    rounded.watched.write("config/contracts.yaml", CONTRACT.replace("jd_store]", "jd_stor]"))
    said = rounded.recover()
    assert said[0].startswith(f"【数据迟到】京东门店数据 {LAST}")
    assert not [one for one in said if "已恢复" in one]
    rounded.watched.write("config/contracts.yaml", "contracts: []")
    assert any("契约已删除" in one for one in rounded.recover())


def test_what_is_open_already_stays(rounded: Rounded) -> None:
    """A contract that is added later takes no alert's place: its job would seem to be over."""
    rounded.watched.write("config/contracts.yaml", "contracts: []")
    assert "京东门店数据" in _fail(rounded)
    rounded.watched.write("config/contracts.yaml", CONTRACT)
    said = rounded.recover()
    assert [one.partition("\n")[0] for one in said] == [f"【数据迟到】门店日报 {LAST}"]


def test_a_muted_shop_is_not_named(rounded: Rounded) -> None:
    """Neither by itself nor by its contract."""
    rounded.watched.write(
        "config/alerts.yaml",
        f"{ALERTS}mutes: [{{job: jd_store, shop: jd-1, until: 2026-12-05, reason: 装修}}]\n",
    )
    rounded.watched.set("jd_store", "jd-1", **BUSY)
    assert rounded.recover() == []
    rounded.watched.set("jd_store", "jd-2", **BUSY)
    rounded.make()
    (said,) = rounded.said()
    assert "差京东门店数据 1 项" in said
    assert "示例京东旗舰店" not in said


def test_a_route_of_platforms_gets_it(rounded: Rounded) -> None:
    """Where what is missing is of one of them: it took the place of that job's alert."""
    for platform, told in (("erp", 0), ("jd", 1)):
        route = f"routes: [{{to: ops, on: [late], platforms: [{platform}]}}]\n"
        rounded.watched.write("config/alerts.yaml", f"{ALERTS}{route}")
        rounded.watched.set("jd_store", "jd-1", **BUSY)
        rounded.make()
        assert len(rounded.said()) == told


def test_the_digest_begins_with_it(rounded: Rounded) -> None:
    """Complete at what hour, or what is missing; still to come, or not known."""
    rounded.watched.set("jd_store", "jd-1", **BUSY)

    def first_line(at_time: str) -> str:
        rounded.go_to(at_time)
        for _ in range(2):
            rounded.make(MINUTE)
        (digest,) = [one for one in rounded.said() if one.startswith("【数据日报】")]
        return digest.splitlines()[1]

    last = "2026-11-29"
    rounded.watched.write("config/alerts.yaml", f"{ALERTS}digest: {{at: '08:00'}}\n")
    line = first_line("2026-11-30 08:00")
    assert line.startswith(f"门店日报 {last}：还差")
    assert line.endswith("，09:30 前应齐备")
    rounded.watched.write("config/alerts.yaml", f"{ALERTS}digest: {{at: '11:00'}}\n")
    rounded.watched.land("erp_store", "jd_store", days=2, last="2026-11-30")
    line = first_line("2026-12-01 11:00")
    assert line == "门店日报 2026-11-30：已全部入库，尚未确认"


ANNOUNCED = (
    f"{ALERTS}routes: [{{to: ops, on: [complete]}}]\nquiet: {{from: '11:00', until: '13:00'}}\n"
)


def _complete(rounded: Rounded) -> None:
    engine = connect(rounded.watched.url)
    assert completed(engine, rounded.watched.root, "jd_store", [_period(rounded)], lately=False)
    # A warehouse has the same clock as its watchdog.
    with engine.begin() as connection:
        values = {"complete_at": rounded.now}
        connection.execute(update(contracts).where(contracts.c.period_key == LAST).values(values))
    engine.dispose()


def test_a_webhook_is_told_once_of_each_revision(rounded: Rounded) -> None:
    """Where a route asks for it, in quiet hours too, and again where it was not taken."""
    _complete(rounded)
    rounded.make()
    assert rounded.said() == []  # no route names it
    rounded.watched.write("config/alerts.yaml", ANNOUNCED)
    rounded.robots.fault = 500
    rounded.make()
    rounded.robots.fault = None
    for _ in range(4):
        rounded.make(MINUTE)
    (told,) = [dict(one) for one in rounded.robots.taken]
    assert str(told["title"]).startswith(f"【数据齐备】门店日报 {LAST}，12:0")
    event = dict(told["event"])
    assert str(event.pop("complete_at")).startswith("2026-11-29T04:0")
    assert event == {
        "contract": "store_day",
        "period": LAST,
        "revision": 1,
        "units": 4,
        "waived": 0,
        "row_count": 40,
    }
    rounded.robots.taken.clear()
    rounded.watched.set("jd_store", "jd-1", rows=7, revision=2)
    _complete(rounded)
    rounded.begin()  # as after a restart
    for _ in range(3):
        rounded.make(MINUTE)
    (told,) = [dict(one) for one in rounded.robots.taken]
    assert str(told["title"]).startswith(f"【数据有更新】门店日报 {LAST}，")
    assert dict(told["event"])["revision"] == 2


def test_events_are_not_counted_as_messages(rounded: Rounded) -> None:
    """They are neither held up by a budget that is used up, nor use it up."""
    text = f"{ALERTS}storm: {{budget: 2/10m}}\nroutes: [{{to: ops}}, {{to: ops, on: [complete]}}]\n"
    rounded.watched.write("config/alerts.yaml", text)
    rounded.watched.set("jd_store", "jd-1", **REFUSED)
    rounded.make()
    assert len(rounded.said()) == 1  # with the digest that is all of it
    for revision in (2, 3, 4):
        changed = {"state": "ok", "exit_code": 0, "error": None, "rows": revision}
        rounded.watched.set("jd_store", "jd-1", revision=revision, **changed)
        _complete(rounded)
        rounded.make()
    told = [dict(one) for one in rounded.robots.taken]
    rounded.robots.taken.clear()
    assert [dict(one["event"])["revision"] for one in told if one["event"]] == [1, 2, 3]
    for _ in range(4):
        rounded.make(3 * MINUTE)
    assert any("恢复" in str(dict(one)["title"]) for one in rounded.robots.taken)


def test_a_route_without_kinds_does_not_ask_for_it(rounded: Rounded) -> None:
    """It is named, or it does not come; and what is named alone brings no alerts."""
    rounded.watched.write("config/alerts.yaml", f"{ALERTS}routes: [{{to: ops}}]\n")
    _complete(rounded)
    rounded.make()
    assert rounded.said() == []
    rounded.watched.write("config/alerts.yaml", ANNOUNCED.partition("quiet")[0])
    rounded.watched.set("jd_store", "jd-1", **BUSY)
    rounded.make()
    assert [one.partition(" ")[0] for one in rounded.said()] == ["【数据齐备】门店日报"]


def test_events_that_wait_for_a_paused_dag_are_said(contracted: Watched) -> None:
    """With the command that lets them go on; a DAG that is paused while nothing waits is not."""
    contracted.airflow.dag("contract.store_day", is_paused=True)
    assert contracted.found("12:00", Kind.PAUSED) == []
    contracted.airflow.run("contract.store_day", LAST, "queued", at("11:45"))
    assert contracted.found("11:50", Kind.PAUSED) == []
    (held,) = contracted.found("12:00", Kind.PAUSED)
    assert held.identity == (Kind.PAUSED, "contract:store_day", "")
    assert held.facts["what"] == "契约的 DAG 暂停着，1 个齐备事件没有发出，最早的等了 15 分钟"
    assert held.facts["remedy"] == "python3 scheduler_manager.py resume contract.store_day"
