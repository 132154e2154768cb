"""Durations as people write them: `90s`, `5m`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

FORM = r"(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,6}s)?"
_form = re.compile(FORM, re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Read a duration: days, hours, minutes and seconds, in this order, each with its unit.

    Raises:
        ValueError: it is none; the text says how to write one.
    """
    match = _form.fullmatch(text)
    if match is None:
        if text.isdecimal():
            raise ValueError(f"{text!r} has no unit: write {text}s, {text}m, {text}h or {text}d")
        raise ValueError(f"{text!r} is not a duration: write it like 90s, 5m, 1h30m or 7d")
    days, hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def write_duration(span: timedelta) -> str:
    """Write a duration of whole seconds the way `parse_duration` reads it."""
    seconds = span.days * 86400 + span.seconds
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts) or "0s"
