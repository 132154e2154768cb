"""Which of Airflow's runs cannot move, for the commands that find one or wait for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry import load_registry
from manager.airflow.tables import runs_under_way
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from include.coverage.runs import Name, Run
    from manager.layout import Layout

    Stuck = Callable[[], Mapping[Name, Run]]


def stuck_of(layout: Layout, job_id: str | None = None) -> Stuck:
    """Return a function that looks for them again each time: a pool may be made, a job resumed.

    Args:
        layout: of the installation.
        job_id: of one job only.
    """
    environment = component_environment(layout, remembered(layout))
    registry = load_registry(layout.root, only=job_id)

    def look() -> Mapping[Name, Run]:
        return {run.name: run for run in runs_under_way(environment, registry).stuck}

    return look
