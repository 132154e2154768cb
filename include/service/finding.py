"""Finds what a person named, or says what was probably meant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from include.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection

    from include.registry import Job
    from include.service.layout import Layout


def find_job(layout: Layout, job_id: str) -> Job:
    """Return a job of the registry; raises ConfigurationError saying what is wrong with it."""
    from include.registry import load_registry  # noqa: PLC0415 -- not every command needs it

    registry = load_registry(layout.root)
    if job_id in registry.jobs:
        return registry.jobs[job_id]
    own = [str(problem) for problem in registry.problems if problem.job_id == job_id]
    if own:
        raise ConfigurationError("\n".join(own))
    raise ConfigurationError(
        f"job {job_id!r} is not in config/tasks: {nearest(job_id, registry.jobs)}"
    )


def nearest(name: str, known: Collection[str]) -> str:
    """Say which name was probably meant, or all there are."""
    near = get_close_matches(name, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"
