"""What is said when the containers cannot be prepared; test_compose.py prepares them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from manager.lifecycle.containers import main


def test_a_wrong_environment_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, before anything is touched."""
    right = {"AIRFLOW_HOME": f"{tmp_path}/airflow", "SCHEDULER_VAR": str(tmp_path)}
    for name, value in {**right, "ADMIN_PASSWORD": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="is empty: write the password of 'admin'"):
        main()
    done = subprocess.run(
        [sys.executable, "-m", "manager.lifecycle.containers"],
        cwd=PROJECT_ROOT,
        env={"PATH": os.environ["PATH"], **right, "SCHEDULER_VAR": "/elsewhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "run `unset SCHEDULER_VAR SCHEDULER_ROOT`" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [*tmp_path.iterdir()]
