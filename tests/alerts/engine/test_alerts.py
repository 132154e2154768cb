"""When an alert opens, goes on and is over, and who is told of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.findings import Finding, Kind, Missing, Resolution
from tests.alerts.engine.alert_rounds import MORNING, ONE_CHANNEL, late, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.alerts.engine.alert_rounds import Rounds

MINUTE = timedelta(minutes=1)
TWO_CHANNELS = """\
channels:
  - {id: ops, kind: dingtalk, connection: a, mention: ["139"]}
  - {id: boss, kind: wecom, connection: b}
digest: {to: [ops]}
"""
ESCALATION = f"""{TWO_CHANNELS}
routes:
  - {{to: ops}}
  - {{to: boss, on: [late], after: 60m, platforms: [pdd], mention: ["138"]}}
"""


def test_nothing_is_said_where_nothing_is_wrong(rounds: Rounds) -> None:
    """But the digest."""
    for _ in range(20):
        rounds.round(after=10 * MINUTE)
    assert rounds.said() == []


def test_an_alert_is_said_once_and_once_more_when_it_is_over(rounds: Rounds) -> None:
    """However many rounds find the same, and whatever units come and go meanwhile."""
    finding = late("pdd_review", "pdd-1", "pdd-2")
    for _ in range(3):
        rounds.round(finding, after=MINUTE)
    rounds.round(late("pdd_review", "pdd-2"), after=MINUTE)
    rounds.round(late("pdd_review", "pdd-2", "pdd-9"), after=MINUTE)
    assert rounds.said() == ["【数据迟到】任务pdd_review 2026-11-27"]
    for _ in range(8):
        rounds.round(after=MINUTE)
    assert rounds.said() == ["【已恢复】任务pdd_review 2026-11-27：不再缺数 #A1"]
    for _ in range(8):
        rounds.round(after=MINUTE)
    assert rounds.said() == []
    (alert,) = rounds.store.alerts(MORNING)
    assert alert.closed is not None
    assert [unit.shop_id for unit in alert.missed] == ["pdd-1", "pdd-2"]


def test_what_flaps_is_one_alert(rounds: Rounds) -> None:
    """What is gone for less than five minutes was never gone."""
    for _ in range(10):
        rounds.round(service(), after=MINUTE)
        rounds.round(after=3 * MINUTE)
    assert rounds.said() == ["【服务异常】scheduler"]
    rounds.round(after=5 * MINUTE)
    assert rounds.said() == ["【已恢复】【服务异常】scheduler：恢复正常，历时 40 分钟 #A1"]


def test_what_comes_back_after_its_recovery_is_a_new_alert(rounds: Rounds) -> None:
    """With a number of its own."""
    for _ in range(2):
        rounds.round(service(), after=MINUTE)
        rounds.round(after=MINUTE)
        rounds.round(after=6 * MINUTE)
    numbers = [message.number for _, message in rounds.robots.taken["ops"] if message.number]
    assert numbers == ["#A1", "#A1", "#A2", "#A2"]


def test_a_wrong_configuration_waits_five_minutes(rounds: Rounds) -> None:
    """Most are repaired by the next edit; what is gone by then was never said."""
    finding = replace(service(), kind=Kind.CONFIGURATION, subject="a")
    for _ in range(4):
        rounds.round(finding, after=MINUTE)
    rounds.round(after=MINUTE)
    assert rounds.said() == []
    assert rounds.store.alerts(MORNING) == []
    for _ in range(6):
        rounds.round(finding, after=MINUTE)
    assert len(rounds.said()) == 1


@pytest.mark.parametrize("unseen", [{"unseen_kinds": {Kind.LATE}}, {"unseen_subjects": {"pdd_a"}}])
def test_what_cannot_be_looked_at_stays_as_it_is(rounds: Rounds, unseen: dict[str, object]) -> None:
    """A warehouse that is away, or an entry that is broken, makes nothing right."""
    rounds.round(late("pdd_a"))
    rounds.said()
    for _ in range(10):
        rounds.round(after=5 * MINUTE, **unseen)
    assert rounds.said() == []
    rounds.round(late("pdd_a"), after=MINUTE)
    assert rounds.said() == []


def test_what_is_late_becomes_what_nothing_will_heal(rounds: Rounds) -> None:
    """The alert of the period is neither repeated nor over until the gap is closed."""
    rounds.round(late("pdd_a"))
    rounds.said()
    aging = replace(late("pdd_a", period=""), kind=Kind.AGING)
    rounds.round(aging, after=timedelta(days=2))
    assert rounds.said() == ["【不会自动补上】任务pdd_a"]
    rounds.round(after=MINUTE)
    rounds.round(after=6 * MINUTE)
    assert len(rounds.said()) == 2


def test_what_lasts_is_said_again(rounds: Rounds) -> None:
    """After a day, unless somebody has taken it on."""
    finding = late("pdd_a")
    rounds.round(finding)
    rounds.round(finding, after=timedelta(hours=23))
    assert len(rounds.said()) == 1
    rounds.round(finding, after=timedelta(hours=1))
    (text,) = rounds.texts()
    assert text.startswith(
        "【仍未恢复】【数据迟到】任务pdd_a 2026-11-27\n从 11-28 09:00 起，已 23 小时"
    )
    assert rounds.store.acknowledge(1, "林", rounds.now)
    rounds.round(finding, after=timedelta(hours=25))
    assert rounds.said() == []
    assert not rounds.store.acknowledge(7, "林", rounds.now)


def test_an_escalation_says_what_lasts(rounds_of: Callable[..., Rounds]) -> None:
    """To whom it is meant for, by name, and after the others; the recovery goes to both."""
    rounds = rounds_of(ESCALATION)
    findings = late("pdd_a"), late("jd_a")
    rounds.round(*findings)
    assert (len(rounds.said("ops")), rounds.said("boss")) == (2, [])
    rounds.round(*findings, after=59 * MINUTE)
    assert rounds.robots.taken["boss"] == []
    rounds.round(*findings, after=MINUTE)
    ((_, message),) = rounds.robots.taken.pop("boss")
    assert message.mention == ("138",)
    assert message.headline() == "【数据迟到】任务pdd_a 2026-11-27"
    rounds.round(after=MINUTE)
    rounds.round(after=5 * MINUTE)
    assert (len(rounds.said("ops")), len(rounds.said("boss"))) == (2, 1)


@pytest.mark.parametrize("is_acked", [True, False])
def test_no_escalation_of_what_is_over_or_taken_on(
    rounds_of: Callable[..., Rounds], *, is_acked: bool
) -> None:
    """Nor is a recovery said to whom nothing was said before."""
    rounds = rounds_of(ESCALATION)
    rounds.round(late("pdd_a"))
    if is_acked:
        rounds.store.acknowledge(1, "林", rounds.now)
    rounds.round(*([late("pdd_a")] if is_acked else []), after=30 * MINUTE)
    rounds.round(*([late("pdd_a")] if is_acked else []), after=40 * MINUTE)
    rounds.round(after=MINUTE)
    rounds.round(after=10 * MINUTE)
    assert rounds.said("boss") == []
    assert len(rounds.said("ops")) == 2


def test_the_first_route_that_fits_counts(rounds_of: Callable[..., Rounds]) -> None:
    """By kind, platform and tag."""
    routes = (
        "routes:\n  - {to: ops, on: [late], tags: [质量], mention: [all]}\n"
        "  - {to: ops, on: [late], platforms: [jd]}\n"
    )
    rounds = rounds_of(TWO_CHANNELS + routes)
    tagged = replace(late("pdd_a"), tags=("PDD", "质量"))
    rounds.round(tagged, late("pdd_b"), late("jd_b"), service())
    taken = rounds.robots.taken["ops"]
    said = {message.title: message.mention for _, message in taken if "日报" not in message.title}
    assert said == {
        "【数据迟到】任务pdd_a 2026-11-27": ("all",),
        "【数据迟到】任务jd_b 2026-11-27": ("139",),
    }
    assert rounds.robots.taken["boss"] == []


def test_a_channel_that_is_added_is_told_what_is_open(rounds_of: Callable[..., Rounds]) -> None:
    """What is wrong now is compared with what was said there."""
    rounds = rounds_of(ONE_CHANNEL)
    rounds.round(late("pdd_a"), service())
    added = rounds_of(TWO_CHANNELS)
    added.now = rounds.now
    added.round(late("pdd_a"), service(), after=MINUTE)
    assert len(added.said("boss")) == 2
    assert added.said("ops") == []


def test_a_channel_that_gets_it_no_more_is_told_that_it_is_over(
    rounds_of: Callable[..., Rounds],
) -> None:
    """A route that was taken away leaves nobody with an alert that never ends."""
    rounds = rounds_of(ONE_CHANNEL)
    rounds.round(late("pdd_a"))
    rounds.said()
    after = rounds_of(f"{ONE_CHANNEL}routes: [{{to: ops, on: [service]}}]\n")
    after.now = rounds.now
    after.round(late("pdd_a"), late("pdd_b"), after=timedelta(days=2))
    assert after.said() == []
    after.round(after=MINUTE)
    after.round(after=6 * MINUTE)
    assert after.said() == ["【已恢复】任务pdd_a 2026-11-27：不再缺数 #A1"]
    after.round(after=MINUTE)
    assert after.store.alerts() == []


def test_a_recovery_tells_how_it_was_repaired(rounds: Rounds) -> None:
    """How many have landed, how late, and what else there is to say."""
    finding = late("pdd_a", "pdd-1", "pdd-2")
    rounds.round(finding)
    rounds.said()
    landed = finding.due + 47 * MINUTE
    resolved = {finding.identity: Resolution(3, 3, landed)}
    rounds.round(after=2 * MINUTE, resolved=resolved)
    rounds.round(after=5 * MINUTE)
    assert rounds.said() == ["【已恢复】任务pdd_a 2026-11-27：3 家全部入库，比截止晚 47 分钟 #A1"]


def test_credentials_are_told_by_connection(rounds: Rounds) -> None:
    """With the shops that wait for it, and who must do what."""
    shop = Missing("jd-1", "示例京东旗舰店", "授权失效", "")
    facts = {
        "jobs": "1",
        "first_period": "2026-11-28",
        "remedy": "请店主在 https://open.jd.com 重新授权，再把新令牌写进连接",
    }
    finding = Finding(
        Kind.CREDENTIALS, "jd_1", "", "jd_1", "jd", (), MORNING, MORNING, (shop,), facts
    )
    rounds.round(finding)
    (text,) = rounds.texts()
    assert text.splitlines() == [
        "【需要人工】连接 jd_1 的授权已失效（店铺 示例京东旗舰店）",
        "影响 1 个任务、从 2026-11-28 起的数据。重试无用。",
        "· 示例京东旗舰店：授权失效",
        "处理：请店主在 https://open.jd.com 重新授权，再把新令牌写进连接  #A1",
    ]
