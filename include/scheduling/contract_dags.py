"""From a contract to a DAG, whose runs tell Airflow that a period is complete.

A run is made of each revision, by `manager.contract_events`, under a name that there is once. Its
task ends well once, and Airflow stores the asset's event with that: so of each revision there is
one event, whatever is killed and whoever makes the run again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.language import N_, _
from include.registry.contracts import Contract, load_contracts
from include.registry.contracts.schema import DAG_PREFIX, NO_CRON
from include.scheduling.operator import warehouse_url
from include.scheduling.timetable import CalendarPartitionTimetable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import Context

    from include.contracts import Revision

COMPLETE, TAG = N_("complete"), N_("contract")
# The warehouse may be away for as long as that.
RETRIES, RETRY_DELAY = 60, timedelta(minutes=1)
MAX_ACTIVE_RUNS = 100
BY_HAND = N_(
    "{contract}: run {run!r} is of no revision that was complete: the runs of this DAG "
    "are made when a period is; see `python3 scheduler_manager.py complete {contract} "
    "{key}`, and to say one again clear its run"
)
ABOUT = N_("""\
## {name}

An event of the asset `{id}`, with the period as its partition key, each time that a period of these
jobs is complete: {jobs}. Runs are made by themselves; a DAG with
`schedule=PartitionedAssetTimetable(assets=Asset("{id}"))` starts on them.
""")

log = logging.getLogger(__name__)


class CompleteOperator(BaseOperator):
    """Emits the event of the revision that its run is named after.

    Args:
        contract_id: of which contract.
        asset: whose event it is; the run's partition key is the event's.
    """

    template_fields: Sequence[str] = ()

    def __init__(self, *, contract_id: str, asset: Asset, **kwargs: Any) -> None:
        super().__init__(outlets=[asset], do_xcom_push=False, **kwargs)
        self.contract_id = contract_id
        self.asset = asset

    def execute(self, context: Context) -> None:
        """Look the revision up, and say what has landed with it."""
        run = context["dag_run"]
        revision = self._written(run.run_id)
        if revision is None or revision.period_key != run.partition_key:
            key = run.partition_key or "PERIOD"
            message = _(BY_HAND, contract=self.contract_id, run=run.run_id, key=key)
            raise AirflowFailException(message[:])
        context["outlet_events"][self.asset].extra = revision.as_event()

    def _written(self, run_id: str) -> Revision | None:
        # Parsing a DAG file must not wait for these.
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415

        from include.contracts.revisions import written  # noqa: PLC0415
        from include.warehouse import connect  # noqa: PLC0415
        from include.warehouse.transactions import cause_of  # noqa: PLC0415

        engine = connect(warehouse_url())
        try:
            return written(engine, self.contract_id, run_id)
        except SQLAlchemyError as error:
            told = _(
                "the warehouse cannot be asked: {cause}; check that it is up", cause=cause_of(error)
            )
            raise AirflowException(f"{self.contract_id}: {told}") from error
        finally:
            engine.dispose()


def build_contract_dags(only: str | None = None) -> Iterator[DAG]:
    """Make the DAGs of config/contracts.yaml, or that of the `only` one that a task needs.

    What is wrong with one costs that one alone; `check` and the web UI say what it is. Whether its
    jobs are there does not matter here, so that a thousand of them are not read a second time. A
    task whose contract is being edited meanwhile needs no more than its id.
    """
    if only is not None and not only.startswith(DAG_PREFIX):
        return
    contracts = load_contracts().by_id
    wanted = list(contracts.values())
    if only is not None:
        contract_id = only.removeprefix(DAG_PREFIX)
        alone = Contract(id=contract_id, name=contract_id, jobs=[contract_id])
        wanted = [contracts.get(contract_id, alone)]
    for contract in wanted:
        try:
            yield contract_dag(contract)
        except Exception:  # noqa: PERF203 -- one costs no other
            log.exception(_("no DAG for contract {contract}", contract=contract.id))


def contract_dag(contract: Contract) -> DAG:
    """Make the DAG of a contract: one task, with its asset as outlet."""
    timetable = CalendarPartitionTimetable(
        NO_CRON,
        timezone=contract.timezone,
        period=contract.period,
        week_start=contract.week_start,
        event=contract.dag_id,
    )
    jobs = [f"`{job}`" for job in contract.jobs]
    dag = DAG(
        contract.dag_id,
        dag_display_name=contract.name,
        description=f"{contract.id}: {', '.join(contract.jobs)}",
        doc_md=_(ABOUT, name=contract.name, id=contract.id, jobs=jobs)[:],
        schedule=timetable,
        catchup=False,
        max_active_runs=MAX_ACTIVE_RUNS,
        tags=[_(TAG)[:]],
    )
    emit = CompleteOperator(
        task_id=COMPLETE,
        task_display_name=_(COMPLETE)[:],
        contract_id=contract.id,
        asset=Asset(contract.id),
        retries=RETRIES,
        retry_delay=RETRY_DELAY,
    )
    dag.add_task(emit)
    return dag
