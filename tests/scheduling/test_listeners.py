"""What happens as a run by hand begins, and as a DAG processor starts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.types import DagRunType

from include.running.environment import REFUSED_NOTE
from include.scheduling.listeners import RunNotes
from tests.registry.conftest import ProjectFolder

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2025, 10, 3, 15, tzinfo=SHANGHAI)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: Session) -> Session:
    """Open a metadata database that is Airflow's own, beside a project with one job."""
    monkeypatch.setenv("SCHEDULER_ROOT", str(tmp_path))
    project = ProjectFolder(tmp_path)
    project.write_entry(
        "id: own", "name: x", 'cron: "0 7 * * *"', "script: good.py", "platform: erp"
    )
    project.write_shops("{id: erp-1, platform: erp, name: x, connection: e, platform_id: 1}")
    return metadata


def _begun(session: Session, **given: Any) -> DagRun:
    """Make a run, tell the listener that it begins, and read what was stored."""
    run_type = given.pop("run_type", DagRunType.MANUAL)
    run = DagRun(dag_id="own", run_id="x", run_type=run_type, run_after=NOW, **given)
    session.add(run)
    session.flush()
    RunNotes().on_dag_run_running(dag_run=run)
    session.flush()
    session.expire_all()
    found = session.get(DagRun, run.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({}, "2025-10-02"),
        ({"conf": {"period": "2025-09-20", "shops": ["erp-1"]}}, "2025-09-20"),
        ({"logical_date": datetime(2025, 9, 20, tzinfo=SHANGHAI)}, "2025-09-20"),
        ({"partition_key": "2025-09-20"}, "2025-09-20"),
        ({"conf": {"from": "2025-09-20", "to": "2025-09-22"}}, None),
        ({"run_type": DagRunType.BACKFILL_JOB}, None),
    ],
)
def test_a_run_by_hand_shows_the_day_that_it_covers(
    session: Session, given: dict[str, Any], key: str | None
) -> None:
    """As its partition key, which the list has a column for, however the day was asked for."""
    assert _begun(session, **given).partition_key == key


def test_the_date_is_that_of_the_key(session: Session) -> None:
    """It is the day's first instant, by which runs are listed and cleared."""
    date = _begun(session).partition_date
    assert date is not None
    assert date.replace(tzinfo=ZoneInfo("UTC")) == datetime(2025, 10, 2, tzinfo=SHANGHAI)


def test_several_periods_stand_in_the_note(session: Session) -> None:
    """What somebody wrote there stays."""
    run = _begun(session, conf={"from": "2025-09-20", "to": "2025-09-22"}, note="for Li")
    assert run.note == "2025-09-20 to 2025-09-22\nfor Li"


@pytest.mark.parametrize(
    ("conf", "why"),
    [
        ({"perod": "2025-10-02"}, "conf 'perod' is not known: did you mean 'period'?"),
        ({"shops": ["erp-9"]}, "there is no shop 'erp-9'"),
    ],
)
def test_a_run_that_will_be_refused_says_why(
    session: Session, conf: dict[str, Any], why: str
) -> None:
    """The note has the line that its task's log has, and no key claims a day for it."""
    run = _begun(session, conf=conf)
    assert run.note is not None
    assert run.note.startswith(REFUSED_NOTE)
    assert why in run.note
    assert run.partition_key is None
