"""`connect` with an alert channel's connection: asked, kept encrypted, and tried by a message."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from include.registry.alerts import load_alerts
from manager.commands.alerts.connecting import alert_use_of
from tests.alerts.fake_robots import SECRET, TOKEN, FakeRobots, serve_robots
from tests.alerts.mail_server import LOGIN, PASSWORD, make_certificate, serve_mail
from tests.integration.installation import system_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from manager.layout import Layout

WITHOUT_VAR = {name: value for name, value in os.environ.items() if name != "SCHEDULER_VAR"}
CHANNEL = "channels:\n  - {{id: ops, kind: {kind}, connection: {connection}{more}}}\n"
AGAIN = "`python3 scheduler_manager.py connect {}` again (Enter keeps what is there)"


@pytest.fixture(scope="module")
def layout(prepared: Callable[[], Layout]) -> Layout:
    """Return an installation as delivered, that was never started."""
    return prepared()


@pytest.fixture
def robots() -> Iterator[FakeRobots]:
    """Serve robots that want a signature."""
    with serve_robots() as serving:
        serving.secret = SECRET
        yield serving


def configure(layout: Layout, kind: str, connection: str, more: str = "") -> None:
    """Write one channel into config/alerts.yaml."""
    content = CHANNEL.format(kind=kind, connection=connection, more=more)
    (layout.root / "config/alerts.yaml").write_text(content, "utf-8")
    assert load_alerts(layout.root).problems == ()


def connect(
    layout: Layout, conn_id: str, *lines: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Call it with the answers on standard input; what it prints never has a secret."""
    done = subprocess.run(
        [system_python(), layout.root / "scheduler_manager.py", "connect", conn_id],
        cwd=layout.root,
        env=WITHOUT_VAR | environment,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        check=False,
    )
    for secret in (SECRET, TOKEN, PASSWORD):
        assert secret not in done.stdout + done.stderr
    return done


def row(layout: Layout, conn_id: str) -> tuple[object, ...] | None:
    """Return what of a connection stands in Airflow's database in plain."""
    query = "SELECT conn_type, host, login, port FROM connection WHERE conn_id = ?"
    with closing(sqlite3.connect(layout.airflow_home / "airflow.db")) as database:
        found: tuple[object, ...] | None = database.execute(query, [conn_id]).fetchone()
    return found


def test_a_robot_is_connected_before_its_channel_is_written(
    layout: Layout, robots: FakeRobots
) -> None:
    """Its name says which kind it is; the entry is shown; address and secret are encrypted."""
    (layout.root / "config/alerts.yaml").write_text("channels: []\n")
    done = connect(layout, "alert_dingtalk", robots.address("dingtalk"), SECRET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "- {id: ops, kind: dingtalk, connection: alert_dingtalk}" in done.stdout
    assert "ops (dingtalk, connection alert_dingtalk) took it: 0 ok" in done.stdout
    (message,) = robots.taken
    assert "【测试】" in message["markdown"]["text"]
    assert r"运行了 \`connect alert\_dingtalk\`" in message["markdown"]["text"]
    assert row(layout, "alert_dingtalk") == ("http", None, None, None)
    stored = (layout.airflow_home / "airflow.db").read_bytes()
    assert TOKEN.encode() not in stored
    assert SECRET.encode() not in stored


def test_what_is_refused_is_answered_again(layout: Layout, robots: FakeRobots) -> None:
    """With the channel's keyword; Enter keeps the address, and - removes the secret."""
    configure(layout, "dingtalk", "alert_group", ", keyword: 数据")
    robots.keyword = "数据"
    refused = connect(layout, "alert_group", robots.address("dingtalk"), "SEC of another")
    assert refused.returncode == 1
    assert "ops (dingtalk, connection alert_group) did not take it: 310000" in refused.stdout
    assert "加签密钥不对" in refused.stdout
    assert AGAIN.format("alert_group") in refused.stderr
    taken = connect(layout, "alert_group", "", SECRET)
    assert (taken.returncode, len(robots.taken)) == (0, 1), taken.stderr
    kept = connect(layout, "alert_group", "", "")
    assert (kept.returncode, len(robots.taken)) == (0, 2), kept.stderr
    robots.secret = ""
    removed = connect(layout, "alert_group", "", "-")
    assert (removed.returncode, len(robots.taken)) == (0, 3), removed.stderr
    assert "sign" not in str(robots.headers)


def test_a_file_that_cannot_be_read_is_told(layout: Layout, robots: FakeRobots) -> None:
    """The connection is kept; nothing is sent, since the channel's keyword is not known."""
    (layout.root / "config/alerts.yaml").write_text("channels:\n  - {id: ops\n")
    done = connect(layout, "wecom_early", robots.address("wecom"))
    assert (done.returncode, robots.taken) == (78, [])
    assert "its channel cannot be read:\nconfig/alerts.yaml:" in done.stderr
    assert row(layout, "wecom_early") == ("http", None, None, None)


@pytest.mark.parametrize(
    ("kind", "lines", "said"),
    [
        ("dingtalk", ["https://open.feishu.cn/open-apis/bot/v2/hook/a-token", ""], "of feishu"),
        ("wecom", ["https://qyapi.weixin.qq.com/cgi-bin/webhook/send"], "it holds no robot"),
        ("feishu", [""], "address of the robot's webhook is empty"),
        ("webhook", ["alerts.example.com", ""], "is no address such as https://"),
        ("webhook", ["https://alerts.example.com", "a", "cookie"], "write one of bearer, basic"),
        ("email", ["smtp.example.com", "ssl"], "port 'ssl' is none"),
        ("email", ["smtp.example.com", "", "-", ""], "sender is empty"),
        ("heartbeat", ["hc-ping.com/1"], "host is not an address like https://hc-ping.com"),
    ],
)
def test_an_answer_that_cannot_be_is_not_written(
    layout: Layout, kind: str, lines: list[str], said: str
) -> None:
    """Nothing is sent, either."""
    done = connect(layout, f"bad_{kind}", *lines)
    assert (done.returncode, said in done.stderr) == (78, True), done.stdout + done.stderr
    assert row(layout, f"bad_{kind}") is None


def test_a_mailbox_is_connected(layout: Layout, tmp_path: Path) -> None:
    """Server, port, login and code; without a recipient nothing is sent, and what to do is said."""
    certificate = make_certificate(tmp_path)
    with serve_mail(certificate, implicit=True) as server:
        lines = ["127.0.0.1", str(server.port), LOGIN, PASSWORD, ""]
        trusted = {"SSL_CERT_FILE": str(certificate.authority)}
        (layout.root / "config/alerts.yaml").write_text("channels: []\n")
        done = connect(layout, "alert_smtp", *lines, **trusted)
        assert done.returncode == 0, done.stdout + done.stderr
        entry = "{id: ops, kind: email, connection: alert_smtp, to: [boss@example.com]}"
        assert entry in done.stdout
        assert "alerts test` sends a message" in done.stdout
        assert row(layout, "alert_smtp") == ("smtp", "127.0.0.1", LOGIN, server.port)
        configure(layout, "email", "alert_smtp", ", to: [boss@example.com]")
        again = connect(layout, "alert_smtp", "", "", "", "", "", **trusted)
        assert again.returncode == 0, again.stdout + again.stderr
        assert server.envelopes == [(LOGIN, ["boss@example.com"])]


def test_a_webhook_is_connected_with_a_token(layout: Layout, robots: FakeRobots) -> None:
    """As a header of its own; what is there is kept."""
    configure(layout, "webhook", "alert_hook")
    done = connect(
        layout, "alert_hook", robots.address("webhook"), "token-of-ours", "header", "X-Key"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert robots.headers["X-Key"] == "token-of-ours"
    again = connect(layout, "alert_hook", "", "", "", "")
    assert (again.returncode, len(robots.taken)) == (0, 2), again.stderr


def test_what_a_connection_is_for(layout: Layout) -> None:
    """The file counts before the name; a name that says nothing is of no channel."""
    configure(layout, "wecom", "alert_dingtalk")
    configuration = load_alerts(layout.root)
    use = alert_use_of("alert_dingtalk", configuration)
    assert use is not None
    assert (use.kind, [channel.id for channel in use.channels]) == ("wecom", ["ops"])
    by_name = {name: alert_use_of(name, configuration) for name in ("alert_smtp", "lark-2", "mine")}
    assert {name: use and use.kind for name, use in by_name.items()} == {
        "alert_smtp": "email",
        "lark-2": "lark",
        "mine": None,
    }
