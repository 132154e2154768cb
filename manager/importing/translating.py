"""When an old job ran, as a cron of the registry; what has none is refused with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from include.cron import check_cron
from include.errors import ConfigurationError, ExpectedError
from include.language import _
from include.periods import PERIODS, PeriodError, check_fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manager.importing.old_jobs import OldJob, OldSchedule

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIVE = 5  # fields
HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60  # minutes
DAYS = (2, 4)  # the places of the day of the month and that of the week


class UntranslatableError(ExpectedError):
    """A schedule that no cron of the registry is the same as."""


def cron_here(schedule: OldSchedule, zone: str) -> str:
    """Return the cron that fires when an old schedule did.

    Args:
        schedule: of the old job.
        zone: whose clock it is read by here.

    Raises:
        UntranslatableError: there is none; the text says why, and what to do.
    """
    if schedule.cron:
        return _checked(schedule)
    if schedule.interval is not None:
        return _of_interval(schedule.interval, schedule.anchor, zone)
    if schedule.rrule:
        text = _("its schedule is the rule {rule!r}, and jobs here run by a cron: write an entry "
                 "with a cron that fires at these times", rule=schedule.rrule[:80])  # fmt: skip
        raise UntranslatableError(text)
    raise UntranslatableError(
        "it has no schedule, and was only started by hand: write an entry with 'enabled: false' "
        "where it is to be kept"
    )


def period_of(cron: str) -> str:
    """Return what a run of a (valid) cron covers: day, week or month if it fires once in it."""
    for period in PERIODS[1:]:
        try:
            check_fit(cron, period)
        except PeriodError:
            continue
        return period
    return PERIODS[0]


def active_schedules(job: OldJob) -> Sequence[OldSchedule]:
    """Return those that make runs; all where none does."""
    return [one for one in job.schedules if one.is_active] or job.schedules


def _checked(schedule: OldSchedule) -> str:
    written = " ".join((schedule.cron or "").split())
    cron = MACROS.get(written.lower(), written)
    # Of the two kinds of days `?` is the one that is not restricted.
    fields = [
        "*" if one == "?" and place in DAYS else one for place, one in enumerate(cron.split())
    ]
    cron = " ".join(fields)
    signs = {"L": _("the last day (L)"), "#": _("the n-th weekday (#)")}
    if len(fields) == FIVE and fields[2].upper().endswith("W"):
        signs["W"] = _("the working day nearest to one (W)")
    for sign, what in signs.items():
        if any(sign in one.upper().replace("JUL", "") for one in fields):
            text = _("cron {cron!r} means {what}, which is not known here: let the job run on each "
                     "day in question, and its script end with exit code 99 on the others",
                     cron=cron, what=what)  # fmt: skip
            raise UntranslatableError(text)
    are_both = len(fields) == FIVE and "*" not in {fields[2], fields[4]}
    if are_both and not schedule.day_or:
        text = _("cron {cron!r} restricts the day of the month and that of the week, and meant "
                 "both (day_or: false); here it means either: write another one",
                 cron=cron)  # fmt: skip
        raise UntranslatableError(text)
    try:
        check_cron(cron)
    except ConfigurationError as error:
        raise UntranslatableError(str(error)) from error
    return cron


def _of_interval(interval: timedelta, anchor: datetime | None, zone: str) -> str:
    """Return the cron of an interval that fits into an hour, a day or a week."""
    minutes, rest = divmod(interval.total_seconds(), 60)
    every = int(minutes)
    start = (anchor or datetime(2024, 1, 6, tzinfo=timezone.utc)).astimezone(ZoneInfo(zone))
    if rest or start.second or not every:
        pass
    elif every < HOUR and HOUR % every == 0:
        minutes_of_hour = range(start.minute % every, HOUR, every)
        shown = "*" if every == 1 else ",".join(map(str, minutes_of_hour))
        return f"{shown} * * * *"
    elif every < DAY and DAY % every == 0 and every % HOUR == 0:
        hours = every // HOUR
        first = start.hour % hours
        shown = "*" if hours == 1 else ",".join(str(hour) for hour in range(first, 24, hours))
        return f"{start.minute} {shown} * * *"
    elif every == DAY:
        return f"{start.minute} {start.hour} * * *"
    elif every == WEEK:
        return f"{start.minute} {start.hour} * * {start.isoweekday() % 7}"
    text = _(
        "it runs every {seconds:,.0f} seconds, which no cron does: write an entry with a cron",
        seconds=interval.total_seconds(),
    )
    raise UntranslatableError(text)
