"""What `alerts` and `alerts history` list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from include.alerts.catalogue import kind_in_words
from include.alerts.configuration import keep_usable, load_usable
from include.alerts.findings import Kind
from include.errors import ConfigurationError, ExpectedError
from include.language import speaking
from manager import cli
from manager.commands import COMMANDS
from manager.layout import Layout
from tests.manager.watched import NOW, SINCE, TODAY, at, late, refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.manager.watched import Watched


def test_open_ones_are_listed_with_who_was_told(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Number, kind, job, shops, since when; each channel with its time, a later one on its own."""
    watched.round(late(1, 2), refused(), now=NOW - timedelta(hours=2))
    watched.round(late(*range(1, 12)), refused(), now=NOW - timedelta(minutes=50))
    watched.round(late(*range(1, 12)), refused())
    assert watched.do() == 1
    lines = capsys.readouterr().out.splitlines()
    told, later = at(NOW - timedelta(hours=2)), at(NOW - timedelta(minutes=50))
    since = at(SINCE, "%Y-%m-%d %H:%M")
    which = f"#A1  late         erp_store ERP门店数据 2026-11-27  since {since}"
    assert lines[:3] == [
        "2 alerts are open",
        f"  {which}  ops {told}, boss {later}",
        "      erp-1 店1: 平台繁忙",
    ]
    assert "      erp-9 店9: 授权失效" not in lines
    assert "      and 3 more (`python3 scheduler_manager.py alerts --json` has all)" in lines
    assert "      to do: python3 scheduler_manager.py repair --job erp_store" in lines
    assert lines[-3:] == [
        f"  #A2  credentials  jd_1                              since {since}  ops {told}",
        "      授权失效",
        "      to do: 重新授权",
    ]

    code, found = watched.json(capsys)
    of_job, of_connection = found["alerts"]
    assert (code, found["watched"], found["failing"]) == (1, True, [])
    assert (of_job["label"], of_job["kind"], of_job["subject"]) == ("#A1", "late", "erp_store")
    assert (of_job["name"], of_job["period"], of_job["platform"]) == (
        "ERP门店数据",
        "2026-11-27",
        "erp",
    )
    assert of_job["since"] == SINCE.isoformat()
    assert [unit["shop"] for unit in of_job["units"]] == [f"erp-{shop}" for shop in range(1, 12)]
    assert [(one["channel"], one["what"]) for one in of_job["told"]] == [
        ("ops", "opening"),
        ("boss", "opening"),
    ]
    assert (of_connection["period"], of_connection["units"], of_connection["what"]) == (
        None,
        [],
        "授权失效",
    )


def test_a_kind_is_said_in_words_with_its_key(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the language of who reads it; the key is what config/alerts.yaml takes, and JSON has."""
    watched.round(late(1), refused())
    with speaking("zh"):
        assert watched.do() == 1
        shown = capsys.readouterr().out
        _code, found = watched.json(capsys)
    assert "  数据迟到 (late)         erp_store" in shown
    assert "  授权失效 (credentials)  jd_1" in shown
    assert [one["kind"] for one in found["alerts"]] == ["late", "credentials"]
    assert kind_in_words(Kind.AGING) == "not repaired by itself (aging)"


def test_nothing_is_wrong(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """One line and exit code 0, if somebody looks; else that is said, with exit code 1."""
    assert watched.do() == 1
    nobody = "nobody has looked yet: the watchdog does, which `python3 scheduler_manager.py start`"
    assert capsys.readouterr().out == f"no alerts are open\n{nobody} starts\n"
    watched.round(now=NOW - timedelta(hours=5))
    assert watched.do() == 1
    said = capsys.readouterr().out
    assert "the watchdog has not looked for 5 h" in said
    assert "so this may be out of date" in said
    watched.round()
    assert watched.do() == 0
    assert capsys.readouterr().out == "no alerts are open\n"
    watched.configure("channels: []\n")
    assert watched.do() == 0
    assert "no channel is configured in config/alerts.yaml" in capsys.readouterr().out


def test_a_channel_that_fails_is_shown(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its answer and what to do; what it was to be told is on its way."""
    watched.refusing = {"ops"}
    watched.round(refused())
    assert watched.do() == 1
    shown = capsys.readouterr().out
    assert "channel ops has taken no message since " in shown
    assert ": 310000 sign not match\n  核对加签\n" in shown
    assert "nobody is told yet" in shown
    _, found = watched.json(capsys)
    (failing,) = found["failing"]
    assert (failing["channel"], failing["code"], failing["remedy"]) == ("ops", "310000", "核对加签")


def test_the_history_has_what_is_over(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """From when to when, and who was told of what; narrowed by job and day."""
    days = timedelta(days=3)
    watched.round(late(1), now=NOW - days)
    gone, over = NOW - days + timedelta(minutes=50), NOW - days + timedelta(hours=1)
    watched.round(now=gone)
    watched.round(now=over)
    watched.round(refused())
    assert watched.do("history") == 0
    shown = capsys.readouterr().out.splitlines()
    began, ended = (at(moment, "%Y-%m-%d %H:%M") for moment in (SINCE, gone))
    told = f"ops {at(NOW - days)}, recovery {at(over)}"
    assert shown[0].startswith("2 alerts since ")
    assert shown[1] == (
        f"  #A1  late         erp_store ERP门店数据 2026-11-27  {began} to {ended}  {told}"
    )
    assert shown[2].startswith("  #A2  credentials  jd_1 ")
    assert "is open" in shown[2]
    code, found = watched.json(capsys, "history", "--job", "erp_store")
    assert (code, [one["label"] for one in found["alerts"]]) == (0, ["#A1"])
    code, found = watched.json(capsys, "history", "--since", str(TODAY - timedelta(days=1)))
    assert [one["label"] for one in found["alerts"]] == ["#A2"]
    assert watched.do("history", "--job", "generate_daily") == 0
    assert capsys.readouterr().out.startswith("no alerts of generate_daily since ")
    with pytest.raises(ConfigurationError, match="did you mean 'erp_store'"):
        watched.do("history", "--job", "erp_stroe")
    with pytest.raises(ConfigurationError, match="--since 'x' is no day of the calendar"):
        watched.do("history", "--since", "x")
    with pytest.raises(ConfigurationError, match="--since 0001-01-01 is before all that can be"):
        watched.do("history", "--since", "0001-01-01")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["history"],
        ["ack", "A1"],
        ["mute", "erp_store", "--until", str(TODAY), "--reason", "closed"],
        ["unmute", "erp_store"],
    ],
    ids=" ".join,
)
def test_before_the_first_start_nothing_is_watched(tmp_path: Path, words: list[str]) -> None:
    """That is said, and nothing is written."""
    layout = Layout(var=tmp_path / "var")
    with pytest.raises(ExpectedError, match="nothing is watched yet"):
        COMMANDS["alerts"].run(layout, cli._parse(["alerts", *words]))
    assert not layout.var.exists()


def test_json_may_stand_before_a_part_or_behind_it() -> None:
    """It is not forgotten."""
    for words in (["--json", "history"], ["history", "--json"], ["--json"]):
        assert cli._parse(["alerts", *words]).json
    assert not cli._parse(["alerts", "history"]).json


def test_a_broken_file_is_named_and_goes_on_as_it_was(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    """Messages are sent by what was kept of it: so is what is said of the channels."""
    layout = watched.layout
    keep_usable(layout.root, layout.var, load_usable(layout.root, layout.var))
    watched.refusing.add("ops")
    watched.round(late(1), now=NOW - timedelta(hours=2))
    watched.round(late(1))
    (layout.root / "config/alerts.yaml").write_text("channels: [", "utf-8")
    assert watched.do() == 1
    shown = capsys.readouterr().out
    assert "channel ops has taken no message since " in shown
    assert "config/alerts.yaml:" in shown
    assert "config/alerts.yaml is broken: channels in it go on as they were before" in shown
    assert "no channel is configured" not in shown
    (layout.var / "alerts.yaml.kept").unlink()
    watched.do()
    assert "no channel is configured" not in capsys.readouterr().out
