"""What is said when the containers cannot be prepared; test_compose.py prepares them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SCHEDULER_VAR": "/elsewhere"}, "run `unset SCHEDULER_VAR SCHEDULER_ROOT`"),
        ({"ADMIN_PASSWORD": ""}, "ADMIN_PASSWORD is empty: write the password of 'admin'"),
    ],
)
def test_a_wrong_environment_is_told(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    """In a sentence, before anything is touched."""
    right = {"AIRFLOW_HOME": f"{tmp_path}/airflow", "SCHEDULER_VAR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "manager.lifecycle.containers"],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], **right, "ADMIN_PASSWORD": "secret", **changed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not [*tmp_path.iterdir()]
