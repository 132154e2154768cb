"""The watchdog as a process, `watch --once`, and what the service's start and stop tell it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete

from include import PROJECT_ROOT
from include.alerts.findings import Kind
from include.alerts.store import STARTED
from include.warehouse.tables import ledger
from manager import watchdog
from manager.commands import status
from manager.layout import Layout
from manager.lifecycle import supervisor_client
from manager.lifecycle.health import remember_death
from manager.lifecycle.stopping import marked
from tests.alerts.fake_robots import FakeRobots, serve_robots
from tests.alerts.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 900.0
ALERTS = 'channels:\n  - {id: ops, kind: webhook, connection: alert_hook}\ndigest: {at: "23:59"}\n'
PARTS = ("include", "manager")
SUPERVISORD = """
[supervisord]
pidfile={run}/supervisord.pid
logfile={run}/supervisord.log
[unix_http_server]
file={socket}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:scheduler]
command=sleep 600
startsecs=0
[program:triggerer]
command=sleep 600
autostart=false
"""


@pytest.fixture(scope="module")
def robots() -> Iterator[FakeRobots]:
    """Serve robots."""
    with serve_robots() as serving:
        yield serving


@pytest.fixture
def watched(tmp_path: Path, airflow_database: Path, robots: FakeRobots) -> Watched:
    """Return an installation in which all has landed, with one channel."""
    made = Watched(tmp_path, airflow_database)
    made.land(last=_yesterday(), days=14)
    made.airflow.heartbeats(datetime.now(timezone.utc) + timedelta(hours=1))
    made.airflow.connect("alert_hook", password=robots.address("webhook"))
    made.write("config/alerts.yaml", ALERTS)
    robots.taken.clear()
    return made


@pytest.fixture
def layout(watched: Watched) -> Layout:
    """Return its layout."""
    return Layout(watched.root, watched.var)


def _yesterday() -> str:
    """Return the last period of a daily job."""
    now = datetime.now(timezone.utc) + timedelta(hours=8)
    return (now - timedelta(days=1)).date().isoformat()


def _until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


@contextmanager
def _process(watched: Watched) -> Iterator[subprocess.Popen[str]]:
    """Run it in a copy of the project, as supervisord does, with a round each fifth of a second."""
    for part in PARTS:
        shutil.copytree(
            PROJECT_ROOT / part, watched.root / part, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
    environment = os.environ | watched.environment | {"SCHEDULER_VAR": str(watched.var)}
    process = subprocess.Popen(
        [sys.executable, "-m", "manager.watchdog", "0.2"],
        cwd=watched.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_process_survives_what_it_tells_of(watched: Watched, robots: FakeRobots) -> None:
    """Databases that are removed under it, an entry that is broken, a store that is a folder."""

    def said(text: str) -> bool:
        return any(text in one["text"] for one in robots.taken)

    beat = watched.var / "run/watchdog"
    with _process(watched) as process:
        _until(lambda: watched.store.noted().get("round") is not None)
        first = beat.stat().st_mtime
        watched.warehouse.rename(watched.var / "aside.db")
        _until(lambda: said("数仓的文件不见了"))
        watched.airflow.path.rename(watched.var / "aside-airflow.db")
        _until(lambda: said("Airflow 数据库的文件不见了"))
        watched.write("config/tasks/tasks.yaml", "tasks: [")
        watched.write("config/alerts.yaml", ALERTS + "storm: [\n")
        watched.write("config/alerts.yaml", ALERTS)
        _until(lambda: beat.stat().st_mtime > first + 1)
        told = {"open": [1, 2], "failing_channels": {}}  # after the message that says so
        _until(lambda: json.loads(beat.read_text("utf-8")) == told)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "service warehouse" in out
    assert "Traceback" not in out
    assert "0123456789abcdef" not in out
    assert len(robots.taken) == 2


@contextmanager
def _supervised(layout: Layout) -> Iterator[None]:
    """Run supervisord with a component that runs and one that does not."""
    layout.make_var()
    file = layout.run / "supervisord.conf"
    file.write_text(SUPERVISORD.format(run=layout.run, socket=layout.socket), "utf-8")
    command = [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "-c", str(file)]
    layout.socket.parent.mkdir(mode=0o700, exist_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def runs() -> bool:
        assert process.poll() is None
        try:
            return any(one.up for one in supervisor_client.components(layout))
        except supervisor_client.SupervisorGoneError:
            return False

    try:
        _until(runs)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)
        supervisor_client.remove_traces(layout)


def _watch(layout: Layout) -> int:
    return watchdog.watch(layout, Namespace(once=True))


def test_a_round_of_the_crontab_says_what_supervisord_knows(
    watched: Watched, layout: Layout, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """A component that is down, one that ends again and again, and a watchdog that is silent."""
    layout.state.write_text("{}", "utf-8")
    watched.store.note(STARTED, datetime.now(timezone.utc) - timedelta(hours=1))
    layout.make_var()
    for seconds in (5, 6, 7):
        remember_death(layout, "scheduler", time.time() - seconds)
    with _supervised(layout):
        assert _watch(layout) == 1
        told = "\n".join(one["text"] for one in robots.taken)
        assert "【服务异常】触发器\n触发器 " in told
        assert "没有运行（stopped）：等待外部条件的任务不会继续\n" in told
        assert "处理：python3 scheduler_manager.py logs triggerer" in told
        assert "调度器十分钟内结束了 3 次，又被重新启动：任务不会按时运行" in told
        assert "【服务异常】看门狗\n看门狗已有 20 分钟没有查看" in told
        layout.watchdog_heartbeat.touch()
        robots.taken.clear()
        assert _watch(layout) == 1
        assert robots.taken == []
    assert "service triggerer" in capsys.readouterr().out
    assert _watch(layout) == 1
    (said,) = robots.taken
    assert "supervisord 没有应答" in said["text"]
    assert "处理：`python3 scheduler_manager.py start`" in said["text"]


def test_a_round_of_the_crontab_says_that_the_service_catches_up(
    watched: Watched, layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is missing is not late in the first ten minutes of a start, and is not well either."""
    layout.make_var()
    watched.change(delete(ledger))
    watched.store.note(STARTED, datetime.now(timezone.utc))
    _watch(layout)
    assert "catching up since the start: what is missing is late from" in capsys.readouterr().out
    watched.store.note(STARTED, datetime.now(timezone.utc) - timedelta(minutes=11))
    assert _watch(layout) == 1
    out = capsys.readouterr().out
    assert "late jd_store" in out
    assert "catching up" not in out


def test_a_round_of_the_crontab_is_silent_while_the_service_is_stopped(
    watched: Watched, layout: Layout, robots: FakeRobots, capsys: pytest.CaptureFixture[str]
) -> None:
    """On purpose; and before it was ever started."""
    layout.state.write_text("{}", "utf-8")
    watched.warehouse.unlink()
    assert _watch(layout) == 0
    watched.store.note(STARTED, datetime.now(timezone.utc) - timedelta(hours=2))
    with marked(layout):
        pass
    assert _watch(layout) == 0
    assert robots.taken == []
    assert "stopped on purpose" in capsys.readouterr().out


def test_status_says_what_the_last_round_has_left(layout: Layout) -> None:
    """How many are open, and the channels that fail; before the first round nothing."""
    layout.make_var()
    assert status._alerts(layout) == {}
    told = {"open": [4], "failing_channels": {"ops": "310000 sign not match"}}
    layout.watchdog_heartbeat.write_text(json.dumps(told), "utf-8")
    first, second = status._alert_lines(status._alerts(layout))
    assert first == "alerts: 1 open: `python3 scheduler_manager.py alerts` lists them"
    assert second.startswith("    channel ops takes no messages (310000 sign not match): `python3")


def test_a_stop_leaves_who_and_when(watched: Watched, layout: Layout) -> None:
    """One that fails leaves nothing that keeps the watchdog silent."""
    now = datetime.now(timezone.utc)
    with marked(layout):
        (stop,) = watched.store.stops(now)
        assert stop.by
        assert stop.started is None
    with pytest.raises(KeyboardInterrupt), marked(layout):
        raise KeyboardInterrupt
    assert all(stop.started for stop in watched.store.stops(now - timedelta(minutes=1)))


def test_supervisord_that_does_not_answer_once_is_no_reason_for_an_alarm(
    watched: Watched, layout: Layout
) -> None:
    """It is asked for a minute before that is told; until then what is open stays so."""
    looks = {"components": watchdog.Supervised(layout)}
    for clock in ("12:00", "12:00:59"):
        collector = watched.look(clock, looks)
        assert [one for one in collector.findings if one.kind is Kind.SERVICE] == []
        assert Kind.SERVICE in collector.observed().unseen_kinds
    collector = watched.look("12:01:01", looks)
    (found,) = (one for one in collector.findings if one.kind is Kind.SERVICE)
    assert found.subject == "supervisord"
    assert Kind.SERVICE not in collector.observed().unseen_kinds


def test_the_process_survives_whoever_reads_its_log(watched: Watched, robots: FakeRobots) -> None:
    """Its pipe has no reader any more when supervisord is killed: then, too, it says what is."""
    with _process(watched) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        watched.warehouse.rename(watched.var / "aside.db")
        _until(lambda: any("数仓的文件不见了" in one["text"] for one in robots.taken))
        watched.airflow.path.rename(watched.var / "aside-airflow.db")
        _until(lambda: any("Airflow 数据库的文件不见了" in one["text"] for one in robots.taken))
        assert process.poll() is None
