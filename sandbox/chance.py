"""Chance that is the same in every version of Python: only `Random.random` is used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from random import Random

# state it is in -> (probability, next state, seconds until then at least, at most); what is left of
# 1 stays as it is. A state that follows itself is a change of something else.
Changes: TypeAlias = "Mapping[Any, tuple[tuple[float, Any, int, int], ...]]"


def between(random: Random, least: int, most: int) -> int:
    """Return a whole number, both ends included."""
    return least + int(random.random() * (most - least + 1))


def pick(random: Random, choices: Sequence[Any]) -> Any:
    """Return one of several, each as likely as the others."""
    return choices[int(random.random() * len(choices))]


def following(
    random: Random, changes: Changes, state: Any, moment: datetime
) -> tuple[Any, datetime] | None:
    """Return what follows a state, and when; None: it stays so for ever."""
    chance = random.random()
    for probability, after, least, most in changes.get(state, ()):
        chance -= probability
        if chance < 0:
            return after, moment + timedelta(seconds=between(random, least, most))
    return None
