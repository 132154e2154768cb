"""What a run is asked for: which periods and shops, and whether to run again what has landed.

A person says it in the trigger form (`asked_of`) or on a command line (`Asked.from_words`), and it
is checked there. The runner and the script get it through their environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.language import N_
from include.logical_dates import period_asked_for
from include.running.asked_shops import named_shops, shops_of_conf
from include.text import quoted, suggestion

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Collection, Mapping, Sequence

    from include.periods import Period, Schedule

CONF = ("period", "from", "to", "shops", "again")
OPTIONS = ("--period", "--from", "--to")
VARIABLES = ("PERIOD_KEY", "PERIOD_FROM", "PERIOD_TO", "SHOPS", "AGAIN")


@dataclass(frozen=True)
class Asked:
    """What a run is asked for."""

    first: str = ""  # the key of the first period; empty for the one that has ended last
    last: str = ""  # that of the last one; the same for a single period
    shops: tuple[str, ...] = ()  # ids; none for all of the job's
    again: bool = False  # whether to run also what has landed

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Asked:
        """Read what `to_environment` has written, or a person has set.

        Raises:
            ConfigurationError: half a range, a range beside a period, or SHOPS that names no shop.
        """
        one, begin, end, listed, again = (environment.get(name) for name in VARIABLES)
        shops = tuple(dict.fromkeys(filter(None, map(str.strip, (listed or "").split(",")))))
        if listed is not None and not shops:
            raise ConfigurationError(
                "SHOPS {listed!r} names no shop: write ids with commas between them, or "
                "for all shops unset SHOPS",
                listed=listed,
            )
        first, last = _ends(one or None, begin or None, end or None, VARIABLES)
        return cls(first, last, shops, again == "1")

    @classmethod
    def from_words(cls, words: Namespace, environment: Mapping[str, str]) -> Asked:
        """Read a command line's `period`, `first`, `last`, `shop` and `again`, each if it is there.

        The environment says what they leave out.

        Raises:
            ConfigurationError: as `from_environment` does, or a word names no period or no shop.
        """
        said = (getattr(words, name, None) for name in ("period", "first", "last"))
        one, begin, end = map(named_period, OPTIONS, said)
        shops = named_shops(getattr(words, "shop", None) or ())
        window = VARIABLES[:3] if one or begin or end else ()
        overruled = {*window, *(["SHOPS"] if shops else [])}
        left = cls.from_environment({k: v for k, v in environment.items() if k not in overruled})
        first, last = _ends(one, begin, end, OPTIONS) if window else (left.first, left.last)
        return cls(first, last, shops or left.shops, words.again or left.again)

    def to_environment(self) -> dict[str, str]:
        """Return the variables that say it to the runner and the script."""
        one = {"PERIOD_KEY": self.first} if self.first else {}
        several = {"PERIOD_FROM": self.first, "PERIOD_TO": self.last}
        shops = {"SHOPS": ",".join(self.shops)} if self.shops else {}
        again = {"AGAIN": "1"} if self.again else {}
        return {**(one if self.first == self.last else several), **shops, **again}

    def periods(self, schedule: Schedule, now: datetime) -> list[Period]:
        """Return the periods of a schedule, oldest first; they must have ended by now (aware).

        Raises:
            ConfigurationError: a key is malformed, or its period has not ended.
        """
        if self.first == self.last:
            return [schedule.ended(self.first, now) if self.first else schedule.last_ended(now)]
        return schedule.ended_between(self.first, self.last, now)


def asked_of(run: Any, job_id: str, schedule: Schedule, shops: Collection[str]) -> Asked:
    """Return what a DAG run is asked for; the same for each of its tasks and their retries.

    The run's key names its period, else the conf does, else its logical date: that of the day which
    the date means (`include.logical_dates`). Without any of them it is the period that had ended
    last when the run was asked for.

    Raises:
        ConfigurationError: an unknown word, a period that does not exist, has not ended or differs
            from the run's own or from its date's, an unknown shop.
    """
    conf, now, key = run.conf or {}, run.run_after, run.partition_key
    given = _given(conf)
    names = [f"conf {word!r}" for word in CONF]
    first, last = _ends(given["period"], given["from"], given["to"], names)
    if named := key or first != "":
        one, other = (key, key) if first == "" else (first, last)
        first, last = (end.key for end in schedule.ends_of(one, other, now))
    else:
        first = last = schedule.last_ended(now).key
    if key and (first, last) != (key, key):
        raise ConfigurationError(
            "conf asks for {first} to {last}, but the run's own period is {key}: give one of "
            "the two",
            first=first,
            last=last,
            key=quoted(key),
        )
    if dated := period_asked_for(run.logical_date, now, schedule):
        if named and (first, last) != (dated.key, dated.key):
            raise ConfigurationError(
                "the run's logical date means {key}, but its key or conf {first} to {last}: "
                "leave the date out",
                key=dated.key,
                first=first,
                last=last,
            )
        first = last = schedule.ended(dated.key, datetime.now(timezone.utc)).key
    return Asked(first, last, shops_of_conf(given["shops"], job_id, shops), given["again"])


def _given(conf: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a conf says of each word; None for no period and no shops."""
    for word in conf:
        if word not in CONF:
            raise ConfigurationError(
                "conf {word} is not known: {suggestion}",
                word=quoted(word),
                suggestion=suggestion(word, CONF),
            )
    # The form sends null or an empty text for a field that was left empty.
    given = {word: None if conf.get(word) == "" else conf.get(word) for word in CONF}
    again = given["again"] = False if given["again"] is None else given["again"]
    if not isinstance(again, bool):
        raise ConfigurationError(
            "conf 'again' is {again}: write true or false, without quotes", again=quoted(again)
        )
    return given


def named_period(option: str, word: str | None) -> str | None:
    """Return the key of the period after an option, None where the option was left out.

    Raises:
        ConfigurationError: the word is blank, as an unset variable is: that is not the last period.
    """
    if word is not None and not word.strip():
        raise ConfigurationError(
            "{option} {word!r} names no period; is the variable that it comes from set? "
            "For the last one that ended leave {option} out",
            option=option,
            word=word,
        )
    return word


def _ends(one: Any, begin: Any, end: Any, names: Sequence[str]) -> tuple[str, str]:
    """Return the first and the last key; both are empty where nothing was said."""
    period, first, last = names[:3]
    if begin is not None and end is None:
        wrong = N_(
            "{first} {begin} has no {last}: add {last} with the last period, or for one period "
            "write {period} in its place"
        )
    elif end is not None and begin is None:
        wrong = N_("{last} {end} has no {first}: add {first}, the first period")
    elif one is not None and begin is not None:
        wrong = N_(
            "{period} {one} and {first} {begin} do not go together: leave {period} out, or {first} "
            "and {last}"
        )
    elif begin is not None:
        return begin, end
    else:
        return ("", "") if one is None else (one, one)
    given = {"one": quoted(one), "begin": quoted(begin), "end": quoted(end)}
    raise ConfigurationError(wrong, period=period, first=first, last=last, **given)
