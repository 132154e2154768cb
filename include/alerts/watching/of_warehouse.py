"""Reading what the warehouse knows, for one round; what is dear is kept from one to the next."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import make_url

from include.alerts.findings import Kind
from include.alerts.watching import health
from include.alerts.watching.airflow_state import DatabaseGoneError
from include.alerts.watching.day import NOT_READ, Digested, day_of, restated_of, usual_of
from include.alerts.watching.problems import problem_findings
from include.alerts.watching.reasons import Circumstances
from include.alerts.watching.refusals import Refusals, read_landings
from include.alerts.watching.resolutions import resolutions
from include.alerts.watching.token_ends import token_ends, token_findings
from include.alerts.watching.units import AT_LEAST, UnitFindings, is_told_of
from include.coverage.reading import read_coverage
from include.units.job_units import LONG_AGO
from include.warehouse.connecting import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy import Engine

    from include.alerts.credentials import Credentials
    from include.alerts.findings import Finding, TokenEnd
    from include.alerts.watching.airflow_state import AirflowState
    from include.alerts.watching.known_connections import KnownConnections
    from include.alerts.watching.of_airflow import AirflowReader
    from include.alerts.watching.place import Asked
    from include.alerts.watching.sight import Gathering, Sight
    from include.coverage import Coverage
    from include.coverage.runs import Run

PART = "warehouse"
KINDS = (
    *(Kind.LATE, Kind.QUALITY, Kind.AGING, Kind.PAUSED),
    *(Kind.CREDENTIALS, Kind.CONFIGURATION, Kind.TOKEN),
)
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
    """Reads the warehouse.

    Args:
        credentials: say where it is.
        shops: their connections, with their tokens.
        airflow: is asked for the runs of what was never begun.
    """

    def __init__(
        self, credentials: Credentials, shops: KnownConnections, airflow: AirflowReader
    ) -> None:
        self._credentials, self._shops, self._airflow = credentials, shops, airflow
        self._aging: tuple[datetime, list[Finding]] | None = None
        self._tokens: tuple[datetime, list[tuple[TokenEnd, str]]] | None = None
        self._digested: tuple[date, Digested] | None = None

    def read(
        self, gathering: Gathering, state: AirflowState | None, asked: Asked, service: str
    ) -> None:
        """Add what the ledger shows to be wrong.

        Args:
            gathering: takes it.
            state: how Airflow is; none where that is not known.
            asked: what the round is asked.
            service: what is wrong with the service, as a sentence.
        """

        def away(error: Exception) -> Finding | None:
            return health.database_finding(gathering.sight, health.WAREHOUSE, error)

        with gathering.reading(PART, *KINDS, away=away), self._opened() as engine:
            gathering.sight = replace(gathering.sight, masker=self._shops.masker)
            coverage = read_coverage(
                engine,
                gathering.sight.registry,
                _since(gathering.sight),
                now=_moment(engine, gathering.sight),
            )
            self._take_problems(gathering, coverage)
            self._take_units(gathering, coverage, state, asked, service)
            self._take_refusals(gathering, engine, coverage)
            self._take_aging(gathering, engine)
            self._take_tokens(gathering, engine)
            self._take_day(gathering, engine, coverage, asked)
            found = {finding.identity for finding in gathering.findings}
            gone = [one for one in asked.open_now if one not in found]
            gathering.resolved.update(resolutions(gathering.sight, engine, coverage, gone))

    @contextmanager
    def _opened(self) -> Iterator[Engine]:
        url = self._credentials.warehouse_url()
        self._shops.conceal(url)
        made = make_url(url)
        if made.get_backend_name() == "sqlite" and not Path(made.database or "").exists():
            raise DatabaseGoneError(f"{made.database} is not there")
        engine = connect(url)
        try:
            yield engine
        finally:
            engine.dispose()

    def _take_problems(self, gathering: Gathering, coverage: Coverage) -> None:
        """Add the jobs that could not be judged, by a fault of ours."""
        known = set(gathering.sight.registry.problems)
        new = [problem for problem in coverage.problems if problem not in known]
        gathering.findings += problem_findings(gathering.sight, new, {})
        gathering.unseen(subjects={one.job_id for one in new if one.job_id})

    def _take_units(
        self,
        gathering: Gathering,
        coverage: Coverage,
        state: AirflowState | None,
        asked: Asked,
        service: str,
    ) -> None:
        runs = self._runs(gathering, coverage) if state else None
        around = Circumstances(gathering.sight, runs=runs)
        if state:
            around = replace(around, dags=state.dags, under_way=state.under_way)
        units = UnitFindings(coverage, around, service, asked.started)
        gathering.findings += units.late()
        gathering.findings += units.quality()
        gathering.findings += units.configuration()
        if state:
            gathering.findings += units.paused()

    def _runs(self, gathering: Gathering, coverage: Coverage) -> tuple[Run, ...] | None:
        """Return the runs of periods that were never begun; none where that is not known."""
        never = {
            (cell.job.id, cell.period.key)
            for cell in coverage.cells
            if cell.units
            and is_told_of(cell.job)
            and cell.due_at.timestamp() <= gathering.sight.now.timestamp()
            and not any(unit.attempts for unit in cell.units)
        }
        with gathering.reading("runs"):
            return self._airflow.runs(gathering, never) if never else ()
        return None

    def _take_refusals(self, gathering: Gathering, engine: Engine, coverage: Coverage) -> None:
        landings = read_landings(engine, coverage)
        refusals = Refusals(coverage, gathering.sight, landings)
        gathering.findings += refusals.findings()
        gathering.unseen(subjects=refusals.tried)

    def _take_aging(self, gathering: Gathering, engine: Engine) -> None:
        sight, known = gathering.sight, self._aging
        every = AGING_AGAIN if known and known[1] else AGING_EVERY
        if known is None or not timedelta() <= sight.now - known[0] < every:
            now = _moment(engine, sight)
            coverage = read_coverage(engine, sight.registry, LONG_AGO, now=now)
            found = UnitFindings(coverage, Circumstances(sight)).aging()
            known = self._aging = (sight.now, [*found])
        gathering.findings += known[1]

    def _take_tokens(self, gathering: Gathering, engine: Engine) -> None:
        sight, known = gathering.sight, self._tokens
        if self._shops.read_at is None:
            gathering.unseen(Kind.TOKEN)
            return
        with gathering.reading("tokens", Kind.TOKEN):
            if known is None or not timedelta() <= sight.now - known[0] < TOKENS_EVERY:
                found = token_ends(sight, engine, self._shops.variables)
                known = self._tokens = (sight.now, found)
            gathering.findings += token_findings(sight, known[1])

    def _take_day(
        self, gathering: Gathering, engine: Engine, coverage: Coverage, asked: Asked
    ) -> None:
        sight = gathering.sight
        with gathering.reading("digest"):
            local = sight.now.astimezone(ZoneInfo(sight.zone))
            if local.time() >= asked.configuration.digest.at and (
                self._digested is None or self._digested[0] != local.date()
            ):
                read = Digested(usual_of(sight, engine), restated_of(sight, engine))
                self._digested = local.date(), read
            known = self._digested and self._digested[0] == local.date() and self._digested[1]
            tokens = [token for token, _ in self._tokens[1]] if self._tokens else []
            gathering.day = day_of(sight, coverage, tokens, known or NOT_READ)


def _since(sight: Sight) -> dict[str, datetime]:
    """Return from when on periods may be late, for each kind of period."""
    longest = dict.fromkeys(UNTIL_LATE, AT_LEAST)
    for job in sight.registry.jobs.values():
        longest[job.period] = max(longest[job.period], job.recover)
    return {kind: sight.now - longest[kind] - more for kind, more in UNTIL_LATE.items()}


def _moment(engine: Engine, sight: Sight) -> datetime | None:
    """Return the moment at which units are judged; none for that of the warehouse's own clock."""
    return sight.now if engine.dialect.name == "sqlite" else None
