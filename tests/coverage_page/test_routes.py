"""What the page's routes answer to what makes no sense."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from include.coverage_page import permissions
from include.coverage_page.routes import make_app

if TYPE_CHECKING:
    from fastapi import FastAPI

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


async def _post(app: FastAPI, path: str, body: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        headers = {"Content-Type": "application/json"}
        return await client.post(path, content=body, headers=headers)


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
    answer = asyncio.run(_post(app, "/repair/plan", body))
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith(where)
    assert len(detail) < 500
