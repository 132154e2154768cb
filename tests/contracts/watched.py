"""What has Airflow say what is complete, and an Airflow in memory."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from include.warehouse.tables import contracts
from manager.contract_events import ContractEvents
from manager.layout import Layout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.contracts.contracted import Contracted


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class Runs:
    """Airflow's runs: of one name there is one. `trouble` is raised before a run is made."""

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str]] = []
        self.asked: Counter[str] = Counter()
        self.conf: dict[str, Any] = {}
        self.trouble: Exception | None = None
        self.kill_after = False

    def make(self, dag_id: str, body: Mapping[str, Any]) -> None:
        """Make one, unless it is there."""
        self.asked[body["dag_run_id"]] += 1
        if self.trouble:
            raise self.trouble
        run = (dag_id, body["dag_run_id"], body["partition_key"])
        if run not in self.made:
            self.made.append(run)
            if body.get("conf"):
                self.conf[body["dag_run_id"]] = body["conf"]
        if self.kill_after:
            raise Killed


class Watched:
    """A project with a contract, and what looks after its events."""

    def __init__(self, contracted: Contracted, var: Path) -> None:
        self.project = contracted
        self.layout = Layout(root=contracted.root, var=var)
        self.layout.run.mkdir(parents=True)
        self.runs = Runs()
        self.seconds = 0.0
        self.said: list[str] = []
        self.restart()

    def restart(self) -> None:
        """Begin a new process."""
        self.events = ContractEvents(
            self.layout, lambda: self.project.url, self.runs.make, lambda: self.seconds, self.say
        )

    def say(self, line: str) -> None:
        """Keep a line of the log."""
        self.said.append(line)

    def waiting(self) -> list[int]:
        """Return the revisions that Airflow has not been told of."""
        query = select(contracts.c.revision).where(contracts.c.emitted_at.is_(None))
        with self.project.engine.connect() as connection:
            return list(connection.scalars(query))


def last_key(watched: Watched) -> str:
    """Return the day that ended last."""
    return watched.project.contract().calendar.last_ended(datetime.now(timezone.utc)).key
