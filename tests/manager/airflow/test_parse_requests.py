"""Asking Airflow to parse the DAG files, in its own tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.models.dag import DagModel
from airflow.models.dagbag import DagPriorityParsingRequest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from manager.airflow.parse_requests import BUNDLE, FILES, JOBS_FILE, ParseRequests


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Session]:
    """Return a database with the two tables, as Airflow makes them."""
    engine = create_engine(f"sqlite:///{tmp_path}/airflow.db")
    for model in (DagModel, DagPriorityParsingRequest):
        model.__table__.create(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def requests(database: Session) -> ParseRequests:
    """Return what is asked there."""
    return ParseRequests(str(database.get_bind().url))  # type: ignore[union-attr] # an engine


def test_a_request_is_one_of_airflows_own(database: Session, requests: ParseRequests) -> None:
    """The DAG processor finds both files, and asking again before it came changes nothing."""
    requests.ask()
    requests.ask()
    found = database.scalars(select(DagPriorityParsingRequest)).all()
    assert {(each.bundle_name, each.relative_fileloc) for each in found} == {
        (BUNDLE, file) for file in FILES
    }
    ids = {each.id for each in found}
    for each in found:
        database.delete(each)  # as the DAG processor does with what it takes
    database.flush()
    for file in FILES:  # as the REST route does
        database.add(DagPriorityParsingRequest(bundle_name=BUNDLE, relative_fileloc=file))
    database.flush()
    assert {*database.scalars(select(DagPriorityParsingRequest.id))} == ids


def test_the_files_are_there() -> None:
    """They are the DAG files of the project, and the first is the one with the DAGs."""
    from include import PROJECT_ROOT  # noqa: PLC0415 - only here

    assert sorted(path.name for path in (PROJECT_ROOT / "dags").glob("*.py")) == sorted(FILES)


@pytest.mark.parametrize(
    ("stale", "lost"), [([], False), ([False, True], False), ([True, True], True)]
)
def test_jobs_are_lost_when_airflow_has_given_up_all(
    database: Session,
    requests: ParseRequests,
    stale: list[bool],
    lost: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """Not while there are none, and not for one whose entry is gone."""
    for number, is_stale in enumerate(stale):
        dag = DagModel(dag_id=f"job_{number}", bundle_name=BUNDLE, is_stale=is_stale)
        dag.relative_fileloc, dag.last_parse_duration = JOBS_FILE, 1.5
        database.add(dag)
    other = DagModel(dag_id="other", bundle_name=BUNDLE, is_stale=False)
    other.relative_fileloc, other.last_parse_duration = "own.py", 9
    database.add(other)
    database.commit()
    assert requests.lost() == lost
    assert requests.parse_seconds() == (1.5 if stale else 0)
