"""A project of its own for every test: a registry, scripts, and a way to run them."""

from __future__ import annotations

import os
import signal
import textwrap
import time
import uuid
from typing import TYPE_CHECKING, Any

import psutil
import yaml

from include.running.script_process import ScriptProcess
from include.units.ledger import Ledger
from include.warehouse import connect
from tests.runner import ForkedScript, Runner, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from include.units.unit import LedgerRow

PERIOD = "2025-10-02"
GRACE_SECONDS = 0.5
# The beginning of a script that keeps the ledger itself.
LEDGER = """
import os
from datetime import datetime
from include.periods import Period
from include.units.ledger import Ledger
from include.units.unit import Unit
from include.warehouse import connect
ledger = Ledger(connect(os.environ["WAREHOUSE_URL"]), os.environ["RUN_ID"])
ends = (datetime.fromisoformat(os.environ[f"PERIOD_{end}"]) for end in ("START", "END"))
period = Period(os.environ["PERIOD_KEY"], *ends)
def land(shop, rows, **more):
    with ledger.engine.begin() as connection:
        ledger.land(connection, Unit("job", shop, period), rows, **more)
"""
# What takes a moment on an idle machine; a busy one is no failure.
PATIENCE = 120.0


class Project:
    """A project folder with jobs, and the runs of this test in it.

    Every process of its runs carries a mark in its environment, by which it is found again.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.var = root / "var"
        self.mark = uuid.uuid4().hex
        self.jobs: list[dict[str, Any]] = []
        self.started: list[Runner | subprocess.Popen[bytes]] = []
        (root / "include" / "scripts").mkdir(parents=True)
        (root / "config" / "tasks").mkdir(parents=True)
        self.shops()

    def shops(self, **enabled: bool) -> None:
        """Write the shops of the platform `erp`."""
        shops = [
            {
                "id": shop,
                "platform": "erp",
                "name": shop,
                "connection": "erp",
                "platform_id": str(1001 + number),
                "enabled": on,
            }
            for number, (shop, on) in enumerate(enabled.items())
        ]
        self._write("shops.yaml", {"shops": shops})

    def change_shop(self, shop_id: str, **keys: Any) -> None:
        """Write more keys of a shop, or others."""
        path = self.root / "config" / "shops.yaml"
        shops = yaml.safe_load(path.read_text("utf-8"))["shops"]
        changed = [shop | keys if shop["id"] == shop_id else shop for shop in shops]
        self._write("shops.yaml", {"shops": changed})

    def job(self, script: str, job_id: str = "job", **keys: Any) -> None:
        """Write a script and the entry that runs it; a name instead of a text is taken as it is."""
        name = keys.pop("file", f"{job_id}.py")
        path = self.root / "include" / "scripts" / name
        path.write_text(textwrap.dedent(script), encoding="utf-8")
        entry = {"id": job_id, "name": job_id, "cron": "0 7 * * *", "script": name, "dated": True}
        entry |= keys  # most scripts of tests bring nothing, and may do so for any period
        given = {key: value for key, value in entry.items() if value is not None}
        self.jobs = [*(job for job in self.jobs if job["id"] != job_id), given]
        self._write("tasks/jobs.yaml", {"tasks": self.jobs})

    def environment(self, **variables: str) -> dict[str, str]:
        """Return a runner's environment."""
        service = {
            "SCHEDULER_ROOT": str(self.root),
            "SCHEDULER_VAR": str(self.var),
            "SCRATCH": str(self.root),
            "RUN_MARK": self.mark,
            "RUNNER_GRACE_SECONDS": str(GRACE_SECONDS),
            "RUNNER_LOCK_WAIT_SECONDS": "10",
        }
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**plain, **service, **variables}

    def start(
        self, *words: str, output: Path | None = None, period: str = PERIOD, **variables: str
    ) -> Runner:
        """Start a runner for the job `job`, or as the words say."""
        words = words or ("job", "--period", period)
        runner = Runner(*words, environment=self.environment(**variables), output=output)
        self.started.append(runner)
        return runner

    def run(
        self, *words: str, script: type[ScriptProcess | ForkedScript] = ScriptProcess, **more: str
    ) -> tuple[int, str]:
        """Run one to its end; return its exit code and its output.

        A `ForkedScript` need not import what keeping the ledger takes.
        """
        words = words or ("job", "--period", PERIOD)
        return run(*words, environment=self.environment(**more), script=script)

    def wait_for(self, name: str) -> str:
        """Wait until a script has written a file in its scratch folder; give its text."""
        path = self.root / name
        wait_until(path.exists, describe=self._what_ended)
        return path.read_text()

    def alive(self) -> list[psutil.Process]:
        """Return the living processes of this test's runs."""
        # Where the kernel looks a fork has the environment of what it was forked from.
        forks = {runner.pid for runner in self.started if runner.poll() is None}
        return [process for process in psutil.process_iter() if self._is_ours(process, forks)]

    def wait_until_gone(self, seconds: float = GRACE_SECONDS + 8) -> None:
        """Wait until no process of this test's runs is left, and fail if one stays."""
        wait_until(lambda: not self.alive(), seconds, lambda: str(self.alive()))

    def keeper_of(self, runner: Runner) -> psutil.Process:
        """Return a runner's keeper."""
        return psutil.Process(runner.pid).children()[0]

    def locks(self) -> list[Path]:
        """Return the lock files."""
        return list((self.var / "locks").glob("*"))

    def journal(self) -> str:
        """Return what the journal says."""
        return (self.var / "logs" / "scheduler.log").read_text(encoding="utf-8")

    def clean(self) -> None:
        """End what a failed test left."""
        for process in self.alive():
            process.send_signal(signal.SIGKILL)
        for runner in self.started:
            if runner.stdout:
                runner.stdout.close()
            runner.wait(PATIENCE)

    def _what_ended(self) -> str:
        ended = [runner for runner in self.started if runner.poll() is not None]
        said = [runner.stdout.read().decode() for runner in ended if runner.stdout]
        return "\n".join(["it did not happen in time; runners that have ended said:", *said])

    def _write(self, name: str, content: Any) -> None:
        text = yaml.safe_dump(content, allow_unicode=True)
        (self.root / "config" / name).write_text(text, encoding="utf-8")

    def _is_ours(self, process: psutil.Process, forks: set[int]) -> bool:
        try:
            ours = process.pid in forks or process.environ().get("RUN_MARK") == self.mark
            return ours and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def rows_of(url: str, key: str = PERIOD) -> list[LedgerRow]:
    """Return a warehouse's rows of the job `job` and a period, by shop."""
    engine = connect(url)
    rows = Ledger(engine).rows("job", key)
    engine.dispose()
    return rows


def wait_until(
    happened: Callable[[], object],
    seconds: float = PATIENCE,
    describe: Callable[[], str] = lambda: "it did not happen in time",
) -> None:
    """Wait until something holds, and fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, describe()
        time.sleep(0.02)
