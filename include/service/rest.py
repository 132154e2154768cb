"""A small client of Airflow's REST API, as the web user `admin`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

from include.errors import ExpectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.service.layout import Layout
    from include.service.ports import Ports

ADMIN = "admin"
ANSWER_SECONDS = 10.0
PAGE = 100  # Airflow gives no more at once


class ApiError(ExpectedError):
    """The API does not answer, or answers with an error."""


class Api:
    """Airflow's REST API of this installation.

    Args:
        layout: where the password file is.
        ports: where the API listens.
        timeout: seconds to wait for each answer.
    """

    def __init__(self, layout: Layout, ports: Ports, timeout: float = ANSWER_SECONDS) -> None:
        self._passwords = layout.passwords
        # trust_env: a proxy in the user's environment must not be asked for this machine.
        self._client = httpx.Client(base_url=ports.url, timeout=timeout, trust_env=False)

    def dags(self) -> dict[str, dict[str, Any]]:
        """Return the DAGs that are there now, by id."""
        return {dag["dag_id"]: dag for dag in self._pages("/api/v2/dags", "dags")}

    def import_errors(self) -> list[str]:
        """Return what keeps DAG files from loading, one text per file."""
        errors = self._pages("/api/v2/importErrors", "import_errors")
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in errors]

    def trigger(self, dag_id: str, partition_key: str) -> str:
        """Make a run of `dag_id` that covers the period `partition_key`; return its run id."""
        body = {"logical_date": None, "partition_key": partition_key}
        run = self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)
        return str(run["dag_run_id"])

    def unfinished_run(self, dag_id: str, partition_key: str) -> str | None:
        """Return the id of a run of that period that waits or works, if there is one."""
        found = self._request(
            "GET",
            f"/api/v2/dags/{dag_id}/dagRuns",
            params={"state": ["queued", "running"], "partition_key_pattern": partition_key},
        )
        runs = [run for run in found["dag_runs"] if run["partition_key"] == partition_key]
        return str(runs[0]["dag_run_id"]) if runs else None

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        return str(self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run, by task id; empty before it is scheduled."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        tasks = self._request("GET", path)["task_instances"]
        return {task["task_id"]: task["state"] or "" for task in tasks}

    def _pages(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._request("GET", path, params={"limit": PAGE, "offset": offset})
            yield from page[key]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

    def _request(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        if "Authorization" not in self._client.headers:
            password = json.loads(self._passwords.read_text("utf-8"))[ADMIN]
            login = {"username": ADMIN, "password": password}
            token = self._answer("POST", "/auth/token", json=login)["access_token"]
            self._client.headers["Authorization"] = f"Bearer {token}"
        return self._answer(method, path, **content)

    def _answer(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, **content)
        except httpx.HTTPError as error:
            raise ApiError(
                f"the web UI at {self._client.base_url} does not answer ({error or type(error)}): "
                "see `python3 scheduler_manager.py status`"
            ) from error
        if response.is_error:
            raise ApiError(f"{method} {path} gave HTTP {response.status_code}: {_detail(response)}")
        return dict(response.json())


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]
