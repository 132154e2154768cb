"""How fast the service is there, and how much memory it needs idle, beside `airflow standalone`.

Run: `.venv/bin/python benchmarks/service.py`. Both run the same DAGs with the same packages in
installations of their own that were started and stopped once, so that the databases are made; the
jobs are paused, so that idle means idle. The two take turns. A start is over when Airflow's own
health answer has a fresh heartbeat of every component; ours also waits for the registry's DAGs and
the sandbox, as `start` does. Memory is the sum of every process's PSS (Linux) after a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from manager.lifecycle.processes import service_processes  # noqa: E402 - after the path
from tests.integration.installation import (  # noqa: E402 - the same
    Service,
    copy_project,
    free_ports,
    installed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
SETTLE_SECONDS = 60
START_SECONDS = 180
START_LIMIT, MEMORY_LIMIT = 1.2, 0.6
HEARTBEATS = ("scheduler", "dag_processor", "triggerer")
PAUSED = "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"


class Standalone:
    """`airflow standalone` with its defaults, in a folder and on ports of its own.

    Args:
        project: whose DAGs and plugins it runs.
        home: its AIRFLOW_HOME.
    """

    def __init__(self, project: Path, home: Path) -> None:
        self.home = home
        self.port = free_ports().base
        self._first: subprocess.Popen[bytes] | None = None
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AIRFLOW")}
        self.environment = kept | {
            "PATH": f"{project / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(project),
            "SCHEDULER_ROOT": str(project),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            PAUSED: "True",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://localhost:{self.port}/execution/",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.port + 1),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.port + 2),
        }

    def start(self) -> None:
        """Start it and return when every heartbeat is this start's."""
        began = time.time()
        with (self.home / "standalone.log").open("ab") as log:
            self._first = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._healthy(began):
            if time.time() > began + START_SECONDS:
                raise SystemExit(f"standalone is not healthy: see {self.home}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End every process of it; ending the first alone leaves the others."""
        found = self.processes()
        for method in ("terminate", "kill"):
            for process in found:
                with suppress(psutil.Error):
                    getattr(process, method)()
            psutil.wait_procs(found, timeout=10)

    def processes(self) -> list[psutil.Process]:
        """Find its processes; by their parents, since their titles overwrite their environment."""
        if not self._first or not psutil.pid_exists(self._first.pid):
            return []
        first = psutil.Process(self._first.pid)
        return [first, *first.children(recursive=True)]

    def _healthy(self, began: float) -> bool:
        url = f"http://127.0.0.1:{self.port}/api/v2/monitor/health"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                said: dict[str, dict[str, Any]] = json.load(answer)
        except (OSError, ValueError):
            return False
        beats = [said[name].get(f"latest_{name}_heartbeat") for name in HEARTBEATS]
        return all(beat and datetime.fromisoformat(beat).timestamp() > began for beat in beats)


class Ours:
    """The service of a copy of the project.

    Args:
        service: the installation.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def start(self) -> None:
        """Start it and return when `start` does."""
        self.service.start()

    def stop(self) -> None:
        """Stop it without waiting for jobs; none run."""
        self.service.manager("stop")

    def processes(self) -> list[psutil.Process]:
        """Find its processes by their environment."""
        return service_processes(self.service.layout)


def pss(processes: list[psutil.Process]) -> float:
    """Return the megabytes that the processes use, what they share counted once."""
    total = 0
    for process in processes:
        with suppress(OSError):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line[:4])
    return total / 1024


@contextmanager
def contenders() -> Iterator[dict[str, Ours | Standalone]]:
    """Return both in a temporary folder, set up and stopped."""
    folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
    copy_project(folder / "checkout")
    settings = folder / "checkout/config/airflow.env"
    settings.write_text(settings.read_text("utf-8").replace(f"{PAUSED}=False", f"{PAUSED}=True"))
    (folder / "home").mkdir()
    standalone = Standalone(folder / "checkout", folder / "home")
    with installed(folder / "checkout", folder) as service:
        both: dict[str, Ours | Standalone] = {"standalone": standalone, "service": Ours(service)}
        try:
            for one in both.values():
                one.start()
                one.stop()
            yield both
        finally:
            standalone.stop()
    shutil.rmtree(folder)


def show_processes(processes: list[psutil.Process]) -> None:
    """List what uses how much."""
    for process in processes:
        with suppress(psutil.Error):
            title = " ".join(process.cmdline())[-70:]
            print(f"    {pss([process]):7.1f} MB  {title}", flush=True)


def main() -> int:
    """Measure, print, and tell by the exit code whether the limits hold."""
    seconds: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    with contenders() as both:
        for number in range(ROUNDS):
            for name, one in both.items():
                began = time.monotonic()
                one.start()
                seconds.setdefault(name, []).append(time.monotonic() - began)
                time.sleep(SETTLE_SECONDS)
                found = one.processes()
                memory.setdefault(name, []).append(pss(found))
                print(
                    f"{name}: {seconds[name][-1]:.1f} s, {memory[name][-1]:.0f} MB in "
                    f"{len(found)} processes",
                    flush=True,
                )
                if number == 0:
                    show_processes(found)
                one.stop()
    start, used = (
        statistics.median(measured["service"]) / statistics.median(measured["standalone"])
        for measured in (seconds, memory)
    )
    print(f"start: {start:.2f} of standalone's (limit {START_LIMIT})")
    print(f"idle memory: {used:.2f} of standalone's (limit {MEMORY_LIMIT})")
    return 0 if start <= START_LIMIT and used <= MEMORY_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
