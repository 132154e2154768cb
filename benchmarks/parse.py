"""What it costs Airflow to parse the registry, held against what a team would write instead.

Run: `.venv/bin/python benchmarks/parse.py [--dag-factory FOLDER]`. The other sides are a loop of
plain `BashOperator` DAGs over a list in the DAG file, and, with the option, dag-factory on the same
jobs (`pip install --no-deps --target FOLDER dag-factory==1.1.0`). The registry has 30 jobs a file.

Each side is parsed as the DAG processor does it: one process that has loaded Airflow, its plugins
and what the DAG files import of Airflow forks a child for each file, which parses the file and
serialises its DAGs. What counts is the processor time of the children, so that other work on the
machine matters less; the sides take turns in every round, and the median of the rounds' ratios is
held against the limit.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from types import SimpleNamespace

from parsed_projects import write_factory, write_loop, write_registry

SIZES = (11, 100, 1000)
ROUNDS = 7
WAYS = OURS, LOOP, FACTORY = "registry", "loop", "dag-factory"
# Of what the loop takes, where there are many jobs; and of a task's start at 11 jobs.
PARSE, WHOLE, TASK_START = "parse", "parse and serialise", "task start"
LIMITS = {PARSE: 2.5, WHOLE: 2.0, TASK_START: 1.5}


def serve(dags: Path) -> None:
    """Be the DAG processor of one side: for each line of input, parse and print what it took.

    A line is the id of the one job that a starting task needs, or empty for all; the answer the
    seconds of processor that parsing took, and that parsing and serialising took.
    """
    from airflow.dag_processing.importers import get_importer_registry  # noqa: PLC0415
    from airflow.dag_processing.processor import _pre_import_airflow_modules  # noqa: PLC0415
    from airflow.listeners.listener import get_listener_manager  # noqa: PLC0415
    from structlog import get_logger  # noqa: PLC0415

    # As the job does before all else; it loads the plugins.
    get_listener_manager().hook.on_starting(component=SimpleNamespace(job_type="DagProcessorJob"))
    files = sorted(get_importer_registry().list_dag_files(str(dags), safe_mode=True))
    for file in files:
        _pre_import_airflow_modules(file, get_logger())
    gc.collect()
    gc.freeze()  # as the DAG processor does
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what Airflow prints is no answer
    print("ready", file=answers)
    for line in sys.stdin:
        found = [_parse_in_a_child(file, dags, line.strip()) for file in files]
        count, *took = (sum(each) for each in zip(*found, strict=True))
        print(json.dumps([count, *took]), file=answers)


def _parse_in_a_child(file: str, dags: Path, only: str) -> list[float]:
    """Return how many DAGs a file makes, and the seconds of processor: parsed, and serialised."""
    reading, writing = os.pipe()
    if pid := os.fork():
        os.close(writing)
        with os.fdopen(reading) as answer:
            told = answer.read()
        assert os.waitpid(pid, 0)[1] == 0, f"{file} could not be parsed: see above"
        return list(json.loads(told))
    code = 1
    try:
        if only:
            os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = only
        os.write(writing, json.dumps(_parse(file, dags)).encode())
        code = 0
    finally:
        os._exit(code)


def _parse(file: str, dags: Path) -> list[float]:
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415

    bag = BundleDagBag(file, bundle_path=dags, bundle_name="dags-folder", load_op_links=False)
    parsed = process_time()  # a child's begins with nothing
    assert not bag.import_errors, bag.import_errors
    for dag in bag.dags.values():
        DagSerialization.to_dict(dag)
    return [len(bag.dags), parsed, process_time()]


class Side:
    """One way to make the DAGs, with a process that parses them when asked."""

    def __init__(self, way: str, root: Path, jobs: int, dag_factory: str | None) -> None:
        {OURS: write_registry, LOOP: write_loop, FACTORY: write_factory}[way](root, jobs)
        folders = [str(root), *([dag_factory] if dag_factory and way == FACTORY else [])]
        environment = {
            **os.environ,
            "AIRFLOW_HOME": str(root / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "PYTHONPATH": os.pathsep.join(folders),
        }
        self._jobs = jobs
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(root / "dags")],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n", f"{way}: see above"

    def parse(self, only: str = "") -> dict[str, float]:
        """Return the seconds of processor of one parse of all files."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{only}\n")
        self._process.stdin.flush()
        count, parsed, serialised = json.loads(self._process.stdout.readline())
        assert count == (1 if only else self._jobs), count
        return {PARSE: parsed, WHOLE: serialised}

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def compare(sides: dict[str, Side]) -> dict[str, float]:
    """Print what each side takes, and how much that is of the loop; return our ratios."""
    rounds = [{way: side.parse() for way, side in sides.items()} for _ in range(ROUNDS + 1)][1:]
    ours: dict[str, float] = {}
    for what in (PARSE, WHOLE):
        for way in sides:
            seconds = statistics.median(each[way][what] for each in rounds)
            ratio = statistics.median(each[way][what] / each[LOOP][what] for each in rounds)
            print(f"  {what:20} {way:12} {seconds * 1e3:8.1f} ms   ratio {ratio:.2f}", flush=True)
            if way == OURS:
                ours[what] = ratio
    return ours


def measure(jobs: int, scratch: Path, dag_factory: str | None) -> dict[str, float]:
    """Return our ratios at one size, and what a starting task takes, in seconds."""
    print(f"{jobs} jobs", flush=True)
    ways = [way for way in WAYS if way != FACTORY or dag_factory]
    sides = {way: Side(way, scratch / way / str(jobs), jobs, dag_factory) for way in ways}
    try:
        ours = compare(sides)
        starts = [sides[OURS].parse("job_7")[PARSE] for _ in range(3 * ROUNDS)]
    finally:
        for side in sides.values():
            side.close()
    return {**ours, TASK_START: statistics.median(starts)}


def main(dag_factory: str | None) -> int:
    """Measure all sizes; returns 1 when a ratio is over its limit where there are many jobs."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as scratch:
        measured = {jobs: measure(jobs, Path(scratch), dag_factory) for jobs in SIZES}
    few, *many = (each.pop(TASK_START) for each in measured.values())
    print(
        f"task start: {many[-1] * 1e3:.1f} ms at {SIZES[-1]} jobs, {few * 1e3:.1f} ms at {SIZES[0]}"
    )
    measured[SIZES[-1]][TASK_START] = many[-1] / few
    missed = [
        f"over the limit at {jobs} jobs: {what} {ratio:.2f} > {LIMITS[what]}"
        for jobs, ratios in measured.items()
        for what, ratio in ratios.items()
        if jobs > SIZES[0] and ratio > LIMITS[what]
    ]
    print("\n".join(missed) or "all within their limits")
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dag-factory", metavar="FOLDER", help="where dag-factory is installed")
    parser.add_argument("--serve", metavar="DAGS", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
    else:
        sys.exit(main(given.dag_factory))
