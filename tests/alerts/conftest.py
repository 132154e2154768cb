"""What the tests of alerts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.alerts.fake_robots import FakeRobots, serve_robots
from tests.alerts.mail_server import make_certificate
from tests.alerts.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.alerts.mail_server import Certificate


@pytest.fixture(scope="module")
def _serving() -> Iterator[FakeRobots]:
    with serve_robots() as robots:
        yield robots


@pytest.fixture
def robots(_serving: FakeRobots) -> FakeRobots:
    """Return robots that took nothing yet, with no secret and no keyword."""
    _serving.__init__(_serving.base_url)  # type: ignore[misc]
    return _serving


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make one for this machine, and its authority."""
    return make_certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def watched(tmp_path: Path, airflow_database: Path) -> Watched:
    """Return an installation in which nothing has landed yet."""
    return Watched(tmp_path, airflow_database)
