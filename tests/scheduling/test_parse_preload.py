"""What the DAG processor loads before it forks a child for each file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from types import SimpleNamespace
import plugins.store_data
from include.scheduling.parse_preload import ParsePreload
ParsePreload().on_starting(SimpleNamespace(job_type=sys.argv[1]))
before = set(sys.modules)
print("include.scheduling.factory" in before)
import include.scheduling.factory, include.scheduling.problems
for dag in include.scheduling.factory.build_dags():
    pass
include.scheduling.problems.raise_problems()
print(len([name for name in set(sys.modules) - before if name.startswith("include.")]))
"""


@pytest.mark.parametrize(
    ("job_type", "loaded"), [("DagProcessorJob", True), ("SchedulerJob", False)]
)
def test_the_dag_processor_alone_loads_what_a_parse_needs(job_type: str, loaded: bool) -> None:  # noqa: FBT001 - a case of the table
    """After that a parse imports nothing of the project; the other components need none of it."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, job_type],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    there, imported = done.stdout.split()[-2:]
    assert there == str(loaded)
    assert (imported == "0") == loaded
