"""Loads what DAG files are parsed with once, before the DAG processor forks a child for each file.

Else every child would import the same hundred modules: at 100 jobs half of a parse. So the code
that parses is that of the DAG processor's start; `config/` and the scripts are read each time.
"""

from __future__ import annotations

from typing import Any

from airflow.listeners import hookimpl

DAG_PROCESSOR = "DagProcessorJob"  # as Airflow names what starts


class ParsePreload:
    """A listener of Airflow's, which the plugin registers."""

    @hookimpl  # type: ignore[untyped-decorator] # Airflow's has no types
    def on_starting(self, component: Any) -> None:
        """Check the project once where a DAG processor starts; its errors are told by the parse."""
        if getattr(component, "job_type", None) == DAG_PROCESSOR:
            # The other components do without these.
            from include.registry.checks import check_project  # noqa: PLC0415
            from include.scheduling.problems import problems_of  # noqa: PLC0415

            problems_of(check_project())
