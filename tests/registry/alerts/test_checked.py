"""config/alerts.yaml as `check` sees it, beside the registry, and as editors do."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from include import PROJECT_ROOT
from include.language import speaking
from include.registry.alerts import ALERTS_FILE, AlertsFile, load_alerts
from include.registry.checks import report
from include.registry.json_schema import ALERTS_SCHEMA, schema_text
from include.registry.yaml_positions import Loader

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

NOW = datetime(2026, 11, 28, tzinfo=timezone.utc)
SCHEMA = json.loads(schema_text(ALERTS_SCHEMA))
OPS = "channels: [{id: ops, kind: wecom, connection: c}]\n"


def _report(project: ProjectFolder, content: str, lang: str = "en") -> list[str]:
    """Return the problems or notes of config/alerts.yaml, in a project that is right otherwise."""
    project.write_entry(
        "id: good", "name: 好", "cron: '0 8 * * *'", "script: good.py", "tags: [质量]"
    )
    project.write_shops("{id: pdd-1, platform: pdd, name: x, connection: c, platform_id: 1}")
    project.write(ALERTS_FILE, content)
    with speaking(lang):
        lines, _ = report(project.root, now=NOW)
    return [line for line in lines if ALERTS_FILE in line]


def _errors(content: str) -> list[str]:
    written = yaml.load(content, Loader)  # noqa: S506 - it makes plain values only
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(written)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "routes: [{to: ops, platforms: [pddd]}]",
            "2:32: platforms 'pddd' is not in the registry: did you mean 'pdd'?",
        ),
        (
            "routes: [{to: ops, tags: [质]}]",
            "2:27: tags '质' is not in the registry: did you mean '质量'?",
        ),
        (
            "mutes: [{job: god, until: 2026-12-01, reason: x}]",
            "2:15: job 'god' is not in the registry: did you mean 'good'?",
        ),
        (
            "mutes: [{job: good, shop: pdd-2, until: 2026-12-01, reason: x}]",
            "2:27: shop 'pdd-2' is not in the registry: did you mean 'pdd-1'?",
        ),
        (
            "mutes: [{job: good, until: 2026-12-30, reason: x}]",
            (
                "2:28: until '2026-12-30' is more than 31 days away, so it is not muted: write "
                "2026-12-29 or earlier, and mute it again then"
            ),
        ),
        (
            "mutes: [{job: good, shop: pdd-1, until: 2026-12-01, reason: x}]",
            "2:27: shop 'pdd-1' is no shop of job 'good': there are none",
        ),
        ("digets: {}", "2:1: unknown key 'digets': did you mean 'digest'?"),
    ],
)
def test_what_check_says(project: ProjectFolder, content: str, expected: str) -> None:
    """Of the file itself, and of what it names that is nowhere."""
    assert _report(project, f"{OPS}{content}\n") == [f"{ALERTS_FILE}:{expected}"]


def test_the_days_of_mutes_are_those_of_the_files_zone(project: ProjectFolder) -> None:
    """Those of the watchdog and of `alerts mute`: in Shanghai it is tomorrow from 16:00 UTC on."""
    content = f"{OPS}mutes: [{{job: good, until: 2026-12-30, reason: x}}]\n"
    project.write(ALERTS_FILE, content)
    evening = NOW.replace(hour=17)
    assert load_alerts(project.root, now=evening).problems == ()
    project.write(ALERTS_FILE, f"{content}timezone: UTC\n")
    assert len(load_alerts(project.root, now=evening).problems) == 1


def test_what_names_something_unknown_is_used_all_the_same(project: ProjectFolder) -> None:
    """A job whose entry is broken must not take its alerts with it."""
    project.write(ALERTS_FILE, f"{OPS}routes: [{{to: ops, platforms: [x], tags: [y]}}]\n")
    assert len(load_alerts(project.root).routes) == 1


def test_a_broken_registry_makes_no_problems_here(project: ProjectFolder) -> None:
    """What it would have named is not known."""
    project.write_entry("id: good", "name: x", "cron: 'x'", "script: good.py")
    project.write(ALERTS_FILE, f"{OPS}mutes: [{{job: good, until: 2026-12-01, reason: x}}]\n")
    lines, code = report(project.root, now=NOW)
    assert code == 1
    assert not any(ALERTS_FILE in line for line in lines)


@pytest.mark.parametrize(
    ("content", "en", "zh"),
    [
        ("channels: []", "no alert is sent: there is no channel", "不会发送告警：没有渠道"),
        (
            f"{OPS}routes: [{{to: ops, on: [late, credentials, configuration, quality, service]}}]",
            "no route sends alerts of kind paused, aging, token",
            "没有路由发送 paused、aging、token 类告警",
        ),
        (
            f"{OPS}mutes: [{{job: good, until: 2026-11-27, reason: x}}]",
            "the mute of good has ended (2026-11-27): remove it",
            "good 的静默已到期（2026-11-27）：请删除",
        ),
    ],
)
def test_what_is_valid_and_does_little(
    project: ProjectFolder, content: str, en: str, zh: str
) -> None:
    """It is noted, in both languages."""
    for lang, expected in (("en", en), ("zh", zh)):
        *_, note = _report(project, f"{content}\n", lang)
        assert expected in note


def test_that_the_file_was_read_is_said(project: ProjectFolder) -> None:
    """With its channels, beside the jobs."""
    assert _report(project, OPS) == [f"{ALERTS_FILE}: alerts are sent to ops (wecom)"]
    assert _report(project, OPS, "zh") == [f"{ALERTS_FILE}：告警发送到 ops (wecom)"]


def test_the_delivered_file() -> None:
    """It is valid, sends nothing, and tells editors where the schema is."""
    read = load_alerts(PROJECT_ROOT)
    assert (read.channels, read.problems) == ({}, ())
    text = (PROJECT_ROOT / ALERTS_FILE).read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=alerts.schema.json\n")
    assert _errors(text) == []


def test_the_delivered_example(project: ProjectFolder) -> None:
    """What the delivered file's comments show is valid as it stands."""
    text = (PROJECT_ROOT / ALERTS_FILE).read_text("utf-8")
    shown = re.findall(r"^# ((?:[a-z]+:|  - ).*)", text, re.MULTILINE)
    example = "\n".join(shown)
    project.write(ALERTS_FILE, example)
    read = load_alerts(project.root)
    assert read.problems == ()
    assert (len(read.channels), len(read.routes), len(read.mutes)) == (2, 2, 1)
    assert read.quiet is not None
    assert read.digest.also == "all_landed"


def test_the_schema_is_fresh() -> None:
    """The one in config/ is the one that the code makes, and it is a schema."""
    delivered = (PROJECT_ROOT / ALERTS_SCHEMA).read_text("utf-8")
    assert delivered == schema_text(ALERTS_SCHEMA), "run: python -m include.registry.json_schema"
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("key", AlertsFile.model_fields)
def test_every_key_is_explained(project: ProjectFolder, key: str) -> None:
    """It has a description and an example that is valid by schema and code."""
    described = SCHEMA["properties"][key]
    (example,) = described["examples"]
    assert described["description"]
    channels = [{"id": "ops", "kind": "wecom", "connection": "c"}]
    content = json.dumps({"channels": channels, key: example})
    assert _errors(content) == []
    project.write(ALERTS_FILE, content)
    assert load_alerts(project.root).problems == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"language": "de"},
        {"repeat": 5},
        {"channels": [{"id": "a"}]},
        {"channels": [{"id": "a", "kind": "fax", "connection": "c"}]},
        {"routes": [{"to": "ops", "on": ["lat"]}]},
        {"digest": {"at": "9:30"}},
        {"quiet": {"from": "22:30"}},
        {"storm": {"budget": "6"}},
        {"mutes": [{"job": "a", "until": "2026-12-01"}]},
        {"crom": "x"},
    ],
    ids=str,
)
def test_editors_see_what_is_wrong(project: ProjectFolder, wrong: dict[str, Any]) -> None:
    """What the code refuses by its form, an editor refuses as well."""
    content = json.dumps(wrong)
    assert _errors(content)
    project.write(ALERTS_FILE, content)
    assert load_alerts(project.root).problems
