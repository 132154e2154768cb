"""Every connection is really asked, and nothing is changed by that."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import yaml

from include.errors import TemporaryError
from include.language import speaking
from include.registry import load_registry
from manager.doctor.findings import FAIL, OK, WARN
from manager.doctor.gateways import check_connections
from tests.gateways.relay import relay
from tests.gateways.scripted_gateway import answer, scripted

if TYPE_CHECKING:
    from manager.doctor.findings import Finding, Patient
    from tests.conftest import Sandbox


def asked(patient: Patient) -> dict[str, Finding]:
    """Ask, and give what was found by what was asked."""
    return {
        finding.about.removeprefix("connection "): finding for finding in check_connections(patient)
    }


def change(patient: Patient, conn_id: str, **fields: object) -> None:
    """Edit a connection."""
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    patient.variables[name] = json.dumps({**json.loads(patient.variables[name]), **fields})


def test_every_connection_answers(online: Patient) -> None:
    """Each shop's, each feed's; the answer says who it speaks for; nothing is written down."""
    found = asked(online)
    shops = load_registry(online.layout.root).shops.values()
    own_ones = [f"{shop.connection} ({shop.id})" for shop in shops if shop.platform != "erp"]
    feeds = [f"pdd_feed (feed {name})" for name in ("pdd_review", "pdd_chat", "pdd_kpi")]
    own = found.pop("airflow_metadata")
    assert str(own).endswith(": is there; no call of it is known here")
    assert sorted(found) == sorted(["erp (erp-1, erp-2, erp-3)", *own_ones, *feeds])
    assert {finding.level for finding in found.values()} == {OK}
    assert found["jd_2 (jd-2)"].text.startswith("answers as 30002 ")
    assert "rows on its first page for pdd-1" in found["pdd_feed (feed pdd_chat)"].text
    with closing(sqlite3.connect(online.layout.warehouse)) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM tokens").fetchone() == (0,)


def test_a_warehouse_that_is_away_is_said_once(online: Patient) -> None:
    """It keeps the renewed tokens: with those that were filled in nobody is asked."""
    online.layout.warehouse.unlink()
    with pytest.raises(TemporaryError, match=f"the file {online.layout.warehouse} is not there"):
        asked(online)


def test_every_connection_may_lead_through_a_relay(online: Patient, sandbox: Sandbox) -> None:
    """Whoever answers at the host, path and all, is asked; feeds have their own path behind it."""
    with relay(sandbox.base_url, "/in/the-cloud") as one:
        for variable, text in online.variables.items():
            online.variables[variable] = text.replace(sandbox.base_url, one.base_url)
        found = asked(online)
    del found["airflow_metadata"]
    assert {finding.level for finding in found.values()} == {OK}
    shops = load_registry(online.layout.root).shops.values()
    assert len(found) == len({shop.connection for shop in shops}) + 3
    feeds = {path for path in one.passed_on if path.startswith("/feeds/")}
    assert {"/open/shops/query", "/routerjson", "/api/router"} < one.passed_on.keys()
    assert len(feeds) == 3


def test_a_call_that_only_the_platforms_cloud_may_make_says_so(online: Patient) -> None:
    """The finding names the connection whose host is to be a relay's."""
    said = {"code": "24", "zh_desc": "该 api 是敏感 api，请将您的 app 入驻云鼎平台方可调用"}
    with scripted(answer(json.dumps({"error_response": said}))) as gateway:
        change(online, "jd_1", host=gateway.base_url)
        finding = asked(online)["jd_1 (jd-1)"]
    assert finding.level == FAIL
    assert "give its address, with its path, as the host of connection jd_1" in finding.text


def test_a_token_that_is_refreshed_is_only_warned_of(online: Patient, sandbox: Sandbox) -> None:
    """It is left alone here; one that nobody can refresh is to be renewed, and named."""
    change(online, "pdd_2", extra={"access_token": "gone", "refresh_token": ""})
    sandbox.arm("expired_token", "jd", times=10, shop=30001)
    found = asked(online)
    one, other = found["jd_1 (jd-1)"], found["pdd_2 (pdd-2)"]
    assert (one.level, other.level) == (WARN, FAIL)
    assert "its token has expired" in one.text
    assert "the next run refreshes it by itself" in one.remedy
    assert "shop 20002" in other.text
    assert "connection pdd_2" in other.text
    with closing(sqlite3.connect(online.layout.warehouse)) as warehouse:
        assert warehouse.execute("SELECT count(*) FROM tokens").fetchone() == (0,)


@pytest.mark.parametrize(
    ("conn_id", "about", "fields", "said"),
    [
        ("erp", "erp (erp-1, erp-2, erp-3)", {"password": "wrong"}, "connection erp"),
        ("jd_1", "jd_1 (jd-1)", {"login": ""}, "login is missing: it holds the app key"),
        ("pdd_feed", "pdd_feed (feed pdd_chat)", {"password": "wrong"}, "connection pdd_feed"),
    ],
)
def test_what_is_wrong_with_a_connection_is_said(
    online: Patient, conn_id: str, about: str, fields: dict[str, object], said: str
) -> None:
    """The finding names it, and what is to be edited; the others are asked all the same."""
    change(online, conn_id, **fields)
    found = asked(online)
    assert found[about].level == FAIL
    assert said in str(found[about])
    assert found["pdd_3 (pdd-3)"].level == OK


def test_a_connection_of_another_shop_is_noticed(online: Patient) -> None:
    """The token of shop 20003 in the connection of pdd-1 would land another shop's numbers."""
    online.variables["AIRFLOW_CONN_PDD_1"] = online.variables["AIRFLOW_CONN_PDD_3"]
    finding = asked(online)["pdd_1 (pdd-1)"]
    assert finding.level == FAIL
    assert (
        "shop pdd-1 is 20001 in config/shops.yaml, but the account of connection pdd_1 is of"
        in (finding.text)
    )


def test_a_gateway_that_is_down_is_said(online: Patient, sandbox: Sandbox) -> None:
    """It is tried twice; the finding names host and connection."""
    sandbox.arm("http_503", "erp", times=2)
    finding = asked(online)["erp (erp-1, erp-2, erp-3)"]
    assert finding.level == FAIL
    assert "503" in finding.text


def test_what_cannot_be_asked_is_said(patient: Patient) -> None:
    """The delivered connections lead to a sandbox that runs with the service only: one line."""
    finding, other = check_connections(patient)
    assert finding.level == WARN
    assert finding.about.startswith("connections erp, jd_1, jd_2, jd_3, pdd_1, ")
    assert f"the sandbox at {patient.ports.sandbox_url} is not running" in finding.text
    assert other.about == "connection airflow_metadata"


def test_a_connection_that_is_missing_is_said(online: Patient) -> None:
    """With where to add it: a shop's, and one that only a job of the team's own names."""
    for conn_id in ("JD_3", "AIRFLOW_METADATA"):
        del online.variables[f"AIRFLOW_CONN_{conn_id}"]
    found = asked(online)
    one, other = found["jd_3 (jd-3)"], found["airflow_metadata"]
    assert (one.level, other.level) == (FAIL, FAIL)
    assert "connection 'jd_3' is missing: `python3 scheduler_manager.py connect jd_3`" in one.text
    assert "connection 'airflow_metadata' is missing: " in other.text


def test_a_job_of_a_platform_without_shops_says_so(online: Patient) -> None:
    """Its connections are those of its shops, so none is missing."""
    file = online.layout.root / "config/shops.yaml"
    shops = yaml.safe_load(file.read_text("utf-8"))
    shops["shops"] = [shop for shop in shops["shops"] if shop["platform"] != "jd"]
    file.write_text(yaml.safe_dump(shops), "utf-8")
    for number in range(1, 4):
        del online.variables[f"AIRFLOW_CONN_JD_{number}"]
    found = asked(online)
    assert not [finding for finding in found.values() if finding.level == FAIL]
    assert str(found["job jd_store"]).endswith(
        "there is no enabled shop on jd: list one in config/shops.yaml, or write 'enabled: false' "
        "into the job's entry"
    )
    with speaking("zh"):
        assert "jd 上没有启用的店铺" in str(asked(online)["任务 jd_store"])


def test_what_still_leads_to_the_sandbox_is_said_once_others_are_real(online: Patient) -> None:
    """Going live halfway would land made-up rows beside real ones; all or none is no finding."""
    assert not [found for found in check_connections(online) if "still lead" in found.text]
    tokens = json.loads(online.variables["AIRFLOW_CONN_ERP"])["extra"]
    change(online, "erp", extra={**json.loads(tokens), "sandbox": False})
    (finding,) = [found for found in check_connections(online) if "still lead" in found.text]
    assert finding.level == WARN
    assert finding.about.startswith("connections jd_1, jd_2, ")
    assert "`python3 scheduler_manager.py connect jd_1`" in finding.remedy
