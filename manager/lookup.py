"""Finds what a person named, or says what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from include.errors import ConfigurationError
from include.text import suggestion

if TYPE_CHECKING:
    from include.registry import Job, Registry
    from manager.layout import Layout


def find_job(layout: Layout, job_id: str) -> Job:
    """Return a job of the registry; raises ConfigurationError saying what is wrong with it."""
    from include.registry import load_registry  # noqa: PLC0415 -- not every command needs it

    registry = load_registry(layout.root)
    if job_id in registry.jobs:
        return registry.jobs[job_id]
    raise ConfigurationError(why_unknown(registry, "job", job_id))


def why_unknown(registry: Registry, kind: Literal["job", "shop"], name: str) -> str:
    """Return why a registry has no such job or shop: its entry or its file is broken, or a typo."""
    from include.registry import SHOPS_FILE  # noqa: PLC0415 -- not every command needs it

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
