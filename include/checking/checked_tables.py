"""Holds the tables and columns that checks name against those that the project makes.

A team may land in tables of its own, so a table that is not known is never wrong; a column that a
known table does not have always is.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from include.registry import Problem
from include.registry.problems import quoted, suggestion
from include.warehouse.views import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.registry import Job

# Names that differ in more than a letter or two are hardly mistyped.
NEAR = 0.85


def column_problems(jobs: Iterable[Job]) -> Iterator[Problem]:
    """Say which columns the checks of jobs name in vain."""
    for job in jobs:
        if job.checks is None or job.checks.table is None:
            continue
        table = job.checks.table.lower()
        for key, names in (("day", [job.checks.day]), ("columns", job.checks.columns)):
            for name in names:
                if table in COLUMNS and name and name.lower() not in COLUMNS[table]:
                    near = suggestion(name, COLUMNS[table])
                    message = f"checks.{key}: {table} has no column {quoted(name)}: {near}"
                    yield Problem(job.file, job.line, 1, job.id, message)


def nearest_table(job: Job) -> str | None:
    """Give the table that a job's checks seem to mean, if the one they name is none of ours."""
    table = job.checks.table if job.checks else None
    if table is None or table.lower() in COLUMNS:
        return None
    return next(iter(get_close_matches(table.lower(), COLUMNS, n=1, cutoff=NEAR)), None)
