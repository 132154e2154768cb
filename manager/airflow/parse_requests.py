"""Asks Airflow to parse the project's DAG files now, as its REST route `parseDagFile` does.

In Airflow's database, where that route leaves its requests: it refuses a file without DAGs, as
`dags/registry_errors.py` is, so that what is wrong in an edited entry would be shown ten minutes
later; and it wants the password of a web user, which a service that nobody logs in to has not.
"""

import hashlib
from contextlib import suppress

from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

BUNDLE = "dags-folder"  # what Airflow calls the folder of [core] dags_folder
JOBS_FILE = "registered_jobs.py"
FILES = (JOBS_FILE, "registry_errors.py", "contracts.py")

REQUEST = (
    "INSERT INTO dag_priority_parsing_request (id, bundle_name, relative_fileloc) "
    "VALUES (:id, :bundle, :file)"
)
PARSED = (
    "SELECT COUNT(*), COUNT(CASE WHEN is_stale THEN NULL ELSE 1 END), MAX(last_parse_duration) "
    "FROM dag WHERE bundle_name = :bundle AND relative_fileloc = :file"
)


class ParseRequests:
    """The DAG files of an installation, and what Airflow made of them.

    Args:
        url: SQLAlchemy's of Airflow's database.

    Its methods raise SQLAlchemyError where that does not answer.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_pre_ping=True)

    def ask(self) -> None:
        """Have the DAG processor parse the files next; what it has been asked already stays so."""
        for file in FILES:
            id_ = hashlib.md5(f"{BUNDLE}:{file}".encode(), usedforsecurity=False).hexdigest()
            # Already there: it has not been taken yet.
            with suppress(IntegrityError), self._engine.begin() as connection:
                connection.execute(text(REQUEST), {"id": id_, "bundle": BUNDLE, "file": file})

    def parse_seconds(self) -> float:
        """Return how long the last parse of the jobs took; 0 where there was none."""
        return float(self._parsed()[2] or 0)

    def lost(self) -> bool:
        """Return whether Airflow has given up all jobs, as it does after a parse that failed."""
        there, active, _ = self._parsed()
        return there > 0 and active == 0

    def _parsed(self) -> tuple[int, int, float | None]:
        with self._engine.connect() as connection:
            row = connection.execute(text(PARSED), {"bundle": BUNDLE, "file": JOBS_FILE}).one()
        return row[0], row[1], row[2]
