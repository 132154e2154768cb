"""Reads Prefect's own database: what it really schedules, and when each job last ran well."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from include.errors import ConfigurationError
from include.foreign_errors import explained
from include.language import _
from manager.importing.old_jobs import Read
from manager.importing.prefect_deployments import read_deployments

DEPLOYMENTS = """
    SELECT deployment.id, deployment.name, flow.name AS flow_name, deployment.description,
           deployment.tags, deployment.parameters, deployment.paused, deployment.path,
           deployment.entrypoint,
           (SELECT max(flow_run.start_time) FROM flow_run
            WHERE flow_run.deployment_id = deployment.id AND flow_run.state_type = 'COMPLETED')
           AS last_success
    FROM deployment JOIN flow ON flow.id = deployment.flow_id
    ORDER BY deployment.created, deployment.name
"""
SCHEDULES = """
    SELECT id, deployment_id, schedule, active, parameters FROM deployment_schedule
    ORDER BY created
"""
# A view could have rows without end.
VIEWS = """
    SELECT name FROM sqlite_schema
    WHERE name IN ('deployment', 'deployment_schedule', 'flow', 'flow_run') AND type != 'table'
"""
JSON_COLUMNS = ("tags", "parameters", "schedule")


def read(source: str) -> Read:
    """Read a SQLite database of Prefect 2.16 or later, without changing it or its folder.

    Raises:
        ConfigurationError: it cannot be read, or is not one of Prefect's.
    """
    try:
        with closing(_open(Path(source))) as connection:
            for view in _rows(connection, VIEWS):
                raise sqlite3.DatabaseError(_("{name} is no table", name=view["name"]))
            schedules = defaultdict(list)
            for row in _rows(connection, SCHEDULES):
                schedules[row["deployment_id"]].append(row)
            said = [
                {**row, "schedules": schedules[row["id"]]} for row in _rows(connection, DEPLOYMENTS)
            ]
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the latter of a message of SQLite's
        raise ConfigurationError(
            "{source} cannot be read as Prefect's database ({error}): it must be one of Prefect "
            "2.16 or later; or name the address of its API, as http://127.0.0.1:4200/api",
            source=source, error=explained(error)
        ) from error  # fmt: skip
    return read_deployments(said, source)


def _open(file: Path) -> sqlite3.Connection:
    """Open it for reading only; without a log beside it nobody writes it, and no lock is needed."""
    has_log = file.with_name(f"{file.name}-wal").exists()
    mode = "mode=ro" if has_log else "immutable=1"
    connection = sqlite3.connect(f"{file.absolute().as_uri()}?{mode}", uri=True, timeout=10)
    connection.row_factory = sqlite3.Row
    return connection


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[dict[str, Any]]:
    for row in connection.execute(query):
        yield {key: _value(key, row[key]) for key in row.keys()}  # noqa: SIM118 -- a row iterates over values


def _value(column: str, said: Any) -> Any:
    if column not in JSON_COLUMNS or said is None:
        return said
    try:
        return json.loads(said)
    except (ValueError, TypeError, RecursionError):
        return None
