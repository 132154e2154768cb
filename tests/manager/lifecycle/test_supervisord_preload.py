"""Supervisord that has imported Airflow for its components."""

import subprocess
import sys

import pytest

from include import PROJECT_ROOT

LOOK = """
import sys, threading
from manager.lifecycle.supervisord_preload import PRELOADED, preload
preload()
from airflow import settings
print(threading.active_count(), settings.engine, set(PRELOADED) <= set(sys.modules))
print("alembic" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="nothing is imported ahead elsewhere")
def test_what_is_imported_ahead_can_be_forked() -> None:
    """No thread, no database connection, and nothing that migrations alone need."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-2:] == ["1 None True", "False"]
