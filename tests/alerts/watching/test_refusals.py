"""One finding for each connection that is refused, whatever the jobs and periods."""

from __future__ import annotations

import json
from datetime import timezone
from typing import TYPE_CHECKING

from include.alerts.findings import Kind
from include.gateways.connection import Connection
from include.gateways.dialect import Call
from include.language import _, english, stored_message
from include.platforms.jd.codes import error_of
from tests.alerts.watched import DAY, LAST, at

if TYPE_CHECKING:
    from include.alerts.findings import Finding
    from tests.alerts.watched import Watched

MORNING = at("07:31").astimezone(timezone.utc)
REFUSED = {"state": "failed", "exit_code": 77, "error": "expired", "finished_at": MORNING}


def refused(watched: Watched, now: str = "07:40") -> list[Finding]:
    """Return what is found."""
    return watched.found(now, Kind.CREDENTIALS)


def test_a_connection_is_told_at_once_and_once(watched: Watched) -> None:
    """With its shop, the site where it is granted, and the command that writes the new token."""
    before = "2026-11-27"
    missing = {f"jd_store jd-1 {key}": REFUSED for key in (LAST, before)}
    missing[f"jd_store jd-1 {before}"] = REFUSED | {"finished_at": MORNING - DAY}
    watched.land(but=missing)
    (found,) = refused(watched)
    assert found.identity == (Kind.CREDENTIALS, "jd_1", "")
    assert found.platform == "jd"
    assert found.since == at("2026-11-28 07:31")
    assert [(unit.shop_name, unit.reason) for unit in found.units] == [
        ("示例京东旗舰店", "京东门店数据，从 2026-11-27 起")
    ]
    facts = {name: found.facts[name] for name in ("jobs", "first_period")}
    assert facts == {"jobs": "1", "first_period": "2026-11-27"}
    assert found.facts["remedy"] == (
        "请店主在 https://open.jd.com 重新授权，"
        "再用 `python3 scheduler_manager.py connect jd_1` 写入新令牌"
    )


def test_a_refusal_that_is_not_of_a_token_says_its_own_repair(watched: Watched) -> None:
    """An app key that the platform does not know is not helped by authorising the shop again."""
    fields = {"host": "https://api.jd.com", "login": "key", "password": "secret"}
    jd_1 = json.dumps({"conn_type": "http", **fields, "extra": {"access_token": "token"}})
    connection = Connection.from_env("jd_1", {"AIRFLOW_CONN_JD_1": jd_1})
    call = Call("jingdong.pop.order.search", shop="20001")
    error = error_of(call, "21", "无效app_key", connection).args[0]
    told = {"error": english(error), "error_i18n": stored_message(error)}
    watched.land(but={f"jd_store jd-1 {LAST}": REFUSED | told})
    (found,) = refused(watched)
    repair = "平台不认识这个应用：检查连接 jd_1 的 login（app key）"
    assert found.facts["remedy"] == (
        f"{repair}；用 `python3 scheduler_manager.py connect jd_1` 修改该连接"
    )
    (late,) = (one for one in watched.found("12:30", Kind.LATE) if one.subject == "jd_store")
    assert late.units[0].remedy == repair


def test_whoever_lands_again_is_not_refused_any_more(watched: Watched) -> None:
    """Though yesterday's data are still missing."""
    before = "2026-11-27"
    watched.land(but={f"jd_store jd-1 {before}": REFUSED | {"finished_at": MORNING - DAY}})
    watched.set("jd_store", "jd-1", finished_at=MORNING - 2 * DAY)
    assert len(refused(watched)) == 1
    watched.set("jd_store", "jd-1", finished_at=MORNING)
    assert refused(watched) == []


def test_while_it_is_tried_again_nothing_is_known(watched: Watched) -> None:
    """What is open of it stays open until the attempt has ended."""
    watched.land(but={f"jd_store jd-1 {LAST}": REFUSED})
    beat = at("07:39").astimezone(timezone.utc)
    watched.set(
        "jd_store", "jd-1", state="running", exit_code=None, started_at=beat, heartbeat_at=beat
    )
    collector = watched.look("07:40")
    assert not [one for one in collector.findings if one.kind is Kind.CREDENTIALS]
    assert "jd_1" in collector.observed().unseen_subjects


def test_a_job_without_shops_names_the_connection_of_its_error(watched: Watched) -> None:
    """It is to be renewed where it came from."""
    error = "connection mail: the password was refused"
    watched.land(but={f"report - {LAST}": REFUSED | {"error": error}})
    (found,) = refused(watched, "08:10")
    assert found.subject == "mail"
    assert found.facts["remedy"].startswith(
        "换成有效的密钥或令牌，用 `python3 scheduler_manager.py connect mail`"
    )


def test_the_connection_of_an_error_is_one_of_its_values(watched: Watched) -> None:
    """Whatever language the text is shown in."""
    error = _("{first}; {then}", first=_("landed"), then=_("no {connection}", connection="mail"))
    stored = {"error": english(error), "error_i18n": error.stored()}
    watched.land(but={f"report - {LAST}": REFUSED | stored})
    (found,) = refused(watched, "08:10")
    assert found.subject == "mail"
