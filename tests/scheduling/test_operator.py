"""The environment that the operator gives the runner."""

from __future__ import annotations

import socket
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from include.errors import ConfigurationError
from include.periods import Schedule
from include.scheduling.operator import ScriptOperator

ROOT = Path(__file__).parents[2]


def operator_of(**arguments: Any) -> ScriptOperator:
    """Return the operator of a job."""
    schedule = Schedule("0 7 * * *", "day")
    return ScriptOperator(
        task_id="run", job_id="own", schedule=schedule, project_root=str(ROOT), **arguments
    )


def environment_of(run_type: str = "scheduled", **arguments: Any) -> dict[str, str]:
    """Return what an operator of a job hands the runner."""
    return operator_of(**arguments).get_env(_context(run_type))


def _context(run_type: str, conf: dict[str, Any] | None = None) -> Any:
    run = SimpleNamespace(
        run_type=run_type,
        partition_key="2025-10-02",
        logical_date=None,
        conf=conf or {},
        run_after=datetime(2025, 10, 3, tzinfo=timezone.utc),
        run_id="manual",
    )
    return {"dag_run": run, "ti": SimpleNamespace(try_number=1)}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Return it, for a service that was started from a shell with variables of its own."""
    strays = {"SHOPS": "erp-1", "AGAIN": "1", "PERIOD_FROM": "x", "RUNNER_GRACE_SECONDS": "9"}
    for name, value in {**strays, "AIRFLOW__CORE__FERNET_KEY": "k", "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SHLVL", raising=False)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", '{"conn_type": "sqlite", "host": "/tmp/x.db"}')
    return environment_of()


def test_a_missing_connection_costs_its_own_shop_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' connections are handed on; a job without shops is told at once."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", '{"conn_type": "sqlite", "host": "/tmp/x.db"}')
    monkeypatch.setenv("AIRFLOW_CONN_THERE", '{"conn_type": "http", "host": "http://x"}')
    connections = ["missing", "there"]
    found = environment_of(connections=connections, shops=["a", "b"])
    assert [name for name in found if name.startswith("AIRFLOW_CONN_")] == ["AIRFLOW_CONN_THERE"]
    with pytest.raises(ConfigurationError, match="connection 'missing' is missing: "):
        environment_of(connections=connections)


def test_a_refused_wish_is_one_line_in_log_and_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped conf ends the task at once, with its reason and no other exception behind it."""
    monkeypatch.setenv("SCHEDULER_VAR", str(tmp_path))
    with pytest.raises(AirflowFailException) as refusal:
        operator_of().execute(_context("manual", {"perod": "2025-10-02"}))
    reason = "conf 'perod' is not known: did you mean 'period'?"
    assert str(refusal.value) == f"own: {reason}"
    assert refusal.value.__suppress_context__
    assert f"own: {reason}" in capsys.readouterr().out
    (line,) = (tmp_path / "logs" / "scheduler.log").read_text("utf-8").splitlines()
    assert line.endswith(f"+08:00 own refused: {reason} (run manual)")


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (0, None),
        (1, AirflowException),
        (3, AirflowException),
        (75, AirflowException),
        (143, AirflowException),
        (77, AirflowFailException),
        (78, AirflowFailException),
        (99, AirflowSkipException),
    ],
)
@pytest.mark.usefixtures("environment")
def test_each_exit_code_ends_the_task_as_the_table_says(
    code: int, ended: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 succeeds, 99 skips, 77 and 78 fail at once, all else may be tried again."""
    operator = operator_of()
    monkeypatch.setattr(operator, "bash_command", f"exit {code}")
    try:
        operator.execute(_context("manual"))
    except AirflowException as raised:
        assert type(raised) is ended  # noqa: PT017 -- a subclass would end the task otherwise
    else:
        assert ended is None


def test_the_starting_shell_says_nothing_of_periods_and_shops(environment: dict[str, str]) -> None:
    """Only the run does; and Airflow's own secrets go no further."""
    assert environment["PERIOD_KEY"] == "2025-10-02"
    for name in ("SHOPS", "AGAIN", "PERIOD_FROM", "RUNNER_GRACE_SECONDS"):
        assert name not in environment
    assert not [name for name in environment if name.startswith("AIRFLOW__")]


def test_only_the_schedule_tries_again_what_failed_before(environment: dict[str, str]) -> None:
    """Who asks for a period by hand, by a backfill or a repair, gets that one."""
    assert environment["RETRY_EARLIER"] == "1"
    assert environment_of("manual")["RETRY_EARLIER"] == ""


def test_no_file_of_the_user_decides_which_python_runs(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """With a socket for its input bash would read ~/.bashrc, which may put another one first."""
    (tmp_path / ".bashrc").write_text("echo read; RUNNER_PYTHON=/bin/false", "utf-8")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        shown = subprocess.run(
            ["/bin/bash", "-c", '"$RUNNER_PYTHON" -c "import croniter; print(1)"'],
            stdin=ours,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (shown.returncode, shown.stdout) == (0, "1\n"), shown.stderr
