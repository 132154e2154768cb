"""Which business window a run covers: the cron says *when*, the period says *what*.

Everything that runs a job (scheduled, by hand, backfill, retry, command line) asks `Schedule`, so
that all of them mean the same window by the same key. Imports no Airflow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include import cron as crons
from include.errors import ConfigurationError
from include.language import N_, _
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

PERIODS = ("tick", "day", "week", "month")
# What a period is called in a sentence.
CALLED = {"tick": N_("a tick"), "day": N_("a day"), "week": N_("a week"), "month": N_("a month")}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS_IN_A_WEEK = 7
# Every month has these days; a cron on a later one skips months.
LAST_DAY_OF_EVERY_MONTH = 28
# A run that was to start this recently is on time: the scheduler may be busy or restarting for a
# few minutes.
PUNCTUAL = timedelta(minutes=10)
# Not \d, which also is the full-width digits of a Chinese keyboard.
TWO, YEAR = "[0-9]{2}", "[0-9]{4}"
DAY = f"{YEAR}-{TWO}-{TWO}"
FORMS = {
    "tick": ("2025-10-02T14:00", re.compile(rf"{DAY}T{TWO}:{TWO}([+-]{TWO}:{TWO})?")),
    "day": ("2025-10-02", re.compile(DAY)),
    "week": ("2025-09-27", re.compile(DAY)),
    "month": ("2025-09", re.compile(rf"{YEAR}-{TWO}")),
}


class PeriodError(ConfigurationError):
    """A period key that names no period, or none that can run; or a cron that does not fit."""


@dataclass(frozen=True)
class Period:
    """One business window of one job."""

    key: str  # its name, for example `2025-10-02`, `2025-09` or `2025-10-02T14:00`
    start: datetime  # first instant, aware, in the job's time zone
    end: datetime  # first instant that is no longer part of it

    @property
    def first_day(self) -> date:
        """The business day on which it starts."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The last business day that has a part in it."""
        last_instant = self.end.astimezone(timezone.utc) - timedelta(microseconds=1)
        return last_instant.astimezone(self.end.tzinfo).date()


@dataclass(frozen=True)
class Schedule:
    """A cron, a period and a time zone; valid ones only (`crons.check_cron`, `check_fit`)."""

    cron: str  # five fields, read on the clock of `timezone`
    period: str  # `tick`, `day`, `week` or `month`
    timezone: str = "Asia/Shanghai"  # IANA name
    week_start: str = "saturday"  # first day of a `week`, in English, lower case

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone as an object."""
        return ZoneInfo(self.timezone)

    def first_instant(self, day: date) -> datetime:
        """Return the first moment of a day, in the job's zone."""
        return _first_instant(day, self.zone)

    def next_fire(self, after: datetime) -> datetime:
        """Return the first fire strictly after an aware moment, in the job's zone."""
        return crons.next_fire(self.cron, crons.plain(after).astimezone(self.zone))

    def previous_fire(self, before: datetime) -> datetime:
        """Return the last fire strictly before an aware moment, in the job's zone."""
        return crons.previous_fire(self.cron, crons.plain(before).astimezone(self.zone))

    def latest_fire(self, now: datetime) -> datetime:
        """Return the last fire that is not after an aware moment, in the job's zone."""
        return self.previous_fire(_in_utc(now) + timedelta(microseconds=1))

    def last_ended(self, now: datetime) -> Period:
        """Return period that ended last at an aware moment; what a run of that moment covers."""
        if self.period == "tick":
            fire = self.latest_fire(now)
            return self._tick(self.previous_fire(fire), fire)
        return self.preceding(self.containing(now))

    covered_by = last_ended  # a scheduled run covers the period that ended last when it fires

    def fire_for(self, period: Period) -> datetime:
        """Return the moment at which the scheduled run of a period starts."""
        if self.period == "tick":
            return self.next_fire(_in_utc(period.end) - timedelta(seconds=1))
        # A valid cron has one such day in each period, and one time of day: no need to walk.
        day = period.end.date() + timedelta(days=self._days_until_fire(period.end.date()))
        return crons.instant(datetime.combine(day, self._time_of_day), self.zone)

    def containing(self, moment: datetime) -> Period:
        """Return the period an aware moment lies in."""
        if self.period == "tick":
            start = self.latest_fire(moment)
            return self._tick(start, self.next_fire(start))
        return self._of_day(moment.astimezone(self.zone).date())

    def following(self, period: Period) -> Period:
        """Return the period that starts where this one ends."""
        if self.period == "tick":
            return self._tick(period.end, self.next_fire(period.end))
        return self.containing(period.end)

    def preceding(self, period: Period) -> Period:
        """Return the period that ends where this one starts."""
        return self.containing(_in_utc(period.start) - timedelta(microseconds=1))

    def starting_between(self, first: datetime, last: datetime) -> Iterator[Period]:
        """Return the periods whose first instant lies in an aware window, both ends inclusive."""
        period = self.containing(first)
        if _in_utc(period.start) < _in_utc(first):
            period = self.following(period)
        while _in_utc(period.start) <= _in_utc(last):
            yield period
            period = self.following(period)

    def within(self, period: Period) -> list[Period]:
        """Return the periods that begin within another, as the days of a month do."""
        last_instant = _in_utc(period.end) - timedelta(microseconds=1)
        return list(self.starting_between(period.start, last_instant))

    def parse_key(self, key: str) -> Period:
        """Return the period that a key names.

        Raises:
            PeriodError: it has not the form of such a key, or no period of this job has that name.
        """
        example, form = FORMS[self.period]
        if not isinstance(key, str) or not form.fullmatch(key):
            told = _("period {key} is not {kind}: write it like {example}", key=quoted(key),
                     kind=_(CALLED[self.period]), example=example)  # fmt: skip
            raise PeriodError(told)
        try:
            period = self.containing(self._first_instant_of(key))
            self.preceding(period)  # the calendar's very ends have no neighbours to reckon with
            following = self.following(period)
        except (ValueError, OverflowError) as error:
            told = _("period {key!r} is not in the calendar: {error}", key=key, error=_(str(error)))
            raise PeriodError(told) from error
        if period.key != key:
            told = _("period {key!r} is not the start of {kind}: try {before} or {after}", key=key,
                     kind=_(CALLED[self.period]), before=period.key,
                     after=following.key)  # fmt: skip
            raise PeriodError(told)
        return period

    def ended(self, key: str, now: datetime) -> Period:
        """Return the period that a key names, if it has ended at an aware moment.

        Raises:
            PeriodError: the key names none, or its period is not over.
        """
        period = self.parse_key(key)
        if _in_utc(period.end) > _in_utc(now):
            told = _(
                "period {key!r} ends {until}: the last one that can run is {last}", key=key,
                until=period.end.isoformat(" ", "minutes"), last=self.last_ended(now).key,
            )  # fmt: skip
            raise PeriodError(told)
        return period

    def ended_between(self, first: str, last: str, now: datetime) -> list[Period]:
        """Return the periods from one key to another, both inclusive, oldest first.

        Raises:
            PeriodError: as `ends_of` does.
        """
        start, end = self.ends_of(first, last, now)
        return list(self.starting_between(start.start, end.start))

    def ends_of(self, first: str, last: str, now: datetime) -> tuple[Period, Period]:
        """Return the first and the last of the periods from one key to another.

        Raises:
            PeriodError: a key names no period, the order is wrong, or the last is not over.
        """
        start, end = self.parse_key(first), self.ended(last, now)
        if _in_utc(start.start) > _in_utc(end.start):
            told = _("period {first!r} comes after {last!r}: swap the two", first=first, last=last)
            raise PeriodError(told)
        return start, end

    @cached_property
    def _fields(self) -> list[list[Any]]:
        return crons.expanded(self.cron)

    @cached_property
    def _time_of_day(self) -> time:
        minutes, hours, *_days = self._fields
        return time(hours[0], minutes[0])

    def _days_until_fire(self, end: date) -> int:
        """Count the days from the end of a period, which is the start of the next one."""
        _minutes, _hours, days, _months, weekdays = self._fields
        if self.period == "week":
            from_sunday = end.isoweekday() % DAYS_IN_A_WEEK
            return int(weekdays[0] - from_sunday) % DAYS_IN_A_WEEK
        return int(days[0]) - 1 if self.period == "month" else 0

    def _first_instant_of(self, key: str) -> datetime:
        if self.period != "tick":
            first_day = date.fromisoformat(f"{key}-01" if self.period == "month" else key)
            return _first_instant(first_day, self.zone)
        moment = datetime.fromisoformat(key)
        return moment.astimezone(self.zone) if moment.tzinfo else crons.instant(moment, self.zone)

    def _tick(self, start: datetime, end: datetime) -> Period:
        # When clocks go back a wall clock time comes twice; only the second one is told apart.
        twice = start.fold and start.utcoffset() != start.replace(fold=0).utcoffset()
        shown = start if twice else start.replace(tzinfo=None)
        return Period(shown.isoformat(timespec="minutes"), start, end)

    def _of_day(self, day: date) -> Period:
        if self.period == "day":
            return self._of_days(day.isoformat(), day, day + timedelta(days=1))
        if self.period == "week":
            into = (day.weekday() - WEEKDAYS.index(self.week_start)) % DAYS_IN_A_WEEK
            first = day - timedelta(days=into)
            return self._of_days(first.isoformat(), first, first + timedelta(days=DAYS_IN_A_WEEK))
        first = day.replace(day=1)
        following = (first + timedelta(days=31)).replace(day=1)
        return self._of_days(f"{first:%Y-%m}", first, following)

    def _of_days(self, key: str, first: date, following: date) -> Period:
        return Period(key, _first_instant(first, self.zone), _first_instant(following, self.zone))


@lru_cache(maxsize=8192)
def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day; the jobs of a zone share their days."""
    return crons.instant(datetime.combine(day, time.min), zone)


@lru_cache(maxsize=4096)
def check_fit(cron: str, period: str) -> None:
    """Refuse a period that a (valid) cron does not fire for exactly once.

    Raises:
        PeriodError: says what would be lost or doubled, and what to write instead.
    """
    if period == "tick":
        return
    minutes, hours, days, months, weekdays = crons.expanded(cron)
    everything = ["*"]
    once_a_day = len(minutes) == len(hours) == 1 and everything not in (minutes, hours)
    fits = {
        "day": days == months == weekdays == everything,
        "week": days == months == everything and weekdays != everything and len(weekdays) == 1,
        "month": weekdays == months == everything
        and len(days) == 1
        and days != everything
        and days[0] <= LAST_DAY_OF_EVERY_MONTH,
    }
    if once_a_day and fits[period]:
        return
    other = next((name for name, fit in fits.items() if once_a_day and fit), "tick")
    example = {"day": "30 7 * * *", "week": "0 12 * * 6", "month": "30 12 3 * *"}[period]
    told = _(
        "period {period!r} does not fit cron {cron!r}, which does not fire once {kind}: write "
        "'period: {other}', or a cron like {example!r}",
        period=period, cron=cron, kind=_(CALLED[period]), other=other, example=example,
    )  # fmt: skip
    raise PeriodError(told)


def _in_utc(moment: datetime) -> datetime:
    """Prepare for arithmetic: within one zone Python adds and compares on the wall clock.

    The moment may be Pendulum's, as Airflow's are; the one that is given back never is.
    """
    return crons.plain(moment.astimezone(timezone.utc))
