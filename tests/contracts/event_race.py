"""Two processes that have Airflow say what is complete, killed with -9 at any moment.

`python -m tests.contracts.event_race FOLDER URL ROUNDS SEED` prints what it has found. A round is a
day that is completed, some of them once more; meanwhile one of the two processes is killed, and
another takes its place. Airflow's part is a table whose key is that of its own: DAG and run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.contracts.revisions import unemitted
from manager.airflow.rest import ApiError
from manager.contract_events import ContractEvents
from manager.layout import Layout
from tests.contracts.contracted import Contracted

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_DAY = date(2022, 1, 1)
TABLE = "CREATE TABLE runs (dag_id TEXT, run_id TEXT, PRIMARY KEY (dag_id, run_id))"
MADE = "INSERT OR IGNORE INTO runs VALUES (?, ?)"
LONGEST, PATIENCE = 0.05, 60.0


def _say(folder: Path, url: str) -> int:
    """Begin a process that looks again and again; return its id."""
    if process := os.fork():
        return process
    try:
        _look(folder, url)
    finally:
        os._exit(1)


def _look(folder: Path, url: str) -> None:
    def make(dag_id: str, body: Mapping[str, Any]) -> None:
        try:
            with closing(sqlite3.connect(folder / "airflow.db", timeout=10)) as database, database:
                database.execute(MADE, (dag_id, body["dag_run_id"]))
        except sqlite3.OperationalError as error:
            raise ApiError(str(error)) from error

    layout = Layout(root=folder / "project", var=folder / "var")
    events = ContractEvents(layout, lambda: url, make, say=lambda _: None)
    while True:
        events.look()
        time.sleep(0.001)


def _restart(process: int, folder: Path, url: str) -> int:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return _say(folder, url)


def main(folder: Path, url: str, rounds: int, seed: int) -> None:
    """Race, and print how many revisions there are, and whether each has its run."""
    chance = random.Random(seed)
    project = Contracted(folder / "project", url)
    for job in project.jobs.values():
        job["start"] = FIRST_DAY.isoformat()
    project.write()
    Layout(root=project.root, var=folder / "var").contracts_heartbeat.parent.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "airflow.db")) as database, database:
        database.execute(TABLE)
    processes = [_say(folder, url) for _ in range(2)]
    for number in range(rounds):
        key = (FIRST_DAY + timedelta(days=number)).isoformat()
        periods = [project.unit("orders", "o-1", key).period]
        project.land_all(key)
        project.completed(periods=periods)
        if chance.random() < 1 / 3:
            project.land("orders", "o-1", rows=7, key=key, revision=2)
            project.completed(periods=periods)
        time.sleep(chance.uniform(0, LONGEST))
        if chance.random() < 1 / 2:
            place = chance.randrange(2)
            processes[place] = _restart(processes[place], folder, url)
    until = time.monotonic() + PATIENCE
    while (left := unemitted(project.engine, ["day"])) and time.monotonic() < until:
        time.sleep(0.1)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    with closing(sqlite3.connect(folder / "airflow.db")) as database:
        made = sorted(run for (run,) in database.execute("SELECT run_id FROM runs"))
    written = sorted(f"complete__{key}__r{number}" for _, key, number, _ in project.written())
    told = {"revisions": len(written), "left": len(left), "each_has_its_run": made == written}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
