"""Says in words when a job runs and what its next runs will cover."""

from __future__ import annotations

import calendar
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cron_descriptor import Options, get_description

from include.language import CHINESE, ENGLISH, _, language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from include.periods import Period
    from include.registry.schema import Job

LOCALES = {ENGLISH: "en_US", CHINESE: "zh_CN"}  # of cron-descriptor
# It leaves the names of days and months to the process's locale: English.
LEFT_IN_ENGLISH = {
    **{
        name: f"星期{numeral}"
        for name, numeral in zip(calendar.day_name, "一二三四五六日", strict=True)
    },
    **{name: f"{month}月" for month, name in enumerate(calendar.month_name) if name},
    ", ": "，",
    "仅在 ": "仅在",
}
NEXT_RUNS = 3


class Run(NamedTuple):
    """A run to come: when (aware, in the job's zone) and the period it will cover."""

    fire: datetime
    period: Period


def in_words(job: Job) -> str:
    """Return in words when a (valid) job runs, on the clock of its time zone."""
    if job.after:
        return after_in_words(job.after)
    # "Every day" is noise for the other periods.
    return cron_in_words(job.cron, verbose=job.period == "day")


def after_in_words(contract_id: str) -> str:
    """Return in words when a job that follows a contract runs."""
    return _("after contract {contract} is complete", contract=contract_id)


def cron_in_words(cron: str, *, verbose: bool = False) -> str:
    """Return in words when a (valid) cron expression fires; `verbose`: also that it is each day."""
    options = Options(verbose=verbose, use_24hour_time_format=True, locale_code=LOCALES[language()])
    words: str = get_description(cron, options)
    if language() == CHINESE:
        for english, chinese in LEFT_IN_ENGLISH.items():
            words = words.replace(english, chinese)
    return words


def next_runs(job: Job, now: datetime, count: int = NEXT_RUNS) -> Iterator[Run]:
    """Return the next scheduled runs after an aware moment; none of before the job's start."""
    schedule, fire = job.schedule, now
    if job.start is not None:
        first = schedule.containing(schedule.first_instant(job.start))
        fire = max(now, schedule.fire_for(first) - timedelta(seconds=1))
    for _each in range(count):
        fire = schedule.next_fire(fire)
        yield Run(fire, schedule.covered_by(fire))


def period_in_words(job: Job, period: Period) -> str:
    """Return in words which days, or which hours, a period of a job covers."""
    if job.period == "week":
        return _("{first} to {last}", first=period.first_day, last=period.last_day)
    if job.period == "tick":
        first, last = (f"{end:%Y-%m-%d %H:%M}" for end in (period.start, period.end))
        return _("{first} to {last}", first=first, last=last)
    return period.key
