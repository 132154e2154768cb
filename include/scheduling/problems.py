"""What is wrong in config/, or keeps a job from becoming a DAG, told where the team looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_parsing_context

from include.errors import ConfigurationError
from include.registry.checks import check_project
from include.scheduling.factory import Unbuildable, build

if TYPE_CHECKING:
    from include.registry.checks import Checked


def raise_problems() -> None:
    """Raise one error that names every problem of the project's config/, if it has any.

    Raises:
        ConfigurationError: one line per problem.
    """
    if (
        get_parsing_context().dag_id is None
    ):  # a starting task wants its DAG, not other jobs' errors
        lines = problems_of(check_project())
        if lines:
            count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
            raise ConfigurationError(f"{count} in config:\n" + "\n".join(lines))


def problems_of(found: Checked) -> list[str]:
    """Return one line per problem: of what is written, or of making a DAG of it."""
    unbuildable = [built for built in build(found.registry) if isinstance(built, Unbuildable)]
    made = [
        f"{job.file}: {job.id}: no DAG can be made of it: {error!r}" for job, error in unbuildable
    ]
    return [str(problem) for problem in found.problems] + made
