"""What is wrong in config/, or keeps a job from becoming a DAG, told where the team looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_parsing_context

from include.errors import ConfigurationError
from include.language import _
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
            title = _("{count} problems in config:", count=len(lines))
            if len(lines) == 1:
                title = _("1 problem in config:")
            raise ConfigurationError("\n".join([title, *lines]))


def problems_of(found: Checked) -> list[str]:
    """Return one line per problem: of what is written, or of making a DAG of it."""
    unbuildable = [built for built in build(found.registry) if isinstance(built, Unbuildable)]
    made = [
        _("{file}: {job}: no DAG can be made of it: {error}",
          file=job.file, job=job.id, error=repr(error))
        for job, error in unbuildable
    ]  # fmt: skip
    return [str(problem) for problem in found.problems] + made
