"""What the page's routes serve, and what they answer to what makes no sense."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from include import PROJECT_ROOT
from include.coverage_page import permissions, routes
from include.coverage_page.routes import make_app
from include.errors import missing_connection
from include.warehouse import connect
from tests.warehouses import make_warehouse

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI
    from sqlalchemy import Engine

LONG = 100_000


@pytest.fixture
def app() -> FastAPI:
    """Return the page's application, for somebody who may do everything."""
    made = make_app()
    for needed in (
        permissions.MAY_LOOK.dependency,
        permissions.MAY_RUN.dependency,
        permissions.get_user,
    ):
        made.dependency_overrides[needed] = lambda: None
    return made


def _ask(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.request(method, path, **more)

    return asyncio.run(ask())


def test_every_file_of_the_page_is_served(app: FastAPI) -> None:
    """With its kind, and asked for again without a byte; no other file is."""
    kinds = {".html": "text/html", ".css": "text/css", ".svg": "image/svg+xml", ".js": "javascript"}
    for path in (PROJECT_ROOT / "include/coverage_page/static").iterdir():
        answer = _ask(app, "GET", f"/files/{path.name}")
        assert answer.content == path.read_bytes()
        assert kinds[path.suffix] in answer.headers["content-type"]
        assert answer.headers["cache-control"] == "private, no-cache"
    assert _ask(app, "GET", "/").headers["content-type"] == "text/html; charset=utf-8"
    known = {"If-None-Match": answer.headers["etag"]}
    again = _ask(app, "GET", f"/files/{path.name}", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    for name in ("none.js", "..%2froutes.py", "%2e%2e", "routes.py"):
        assert _ask(app, "GET", f"/files/{name}").status_code == 404


IN_CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ('{"span": NaN}', "body.span: "),
        ('{"span": 7}', "body.span: "),
        ('{"jobs": "' + "x" * LONG + '"}', "body.jobs: "),
        ('{"' + "x" * LONG + '": 1}', "body.xxx"),
        ("{", "body.1: "),
        (r'{"jobs": "\ud800"}', "body.jobs: "),
        (r'{"\ud800": 1}', "body: "),
    ],
    ids=["no number", "too much", "long value", "long name", "no JSON", "half", "half name"],
)
def test_what_makes_no_sense_is_refused_in_a_line(app: FastAPI, body: str, where: str) -> None:
    """It says where, and does not send back what it was sent."""
    headers = {"Content-Type": "application/json"}
    answer = _ask(app, "POST", "/repair/plan", content=body, headers=headers)
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith(where)
    assert len(detail) < 500
    answer = _ask(app, "POST", "/repair/plan", content=body, headers={**headers, **IN_CHINESE})
    assert re.search("：(缺少|没有|不是|无法)", answer.json()["detail"])


def test_metrics_are_of_the_jobs_that_the_user_may_look_at(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In Prometheus's own format; what cannot be read costs its own figures, not the answer."""
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    url = f"sqlite:///{tmp_path}/warehouse.db"
    make_warehouse(url)
    opened = connect(url)
    monkeypatch.setattr(routes, "warehouse", lambda: opened)
    monkeypatch.setattr(permissions, "visible", lambda _user: {"erp_store", "generate_daily"})
    answer = _ask(app, "GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {family.name: family for family in text_string_to_metric_families(answer.text)}
    assert [sample.labels for sample in found["store_data_gaps"].samples] == [
        {"job_id": "erp_store"}
    ]
    up = {sample.labels["source"]: sample.value for sample in found["store_data_source_up"].samples}
    assert up == {"warehouse": 1, "alerts": 0, "limits": 0}
    (tmp_path / "warehouse.db").rename(tmp_path / "aside.db")  # which is still open here
    assert 'store_data_source_up{source="warehouse"} 0\n' in _ask(app, "GET", "/metrics").text

    def away() -> Engine:
        raise missing_connection("warehouse")

    monkeypatch.setattr(routes, "warehouse", away)
    answer = _ask(app, "GET", "/metrics")
    assert answer.status_code == 200
    assert 'store_data_source_up{source="warehouse"} 0\n' in answer.text
    assert "store_data_gaps" not in answer.text
