"""Real services for the tests, each a copy of the project in a temporary folder.

`service` runs the delivered jobs; of `quiet` none begins by itself, and its web server is what
tests ask; `life` is stopped and killed, and has few jobs.
"""

from __future__ import annotations

import contextlib
import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include import SETTINGS_FILE
from manager.lifecycle.settings import USERS, service_environment
from tests.airflow_database import put
from tests.integration.installation import (
    PATIENCE,
    VIEWER,
    Service,
    change_entries,
    copy_project,
    installed,
    keep_few_shops,
    replace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The job that the limits of its platform would keep at most of a minute for each day.
LONGEST_PULL = "config/tasks/pdd.yaml"
DUE, DUE_AT_MIDNIGHT = '"0 8 * * *"', '"1 0 * * *"'
GRANTED, WIDELY_GRANTED = '"calls_per_10s": 500', '"calls_per_10s": 10000'
ALLOWANCE, WIDE_ALLOWANCE = "Allowance(500, 10, 70031", "Allowance(10000, 10, 70031"
FIRST_DAY = 7  # days ago
ERP_JOB = """
tasks:
  - id: erp_store
    name: ERP门店数据
    cron: "0 0 * * *"
    script: erp/erp_store.py
    platform: erp
    start: {start}
    recover: 2d
    retries: 1
    retry_delay: 1s
"""
SLOW = """
import os, sys, time
from pathlib import Path

folder = Path(sys.argv[1])
key = os.environ["PERIOD_KEY"].replace(":", "")
(folder / f"began-{os.environ['JOB_ID']}-{key}").touch()
while (folder / "hold").exists():
    time.sleep(0.1)
"""
SLOW_JOB = """
tasks:
  - {id: slow, name: 慢任务, cron: "0 0 * * *", script: slow.py, args: ["HERE"], recover: 0d}
"""


@pytest.fixture(scope="session")
def unstarted(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Service]:
    """Return the installation of `service`."""
    root = tmp_path_factory.mktemp("service") / "checkout"
    copy_project(root)
    replace(root / LONGEST_PULL, DUE, DUE_AT_MIDNIGHT)
    connections = root / "config/connections.json"
    connections.write_text(connections.read_text("utf-8").replace(GRANTED, WIDELY_GRANTED), "utf-8")
    replace(root / "sandbox/limits.py", ALLOWANCE, WIDE_ALLOWANCE)
    change_entries(root / LONGEST_PULL, recover="0d")
    if not request.config.getoption("--campaign"):
        keep_few_shops(root)
    with installed(root, root.parent) as service:
        yield service


@pytest.fixture(scope="session")
def service(unstarted: Service) -> Service:
    """Return a running service that tests share; of 拼多多, it pulls nothing by itself."""
    unstarted.start()
    return unstarted


@pytest.fixture(scope="session")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return a running service whose jobs wait, with a user who may look, but not touch."""
    root = tmp_path_factory.mktemp("quiet") / "checkout"
    copy_project(root)
    users = f"{USERS}=admin:admin"
    replace(root / SETTINGS_FILE, users, f"{users},{VIEWER}:viewer")
    for file in (root / "config/tasks").glob("*.yaml"):
        change_entries(file, recover="0d")
    with installed(root, root.parent) as service:
        service.start()
        yield service


@pytest.fixture(scope="session")
def life(tmp_path_factory: pytest.TempPathFactory, airflow_database: Path) -> Iterator[Service]:
    """Return a service that tests stop and kill, with a few jobs: `erp_store` is due at midnight.

    The files that use it follow it, each in its order.
    """
    root = tmp_path_factory.mktemp("life") / "checkout"
    copy_project(root)
    # The delivered contract names jobs that are taken away.
    for file in (*(root / "config/tasks").glob("*.yaml"), root / "config/contracts.yaml"):
        file.unlink()
    first = datetime.now(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=FIRST_DAY)
    (root / "config/tasks/erp.yaml").write_text(ERP_JOB.format(start=first), "utf-8")
    (root / "include/scripts/slow.py").write_text(SLOW)
    (root / "config/tasks/slow.yaml").write_text(SLOW_JOB.replace("HERE", str(root.parent)))
    drain = f"DRAIN_SECONDS = {PATIENCE}"
    replace(root / "manager/lifecycle/stopping.py", "DRAIN_SECONDS = 60.0", drain)
    with installed(root, root.parent) as service:
        service.layout.make_var()
        service_environment(service.layout, service.ports)  # makes the key that a database needs
        put(airflow_database, service.layout.airflow_home)
        _start_in_a_terminal_that_closes(service)
        yield service


def _start_in_a_terminal_that_closes(service: Service) -> None:
    """Start it as a person does who closes the window when it runs."""
    pid, terminal = os.forkpty()
    if pid == 0:
        os.environ["SCHEDULER_VAR"] = str(service.var)
        command = [sys.executable, str(service.root / "scheduler_manager.py"), "start"]
        os.execv(command[0], [*command, "--port", str(service.ports.base)])  # noqa: S606 -- a child
    said = b""
    with contextlib.suppress(OSError):  # the child has closed its side
        while data := os.read(terminal, 4096):
            said += data
    _, status = os.waitpid(pid, 0)
    os.close(terminal)  # whoever still belongs to it gets a SIGHUP
    assert os.waitstatus_to_exitcode(status) == 0, said.decode()
