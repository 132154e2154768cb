"""The operator that keeps a run red of which a unit has not landed, or landed what cannot be right.

It comes after the script's task, however that one ended. The runner has judged by then what landed
(`include.row_checks`); this task asks for the same judgement, so that none depends on the runner's.
"""

from __future__ import annotations

import os
from itertools import groupby
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from include.errors import ConfigurationError
from include.language import N_, _
from include.running.asked import asked_of
from include.scheduling.operator import warehouse_url, write_journal
from include.secrets.masking import Masker
from include.secrets.values import secrets_in
from include.units.job_units import JobUnits
from include.units.unit import LANDED, LedgerRow, State, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.sdk import Context

    from include.registry import Job, Shop
    from include.registry.checks_schema import Checks
    from include.units.ledger import Ledger

ENDED_WELL = ("success", "skipped")
REPAIR = N_(
    "to pull them again, clear the task {run!r} with what is downstream of it; when a "
    "figure is right as it is, change 'checks' in {entry}"
)


class CheckOperator(BaseOperator):
    """Checks the units that a DAG run covers, and rejects in the ledger those that fail.

    Args:
        job: the registry entry.
        checks: its checks.
        shops: the job's shops; a run may be narrowed to some of them.
        script_task: the task that ran the script.

    It fails at once for a unit that has not landed, or landed what a check does not let pass, and
    when the script's task failed. It is retried only when the warehouse does not answer.
    """

    template_fields: Sequence[str] = ()

    def __init__(
        self, *, job: Job, checks: Checks, shops: Sequence[Shop], script_task: str, **kwargs: Any
    ) -> None:
        super().__init__(do_xcom_push=False, **kwargs)
        self.job = job
        self.checks = checks
        self.shops = shops
        self.script_task = script_task

    def execute(self, context: Context) -> None:
        """Check every unit of the run; one message, and the journal, name all that is wrong."""
        entry = f"{self.job.file}:{self.job.line}"
        keys: list[str] = []
        try:
            units = self._units(context["dag_run"])
            keys = list(dict.fromkeys(unit.period.key for unit in units))
            problems = self._problems(units, context["dag_run"].run_id)
        except ConfigurationError as error:
            self._journal({key: [_("{error} ({entry})", error=error, entry=entry)] for key in keys})
            self.log.error("%s: %s", self.job.id, error)  # noqa: TRY400 - no traceback
            raise AirflowFailException(f"{self.job.id}: {error} ({entry})") from None
        state = self._state_of_script(context)
        if not problems and state not in ENDED_WELL:
            told = _(
                "task {task!r} is {state}, though all landed: see its log",
                task=self.script_task,
                state=state,
            )
            problems = {key: [told] for key in keys}
        if problems:
            self._journal(problems)
            lines = dict.fromkeys(line for told in problems.values() for line in told)
            repair = _(REPAIR, run=self.script_task, entry=entry)
            raise AirflowFailException("\n".join([f"{self.job.id}:", *lines, repair]))

    def _journal(self, reasons: Mapping[str, Sequence[str]], url: str = "") -> None:
        """Write a line for each fault, by period key; a driver may repeat the warehouse's URL."""
        masker = Masker(secrets_in({**os.environ, "WAREHOUSE_URL": url}))
        events = [
            (
                f"{self.job.id} {key}",
                _("failed its checks:"),
                [masker.mask(line) for line in lines],
            )
            for key, lines in reasons.items()
        ]
        write_journal(self.job.schedule.zone, events, self.log)

    def _state_of_script(self, context: Context) -> str | None:
        run_id = context["dag_run"].run_id
        states = context["ti"].get_task_states(
            dag_id=self.job.id, task_ids=[self.script_task], run_ids=[run_id]
        )
        state: str | None = states.get(run_id, {}).get(self.script_task)
        return state

    def _problems(self, units: Sequence[Unit], run_id: str) -> dict[str, list[str]]:
        """Return a line for each problem, by period key.

        Raises:
            AirflowException: the warehouse does not answer now.
            AirflowSkipException: the run has no unit.
            ConfigurationError: a check names what is not there.
        """
        # Parsing a DAG file must not wait for these.
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        from include.row_checks import judge  # noqa: PLC0415
        from include.units.ledger import Ledger  # noqa: PLC0415
        from include.warehouse import connect  # noqa: PLC0415
        from include.warehouse.transactions import cause_of  # noqa: PLC0415

        if not units:
            nothing = _("{job}: no shop was open, so nothing is to check", job=self.job.id)
            raise AirflowSkipException(nothing[:])
        url = warehouse_url()
        ledger = Ledger(connect(url), run_id)
        try:
            missing = _not_landed(ledger, units)
            judgement = judge(ledger, self.checks, units)
        except SQLAlchemyError as error:
            told = _(
                "the warehouse cannot be asked: {cause}; check that it is up", cause=cause_of(error)
            )
            keys = dict.fromkeys(unit.period.key for unit in units)
            self._journal({key: [told] for key in keys}, url)
            raise AirflowException(f"{self.job.id}: {told}") from error
        finally:
            ledger.engine.dispose()
        problems: dict[str, list[str]] = {}
        for unit, line in (*missing, *judgement.lines()):
            problems.setdefault(unit.period.key, []).append(line)
        return problems

    def _units(self, run: Any) -> list[Unit]:
        schedule = self.job.schedule
        asked = asked_of(run, self.job.id, schedule, [shop.id for shop in self.shops])
        periods = schedule.ended_between(asked.first, asked.last, run.run_after)
        mine = JobUnits(self.job, self.shops)
        return [unit for period in periods for unit in mine.covered(period, asked.shops)]


def _not_landed(ledger: Ledger, units: Sequence[Unit]) -> list[tuple[Unit, str]]:
    """Return a line for each unit that has not landed; what is provisional is due later."""
    lines: list[tuple[Unit, str]] = []
    for key, same in groupby(units, key=lambda unit: unit.period.key):
        rows = {row.shop_id: row for row in ledger.rows(units[0].job_id, key)}
        for unit in ledger.open_units(same):
            row = rows.get(unit.shop_id)
            if row is None or row.state != State.PROVISIONAL:
                told = _("{unit}: has not landed: {standing}", unit=unit, standing=_standing(row))
                lines.append((unit, told))
    return lines


def _standing(row: LedgerRow | None) -> str:
    """Return how a unit that has not landed stands, with the first line of its error."""
    if row is None:
        return _("nothing was tried")
    if row.state in LANDED:
        return _("it is {state} for another window of the same key", state=row.state)
    reason = (row.shown_error or "").partition("\n")[0]
    if not reason:
        return row.state
    return _("{state}, {reason}", state=row.state, reason=reason)
