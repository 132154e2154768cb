"""Which jobs do not run because Airflow cannot import them, and what it says of that.

It goes on listing a DAG for up to two minutes after its file has ceased to make it, with a next run
that will not come, and then lists it no more.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# How the message of dags/registry_errors.py begins; a line for each problem follows.
SEVERAL = re.compile(r"\d+ problems? in config:$")
OF_A_JOB = re.compile(r"config/[^:]+(?::\d+:\d+)?: (\w+): ")
# All DAGs of a file are written down one after the other, and the file is seldom read again within
# so few seconds.
ONE_READING = timedelta(seconds=5)


def said(error: str) -> list[str]:
    """Return the lines of an import error that say what is wrong."""
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    heads = [number for number, line in enumerate(lines) if SEVERAL.search(line)]
    return lines[heads[-1] + 1 :] if heads else lines[-1:] or [error]


def not_imported(dags: Sequence[dict[str, Any]], errors: Iterable[str]) -> dict[str, str]:
    """Find the DAGs that do not run, and why; the reason is empty when no error names them.

    Args:
        dags: as Airflow lists them, also those that it calls stale.
        errors: what keeps files from loading, each with its file before it.
    """
    whole = list(errors)
    named = {match[1]: line for line in _lines(whole) if (match := OF_A_JOB.match(line))}
    newest: dict[str, datetime] = {}
    for dag in dags:
        if moment := _parsed(dag):
            newest[_file(dag)] = max(moment, newest.get(_file(dag), moment))
    found = {}
    for dag in dags:
        moment = _parsed(dag)
        late = moment is not None and newest[_file(dag)] - moment > ONE_READING
        if dag.get("has_import_errors"):
            own = [error for error in whole if error.startswith(f"{_file(dag)}: ")]
            found[dag["dag_id"]] = "\n".join(_lines(own))
        elif late or dag.get("is_stale"):
            found[dag["dag_id"]] = named.get(dag["dag_id"], "")
    return found


def _lines(errors: Iterable[str]) -> list[str]:
    return [line for error in errors for line in said(error)]


def _file(dag: dict[str, Any]) -> str:
    return dag.get("relative_fileloc") or ""


def _parsed(dag: dict[str, Any]) -> datetime | None:
    text = dag.get("last_parsed_time")
    # Python 3.10 does not read a Z.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None
