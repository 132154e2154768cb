"""The bell: what its routes tell of alerts, and what they let people say to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from include.alerts.configuration import load_usable
from include.alerts.findings import Finding, Kind, Missing
from include.alerts.messages import Message, Receipt
from include.alerts.overview import GOOD_ROUND
from include.alerts.records import Alert, Changes, Outgoing, Purpose, What
from include.alerts.store import FILE, Store
from include.coverage_page import alert_routes, permissions
from include.coverage_page.routes import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(timezone.utc)
TODAY = NOW.astimezone(ZoneInfo("Asia/Shanghai")).date()
SOON = str(TODAY + timedelta(days=6))
OPS = """
channels:
  - {id: ops, kind: dingtalk, connection: alert_dingtalk}
mutes:
  - {job: pdd_chat, until: "LAST", reason: 店铺装修停业, by: 林}
""".replace("LAST", str(TODAY))
SHOPS = (
    Missing("jd-1", "示例京东旗舰店", "授权失效（连接 jd_1）", "请店铺重新授权"),
    Missing("jd-2", "示例京东专营店", "平台繁忙"),
)
SINCE = NOW - timedelta(hours=2)
ON_THE_PAGE = "(user anna, on the page Coverage)"


class Anna:
    """Who asks: she may look at some jobs, and run some of them."""

    def __init__(self) -> None:
        self.visible = {"erp_store", "jd_store", "pdd_chat"}
        self.runnable = {"jd_store", "pdd_chat"}

    def get_name(self) -> str:
        """Return the name."""
        return "anna"

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask the page's application."""
        app = make_app()
        for needed in (permissions.MAY_LOOK.dependency, permissions.MAY_RUN.dependency):
            app.dependency_overrides[needed] = lambda: None
        app.dependency_overrides[permissions.get_user] = lambda: self

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
                return await client.request(method, path, **more)

        return asyncio.run(ask())

    def look(self) -> dict[str, Any]:
        """Return what the bell is told."""
        answer = self.ask("GET", "/data/alerts")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def say(self, what: str, **wish: Any) -> tuple[int, str]:
        """Send a wish; return the status and what is answered."""
        answer = self.ask("POST", f"/alerts/{what}", json=wish)
        return answer.status_code, answer.text


@pytest.fixture
def anna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Anna:
    """Return somebody who asks about a project with one channel."""
    someone = Anna()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/alerts.yaml").write_text(OPS, "utf-8")
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    monkeypatch.setattr(alert_routes, "load_usable", lambda _, var: load_usable(tmp_path, var))
    monkeypatch.setattr(permissions, "visible", lambda user: user.visible)
    monkeypatch.setattr(permissions, "may_run", lambda user, job: job in user.runnable)
    return someone


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return what is kept: an alert of each kind of subject; of one the channel was told."""
    store = Store(tmp_path / FILE)
    alerts = (
        _alert(1, Kind.LATE, "jd_store", units=SHOPS, expected="3"),
        _alert(2, Kind.LATE, "pdd_review"),
        _alert(3, Kind.CREDENTIALS, "jd_1", jobs="1", first_period="2026-11-28"),
        _alert(4, Kind.TOKEN, "pdd_1"),
        _alert(5, Kind.SERVICE, "scheduler", what="no heartbeat", remedy="restart it"),
        _alert(6, Kind.CONFIGURATION, "erp_store", what="cron is wrong"),
    )
    text = Message("【数据迟到】", number="#A1")
    told = Outgoing(1, "ops", Purpose.ALERTS, text, SINCE, ((1, What.OPENING),))
    changes = Changes(alerts, outgoing=(told,))
    store.update(lambda _: changes, NOW, timedelta(minutes=10))
    store.settle(told, Receipt(delivered=True, code="0", answer="ok"), SINCE)
    # The moment of the test itself: a worker imports this file minutes before.
    store.note(GOOD_ROUND, datetime.now(timezone.utc))
    yield store
    store.close()


def _alert(
    number: int, kind: Kind, subject: str, units: tuple[Missing, ...] = (), **facts: str
) -> Alert:
    key = "2026-11-28" if kind is Kind.LATE else ""
    found = Finding(kind, subject, key, subject, "", (), SINCE, SINCE, units, facts)
    return Alert(number, found, SINCE, opened=SINCE)


def test_before_the_first_look_nothing_is_known(anna: Anna, tmp_path: Path) -> None:
    """It says that nobody looks, not that all is well; and looking makes no file."""
    told = anna.look()
    assert (told["alerts"], told["watched"], told["last_round"]) == ([], False, None)
    assert told["channels"] == ["ops"]
    assert not (tmp_path / FILE).exists()


@pytest.mark.usefixtures("store")
def test_an_alert_is_told_with_all_that_is_known(anna: Anna) -> None:
    """Number, kind, names, reasons, since when, and who got it when."""
    told = anna.look()
    first = told["alerts"][0]
    assert told["watched"] is True
    assert [first[name] for name in ("label", "kind", "subject", "period")] == [
        *("#A1", "late", "jd_store", "2026-11-28"),
    ]
    assert first["since"] == SINCE.isoformat(timespec="seconds")
    assert first["units"][0]["name"] == "示例京东旗舰店"
    assert first["facts"] == {"expected": "3"}
    at = SINCE.isoformat(timespec="seconds")
    assert first["told"] == [{"channel": "ops", "what": "opening", "at": at}]


@pytest.mark.usefixtures("store")
def test_one_sees_what_is_of_jobs_that_one_may_look_at(anna: Anna) -> None:
    """Of a connection: those that use it; of the service: everybody. Buttons as for repairing."""
    found = {one["number"]: (one["may"], one["mutable"]) for one in anna.look()["alerts"]}
    assert found == {
        1: (True, True),
        3: (True, False),
        4: (True, False),
        5: (True, False),
        6: (False, False),
    }
    anna.visible = {"erp_store"}
    anna.runnable = set()
    found = {one["number"]: (one["may"], one["mutable"]) for one in anna.look()["alerts"]}
    assert found == {5: (False, False), 6: (False, False)}
    assert anna.say("ack", number=5)[0] == 403


def test_one_of_a_contract_is_for_those_who_may_look_at_all_of_its_jobs(
    anna: Anna, store: Store
) -> None:
    """It names shops of each of them; it is muted by job, and not by itself."""
    late = _alert(7, Kind.LATE, "contract:store_day", units=SHOPS)
    told = replace(late, finding=replace(late.finding, jobs=("erp_store", "jd_store")))
    store.update(lambda _: Changes((told,)), NOW, timedelta(minutes=10))
    found = {one["number"]: (one["may"], one["mutable"]) for one in anna.look()["alerts"]}
    assert found[7] == (False, False)
    assert anna.say("ack", number=7) == (403, '{"detail":"you may not run erp_store"}')
    anna.runnable |= {"erp_store"}
    found = {one["number"]: (one["may"], one["mutable"]) for one in anna.look()["alerts"]}
    assert found[7] == (True, False)
    anna.visible -= {"erp_store"}
    assert 7 not in [one["number"] for one in anna.look()["alerts"]]
    assert anna.say("ack", number=7)[0] == 404


def test_an_alert_is_taken_on_in_the_name_of_who_asks(anna: Anna, store: Store) -> None:
    """It says by whom and when; what is not there, or not hers to see or do, is refused."""
    assert anna.say("ack", number=1) == (200, '{"acknowledged":"#A1"}')
    told = anna.look()["alerts"][0]
    assert told["acknowledged"]["by"] == "anna"
    refused = {number: anna.say("ack", number=number) for number in (2, 6, 99, 0)}
    assert {number: status for number, (status, _) in refused.items()} == {
        2: 404,
        6: 403,
        99: 404,
        0: 422,
    }
    assert "there is no open alert A2" in refused[2][1]
    assert "you may not run erp_store" in refused[6][1]
    assert not [alert for alert in store.alerts() if alert.acked and alert.number != 1]


@pytest.mark.usefixtures("store")
def test_a_shop_is_muted_and_heard_again(anna: Anna) -> None:
    """At once it is no part of the alert any more; the list says why, by whom and how long."""
    wish = {"job": "jd_store", "shop": "jd-2", "until": SOON, "reason": " 装修\n停业 "}
    assert anna.say("mute", **wish)[0] == 200
    told = anna.look()
    assert [unit["shop"] for unit in told["alerts"][0]["units"]] == ["jd-1"]
    (muted,) = (one for one in told["muted"] if one["shop"] == "jd-2")
    assert (muted["reason"], muted["by"], muted["days_left"]) == ("装修 停业", "anna", 7)
    assert (muted["name"], muted["may"], muted["in_file"]) == ("京东门店数据", True, False)
    whole = {"job": "jd_store", "until": SOON, "reason": "closed"}
    assert anna.say("mute", **whole)[0] == 200
    told = anna.look()
    assert 1 not in [one["number"] for one in told["alerts"]]
    assert {tuple(one["alerts"]) for one in told["muted"] if one["job"] == "jd_store"} == {("#A1",)}
    assert anna.say("unmute", job="jd_store")[0] == 200
    assert anna.say("unmute", job="jd_store", shop="jd-2")[0] == 200
    status, said = anna.say("unmute", job="jd_store")
    assert (status, "jd_store is muted by nobody" in said) == (409, True)
    assert len(anna.look()["alerts"][0]["units"]) == 2


@pytest.mark.usefixtures("store")
def test_what_somebody_says_is_in_the_journal(anna: Anna, tmp_path: Path) -> None:
    """In the words of the commands, with who said it; what is refused leaves no line."""
    wish = {"job": "jd_store", "shop": "jd-2", "until": SOON, "reason": "装修"}
    assert anna.say("ack", number=1)[0] == 200
    assert anna.say("mute", **wish)[0] == 200
    assert anna.say("unmute", job="jd_store", shop="jd-2")[0] == 200
    assert anna.say("unmute", job="jd_store", shop="jd-2")[0] == 409
    lines = (tmp_path / "logs/scheduler.log").read_text("utf-8").splitlines()
    assert [line[26:] for line in lines] == [
        "service alert #A1 (late jd_store 2026-11-28) was taken on " + ON_THE_PAGE,
        f"service muted the alerts of jd_store jd-2 until {SOON}: 装修 {ON_THE_PAGE}",
        "service unmuted the alerts of jd_store jd-2 " + ON_THE_PAGE,
    ]


@pytest.mark.usefixtures("store")
def test_what_the_file_mutes_is_taken_out_there(anna: Anna) -> None:
    """The page lists it, without a button."""
    (muted,) = anna.look()["muted"]
    assert (muted["in_file"], muted["days_left"], muted["by"]) == (True, 1, "林")
    status, said = anna.say("unmute", job="pdd_chat")
    assert (status, "in config/alerts.yaml: take it out there" in said) == (409, True)


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        ({"reason": " "}, 409, "a reason is missing"),
        ({"reason": "x" * 201}, 409, "201 characters"),
        ({"until": str(TODAY - timedelta(days=1))}, 409, "is not between today and"),
        ({"until": str(TODAY + timedelta(days=32))}, 409, "at most 31 days"),
        ({"until": None}, 422, "body.until"),
        ({"until": "soon"}, 422, "body.until"),
        ({"shop": "pdd-1"}, 404, "job jd_store has no shop 'pdd-1'"),
        ({"shop": "jd-9"}, 404, "job jd_store has no shop 'jd-9'"),
        ({"job": "pdd_review"}, 404, "there is no job 'pdd_review'"),
        ({"job": "erp_store", "shop": None}, 403, "you may not run erp_store"),
        ({"for": "ever"}, 422, "body.for"),
    ],
    ids=str,
)
def test_what_cannot_be_muted_is_refused(
    anna: Anna, tmp_path: Path, change: dict[str, Any], status: int, why: str
) -> None:
    """With what is wrong; nothing is written."""
    wish = {"job": "jd_store", "shop": "jd-1", "until": SOON, "reason": "closed"} | change
    said = anna.say("mute", **wish)
    assert (said[0], why in said[1]) == (status, True), said
    assert not (tmp_path / FILE).exists()


def test_it_answers_in_the_language_that_is_asked_for(anna: Anna) -> None:
    """As a browser asks, and the page itself, which speaks as Airflow's user has chosen."""
    said = {
        language: anna.ask(
            "POST",
            "/alerts/mute",
            json={"job": "jd_store", "shop": "jd-1", "until": SOON, "reason": " "},
            headers={"Accept-Language": language},
        ).json()["detail"]
        for language in ("zh-CN,zh;q=0.9", "de")
    }
    assert said["zh-CN,zh;q=0.9"] == "缺少原因：写明为什么不用告警，例如“周五前停业”"
    assert said["de"].startswith("a reason is missing: ")


@pytest.mark.parametrize("path", ["ack", "mute", "unmute"])
def test_another_page_says_nothing_to_alerts(anna: Anna, path: str) -> None:
    """What a browser sends unasked is refused before anything is looked at."""
    for headers, status in (
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json", "Origin": "https://page.example"}, 403),
        ({"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, 403),
    ):
        answer = anna.ask("POST", f"/alerts/{path}", content=b"{}", headers=headers)
        assert answer.status_code == status


def test_a_channel_that_fails_is_told_and_no_secret(anna: Anna, store: Store) -> None:
    """With its answer and what to do; what is kept of connections stays where it is."""
    store.keep_credentials("alert_dingtalk", b"sealed-and-secret", NOW)
    text = Message("【数据迟到】")
    (told,) = store.update(
        lambda _: Changes(outgoing=(Outgoing(2, "ops", Purpose.ALERTS, text, NOW),)),
        NOW,
        timedelta(minutes=10),
    ).outgoing
    store.settle(told, Receipt(delivered=False, code="310000", answer="sign not match"), NOW)
    answer = anna.look()
    (failing,) = answer["failing"]
    assert (failing["channel"], failing["code"]) == ("ops", "310000")
    assert "sealed-and-secret" not in str(answer)
