"""Keeps the installation from growing for ever; says what it removed.

Old logs of tasks and components, old rows of Airflow's database and of the ledger; then gives the
free pages of SQLite files back. How long each is kept, the entry's `env` says.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

try:
    from sqlalchemy import delete, make_url
    from sqlalchemy.exc import SQLAlchemyError

    from include.errors import ConfigurationError, ExpectedError
    from include.foreign_errors import explained
    from include.housekeeping.airflow_rows import Database
    from include.housekeeping.files import prune, vacuum
    from include.language import _
    from include.registry import load_registry
    from include.registry.retention import Settings, settings_of
    from include.running.environment import given, project_root
    from include.units.exit_codes import ExitCode
    from include.units.unit import State
    from include.warehouse import connect
    from include.warehouse.tables import ledger
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(
        f"{error}: start it with 'python3 scheduler_manager.py run housekeeping'", file=sys.stderr
    )
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Callable


DAY_SECONDS = 86_400


def main() -> int:
    """Do it all, each part for itself; return the exit code."""
    try:
        warehouse = given("WAREHOUSE_URL")
        jobs = load_registry(project_root(os.environ)).jobs.values()
        settings = settings_of(os.environ, [job.recover for job in jobs])
        airflow = Database.from_environment(os.environ)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    parts = (
        lambda: _logs(settings),
        lambda: _airflow_rows(settings, airflow),
        lambda: _ledger_rows(settings, warehouse),
        lambda: _vacuum(airflow.url),
        lambda: _vacuum(warehouse),
    )
    failed = [reason for part in parts if (reason := _failure(part))]
    for reason in failed:
        print(reason, file=sys.stderr)
    return ExitCode.TEMPORARY if failed else ExitCode.LANDED


def _failure(part: Callable[[], None]) -> str:
    """Do a part; what stops it stops no other."""
    try:
        part()
    except (ExpectedError, SQLAlchemyError, OSError) as error:
        return explained(error)
    return ""


def _logs(settings: Settings) -> None:
    logs = Path(given("SCHEDULER_VAR")) / "logs"
    now = time.time()
    if settings.task_logs:
        removed = prune(logs / "airflow", now - settings.task_logs * DAY_SECONDS)
        print(
            _(
                "task logs older than {days} days: {removed} removed",
                days=settings.task_logs,
                removed=removed,
            ),
            flush=True,
        )
    if settings.component_logs:
        oldest = now - settings.component_logs * DAY_SECONDS
        removed = prune(logs / "components", oldest, _is_set_aside)
        print(
            _(
                "component logs older than {days} days: {removed} removed",
                days=settings.component_logs,
                removed=removed,
            )
        )


def _is_set_aside(path: Path) -> bool:
    """Return whether a log is no longer written to: `scheduler.log.2`."""
    return path.suffix[1:].isdigit()


def _airflow_rows(settings: Settings, airflow: Database) -> None:
    if settings.metadata:
        removed = airflow.clean(_days_ago(settings.metadata))
        told = ", ".join(f"{table} {rows:,}" for table, rows in removed.items()) or "none"
        print(
            _(
                "rows of Airflow older than {days} days removed: {told}",
                days=settings.metadata,
                told=told,
            ),
            flush=True,
        )
    if left := airflow.left_over():
        command = "python3 scheduler_manager.py airflow db drop-archived --yes"
        print(
            _(
                "a cleaning that was cut off left {left}: `{command}` removes them",
                left=[*left],
                command=command,
            )
        )


def _ledger_rows(settings: Settings, warehouse: str) -> None:
    if settings.ledger:
        engine, before = connect(warehouse), _days_ago(settings.ledger)
        # What is being worked on stays, and so does the data that landed.
        old = delete(ledger).where(ledger.c.period_end < before, ledger.c.state != State.RUNNING)
        with engine.begin() as connection:
            removed = connection.execute(old).rowcount
        engine.dispose()
        print(
            _(
                "rows of the ledger older than {days} days: {removed:,} removed",
                days=settings.ledger,
                removed=removed,
            )
        )


def _vacuum(url: str) -> None:
    where = make_url(url)
    if where.get_backend_name() == "sqlite" and where.database:
        print(vacuum(Path(where.database)), flush=True)


def _days_ago(days: int) -> datetime:
    return datetime.now(timezone.utc) - timedelta(days=days)


if __name__ == "__main__":
    sys.exit(main())
