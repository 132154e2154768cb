"""What keeps jobs of the registry from becoming DAGs, told where the operations team looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import get_parsing_context

from include.errors import ConfigurationError
from include.registry import load_registry
from include.scheduling.factory import Unbuildable, build

if TYPE_CHECKING:
    from include.registry import Registry


def raise_problems() -> None:
    """Raise one error that names every problem of the project's registry, if it has any.

    Raises:
        ConfigurationError: one line per problem.
    """
    if (
        get_parsing_context().dag_id is None
    ):  # a starting task wants its DAG, not other jobs' errors
        lines = problems_of(load_registry())
        if lines:
            count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
            raise ConfigurationError(f"{count} in the registry:\n" + "\n".join(lines))


def problems_of(registry: Registry) -> list[str]:
    """Give one line per problem: of an entry, or of making its DAG."""
    unbuildable = [built for built in build(registry) if isinstance(built, Unbuildable)]
    made = [
        f"{job.file}: {job.id}: no DAG can be made of it: {error!r}" for job, error in unbuildable
    ]
    return [str(problem) for problem in registry.problems] + made
