"""What a DAG and a script need; nothing here knows the manager, the sandbox or the DAG files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_ROOT = Path(__file__).resolve().parents[1]
MANAGER = "python3 scheduler_manager.py"  # as messages name it, for a person to type
VAR = "SCHEDULER_VAR"
SETTINGS_FILE = "config/airflow.env"
# Airflow's own settings that several programs read.
METADATA_URL = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
TASKS_URL = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
WAREHOUSE = "warehouse"  # the connection that leads to it


def project_version(root: Path = PROJECT_ROOT) -> str:
    """Return the version of a checkout, as its pyproject.toml says; empty where that is not."""
    project = root / "pyproject.toml"
    said = project.read_text("utf-8") if project.exists() else ""
    found = re.search(r'^version = "(.*)"', said, re.MULTILINE)
    return found[1] if found else ""


def var_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder for locks and logs: `SCHEDULER_VAR`, or `var` of the checkout.

    Where the checkout cannot be written, as in a team's own Airflow that mounts it, the folder
    `store-data` in Airflow's home.
    """
    if given := environment.get(VAR):
        return Path(given).expanduser().absolute()
    own = PROJECT_ROOT / "var"
    if os.access(own if own.exists() else PROJECT_ROOT, os.W_OK):
        return own
    return Path(environment.get("AIRFLOW_HOME") or "~/airflow").expanduser() / "store-data"
