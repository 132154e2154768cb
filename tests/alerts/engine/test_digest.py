"""The daily message."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.findings import Day, Restated, TokenEnd
from include.registry.alerts import Mute
from tests.alerts.engine.alert_rounds import BUSY, SHANGHAI, TAKEN, late

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.alerts.engine.alert_rounds import Rounds

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CHANNELS = """\
channels:
  - {id: ops, kind: dingtalk, connection: a}
  - {id: boss, kind: wecom, connection: b}
"""
BOTH = f"{CHANNELS}digest: {{also: all_landed}}\n"
ENGLISH = f"language: en\n{CHANNELS}digest: {{to: [ops], also: all_landed}}\n"
MUTES = """
mutes:
  - {job: pdd_a, shop: pdd-3, until: 2026-12-03, reason: 装修停业, by: 林}
  - {job: pdd_b, until: 2026-11-27, reason: 换系统}
"""
TODAY = Day(32, 32)


def _at(hour: int, minute: int = 0, day: int = 28) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def _texts(rounds: Rounds, channel: str = "ops") -> list[str]:
    return [message.plain() for _, message in rounds.robots.taken.pop(channel, [])]


def test_it_comes_once_a_day_to_every_channel(rounds_of: Callable[..., Rounds]) -> None:
    """At its time, also when all is well, with when the next one comes."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 29)
    rounds.round(day=TODAY)
    assert _texts(rounds) == []
    for _ in range(20):
        rounds.round(after=MINUTE, day=TODAY)
    for channel in ("ops", "boss"):
        (text,) = _texts(rounds, channel)
        assert text.splitlines() == [
            "【数据日报】11-28 09:30",
            "应到 32，已到 32，全部入库",
            "没有未恢复的告警。",
            "下一次日报 11-29 09:30；没有收到，请检查服务。",
        ]
    rounds.round(after=DAY, day=TODAY)
    assert len(_texts(rounds)) == 1


def test_it_says_how_the_day_is(rounds_of: Callable[..., Rounds]) -> None:
    """What is missing and open, what is muted and was, which tokens end, who stopped what."""
    rounds = rounds_of(CHANNELS + MUTES)
    rounds.now = _at(8)
    rounds.store.note_stop("ops", _at(18, day=27))
    rounds.store.note_start(_at(19, day=27))
    rounds.store.mute(
        Mute(job="jd_a", until="2026-11-28", reason="x", by="y"),  # type: ignore[arg-type]
        rounds.now,
    )
    rounds.round(late("jd_b"))
    _texts(rounds)
    rounds.now = _at(9, 30)
    tokens = (TokenEnd("jd_2", _at(8, day=30)),)
    restated = tuple(Restated(f"差评{days}", days, -1, 3) for days in range(9, 0, -1))
    day = Day(32, 31, {"jd": 1}, usual=-0.03, waived=2, tokens=tokens, restated=restated)
    rounds.round(late("jd_b"), day=day)
    (text,) = _texts(rounds)
    assert text.splitlines() == [
        "【数据日报】11-28 09:30",
        "应到 32，已到 31，缺 1（京东 1）",
        "行数比平时 -3%。",
        "已豁免 2。",
        "未恢复的告警 1 项：",
        "· 【数据迟到】任务jd_b 2026-11-27，已 30 分钟  #A1",
        "静默：pdd_a pdd-3（装修停业），剩 6 天",
        "静默：jd_a（x），剩 1 天",
        "静默已到期：pdd_b（换系统），恢复告警",
        "令牌 3 天内到期：jd_2（11-30 08:00）",
        "入库后又有变化："
        + "、".join(f"差评{days} D-{days} -1 行（3 行不同）" for days in range(9, 1, -1))
        + "、另有 1 项",
        "服务由 ops 于 11-27 18:00 停止，11-27 19:00 启动",
        "下一次日报 11-29 09:30；没有收到，请检查服务。",
    ]


def test_what_is_new_in_answers_is_a_notice(rounds_of: Callable[..., Rounds]) -> None:
    """With where it was first seen; and a warning of what goes missing."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 30)
    new = (("jd: list[].state = X", "jd_store jd-1 2026-11-27"),)
    rounds.round(day=replace(TODAY, new_shapes=new, lacking_shapes=("jd: list[].paid",)))
    (text,) = _texts(rounds)
    assert text.splitlines()[3:5] == [
        "接口首次出现：jd: list[].state = X（jd_store jd-1 2026-11-27）",
        "接口字段在五分之一以上的行中缺失：jd: list[].paid",
    ]


def test_it_comes_although_nothing_can_be_read(rounds_of: Callable[..., Rounds]) -> None:
    """It is the sign of life."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 30)
    rounds.round()
    (text,) = _texts(rounds)
    assert "今天的数据读不到" in text


@pytest.mark.parametrize(("hour", "count"), [(11, 1), (21, 1), (22, 0)])
def test_one_that_could_not_come_is_made_up_for(
    rounds_of: Callable[..., Rounds], hour: int, count: int
) -> None:
    """On the same day, and not at night."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(hour)
    rounds.round(day=TODAY)
    assert len(_texts(rounds)) == count


def test_one_that_a_channel_refused_comes_later(rounds_of: Callable[..., Rounds]) -> None:
    """With what is true by then, and once."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 30)
    rounds.robots.answer = lambda _channel, now: BUSY if now < _at(10) else TAKEN
    for count in range(60):
        rounds.round(after=MINUTE, day=replace(TODAY, landed=count // 2))
    (text,) = [text for text in _texts(rounds) if text.startswith("【数据日报】")]
    assert "已到 0" not in text


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (Day(3, 3, problems=2), ["应到 3，已到 3", "配置有 2 处问题，相关任务不在其中。"]),
        (Day(), ["应到 0，已到 0"]),
    ],
)
def test_that_all_has_landed_is_said_only_of_what_is_known(
    rounds_of: Callable[..., Rounds], day: Day, expected: list[str]
) -> None:
    """Not while entries cannot be read, nor of nothing."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 30)
    rounds.round(day=day)
    (text,) = _texts(rounds)
    assert text.splitlines()[1:-2] == expected


def test_that_all_has_landed_comes_once_a_day(rounds_of: Callable[..., Rounds]) -> None:
    """Where it is asked for, as soon as it is so."""
    rounds = rounds_of(BOTH)
    rounds.now = _at(12)
    rounds.round(day=TODAY)
    rounds.robots.taken.clear()
    for _ in range(3):
        rounds.round(after=MINUTE, day=replace(TODAY, complete=48))
    assert _texts(rounds) == ["【今日数据齐了】11-28 应到 48，全部入库。"]
    without = rounds_of(CHANNELS)
    without.now = _at(12, day=29)
    without.round(day=replace(TODAY, complete=48))
    assert len(_texts(without)) == 1


def test_it_speaks_english(rounds_of: Callable[..., Rounds]) -> None:
    """Where config/alerts.yaml says so, and to whom it is meant for only."""
    rounds = rounds_of(ENGLISH)
    rounds.now = _at(9, 30)
    rounds.round(day=Day(32, 31, {"jd": 1}, usual=0.1))
    (text,) = _texts(rounds)
    assert text.splitlines() == [
        "[Daily digest] 11-28 09:30",
        "31 of 32 have landed, 1 missing (JD 1)",
        "Rows against usual: +10%.",
        "No alert is open.",
        "The next one comes 11-29 09:30; if it does not, look at the service.",
    ]
    assert _texts(rounds, "boss") == []


def test_a_stop_that_lasts_is_in_it(rounds_of: Callable[..., Rounds]) -> None:
    """Without a start; one of days ago is not."""
    rounds = rounds_of(CHANNELS)
    rounds.now = _at(9, 30)
    rounds.store.note_stop("old", _at(9, day=25))
    rounds.store.note_start(_at(10, day=25))
    rounds.store.note_stop("林", _at(8))
    rounds.round(day=TODAY)
    (text,) = _texts(rounds)
    assert "服务由 林 于 11-28 08:00 停止\n" in text
    assert "old" not in text
