"""Finds what a person named: a job, a shop, a day; or says what was probably meant."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone

from include.errors import ConfigurationError
from include.language import N_, _
from include.periods import FORMS
from include.registry import SHOPS_FILE, Job, Registry, Shop, load_registry
from include.text import suggestion
from include.units.job_units import LONG_AGO
from manager.layout import Layout

# The first midnight of a day anywhere on earth; each job then looks at its own clock.
FIRST_MIDNIGHT = timezone(timedelta(hours=14))
JOB, SHOP = "job", "shop"
# What is said of one that is nowhere: as long as a file cannot be read, and else.
NOWHERE = {
    JOB: (
        N_("job {name!r} is nowhere that can be read; broken is\n{problems}"),
        N_("job {name!r} is not in config/tasks: {suggestion}"),
    ),
    SHOP: (
        N_("shop {name!r} is nowhere that can be read; broken is\n{problems}"),
        N_("shop {name!r} is not in {file}: {suggestion}"),
    ),
}


def find_job(layout: Layout, job_id: str) -> Job:
    """Return a job of the registry; raises ConfigurationError saying what is wrong with it."""
    registry = load_registry(layout.root)
    check_names(registry, job_id, None)
    return registry.jobs[job_id]


def check_names(registry: Registry, job: str | None, shop: str | None) -> None:
    """Refuse a job or shop that there is not.

    Raises:
        ConfigurationError: says what is wrong with it, or which was probably meant.
    """
    if job is not None and job not in registry.jobs:
        raise ConfigurationError(_why_not_there(registry, JOB, job))
    if shop is not None and shop not in registry.shops:
        raise ConfigurationError(_why_not_there(registry, SHOP, shop))
    if job is None or shop is None:
        return
    wanted, there = registry.jobs[job].platform, registry.shops[shop].platform
    if wanted != there:
        text = N_(
            "shop {shop!r} is on {there}, and job {job!r} has no shops: leave one of the two out"
        )
        if wanted:
            text = N_(
                "shop {shop!r} is on {there}, and job {job!r} pulls shops on {wanted}: leave one "
                "of the two out"
            )
        raise ConfigurationError(text, shop=shop, there=there, job=job, wanted=wanted)


def _why_not_there(registry: Registry, what: str, name: str) -> str:
    """Return why there is no such job or shop: its entry or its file is broken, or a typo."""
    problems = [one for one in registry.problems if (one.file == SHOPS_FILE) == (what == SHOP)]
    unread, unknown = NOWHERE[what]
    if own := [str(one) for one in problems if one.job_id == name]:
        return "\n".join(own)
    # An entry that is in a file which cannot be read has no id that anybody knows.
    if whole := [str(one) for one in problems if one.job_id is None]:
        return _(unread, name=name, problems="\n".join(whole))
    known: dict[str, Job] | dict[str, Shop] = registry.shops if what == SHOP else registry.jobs
    # Alerts and the page show names, and commands take ids.
    named = [one.id for one in known.values() if one.name == name]
    return _(unknown, name=name, file=SHOPS_FILE, suggestion=suggestion(name, named or known))


def day_of(option: str, word: str) -> date:
    """Read the day behind an option; raises ConfigurationError when it is none."""
    with suppress(ValueError):
        if FORMS["day"][1].fullmatch(word):
            return date.fromisoformat(word)
    example = datetime.now(timezone.utc).date().isoformat()
    raise ConfigurationError(
        "{option} {word!r} is no day of the calendar: write it like {example}",
        option=option,
        word=word,
        example=example,
    )


def since_of(word: str | None, now: datetime) -> date | None:
    """Read the day behind `--since`; None where it is not given.

    Raises:
        ConfigurationError: it is none, is before 2000, or has begun nowhere on earth: nothing can
            be missing of it.
    """
    if word is None:
        return None
    since, today = day_of("--since", word), now.astimezone(FIRST_MIDNIGHT).date()
    if since < LONG_AGO.date():
        raise ConfigurationError(
            "--since {since} is before all that can be known: write a day from {first} on",
            since=since,
            first=LONG_AGO.date(),
        )
    if since > today:
        raise ConfigurationError(
            "--since {since} has not come: today is {today}", since=since, today=today
        )
    return since


def first_moment(day: date) -> datetime:
    """Return a moment at which a day has begun nowhere on earth."""
    return datetime.combine(day, time(), FIRST_MIDNIGHT)
