"""The schema that editors check feeds with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from include import PROJECT_ROOT
from include.registry.feeds import FEEDS_FILE, Feed, Paging, load_feeds
from include.registry.json_schema import FEEDS_SCHEMA, schema_text, write_schemas
from include.registry.validation import keys_of

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

SCHEMA = json.loads(schema_text(FEEDS_SCHEMA))
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
KPI = REVIEWS | {
    "table": "pdd_kpi",
    "fields": {
        "agent_id": "id",
        "sessions": "s",
        "orders": "o",
        "sales_amount": "a",
        "conversion_rate": "c",
    },
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


def _errors(document: object) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(document)]


def test_fresh() -> None:
    """The schema in config/ is the one that the code makes."""
    delivered = (PROJECT_ROOT / FEEDS_SCHEMA).read_text(encoding="utf-8")
    assert delivered == schema_text(FEEDS_SCHEMA), "run: python -m include.registry.json_schema"


def test_written(project: ProjectFolder) -> None:
    """It is rewritten by its command, and is a JSON schema."""
    write_schemas(project.root)
    assert json.loads((project.root / FEEDS_SCHEMA).read_text(encoding="utf-8")) == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


def test_delivered_file() -> None:
    """The delivered feeds are valid by it, and tell editors where it is."""
    text = (PROJECT_ROOT / FEEDS_FILE).read_text(encoding="utf-8")
    assert _errors(yaml.safe_load(text)) == []
    name = Path(FEEDS_SCHEMA).name
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={name}"


def _check(project: ProjectFolder, feed: dict[str, Any]) -> None:
    assert _errors({"feeds": [feed]}) == []
    project.write(FEEDS_FILE, json.dumps({"feeds": [feed]}))
    assert load_feeds(project.root).problems == []


@pytest.mark.parametrize("key", Feed.model_fields)
def test_every_key_is_explained(project: ProjectFolder, key: str) -> None:
    """Every key has a description and an example, and the example is valid by schema and code."""
    described = SCHEMA["$defs"]["Feed"]["properties"][key]
    assert described["description"]
    (example,) = described["examples"]
    _check(project, REVIEWS | BESIDE.get(key, {}) | {key: example})


@pytest.mark.parametrize("key", Paging.model_fields)
def test_every_key_of_paging_is_explained(project: ProjectFolder, key: str) -> None:
    """The same for the keys below `paging`."""
    described = SCHEMA["$defs"]["Paging"]["properties"][key]
    assert described["description"]
    (example,) = described["examples"]
    _check(project, REVIEWS | {"paging": PAGING[key] | {key: example}})


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
def test_editors_see_what_is_wrong(project: ProjectFolder, wrong: dict[str, Any]) -> None:
    """What the code refuses by its form, an editor refuses as well."""
    feed = REVIEWS | wrong
    assert _errors({"feeds": [feed]})
    project.write(FEEDS_FILE, json.dumps({"feeds": [feed]}))
    assert load_feeds(project.root).problems


def test_keys_are_written_as_they_are_named() -> None:
    """No key has another name in the file than in the code."""
    assert list(keys_of(Feed)) == list(Feed.model_fields)
