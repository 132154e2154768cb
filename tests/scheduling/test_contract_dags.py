"""The DAG of a contract: Airflow is told once of each revision, and who waits for it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.serialization.serialized_objects import DagSerialization

from include.registry.contracts import Contracts
from include.scheduling import contract_dags
from tests.airflow_database import put
from tests.scheduling.contract_chain import BY_HAND
from tests.warehouses import empty_file, fields_of

if TYPE_CHECKING:
    import pytest

    from include.registry.contracts import Contract

ROOT = Path(__file__).parents[2]
KEY = "2025-10-02"
SOON_MIDNIGHT = "2025-10-01T16:00:00+00:00"


def test_a_day_that_is_complete_and_restated(tmp_path: Path, airflow_database: Path) -> None:
    """One event and one run of the reader per revision, through a kill; none early or by hand."""
    put(airflow_database, tmp_path / "airflow")
    url = empty_file(tmp_path)
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow/airflow.db",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(fields_of(url)),
        "WAREHOUSE_URL": url,
        "HOME_OF_PROJECT": str(tmp_path / "project"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.scheduling.contract_chain"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["early"] == []
    assert told["events"] == [["day", KEY, 1], ["day", KEY, 2]]
    assert told["readers"] == [[KEY, SOON_MIDNIGHT]] * 2
    assert told["followers"] == [
        [f"after__{KEY}__r1", KEY, {}, "queued"],
        [f"after__{KEY}__r2", KEY, {"again": True}, "queued"],
    ]
    assert [run[1:] for run in told["runs"]] == [
        [f"complete__{KEY}__r1", "success"],
        [f"complete__{KEY}__r2", "success"],
        [BY_HAND, "failed"],
    ]


def test_a_contract_that_becomes_no_dag_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are there."""
    made = contract_dags.contract_dag

    def boom(contract: Contract) -> object:
        if contract.id == "store_day":
            raise RuntimeError("boom")
        return made(contract)

    monkeypatch.setattr(contract_dags, "contract_dag", boom)
    assert list(contract_dags.build_contract_dags()) == []


def test_a_dag_is_the_same_each_time_it_is_parsed() -> None:
    """Else Airflow would keep a new version of it with each parse."""
    (first,) = contract_dags.build_contract_dags(only="contract.store_day")
    (second,) = contract_dags.build_contract_dags()
    assert DagSerialization.to_dict(first) == DagSerialization.to_dict(second)
    assert list(contract_dags.build_contract_dags(only="erp_store")) == []


def test_a_task_whose_contract_is_being_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no more than the id; the DAG itself is gone only while the entry is broken."""
    monkeypatch.setattr(contract_dags, "load_contracts", lambda **_: Contracts())
    (dag,) = contract_dags.build_contract_dags(only="contract.day")
    assert (dag.dag_id, dag.task_ids) == ("contract.day", ["complete"])
    assert list(contract_dags.build_contract_dags(only="erp_store")) == []
    assert list(contract_dags.build_contract_dags()) == []
