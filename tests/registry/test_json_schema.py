"""The schema that editors check entries with."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from include import PROJECT_ROOT
from include.registry import Job, load_registry
from include.registry.constraints import duration
from include.registry.entries import read_entries
from include.registry.json_schema import TASKS_SCHEMA, schema_text, write_schemas

if TYPE_CHECKING:
    from pathlib import Path

    from tests.registry.conftest import ProjectFolder

SCHEMA = json.loads(schema_text(TASKS_SCHEMA))
TASK_FILES = sorted((PROJECT_ROOT / "config/tasks").glob("*.yaml"))


def _errors(path: Path) -> list[str]:
    entries = read_entries(path.name, path.read_bytes(), "tasks", [])
    tasks = [entry.value()[0] for entry in entries]
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors({"tasks": tasks})]


def test_fresh() -> None:
    """The schema in config/ is the one that the code makes."""
    delivered = (PROJECT_ROOT / TASKS_SCHEMA).read_text(encoding="utf-8")
    assert delivered == schema_text(TASKS_SCHEMA), "run: python -m include.registry.json_schema"


def test_written(project: ProjectFolder) -> None:
    """It is rewritten by its command."""
    write_schemas(project.root)
    assert json.loads((project.root / TASKS_SCHEMA).read_text(encoding="utf-8")) == SCHEMA


def test_valid() -> None:
    """It is a JSON schema."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", TASK_FILES, ids=lambda path: path.name)
def test_delivered_files(path: Path) -> None:
    """The delivered registry is valid by it, and tells editors where it is."""
    assert _errors(path) == []
    first_line = path.read_text(encoding="utf-8").splitlines()[0]
    assert first_line == "# yaml-language-server: $schema=../tasks.schema.json"


@pytest.mark.parametrize("key", Job.model_fields)
def test_every_key_is_explained(project: ProjectFolder, key: str) -> None:
    """Every key has a description and an example, and the example is valid by schema and code."""
    described = SCHEMA["$defs"]["Job"]["properties"][key]
    (example,) = described["examples"]
    assert described["description"]
    project.write("include/scripts/pdd/pdd_quality.py", "")
    project.write_shops()
    entry: dict[str, Any] = {"id": "a", "name": "a", "cron": "0 8 * * *", "script": "good.py"}
    path = project.write_tasks("t.yaml", json.dumps({"tasks": [entry | {key: example}]}))
    assert _errors(path) == []
    assert load_registry(project.root).problems == []


def test_defaults() -> None:
    """A default stands in it the way an entry would say it."""
    for key, described in SCHEMA["$defs"]["Job"]["properties"].items():
        default = Job.model_fields[key].default
        if isinstance(default, timedelta):
            assert duration(described["default"]) == default
        elif isinstance(default, date):
            assert date.fromisoformat(described["default"]) == default
        elif default is not None and not Job.model_fields[key].is_required():
            assert described["default"] == default


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "A"},
        {"cron": "0 8 * *"},
        {"period": "dai"},
        {"retries": -1},
        {"timeout": "5"},
        {"timeout": 300},
        {"deadline": "25:00"},
        {"deadline": 600},
        {"start": "1.1.2025"},
        {"crom": "x"},
        {"tags": "PDD"},
        {"env": {"A": 5}},
        {"checks": {"max_drop": 0.6}},
        {"checks": {"columns": {"a": {"nul_check": {}}}}},
    ],
    ids=str,
)
def test_editors_see_what_is_wrong(project: ProjectFolder, wrong: dict[str, Any]) -> None:
    """What the code refuses by its form, an editor refuses as well."""
    entry = {"id": "a", "name": "a", "cron": "0 8 * * *", "script": "good.py"} | wrong
    path = project.write_tasks("t.yaml", json.dumps({"tasks": [entry]}))
    assert _errors(path)
    assert load_registry(project.root).problems
