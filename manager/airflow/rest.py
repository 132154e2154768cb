"""A small client of Airflow's REST API, as the web user `admin`.

From the standard library: importing an HTTP client would cost `trigger` or `status` more time than
all the rest.
"""

import http.client
from collections.abc import Iterator, Mapping
from contextlib import closing
from json import dumps, loads
from typing import Any
from urllib.parse import quote, urlencode

from include.errors import ExpectedError
from include.foreign_errors import explained
from include.language import N_, _
from include.text import storable
from manager.layout import Layout
from manager.lifecycle.ports import Ports

ADMIN = "admin"
API_TIMEOUT = 10.0
PAGE = 100  # Airflow gives no more at once
NOT_FOUND = 404
CONFLICT = 409
FIRST_ERROR = 400


class ApiError(ExpectedError):
    """The API does not answer, or answers with an error."""


class NotThereError(ApiError):
    """The API knows nothing by that name."""


class UnansweredError(ApiError):
    """The API was busy or away: the same call may be answered later."""


class ThereAlreadyError(ApiError):
    """What was to be made is there already."""


KINDS = {NOT_FOUND: NotThereError, CONFLICT: ThereAlreadyError}
FIRST_OF_THE_SERVER = 500


class Api:
    """Airflow's REST API of this installation.

    Args:
        layout: where the password file is.
        ports: where the API listens.
        timeout: seconds to wait for each answer.
        login: user and password, where these are not of the password file.
    """

    def __init__(
        self,
        layout: Layout,
        ports: Ports,
        timeout: float = API_TIMEOUT,
        login: tuple[str, str] | None = None,
    ) -> None:
        self._passwords, self._login = layout.passwords, login
        self._ports = ports
        self._timeout = timeout
        self._headers = {"Content-Type": "application/json"}

    def dags(self) -> dict[str, dict[str, Any]]:
        """Return the DAGs that are there now, by id."""
        return {dag["dag_id"]: dag for dag in self._pages("/api/v2/dags", "dags")}

    def dags_with_last_run(self) -> list[dict[str, Any]]:
        """Return the DAGs with their last run under `last_run`, None before the first.

        Those that are there no more (`is_stale`) are among them.
        """
        dags = {
            dag["dag_id"]: {**dag, "last_run": None}
            for dag in self._pages("/api/v2/dags", "dags", exclude_stale=False)
        }
        missing = set(dags)
        while missing:
            # The newest runs of all whose last one is not known yet; each page has that of one.
            body = {"dag_ids": sorted(missing), "order_by": "-run_after", "page_limit": PAGE}
            page = self._request("POST", "/api/v2/dags/~/dagRuns/list", json=body)
            for run in page["dag_runs"]:
                dags[run["dag_id"]]["last_run"] = dags[run["dag_id"]]["last_run"] or run
                missing.discard(run["dag_id"])
            if len(page["dag_runs"]) == page["total_entries"]:
                break
        return list(dags.values())

    def dag(self, dag_id: str) -> dict[str, Any]:
        """Return one DAG; raises NotThereError."""
        return self._request("GET", f"/api/v2/dags/{quote(storable(dag_id), safe='')}")

    def pause(self, dag_id: str, *, paused: bool) -> None:
        """Pause a DAG or let it run again; raises NotThereError."""
        path = f"/api/v2/dags/{quote(storable(dag_id), safe='')}"
        self._request("PATCH", path, json={"is_paused": paused})

    def import_errors(self) -> list[str]:
        """Return what keeps DAG files from loading, one text per file."""
        errors = self._pages("/api/v2/importErrors", "import_errors")
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in errors]

    def trigger(
        self, dag_id: str, partition_key: str, conf: Mapping[str, Any] | None = None
    ) -> str:
        """Make a run of `dag_id` that covers the period `partition_key`; return its run id."""
        body = {"logical_date": None, "partition_key": partition_key, "conf": dict(conf or {})}
        return self.make_run(dag_id, body)

    def make_run(self, dag_id: str, body: Mapping[str, Any]) -> str:
        """Make a run; return its id. Raises ThereAlreadyError when there is one of that id."""
        return str(self._request("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str = "~", **narrowed: Any) -> list[dict[str, Any]]:
        """Return the runs of one DAG or of all, narrowed by the API's own parameters."""
        return list(self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", **narrowed))

    def newest_runs(self, dag_id: str, number: int) -> list[dict[str, Any]]:
        """Return the runs of one DAG that were made last, the newest first."""
        params = {"limit": number, "order_by": "-run_after"}
        return list(
            self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns", params=params)["dag_runs"]
        )

    def unfinished_runs(self, dag_id: str, partition_key: str) -> list[str]:
        """Return the ids of the runs of that period that wait or work."""
        found = self._request(
            "GET",
            f"/api/v2/dags/{dag_id}/dagRuns",
            params={"state": ["queued", "running"], "partition_key_pattern": partition_key},
        )
        runs = [run for run in found["dag_runs"] if run["partition_key"] == partition_key]
        return [str(run["dag_run_id"]) for run in runs]

    def tasks(self, state: str) -> list[dict[str, Any]]:
        """Return the tasks of all DAGs that are in a state."""
        path = "/api/v2/dags/~/dagRuns/~/taskInstances"
        return list(self._pages(path, "task_instances", state=state))

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        return str(self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def period_of(self, dag_id: str, run_id: str) -> str:
        """Return the period that a run covers, or its id when it says none."""
        run = self._request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        return str(run.get("partition_key") or run_id)

    def task_states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the state of each task of a run, by task id; empty before it is scheduled."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        tasks = self._request("GET", path)["task_instances"]
        return {task["task_id"]: task["state"] or "" for task in tasks}

    def _pages(self, path: str, key: str, **params: Any) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._request("GET", path, params={"limit": PAGE, "offset": offset, **params})
            yield from page[key]
            offset += PAGE
            if offset >= page["total_entries"]:
                return

    def _request(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        if "Authorization" not in self._headers:
            user, password = self._login or (ADMIN, self._password())
            login = {"username": user, "password": password}
            token = self._answer("POST", "/auth/token", json=login)["access_token"]
            self._headers["Authorization"] = f"Bearer {token}"
        return self._answer(method, path, **content)

    def _password(self) -> str:
        try:
            return str(loads(self._passwords.read_text("utf-8"))[ADMIN])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ApiError(
                "{file} has no password of {user!r} ({error}): run `{manager} "
                "restart`, which makes what is missing",
                file=self._passwords,
                user=ADMIN,
                error=explained(error),
            ) from None

    def _answer(
        self, method: str, path: str, *, params: Any = None, json: Any = None
    ) -> dict[str, Any]:
        query = f"?{urlencode(params, doseq=True, errors='backslashreplace')}" if params else ""
        # A run's id holds a + and colons, which are a path's own business.
        target, body = quote(path, safe="/~:%") + query, None if json is None else dumps(json)
        try:
            status, answer = ask(
                self._ports, target, self._timeout, method, body=body, headers=self._headers
            )
        except (OSError, http.client.HTTPException) as error:
            text = N_("the web UI at {url} does not answer ({error}): see `{manager} status`")
            said = explained(error) or type(error).__name__
            raise UnansweredError(text, url=self._ports.local_url, error=said) from error
        if status >= FIRST_ERROR:
            other = UnansweredError if status >= FIRST_OF_THE_SERVER else ApiError
            kind = KINDS.get(status, other)
            raise kind(
                _(
                    "{method} {path} gave HTTP {status}: {detail}",
                    method=method,
                    path=path,
                    status=status,
                    detail=_detail(answer),
                )
            )
        try:
            return dict(loads(answer))
        except ValueError:
            return {}


def ask(
    ports: Ports,
    target: str,
    seconds: float,
    method: str = "GET",
    *,
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send one request to the web UI, past any proxy; return its status and body.

    Raises:
        OSError, http.client.HTTPException: it does not answer in so many seconds.
    """
    connection = http.client.HTTPConnection(ports.local_host, ports.api, timeout=seconds)
    with closing(connection):
        connection.request(method, target, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def _detail(body: bytes) -> str:
    try:
        return str(loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")[:200]
