"""Reading the warehouse, for one round: what is late, rejected, refused, and how the day is."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from include.alerts.configuration import routes_naming
from include.alerts.connections import is_due
from include.alerts.findings import OF_CONTRACT, Kind
from include.alerts.watching import health
from include.alerts.watching.config_problems import problem_findings
from include.alerts.watching.connections import Refusals, read_landings, token_ends, token_findings
from include.alerts.watching.contracts import ContractFindings
from include.alerts.watching.landed import (
    NOT_READ,
    Digested,
    Span,
    day_of,
    drifting_of,
    resolutions,
    restated_of,
    span_of,
    usual_of,
)
from include.alerts.watching.reasons import Circumstances
from include.alerts.watching.units import AT_LEAST, UnitFindings, is_told_of
from include.coverage.reading import read_coverage
from include.gateways.shape_store import drifted_within
from include.registry.alerts import COMPLETE, DRIFT
from include.units.job_units import LONG_AGO
from include.warehouse.connecting import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from include.alerts.connections import ChannelConnections, ShopConnections
    from include.alerts.findings import Finding, TokenEnd
    from include.alerts.watching.airflow_database import AirflowReader, AirflowState
    from include.alerts.watching.scope import Collector, Scope
    from include.coverage import Coverage
    from include.coverage.runs import Run

PART = "warehouse"
# What the ledger and the tokens beside it show of jobs, and of connections.
OF_LEDGER = (Kind.LATE, Kind.QUALITY, Kind.AGING, Kind.PAUSED, Kind.CREDENTIALS, Kind.TOKEN)
# From the end of a period until its deadline has passed, at most.
UNTIL_LATE = {
    "tick": timedelta(days=1),
    "day": timedelta(days=3),
    "week": timedelta(days=9),
    "month": timedelta(days=33),
}
# All gaps there ever were are looked for this often; when there are any, to see them closed.
AGING_EVERY, AGING_AGAIN = timedelta(minutes=30), timedelta(minutes=5)
TOKENS_EVERY = timedelta(hours=1)


class WarehouseReader:
    """Reads the warehouse, and asks `airflow` for the runs of what was never begun."""

    def __init__(
        self, credentials: ChannelConnections, shops: ShopConnections, airflow: AirflowReader
    ) -> None:
        self._credentials, self._shops, self._airflow = credentials, shops, airflow
        self._aging: tuple[datetime, list[Finding]] | None = None
        self._tokens: tuple[datetime, list[tuple[TokenEnd, str]]] | None = None
        self._digested: tuple[Span, Digested] | None = None

    def read(self, collector: Collector, state: AirflowState | None, service: str) -> None:
        """Add what the ledger shows to be wrong.

        `state` is none where that is not known; `service` says what is wrong with the service.
        """
        kinds = (*OF_LEDGER, Kind.CONFIGURATION)
        away = partial(health.database_finding, health.WAREHOUSE)
        with (
            collector.reading(PART, *kinds, away=away),
            self._opened() as engine,
        ):
            collector.scope = replace(collector.scope, masker=self._shops.masker)
            coverage = read_coverage(
                engine,
                collector.scope.registry,
                _since(collector.scope),
                now=_moment(engine, collector.scope),
            )
            self._take_problems(collector, coverage)
            units = self._take_units(collector, coverage, state, service)
            contracts = self._take_contracts(collector, engine, units, state)
            self._take_refusals(collector, engine, coverage)
            self._take_aging(collector, engine)
            self._take_tokens(collector, engine)
            self._take_day(collector, engine, coverage)
            if routes_naming(collector.asked.configuration, DRIFT):
                with collector.reading("shapes"):
                    collector.drifted = drifting_of(collector.scope, engine)
            found = {finding.identity for finding in collector.findings}
            gone = [one for one in collector.asked.open_now if one not in found]
            collector.resolved.update(resolutions(collector.scope, engine, coverage, gone))
            if contracts:
                collector.resolved.update(contracts.resolutions(gone))
                if collector.day:
                    collector.day = replace(collector.day, contracts=contracts.days())

    @contextmanager
    def _opened(self) -> Iterator[Engine]:
        url = self._credentials.warehouse_url()
        self._shops.conceal(url)
        health.there(url)
        engine = connect(url)
        try:
            yield engine
        finally:
            engine.dispose()

    def _take_problems(self, collector: Collector, coverage: Coverage) -> None:
        """Add the jobs that could not be judged, by a fault of ours."""
        known = set(collector.scope.registry.problems)
        new = [problem for problem in coverage.problems if problem not in known]
        collector.findings += problem_findings(collector.scope, new, {})
        collector.unseen(subjects={one.job_id for one in new if one.job_id})

    def _take_units(
        self, collector: Collector, coverage: Coverage, state: AirflowState | None, service: str
    ) -> UnitFindings:
        runs = self._runs(collector, coverage) if state else None
        around = Circumstances(collector.scope, runs=runs)
        if state:
            around = replace(around, dags=state.dags, under_way=state.under_way)
        units = UnitFindings(coverage, around, service, collector.asked.started)
        collector.findings += units.quality()
        collector.findings += units.configuration()
        if state:
            collector.findings += units.paused()
        return units

    def _take_contracts(
        self,
        collector: Collector,
        engine: Engine,
        units: UnitFindings,
        state: AirflowState | None,
    ) -> ContractFindings | None:
        """Add what is late of contracts, and of jobs for which no contract stands."""
        scope, asked, late = collector.scope, collector.asked, [*units.late()]
        open_contracts = {
            one.subject for one in asked.open_now if one.subject.startswith(OF_CONTRACT)
        }
        with collector.reading("contracts", subjects=open_contracts):
            contracts = ContractFindings(scope, engine, _since(scope), _moment(engine, scope))
            late = contracts.late(units, late, asked.open_now)
            collector.unseen(subjects=contracts.unseen)
            late += contracts.held(state.held if state else {})
            if routes_naming(asked.configuration, COMPLETE):
                collector.completed = contracts.completed()
            collector.findings += late
            return contracts
        collector.findings += late
        return None

    def _runs(self, collector: Collector, coverage: Coverage) -> tuple[Run, ...] | None:
        """Return the runs of periods that were never begun; none where that is not known."""
        never = {
            (cell.job.id, cell.period.key)
            for cell in coverage.cells
            if cell.units
            and is_told_of(cell.job)
            and cell.due_at.timestamp() <= collector.scope.now.timestamp()
            and not any(unit.attempts for unit in cell.units)
        }
        with collector.reading("runs"):
            return self._airflow.runs(collector, never) if never else ()
        return None

    def _take_refusals(self, collector: Collector, engine: Engine, coverage: Coverage) -> None:
        landings = read_landings(engine, coverage)
        refusals = Refusals(coverage, collector.scope, landings)
        collector.findings += refusals.findings()
        collector.unseen(subjects=refusals.tried)

    def _take_aging(self, collector: Collector, engine: Engine) -> None:
        scope, known = collector.scope, self._aging
        every = AGING_AGAIN if known and known[1] else AGING_EVERY
        if known is None or is_due(known[0], every, scope.now):
            now = _moment(engine, scope)
            coverage = read_coverage(engine, scope.registry, LONG_AGO, now=now)
            found = UnitFindings(coverage, Circumstances(scope)).aging()
            known = self._aging = (scope.now, [*found])
        collector.findings += known[1]

    def _take_tokens(self, collector: Collector, engine: Engine) -> None:
        scope, known = collector.scope, self._tokens
        if self._shops.read_at is None:
            collector.unseen(Kind.TOKEN)
            return
        with collector.reading("tokens", Kind.TOKEN):
            if known is None or is_due(known[0], TOKENS_EVERY, scope.now):
                found = token_ends(scope, engine, self._shops.variables)
                known = self._tokens = (scope.now, found)
            collector.findings += token_findings(scope, known[1])

    def _take_day(self, collector: Collector, engine: Engine, coverage: Coverage) -> None:
        scope = collector.scope
        with collector.reading("digest"):
            span = span_of(scope, collector.asked.configuration.digest.at)
            is_time = scope.now >= span.until
            if is_time and (self._digested is None or self._digested[0] != span):
                read = Digested(
                    usual_of(scope, engine, span),
                    restated_of(scope, engine, span),
                    drifted_within(engine, *span),
                )
                self._digested = span, read
            known = self._digested[1] if is_time and self._digested else NOT_READ
            tokens = [token for token, _ in self._tokens[1]] if self._tokens else []
            collector.day = day_of(scope, coverage, span, tokens, known)


def _since(scope: Scope) -> dict[str, datetime]:
    """Return from when on periods may be late, for each kind of period."""
    longest = dict.fromkeys(UNTIL_LATE, AT_LEAST)
    for job in scope.registry.jobs.values():
        longest[job.period] = max(longest[job.period], job.recover)
    return {kind: scope.now - longest[kind] - more for kind, more in UNTIL_LATE.items()}


def _moment(engine: Engine, scope: Scope) -> datetime | None:
    """Return the moment at which units are judged; none for that of the warehouse's own clock."""
    return scope.now if engine.dialect.name == "sqlite" else None
