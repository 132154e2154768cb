"""Crons as other programs and a Chinese keyboard write them, and what they are here."""

from __future__ import annotations

import unicodedata

from include.language import Message, _

WITH_SECONDS = 6  # fields
QUOTES_AND_COMMA = {ord(sign): "" for sign in "“”‘’「」"} | {ord("、"): ","}


def problem_with_dialect(cron: str) -> Message | None:
    """Return what is written in another way than here, and how it is written here; None if not."""
    half_width = unicodedata.normalize("NFKC", cron).translate(QUOTES_AND_COMMA)
    if half_width != cron and half_width.isascii():
        signs = "".join(dict.fromkeys(sign for sign in cron if not sign.isascii()))
        return _(
            "it has full-width {signs}: write {repair!r}, half-width", signs=signs,
            repair=half_width.strip(),
        )  # fmt: skip
    fields = cron.replace("?", "*").split()
    if len(fields) == WITH_SECONDS:
        return _(
            "it has six fields, and seconds are not known here: write {first!r} if seconds stand "
            "first, as in Quartz, or {last!r} if they stand last",
            first=" ".join(fields[1:]), last=" ".join(fields[:-1]),
        )  # fmt: skip
    return None
