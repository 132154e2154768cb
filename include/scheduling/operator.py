"""The operator that runs a job's script through the runner (`python -m include.running`).

The command text never changes: period, shops and connections go through the environment, so that
nothing a person typed reaches a shell and no secret reaches a command line or a rendered field.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSkipException,
)

from include import WAREHOUSE, var_folder
from include.errors import ConfigurationError, missing_connection, reason_of
from include.language import N_, _
from include.running.asked import asked_of
from include.running.environment import ALL_SECONDS, PRIVATE, RETRY_EARLIER
from include.running.journal import Journal
from include.secrets.values import variable_of
from include.units.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo
    from logging import Logger

    from airflow.sdk import Context

    from include.periods import Schedule

SCHEDULED = "scheduled"
ADVICE = {
    ExitCode.REFUSED: N_(
        "{job}: exit code {code}: credentials were refused or have expired; the log above names "
        "what to renew"
    ),
    ExitCode.CONFIGURATION: N_(
        "{job}: exit code {code}: the configuration is wrong; the log above names what to repair"
    ),
}


class ScriptOperator(BashOperator):
    """Runs one job's script for the period (and shops) that the DAG run covers.

    Args:
        job_id: the registry entry.
        schedule: the entry's calendar.
        connections: ids of the Airflow connections whose values the script may see.
        shops: ids of the job's shops; a run may be narrowed to some of them.
        project_root: where `include` is; the command's working directory.

    Exit codes (`include.units.exit_codes`): 0 succeeds, 99 skips, 77 and 78 fail at once, all
    else fails and is retried.
    """

    template_fields: Sequence[str] = ()

    def __init__(
        self,
        *,
        job_id: str,
        schedule: Schedule,
        connections: Sequence[str] = (),
        shops: Sequence[str] = (),
        project_root: str,
        **kwargs: Any,
    ) -> None:
        command = f'exec "$RUNNER_PYTHON" -m include.running {job_id}'
        super().__init__(bash_command=command, cwd=project_root, do_xcom_push=False, **kwargs)
        self.job_id = job_id
        self.schedule = schedule
        self.connections = connections
        self.shops = shops
        self.project_root = project_root

    def execute(self, context: Context) -> None:
        """Run it; the exit code says how the task ends."""
        try:
            environment = self.get_env(context)
        except ConfigurationError as error:
            run = context["dag_run"].run_id
            event = _("refused: {error} (run {run})", error=error, run=run)
            write_journal(self.schedule.zone, [(self.job_id, event, ())], self.log)
            # Its own line: what Airflow writes of an exception is a traceback.
            self.log.error("%s: %s", self.job_id, error)  # noqa: TRY400 - for the same reason
            raise AirflowFailException(f"{self.job_id}: {error}") from None
        command = [shutil.which("bash") or "bash", "-c", self.bash_command]
        ended = self.subprocess_hook.run_command(command, env=environment, cwd=self.cwd)
        code = ended.exit_code
        if code == ExitCode.NOTHING_TO_DO:
            raise AirflowSkipException(self._said(N_("{job}: there was nothing to do")))
        if code in ADVICE:
            raise AirflowFailException(self._said(ADVICE[ExitCode(code)], code))
        if code != ExitCode.LANDED:
            raise AirflowException(
                self._said(N_("{job}: exit code {code}; the log above says why"), code)
            )

    def _said(self, template: str, code: int = 0) -> str:
        """Return a message as Airflow takes it from the task's process: as a text."""
        return _(template, job=self.job_id, code=code)[:]

    def get_env(self, context: Context) -> dict[str, str]:
        """Return the runner's environment: the worker's without Airflow's secrets, and what we add.

        Raises:
            ConfigurationError: what the run was asked for is wrong, or a connection is missing.
        """
        run = context["dag_run"]
        asked = asked_of(run, self.job_id, self.schedule, self.shops)
        limit = self.execution_timeout
        inherited = {key: value for key, value in os.environ.items() if not _is_stray(key)}
        return {
            **inherited,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
            "PYTHONPATH": self.project_root,
            "RUNNER_PYTHON": sys.executable,
            # With a socket for its input, as here, bash takes itself for a remote login and reads
            # the user's ~/.bashrc, unless another shell is above it.
            "SHLVL": "1",
            "RUN_ID": run.run_id,
            "ATTEMPT": str(context["ti"].try_number),
            "STOP_WITH_PARENT": str(os.getpid()),
            # After how many seconds Airflow ends the task; 0 for never.
            ALL_SECONDS: str(limit.total_seconds() if limit else 0),
            # Somebody who asks for a period by hand wants that one.
            RETRY_EARLIER: "1" if run.run_type == SCHEDULED else "",
            "WAREHOUSE_URL": warehouse_url(),
            **self._connections(),
            **asked.to_environment(),
        }

    def _connections(self) -> dict[str, str]:
        """Return the connections as variables.

        One that is missing is one shop's problem: its script says which, and pulls the others.
        """
        found = {}
        for name in self.connections:
            try:
                found[variable_of(name)] = str(connection_of(name).as_json())
            except ConfigurationError as error:  # noqa: PERF203 - each connection for itself
                if not self.shops:
                    raise
                self.log.warning("%s", error)
        return found


def _is_stray(key: str) -> bool:
    """Return what the runner must not inherit.

    Airflow's secrets, and what the shell that started the service said of periods and shops.
    """
    airflows = key.startswith(("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "_AIRFLOW"))
    return airflows or key in PRIVATE or key in ("BASH_ENV", "ENV")


def connection_of(connection_id: str) -> Any:
    """Return one of Airflow's connections.

    Raises:
        ConfigurationError: there is none of that id.
    """
    try:
        return BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise missing_connection(connection_id) from error


def warehouse_url() -> str:
    """Return the warehouse's SQLAlchemy URL, secrets and all.

    Raises:
        ConfigurationError: the connection is missing, or names no database that we know.
    """
    # Parsing a DAG file must not wait for SQLAlchemy.
    from include.warehouse.connecting import url_of  # noqa: PLC0415

    return url_of(connection_of(WAREHOUSE))


def write_journal(
    zone: tzinfo, events: Iterable[tuple[str, str, Sequence[str]]], log: Logger
) -> None:
    """Write events to the runner's journal, on a zone's clock; the log is told if it cannot be.

    An event is its subject, what happened, and lines that say more; all free of secrets.
    """
    journal = Journal.of(var_folder(os.environ), zone)
    try:
        for event in events:
            journal.write(*event)
    except OSError as error:
        log.warning(
            _(
                "the journal {path} cannot be written: {error}",
                path=journal.path,
                error=reason_of(error),
            )
        )
