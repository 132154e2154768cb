"""Eleven jobs that finish at the same moment, some of them killed; a program that forks.

`python -m tests.contracts.race FOLDER URL ROUNDS SEED` prints what it has found. Each round is a
day: eleven children, let go at once, land one job each and say what is complete. Some end
themselves in between, or are ended by their parent. What is left unsaid the next run says. Then
some of the day lands again, and the same follows.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml
from sqlalchemy import event, select

from include.contracts.completing import complete
from include.contracts.revisions import last_of
from include.contracts.standing import Standings
from include.registry import load_registry
from include.registry.contracts import CONTRACTS_FILE, load_contracts
from include.units.first_seen import first_seen
from include.units.ledger import Ledger
from include.units.unit import NO_SHOP, Unit
from include.warehouse import connect
from include.warehouse.tables import contracts
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from include.periods import Period

JOBS = [f"job_{number}" for number in range(11)]
FIRST_DAY = date(2022, 1, 1)
# Where a child ends itself; at the last one its parent ends it, at any moment.
LANDED, WRITING, SAID, ANYWHERE = "it has landed", "it writes", "it has said so", "anywhere"
POINTS = (LANDED, WRITING, SAID, ANYWHERE)
LONGEST = 0.05  # seconds; about what a child takes


class Found(NamedTuple):
    """What is found of a day."""

    first: list[int]  # the revisions, when all has landed for the first time
    too_early: bool  # whether one was written before all had landed
    again: int  # how many jobs have landed again since
    later: list[int]  # the revisions then
    is_last: bool  # whether the last one tells of all that has landed
    killed: int  # how many children


class Race:
    """The rounds.

    Args:
        folder: for a project.
        url: of an empty warehouse.
        seed: of all chances.
    """

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self._engine = connect(url)
        self._chance = random.Random(seed)
        _write_project(folder)
        self._registry = load_registry(folder)
        (self._contract,) = load_contracts(folder, self._registry).by_id.values()
        first_seen(self._engine, JOBS)

    def round(self, number: int) -> Found:
        """Do one, and look at what is there."""
        day = FIRST_DAY + timedelta(days=number)
        period = self._contract.calendar.parse_key(day.isoformat())
        killed = self._at_once(period, JOBS)
        self._next_run(period)
        first = self._revisions(period)
        too_early = min(first.values()) < self._last_landing(period)
        again = self._chance.sample(JOBS, self._chance.choice((0, 1, 3)))
        killed += self._at_once(period, again)
        self._next_run(period)
        later = self._revisions(period)
        return Found([*first], too_early, len(again), [*later], self._is_last(period), killed)

    def _at_once(self, period: Period, jobs: Collection[str]) -> int:
        """Make children land jobs, all at the same moment; return how many were killed."""
        gate, opened = os.pipe()
        children = {}
        for job in jobs:
            point = self._chance.choice(POINTS) if self._chance.random() < 1 / 4 else ""
            if (child := os.fork()) == 0:
                os.close(opened)
                self._be_a_runner(period, job, point, gate)
            children[child] = point
        os.close(gate)
        os.close(opened)
        if ANYWHERE in children.values():
            time.sleep(self._chance.uniform(0, LONGEST))
        for child, point in children.items():
            if point == ANYWHERE:
                os.kill(child, signal.SIGKILL)
        ended = [os.waitpid(child, 0)[1] for child in children]
        killed = [os.WIFSIGNALED(status) for status in ended]
        assert not any(status for status, was in zip(ended, killed, strict=True) if not was)
        return sum(killed)

    def _be_a_runner(self, period: Period, job: str, point: str, gate: int) -> None:
        try:
            engine = self._engine
            engine.dispose(close=False)  # what it knows to say is shared, its connections are not
            ledger = Ledger(engine, f"{job} {period.key} {os.getpid()}")
            unit = Unit(job, NO_SHOP, period)
            standings = Standings(engine, self._registry)
            os.read(gate, 1)  # until all are there
            ledger.expect([unit])
            ledger.begin([unit])
            with engine.begin() as connection:
                ledger.land(connection, unit, 1)
            _die_at(point, LANDED)
            if point == WRITING:
                event.listen(engine, "commit", lambda _connection: _die_at(point, WRITING))
            complete(engine, standings, self._contract, period, ledger.run_id)
            _die_at(point, SAID)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not go on as its parent
            sys.excepthook(*sys.exc_info())
            os._exit(1)

    def _next_run(self, period: Period) -> None:
        """Land what kills have left, and say what is complete, as the next run does."""
        ledger = Ledger(self._engine)
        for unit in ledger.open_units([Unit(job, NO_SHOP, period) for job in JOBS]):
            with self._engine.begin() as connection:
                ledger.land(connection, unit, 1)
        standings = Standings(self._engine, self._registry)
        for _ in range(2):  # the second time there is nothing to say
            complete(self._engine, standings, self._contract, period)

    def _revisions(self, period: Period) -> dict[int, datetime]:
        """Return the revisions that are written of a period, with the moment of each."""
        query = select(contracts.c.revision, contracts.c.complete_at)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(contracts.c.period_key == period.key)).all()
        return {row.revision: row.complete_at for row in sorted(rows)}

    def _last_landing(self, period: Period) -> datetime:
        ledger = Ledger(self._engine)
        rows = [row for job in JOBS for row in ledger.rows(job, period.key)]
        return max(row.finished_at for row in rows if row.finished_at)

    def _is_last(self, period: Period) -> bool:
        standings = Standings(self._engine, self._registry)
        with reading(self._engine) as connection:
            standing = standings.by_ledger(connection, self._contract, period)
            last = last_of(connection, self._contract, period)
        return last is not None and last.marks == standing.marks()


def _die_at(point: str, here: str) -> None:
    if point == here:
        os.kill(os.getpid(), signal.SIGKILL)


def _write_project(folder: Path) -> None:
    """Write a project with eleven jobs and a contract over all of them."""
    scripts, config = folder / "include/scripts", folder / "config"
    scripts.mkdir(parents=True)
    (config / "tasks").mkdir(parents=True)
    (scripts / "script.py").touch()
    entry = {"cron": "0 7 * * *", "script": "script.py", "dated": True, "start": "2020-01-01"}
    tasks = [{"id": job, "name": job, **entry} for job in JOBS]
    (config / "tasks/tasks.yaml").write_text(yaml.safe_dump({"tasks": tasks}), "utf-8")
    contract = {"id": "eleven", "name": "eleven", "jobs": JOBS}
    (folder / CONTRACTS_FILE).write_text(yaml.safe_dump({"contracts": [contract]}), "utf-8")


def main(folder: str, url: str, rounds: str, seed: str) -> None:
    """Do the rounds, and print what is found, a line each."""
    race = Race(Path(folder), url, int(seed))
    for number in range(int(rounds)):
        print(json.dumps(race.round(number)._asdict()))  # noqa: T201 - for the test


if __name__ == "__main__":
    main(*sys.argv[1:])
