"""Rounds by a clock of their own: what a robot on loopback is told, word for word."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from include.alerts.overview import GOOD_ROUND
from include.alerts.rounds import ALARM, PINGED, Rounds
from include.alerts.store import STARTED
from include.alerts.watching.clock import ClockWatch
from tests.alerts.watched import LAST, TASKS, Watched, at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from include.alerts.rounds import Made
    from include.alerts.watching.scope import Look
    from tests.alerts.fake_robots import FakeRobots

ALERTS = "channels:\n  - {id: ops, kind: webhook, connection: alert_hook}\n"
BUSY = {"state": "failed", "exit_code": 75, "error": "no answer within 30 s"}
MINUTE = timedelta(minutes=1)


class Rounded:
    """An installation with one channel, whose time goes on by rounds.

    Args:
        watched: the installation.
        robots: where the channel leads.
    """

    def __init__(self, watched: Watched, robots: FakeRobots) -> None:
        self.watched, self.robots = watched, robots
        watched.airflow.connect("alert_hook", password=robots.address("webhook"))
        watched.write("config/alerts.yaml", ALERTS)
        watched.land()
        self.now = at("12:00").astimezone(timezone.utc)
        self.elapsed = 0.0
        self.runs = True
        self.looks: dict[str, Look] = {}
        self.rounds = self.begin()
        self.rounds.store.note(STARTED, at("06:00"))

    def begin(self, **more: Any) -> Rounds:
        """Return what a new process makes rounds with."""
        clock = ClockWatch(elapsed=lambda: self.elapsed, difference=lambda _host: None)
        self.rounds = Rounds(
            self.watched.site,
            self.looks,
            lambda: self.runs,
            clock=lambda: self.now,
            clock_watch=clock,
            **more,
        )
        return self.rounds

    def make(self, after: timedelta = timedelta(seconds=30), *, beats: bool = True) -> Made:
        """Make a round some time later; all components are alive, unless they are not to be."""
        self.now += after
        self.elapsed += after.total_seconds()
        if beats and self.watched.airflow.path.exists():
            self.watched.airflow.heartbeats(self.now)
        return self.rounds.make(self.now - timedelta(hours=1))

    def go_to(self, text: str) -> None:
        """Go on to a moment, on every clock."""
        moment = at(text).astimezone(timezone.utc)
        self.elapsed += (moment - self.now).total_seconds()
        self.now = moment

    def said(self) -> list[str]:
        """Return what was said since this was asked last."""
        found = [str(one["text"]) for one in self.robots.taken]
        self.robots.taken.clear()
        return found

    def recover(self) -> list[str]:
        """Return what is said while nothing is wrong for six minutes."""
        for _ in range(6):
            self.make(MINUTE)
        return self.said()


@pytest.fixture
def rounded(watched: Watched, robots: FakeRobots) -> Rounded:
    """Return one in which all is well."""
    return Rounded(watched, robots)


def test_nothing_is_said_where_nothing_is_wrong(rounded: Rounded) -> None:
    """Nor anything kept, but that the rounds were made."""
    for _ in range(3):
        made = rounded.make()
    assert (made.found, made.unread, made.trouble) == ((), (), "")
    digest = (
        "【数据日报】11-29 12:00\n应到 5，已到 5，全部入库\n行数比平时 +0%。\n没有未恢复的告警。\n"
        "下一次日报 11-30 09:30；没有收到，请检查服务。"
    )
    assert rounded.said() == [digest]
    assert rounded.rounds.store.noted()[GOOD_ROUND] == rounded.now


@pytest.fixture
def quiet(rounded: Rounded) -> Rounded:
    """Return one that has had its digest of the day."""
    rounded.make()
    rounded.said()
    return rounded


def test_a_late_period_is_said_once_and_once_that_it_is_over(quiet: Rounded) -> None:
    """With what to do, and how late it was in the end."""
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    for _ in range(5):
        quiet.make()
    (said,) = quiet.said()
    assert said == (
        "【数据迟到】京东门店数据 2026-11-28\n"
        "10:00 截止，3 家店铺缺 1 家：\n"
        "· 示例京东专营店：暂时失败：no answer within 30 s\n"
        "处理：python3 scheduler_manager.py repair --job jd_store --yes\n"
        "详情：http://127.0.0.1:8080/plugin/coverage?job=jd_store  #A1"
    )
    landed = at("12:04").astimezone(timezone.utc)
    quiet.watched.set("jd_store", "jd-2", state="ok", rows=5, exit_code=0, finished_at=landed)
    assert quiet.recover() == [
        "【已恢复】京东门店数据 2026-11-28：3 家全部入库，比截止晚 2 小时 4 分钟 #A1"
    ]


ANOTHER = """
  - {id: jd_again, name: 京东补充数据, cron: "40 7 * * *", script: jd/jd_store.py, platform: jd,
     start: "2026-11-17", deadline: "10:00"}
"""
TOO_OFTEN = BUSY | {"error": "code 70031 '调用过于频繁' for shop"}


def _two_jobs_fail(rounded: Rounded, *shops: str) -> None:
    """Add a job of a platform that has one already; both fail for some of its three shops."""
    rounded.watched.write("config/tasks/tasks.yaml", TASKS.rstrip() + ANOTHER)
    rounded.watched.airflow.dag("jd_again")
    rounded.watched.land("jd_again")
    for job_id in ("jd_store", "jd_again"):
        for shop in shops:
            rounded.watched.set(job_id, shop, **TOO_OFTEN)
    rounded.make()


def test_half_of_a_platforms_shops_with_one_cause_are_one_message(quiet: Rounded) -> None:
    """Also of two jobs only; it says what each of them needs."""
    _two_jobs_fail(quiet, "jd-1", "jd-2")
    (said,) = quiet.said()
    assert said == (
        "【平台异常】京东：2 家店铺、2 个任务同时失败，原因相同：平台繁忙（70031 调用过于频繁）\n"
        "· 京东门店数据 2026-11-28：2 家店铺，10:00 起  #A1\n"
        "· 京东补充数据 2026-11-28：2 家店铺，10:00 起  #A2\n"
        "系统会继续重试；1 天后仍未恢复再通知。\n"
        "处理：python3 scheduler_manager.py repair --job jd_store --yes\n"
        "处理：python3 scheduler_manager.py repair --job jd_again --yes\n"
        "详情：http://127.0.0.1:8080/plugin/coverage"
    )


def test_less_than_half_of_a_platforms_shops_are_told_apart(quiet: Rounded) -> None:
    """One of three, in two jobs."""
    _two_jobs_fail(quiet, "jd-1")
    assert [said.partition(" ")[0] for said in quiet.said()] == [
        "【数据迟到】京东门店数据",
        "【数据迟到】京东补充数据",
    ]


def test_a_scheduler_that_is_dead_is_said(quiet: Rounded) -> None:
    """By its heartbeat in Airflow's database, whoever started it."""
    quiet.watched.airflow.heartbeats(quiet.now)
    for _ in range(7):
        quiet.make(beats=False)
    said = "\n".join(quiet.said())
    assert "【服务异常】调度器\n调度器 12:00 起没有心跳：任务不会按时运行\n" in said
    assert "处理：python3 scheduler_manager.py restart" in said


def test_a_broken_entry_is_said_after_five_minutes(quiet: Rounded) -> None:
    """Most are repaired by the next edit; the jobs that are open meanwhile do not recover."""
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.make()
    quiet.said()
    tasks = quiet.watched.root / "config/tasks/tasks.yaml"
    whole = tasks.read_text("utf-8")
    quiet.watched.write("config/tasks/tasks.yaml", whole.replace('"30 7 * * *"', '"99 7 * * *"'))
    for _ in range(5):
        quiet.make(MINUTE)
    assert quiet.said() == []
    for _ in range(3):
        quiet.make(MINUTE)
    (said,) = quiet.said()
    assert said.startswith(
        "【配置有误】京东门店数据\n配置有误，任务 京东门店数据 不会运行：config/tasks/tasks.yaml:"
    )
    assert "分钟 99 不在 0-59 之内" in said
    assert "处理：改正后运行 `python3 scheduler_manager.py check`" in said
    quiet.watched.write("config/tasks/tasks.yaml", whole)
    (recovered,) = quiet.recover()
    assert recovered.startswith("【已恢复】【配置有误】京东门店数据：恢复正常")


def test_an_edit_that_breaks_the_channels_is_said_all_the_same(quiet: Rounded) -> None:
    """By the channels as they were: else nobody would hear of it."""
    quiet.make()
    quiet.watched.write("config/alerts.yaml", "channels: [")
    for _ in range(8):
        quiet.make(MINUTE)
    (said,) = quiet.said()
    assert said.startswith("【配置有误】config/alerts.yaml\n")
    quiet.watched.write("config/alerts.yaml", ALERTS)
    (recovered,) = quiet.recover()
    assert recovered.startswith("【已恢复】【配置有误】config/alerts.yaml")


def test_a_warehouse_that_is_gone_is_said(quiet: Rounded) -> None:
    """What was open of its units stays open; nothing makes an empty one in its place."""
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.make()
    quiet.said()
    aside = quiet.watched.warehouse.rename(quiet.watched.var / "aside.db")
    for _ in range(14):
        quiet.make()
    (said,) = quiet.said()
    assert said == (
        "【服务异常】数仓\n"
        f"数仓的文件不见了：{quiet.watched.warehouse} 不存在\n"
        "处理：放回文件，或用 `python3 scheduler_manager.py restore FILE` 恢复备份 FILE  #A2"
    )
    assert not quiet.watched.warehouse.exists()
    aside.rename(quiet.watched.warehouse)
    (recovered,) = quiet.recover()
    assert recovered.startswith("【已恢复】【服务异常】数仓：恢复正常")


def test_without_airflows_database_it_is_not_mute(quiet: Rounded) -> None:
    """What sends is kept, encrypted: a new process says it, too, and reads the warehouse."""
    quiet.watched.airflow.path.unlink()
    quiet.begin()
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.make()
    said = quiet.said()
    assert said[0].startswith("【服务异常】Airflow 数据库\nAirflow 数据库的文件不见了：")
    assert said[1].startswith("【数据迟到】京东门店数据 2026-11-28")
    kept = (quiet.watched.var / "alerts.db").read_bytes()
    kept += b"".join(path.read_bytes() for path in quiet.watched.var.glob("alerts.db-*"))
    assert quiet.robots.address("webhook").encode() not in kept
    assert b"0123456789abcdef" not in kept
    assert not quiet.watched.airflow.path.exists()


def test_a_connection_that_was_removed_is_used_no_more(quiet: Rounded) -> None:
    """What was kept of it is not, as long as Airflow's database answers."""
    connections = quiet.watched.airflow.table("connection")
    quiet.watched.airflow.change(connections.delete().where(connections.c.conn_id == "alert_hook"))
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.make()
    assert quiet.said() == []
    health = quiet.rounds.store.healths()["ops"]
    assert "connection 'alert_hook' is missing" in health.answer


def test_a_paused_job_is_said_after_a_day(quiet: Rounded) -> None:
    """And before that with its late periods."""
    quiet.watched.airflow.pause("erp_store")
    quiet.go_to("2026-11-30 09:00")
    quiet.watched.land("jd_store", "report", last="2026-11-29", days=1)
    quiet.make()
    (late,) = [said for said in quiet.said() if "ERP门店数据" in said]
    assert "没有任何运行记录。\n任务已暂停\n处理：python3 scheduler_manager.py resume erp" in late
    quiet.go_to("2026-12-01 07:00")
    quiet.make(MINUTE)
    paused = [said for said in quiet.said() if said.startswith("【任务已暂停】")]
    assert paused[0].startswith(
        "【任务已暂停】ERP门店数据\n任务暂停着，已到期 1 期没有入库，最早 2026-11-29\n"
        "处理：python3 scheduler_manager.py resume erp_store\n"
    )


def test_a_clock_that_is_set_forward_is_said(quiet: Rounded) -> None:
    """And that the components' signs of life look old then is not."""
    quiet.now += timedelta(hours=1)
    quiet.make()
    (said,) = quiet.said()
    assert said.startswith(
        "【服务异常】时钟\n本机时间在 13:01（跳变后）向前跳了约 60 分钟，没有别的时钟可以核对\n"
        "处理：校准本机时间：`sudo timedatectl set-ntp true`"
    )
    quiet.now -= timedelta(hours=1)
    (recovered,) = quiet.recover()
    assert recovered.startswith("【已恢复】【服务异常】时钟：恢复正常")


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount one of 24 MB; where this may not be done, the test is skipped."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.getuid() or not mount or not umount:
        pytest.skip("only root may mount a disk")
    command = [mount, "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run([umount, "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write a file until the disk is full."""
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def test_a_full_disk_is_said(tmp_path: Path, airflow_database: Path, robots: FakeRobots) -> None:
    """Before it is full; when nothing can be kept any more, straight away, and once."""
    (tmp_path / "var").mkdir()
    with small_disk(tmp_path / "var"):
        rounded = Rounded(Watched(tmp_path, airflow_database), robots)
        rounded.make()
        disk = [said for said in rounded.said() if said.startswith("【服务异常】磁盘")]
        assert "MB 空间，写满后数据无法入库\n处理：清理磁盘，或运行" in disk[0]
        with pytest.raises(OSError, match="space"):
            fill(tmp_path / "var/big")
        rounded.robots.taken.clear()
        made = [rounded.make(beats=False) for _ in range(3)]
        assert "alerts cannot be kept" in made[0].trouble
        (said,) = rounded.said()
        assert said.startswith("【服务异常】告警无法保存\nalerts cannot be kept in ")
        rounded.rounds.store.close()


def test_alerts_that_cannot_be_kept_are_said_straight_away(quiet: Rounded) -> None:
    """Once in six hours, whoever makes the round; with what is wrong."""
    quiet.rounds.store.close()
    for path in quiet.watched.var.glob("alerts.db*"):
        path.unlink()
    (quiet.watched.var / "alerts.db").mkdir()
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.watched.warehouse.unlink()
    quiet.make()
    quiet.begin()
    quiet.make()
    (said,) = quiet.said()
    assert said.startswith("【服务异常】告警无法保存\nalerts cannot be kept in ")
    assert "\n· 数仓的文件不见了：" in said
    assert (quiet.watched.var / ALARM).exists()
    quiet.make(timedelta(hours=6))
    assert len(quiet.said()) == 1


def test_what_no_network_lets_through_is_sent_when_it_does(quiet: Rounded) -> None:
    """Nothing is lost meanwhile, and nothing said twice."""
    quiet.robots.fault = 503
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    for _ in range(4):
        quiet.make(MINUTE)
    assert quiet.said() == []
    quiet.robots.fault = None
    for _ in range(20):
        quiet.make(MINUTE)
    said = quiet.said()
    assert len(said) == 1
    assert "【数据迟到】京东门店数据 2026-11-28" in said[0]


def test_a_reader_that_fails_costs_its_own_findings_only(quiet: Rounded) -> None:
    """And is said, in words that lead to who can repair it."""

    def broken(_scope: object) -> Any:
        raise ZeroDivisionError("division by zero")

    quiet.looks["components"] = broken
    quiet.begin()
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.make()
    service, late = quiet.said()
    assert service.startswith(
        "【服务异常】看门狗\n看门狗查看“components”时出错：ZeroDivisionError (test_rounds.py:"
    )
    assert "请把这一行反馈给维护者" in service
    assert late.startswith("【数据迟到】")


def test_two_processes_say_nothing_twice(quiet: Rounded) -> None:
    """The watchdog and a crontab's round share what was said."""
    first, second = quiet.rounds, quiet.begin(down=timedelta())
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    quiet.watched.airflow.heartbeats(quiet.now)
    for rounds in (first, second, first, second):
        quiet.rounds = rounds
        quiet.make()
    assert len(quiet.said()) == 1


def test_a_wanted_stop_is_silent_and_the_digest_says_who(quiet: Rounded) -> None:
    """Whatever is missing meanwhile; from the next start on it is said again."""
    quiet.go_to("18:00")
    quiet.rounds.store.note_stop("lin", quiet.now)
    quiet.runs = False
    quiet.go_to("2026-11-30 09:29")
    made = quiet.make(MINUTE, beats=False)
    assert made.is_silent
    (digest,) = quiet.said()
    assert "服务由 lin 于 11-29 18:00 停止" in digest
    start = quiet.now + MINUTE
    quiet.rounds.store.note_start(start)
    quiet.rounds.store.note(STARTED, start)
    quiet.runs = True
    quiet.make(MINUTE)
    assert quiet.said() == []  # what was due before the start gets ten minutes
    for _ in range(11):
        quiet.make(MINUTE)
    assert any("【任务没有运行】" in said for said in quiet.said())


def test_a_stop_that_did_not_happen_is_forgotten(quiet: Rounded) -> None:
    """After ten minutes in which the service goes on."""
    quiet.rounds.store.note_stop("lin", quiet.now)
    quiet.watched.set("jd_store", "jd-2", **BUSY)
    assert quiet.make(9 * MINUTE).is_silent
    assert not quiet.make(MINUTE).is_silent
    assert len(quiet.said()) == 1


def test_of_a_service_that_was_never_started_nothing_is_said(
    watched: Watched, robots: FakeRobots
) -> None:
    """A crontab that is there before the first start is no reason for an alarm."""
    rounded = Rounded(watched, robots)
    rounded.watched.store.close()
    (rounded.watched.var / "alerts.db").unlink()
    rounded.runs = False
    rounded.begin()
    assert rounded.make().is_silent


def test_the_heartbeats_address_is_called_after_a_good_round_only(quiet: Rounded) -> None:
    """Not while the warehouse is gone, nor while a channel fails."""
    address = quiet.robots.base_url + "/ping/another"
    quiet.watched.airflow.connect("alert_heartbeat", host=address)
    more = "heartbeat: {connection: alert_heartbeat, every: 5m}\n"
    quiet.watched.write("config/alerts.yaml", ALERTS + more)

    def pinged() -> datetime | None:
        return quiet.rounds.store.noted().get(PINGED)

    made = quiet.make()  # no such address on the robots' server
    assert pinged() is None
    assert made.trouble == "the address of connection alert_heartbeat answers HTTP 404"
    quiet.robots.pings = 0
    address = quiet.robots.address("ping")
    quiet.watched.airflow.connect("alert_heartbeat", host=address)
    quiet.make()
    assert pinged() == quiet.now
    first = quiet.now
    quiet.make(4 * MINUTE)
    assert pinged() == first
    aside = quiet.watched.warehouse.rename(quiet.watched.var / "aside.db")
    quiet.make(2 * MINUTE)
    assert pinged() == first
    aside.rename(quiet.watched.warehouse)
    quiet.make(MINUTE)
    assert pinged() == quiet.now
    assert quiet.robots.pings == 2


def test_credentials_of_another_key_are_no_reason_to_fail(quiet: Rounded) -> None:
    """As after `rotate`: they are read again."""
    environment: Mapping[str, str] = {
        **quiet.watched.environment,
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
    }
    quiet.watched.environment = dict(environment)
    quiet.begin()
    assert quiet.make().unread == ()
    assert quiet.said() == []


def test_a_late_period_recovers_beside_a_gap_that_is_too_old(quiet: Rounded) -> None:
    """What is told for the whole job stands for its old periods only."""
    for key in (LAST, "2026-11-19"):
        quiet.watched.set("jd_store", "jd-2", key, **BUSY)
    quiet.begin()
    quiet.make()
    assert [said[:8] for said in quiet.said()] == ["【数据迟到】京东", "【不会自动补上】"]
    quiet.watched.set("jd_store", "jd-2", state="ok", rows=5, exit_code=0)
    (recovered,) = quiet.recover()
    assert recovered.startswith("【已恢复】京东门店数据 2026-11-28：3 家全部入库")
