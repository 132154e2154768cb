"""How soon an edit of the registry counts, and what the DAG processor takes when nothing is edited.

Run: `.venv/bin/python benchmarks/edits.py [JOBS ...]`. A service with so many jobs, all paused, is
started in an installation of its own. An edit counts when the REST API has what was written, or, of
an entry that is made invalid, the import error. Idle is the processor time of the DAG processor and
of config-watcher in a minute without an edit; beside it stands the share of the parse that comes
every ten minutes, most of which is Airflow's own writing of the DAGs into its database.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from parsed_projects import write_entries  # noqa: E402 - beside this file

from manager.lifecycle.supervisor_client import components  # noqa: E402 - the same
from tests.integration.installation import Service, copy_project, installed  # noqa: E402 - the same

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG_WATCHER = "config-watcher"
DAG_PROCESSOR = "dag-processor"
SIZES = (11, 100, 1000)
EDITS = 5
BETWEEN_SECONDS = 15  # edits that follow each other more closely wait for the parse before them
SETTLE_SECONDS, IDLE_SECONDS, TEN_MINUTES = 90, 60, 600
EDIT_LIMITS = {11: 3.0, 100: 5.0}
IDLE_LIMIT = 0.02  # of a core
PAUSED = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"


def write_jobs(root: Path, jobs: int) -> Path:
    """Write a registry of so many jobs; return the file of the first."""
    tasks = root / "config/tasks"
    # A contract of jobs that are not there would be an import error that stays.
    for delivered in (*tasks.glob("*.yaml"), root / "config/contracts.yaml"):
        delivered.unlink()
    write_entries(root, jobs)
    return tasks / "tasks_0000.yaml"


def until(there: Callable[[], bool]) -> float:
    """Return how many seconds passed until something is so."""
    began = time.monotonic()
    while not there():
        if time.monotonic() - began > TEN_MINUTES:
            raise SystemExit("the edit was not seen in ten minutes")
        time.sleep(0.05)
    return time.monotonic() - began


def edit(service: Service, file: Path, number: int) -> float:
    """Change the description of the first job; return the seconds until it is in the REST API."""
    written = f"edit {number}"
    text = re.sub("description: .*", f"description: {written}", file.read_text("utf-8"), count=1)
    api = service.api
    file.write_text(text, "utf-8")
    return until(lambda: api.dag("job_0")["description"] == written)


def break_and_repair(service: Service, file: Path) -> tuple[float, float]:
    """Return the seconds until an invalid entry is an import error, and until that is gone."""
    api, text = service.api, file.read_text("utf-8")
    assert not api.import_errors()
    file.write_text(text.replace("period: day", "period: dai", 1), "utf-8")
    broken = until(lambda: bool(api.import_errors()))
    time.sleep(BETWEEN_SECONDS)
    file.write_text(text, "utf-8")
    return broken, until(lambda: not api.import_errors())


def processor_seconds(service: Service) -> dict[str, float]:
    """Return what both components have used so far, with the children that have ended."""
    return {
        each.name: sum(psutil.Process(each.pid).cpu_times()[:4])
        for each in components(service.layout)
        if each.name in (DAG_PROCESSOR, CONFIG_WATCHER)
    }


def measure(service: Service, file: Path, jobs: int) -> list[str]:
    """Print the figures of one size; return what is over its limit."""
    missed = []
    seconds, used = [], []
    for number in range(EDITS):
        so_far = processor_seconds(service)[DAG_PROCESSOR]
        seconds.append(edit(service, file, number))
        time.sleep(BETWEEN_SECONDS)
        used.append(processor_seconds(service)[DAG_PROCESSOR] - so_far)
    shown = ", ".join(f"{each:.1f}" for each in seconds)
    print(f"{jobs} jobs: an edit counts after {shown} s", flush=True)
    if statistics.median(seconds) > EDIT_LIMITS.get(jobs, TEN_MINUTES):
        missed.append(f"{jobs} jobs: an edit counts after {statistics.median(seconds):.1f} s")
    broken, repaired = break_and_repair(service, file)
    print(f"  an invalid entry is shown after {broken:.1f} s, its repair after {repaired:.1f} s")
    time.sleep(SETTLE_SECONDS)
    before = processor_seconds(service)
    time.sleep(IDLE_SECONDS)
    after = processor_seconds(service)
    idle = {name: (after[name] - before[name]) / IDLE_SECONDS for name in after}
    parse = statistics.median(used) / TEN_MINUTES
    shown = ", ".join(f"{name} {share:.2%}" for name, share in idle.items())
    print(f"  idle: {shown} of a core, and {parse:.2%} for a parse every ten minutes", flush=True)
    if idle[DAG_PROCESSOR] > IDLE_LIMIT:
        missed.append(f"{jobs} jobs: the idle dag-processor takes {idle[DAG_PROCESSOR]:.2%}")
    return missed


def main(sizes: list[int]) -> int:
    """Measure; returns 1 when something is over its limit."""
    missed = []
    for jobs in sizes:
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            root = Path(folder, "checkout")
            copy_project(root)
            file = write_jobs(root, jobs)
            settings = root / "config/airflow.env"
            text = settings.read_text("utf-8").replace(f"{PAUSED}=False", f"{PAUSED}=True")
            settings.write_text(text, "utf-8")
            with installed(root, Path(folder)) as service:
                service.start()
                time.sleep(BETWEEN_SECONDS)
                missed += measure(service, file, jobs)
    print("\n".join(f"over the limit: {line}" for line in missed) or "all within their limits")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main([int(each) for each in sys.argv[1:]] or list(SIZES)))
