"""Few messages, however much is wrong at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.notices import within_budget
from tests.alerts.engine.alert_rounds import (
    BUSY,
    MORNING,
    ONE_CHANNEL,
    QUIETLY,
    REFUSED,
    SHANGHAI,
    TAKEN,
    TWO_CHANNELS,
    late,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.alerts.messages import Receipt
    from tests.alerts.engine.alert_rounds import Rounds

MINUTE = timedelta(minutes=1)


def test_a_storm_is_one_message(rounds: Rounds) -> None:
    """From three jobs of one platform and cause on; another cause is told apart."""
    storm = [late(f"pdd_{name}", "pdd-1", "pdd-2", cause="70031") for name in "abc"]
    rounds.round(*storm, late("pdd_d", cause="50"), late("jd_a", cause="70031"))
    texts = rounds.texts()
    assert len(texts) == 3
    assert texts[0].splitlines() == [
        "【平台异常】拼多多：2 家店铺、3 个任务同时失败，原因相同：平台繁忙（70031）",
        "· 任务pdd_a 2026-11-27：2 家店铺，09:00 起  #A1",
        "· 任务pdd_b 2026-11-27：2 家店铺，09:00 起  #A2",
        "· 任务pdd_c 2026-11-27：2 家店铺，09:00 起  #A3",
        "系统会继续重试；1 天后仍未恢复再通知。",
    ]


def test_half_the_shops_of_a_platform_are_a_storm(rounds: Rounds) -> None:
    """Also where they are of two jobs only."""
    pairs = [late(f"pdd_{name}", "pdd-1", "pdd-2", cause="7", shops="4") for name in "ab"]
    few = [late(f"jd_{name}", "jd-1", cause="7", shops="4") for name in "ab"]
    rounds.round(*pairs, *few)
    assert [title[:6] for title in rounds.said()] == [
        "【平台异常】",
        "【数据迟到】",
        "【数据迟到】",
    ]


def test_two_jobs_that_never_ran_are_a_storm_where_they_are_of_one_platform(
    rounds: Rounds,
) -> None:
    """Half of the shops of several platforms together are half of none."""
    facts = {"started": "no", "fire": MORNING.isoformat(), "shops": "2"}
    rounds.round(*(late(job, cause="", **facts) for job in ("pdd_a", "jd_a")))
    assert [title.partition("_")[0] for title in rounds.said()] == [
        "【任务没有运行】任务pdd",
        "【任务没有运行】任务jd",
    ]
    rounds.round(*(late(job, cause="", **facts) for job in ("erp_a", "erp_b")))
    assert rounds.said() == ["【任务没有运行】2 个任务都没有运行"]


def test_a_storm_of_two_says_what_each_of_them_needs(rounds: Rounds) -> None:
    """And of one cause what repairs it; of more jobs there is the page."""
    pairs = [
        late(f"pdd_{name}", cause="7", shops="2", remedy=f"repair {name}", link="http://x/?job=a")
        for name in "ab"
    ]
    units = tuple(replace(unit, remedy="重新授权") for unit in pairs[0].units)
    rounds.round(*(replace(one, units=units) for one in pairs))
    (text,) = rounds.texts()
    title, *_, first, second, link = text.splitlines()
    assert title.endswith("1 家店铺、2 个任务同时失败，原因相同：平台繁忙（7）——重新授权")
    assert (first, second, link) == ("处理：repair a", "处理：repair b", "详情：http://x/")


def test_jobs_that_never_ran_are_one_message(rounds: Rounds) -> None:
    """Of whatever platforms, with what is wrong with the service."""
    facts = {"started": "no", "fire": MORNING.isoformat(), "service": "调度器没有心跳。"}
    jobs = [late(job, cause="", **facts) for job in ("pdd_a", "jd_a", "erp_a")]
    rounds.round(*jobs, after=timedelta(hours=2))
    (text,) = rounds.texts()
    assert text.startswith("【任务没有运行】3 个任务都没有运行\n调度器没有心跳。\n· 任务pdd_a")


def test_a_recovery_does_not_wait_for_the_rest_of_its_storm(rounds: Rounds) -> None:
    """Those that are over at once are told at once; those later by themselves."""
    storm = [late(f"pdd_{name}", cause="7") for name in "abc"]
    rounds.round(*storm)
    rounds.said()
    rounds.round(storm[0], after=MINUTE)
    rounds.round(storm[0], after=6 * MINUTE)
    (text,) = rounds.texts()
    assert text.splitlines()[0] == "【已恢复】2 项"
    rounds.round(after=MINUTE)
    rounds.round(after=6 * MINUTE)
    assert rounds.said() == ["【已恢复】任务pdd_a 2026-11-27：不再缺数 #A1"]


@pytest.mark.parametrize(
    ("left", "parts", "expected"),
    [
        (6, 5, [1] * 5),
        (6, 6, [1, 1, 1, 1, 2]),
        (6, 40, [1, 1, 1, 1, 36]),
        (2, 1, [1]),
        (2, 3, [3]),
        (1, 3, [3]),
        (1, 1, [1]),
        (0, 3, []),
        (-2, 3, []),
        (6, 0, []),
    ],
)
def test_a_budget(left: int, parts: int, expected: list[int]) -> None:
    """The rest is one message, and one is kept for what comes next as long as there are two."""
    made = within_budget([(number,) for number in range(parts)], left)  # type: ignore[misc]
    assert [len(part) for part in made] == expected
    assert [one for part in made for one in part] == list(range(parts if expected else 0))


def test_no_more_than_the_budget_comes_of_many_alerts(rounds: Rounds) -> None:
    """Six in ten minutes, whatever happens, and each alert is in exactly one of them."""
    findings = [service(f"part-{number}") for number in range(40)]
    for count in range(1, 41):
        rounds.round(*findings[:count], after=timedelta(seconds=20))
    rounds.round(*findings, after=10 * MINUTE)
    taken = rounds.robots.taken["ops"]
    moments = [moment for moment, _ in taken]
    for moment in moments:
        assert sum(moment <= one <= moment + 10 * MINUTE for one in moments) <= 6
    told = " ".join(rounds.texts())
    labels = [word for word in told.split() if word.startswith("#A")]
    assert sorted(labels) == sorted(f"#A{number}" for number in range(1, 41))


def test_quiet_hours_hold_what_can_wait(rounds_of: Callable[..., Rounds]) -> None:
    """Then it comes as one, with what was over meanwhile; the service is told at night."""
    rounds = rounds_of(QUIETLY)
    rounds.now = datetime(2026, 11, 28, 23, tzinfo=SHANGHAI)
    first, second, third = (late(f"pdd_{name}") for name in "abc")
    rounds.round(first, second, service())
    assert rounds.said() == ["【服务异常】scheduler"]
    rounds.round(first, third, after=timedelta(hours=3))
    rounds.round(first, third, after=6 * MINUTE)
    rounds.said()
    rounds.round(first, third, after=timedelta(hours=4, minutes=50))
    assert rounds.robots.taken["ops"] == []
    rounds.round(first, third, after=4 * MINUTE)
    (text,) = rounds.texts()
    assert text.splitlines() == [
        "【告警汇总】新告警 3 项、恢复 1 项",
        "· 【数据迟到】任务pdd_a 2026-11-27：11-28 09:00 起，1 家店铺  #A1",
        "· 【数据迟到】任务pdd_b 2026-11-27：11-28 09:00 起，1 家店铺，02:00 恢复  #A2",
        "· 【数据迟到】任务pdd_c 2026-11-27：11-28 09:00 起，1 家店铺  #A4",
    ]


def test_a_channel_that_fails_is_told_on_the_others(rounds_of: Callable[..., Rounds]) -> None:
    """With what it said and what to do; not on itself; and once more when it works again."""
    rounds = rounds_of(TWO_CHANNELS)
    answers: dict[str, Receipt] = {"ops": REFUSED}
    rounds.robots.answer = lambda channel, _now: answers.get(channel, TAKEN)
    rounds.round(service())
    rounds.round(service(), after=MINUTE)
    first, second = rounds.texts("boss")
    assert first.startswith("【服务异常】scheduler")
    assert second.splitlines() == [
        "【服务异常】ops",
        "渠道 ops 发不出消息：sign not match",
        "处理：the secret  #A2",
    ]
    for _ in range(30):
        rounds.round(service(), after=MINUTE)
    assert rounds.said("boss") == []
    assert len(rounds.robots.asked["ops"]) < 8
    answers.clear()
    for _ in range(20):
        rounds.round(service(), after=MINUTE)
    assert rounds.said("ops") == ["【服务异常】scheduler"]
    assert [title[:13] for title in rounds.said("boss")] == ["【已恢复】【服务异常】op"]


def test_what_passes_by_itself_is_told_of_a_channel_after_five_minutes(
    rounds_of: Callable[..., Rounds],
) -> None:
    """A robot that is busy for a minute is nobody's work."""
    rounds = rounds_of(TWO_CHANNELS)
    until = rounds.now + 2 * MINUTE
    rounds.robots.answer = lambda channel, now: BUSY if channel == "ops" and now < until else TAKEN
    for _ in range(10):
        rounds.round(service(), after=timedelta(seconds=30))
    assert rounds.said("boss") == ["【服务异常】scheduler"]
    assert rounds.said("ops") == ["【服务异常】scheduler"]


def test_what_a_channel_missed_comes_as_one(rounds: Rounds) -> None:
    """As it is when the channel works again, and not as it was."""
    until = rounds.now + timedelta(hours=3)
    rounds.robots.answer = lambda _channel, now: REFUSED if now < until else TAKEN
    findings = [service(f"part-{number}") for number in range(5)]
    for count in range(1, 6):
        rounds.round(*findings[:count], after=10 * MINUTE)
    for _ in range(15):
        rounds.round(*findings[1:], after=10 * MINUTE)
    (text,) = rounds.texts()
    lines = text.splitlines()
    assert lines[0] == "【告警汇总】新告警 5 项、恢复 1 项"
    # The third is that of the channel itself, which is not told there.
    assert [line[-3:] for line in lines[1:-1]] == ["#A1", "#A2", "#A4", "#A5", "#A6"]
    assert lines[-1] == "处理：restart"


def test_a_channel_that_is_gone_keeps_nothing_waiting(rounds_of: Callable[..., Rounds]) -> None:
    """And is told once more what is open when it comes back."""
    rounds = rounds_of(TWO_CHANNELS)
    rounds.robots.answer = lambda channel, _now: BUSY if channel == "boss" else TAKEN
    rounds.robots.arrives = lambda _channel, _now: False
    rounds.round(service())
    gone = rounds_of(ONE_CHANNEL)
    gone.now = rounds.now
    gone.round(service(), after=MINUTE)
    assert gone.store.waiting() == []
    back = rounds_of(TWO_CHANNELS)
    back.now = gone.now
    back.round(service(), after=10 * MINUTE)
    assert len(back.said("boss")) == 1
