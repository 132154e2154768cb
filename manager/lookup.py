"""Finds what a person named: a job, a shop, a day; or says what was probably meant."""

from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from typing import Literal

from include.errors import ConfigurationError
from include.periods import FORMS
from include.registry import SHOPS_FILE, Job, Registry, load_registry
from include.text import suggestion
from include.units.job_units import LONG_AGO
from manager.layout import Layout

# The first midnight of a day anywhere on earth; each job then looks at its own clock.
FIRST_MIDNIGHT = timezone(timedelta(hours=14))


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
        raise ConfigurationError(_why_unknown(registry, "job", job))
    if shop is not None and shop not in registry.shops:
        raise ConfigurationError(_why_unknown(registry, "shop", shop))
    if job is None or shop is None:
        return
    wanted, there = registry.jobs[job].platform, registry.shops[shop].platform
    if wanted != there:
        of_job = f"pulls shops on {wanted}" if wanted else "has no shops"
        raise ConfigurationError(
            f"shop {shop!r} is on {there}, and job {job!r} {of_job}: leave one of the two out"
        )


def _why_unknown(registry: Registry, kind: Literal["job", "shop"], name: str) -> str:
    """Return why a registry has no such job or shop: its entry or its file is broken, or a typo."""
    of_jobs = kind == "job"
    problems = [one for one in registry.problems if (one.file != SHOPS_FILE) == of_jobs]
    if own := [str(one) for one in problems if one.job_id == name]:
        return "\n".join(own)
    # An entry that is in a file which cannot be read has no id that anybody knows.
    if unread := [str(one) for one in problems if one.job_id is None]:
        return "\n".join([f"{kind} {name!r} is nowhere that can be read; broken is", *unread])
    if of_jobs:
        return f"job {name!r} is not in config/tasks: {suggestion(name, registry.jobs)}"
    return f"shop {name!r} is not in {SHOPS_FILE}: {suggestion(name, registry.shops)}"


def day_of(option: str, word: str) -> date:
    """Read the day behind an option; raises ConfigurationError when it is none."""
    with suppress(ValueError):
        if FORMS["day"][1].fullmatch(word):
            return date.fromisoformat(word)
    example = datetime.now(timezone.utc).date().isoformat()
    raise ConfigurationError(
        f"{option} {word!r} is no day of the calendar: write it like {example}"
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
            f"--since {since} is before all that can be known: write a day from "
            f"{LONG_AGO.date()} on"
        )
    if since > today:
        raise ConfigurationError(f"--since {since} has not come: today is {today}")
    return since


def first_moment(day: date) -> datetime:
    """Return a moment at which a day has begun nowhere on earth."""
    return datetime.combine(day, time(), FIRST_MIDNIGHT)
