"""Runs of a pull job into one warehouse, each as it is under the operator and the command line."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import select

from include.units.ledger import Ledger
from include.warehouse import connect
from tests.runner import ForkedScript, Runner, run

if TYPE_CHECKING:
    from tests.conftest import Sandbox

ROOT = Path(__file__).parents[2]
Rows = dict[tuple[str, int], dict[str, Any]]


@dataclass
class Pull:
    """One warehouse, and runs of a job that land in it.

    Attributes:
        job_id: whose.
        sandbox: what they pull from.
        folder: for all that runs write.
        url: of the warehouse (SQLAlchemy), empty.
        changed: fields of connections that are not as they should be.
        environment: more of what a run is given.
        root: the project whose registry counts.
    """

    job_id: str
    sandbox: Sandbox
    folder: Path
    url: str
    changed: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    root: Path = ROOT

    def __post_init__(self) -> None:
        """Open the warehouse."""
        self.engine = connect(self.url)
        self.ledger = Ledger(self.engine)

    def connections(self) -> dict[str, str]:
        """Return the variables of the connections, with what is changed of them."""
        raise NotImplementedError

    def given(self) -> dict[str, str]:
        """Return the whole environment of a run."""
        own = {"SCHEDULER_VAR": str(self.folder), "WAREHOUSE_URL": self.url}
        return {"PATH": os.environ["PATH"], **own, **self.connections(), **self.environment}

    def words(self, period: object, *more: str) -> tuple[str, ...]:
        """Return the words of the command line."""
        root = () if self.root == ROOT else ("--root", str(self.root))
        return (self.job_id, "--period", str(period), *more, *root)

    def run(self, period: object, *more: str) -> tuple[int, str]:
        """Run it to its end; return the exit code and what it printed."""
        words = self.words(period, *more)
        return run(*words, environment=self.given(), script=ForkedScript)

    def start(self, period: object, *more: str) -> Runner:
        """Start it; its script is a process of its own."""
        return Runner(*self.words(period, *more), environment=self.given())

    def rows(self, table: sqlalchemy.Table) -> list[dict[str, Any]]:
        """Return all rows of a table."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def orders(self, table: sqlalchemy.Table) -> Rows:
        """Return the orders of a table, by shop and number, without the day that they are of."""
        rows = self.rows(table)
        assert all(row.pop("order_day") == row["order_time"].date() for row in rows)
        return {(row.pop("shop_id"), row["order_id"]): row for row in rows}

    def states(self, period: object) -> dict[str, tuple[str, int | None]]:
        """Return each shop's state and exit code in the ledger."""
        rows = self.ledger.rows(self.job_id, str(period))
        return {row.shop_id: (row.state, row.exit_code) for row in rows}


def by_our_names(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a row of the truth under the warehouse's column names."""
    return {ours: row[theirs] for ours, theirs in names.items()}
