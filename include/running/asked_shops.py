"""The shops that a run is asked for: whether they are the job's, and what to write instead."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from include.errors import ConfigurationError
from include.language import _, below
from include.registry import SHOPS_FILE, Job, Registry, load_registry
from include.running.environment import project_root
from include.text import LONGEST_QUOTE, quoted, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def check_shops(registry: Registry, job: Job, wanted: Iterable[str]) -> None:
    """Check that shops are enabled shops of a job.

    Raises:
        ConfigurationError: one is not; says why, or which id comes nearest.
    """
    ids = [shop.id for shop in registry.shops_of(job)]
    for shop in wanted:
        if shop not in ids:
            raise ConfigurationError(_why_not(registry, job, shop))


def named_shops(words: Sequence[str]) -> tuple[str, ...]:
    """Return the shops that a command line names, each once.

    Raises:
        ConfigurationError: a word names no shop, or several.
    """
    for word in words:
        if "," in word:
            each = " ".join(f"--shop {one.strip()}" for one in word.split(",") if one.strip())
            wrong = _("--shop {word!r} is no shop's id: write one --shop for each shop", word=word)
            example = _("{problem}, as in {example}", problem=wrong, example=each)
            raise ConfigurationError(example if each else wrong)
        if not word.strip():  # an unset variable: no shop is not every shop
            raise ConfigurationError(
                "--shop {word!r} names no shop; is the variable that it comes from set? "
                "For all shops leave --shop out",
                word=word,
            )
    return tuple(dict.fromkeys(word.strip() for word in words))


def shops_of_conf(asked: Any, job_id: str, shops: Collection[str]) -> tuple[str, ...]:
    """Return the shops that a run's conf names, each once; none for all of the job's `shops`.

    Raises:
        ConfigurationError: it is no list, or names what is no shop of the job.
    """
    if asked is None:
        return ()
    if not isinstance(asked, list) or not all(isinstance(shop, str) for shop in asked):
        raise ConfigurationError(
            "conf 'shops' is {asked}, not a list of shop ids", asked=quoted(asked)
        )
    if not asked:
        raise ConfigurationError(
            "conf 'shops' is [], which names no shop: name some, or for all leave 'shops' out"
        )
    for shop in asked:
        if shop not in shops:
            short = shop if len(shop) <= LONGEST_QUOTE else f"{shop[:LONGEST_QUOTE]}…"
            registry = load_registry(project_root(os.environ), only=job_id)
            job = registry.jobs.get(job_id)
            why = (
                _why_not(registry, job, short)
                if job
                else _("{short!r} is no shop of {job_id!r}", short=short, job_id=job_id)
            )
            raise ConfigurationError("conf 'shops': {why}", why=why)
    return tuple(dict.fromkeys(asked))


def _why_not(registry: Registry, job: Job, shop: str) -> str:
    """Return why a shop is not one of a job's enabled shops, and what to write instead."""
    ids = [shop.id for shop in registry.shops_of(job)]
    if not job.platform:
        return _("job {job!r} has no shops: leave shop {shop!r} out", job=job.id, shop=shop)
    known = registry.shops.get(shop)
    if known is None:
        problems = [each for each in registry.problems if each.file == SHOPS_FILE]
        about = [str(each) for each in problems if each.job_id in (shop, None)]
        if any(each.job_id == shop for each in problems):
            broken = _("the entry of shop {shop!r} is broken; repair it first:", shop=shop)
            return below(broken, *about)
        message = _(
            "there is no shop {shop!r} on {platform}: {suggestion}",
            shop=shop,
            platform=job.platform,
            suggestion=suggestion(shop, ids),
        )
        return below(message, *about)
    if known.platform != job.platform:
        return _(
            "shop {shop!r} is on {platform}, and job {job!r} is for {other}: name a job for "
            "{platform}, or one of {ids}",
            shop=shop,
            platform=known.platform,
            job=job.id,
            other=job.platform,
            ids=ids[:20],
        )
    return _(
        "shop {shop!r} is disabled: set 'enabled: true' for it in {file}",
        shop=shop,
        file=SHOPS_FILE,
    )
