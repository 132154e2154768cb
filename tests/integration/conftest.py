"""A real service for the tests: a copy of the project, started in a temporary folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from manager.lifecycle.settings import SETTINGS, USERS
from tests.integration.installation import VIEWER, Service, copy_project, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A new installation pulls what was last due, and `demo` the last ended day. Before eight in the
# morning these are two days of the job that its platform's limits keep at two minutes for each.
LONGEST_PULL = "config/tasks/pdd.yaml"
DUE, DUE_AT_MIDNIGHT = '"0 8 * * *"', '"1 0 * * *"'


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, ready to be started; a second user may look, but not touch."""
    root = tmp_path_factory.mktemp("project") / "checkout"
    copy_project(root)
    settings = root / SETTINGS
    users = f"{USERS}=admin:admin"
    settings.write_text(settings.read_text("utf-8").replace(users, f"{users},{VIEWER}:viewer"))
    jobs = root / LONGEST_PULL
    assert DUE in jobs.read_text("utf-8")
    jobs.write_text(jobs.read_text("utf-8").replace(DUE, DUE_AT_MIDNIGHT))
    return root


@pytest.fixture(scope="session")
def service(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a running service that tests share; of 拼多多, it pulls nothing by itself."""
    root = tmp_path_factory.mktemp("service") / "checkout"
    shutil.copytree(project, root, symlinks=True)
    jobs = root / LONGEST_PULL
    entries = yaml.safe_load(jobs.read_text("utf-8"))
    for entry in entries["tasks"]:
        entry["recover"] = "0d"
    jobs.write_text(yaml.safe_dump(entries, allow_unicode=True), "utf-8")
    with installed(root, root.parent) as service:
        service.start()
        yield service
