"""When a cron expression fires, in a time zone, and whether it is one at all.

Standard cron: five fields, lists, ranges, steps, three-letter names; Sunday is 0 or 7; a restricted
day of the month and a restricted day of the week mean *either*. Where clocks change it follows
Debian's cron: an expression for fixed hours fires once on every day it names (a time that the clock
skips is moved to the first moment after the gap, one that comes twice counts the first time); an
expression with a wildcard hour or minute follows real time.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from include.cron_dialects import problem_with_dialect
from include.errors import ConfigurationError
from include.language import N_, Message, _

WEEKDAY = N_("day of the week")
FIELDS = (
    (N_("minute"), 0, 59),
    (N_("hour"), 0, 23),
    (N_("day of the month"), 1, 31),
    (N_("month"), 1, 12),
    (WEEKDAY, 0, 7),
)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
NAMES = {
    "month": {name: number for number, name in enumerate(MONTHS, start=1)},
    WEEKDAY: {name: number for number, name in enumerate(DAYS)},
}
PART = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\w+))?")
STEP_FROM_A_WEEKDAY = re.compile(r"(?<![-\w*])(\w+)/")
ANY_MOMENT = datetime(2024, 1, 1)  # noqa: DTZ001 - wall clock
# No zone of today moves its clock by more than two hours; further from a change than this nothing
# is unusual.
AROUND_A_CLOCK_CHANGE = timedelta(hours=4)


class CronError(ConfigurationError):
    """A cron expression that is not valid, or never fires."""


@lru_cache(maxsize=4096)
def check_cron(cron: str) -> None:
    """Refuse what is not a standard cron expression.

    Raises:
        CronError: names the expression, the field and what was expected in it.
    """
    if dialect := problem_with_dialect(cron):
        raise _invalid(cron, dialect)
    fields = cron.split()
    if len(fields) != len(FIELDS):
        problem = _(
            "it has {count} fields, not 5 (minute hour day month weekday), as in '30 7 * * *'",
            count=len(fields),
        )
        raise _invalid(cron, problem)
    for field, (name, low, high) in zip(fields, FIELDS, strict=True):
        for part in field.split(","):
            if wrong := _problem_in(part, name, low, high):
                raise _invalid(cron, wrong)
    if fields[2] != "*" and fields[4] != "*" and "*" in fields[2] + fields[4]:
        problem = _(
            "a step like */2 in one of the two day fields while the other is restricted is read "
            "differently by every cron"
        )
        raise _invalid(cron, problem)
    try:
        expanded(cron)
    except CronSimError:
        raise CronError(
            _("cron {cron!r} never fires: no month it names has such a day", cron=cron)
        ) from None


def _invalid(cron: str, problem: Message) -> CronError:
    return CronError(_("cron {cron!r} is not valid: {problem}", cron=cron, problem=problem))


def expanded(cron: str) -> list[list[Any]]:
    """Return the values that each of a valid cron's five fields stands for, or `["*"]` for all."""
    *others, weekdays = cron.split()
    # A step from a weekday on ends with Saturday; CronSim goes on to the next Sunday, which is 7.
    weekdays = STEP_FROM_A_WEEKDAY.sub(r"\1-6/", weekdays)
    walk = CronSim(" ".join([*others, weekdays]), ANY_MOMENT)
    fields: list[set[Any]] = [walk.minutes, walk.hours, walk.days, walk.months, set(walk.weekdays)]
    fields[4] = {day % 7 for day in fields[4]}
    sizes = (60, 24, 31, 12, 7)
    whole = zip(fields, sizes, strict=True)
    return [["*"] if len(values) == size else sorted(values) for values, size in whole]


def _problem_in(part: str, name: str, low: int, high: int) -> Message | None:
    match = PART.fullmatch(part)
    field = _(name)
    if match is None:
        return _(
            "{field} {part!r} is not a number, a range like 1-5, a step like */5 or a list",
            field=field, part=part,
        )  # fmt: skip
    first, last, step = match["first"], match["last"], match["step"]
    if step is not None and not (step.isdecimal() and 1 <= int(step) <= high):
        return _(
            "{field} {part!r} has a step that is not in 1-{high}", field=field, part=part, high=high
        )
    if first == "*":
        return _("{field} {part!r} mixes * with a range", field=field, part=part) if last else None
    if (name, first, last) == (WEEKDAY, "7", None) and step:  # from the week's end on
        return _(
            "{field} {part!r} goes on past the week's end; write 7, or 0/{step}",
            field=field, part=part, step=step,
        )  # fmt: skip
    bounds = (first,) if last is None else (first, last)
    problems = (_problem_with_bound(text, name, low, high) for text in bounds)
    if problem := next(filter(None, problems), None):
        return problem
    return _problem_with_order(part, (name, low, high), match) if last else None


def _problem_with_bound(text: str, name: str, low: int, high: int) -> Message | None:
    number = _number(text, name)
    if number is None:
        return _("{field} {text!r} is not a number", field=_(name), text=text)
    if low <= number <= high:
        return None
    return _("{field} {text} is not in {low}-{high}", field=_(name), text=text, low=low, high=high)


def _problem_with_order(
    part: str, field: tuple[str, int, int], match: re.Match[str]
) -> Message | None:
    name, low = field[:2]
    first, last = _number(match["first"], name), _number(match["last"], name)
    if first is None or last is None or first < last:
        return None
    if first == last:
        return _(
            "{field} {part!r} is a range of one value; write {value}",
            field=_(name), part=part, value=match["first"],
        )  # fmt: skip
    meant = _wrapped(first, last, int(match["step"] or 1), field)
    repair = ",".join(_as_ranges([value for value in meant if value >= first]))
    if after := [value for value in meant if value < first]:
        repair += "," + ",".join(_as_ranges(after))
    names = list(NAMES.get(name, ()))
    if names:
        named = ",".join(names[(value - low) % len(names)] for value in meant)
        return _(
            "{field} {part!r} runs backwards; write {repair} (or {named})",
            field=_(name), part=part, repair=repair, named=named,
        )  # fmt: skip
    return _(
        "{field} {part!r} runs backwards; write {repair}", field=_(name), part=part, repair=repair
    )


def _wrapped(first: int, last: int, step: int, field: tuple[str, int, int]) -> list[int]:
    """Return the values of a range that goes on at the start of its field when that has ended."""
    name, low, high = field
    if name == WEEKDAY:  # 0 and 7 are one day, which a week of Monday to Sunday ends with
        low, first, last = 1, first or 7, last or 7
    size = high - low + 1
    span = (last - first) % size
    return [low + (first - low + passed) % size for passed in range(0, span + 1, step)]


def _as_ranges(values: list[int]) -> list[str]:
    """Write ascending values with one step between them: as a range where that is shorter."""
    if len(values) < 3 and not (len(values) == 2 and values[1] - values[0] == 1):  # noqa: PLR2004 - two are listed
        return [str(value) for value in values]
    step = values[1] - values[0]
    return [f"{values[0]}-{values[-1]}" + (f"/{step}" if step > 1 else "")]


def _number(text: str, name: str) -> int | None:
    if text.isascii() and text.isdecimal():
        return int(text)
    return NAMES.get(name, {}).get(text.upper())


def next_fire(cron: str, after: datetime) -> datetime:
    """Return the first fire strictly after a moment (aware, in the zone whose clock cron reads)."""
    return _fire(cron, after, forwards=True)


def previous_fire(cron: str, before: datetime) -> datetime:
    """Return the last fire strictly before a moment (aware, in the zone whose clock cron reads)."""
    return _fire(cron, before, forwards=False)


def plain(moment: datetime) -> datetime:
    """Return the same aware moment as the standard library's.

    Pendulum's loses the zone `datetime.timezone.utc` when it is added to, and is then taken for
    the time of the machine: hours off, wherever that is not UTC.
    """
    return datetime.combine(moment.date(), moment.time(), moment.tzinfo).replace(fold=moment.fold)


def instant(wall_clock: datetime, zone: ZoneInfo) -> datetime:
    """Return the first moment at which a zone's clock shows a time, or has skipped it.

    Args:
        wall_clock: naive.
        zone: whose clock.
    """
    moment = wall_clock.replace(tzinfo=zone)
    while not exists(moment):
        moment += timedelta(minutes=1)
    return moment


def exists(moment: datetime) -> bool:
    """Return whether the zone's clock ever shows this time (it skips an hour in spring)."""
    back = moment.astimezone(timezone.utc).astimezone(moment.tzinfo)
    return back.replace(tzinfo=None) == moment.replace(tzinfo=None)


def _fire(cron: str, edge: datetime, *, forwards: bool) -> datetime:
    if not isinstance(edge.tzinfo, ZoneInfo):
        raise TypeError(f"{edge!r} is not in a named time zone")  # a fault of our own code
    zone, edge = edge.tzinfo, plain(edge)
    wall_clock = edge.replace(tzinfo=None, fold=0)
    if not forwards and wall_clock.microsecond:
        wall_clock = wall_clock.replace(microsecond=0) + timedelta(seconds=1)
    candidate = next(_walk(cron, wall_clock, forwards=forwards))
    fire = instant(candidate, zone)
    if not (_near_a_clock_change(edge) or _near_a_clock_change(fire)):
        return fire
    return _fire_near_a_clock_change(cron, edge, candidate, forwards=forwards)


def _walk(cron: str, start: datetime, *, forwards: bool) -> CronSim:
    """Return the matching times after or before a start, all by a clock that nobody changes.

    CronSim's own way with clocks that change loses some fires of a wildcard hour: where the clock
    changes at midnight, or by half an hour.
    """
    return CronSim(_for_the_walk(cron), start, reverse=not forwards)


@lru_cache(maxsize=4096)
def _for_the_walk(cron: str) -> str:
    """Return the expression with a wildcard for a day field that names all there are."""
    minutes, hours, day, months, _weekday = cron.split()
    _minutes, _hours, days, _months, weekdays = expanded(cron)
    weekday = ",".join(map(str, weekdays))
    return f"{minutes} {hours} {'*' if days == ['*'] else day} {months} {weekday}"


def _near_a_clock_change(moment: datetime) -> bool:
    utc = moment.astimezone(timezone.utc)
    sides = (utc - AROUND_A_CLOCK_CHANGE, utc + AROUND_A_CLOCK_CHANGE)
    before, after = (side.astimezone(moment.tzinfo).utcoffset() for side in sides)
    return before != after


def _fire_near_a_clock_change(
    cron: str, edge: datetime, candidate: datetime, *, forwards: bool
) -> datetime:
    """Look at all that could fire from the edge to past the candidate; the clock may run double."""
    zone = edge.tzinfo
    assert isinstance(zone, ZoneInfo)  # noqa: S101 - for the type checker; _fire has refused others
    step = AROUND_A_CLOCK_CHANGE if forwards else -AROUND_A_CLOCK_CHANGE
    start = edge.replace(tzinfo=None, fold=0, microsecond=0) - step
    utc_edge = edge.astimezone(timezone.utc)
    found: list[datetime] = []
    for wall_clock in _walk(cron, start, forwards=forwards):
        moments = (fire.astimezone(timezone.utc) for fire in _fires_at(cron, wall_clock, zone))
        found += [fire for fire in moments if (fire > utc_edge if forwards else fire < utc_edge)]
        if found and (wall_clock > candidate + step) == forwards:
            break
    return (min(found) if forwards else max(found)).astimezone(zone)


def _fires_at(cron: str, wall_clock: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return the moments at which a matching wall clock time fires: none, one or two."""
    if not any(field.startswith("*") for field in cron.split()[:2]):
        return [instant(wall_clock, zone)]
    moment = wall_clock.replace(tzinfo=zone)
    if not exists(moment):
        return []
    again = moment.replace(fold=1)
    return [moment] if moment.utcoffset() == again.utcoffset() else [moment, again]
