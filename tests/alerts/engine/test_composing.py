"""What messages say, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.catalogue import Language
from include.alerts.composing import Wording
from include.alerts.findings import Finding, Kind, Missing, Resolution
from include.alerts.messages import Message
from include.alerts.notices import Notice
from include.alerts.records import Alert, What
from tests.alerts.engine.alert_rounds import MORNING, SHANGHAI, late, service

if TYPE_CHECKING:
    from include.alerts.notices import Part

HOUR = timedelta(hours=1)
NOW = MORNING + 2 * HOUR
DAY = timedelta(days=1)


def _alert(finding: Finding, **more: object) -> Alert:
    return Alert(7, finding, NOW, opened=NOW, missed=finding.units, **more)  # type: ignore[arg-type]


def _part(finding: Finding, *whats: What) -> Part:
    return (Notice(_alert(finding), "ops", whats or (What.OPENING,), NOW),)


def _text(finding: Finding, *whats: What, language: str = "zh") -> list[str]:
    return Wording(language, NOW, DAY).message(_part(finding, *whats)).plain().splitlines()


def _of(kind: Kind, name: str = "任务A", **facts: str) -> Finding:
    units = (Missing("pdd-1", "店1", "100 行，平时 900 行"),) if kind is Kind.QUALITY else ()
    return Finding(kind, "a", "2026-11-27", name, "pdd", (), MORNING, MORNING, units, facts)


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (
            _of(Kind.QUALITY, remedy="repair"),
            ["【数据不合格】任务A 2026-11-27", "· 店1：100 行，平时 900 行", "处理：repair  #A7"],
        ),
        (
            replace(_of(Kind.PAUSED, what="暂停着，缺 3 期", remedy="resume a"), period_key=""),
            ["【任务已暂停】任务A", "暂停着，缺 3 期", "处理：resume a  #A7"],
        ),
        (
            replace(_of(Kind.CONFIGURATION, what="a.yaml:1:1: x", remedy="check"), period_key=""),
            ["【配置有误】任务A", "a.yaml:1:1: x", "处理：check  #A7"],
        ),
        (
            replace(
                _of(Kind.TOKEN, ends="2026-11-30T08:00:00+08:00", link="http://x/"), subject="jd_2"
            ),
            ["【令牌将到期】连接 jd_2 的令牌 11-30 08:00 到期", "详情：http://x/  #A7"],
        ),
        (
            late("erp_a", started="no", fire="2026-11-28T07:00:00+08:00", service="调度器停了。"),
            [
                "【任务没有运行】任务erp_a 2026-11-27",
                "07:00 应当开始，到 09:00 没有任何运行记录。",
                "调度器停了。",
                "系统会自动再试，暂时不用处理。  #A7",
            ],
        ),
        (
            replace(late(), units=(Missing("-", "", "失败：x"),), facts={"remedy": "repair"}),
            [
                "【数据迟到】任务pdd_review 2026-11-27",
                "09:00 截止，还没有入库：失败：x",
                "处理：repair  #A7",
            ],
        ),
    ],
)
def test_kinds(finding: Finding, expected: list[str]) -> None:
    """What is wrong, of what, and what to do."""
    assert _text(finding) == expected


def test_shops_with_one_reason_are_one_line() -> None:
    """The reason of most comes first; of more than eight shops the rest is counted."""
    finding = late("pdd_a", *(f"pdd-{number}" for number in range(10)), cause="busy")
    other = Missing("pdd-x", "店x", "授权失效", "请店主重新授权")
    lines = _text(replace(finding, units=(other, *finding.units)))
    names = "、".join(f"店铺pdd-{number}" for number in range(8))
    assert lines[1:4] == [
        "09:00 截止，20 家店铺缺 11 家：",
        f"· 10 家店铺（{names} 等）：平台繁忙（busy）",
        "· 店x：授权失效——请店主重新授权",
    ]


def test_more_reasons_than_fit_are_counted() -> None:
    """Eight lines, and how many shops more."""
    units = tuple(Missing(f"s-{n}", f"店{n}", f"原因{n}") for n in range(12))
    lines = _text(replace(late(), units=units))
    assert len(lines) == 12
    assert lines[10] == "· 另有 4 家店铺"


def test_english() -> None:
    """The same in English."""
    finding = late("pdd_a", "pdd-1", "pdd-2", cause="busy", remedy="repair", link="http://x/")
    assert _text(finding, language="en") == [
        "[Late] 任务pdd_a 2026-11-27",
        "due 09:00, 2 of 20 shops missing:",
        "· 2 shops (店铺pdd-1, 店铺pdd-2): 平台繁忙（busy）",
        "To do: repair",
        "See http://x/  #A7",
    ]
    gone = _alert(finding, gone=NOW, recovered=NOW, resolution=Resolution(3, 3, NOW))
    texts = Wording("en", NOW, DAY)
    told = texts.message((Notice(gone, "ops", (What.RECOVERY,), NOW),)).plain()
    assert told == (
        "[Recovered] 任务pdd_a 2026-11-27: all 3 shops have landed, 1 h after the deadline #A7"
    )


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (None, "不再缺数"),
        (Resolution(3, 3), "3 家全部入库"),
        (Resolution(1, 1), "已入库"),
        (Resolution(2, 3, note="其余已豁免"), "2/3 家已入库、其余已豁免"),
        (Resolution(3, 3, MORNING), "3 家全部入库"),
    ],
)
def test_recoveries(resolution: Resolution | None, expected: str) -> None:
    """They say how it was repaired, as far as that is known."""
    alert = _alert(late("a"), gone=NOW, recovered=NOW, resolution=resolution)
    message = Wording("zh", NOW, DAY).message((Notice(alert, "ops", (What.RECOVERY,), NOW),))
    assert message.plain() == f"【已恢复】任务a 2026-11-27：{expected} #A7"


def test_what_is_not_expected_any_more_has_not_recovered() -> None:
    """Nothing of it has landed."""
    gone = _alert(
        late("a"), gone=NOW, recovered=NOW, resolution=Resolution(0, 0, None, "任务已停用")
    )
    notice = Notice(gone, "ops", (What.RECOVERY,), NOW)
    texts = Wording("zh", NOW, DAY)
    line = "【不再告警】任务a 2026-11-27：任务已停用"
    assert texts.message((notice,)).plain() == f"{line} #A7"
    assert texts.message((notice, notice)).plain().splitlines() == [
        "【不再告警】2 项",
        f"· {line}  #A7",
        f"· {line}  #A7",
    ]


def test_what_was_repaired_before_it_could_be_said_is_told() -> None:
    """An opening that comes late names those that were missing at the deadline, too."""
    finding = late("pdd_a", "pdd-1", "pdd-2")
    alert = replace(_alert(finding), finding=late("pdd_a", "pdd-2"))
    message = Wording("zh", NOW, DAY).message((Notice(alert, "ops", (What.OPENING,), NOW),))
    assert "· 1 家已经正常：店铺pdd-1" in message.lines


def test_a_summary_says_each_in_a_line() -> None:
    """New ones, those that are over, and those that last, each with its number."""
    texts = Wording("zh", NOW, DAY)
    gone = _alert(service(), gone=NOW, recovered=NOW)
    part = (
        *_part(late("pdd_a")),
        Notice(gone, "ops", (What.RECOVERY,), NOW, ("138",)),
        Notice(replace(gone, number=8), "ops", (What.OPENING, What.RECOVERY), NOW),
        Notice(_alert(late("pdd_b")), "ops", (What.REPEAT,), NOW, ("138", "139")),
    )
    message = texts.message(part)
    assert message.mention == ("138", "139")
    assert message.plain().splitlines() == [
        "【告警汇总】新告警 2 项、恢复 2 项、仍未恢复 1 项",
        "· 【数据迟到】任务pdd_a 2026-11-27：09:00 起，1 家店铺  #A7",
        "· 【已恢复】【服务异常】scheduler：恢复正常，历时 2 小时  #A7",
        "· 【服务异常】scheduler：08:00 起，10:00 恢复  #A8",
        "· 【数据迟到】任务pdd_b 2026-11-27：已 1 小时，1 家店铺  #A7",
    ]


def test_a_summary_of_broken_files_says_what_is_wrong_in_each() -> None:
    """And once what to do, where that is the same for all."""
    files = ("config/tasks/erp.yaml", "config/tasks/jd.yaml")
    part: Part = ()
    for name in files:
        facts = {"what": f"{name}:3:5: unknown key", "remedy": "运行 `check`"}
        part += _part(replace(service(name), kind=Kind.CONFIGURATION, facts=facts))
    assert Wording("zh", NOW, DAY).message(part).plain().splitlines() == [
        "【告警汇总】新告警 2 项",
        *(f"· 【配置有误】{name}：08:00 起——{name}:3:5: unknown key  #A7" for name in files),
        "处理：运行 `check`",
    ]


def test_a_mark_of_a_repetition() -> None:
    """It stands with the number, or alone."""
    message = Message("t", ("l",), (), "#A7")
    assert message.repeated("zh").number == "(#A7 重发，可能重复)"
    assert replace(message, number="").repeated("en").number == "(sent again, perhaps twice)"


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=-5), "1 分钟"),
        (timedelta(seconds=59), "1 分钟"),
        (timedelta(minutes=47, seconds=50), "47 分钟"),
        (timedelta(hours=2), "2 小时"),
        (timedelta(hours=2, minutes=5), "2 小时 5 分钟"),
        (timedelta(days=3, hours=2, minutes=5), "3 天 2 小时"),
        (timedelta(days=3, minutes=5), "3 天"),
    ],
)
def test_spans(span: timedelta, expected: str) -> None:
    """In the two largest units."""
    assert Language("zh").span(span) == expected


def test_moments_have_a_day_where_it_is_another() -> None:
    """On the clock that is shown."""
    now = datetime(2026, 11, 28, 0, 30, tzinfo=SHANGHAI)
    assert Language.moment(now - HOUR, now) == "11-27 23:30"
    assert Language.moment(now + HOUR, now) == "01:30"
