"""Texts in both languages, and how times and spans are written in them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Said(NamedTuple):
    """A text in both languages, with placeholders in braces."""

    zh: str
    en: str


SEPARATOR = Said("、", ", ")
DAYS, HOURS, MINUTES = Said("{} 天", "{} d"), Said("{} 小时", "{} h"), Said("{} 分钟", "{} min")
SPANS = (
    (timedelta(days=1), DAYS),
    (timedelta(hours=1), HOURS),
    (timedelta(minutes=1), MINUTES),
)
TWO = 2  # units are enough for a span


class Language:
    """One of the languages of config/alerts.yaml.

    Args:
        name: `zh` or `en`.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, said: Said, /, **values: object) -> str:
        """Return a text, its placeholders filled in."""
        text: str = getattr(said, self.name)
        return text.format(**values)

    def join(self, words: Sequence[str]) -> str:
        """Return words as a list within a sentence."""
        return self.say(SEPARATOR).join(words)

    def span(self, span: timedelta) -> str:
        """Return how long something lasted, in its two largest units; a minute at least."""
        left = max(span, timedelta(minutes=1))
        parts: list[str] = []
        for size, unit in SPANS:
            count, left = divmod(left, size)
            if count and len(parts) < TWO:
                parts.append(getattr(unit, self.name).format(count))
            elif parts:
                break
        return " ".join(parts)

    @staticmethod
    def moment(moment: datetime, now: datetime) -> str:
        """Return a moment by its clock, with its day where that is not today; both in one zone."""
        clock = f"{moment:%H:%M}"
        return clock if moment.date() == now.date() else f"{moment:%m-%d} {clock}"
