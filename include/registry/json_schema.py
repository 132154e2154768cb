"""Writes config/tasks.schema.json, with which editors complete and check entries.

`python -m include.registry.json_schema` writes it anew after the schema was changed.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from include import PROJECT_ROOT
from include.registry.durations import write_duration
from include.registry.schema import Job

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_FILE = "config/tasks.schema.json"


def schema_text() -> str:
    """Return the JSON schema of a file in config/tasks/."""
    entry = Job.model_json_schema()
    definitions = entry.pop("$defs")
    for key, described in entry["properties"].items():
        _write_default(described, Job.model_fields[key].default)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tasks",
        "description": "The jobs of one file of config/tasks/",
        "type": "object",
        "properties": {"tasks": {"type": "array", "items": {"$ref": "#/$defs/Job"}}},
        "required": ["tasks"],
        "additionalProperties": False,
        "$defs": {**definitions, "Job": entry},
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write_schema(root: Path = PROJECT_ROOT) -> None:
    """Write the schema into a project."""
    (root / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


def _write_default(described: dict[str, Any], default: Any) -> None:
    """Put a default the way an entry would say it, and leave out those that say nothing."""
    if isinstance(default, timedelta):
        described["default"] = write_duration(default)
    elif isinstance(default, date):
        described["default"] = default.isoformat()
    elif default is None:
        described.pop("default", None)


if __name__ == "__main__":
    write_schema()
