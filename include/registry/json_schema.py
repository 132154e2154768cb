"""Writes the JSON schemas in config/, with which editors complete and check entries.

`python -m include.registry.json_schema` writes them again after a schema was changed.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from include import PROJECT_ROOT
from include.language import CHINESE, ENGLISH, Message
from include.registry.alerts import AlertsFile
from include.registry.contracts import Contract
from include.registry.feeds import Feed
from include.registry.quantities import write_duration
from include.registry.schema import Job
from include.registry.user_files import CHINESE_ENDING, ENDING

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel


class Kind(NamedTuple):
    """What a schema is of: its title, what it describes, the key of the list, and its items.

    Without a key the model is of the whole file.
    """

    title: str
    description: str
    key: str
    model: type[BaseModel]


TASKS_SCHEMA, FEEDS_SCHEMA = "config/tasks.schema.json", "config/feeds.schema.json"
ALERTS_SCHEMA, CONTRACTS_SCHEMA = "config/alerts.schema.json", "config/contracts.schema.json"
SCHEMAS = {
    TASKS_SCHEMA: Kind("Tasks", "The jobs of one file of config/tasks/", "tasks", Job),
    FEEDS_SCHEMA: Kind("Feeds", "The feeds of config/feeds.yaml", "feeds", Feed),
    ALERTS_SCHEMA: Kind("Alerts", "What config/alerts.yaml says", "", AlertsFile),
    CONTRACTS_SCHEMA: Kind(
        "Contracts", "The contracts of config/contracts.yaml", "contracts", Contract
    ),
}


def schema_text(file: str, wanted: str = ENGLISH) -> str:
    """Return what one of `SCHEMAS` holds, in a language."""
    title, description, key, model = SCHEMAS[file]
    entry = model.model_json_schema()
    definitions = entry.pop("$defs", {})
    for name, described in entry["properties"].items():
        _write_default(described, model.model_fields[name].default)
    for definition in definitions.values():
        for described in definition["properties"].values():
            _write_default(described, described.get("default"))
    listed = {
        "properties": {key: {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}},
        "required": [key],
        "additionalProperties": False,
        "$defs": {**definitions, model.__name__: entry},
    }
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": description,
        "type": "object",
    }
    schema = {**head, **(listed if key else {**entry, **head, "$defs": definitions})}
    return json.dumps(_translated(schema, wanted), ensure_ascii=False, indent=2) + "\n"


def in_chinese(file: str) -> str:
    """Return the name of a schema's Chinese file, which stands beside it."""
    return file.removesuffix(ENDING) + CHINESE_ENDING


def write_schemas(root: Path = PROJECT_ROOT) -> None:
    """Write the schemas into a project."""
    for file in SCHEMAS:
        (root / file).write_text(schema_text(file), encoding="utf-8")
        (root / in_chinese(file)).write_text(schema_text(file, CHINESE), encoding="utf-8")


def _translated(schema: Any, wanted: str) -> Any:
    """Return a schema with its descriptions in a language."""
    if isinstance(schema, list):
        return [_translated(part, wanted) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: Message(part).into(wanted)
        if key == "description" and isinstance(part, str)
        else _translated(part, wanted)
        for key, part in schema.items()
    }


def _write_default(described: dict[str, Any], default: Any) -> None:
    """Write a default as an entry would say it; what says nothing (null, no text) is left out."""
    if isinstance(default, timedelta):
        described["default"] = write_duration(default)
    elif isinstance(default, date):
        described["default"] = default.isoformat()
    elif default in (None, ""):
        described.pop("default", None)


if __name__ == "__main__":
    write_schemas()
