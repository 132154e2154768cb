"""Says in words, English or Chinese, when a job runs and what its next runs will cover."""

from __future__ import annotations

import calendar
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from cron_descriptor import Options, get_description

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from include.periods import Period
    from include.registry.schema import Job

LANGUAGES = ("en", "zh")
LOCALES = {"en": "en_US", "zh": "zh_CN"}
# cron-descriptor leaves the names of days and months to the process's locale: English.
CHINESE = {
    **{
        name: f"星期{numeral}"
        for name, numeral in zip(calendar.day_name, "一二三四五六日", strict=True)
    },
    **{name: f"{month}月" for month, name in enumerate(calendar.month_name) if name},
    ", ": "，",
    "仅在 ": "仅在",
}
NEXT_RUNS = 3
AFTER = {"en": "after contract {contract} is complete", "zh": "契约 {contract} 齐备之后"}


class Run(NamedTuple):
    """A run to come: when (aware, in the job's zone) and the period it will cover."""

    fire: datetime
    period: Period


def in_words(job: Job, lang: str = "en") -> str:
    """Return in words when a job runs, on the clock of its time zone.

    Args:
        job: a valid one.
        lang: `en` or `zh`.
    """
    if job.after:
        return AFTER[lang].format(contract=job.after)
    options = Options(
        verbose=job.period == "day",  # says "every day", which is noise for the other periods
        use_24hour_time_format=True,
        locale_code=LOCALES[lang],
    )
    words: str = get_description(job.cron, options)
    if lang == "zh":
        for english, chinese in CHINESE.items():
            words = words.replace(english, chinese)
    return words


def next_runs(job: Job, now: datetime, count: int = NEXT_RUNS) -> Iterator[Run]:
    """Return the next scheduled runs after an aware moment; none of before the job's start."""
    schedule, fire = job.schedule, now
    if job.start is not None:
        first = schedule.containing(schedule.first_instant(job.start))
        fire = max(now, schedule.fire_for(first) - timedelta(seconds=1))
    for _ in range(count):
        fire = schedule.next_fire(fire)
        yield Run(fire, schedule.covered_by(fire))


def period_in_words(job: Job, period: Period, lang: str = "en") -> str:
    """Return in words which days, or which hours, a period of a job covers."""
    to = {"en": " to ", "zh": " 至 "}[lang]
    if job.period == "week":
        return f"{period.first_day}{to}{period.last_day}"
    if job.period == "tick":
        return f"{period.start:%Y-%m-%d %H:%M}{to}{period.end:%Y-%m-%d %H:%M}"
    return period.key
