"""`probe` asks a platform who we are there, shows rows as they would land, and changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from include.registry.airflow_objects import connections
from include.warehouse.tables import metadata
from manager.lifecycle.ports import remembered
from tests.conftest import WIDE
from tests.gateways.relay import relay
from tests.gateways.scripted_gateway import RESET, answer, scripted
from tests.integration.installation import system_python
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manager.layout import Layout

SECONDS = 600
# Of each connection: where its rows land, and the first shop that it is for.
LANDS = {
    "erp": (["erp_orders"], "erp-1"),
    "jd_1": (["jd_orders"], "jd-1"),
    "pdd_1": (["pdd_refunds"], "pdd-1"),
    "pdd_feed": (["pdd_reviews", "pdd_chat_daily", "pdd_kpi"], "pdd-1"),
}
SENSITIVE = {"code": "24", "zh_desc": "该 api 是敏感 api，请将您的 app 入驻云鼎平台方可调用"}


@pytest.fixture(scope="module")
def layout(prepared: Callable[[], Layout]) -> Layout:
    """Return an installation as delivered, that was never started."""
    return prepared()


@pytest.fixture(scope="module")
def sandbox(layout: Layout) -> Iterator[str]:
    """Serve a sandbox where the delivered connections lead; its clock is this machine's."""
    with serve(port=remembered(layout).sandbox, allowances=[WIDE]) as base_url:
        yield base_url


def probe(layout: Layout, *words: str) -> subprocess.CompletedProcess[str]:
    """Call it as a person does."""
    return subprocess.run(
        [system_python(), layout.root / "scheduler_manager.py", *words],
        cwd=layout.root,
        env={name: value for name, value in os.environ.items() if name != "SCHEDULER_VAR"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def other(layout: Layout, conn_id: str, **fields: object) -> Iterator[None]:
    """Replace a connection of the installation meanwhile."""
    path = layout.root / "config/airflow.env"
    before = path.read_text("utf-8")
    delivered = connections(remembered(layout).sandbox_url)[conn_id]
    line = f"AIRFLOW_CONN_{conn_id.upper()}={json.dumps({**delivered, **fields})}\n"
    path.write_text(before + line, "utf-8")
    try:
        yield
    finally:
        path.write_text(before, "utf-8")


@pytest.mark.parametrize("conn_id", LANDS)
def test_every_kind_of_connection_shows_rows_as_they_would_land(
    layout: Layout, sandbox: str, conn_id: str
) -> None:
    """In the columns of their tables; nothing is written, and no secret is shown."""
    tables, shop = LANDS[conn_id]
    done = probe(layout, "probe", conn_id, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["connection"], told["exit_code"]) == (conn_id, 0)
    assert [one["table"] for one in told["answers"]] == tables
    for one in told["answers"]:
        assert (one["address"], one["error"]) == (sandbox, None)
        assert one["calls"] >= 1
        assert one["limits"]
        assert 1 <= len(one["rows"]) <= 3
        for row in one["rows"]:
            assert row.keys() <= set(metadata.tables[one["table"]].columns.keys())
            assert row["shop_id"] == shop
    fields = connections(sandbox)[conn_id]
    secrets = [fields["password"], *json.loads(fields["extra"]).values()]
    assert not [one for one in secrets if "sandbox-" in str(one) and str(one) in done.stdout]
    with closing(sqlite3.connect(layout.warehouse)) as warehouse:
        counts = [
            warehouse.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 -- ours
            for table in (*tables, "ledger", "tokens")
        ]
    assert not any(counts)


@pytest.mark.usefixtures("sandbox")
def test_a_person_reads_who_we_are_in_their_language(layout: Layout) -> None:
    """App, shops with their names there, the limit, the calls, and three rows side by side."""
    english = probe(layout, "probe", "erp").stdout
    assert "connection erp, ERP (erp-1, erp-2, erp-3)" in english
    for words in ("sandbox-app-key", "5 calls in 1 s per app", "nothing was changed", "10002"):
        assert words in english
    assert "rows as they would land in erp_orders:" in english
    (line,) = [one for one in english.splitlines() if one.strip().startswith("shop_id ")]
    assert line.split() == ["shop_id", "erp-1", "erp-1", "erp-1"]
    chinese = probe(layout, "--lang", "zh", "probe", "pdd_1").stdout
    assert "连接 pdd_1，拼多多（pdd-1）" in chinese
    assert "会这样入库到 pdd_refunds：" in chinese


def test_an_answer_for_the_platforms_cloud_alone_is_configuration(layout: Layout) -> None:
    """Exit code 78, and the host that is to be a relay's; so `doctor` and `connect` say it, too."""
    script = answer(json.dumps({"error_response": SENSITIVE}))
    with scripted(script) as gateway, other(layout, "jd_1", host=gateway.base_url):
        done = probe(layout, "probe", "jd_1")
    assert done.returncode == 78, done.stdout + done.stderr
    assert "give its address, with its path, as the host of connection jd_1" in done.stdout


def test_a_relay_is_asked_and_what_it_may_not_is_told_apart(layout: Layout, sandbox: str) -> None:
    """The address is shown with its path; a token that is refused there is exit code 77."""
    with relay(sandbox, "/in/the/cloud") as one:
        with other(layout, "jd_2", host=f"{one.base_url}/"):
            done = probe(layout, "probe", "jd_2")
        with other(layout, "jd_3", host=one.base_url, extra={"access_token": "gone"}):
            refused = probe(layout, "probe", "jd_3", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert one.base_url in done.stdout
    assert one.passed_on["/routerjson"] >= 2
    assert refused.returncode == 77, refused.stdout
    assert "connection jd_3" in json.loads(refused.stdout)["answers"][0]["error"]


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        (answer("<html>no such page</html>", 404), 78, "HTTP 404"),
        (answer("", 302, "Location: https://sso.example.com/?t=s3"), 78, "leads to https://sso.ex"),
        (answer("<html>sign in</html>"), 75, "the answer is not JSON"),
        (RESET, 75, "no answer from"),
    ],
    ids=["not there", "elsewhere", "not JSON", "reset"],
)
def test_whoever_else_answers_is_named_by_the_address_to_check(
    layout: Layout, script: bytes, code: int, said: str
) -> None:
    """No credentials are wrong then; each is said once, and nothing of it is logged besides."""
    with scripted(script) as gateway, other(layout, "jd_1", host=f"{gateway.base_url}/in/cloud"):
        done = probe(layout, "--lang", "en", "probe", "jd_1")
        assert done.returncode == code, done.stdout + done.stderr
        assert f"check host {gateway.base_url}/in/cloud of connection jd_1" in done.stdout
    assert done.stdout.count(said) == 1
    assert "?t=" not in done.stdout
    assert done.stdout.startswith("connection jd_1, ")


@pytest.mark.parametrize(
    ("conn_id", "said"), [("pdd1", "did you mean 'pdd_1'?"), ("alert_dingtalk", "alerts")]
)
def test_what_cannot_be_asked_is_said(layout: Layout, conn_id: str, said: str) -> None:
    """A name that nobody has, and a channel's, which is tried in another way."""
    done = probe(layout, "probe", conn_id)
    assert done.returncode == 78
    assert said in done.stderr
