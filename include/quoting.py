"""What came from outside, as messages show it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

LONGEST_QUOTE = 80


def quoted(value: Any) -> str:
    """Give a value as a message shows it: short, and what JSON has as JSON writes it."""
    try:
        text = repr(value) if isinstance(value, str) else _as_json(value)
    except RecursionError:  # an answer may be nested as deep as it can just be decoded
        return "something nested too deeply to be shown"
    return text if len(text) <= LONGEST_QUOTE else f"{text[:LONGEST_QUOTE]}…"


def _as_json(value: Any) -> str:
    """Write a value as it came, also a number whose decimals are kept."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_as_json(key)}: {_as_json(one)}' for key, one in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_json, value))}]"
    if isinstance(value, str):  # what a terminal would obey or cannot show is escaped
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value) if value is None or isinstance(value, (bool, int)) else repr(value)
