"""Airflow's own database with its tables, made once for all workers and copied where one is needed.

Migrating from nothing takes eight seconds of processor time; tests/manager/lifecycle/
test_preparing.py and the service of tests/integration prove that it works.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAKE = "from airflow.utils.db import upgradedb; upgradedb()"


def migrated(folder: Path) -> Path:
    """Return the file of an SQLite database that has Airflow's tables and nothing else.

    Args:
        folder: where it is kept; whoever asks first makes it, all others wait.
    """
    database = folder / "airflow.db"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            made = folder / "made.db"
            environment = os.environ | {
                "AIRFLOW_HOME": str(folder),
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{made}",
            }
            subprocess.run([sys.executable, "-c", MAKE], env=environment, check=True)
            made.rename(database)
    return database


def put(database: Path, airflow_home: Path) -> None:
    """Copy this database to where an installation that was never started looks for it."""
    airflow_home.mkdir(parents=True, exist_ok=True)
    shutil.copy(database, airflow_home / "airflow.db")
