"""The schemas that editors check jobs, feeds and contracts with."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from include import PROJECT_ROOT
from include.language import CHINESE
from include.registry import Job, load_registry
from include.registry.contracts import CONTRACTS_FILE, Contract, load_contracts
from include.registry.entries import read_entries
from include.registry.feeds import FEEDS_FILE, Feed, Paging, load_feeds
from include.registry.json_schema import (
    CONTRACTS_SCHEMA,
    FEEDS_SCHEMA,
    SCHEMAS,
    TASKS_SCHEMA,
    in_chinese,
    schema_text,
    write_schemas,
)
from include.registry.quantities import duration
from include.registry.validation import keys_of

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

JOBS, FEEDS, CONTRACTS = (
    json.loads(schema_text(file)) for file in (TASKS_SCHEMA, FEEDS_SCHEMA, CONTRACTS_SCHEMA)
)
DELIVERED = [
    *((path, "../tasks.schema.json") for path in sorted(PROJECT_ROOT.glob("config/tasks/*.yaml"))),
    (PROJECT_ROOT / FEEDS_FILE, "feeds.schema.json"),
    (PROJECT_ROOT / CONTRACTS_FILE, "contracts.schema.json"),
]
CONTRACT = {"id": "a", "name": "a", "jobs": ["a"]}
JOB = {"id": "a", "name": "a", "cron": "0 8 * * *", "script": "good.py"}
REVIEWS: dict[str, Any] = {
    "id": "a",
    "name": "a",
    "connection": "c",
    "path": "/x",
    "rows": "rows",
    "table": "pdd_reviews",
    "fields": {"review_id": "id", "score": "stars", "created_time": "at"},
    "key": ["review_id"],
    "within": "created_time",
}
KPI_FIELDS = {"agent_id": "id", "sessions": "s", "orders": "o", "sales_amount": "a"}
KPI = REVIEWS | {
    "table": "pdd_kpi",
    "fields": KPI_FIELDS | {"conversion_rate": "c"},
    "key": ["agent_id"],
    "within": None,
}
# What must stand beside some keys.
BESIDE = {"body": {"method": "POST"}, "hundredths": KPI}
PAGING: dict[str, dict[str, Any]] = {
    "by": {"parameter": "p", "more": "m"},
    "parameter": {"by": "page", "more": "m"},
    "first": {"by": "page", "parameter": "p", "more": "m"},
    "size_parameter": {"by": "page", "parameter": "p", "more": "m", "size": 5},
    "size": {"by": "page", "parameter": "p", "more": "m"},
    "total": {"by": "none"},
    "more": {"by": "page", "parameter": "p"},
    "next": {"by": "cursor", "parameter": "p"},
}


def _errors(schema: Any, **document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("file", SCHEMAS)
def test_what_is_delivered_is_what_the_code_makes(file: str) -> None:
    """And it is a JSON schema."""
    delivered = (PROJECT_ROOT / file).read_text(encoding="utf-8")
    assert delivered == schema_text(file), "run: python -m include.registry.json_schema"
    Draft202012Validator.check_schema(json.loads(delivered))


@pytest.mark.parametrize("file", SCHEMAS)
def test_beside_it_is_one_in_chinese(file: str) -> None:
    """It checks the same, and says all of it in Chinese."""
    delivered = (PROJECT_ROOT / in_chinese(file)).read_text(encoding="utf-8")
    assert delivered == schema_text(file, CHINESE), "run: python -m include.registry.json_schema"
    said = re.findall(r'"description": "(.*)"', delivered)
    assert all(re.search("[一-鿿]", text) for text in said)
    as_english = re.compile(r'"description": ".*"')
    assert as_english.sub("", delivered) == as_english.sub("", schema_text(file))


def test_written(project: ProjectFolder) -> None:
    """They are rewritten by their command."""
    write_schemas(project.root)
    for file in SCHEMAS:
        assert (project.root / file).read_text(encoding="utf-8") == schema_text(file)
        assert (project.root / in_chinese(file)).is_file()


@pytest.mark.parametrize(("path", "schema"), DELIVERED, ids=lambda one: getattr(one, "name", ""))
def test_delivered_files(path: Any, schema: str) -> None:
    """What is delivered is valid by its schema, and tells editors where that is."""
    text = path.read_text("utf-8")
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={schema}"
    for name, schema_of in (("feeds.yaml", FEEDS), ("contracts.yaml", CONTRACTS)):
        if path.name == name:
            assert _errors(schema_of, **yaml.safe_load(text)) == []
            return
    entries = read_entries(path.name, text.encode(), "tasks", [])
    assert _errors(JOBS, tasks=[entry.value()[0] for entry in entries]) == []


def _example(described: dict[str, Any]) -> Any:
    assert described["description"]
    (example,) = described["examples"]
    return example


@pytest.mark.parametrize("key", Job.model_fields)
def test_every_key_of_a_job_is_explained(project: ProjectFolder, key: str) -> None:
    """Every key has a description and an example, and the example is valid by schema and code."""
    feed, contract = {"script": "pdd/pdd_feed.py"}, {"after": "store_day"}
    beside = {"repull": feed, "after": contract, "restate": contract}.get(key, {})
    job = JOB | beside | {key: _example(JOBS["$defs"]["Job"]["properties"][key])}
    if "after" in job:
        del job["cron"]
        project.write(
            CONTRACTS_FILE,
            json.dumps({"contracts": [CONTRACT | {"id": "store_day", "jobs": ["b"]}]}),
        )
    assert _errors(JOBS, tasks=[job]) == []
    for script in ("pdd_quality", "pdd_feed"):
        project.write(f"include/scripts/pdd/{script}.py", "")
    project.write_shops()
    project.write_tasks("t.yaml", json.dumps({"tasks": [job]}))
    assert load_registry(project.root).problems == []


@pytest.mark.parametrize(
    ("model", "key"),
    [(model, key) for model in (Feed, Paging) for key in model.model_fields],
)
def test_every_key_of_a_feed_is_explained(
    project: ProjectFolder, model: type[Feed | Paging], key: str
) -> None:
    """The same, with those below `paging`."""
    example = _example(FEEDS["$defs"][model.__name__]["properties"][key])
    feed = REVIEWS | BESIDE.get(key, {}) | {key: example}
    if model is Paging:
        feed = REVIEWS | {"paging": PAGING[key] | {key: example}}
    assert _errors(FEEDS, feeds=[feed]) == []
    project.write(FEEDS_FILE, json.dumps({"feeds": [feed]}))
    assert load_feeds(project.root).problems == []


@pytest.mark.parametrize("key", Contract.model_fields)
def test_every_key_of_a_contract_is_explained(project: ProjectFolder, key: str) -> None:
    """The same."""
    contract = CONTRACT | {key: _example(CONTRACTS["$defs"]["Contract"]["properties"][key])}
    assert _errors(CONTRACTS, contracts=[contract]) == []
    project.write(CONTRACTS_FILE, json.dumps({"contracts": [contract]}))
    assert load_contracts(project.root).problems == []


def test_defaults() -> None:
    """A default stands in it the way an entry would say it."""
    for key, described in JOBS["$defs"]["Job"]["properties"].items():
        default = Job.model_fields[key].default
        if isinstance(default, timedelta):
            assert duration(described["default"]) == default
        elif isinstance(default, date):
            assert date.fromisoformat(described["default"]) == default
        elif default not in (None, "") and not Job.model_fields[key].is_required():
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
def test_editors_see_what_is_wrong_with_a_job(
    project: ProjectFolder, wrong: dict[str, Any]
) -> None:
    """What the code refuses by its form, an editor refuses as well."""
    assert _errors(JOBS, tasks=[JOB | wrong])
    project.write_tasks("t.yaml", json.dumps({"tasks": [JOB | wrong]}))
    assert load_registry(project.root).problems


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "A"},
        {"method": "PUT"},
        {"path": "x"},
        {"table": "erp_orders"},
        {"query": "a=b"},
        {"query": {"a": []}},
        {"paging": {"by": "pages"}},
        {"paging": {"by": "page", "size": 0}},
        {"rows": 5},
        {"key": "review_id"},
        {"pagin": {}},
    ],
    ids=str,
)
def test_editors_see_what_is_wrong_with_a_feed(
    project: ProjectFolder, wrong: dict[str, Any]
) -> None:
    """The same."""
    assert _errors(FEEDS, feeds=[REVIEWS | wrong])
    project.write(FEEDS_FILE, json.dumps({"feeds": [REVIEWS | wrong]}))
    assert load_feeds(project.root).problems


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "A"},
        {"jobs": []},
        {"jobs": ["a", "a"]},
        {"period": "tick"},
        {"deadline": "25:00"},
        {"min_shops": 0},
        {"min_shops": "0%"},
        {"min_shop": 1},
    ],
    ids=str,
)
def test_editors_see_what_is_wrong_with_a_contract(
    project: ProjectFolder, wrong: dict[str, Any]
) -> None:
    """The same."""
    assert _errors(CONTRACTS, contracts=[CONTRACT | wrong])
    project.write(CONTRACTS_FILE, json.dumps({"contracts": [CONTRACT | wrong]}))
    assert load_contracts(project.root).problems


def test_keys_are_written_as_they_are_named() -> None:
    """No key of a feed has another name in the file than in the code."""
    assert list(keys_of(Feed)) == list(Feed.model_fields)
