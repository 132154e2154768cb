"""Run where dag-factory is: loads a YAML file, and prints what its DAGs are as JSON."""

# ruff: noqa: T201 -- a program

from __future__ import annotations

import json
import logging
import sys
import warnings

import pendulum

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

import dagfactory  # noqa: E402 -- it logs and warns as it is loaded
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.timetables.base import TimeRestriction  # noqa: E402

FILE, FIRST, LAST = sys.argv[1], *map(pendulum.parse, sys.argv[2:4])


def fires_of(timetable: object) -> list[str]:
    """Return when Airflow itself would make runs."""
    found = []
    last = None
    while True:
        info = timetable.next_dagrun_info(  # type: ignore[attr-defined]
            last_automated_data_interval=last,
            restriction=TimeRestriction(FIRST, None, catchup=True),
        )
        if info is None or info.run_after >= LAST:
            return found
        found.append(info.run_after.isoformat())
        last = info.data_interval


def main() -> None:
    """Load the file, and print."""
    loaded: dict[str, object] = {}
    dagfactory.load_yaml_dags(globals_dict=loaded, config_filepath=FILE)
    said = {}
    for name, dag in loaded.items():
        if hasattr(dag, "tasks"):
            read = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
            tasks = [
                {
                    "command": getattr(task, "bash_command", None),
                    "retries": task.retries,
                    "delay": task.retry_delay.total_seconds(),
                    "timeout": task.execution_timeout and task.execution_timeout.total_seconds(),
                }
                for task in dag.tasks
            ]
            said[name] = {"fires": fires_of(read.timetable), "tasks": tasks}
    print(json.dumps(said))


main()
