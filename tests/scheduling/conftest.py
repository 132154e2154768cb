"""What the tests of checks share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from include.warehouse import connect
from tests.warehouses import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scheduling.checked_dag_run import CheckedDagRun


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
