"""The life of a service: start, look, kill, stop; with every component real.

The tests of this file follow one installation and run in their order, after those of repairs.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import stat
import subprocess
import time
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import psutil
import pytest

from include.units.ledger import Ledger
from include.warehouse import connect
from manager.airflow.rest import ApiError
from manager.lifecycle.health import look
from manager.lifecycle.ports import EVERYWHERE, Ports, remembered
from manager.lifecycle.processes import service_processes
from manager.lifecycle.supervisor_client import components
from tests.integration.installation import PATIENCE, Service, installed, until

if TYPE_CHECKING:
    from pathlib import Path

COMPONENTS = {
    *("api-server", "config-watcher", "dag-processor", "journal", "sandbox", "scheduler"),
    *("contract-events", "triggerer", "watchdog"),
}
ANYWHERE = next(iter(EVERYWHERE))
# Of the job that `stop --now` cuts off, in the tests of repairs.
CUT_OFF_PERIOD = "2025-10-05"
CUT_OFF = "service ended without being stopped: it was killed, or the machine went down"
TICKING_JOB = """
tasks:
  - {id: ticking, name: 每分钟, cron: "* * * * *", period: tick, script: slow.py, args: ["HERE"]}
"""


def healthy(service: Service) -> subprocess.CompletedProcess[str]:
    """Ask for the status until it is healthy, and give what was said last."""
    # On a machine that is busy with other tests too, the API may miss a look's time.
    deadline = time.monotonic() + PATIENCE
    while True:
        until(lambda: not any(health.trouble for health in look(service.layout, service.ports)))
        done = service.manager("status", "--json")
        if not done.returncode or time.monotonic() > deadline:
            return done


def pids(service: Service) -> dict[str, int | None]:
    """Return the process id of each component, as supervisord says; None of one that is down."""
    return {one.name: one.pid if one.up else None for one in components(service.layout)}


def kill(service: Service, *names: str) -> None:
    """Kill components that run."""
    running = pids(service)
    for pid in [running[name] for name in names]:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


def supervisor_pid(service: Service) -> int:
    """Return the process id of the service's supervisord."""
    return int((service.layout.run / "supervisord.pid").read_text())


def journal(service: Service) -> str:
    """Return what the journal says."""
    return (service.layout.logs / "scheduler.log").read_text("utf-8")


def minute(moment: float) -> str:
    """Return the key of the tick that begins with the minute of `moment`."""
    return datetime.fromtimestamp(moment, ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")


def _row_state(service: Service, job_id: str, key: str) -> str:
    ledger = Ledger(connect(f"sqlite:///{service.layout.warehouse}"))
    return "".join(row.state for row in ledger.rows(job_id, key))


def listening(service: Service) -> set[tuple[str, int]]:
    """Return the addresses and ports that its processes listen on."""
    found = set()
    for process in service_processes(service.layout):
        with contextlib.suppress(psutil.Error, OSError):  # a task that has ended meanwhile
            for connection in process.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN:
                    found.add((connection.laddr.ip, connection.laddr.port))
    return found


def assert_nothing_is_left(service: Service) -> None:
    """See that no process of the service is there any more, and no socket."""
    assert service_processes(service.layout) == []
    assert list(service.layout.run.iterdir()) == []


def test_a_started_service_is_healthy(life: Service) -> None:
    """After `start` every component is up, and `status` says so with exit code 0."""
    done = healthy(life)
    said = json.loads(done.stdout)
    assert done.returncode == 0, said
    assert (said["state"], said["url"]) == ("healthy", life.ports.url)
    assert {component["name"] for component in said["components"]} == COMPONENTS
    assert not any(component["trouble"] for component in said["components"])


def test_it_listens_on_loopback_only(life: Service) -> None:
    """No component can be reached from another machine, and only two listen at all."""
    assert listening(life) == {("127.0.0.1", life.ports.api), ("127.0.0.1", life.ports.sandbox)}


def test_the_password_is_private(life: Service) -> None:
    """The password works, lies in a private file and is in no log."""
    password = json.loads(life.layout.passwords.read_text())["admin"]
    assert stat.S_IMODE(life.layout.passwords.stat().st_mode) == 0o600
    assert isinstance(life.api.dags(), dict)
    logs = [path for path in life.layout.logs.rglob("*") if path.is_file()]
    assert logs
    assert not [path for path in logs if password in path.read_text(errors="replace")]


def test_a_second_start_says_that_it_runs(life: Service) -> None:
    """Starting what runs changes nothing and is no error."""
    before = pids(life)
    done = life.manager("start")
    assert done.returncode == 0
    assert f"already running: {life.ports.url}" in done.stdout
    assert pids(life) == before


def test_it_is_not_moved_while_it_runs(life: Service) -> None:
    """Another port for a running service is refused with the command that moves it."""
    done = life.manager("start", "--port", "19990")
    assert done.returncode == 78
    assert "restart --port 19990" in done.stderr


def test_a_taken_port_is_named(life: Service, tmp_path: Path) -> None:
    """A second installation on the same port hears who has it, and starts nothing."""
    with installed(life.root, tmp_path, life.ports) as other:
        done = other.manager("start", "--port", str(life.ports.base))
        assert done.returncode == 78
        assert f"port {life.ports.base}, which the api-server needs, is taken by" in done.stderr
        assert f"process {pids(life)['api-server']} " in done.stderr
        assert service_processes(other.layout) == []
    assert life.manager("status").returncode == 0


def test_a_well_service_has_nothing_to_repair(life: Service) -> None:
    """`doctor` asks everything there is, and shows no secret."""
    healthy(life)
    done = life.manager("doctor", "--json")
    found = json.loads(done.stdout)
    assert [one for one in found["findings"] if one["level"] == "fail"] == []
    assert (done.returncode, found["ok"]) == (0, True)
    abouts = [one["about"] for one in found["findings"]]
    assert "connection erp (erp-1, erp-2, erp-3)" in abouts
    for line in life.layout.secrets.read_text().splitlines():
        assert line.startswith("#") or line.partition("=")[2] not in done.stdout


def test_a_running_service_can_be_backed_up_but_not_restored(life: Service, tmp_path: Path) -> None:
    """What it writes meanwhile would be lost."""
    file = tmp_path / "backup.tar.gz"
    done = life.manager("backup", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "it holds the keys and passwords of this installation" in done.stdout
    done = life.manager("restore", str(file), "--yes")
    assert done.returncode == 78
    assert "the service runs" in done.stderr


def test_status_tells_of_the_jobs(life: Service) -> None:
    """Schedule, last run and next run of each, on the clock of its zone; and the disk."""
    said = json.loads(life.manager("status", "--json").stdout)
    jobs = {job["id"]: job for job in said["jobs"]}
    assert jobs["erp_store"]["name"] == "ERP门店数据"
    assert jobs["erp_store"]["schedule"] == "At 00:00"
    assert jobs["erp_store"]["next_run"].endswith("T00:00:00+08:00")
    assert said["disk"]["free_bytes"] > 0
    assert all(component["memory_mb"] > 1 for component in said["components"])
    text = life.manager("status").stdout
    assert re.search(r"erp_store +ERP门店数据 +At 00:00 ", text)
    assert "GB free in" in text


def test_jobs_are_run_by_hand(life: Service) -> None:
    """At once, once per period, unless what was asked for cannot be."""
    assert life.manager("pause", "slow").stdout == "slow paused\n"
    refused = life.manager("trigger", "slow")
    assert (refused.returncode, "resume slow" in refused.stderr) == (1, True)
    resumed = json.loads(life.manager("resume", "slow", "--json").stdout)
    assert resumed == {"job": "slow", "paused": False, "changed": True}
    unknown = life.manager("pause", "slwo")
    assert (unknown.returncode, "did you mean 'slow'?" in unknown.stderr) == (78, True)
    waited = life.manager("trigger", "slow", "--period", "2025-10-02", "--wait")
    assert waited.returncode == 0, waited.stdout + waited.stderr
    assert "slow 2025-10-02: success, 1 of 1 landed" in waited.stdout
    assert "slow 2025-10-02 landed in " in journal(life)


def test_status_takes_little_more_than_what_it_loads(life: Service) -> None:
    """A second of processor where its libraries are loaded in 0.3 s, and in proportion."""
    load = [life.layout.python, "-c", "import sqlalchemy, pydantic, yaml, rich.table"]
    ratios = []
    for _ in range(3):
        before = _children_seconds()
        life.manager("status")
        between = _children_seconds()
        subprocess.run(load, check=True)
        ratios.append((between - before) / (_children_seconds() - between))
    assert min(ratios) < 3.4


def test_a_warehouse_that_is_gone_is_no_healthy_service(life: Service) -> None:
    """All components may be well, and nothing can land."""
    aside = life.layout.warehouse.rename(life.layout.var / "aside.db")
    try:
        said, told = life.manager("status"), life.manager("status", "--json")
    finally:
        aside.rename(life.layout.warehouse)
    assert (said.returncode, told.returncode) == (1, 1)
    gone = f"the file {life.layout.warehouse} is not there: put it back"
    assert f"warehouse: {gone}" in said.stdout
    assert json.loads(told.stdout)["warehouse_trouble"].startswith(gone)
    assert healthy(life).returncode == 0


def test_a_job_that_stop_cut_off_runs_again(life: Service) -> None:
    """The start after `stop --now` loses nothing."""
    until(lambda: f"slow {CUT_OFF_PERIOD} landed" in journal(life))


def test_a_component_that_dies_comes_back(life: Service) -> None:
    """A killed component is started again without anybody's doing."""
    before = pids(life)
    killed = ("triggerer", "scheduler", "dag-processor", "api-server", "sandbox")
    kill(life, *killed)

    def back() -> bool:
        now = pids(life)
        return all(now[name] not in (None, before[name]) for name in killed)

    until(back)
    assert healthy(life).returncode == 0
    said = journal(life)
    for name in killed:
        assert f"component {name} ended (pid {before[name]}, terminated by SIGKILL)" in said


def test_a_killed_supervisor_is_seen(life: Service) -> None:
    """Without supervisord the service is degraded, and `status` says what is left."""
    os.kill(supervisor_pid(life), signal.SIGKILL)
    done = life.manager("status")
    assert done.returncode == 1
    assert "supervisord does not answer" in done.stderr


def test_start_repairs_it(life: Service) -> None:
    """Starting ends what a killed supervisord left, and then starts, where the user says."""
    done = life.manager("start", "--host", ANYWHERE)
    assert done.returncode == 0, done.stderr
    assert "ended what was left" in done.stdout
    assert "warning: the web UI listens" in done.stderr
    assert CUT_OFF in journal(life)
    assert healthy(life).returncode == 0


def test_it_listens_where_the_user_says(life: Service) -> None:
    """The web UI on every address, the sandbox on loopback still; and it is remembered."""
    assert listening(life) == {(ANYWHERE, life.ports.api), ("127.0.0.1", life.ports.sandbox)}
    assert remembered(life.layout) == Ports(life.ports.base, ANYWHERE)
    assert isinstance(life.api.dags(), dict)


@pytest.mark.campaign
def test_a_start_that_is_cut_off_can_be_repeated(life: Service) -> None:
    """Killed at any moment, it leaves nothing that keeps the next one from working.

    Before, `stop` ends what a killed supervisord has left.
    """
    os.kill(supervisor_pid(life), signal.SIGKILL)
    assert life.manager("stop").returncode == 0
    assert_nothing_is_left(life)
    for seconds in (0.7, 2.0, 5.0):
        cut = life.begin("start")
        time.sleep(seconds)
        cut.kill()
        cut.communicate()
    done = life.manager("start")
    assert done.returncode == 0, done.stdout + done.stderr
    assert healthy(life).returncode == 0


@pytest.mark.campaign
def test_after_a_crash_of_the_machine_missed_periods_run(life: Service) -> None:
    """Everything is killed in the middle of a job: it runs again, and so do the missed minutes."""
    ticking, hold = life.root / "config/tasks/ticking.yaml", life.var.parent / "hold"
    hold.touch()
    ticking.write_text(TICKING_JOB.replace("HERE", str(life.var.parent)))
    until(lambda: "ticking" in life.api.dags())
    assert life.manager("trigger", "slow", "--period", "2025-10-04").returncode == 0
    until((life.var.parent / "began-slow-2025-10-04").exists)
    cut_off = journal(life).count(CUT_OFF)
    for process in service_processes(life.layout):
        process.kill()
    crashed = time.time()
    hold.unlink()
    time.sleep(61 - crashed % 60)  # until the run of the minute of the crash is due, and over
    started = life.manager("start")
    assert started.returncode == 0, started.stderr
    assert journal(life).count(CUT_OFF) == cut_off + 1

    def landed() -> bool:
        said = journal(life)
        return f"ticking {minute(crashed)} landed" in said and "slow 2025-10-04 landed" in said

    until(landed)
    ticking.unlink()
    until(lambda: _row_state(life, "slow", "2025-10-04") == "ok")


def test_stop_lets_running_jobs_end(life: Service) -> None:
    """It says which it waits for, nothing is left, and the job's end is in the ledger's journal."""
    hold = life.var.parent / "hold"
    hold.touch()
    assert life.manager("trigger", "slow", "--period", "2025-10-03").returncode == 0
    until((life.var.parent / "began-slow-2025-10-03").exists)
    stopping = life.begin("stop")
    first = stopping.stdout.readline() if stopping.stdout else ""
    assert re.match(r"waiting up to \d+ s for .*slow 2025-10-03", first)
    hold.unlink()
    said, _ = stopping.communicate(timeout=PATIENCE)
    assert (stopping.returncode, said.splitlines()[-1]) == (0, "stopped")
    assert_nothing_is_left(life)
    assert "slow 2025-10-03 landed in " in journal(life)
    assert "service stopped by `stop`" in journal(life).splitlines()[-1]
    with pytest.raises(ApiError, match="does not answer"):
        life.api.dags()


def test_stop_where_nothing_runs(life: Service) -> None:
    """Stopping twice is no error; `status` says 3."""
    done = life.manager("stop")
    assert (done.returncode, done.stdout) == (0, "not running\n")
    assert life.manager("status").returncode == 3


@pytest.mark.campaign
def test_a_component_that_cannot_start_is_named(life: Service) -> None:
    """A start that fails names the component, its reason and its log, and does not wait longer."""
    broken = life.root / "sandbox" / "__main__.py"
    broken.write_text("raise SystemExit('broken on purpose')\n")
    done = life.manager("start")
    assert done.returncode == 1
    assert "  broken on purpose" in done.stderr
    assert "sandbox ended 3 times after it was started" in done.stderr
    assert "logs/components/sandbox.log" in done.stderr


def _children_seconds() -> float:
    """Return the processor time of all programs that this process has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
