"""A real browser that moves in Airflow's web UI as a person does."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from include.coverage_page.app import PREFIX
from tests.integration.installation import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Frame, Page

    from tests.integration.installation import Service

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
# What axe-core calls the guidelines of the web for contrast, keyboard and names.
GUIDELINES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Return Debian's browser, without a window."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no browser: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        # There is no screen: composing pictures as if there were one takes a process of its own.
        browser = playwright.chromium.launch(executable_path=program, args=["--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def tab(browser: Browser, service: Service, user: str = "admin", **wishes: Any) -> Iterator[Page]:
    """Return a tab in which somebody has a session; errors of its scripts fail the test.

    Args:
        browser: from `chromium`.
        service: whose web UI.
        user: who has logged in.
        wishes: language, light or dark, size.
    """
    usual = {"viewport": DESKTOP, "locale": "en-GB", "reduced_motion": "reduce"}
    context = browser.new_context(**{**usual, **wishes})
    context.set_default_timeout(PATIENCE * 1000)
    session = service.client(user).headers["Authorization"].removeprefix("Bearer ")
    context.add_cookies([{"name": "_token", "value": session, "url": service.ports.url}])
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        yield page
        assert errors == []
    finally:
        context.close()


def log_in(page: Page, service: Service, user: str) -> None:
    """Log in by the form, from the first page of the UI."""
    passwords = json.loads(service.layout.passwords.read_text("utf-8"))
    page.goto(service.ports.url)
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", passwords[user])
    page.click("button[type=submit]")


def coverage(page: Page) -> Frame:
    """Open the page of coverage from the menu; give the frame it is in."""
    page.get_by_role("link", name="Coverage").click()
    return shown(page)


def shown(page: Page) -> Frame:
    """Return the frame of the page of coverage, once it shows what the server tells."""
    page.frame_locator("iframe").locator("html[data-ready]").wait_for()
    return next(frame for frame in page.frames[1:] if "/coverage" in frame.url)


def alone(page: Page, service: Service, query: str = "") -> Frame:
    """Open the page of coverage without Airflow's own around it, once it shows what it is told."""
    page.goto(f"{service.ports.url}{PREFIX}/{query}")
    page.locator("html[data-ready]").wait_for()
    return page.main_frame


def violations(frame: Frame) -> list[str]:
    """Return what axe-core finds wrong with what a frame shows."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
    frame.evaluate(source)  # past the page's policy, which lets no script be added
    wish = {"runOnly": {"type": "tag", "values": GUIDELINES}}
    found = frame.evaluate("wish => axe.run(document, wish)", wish)
    return [
        f"{one['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
