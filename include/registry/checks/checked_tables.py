"""Compares the tables and columns that checks name with those that the project makes.

A team may land in tables of its own, so a table that is not known is never wrong; a column that a
known table does not have always is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.registry import Problem
from include.text import MISTYPED, nearest, quoted, suggestion
from include.warehouse.views import COLUMNS, TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.registry import Job

# Where SQLite and PostgreSQL look for a table without a schema; another is the team's own.
OWN_SCHEMAS = ("main", "public")


def column_problems(job: Job) -> Iterator[Problem]:
    """Return which columns the checks of a job name in vain."""
    checks = job.checks
    table = _own_name(checks.table) if checks and checks.table else ""
    if checks is None or table not in COLUMNS:
        return
    for key, names in (("day", [checks.day]), ("columns", checks.columns)):
        for name in filter(None, names):
            if name.lower() not in COLUMNS[table]:
                near = suggestion(name, COLUMNS[table])
                message = f"checks.{key}: {table} has no column {quoted(name)}: {near}"
                yield Problem(job.file, job.line, 1, job.id, message)
            elif key == "day" and TIMES[table] and name.lower() not in TIMES[table]:
                near = suggestion(name, TIMES[table])
                message = f"checks.day: {quoted(name)} of {table} is no date or time: {near}"
                yield Problem(job.file, job.line, 1, job.id, message)


def nearest_table(job: Job) -> str | None:
    """Return the table that a job's checks seem to mean, if the one they name is none of ours."""
    table = job.checks.table if job.checks else None
    if table is None or _own_name(table) in COLUMNS:
        return None
    return nearest(_own_name(table), COLUMNS, MISTYPED)


def _own_name(table: str) -> str:
    """Return a table's name without the schema that the project's tables are in."""
    name = table.lower()
    for schema in OWN_SCHEMAS:
        name = name.removeprefix(f"{schema}.")
    return name
