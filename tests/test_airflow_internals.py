"""What the project uses of Airflow besides its public interface: docs/airflow-internals.md."""

from __future__ import annotations

import ast
import importlib
import re
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import pytest
from airflow import models
from airflow.models.base import Base
from sqlalchemy import TableClause

from include.alerts import connections
from include.alerts.watching import airflow_database
from include.coverage import airflow_runs
from include.housekeeping import airflow_rows
from manager.airflow import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

# Housekeeping cleans what there is.
GONE_IN_3_4 = {"task_instance_history", "xcom"}
ROOT = Path(__file__).parents[1]
ROOMS = ("include", "plugins", "dags", "manager", "sandbox")
PUBLIC = (
    *("airflow.sdk", "airflow.providers", "airflow.timetables.base", "airflow.timetables.trigger"),
    *("airflow.plugins_manager", "airflow.listeners", "airflow.task.priority_strategy"),
    *("airflow.exceptions", "airflow.configuration"),
)
MODULE = re.compile(r"airflow(\.\w+)+", re.ASCII)
PAGE = (ROOT / "docs/airflow-internals.md").read_text("utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
NAMES = [
    name
    for row in ROWS
    for name in re.findall(r"`(\w[\w.]*)`", row[0])
    if name.lower().startswith(("airflow.", "_airflow"))
]
COLUMNS = {
    row[0].strip("| `"): set(re.findall(r"`(\w+)`", row[1]))
    for row in ROWS
    if "airflow" not in row[0].lower()
}


def _used(tree: ast.AST) -> Iterator[str]:
    """Yield the full names that a module imports of Airflow; what only types need is left out."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.ImportFrom) and (tree.module or "").split(".")[0] == "airflow":
        yield from (f"{tree.module}.{alias.name}" for alias in tree.names)
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names if alias.name.split(".")[0] == "airflow")
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        named = MODULE.fullmatch(tree.value)
        if named and "." in tree.value and _is_module(tree.value):
            yield tree.value
    for child in ast.iter_child_nodes(tree):
        yield from _used(child)


def _is_module(name: str) -> bool:
    """Return whether a text names a module of Airflow's."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _is_public(name: str) -> bool:
    published = any(name == public or name.startswith(f"{public}.") for public in PUBLIC)
    return published and not any(part.startswith("_") for part in name.split("."))


def test_what_is_not_public_is_listed() -> None:
    """Each import of Airflow is of its public interface, or has a row; no row is for nothing."""
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    used = {name for path in files for name in _used(ast.parse(path.read_text("utf-8")))}
    assert len(used) > 20
    listed = {name for name in NAMES if not name.startswith("_")}
    insides = {name for name in used if not _is_public(name)}
    assert insides <= listed, "add them to docs/airflow-internals.md, with why"
    assert listed <= used, "the code no longer uses them: take them out of the page"


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_there(name: str) -> None:
    """In the Airflow that is installed."""
    if name.startswith("_"):
        package = find_spec("airflow")
        assert package is not None
        assert package.origin is not None
        assert name in Path(package.origin).read_text("utf-8")
        return
    provider = re.match(r"airflow\.providers\.\w+", name)
    if provider and not _is_module(provider[0]):
        pytest.skip(f"{provider[0]} is installed in the containers only")
    if not _is_module(name):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute)


def test_the_columns_are_there() -> None:
    """And those by which the code reads and cleans tables are the ones that are listed."""
    modules = [one.name for one in iter_modules(models.__path__, "airflow.models.")]
    for name in modules:  # Airflow's own list of them leaves some out in 3.4
        importlib.import_module(name)
    for table, columns in COLUMNS.items():
        if table in GONE_IN_3_4 and table not in Base.metadata.tables:
            continue
        assert columns <= set(Base.metadata.tables[table].columns.keys()), table
    queried = [
        each
        for module in (airflow_runs, airflow_database, connections, tables, airflow_rows)
        for each in vars(module).values()
        if isinstance(each, TableClause)
    ]
    for clause in queried:
        if clause.name in Base.metadata.tables:
            assert set(clause.columns.keys()) <= COLUMNS[clause.name], clause.name
    for table, column in airflow_rows.TABLES.items():
        if table in Base.metadata.tables:
            assert column in COLUMNS[table], table


def test_a_run_knows_its_dags_row() -> None:
    """By which the timetable finds how far the schedule has come."""
    assert "dag_model" in importlib.import_module("airflow.models.dagrun").DagRun.__mapper__.attrs
