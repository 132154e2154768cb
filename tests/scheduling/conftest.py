"""What the tests of Airflow's side share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, orm

from include.warehouse import connect
from tests.warehouses import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from tests.scheduling.checked_dag_run import CheckedDagRun


@pytest.fixture(scope="session")
def airflow_tables() -> Iterator[Engine]:
    """Return a database with Airflow's own tables, empty; to make them takes half a second."""
    from airflow.models import import_all_models  # noqa: PLC0415 - as below
    from airflow.models.base import Base  # noqa: PLC0415 - as below

    import_all_models()
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def metadata(airflow_tables: Engine) -> Iterator[Session]:
    """Open Airflow's metadata database; what a test writes to it is taken back."""
    with orm.Session(airflow_tables) as session:
        yield session


@pytest.fixture
def run(
    warehouse_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CheckedDagRun]:
    """Return it; the connection `warehouse` leads to its warehouse."""
    # A folder's conftest is loaded before tests/conftest.py has told Airflow where its plugins are.
    from tests.scheduling.checked_dag_run import CheckedDagRun  # noqa: PLC0415

    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path / "project/var"))
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(fields_of(warehouse_url)))
    engine = connect(warehouse_url)
    yield CheckedDagRun(tmp_path / "project", engine)
    engine.dispose()
