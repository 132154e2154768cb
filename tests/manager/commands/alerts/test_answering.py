"""What people say to alerts: that they take one on, or want to hear nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.alerts.store import FILE
from include.errors import ConfigurationError
from include.registry.alerts import ALERTS_FILE
from tests.manager.watched import CHANNELS, ME, NOW, TODAY, at, late

if TYPE_CHECKING:
    from tests.manager.watched import Watched


def test_who_takes_an_alert_on_is_shown(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its number as messages write it; it is not escalated, and the journal knows it."""
    watched.round(late(1), now=NOW - timedelta(minutes=10))
    assert watched.do("ack", "A1") == 0
    assert f"alert #A1 (late erp_store ERP门店数据 2026-11-27) is taken on by {ME}\n" in (
        capsys.readouterr().out
    )
    assert watched.do("ack", "1") == 0
    assert f"is taken on by {ME}, before by {ME}" in capsys.readouterr().out
    watched.round(late(1), now=NOW + timedelta(hours=2))
    assert watched.do() == 1
    shown = capsys.readouterr().out
    assert f"taken on by {ME} {at(datetime.now(timezone.utc), '%m-%d')}" in shown
    assert "boss" not in shown
    journal = (watched.layout.logs / "scheduler.log").read_text("utf-8")
    assert "alert #A1 (late erp_store ERP门店数据 2026-11-27) was taken on (user " in journal
    code, told = watched.json(capsys, "ack", "#A1")
    assert (code, told["acknowledged"]["by"]) == (0, ME)
    for number in ("A2", "0", "x"):
        with pytest.raises(ConfigurationError, match=rf"no open alert '{number}': open are A1$"):
            watched.do("ack", number)


def test_what_is_muted_is_shown_with_the_days_left(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is not told and not open; a mute of a shop, of the file, and of the whole job."""
    until = TODAY + timedelta(days=6)
    last_day = f"mutes: [{{job: generate_daily, until: {TODAY}, reason: 停用}}]\n"
    watched.configure(f"{CHANNELS}{last_day}")
    words = ["mute", "erp_store", "--until", until.isoformat(), "--reason", " 装修\t停业 "]
    assert watched.do(*words, "--shop", "erp-2") == 0
    assert f"muted until {until}, 7 days left: erp_store erp-2\n" in capsys.readouterr().out
    watched.round(late(1, 2))
    assert watched.do() == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 alert is open"
    assert "      erp-1 店1: 平台繁忙" in lines
    assert not any("erp-2 店2: " in line for line in lines)
    assert lines[-3:] == [
        "2 muted",
        f"  generate_daily 生成              until {TODAY}, the last day  停用 ({ALERTS_FILE})",
        f"  erp_store ERP门店数据 erp-2 店2  until {until}, 7 days left   装修 停业 ({ME})",
    ]

    assert watched.do(*words) == 0
    watched.round(late(1, 2))
    assert watched.do() == 0
    assert f"装修 停业 ({ME}); wrong: late 2026-11-27" in capsys.readouterr().out
    code, found = watched.json(capsys)
    assert (code, found["alerts"]) == (0, [])
    assert [(one["job"], one["shop"], one["in_file"]) for one in found["muted"]] == [
        ("generate_daily", None, True),
        ("erp_store", "erp-2", False),
        ("erp_store", None, False),
    ]
    assert found["muted"][2]["alerts"] == ["#A1"]
    journal = (watched.layout.logs / "scheduler.log").read_text("utf-8")
    assert f"muted the alerts of erp_store erp-2 until {until}: 装修 停业 (user " in journal


def test_what_was_muted_comes_again(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the job or the shop that was muted; what the file mutes has to be taken out there."""
    in_file = f"mutes: [{{job: generate_daily, until: {TODAY}, reason: 停用}}]\n"
    watched.configure(f"{CHANNELS}{in_file}")
    until = TODAY.isoformat()
    watched.do("mute", "erp_store", "--shop", "erp-2", "--until", until, "--reason", "why not")
    with pytest.raises(ConfigurationError) as error:
        watched.do("unmute", "erp_store")
    assert str(error.value) == "erp_store is not muted: muted are generate_daily, erp_store erp-2"
    with pytest.raises(ConfigurationError, match=f"in {ALERTS_FILE}: take it out"):
        watched.do("unmute", "generate_daily")
    with pytest.raises(ConfigurationError, match="did you mean 'erp_store'"):
        watched.do("unmute", "erp_stroe")
    capsys.readouterr()
    assert watched.do("unmute", "erp_store", "--shop", "erp-2") == 0
    assert capsys.readouterr().out == "no longer muted: erp_store erp-2\n"
    journal = (watched.layout.logs / "scheduler.log").read_text("utf-8")
    assert "unmuted the alerts of erp_store erp-2 (user " in journal
    watched.round(late(2))
    assert watched.do() == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"job": "erp_stroe"}, "did you mean 'erp_store'?"),
        ({"--shop": "erp-12"}, "shop 'erp-12' is not in config/shops.yaml"),
        ({"job": "generate_daily", "--shop": "erp-1"}, "has no shops: leave one of the two out"),
        ({"--until": "soon"}, "--until 'soon' is no day of the calendar"),
        ({"--until": str(TODAY - timedelta(days=2))}, "is not between today and "),
        ({"--until": str(TODAY + timedelta(days=33))}, "a mute holds for at most 31 days"),
        ({"--reason": " \t"}, "a reason is missing"),
        ({"--reason": "\u200b\x01"}, "a reason is missing"),
        ({"--reason": "x" * 201}, "the reason has 201 characters: say it in 200"),
    ],
)
def test_what_cannot_be_muted_is_said(watched: Watched, said: dict[str, str], why: str) -> None:
    """An unknown name, a day that has passed or is far away, no reason: one line that says so."""
    options = {"job": "erp_store", "--until": str(TODAY), "--reason": "closed", **said}
    job = options.pop("job")
    words = [word for option in options.items() for word in option]
    with pytest.raises(ConfigurationError) as error:
        watched.do("mute", job, *words)
    assert why in str(error.value)
    assert "\n" not in str(error.value)
    assert not (watched.layout.var / FILE).exists()


@pytest.mark.parametrize("missing", ["--until", "--reason"])
def test_a_mute_has_an_end_and_a_reason(
    watched: Watched, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one the command line is refused."""
    words = {"--until": str(TODAY), "--reason": "closed"}
    del words[missing]
    with pytest.raises(SystemExit, match="2"):
        watched.do("mute", "erp_store", *(word for option in words.items() for word in option))
    assert f"required: {missing}" in capsys.readouterr().err
