"""What it costs to make DAGs of the registry, held against a loop written by hand.

Run: `.venv/bin/python benchmarks/parse.py`. Each figure is the median of several rounds; in a round
the two ways take turns in one process, so that the ratios hold on a noisy machine. What is kept
from one parse to the next is forgotten first, since Airflow parses in a new process each time.

The loop builds the same DAGs from dictionaries that are in memory already; the registry reads YAML
(30 jobs a file), checks every entry and reports what is wrong, and is allowed that much more.
"""

from __future__ import annotations

import gc
import logging
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parent.parent
SCRATCH = tempfile.TemporaryDirectory(prefix="benchmark-")
os.environ.setdefault("AIRFLOW_HOME", SCRATCH.name)
os.environ.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(ROOT / "plugins"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
sys.path.insert(0, str(ROOT))

import pendulum  # noqa: E402 - Airflow reads the settings above when it is imported
from airflow.sdk import DAG  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402

from include.periods import Schedule  # noqa: E402
from include.registry import load_registry  # noqa: E402
from include.scheduling.factory import build  # noqa: E402
from include.scheduling.job_docs import describe  # noqa: E402
from include.scheduling.operator import ScriptOperator  # noqa: E402
from include.scheduling.timetable import CalendarPartitionTimetable  # noqa: E402
from include.scheduling.trigger_params import form_for  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

JOBS_PER_FILE = 30
SIZES = (11, 100, 1000)
ROUNDS = 9
LIMITS = {"parse": 1.6, "parse and serialise": 1.2, "task start": 1.5}

ENTRY = """\
  - id: job_{number}
    name: 任务{number}
    description: 每天拉取第{number}个数据
    cron: "{minute} 8 * * *"
    period: day
    script: job.py
    tags: [演示, 每日]
    retries: 3
"""


def write_project(root: Path, jobs: int) -> None:
    """Write a registry of so many jobs, and the one script they all run."""
    (root / "config/tasks").mkdir(parents=True)
    (root / "include/scripts").mkdir(parents=True)
    (root / "include/scripts/job.py").write_text("print('landed')\n")
    for first in range(0, jobs, JOBS_PER_FILE):
        numbers = range(first, min(first + JOBS_PER_FILE, jobs))
        entries = "".join(ENTRY.format(number=n, minute=n % 60) for n in numbers)
        path = root / f"config/tasks/tasks_{first:04}.yaml"
        path.write_text(f"tasks:\n{entries}", encoding="utf-8")


def by_registry(root: Path, only: str | None = None) -> list[Any]:
    """Make the DAGs as `dags/registered_jobs.py` does."""
    return list(build(load_registry(root, only=only), only))


def by_hand(root: Path, jobs: list[dict[str, Any]]) -> list[DAG]:
    """Make the same DAGs in a plain loop."""
    dags = []
    for job in jobs:
        schedule = Schedule(job["cron"], "day", "Asia/Shanghai", "saturday")
        with DAG(
            dag_id=job["id"],
            dag_display_name=job["name"],
            description=job["description"],
            doc_md=job["doc_md"],
            schedule=CalendarPartitionTimetable(
                job["cron"], timezone="Asia/Shanghai", period="day", recover=timedelta(days=7)
            ),
            start_date=pendulum.datetime(2025, 1, 1, tz="Asia/Shanghai"),
            catchup=False,
            max_active_runs=1,
            tags=job["tags"],
            params=form_for("day", ()),
        ) as dag:
            ScriptOperator(
                task_id="run",
                owner="airflow",
                job_id=job["id"],
                schedule=schedule,
                connections=[],
                shops=[],
                project_root=str(root),
                pool="default_pool",
                retries=3,
                retry_delay=timedelta(minutes=5),
                execution_timeout=timedelta(hours=1),
            )
        dags.append(dag)
    return dags


def serialised(make: Callable[[], list[Any]]) -> list[Any]:
    """Make DAGs and serialise them, as the DAG processor does with every file it parses."""
    return [DagSerialization.to_dict(dag) for dag in make()]


def cold(work: Callable[[], Any]) -> float:
    """Time one go of a process that has parsed nothing yet, in seconds."""
    for module in [module for name, module in sys.modules.items() if name.startswith("include.")]:
        for remembered in vars(module).values():
            if hasattr(remembered, "cache_clear"):
                remembered.cache_clear()
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compare(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float, float]:
    """Return the medians of both, and of the ratios of the rounds."""
    pairs = [(cold(ours), cold(theirs)) for _ in range(ROUNDS + 1)][1:]
    mine, other = zip(*pairs, strict=True)
    ratio = statistics.median(a / b for a, b in pairs)
    return statistics.median(mine), statistics.median(other), ratio


def measure(jobs: int, root: Path) -> dict[str, float]:
    """Print the figures of one size; returns the ratios."""
    write_project(root, jobs)
    registry = load_registry(root)
    assert not registry.problems, registry.problems
    known = [
        {
            "id": job.id,
            "name": job.name,
            "description": job.description,
            "doc_md": describe(job, []),
            "cron": job.cron,
            "tags": job.tags,
        }
        for job in registry.jobs.values()
    ]

    def ours() -> list[Any]:
        return by_registry(root)

    def theirs() -> list[Any]:
        return by_hand(root, known)

    assert len(ours()) == len(theirs()) == jobs
    ratios = {}
    for what, mine, other in (
        ("parse", ours, theirs),
        ("parse and serialise", lambda: serialised(ours), lambda: serialised(theirs)),
    ):
        registry_s, hand_s, ratios[what] = compare(mine, other)
        print(
            f"{jobs:5} jobs  {what:20} registry {registry_s * 1e3:8.1f} ms"
            f"   by hand {hand_s * 1e3:8.1f} ms   ratio {ratios[what]:.2f}"
        )
    return ratios


def measure_task_start(small: Path, large: Path) -> float:
    """Print what a starting task parses, few jobs against many; returns the ratio."""
    few, many, ratio = compare(
        lambda: by_registry(large, "job_7"), lambda: by_registry(small, "job_7")
    )
    print(
        f"task start: {few * 1e3:.2f} ms at {SIZES[-1]} jobs, {many * 1e3:.2f} ms at {SIZES[0]}"
        f"   ratio {ratio:.2f}"
    )
    return ratio


def main() -> int:
    """Measure all sizes; returns 1 when a ratio at the largest size is over its limit."""
    logging.disable(logging.INFO)
    scratch = Path(SCRATCH.name)
    for jobs in SIZES:
        ratios = measure(jobs, scratch / str(jobs))
    ratios["task start"] = measure_task_start(scratch / str(SIZES[0]), scratch / str(SIZES[-1]))
    missed = [what for what, limit in LIMITS.items() if ratios[what] > limit]
    for what in missed:
        print(f"over the limit: {what} {ratios[what]:.2f} > {LIMITS[what]}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        code = main()
    finally:
        SCRATCH.cleanup()
    sys.exit(code)
