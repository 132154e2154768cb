"""The client of Airflow's REST API, against a small server of its shape."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from manager.airflow.rest import Api, ApiError
from manager.contract_events import api_of
from manager.layout import Layout
from manager.lifecycle.ports import Ports

DAGS = [{"dag_id": f"job_{number:03}"} for number in range(250)]
# The last job never ran; the first has more runs than a page holds, all newer than the others'.
RUNS = [
    *({"dag_id": "job_000", "run_after": f"2026-11-25T{99 - number:02}"} for number in range(120)),
    *({"dag_id": dag["dag_id"], "run_after": "2026-11-24"} for dag in DAGS[1:-1]),
    {"dag_id": "job_001", "run_after": "2026-11-23"},
]


class Airflow(BaseHTTPRequestHandler):
    """Answers as Airflow does: a token for the password, pages of at most 100."""

    def do_POST(self) -> None:
        """Return a token, or refuse the run."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            good = body == {"username": "admin", "password": "right"}
            self._answer(201, {"access_token": "t"}) if good else self._answer(
                401, {"detail": "no"}
            )
        elif self.path == "/api/v2/dags/~/dagRuns/list":
            assert body["order_by"] == "-run_after"
            runs = [run for run in RUNS if run["dag_id"] in body["dag_ids"]]
            self._answer(200, {"dag_runs": runs[: body["page_limit"]], "total_entries": len(runs)})
        else:
            self._answer(422, {"detail": f"{body['partition_key']!r} is no period"})

    def do_GET(self) -> None:
        """Return one page of DAGs."""
        if self.headers.get("Authorization") != "Bearer t":
            self._answer(401, {"detail": "no token"})
            return
        query = parse_qs(urlsplit(self.path).query)
        offset, limit = int(query["offset"][0]), min(100, int(query["limit"][0]))
        self._answer(200, {"dags": DAGS[offset : offset + limit], "total_entries": len(DAGS)})

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def ports() -> Iterator[Ports]:
    """Return the ports of a running server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Ports(server.server_address[1])
        server.shutdown()
        thread.join()


def installation(tmp_path: Path, password: str) -> Layout:
    """Return an installation with that password of admin's."""
    layout = Layout(var=tmp_path)
    layout.passwords.write_text(json.dumps({"admin": password}))
    return layout


def test_all_pages_are_read(tmp_path: Path, ports: Ports) -> None:
    """More DAGs than Airflow gives at once are all there."""
    assert len(Api(installation(tmp_path, "right"), ports).dags()) == 250


def test_each_dag_has_its_last_run(tmp_path: Path, ports: Ports) -> None:
    """Also behind another that has had more runs since than Airflow gives at once."""
    dags = Api(installation(tmp_path, "right"), ports).dags_with_last_run()
    assert [dag["dag_id"] for dag in dags] == [dag["dag_id"] for dag in DAGS]
    assert dags[0]["last_run"] == RUNS[0]
    assert {dag["last_run"]["run_after"] for dag in dags[1:-1]} == {"2026-11-24"}
    assert dags[-1]["last_run"] is None


def test_an_error_says_what_airflow_says(tmp_path: Path, ports: Ports) -> None:
    """Airflow's own explanation reaches the user."""
    with pytest.raises(ApiError, match="HTTP 422: 'x' is no period"):
        Api(installation(tmp_path, "right"), ports).trigger("job_001", "x")


def test_a_wrong_password_is_an_error(tmp_path: Path, ports: Ports) -> None:
    """A password that was changed by hand is not mistaken for a missing service."""
    with pytest.raises(ApiError, match="HTTP 401"):
        Api(installation(tmp_path, "wrong"), ports).dags()


def test_a_proxy_is_not_asked(
    tmp_path: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine is reached directly, whatever proxy the user has set."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert Api(installation(tmp_path, "right"), ports).dags()


def test_no_answer_says_where_to_look(tmp_path: Path) -> None:
    """Where nothing listens, the message names the command that tells more."""
    with pytest.raises(ApiError, match="status"):
        Api(installation(tmp_path, "right"), Ports(1)).dags()


@pytest.mark.parametrize("text", ["", "[]", "{}"])
def test_a_lost_password_says_how_to_make_it_again(tmp_path: Path, ports: Ports, text: str) -> None:
    """Whatever has become of the file."""
    layout = Layout(var=tmp_path)
    layout.passwords.write_text(text)
    with pytest.raises(ApiError, match="restart"):
        Api(layout, ports).dags()


def test_contract_events_logs_in_without_a_password_file(tmp_path: Path, ports: Ports) -> None:
    """In containers, and beside the team's own Airflow, the environment says how and where."""
    where = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{ports.local_url}/execution/"}
    layout = Layout(var=tmp_path)
    assert len(api_of(layout, {**where, "CONTRACTS_PASSWORD": "right"}).dags()) == 250
    somebody = {**where, "CONTRACTS_USER": "somebody", "CONTRACTS_PASSWORD": "right"}
    with pytest.raises(ApiError, match="HTTP 401"):
        api_of(layout, somebody).dags()
