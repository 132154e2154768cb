"""Coverage for the commands that look at it: whether the service runs or not, and quickly."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from include.coverage import Cell, Coverage, JudgedUnit, State, read_coverage
from include.coverage.contract_status import ContractStatus, read_status
from include.coverage.reading import read_completeness
from include.coverage.runs import UnderWay
from include.heartbeats import patience_of
from include.periods import Period
from include.registry import SHOPS_FILE, Problem, Registry, load_registry
from include.registry.contracts import Contract
from include.units.job_units import JobUnits
from include.units.unit import TO_COME
from include.warehouse.transactions import now as clock_of
from manager.airflow.tables import Stuck, paused_jobs, runs_under_way, stuck_runs
from manager.layout import Layout
from manager.lookup import check_names, first_moment, since_of
from manager.not_gaps import NotGaps
from manager.warehouse import in_words, open_warehouse

# Unless asked for more: older gaps are rare, and somebody has decided to leave them.
DAYS = 90


@dataclass(frozen=True)
class FoundGaps:
    """The gaps of a job, a shop or all.

    Attributes:
        job: the job that is asked for; None for all.
        shop: the same of a shop.
        since: the business day from which on was looked.
        now: when was looked.
        coverage: of the jobs in question, with those problems that leave open what should land.
        units: the gaps.
    """

    job: str | None
    shop: str | None
    since: date
    now: datetime
    coverage: Coverage
    units: list[JudgedUnit]

    def not_gaps(self, registry: Registry) -> NotGaps:
        """Return what of the same job, shop or all has not landed, and is no gap."""
        found, coverage, shop = NotGaps(), self.coverage, self.shop
        for cell in coverage.narrowed(self.job, since=self.since):
            found.any_due = found.any_due or _is_due(cell, coverage, registry, shop)
            for unit in cell.units:
                if shop not in (None, unit.shop_id):
                    continue
                if unit.state == State.WAIVED:
                    found.waived += 1
                elif unit.state == State.DISABLED:
                    by = found.shops if cell.job.enabled else found.jobs
                    by[unit.shop_id if cell.job.enabled else unit.job_id] += 1
                elif unit.state == State.RUNNING or (
                    # One that was written down early is not late.
                    unit.state == State.PENDING and unit.due_at <= coverage.made_at
                ):
                    found.waiting[unit.state] += 1
                elif unit.state in TO_COME:
                    found.to_come += 1
                    found.early += unit.state == State.PROVISIONAL
                    found.last_due = max(unit.due_at, found.last_due or unit.due_at)
        return found


@dataclass(frozen=True)
class CoverageReader:
    """What a command that looks at coverage needs.

    Attributes:
        registry: of the project, as it is now.
        engine: of the warehouse.
        paused: jobs whose DAGs are paused; None when Airflow's database does not tell.
        patience: how long what is running may show no sign of life.
        under_way: the runs that wait or work.
        root: of the project.
        stuck: finds the runs that cannot move by then.
    """

    registry: Registry
    engine: Engine
    paused: frozenset[str] | None
    patience: timedelta
    under_way: UnderWay
    root: Path
    stuck: Stuck

    def now(self) -> datetime:
        """Ask the warehouse what time it is; raises ExpectedError when it does not answer."""
        with in_words(), self.engine.connect() as connection:
            return clock_of(connection.execution_options(isolation_level="AUTOCOMMIT"))

    def is_disabled(self, shop: str) -> bool:
        """Return whether a shop is switched off by now."""
        found = load_registry(self.root).shops.get(shop)
        return found is not None and not found.enabled

    @in_words()
    def read(
        self,
        since: datetime | Mapping[str, datetime],
        *,
        jobs: Collection[str] | None = None,
        in_full: bool = False,
    ) -> Coverage:
        """Read coverage from a moment on; raises ExpectedError when the warehouse is away."""
        return read_coverage(
            self.engine,
            self.registry,
            since,
            jobs=jobs,
            in_full=in_full,
            patience=self.patience,
        )

    @in_words()
    def status(self, contract: Contract, period: Period) -> ContractStatus:
        """Judge a period of a contract; raises ExpectedError when the warehouse is away."""
        return read_status(self.engine, self.registry, contract, period, patience=self.patience)

    def gaps(self, job: str | None, shop: str | None, since: str | None) -> FoundGaps:
        """Find the gaps of a job, a shop or all, from a day as it was typed, or the last 90 days.

        Raises:
            ConfigurationError: an unknown job or shop, or no day.
            ExpectedError: the warehouse does not answer.
        """
        check_names(self.registry, job, shop)
        now = self.now()
        day = since_of(since, now)
        begin = now - timedelta(days=DAYS) if day is None else first_moment(day)
        first = day or begin.date()
        coverage = self.read(begin, jobs=None if job is None else [job])
        broken = broken_for(self.registry, coverage.problems, job, shop)
        units = coverage.gaps(job=job, shop=shop, since=first)
        return FoundGaps(job, shop, first, now, replace(coverage, problems=broken), units)

    @in_words()
    def completeness(
        self, shops: Mapping[str, Collection[str] | None], gaps: Iterable[JudgedUnit]
    ) -> dict[tuple[str, str], datetime]:
        """Read up to when each shop of some jobs is complete; raises ExpectedError as `read`."""
        return read_completeness(self.engine, shops, gaps)


@contextmanager
def coverage_reader(layout: Layout) -> Iterator[CoverageReader]:
    """Open the warehouse of an installation; raises ExpectedError before the first start."""
    with open_warehouse(layout) as (engine, environment):
        registry = load_registry(layout.root)
        yield CoverageReader(
            registry=registry,
            engine=engine,
            paused=paused_jobs(environment),
            patience=patience_of(environment),
            # Before coverage is read: what lands meanwhile has landed.
            under_way=runs_under_way(environment, registry),
            root=layout.root,
            stuck=lambda: stuck_runs(environment, registry),
        )


def broken_for(
    registry: Registry, problems: Iterable[Problem], job: str | None, shop: str | None
) -> list[Problem]:
    """Return the problems that leave open what a job, a shop, or without a name all, should land.

    Another file of tasks says nothing of a job that is known; config/shops.yaml does, if it has
    shops.
    """
    has_shops = job is None or bool(registry.jobs[job].platform)
    return [
        one
        for one in problems
        if (
            has_shops and shop in (None, one.job_id)
            if one.file == SHOPS_FILE
            else job in (None, one.job_id)
        )
    ]


def _is_due(cell: Cell, coverage: Coverage, registry: Registry, shop: str | None) -> bool:
    if cell.due_at > coverage.made_at:
        return False
    if shop is None:
        return sum(cell.counts.values()) > cell.counts[State.DISABLED]
    mine = JobUnits(cell.job, [registry.shops[shop]]).of(cell.period)
    return shop in mine.expected | mine.switched_off
