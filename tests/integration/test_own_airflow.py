"""The project in an Airflow of a team's own: docs/own-airflow.md, walked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from include import PROJECT_ROOT
from tests.integration.installation import NOT_COPIED, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS, RUN_SECONDS = 600, 600


@contextmanager
def _running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run a program, and end it with all that it has started."""
    with log.open("wb") as file:
        process = psutil.Popen(
            command,
            cwd=log.parent,
            env=environment,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            family = [process, *process.children(recursive=True)]
            process.send_signal(signal.SIGTERM)
            _, left = psutil.wait_procs(family, timeout=20)
            for each in left:
                each.kill()
            psutil.wait_procs(left, timeout=20)


def _until(answer: Any, seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := answer():
                return found
        except (httpx.HTTPError, OSError, KeyError):
            pass
        assert time.monotonic() < deadline
        time.sleep(1)


@pytest.mark.campaign
def test_a_job_lands_in_a_teams_own_airflow(tmp_path: Path) -> None:
    """With Airflow's own configuration, `include.prepare` and `airflow standalone`; no more."""
    root, home = tmp_path / "checkout", tmp_path / "airflow"
    shutil.copytree(PROJECT_ROOT, root, ignore=shutil.ignore_patterns(*NOT_COPIED))
    base = free_ports().base
    url, sandbox = f"http://localhost:{base}", f"http://127.0.0.1:{base + 3}"
    environment = {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(tmp_path),
        "PYTHONPATH": str(root),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(root / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__API__PORT": str(base),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(base + 1),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(base + 2),
        "SCHEDULER_SANDBOX_URL": sandbox,
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("airflow", "db", "migrate")
    assert "connections made: warehouse, erp, " in run("include.prepare")
    again = run("include.prepare")
    assert "pools made or changed: none\nconnections made: none\n" in again
    assert "(as it was)" in again
    gateway = [sys.executable, "-m", "sandbox", "--port", str(base + 3)]
    airflow = [sys.executable, "-m", "airflow", "standalone"]
    with (
        _running(gateway, environment, tmp_path / "sandbox.log"),
        _running(airflow, environment, tmp_path / "standalone.log"),
        httpx.Client(base_url=url, timeout=60, trust_env=False) as client,
    ):
        passwords = home / "simple_auth_manager_passwords.json.generated"
        password = _until(lambda: json.loads(passwords.read_text("utf-8"))["admin"], START_SECONDS)
        login = {"username": "admin", "password": password}
        token = _until(
            lambda: client.post("/auth/token", json=login).json()["access_token"], START_SECONDS
        )
        client.headers["Authorization"] = f"Bearer {token}"
        job = "/api/v2/dags/erp_store"
        _until(lambda: client.patch(job, json={"is_paused": False}).is_success, START_SECONDS)
        runs = _until(lambda: client.get(f"{job}/dagRuns").json()["dag_runs"], START_SECONDS)
        (name,) = (run["dag_run_id"] for run in runs)
        _until(
            lambda: client.get(f"{job}/dagRuns/{name}").json()["state"] in ("success", "failed"),
            RUN_SECONDS,
        )
        assert client.get(f"{job}/dagRuns/{name}").json()["state"] == "success"
