"""What `alerts test` sends, and what it shows of the answers."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from include.alerts.configuration import keep_usable, load_usable
from include.alerts.store import FILE, Store
from include.errors import ConfigurationError, ExpectedError
from manager.lifecycle.settings import FERNET
from tests.alerts.fake_robots import SECRET, TOKEN, FakeRobots, serve_robots
from tests.manager.covered import TABLES
from tests.manager.watched import ME, late

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.manager.watched import Watched

ONE = """
channels:
  - {id: ops, kind: dingtalk, connection: alert_ops, mention: [all]}
  - {id: boss, kind: webhook, connection: alert_boss}
"""


@pytest.fixture
def robots(watched: Watched) -> Iterator[FakeRobots]:
    """Serve the robots of two channels, whose connections Airflow's database holds."""
    key = Fernet.generate_key()
    watched.layout.secrets.write_text(f"{FERNET}={key.decode()}\n", "utf-8")
    watched.configure(ONE)
    with serve_robots() as serving:
        serving.secret = SECRET
        with closing(sqlite3.connect(watched.layout.airflow_home / "airflow.db")) as database:
            database.executescript(TABLES)
            query = "INSERT INTO connection VALUES (?, 'http', ?, '', ?, '', NULL, '', ?, FALSE)"
            sealed = Fernet(key).encrypt(SECRET.encode()).decode()
            database.execute(query, ["alert_ops", serving.address("dingtalk"), sealed, True])
            database.execute(query, ["alert_boss", serving.address("webhook"), None, False])
            database.commit()
        yield serving


def test_each_channel_gets_a_message(
    watched: Watched, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """Signed as the robot wants it, and nobody is called; what was answered is shown."""
    assert watched.do("test") == 0
    assert capsys.readouterr().out.splitlines() == [
        "ops (dingtalk, connection alert_ops) took it: 0 ok",
        'boss (webhook, connection alert_boss) took it: HTTP 200 {"thanks": true}',
    ]
    of_dingtalk, of_webhook = sorted(robots.taken, key=lambda body: "title" in body)
    assert "【测试】渠道 ops 能收到消息" in of_dingtalk["markdown"]["text"]
    assert not of_dingtalk.get("at", {}).get("isAtAll")
    assert of_webhook["title"] == "【测试】渠道 boss 能收到消息"
    assert of_webhook["lines"][0].startswith(f"{ME} 于 ")


def test_a_refusal_is_shown_with_what_to_do(
    watched: Watched, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """One channel alone; the exit code says that it did not take it; no secret is shown."""
    robots.secret = "SEC of another robot"
    assert watched.do("test", "ops") == 1
    shown = capsys.readouterr().out
    assert shown.startswith("ops (dingtalk, connection alert_ops) did not take it: 310000 ")
    assert "\n  加签密钥不对：" in shown
    assert "boss" not in shown
    code, told = watched.json(capsys, "test")
    assert [(one["channel"], one["delivered"]) for one in told["sent"]] == [
        ("ops", False),
        ("boss", True),
    ]
    assert code == 1
    for secret in (SECRET, TOKEN):
        assert secret not in shown + json.dumps(told)


def test_a_channel_that_passes_is_tried_again_at_once(
    watched: Watched, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """What waits for it need not wait until its next attempt."""
    watched.refusing = {"ops"}
    watched.round(late(1))
    store = Store(watched.layout.var / FILE)
    assert store.healths()["ops"].failing_since
    assert watched.do("test", "ops") == 0
    assert store.healths()["ops"].failing_since is None
    store.close()
    assert watched.do() == 1
    assert "has taken no message" not in capsys.readouterr().out
    assert len(robots.taken) == 1


def test_what_airflows_database_held_last_is_sent_with(
    watched: Watched, robots: FakeRobots
) -> None:
    """Where it is gone, as the watchdog does."""
    assert watched.do("test", "ops") == 0
    (watched.layout.airflow_home / "airflow.db").unlink()
    assert watched.do("test", "ops") == 0
    assert len(robots.taken) == 2


def test_a_broken_file_is_named_and_its_channels_are_tried_as_they_were(
    watched: Watched, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """The watchdog sends by what was kept of it."""
    layout = watched.layout
    keep_usable(layout.root, layout.var, load_usable(layout.root, layout.var))
    (layout.root / "config/alerts.yaml").write_text("channels: [", "utf-8")
    assert watched.do("test", "ops") == 0
    assert "ops (dingtalk, connection alert_ops) took it" in (shown := capsys.readouterr().out)
    assert "config/alerts.yaml:" in shown
    assert len(robots.taken) == 1


def test_a_connection_that_is_missing_is_named(
    watched: Watched, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other channels get theirs."""
    watched.configure(ONE.replace("alert_ops", "alert_dingtalk"))
    assert watched.do("test") == 1
    shown = capsys.readouterr().out
    assert "did not take it: configuration connection 'alert_dingtalk' is missing: " in shown
    assert len(robots.taken) == 1


def test_an_unknown_channel_is_named(watched: Watched) -> None:
    """With the one that was probably meant; one whose entry is wrong, with what is wrong."""
    watched.configure(ONE)
    with pytest.raises(ConfigurationError, match="did you mean 'boss'"):
        watched.do("test", "bos")
    path = watched.layout.root / "config/alerts.yaml"
    path.write_text(ONE.replace("kind: webhook", "kind: hook"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"^config/alerts.yaml:4:22: boss: kind 'hook'"):
        watched.do("test", "boss")


def test_without_a_channel_the_guide_is_named(watched: Watched) -> None:
    """That is no success: nobody is told anything."""
    watched.configure("channels: []\n")
    with pytest.raises(
        ExpectedError, match=r"nobody is told: docs/alerts.md says how \(in Chinese"
    ):
        watched.do("test")
    (watched.layout.root / "config/alerts.yaml").unlink()
    with pytest.raises(ExpectedError, match="no channel is configured"):
        watched.do("test")
