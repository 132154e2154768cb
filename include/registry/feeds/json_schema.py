"""Writes config/feeds.schema.json, with which editors complete and check feeds.

`python -m include.registry.feeds.json_schema` writes it anew after the schema was changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include import PROJECT_ROOT
from include.registry.feeds.schema import Feed

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_FILE = "config/feeds.schema.json"


def schema_text() -> str:
    """Return the JSON schema of config/feeds.yaml."""
    entry = Feed.model_json_schema()
    definitions = entry.pop("$defs")
    for model in (entry, *definitions.values()):
        for described in model["properties"].values():
            if described.get("default", ...) is None:
                del described["default"]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Feeds",
        "description": "The feeds of config/feeds.yaml",
        "type": "object",
        "properties": {"feeds": {"type": "array", "items": {"$ref": "#/$defs/Feed"}}},
        "required": ["feeds"],
        "additionalProperties": False,
        "$defs": {**definitions, "Feed": entry},
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write_schema(root: Path = PROJECT_ROOT) -> None:
    """Write the schema into a project."""
    (root / SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    write_schema()
