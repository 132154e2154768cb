"""The form of a connection in a real browser: what the guides have people fill in is there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from include.registry.airflow_objects import connections
from tests.integration.browsing import chromium, tab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator, Page

    from tests.integration.installation import Service

HIDDEN = "***"  # a secret is there, and not shown
TYPES = {"http": "HTTP", "sqlite": "Sqlite", "generic": "Generic"}


@pytest.fixture(scope="module")
def page(quiet: Service) -> Iterator[Page]:
    """Return a tab of somebody who may edit connections."""
    with chromium() as browser, tab(browser, quiet) as page:
        yield page


def test_the_form_of_every_delivered_connection_is_filled(quiet: Service, page: Page) -> None:
    """Type, host, login, password and each key of Extra: the web UI knows the type of each.

    Of those with the same type and keys one is opened.
    """
    delivered = connections(quiet.ports.sandbox_url)
    delivered["warehouse"] = {"conn_type": "sqlite", "host": str(quiet.layout.warehouse)}
    delivered["airflow_metadata"] = {"conn_type": "generic", "password": "is there"}
    answer = quiet.client("admin").get("/api/v2/connections", params={"limit": 50})
    listed = {one["connection_id"]: one["conn_type"] for one in answer.json()["connections"]}
    assert {name: listed.get(name) for name in delivered} == {
        name: fields["conn_type"] for name, fields in delivered.items()
    }
    page.goto(f"{quiet.ports.url}/connections?limit=50")
    kinds = {
        (fields["conn_type"], *json.loads(fields.get("extra", "{}"))): name
        for name, fields in delivered.items()
    }
    assert len(kinds) > len(TYPES)
    for name in kinds.values():
        fields = delivered[name]
        form = _opened(page, name)
        assert form.get_by_text(TYPES[fields["conn_type"]], exact=True).is_visible(), name
        hidden = HIDDEN if fields.get("password") else ""
        wanted = {"host": fields.get("host", ""), "login": fields.get("login", "")}
        for field, value in {**wanted, "password": hidden}.items():
            box = form.locator(f"input[name={field}]")
            box.wait_for()
            assert box.input_value() == value, f"{name}: {field}"
        for key in json.loads(fields.get("extra", "{}")):
            assert form.locator(f"[name=element_{key}]").count() == 1, f"{name}: extra.{key}"
        page.keyboard.press("Escape")
        form.wait_for(state="detached")


def _opened(page: Page, name: str) -> Locator:
    """Open the form as a person does: by the pencil of a connection's row in the list."""
    cell = page.get_by_role("cell", name=re.compile(f"^{name}$"))
    page.get_by_role("row").filter(has=cell).get_by_role("button", name="Edit").click()
    form = page.get_by_role("dialog")
    form.locator(f"input[name=connection_id][value={name}]").wait_for()
    return form
