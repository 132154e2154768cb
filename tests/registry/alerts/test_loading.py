"""Reading config/alerts.yaml, whatever it holds."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import pytest

from include.registry.alerts import ALERTS_FILE, DRIFT, Budget, Kind, load_alerts

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

CHANNELS = """\
channels:
  - {id: ops, kind: dingtalk, connection: alert_dingtalk, keyword: 数据, mention: ["13800000000"]}
  - {id: boss, kind: email, connection: alert_smtp, to: [boss@example.com]}
"""
WHOLE = f"""\
language: en
timezone: Europe/Berlin
repeat: 12h
{CHANNELS}
routes:
  - {{to: ops, on: [late, credentials, service, drift]}}
  - {{to: boss, on: [late], after: 60m, platforms: [erp, jd], tags: [质量], mention: [all]}}
digest: {{at: "08:15", to: [ops], also: all_landed}}
quiet: {{from: "22:30", until: "07:00", except: [service, credentials, drift]}}
storm: {{group: 4, budget: 3/5m}}
heartbeat: {{connection: alert_heartbeat, every: 10m}}
mutes:
  - {{job: pdd_review, shop: pdd-3, until: 2026-12-05, reason: 店铺装修停业, by: 林}}
"""


def test_a_whole_file(project: ProjectFolder) -> None:
    """Every key is read as it is written."""
    project.write(ALERTS_FILE, WHOLE)
    read = load_alerts(project.root)
    assert read.problems == ()
    assert list(read.channels) == ["ops", "boss"]
    assert read.channels["ops"].mention == ["13800000000"]
    first, second = read.routes
    assert (first.on, first.after) == (
        [Kind.LATE, Kind.CREDENTIALS, Kind.SERVICE, DRIFT],
        timedelta(),
    )
    assert (second.after, second.platforms) == (timedelta(hours=1), ["erp", "jd"])
    assert (read.digest.at, read.digest.also) == (time(8, 15), "all_landed")
    assert read.quiet is not None
    assert (read.quiet.from_time, read.quiet.until) == (time(22, 30), time(7))
    assert read.quiet.except_kinds == [Kind.SERVICE, Kind.CREDENTIALS, DRIFT]
    assert read.storm.budget == Budget(3, timedelta(minutes=5))
    assert (read.general.language, read.general.repeat) == ("en", timedelta(hours=12))
    (mute,) = read.mutes
    assert (mute.job, mute.shop, mute.until) == ("pdd_review", "pdd-3", date(2026, 12, 5))


@pytest.mark.parametrize("content", [None, "channels: []\n"])
def test_a_project_without_channels(project: ProjectFolder, content: str | None) -> None:
    """No file, or one without channels, is no problem, and nothing is sent."""
    if content is not None:
        project.write(ALERTS_FILE, content)
    read = load_alerts(project.root)
    assert (read.channels, read.problems) == ({}, ())
    assert read.digest.at == time(9, 30)
    assert read.storm.budget == Budget(6, timedelta(minutes=10))


WRONG = [
    ("lnguage: en", "1:1: unknown key 'lnguage': did you mean 'language'?"),
    ("language: de", "1:11: language 'de' is not known: write one of zh, en"),
    ("repeat: 5", "1:9: repeat '5' has no unit: write 5s, 5m, 5h or 5d"),
    ("repeat: 1h\nrepeat: 2h", "2:1: key 'repeat' is there twice (the first is in line 1)"),
    ("channels: {}", "1:11: 'channels' is not a list: begin each entry below it with '- id:'"),
    ("mutes:", "1:7: 'mutes' is not a list: begin each entry below it with '- job:' (without any"),
    ("channels:\n- text", "2:3: an entry of 'channels' is not a mapping: begin it with '- id:'"),
    ("digest: 10:00", "1:9: 'digest' is not a mapping: write it like digest: {at: \"09:30\"}"),
    ("[a]: b", "1:1: a key is a list or a mapping: write a plain word"),
    ("just text", "1:1: is not a mapping: begin it with the line 'channels:'"),
    ("", "1:1: is empty: write 'channels: []' into it, or add a channel"),
    ("channels: [}", "1:12: is not YAML: "),
    ("storm: {group: 1}", "1:16: group 1 is too few: write 2 or more"),
    ("storm: {budget: 6}", "1:17: budget 6 is not a budget: write it like 6/10m, with at most 20"),
    ("storm: {budget: 21/10m}", "1:17: budget '21/10m' is not a budget"),
    ("storm: {budget: 6/25h}", "1:17: budget '6/25h' is not a budget"),
    ("storm: {budget: 6/0m}", "1:17: budget '6/0m' is not a budget"),
    ('quiet: {from: "07:00", until: "07:00"}', "1:31: until is 07:00 like 'from'"),
    ("heartbeat: {every: 5m}", "1:12: key 'connection' is missing: add it, as in connection:"),
    ("mutes: [{job: a, until: 2026-12-05}]", "1:9: key 'reason' is missing: add it"),
    ("mutes: [{job: a, reason: x}]", "1:9: key 'until' is missing: add it"),
]


@pytest.mark.parametrize(("content", "expected"), WRONG, ids=lambda text: text[:30])
def test_what_is_wrong(project: ProjectFolder, content: str, expected: str) -> None:
    """It is told with its place, and how to repair it."""
    project.write(ALERTS_FILE, content)
    (problem,) = load_alerts(project.root).problems
    assert str(problem).startswith(f"{ALERTS_FILE}:{expected}")


OF_CHANNELS = [
    ("kind: dingtak", "2:21: ops: kind 'dingtak' is not known: did you mean 'dingtalk'?"),
    ("kind: email", "2:5: ops: to is missing: add it, as in to: [boss@example.com]"),
    ("kind: email, to: [boss]", "2:33: ops: to 'boss' is no e-mail address: write it like"),
    ("kind: wecom, to: [a@b.c]", "2:32: ops: to is for email, and this is wecom: remove it"),
    ("kind: wecom, keyword: x", "2:37: ops: keyword is for dingtalk, feishu, lark, and this is"),
    ("kind: webhook, mention: [all]", "2:39: ops: mention is for robots, and this is webhook"),
    ("kind: wecom, mention: [13800000000]", "2:38: ops: mention 13800000000 is not text: put it"),
]


@pytest.mark.parametrize(("keys", "expected"), OF_CHANNELS, ids=lambda text: text[:30])
def test_what_is_wrong_with_a_channel(project: ProjectFolder, keys: str, expected: str) -> None:
    """It costs that channel alone, and no route to it becomes a problem of its own."""
    channels = f"channels:\n  - {{id: ops, {keys}, connection: c}}\n"
    content = f"{channels}  - {{id: a, kind: wecom, connection: c}}\nroutes: [{{to: ops}}]\n"
    project.write(ALERTS_FILE, content)
    read = load_alerts(project.root)
    (problem,) = read.problems
    assert str(problem).startswith(f"{ALERTS_FILE}:{expected}")
    assert list(read.channels) == ["a"]


def test_all_problems_at_once(project: ProjectFolder) -> None:
    """Each costs its own part; what is right beside them is read."""
    routes = "routes: [{to: ops, on: [lat]}, {to: ops, on: [late]}, {to: bos}, {to: boss}]\n"
    digest = 'digest: {at: "08:00", to: [ops, who]}\nquiet: {from: x}\n'
    project.write(ALERTS_FILE, f"{CHANNELS}{routes}{digest}")
    read = load_alerts(project.root)
    assert [str(problem) for problem in read.problems] == [
        f"{ALERTS_FILE}:4:25: on 'lat' is not known: did you mean 'late'?",
        f"{ALERTS_FILE}:4:60: to 'bos' is no channel: did you mean 'boss'?",
        f"{ALERTS_FILE}:5:33: to 'who' is no channel: write one of ops, boss",
        f"{ALERTS_FILE}:6:8: key 'until' is missing: add it, as in until: '07:00'",
        f"{ALERTS_FILE}:6:15: from 'x' is not a time of day: write it like \"09:30\"",
    ]
    assert [route.to for route in read.routes] == ["ops", "boss"]
    assert (read.digest.at, read.digest.to) == (time(8), ["ops"])
    assert read.quiet is None


def test_two_channels_of_one_id(project: ProjectFolder) -> None:
    """Neither is sent to, whichever stands first."""
    one = "- {id: a, kind: wecom, connection: c}"
    project.write(ALERTS_FILE, f"channels:\n{one}\n{one}\n- {{id: b, kind: wecom, connection: c}}")
    read = load_alerts(project.root)
    end = "nothing is sent to either until one of them has another id, or is removed"
    assert [str(problem) for problem in read.problems] == [
        f"{ALERTS_FILE}:2:8: a: id 'a' is also in line 3: {end}",
        f"{ALERTS_FILE}:3:8: a: id 'a' is also in line 2: {end}",
    ]
    assert list(read.channels) == ["b"]


def test_anchors_are_not_read(project: ProjectFolder) -> None:
    """As in the registry: a small file could grow without end."""
    content = "channels:\n- &a {id: a, kind: wecom, connection: c}\n- *a\n"
    project.write(ALERTS_FILE, content)
    read = load_alerts(project.root)
    assert "anchors and aliases" in str(read.problems[0])
