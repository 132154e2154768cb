"""Chance that is the same in every version of Python: only `Random.random` is used."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from random import Random

MINUTE, HOUR = 60, 3600
SECONDS_PER_DAY = 24 * HOUR
# A row changes for the last time on the sixth day after that of its creation.
DAYS_OF_CHANGE = 6
NEVER = datetime.max  # noqa: DTZ901 - wall clock

# state it is in -> (probability, next state, seconds until then at least, at most); what is left of
# 1 stays as it is. A state that follows itself is a change of something else.
Changes: TypeAlias = "Mapping[Any, tuple[tuple[float, Any, int, int], ...]]"


def between(random: Random, least: int, most: int) -> int:
    """Return a whole number, both ends included."""
    return least + int(random.random() * (most - least + 1))


def pick(random: Random, choices: Sequence[Any]) -> Any:
    """Return one of several, each as likely as the others."""
    return choices[int(random.random() * len(choices))]


def moments(random: Random, day: date, fewest: int, most: int) -> list[datetime]:
    """Return so many moments of a day, in order; evenings are busier than mornings."""
    midnight, number = datetime.combine(day, datetime.min.time()), between(random, fewest, most)
    # The square root makes them so.
    seconds = sorted(int(random.random() ** 0.5 * SECONDS_PER_DAY) for _ in range(number))
    return [midnight + timedelta(seconds=second) for second in seconds]


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


def states(
    random: Random, changes: Changes, state: Any, created: datetime
) -> Iterator[tuple[Any, datetime, datetime]]:
    """Yield what becomes of a row that begins in a state: each state, since when and until when."""
    end = datetime.combine(created.date(), datetime.min.time()) + timedelta(DAYS_OF_CHANGE + 1)
    seen = [(state, created)]
    while (change := following(random, changes, *seen[-1])) and change[1] < end:
        seen.append(change)
    ends = [*(moment for _, moment in seen[1:]), NEVER]
    for (one, since), until in zip(seen, ends, strict=True):
        yield one, since, until


def yuan(cents: int) -> Decimal:
    """Return an amount in 元, exact to two places."""
    return Decimal(cents).scaleb(-2)
