"""`python -m manager.contract_events`: has Airflow say which periods of contracts are complete.

Whoever completes a period writes a revision into the warehouse: a run, a waiver, a repair, on this
machine or another. This process looks for those every second and makes a run of the contract's DAG
of each; the run's name is the revision's, and Airflow takes a name once. So a kill between any two
steps costs nothing: the next look makes the run again, is told that it is there, and marks the
revision. What was completed by an edit (a shop that was disabled), or cut off before its revision
was written, is judged after edits and every five minutes. The runs of jobs after a contract are
made in the same way: under a name that follows from the revision.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from include import TASKS_URL
from include.contracts import completed
from include.contracts.followers import FollowerRun, runs_due
from include.contracts.revisions import Revision, mark_emitted, unemitted
from include.errors import ExpectedError
from include.language import N_, _
from include.registry import Registry, load_registry
from include.registry.contracts import Contracts, load_contracts
from include.registry.paths import CONFIG
from include.warehouse.connecting import connect
from include.warehouse.transactions import cause_of
from manager.airflow.rest import ADMIN, Api, ApiError
from manager.airflow.starting_runs import API_TIMEOUT, make_run
from manager.airflow.tables import warehouse_url
from manager.journal import log_line
from manager.layout import Layout, current_layout
from manager.lifecycle.config_watcher import State, state_of
from manager.lifecycle.ports import LOOPBACK, Ports, remembered

if TYPE_CHECKING:
    from sqlalchemy import Engine

HTTP_PORT = 80
LOOK_SECONDS = 1.0
JUDGE_SECONDS = 300.0
# What is complete again, with the rows that it had, is no revision: jobs after it are looked at.
START_SECONDS = 10.0
# Where Airflow or the warehouse does not take it.
PAUSE_SECONDS = 5.0
# How long Airflow may refuse what is to be made, until this counts as not working.
PATIENCE_SECONDS = 120.0
# Of a web user who may trigger DAGs, where there is no password file of the service's.
USER, PASSWORD = "CONTRACTS_USER", "CONTRACTS_PASSWORD"

# Makes a run of a DAG by what the REST API is told of it; raises ApiError.
MakeRun = Callable[[str, Mapping[str, Any]], object]


class ContractEvents:
    """Looks, and makes what is to be made.

    Args:
        layout: the installation.
        url: returns the warehouse's SQLAlchemy URL, as it is now.
        make: makes a run; one of that name is as good.
        clock: seconds.
        say: writes a line of the log.
    """

    def __init__(
        self,
        layout: Layout,
        url: Callable[[], str],
        make: MakeRun,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = log_line,
    ) -> None:
        self._layout, self._url, self._make = layout, url, make
        self._clock, self._say = clock, say
        self._state: State = {}
        self._judged, self._looked = -JUDGE_SECONDS, -START_SECONDS
        self._engine: Engine | None = None
        self._contracts, self._registry = Contracts(), Registry()
        self._is_news = False
        self._started: set[FollowerRun] = set()
        self._well = clock()
        self._trouble = ""

    def look(self) -> bool:
        """Look once; returns whether all that is complete was said."""
        troubles: list[str] = []
        self._is_refused = False
        for step in (self._judge, self._emit, self._start):
            try:
                troubles += step()
            except (ExpectedError, SQLAlchemyError) as error:  # noqa: PERF203 -- the same
                troubles.append(_("the warehouse cannot be asked: {error}", error=cause_of(error)))
                self._state = {}  # what was not judged is judged next
            except Exception:  # noqa: BLE001 -- whatever one step meets, the next is made
                troubles.append(traceback.format_exc())
        trouble = "\n".join(troubles)
        if not self._is_refused:
            self._well = self._clock()
        if trouble and trouble != self._trouble:
            self._say(trouble)
        self._trouble = trouble
        if self._clock() - self._well < PATIENCE_SECONDS:
            self._layout.contracts_heartbeat.touch()
        return not trouble

    def _judge(self) -> Iterable[str]:
        """Read again what was edited, and write down what is complete now."""
        state = state_of([self._layout.root / CONFIG])
        if state == self._state and self._clock() - self._judged < JUDGE_SECONDS:
            return ()
        self._registry = load_registry(self._layout.root)
        self._contracts = load_contracts(self._layout.root, self._registry)
        self._state, self._judged, self._is_news = state, self._clock(), True
        if self._engine:
            self._engine.dispose()
            self._engine = None
        if self._contracts.by_id:
            self._engine = connect(self._url())  # the connection may have been edited, too
            for revision in completed(self._engine, self._layout.root):
                self._say(_("complete: {revision}", revision=revision))
        return ()

    def _emit(self) -> Iterable[str]:
        """Make a run of each revision that has none; returns what was in the way."""
        refused: dict[str, str] = {}
        if self._engine is None:
            return ()
        for revision in unemitted(self._engine, self._contracts.by_id):
            if revision.contract_id in refused:  # its revisions come in their order
                continue
            dag_id = self._contracts.by_id[revision.contract_id].dag_id
            if error := self._refusal(dag_id, body_of(revision)):
                text = _("{revision} is not said yet: {error}", revision=revision, error=error)
                refused[revision.contract_id] = text
                continue
            mark_emitted(self._engine, revision)
            self._is_news = True
            self._say(_("said: {revision}", revision=revision))
        return refused.values()

    def _refusal(self, dag_id: str, body: Mapping[str, Any]) -> ApiError | None:
        """Make a run of a DAG; return why it could not be made."""
        try:
            self._make(dag_id, body)
        except ApiError as error:
            self._is_refused = True
            return error
        return None

    def _start(self) -> Iterable[str]:
        """Make the runs of jobs after contracts that are due; returns what was in the way."""
        refused: list[str] = []
        is_time = self._clock() - self._looked >= START_SECONDS
        if self._engine is None or not (self._is_news or is_time):
            return refused
        self._is_news, self._looked = False, self._clock()
        for job in self._registry.jobs.values():
            contract = self._contracts.by_id.get(job.after or "")
            if contract is None or not job.enabled:
                continue
            for run in runs_due(self._engine, self._registry, job, contract, self._started):
                unit = {"job": job.id, "key": run.key}
                if error := self._refusal(job.id, run.body):
                    self._is_news = True
                    text = _("{job} {key} is not started yet: {error}", **unit, error=error)
                    refused.append(text)
                    continue
                self._started.add(run)
                started = N_("started: {job} {key}, after {contract}")
                self._say(_(started, **unit, contract=contract.id))
        return refused


def body_of(revision: Revision) -> dict[str, Any]:
    """Return what the REST API is told to make the run of a revision."""
    return {
        "dag_run_id": revision.event_id,
        "logical_date": None,
        "partition_key": revision.period_key,
    }


def api_of(layout: Layout, environment: Mapping[str, str]) -> Api:
    """Return Airflow's API: of this machine, or of containers and an Airflow of the team's own."""
    password = environment.get(PASSWORD)
    if not password:
        return Api(layout, remembered(layout), API_TIMEOUT)
    address = urlsplit(environment[TASKS_URL])
    ports = Ports(address.port or HTTP_PORT, address.hostname or LOOPBACK)
    return Api(layout, ports, API_TIMEOUT, (environment.get(USER) or ADMIN, password))


def main() -> None:
    """Look every second until somebody ends this process."""
    layout = current_layout()
    layout.run.mkdir(parents=True, exist_ok=True)  # an Airflow of the team's own has none

    def make(dag_id: str, body: Mapping[str, Any]) -> None:
        # Logs in each time: it is rare, and a token or a password may have been replaced.
        make_run(api_of(layout, os.environ), dag_id, body)

    events = ContractEvents(layout, lambda: warehouse_url(dict(os.environ)), make)
    while True:
        time.sleep(LOOK_SECONDS if events.look() else PAUSE_SECONDS)


if __name__ == "__main__":
    main()
