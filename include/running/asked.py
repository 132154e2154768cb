"""What a run was asked to cover: its partition key, or what a person gave by hand.

Imports no Airflow. Nothing of it is trusted: it is checked here, and reaches the script through the
environment only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timezone
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.logical_dates import period_asked_for
from include.registry import load_registry
from include.running.request import project_root
from include.running.selection import why_not
from include.text import LONGEST_QUOTE, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from include.periods import Schedule

WORDS = ("period", "from", "to", "shops", "again")


@dataclass(frozen=True)
class Asked:
    """The first and the last period key (the same for one period), shops (none: all), and again."""

    first: str
    last: str
    shops: tuple[str, ...] = ()
    again: bool = False

    def environment(self) -> dict[str, str]:
        """Say it the way `include.running` reads it."""
        one = {"PERIOD_KEY": self.first}
        said = (
            one if self.first == self.last else {"PERIOD_FROM": self.first, "PERIOD_TO": self.last}
        )
        if self.shops:
            said["SHOPS"] = ",".join(self.shops)
        if self.again:
            said["AGAIN"] = "1"
        return said


def understand(
    schedule: Schedule,
    *,
    partition_key: str | None,
    logical_date: datetime | None = None,
    conf: Mapping[str, Any],
    shops: Collection[str],
    now: datetime,
    why_not: Callable[[str], str],
) -> Asked:
    """Find out which periods and shops a run covers.

    The run's key names its period, else the conf does, else its logical date: that of the day which
    the date means (`include.logical_dates`). Without any of them it is the period that ended last.

    Args:
        schedule: the job's.
        partition_key: the run's, if it has one.
        logical_date: the run's, if it has one (aware).
        conf: what a person gave; an empty text counts as not given, an empty list does not.
        shops: the ids of the job's shops.
        now: when the run was asked for (aware); a retry must cover what the first attempt did.
        why_not: says why a shop is not among the job's.

    Raises:
        ConfigurationError: an unknown word, a period that does not exist, has not ended or differs
            from the run's own or from its date's, an unknown shop.
    """
    for word in conf:
        if word not in WORDS:
            near = get_close_matches(word[:LONGEST_QUOTE], WORDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(WORDS)}"
            raise ConfigurationError(f"conf {quoted(word)} is not known: {hint}")
    given = {word: value for word, value in conf.items() if value not in (None, "")}
    first, last = _window(schedule, partition_key, given, now)
    if dated := period_asked_for(logical_date, now, schedule):
        named = bool(partition_key) or "period" in given or "from" in given
        first, last = _of_date(schedule, dated.key, (first, last) if named else None)
    wanted = _known(given["shops"], shops, why_not) if "shops" in given else ()
    again = given.get("again", False)
    if not isinstance(again, bool):
        raise ConfigurationError(
            f"conf 'again' is {quoted(again)}: write true or false, without quotes"
        )
    return Asked(first, last, wanted, again)


def asked_of(run: Any, job_id: str, schedule: Schedule, shops: Collection[str]) -> Asked:
    """Find out which periods and shops a DAG run covers, the same for each of its tasks.

    Args:
        run: the DAG run.
        job_id: the job.
        schedule: its calendar.
        shops: the ids of its shops.

    Raises:
        ConfigurationError: as `understand` does.
    """
    return understand(
        schedule,
        partition_key=run.partition_key,
        logical_date=run.logical_date,
        conf=run.conf or {},
        shops=shops,
        now=run.run_after,  # not the clock: a retry covers what the first attempt did
        why_not=partial(_why_not, job_id),
    )


def _why_not(job_id: str, shop: str) -> str:
    registry = load_registry(project_root(os.environ), only=job_id)
    job = registry.jobs.get(job_id)
    return why_not(registry, job, shop) if job else f"shop {shop!r} is none of job {job_id!r}"


def _window(
    schedule: Schedule, partition_key: str | None, given: Mapping[str, Any], now: datetime
) -> tuple[str, str]:
    if "period" in given and ("from" in given or "to" in given):
        raise ConfigurationError("conf has both 'period' and 'from'/'to': give one of the two")
    if ("from" in given) != ("to" in given):
        raise ConfigurationError("conf has only one of 'from' and 'to': give both, or 'period'")
    if "from" in given:
        first, last = (one.key for one in schedule.ends_of(given["from"], given["to"], now))
    elif "period" in given or partition_key:
        first = last = schedule.ended(given.get("period", partition_key), now).key
    else:
        first = last = schedule.last_ended(now).key
    if partition_key and (first, last) != (partition_key, partition_key):
        own = quoted(partition_key)
        message = f"conf asks for {first} to {last}, but the run's own period is {own}"
        raise ConfigurationError(f"{message}: give one of the two")
    return first, last


def _of_date(schedule: Schedule, key: str, named: tuple[str, str] | None) -> tuple[str, str]:
    """Return the period of a run's date, if nothing else names one; it must have ended by now."""
    if named not in (None, (key, key)):
        message = f"the run's logical date means {key}, but its key or conf {' to '.join(named)}"
        raise ConfigurationError(f"{message}: leave the date out")
    schedule.ended(key, datetime.now(timezone.utc))
    return key, key


def _known(asked: Any, shops: Collection[str], why_not: Callable[[str], str]) -> tuple[str, ...]:
    if not isinstance(asked, list) or not all(isinstance(shop, str) for shop in asked):
        raise ConfigurationError(f"conf 'shops' is {quoted(asked)}, not a list of shop ids")
    if not asked:
        message = "conf 'shops' is [], which names no shop: name some, or for all leave 'shops' out"
        raise ConfigurationError(message)
    for shop in asked:
        if shop not in shops:
            short = shop if len(shop) <= LONGEST_QUOTE else f"{shop[:LONGEST_QUOTE]}…"
            raise ConfigurationError(f"conf 'shops': {why_not(short)}")
    return tuple(dict.fromkeys(asked))
