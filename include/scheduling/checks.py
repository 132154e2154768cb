"""The operator that looks at what a run's shops landed, and fails for what cannot be right.

It comes after the script's task, however that one ended: shops that landed are checked although
another failed, and a run in which a unit has not landed stays red.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from include.errors import ConfigurationError
from include.scheduling.asking import asked_of
from include.scheduling.connections import warehouse_url
from include.scheduling.journaling import write_failures
from include.units import JobUnits, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from sqlalchemy import Engine

    from include.registry import Job, Shop
    from include.registry.schema import Checks
    from include.scheduling.inspection import Inspection

ENDED_WELL = ("success", "skipped")
REPAIR = (
    "to pull them again, clear the task {run!r} with what is downstream of it; when a figure is "
    "right as it is, change 'checks' in {entry}"
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
            problems = self._inspect(units, context)
        except ConfigurationError as error:
            write_failures(self.job, {key: [f"{error} ({entry})"] for key in keys}, self.log)
            raise AirflowFailException(f"{self.job.id}: {error} ({entry})") from error
        state = self._state_of_script(context)
        if not problems and state not in ENDED_WELL:
            told = f"task {self.script_task!r} is {state}, though all landed: see its log"
            problems = {key: [told] for key in keys}
        if problems:
            write_failures(self.job, problems, self.log)
            lines = dict.fromkeys(line for told in problems.values() for line in told)
            repair = REPAIR.format(run=self.script_task, entry=entry)
            raise AirflowFailException("\n".join([f"{self.job.id}:", *lines, repair]))

    def _state_of_script(self, context: Context) -> str | None:
        run_id = context["dag_run"].run_id
        states = context["ti"].get_task_states(
            dag_id=self.job.id, task_ids=[self.script_task], run_ids=[run_id]
        )
        state: str | None = states.get(run_id, {}).get(self.script_task)
        return state

    def _inspect(self, units: Sequence[Unit], context: Context) -> dict[str, list[str]]:
        """Give a line for each problem, by period key.

        Raises:
            AirflowException: the warehouse does not answer now.
            AirflowSkipException: the run has no unit.
            ConfigurationError: a check names what is not there.
        """
        # Parsing a DAG file must not wait for these.
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        from include.scheduling.inspection import Inspection  # noqa: PLC0415
        from include.warehouse import connect  # noqa: PLC0415
        from include.warehouse.transactions import cause_of  # noqa: PLC0415

        url = warehouse_url()
        engine = connect(url)
        driver: Any = engine.dialect.loaded_dbapi
        try:
            inspection = Inspection(self.checks, engine, context, self.log.info)
            self._inspect_retried(inspection, engine, context["dag_run"].run_id)
            if not units:
                nothing = f"{self.job.id}: no shop was open, so nothing is to check"
                raise AirflowSkipException(nothing)
            return inspection.problems(units)
        except (SQLAlchemyError, driver.Error) as error:
            cause = cause_of(error)
            told = f"the warehouse cannot be asked: {cause}; check that it is up"
            keys = dict.fromkeys(unit.period.key for unit in units)
            write_failures(self.job, {key: [told] for key in keys}, self.log, url)
            raise AirflowException(f"{self.job.id}: {told}") from error
        finally:
            engine.dispose()

    def _inspect_retried(self, inspection: Inspection, engine: Engine, run_id: str) -> None:
        """Check what the run has landed of earlier periods; what fails there fails not this run."""
        from include.ledger.retries import landed_by_retry  # noqa: PLC0415 - loads SQLAlchemy

        units = [
            Unit(row.job_id, row.shop_id, self.job.schedule.parse_key(row.period_key))
            for row in landed_by_retry(engine, self.job.id, run_id)
        ]
        if problems := inspection.problems(units):
            write_failures(self.job, problems, self.log)
            for line in dict.fromkeys(line for told in problems.values() for line in told):
                self.log.warning("%s: tried once more, and rejected: %s", self.job.id, line)

    def _units(self, run: Any) -> list[Unit]:
        schedule = self.job.schedule
        asked = asked_of(run, self.job.id, schedule, [shop.id for shop in self.shops])
        periods = schedule.ended_between(asked.first, asked.last, run.run_after)
        mine = JobUnits(self.job, self.shops)
        return [unit for period in periods for unit in mine.covered(period, asked.shops)]
