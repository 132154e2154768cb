"""Who may ask what: every route of every server that we start, with and without credentials.

What is asked for does not exist, so that a door that should be shut does no harm when it is not.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from manager.lifecycle.settings import component_environment
from sandbox.app import create_app
from tests.integration import served_routes
from tests.integration.installation import VIEWER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.installation import Service

Route = tuple[str, str]

PAGE = "a page without content: what it shows it asks for, with credentials"
FILES = "scripts and pictures of the pages"
LOGIN = "takes name and password, or leads to the page that does"
STATE = "says whether the service is well; `status` and containers ask it"
DESCRIPTION = "describes the API, which is Airflow's and known to everybody"
GONE = "says that Airflow 2 had it"
# Who has no credentials may ask these, and nothing else.
OPEN = {
    "/{rest_of_path:path}": PAGE,
    "/auth/{rest_of_path:path}": PAGE,
    "/static/{file}": FILES,
    "/auth/static/{file}": FILES,
    "/auth/token": LOGIN,
    "/auth/token/cli": LOGIN,
    "/api/v2/auth/login": LOGIN,
    "/api/v2/auth/logout": LOGIN,
    "/api/v2/monitor/health": STATE,
    "/api/v2/version": STATE,
    "/execution/health": STATE,
    "/execution/health/ping": STATE,
    "/openapi.json": DESCRIPTION,
    "/auth/openapi.json": DESCRIPTION,
    "/auth/docs": DESCRIPTION,
    "/auth/docs/oauth2-redirect": DESCRIPTION,
    "/auth/redoc": DESCRIPTION,
    "/execution/openapi.json": DESCRIPTION,
    "/execution/docs": DESCRIPTION,
    "/execution/docs/oauth2-redirect": DESCRIPTION,
    "/execution/redoc": DESCRIPTION,
    "/execution/changelog": DESCRIPTION,
    "/health": GONE,
    "/api/v1/{_:path}": GONE,
    "/api/{_:path}": GONE,
}
# A viewer may send these: they answer a question, or concern the viewer alone.
VIEWERS_OWN = {
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/list"),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list"),
    ("POST", "/api/v2/dags/{dag_id}/favorite"),
    ("POST", "/api/v2/dags/{dag_id}/unfavorite"),
    ("POST", "/ui/auth/token"),
    ("GET", "/api/v2/connections/enqueue-test"),  # a test that was asked for, by its own token
}
NOT_A_VIEWERS = ("/api/v2/connections", "/api/v2/variables", "/api/v2/config")
# What is looked at before the credentials are.
BODIES: dict[str, Any] = {
    "/api/v2/connections": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/pools": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/variables": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/dags/{dag_id}/dagRuns": {"actions": [{"action": "delete", "entities": ["nothing"]}]},
    "/api/v2/connections/enqueue-test": {"connection_id": "nothing", "conn_type": "http"},
    "/api/v2/dags/{dag_id}/clearDagRuns": {"partition_key": "2025-10-02"},
}
WITH_BODY = ("POST", "PUT", "PATCH")
READING = ("GET", "HEAD")
SHUT = (401, 403)


@pytest.fixture(scope="module")
def routes(quiet: Service) -> list[Route]:
    """Return every route of the api-server: the API's, the UI's, the tasks', the plugins'."""
    done = subprocess.run(
        [quiet.layout.python, served_routes.__file__],
        cwd=quiet.root,
        env=component_environment(quiet.layout, quiet.ports),
        capture_output=True,
        text=True,
        check=True,
    )
    found = [tuple(route) for route in json.loads(done.stdout.rpartition(served_routes.MARK)[2])]
    with quiet.client() as anybody:
        # The tasks' API is made when it is first asked for.
        version = max(re.findall(r"\d{4}-\d\d-\d\d", anybody.get("/execution/docs").text))
        answer = anybody.get("/execution/openapi.json", params={"version": version}).json()
    return [
        *found,
        *(
            (one.upper(), f"/execution{path}")
            for path in answer["paths"]
            for one in answer["paths"][path]
        ),
    ]


@pytest.fixture(scope="module")
def real(quiet: Service) -> dict[str, str]:
    """Return what a route looks for before it looks at the credentials: it must be there."""
    with quiet.client("admin") as admin:
        day = "2025-10-05T00:00:00"
        wish = {"dag_id": "generate_daily", "from_date": day, "to_date": day}
        backfill = admin.post("/api/v2/backfills", json=wish).json()
        details = admin.get("/api/v2/dags/generate_daily/details").json()
    return {"backfill_id": str(backfill["id"]), "file_token": details["file_token"]}


def _status(client: httpx.Client, route: Route, real: Mapping[str, str] | None = None) -> int:
    method, path = route

    def filled(name: re.Match[str]) -> str:
        return (real or {}).get(name[1], "1")

    body = {"json": BODIES.get(path, {})} if method in WITH_BODY else {}
    return client.request(method, re.sub(r"{(\w+)[^}]*}", filled, path), **body).status_code


def test_all_routes_are_known(routes: list[Route]) -> None:
    """Those of each part of the server are among them, and no exception is out of date."""
    paths = {path for _, path in routes}
    for one in (
        "/api/v2/dags/{dag_id}/dagRuns",
        "/ui/config",
        "/auth/token",
        "/execution/variables/keys",
    ):
        assert one in paths
    assert len(routes) > 200
    assert not set(OPEN) - paths
    assert not VIEWERS_OWN - set(routes)


def test_nothing_is_told_without_credentials(quiet: Service, routes: list[Route]) -> None:
    """Each route but those that have a reason refuses whoever has not logged in."""
    with quiet.client() as anybody:
        told = {route: _status(anybody, route) for route in routes if route[1] not in OPEN}
    assert {route: status for route, status in told.items() if status not in SHUT} == {}


def test_a_session_that_somebody_made_up_is_none(quiet: Service) -> None:
    """A token that our secret has not signed is refused, as a cookie and as a header."""
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJBRE1JTiIsImV4cCI6OTk5OTk5OTk5OX0."
    with quiet.client() as anybody:
        asked = [
            anybody.get("/api/v2/connections", headers={"Authorization": f"Bearer {forged}"}),
            anybody.get("/api/v2/connections", headers={"Cookie": f"_token={forged}"}),
        ]
    assert [answer.status_code for answer in asked] == [403, 403]


def test_a_page_elsewhere_sends_nothing_with_the_session(quiet: Service) -> None:
    """What a browser sends unasked is no JSON, and for JSON no other origin is allowed."""
    session = quiet.client("admin").headers["Authorization"].removeprefix("Bearer ")
    elsewhere = {"Cookie": f"_token={session}", "Origin": "https://page.example"}
    path = "/api/v2/dags/erp_store/dagRuns"
    with quiet.client() as browser:
        assert browser.get(path, headers=elsewhere).status_code == 200
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            headers = {**elsewhere, **({"Content-Type": kind} if kind else {})}
            assert browser.post(path, content=b"{}", headers=headers).status_code == 422
        asked = {"Access-Control-Request-Method": "POST", "Origin": "https://page.example"}
        answer = browser.options(path, headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_password_opens_but_the_right_one(quiet: Service) -> None:
    """Neither an empty one nor none, and there is no way in for everybody."""
    with quiet.client() as anybody:
        for password in ("", "admin", "airflow"):
            wish = {"username": "admin", "password": password}
            assert anybody.post("/auth/token", json=wish).status_code in (400, 401, 422)
        assert anybody.get("/auth/token").status_code == 403
        assert anybody.get("/auth/token/login").status_code == 403


def test_a_viewer_changes_nothing(
    quiet: Service, routes: list[Route], real: dict[str, str]
) -> None:
    """Each route that writes is shut for a viewer, and so are connections, variables, settings."""
    shut = [
        route
        for route in routes
        if route[1] not in OPEN and (route[0] not in READING or route[1].startswith(NOT_A_VIEWERS))
    ]
    with quiet.client(VIEWER) as viewer:
        told = {route: _status(viewer, route, real) for route in shut if route not in VIEWERS_OWN}
    assert len(told) > 60
    assert {route: status for route, status in told.items() if status not in SHUT} == {}


def test_nobody_speaks_for_a_task(quiet: Service, routes: list[Route]) -> None:
    """What tasks ask, connections above all, is shut for an admin, too: their tokens differ."""
    tasks = [path for path in routes if path[1].startswith("/execution/") and path[1] not in OPEN]
    with quiet.client("admin") as admin:
        told = {route: _status(admin, route) for route in tasks}
    assert len(told) > 40
    assert {route: status for route, status in told.items() if status not in SHUT} == {}


@pytest.mark.parametrize("folder", ["/static", "/auth/static"])
def test_no_file_is_served_but_those_of_the_pages(quiet: Service, folder: str) -> None:
    """A path that climbs out of the folder leads nowhere."""
    secret = quiet.layout.secrets.read_text("utf-8").splitlines()[-1]
    way = "%2e%2e/" * 20
    with quiet.client() as anybody:
        answer = anybody.get(f"{folder}/{way.rstrip('/')}{quiet.layout.secrets}")
    assert secret not in answer.text


def test_the_sandbox_answers_nobody_without_a_signature(quiet: Service) -> None:
    """What speaks as a platform refuses; the rest is for who tests, on this machine."""
    with httpx.Client(base_url=quiet.ports.sandbox_url, trust_env=False) as anybody:
        assert anybody.get("/openapi.json").status_code == 404
        routes = served_routes.routes_of(create_app())
        asked = [route for route in routes if not route[1].startswith("/sandbox/")]
        assert len(asked) > 6
        for method, path in asked:
            answer = anybody.request(method, path, data={"a": "b"} if method == "POST" else None)
            text = answer.text
            assert answer.is_error or "error" in text or json.loads(text).get("code"), path


def test_a_viewer_reads_the_metrics(quiet: Service) -> None:
    """As Prometheus does: by a token, in its own format."""
    with quiet.client(VIEWER) as viewer:
        answer = viewer.get("/coverage/metrics")
    assert answer.status_code == 200
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"store_data_gaps", "store_data_job_info", "store_data_build_info"} <= families
