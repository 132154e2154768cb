"""Coverage for the commands that look at it: whether the service runs or not, and quickly."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from include import MANAGER
from include.coverage import read_coverage
from include.coverage.reading import read_completeness
from include.errors import ConfigurationError, ExpectedError
from include.heartbeats import patience_of
from include.periods import FORMS
from include.registry import SHOPS_FILE, load_registry
from include.warehouse.transactions import cause_of
from include.warehouse.transactions import now as clock_of
from include.warehouse.versions import opened
from manager.airflow.stuck_runs import stuck_of
from manager.airflow.tables import paused_jobs, runs_under_way, warehouse_url
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment
from manager.lookup import why_unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from include.coverage import Coverage, JudgedUnit
    from include.coverage.model import Since
    from include.coverage.runs import UnderWay
    from include.registry import Problem, Registry
    from manager.airflow.stuck_runs import Stuck
    from manager.layout import Layout

# Unless asked for more: older gaps are rare, and somebody has decided to leave them.
DAYS = 90
# The first midnight of a day anywhere on earth; each job then looks at its own clock.
FIRST_MIDNIGHT = timezone(timedelta(hours=14))


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

    def read(
        self, since: Since, *, jobs: Collection[str] | None = None, in_full: bool = False
    ) -> Coverage:
        """Read coverage from a moment on; raises ExpectedError when the warehouse is away."""
        with in_words():
            return read_coverage(
                self.engine,
                self.registry,
                since,
                jobs=jobs,
                in_full=in_full,
                patience=self.patience,
            )

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

    def completeness(self, jobs: Collection[str]) -> dict[tuple[str, str], datetime]:
        """Read up to when each shop of some jobs is complete, by job and shop.

        Raises:
            ExpectedError: the warehouse does not answer.
        """
        with in_words():
            return read_completeness(self.engine, jobs) if jobs else {}


@contextmanager
def in_words() -> Iterator[None]:
    """Explain in a line what is wrong with the warehouse.

    Raises:
        ExpectedError: the block found that it does not answer.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise ExpectedError(
            f"the warehouse cannot be read: {cause_of(error)}; see that it is up: "
            f"`{MANAGER} doctor` looks at it"
        ) from None


@contextmanager
def coverage_reader(layout: Layout) -> Iterator[CoverageReader]:
    """Open the warehouse of an installation.

    Raises:
        ExpectedError: nothing was ever started here.
    """
    if not layout.secrets.exists():  # which the first start makes before anything else
        raise ExpectedError(f"there is no warehouse yet: `{MANAGER} start` makes it")
    environment = component_environment(layout, remembered(layout))
    with in_words():
        engine = opened(warehouse_url(dict(environment)))
    try:
        registry = load_registry(layout.root)
        yield CoverageReader(
            registry=registry,
            engine=engine,
            paused=paused_jobs(environment),
            patience=patience_of(environment),
            # Before coverage is read: what lands meanwhile has landed.
            under_way=runs_under_way(environment, registry),
            root=layout.root,
            stuck=stuck_of(layout),
        )
    finally:
        engine.dispose()


def check_names(registry: Registry, job: str | None, shop: str | None) -> None:
    """Refuse a job or shop that there is not.

    Raises:
        ConfigurationError: says what is wrong with it, or which was probably meant.
    """
    if job is not None and job not in registry.jobs:
        raise ConfigurationError(why_unknown(registry, "job", job))
    if shop is not None and shop not in registry.shops:
        raise ConfigurationError(why_unknown(registry, "shop", shop))
    if job is None or shop is None:
        return
    wanted, there = registry.jobs[job].platform, registry.shops[shop].platform
    if wanted != there:
        of_job = f"pulls shops on {wanted}" if wanted else "has no shops"
        raise ConfigurationError(
            f"shop {shop!r} is on {there}, and job {job!r} {of_job}: leave one of the two out"
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


def day_of(option: str, word: str) -> date:
    """Read the day behind an option; raises ConfigurationError when it is none."""
    with suppress(ValueError):
        if FORMS["day"][1].fullmatch(word):
            return date.fromisoformat(word)
    example = datetime.now(timezone.utc).date().isoformat()
    raise ConfigurationError(
        f"{option} {word!r} is no day of the calendar: write it like {example}"
    )


def since_of(word: str | None, now: datetime) -> date | None:
    """Read the day behind `--since`; None where it is not given.

    Raises:
        ConfigurationError: it is none, or has begun nowhere on earth: nothing can be missing of it.
    """
    if word is None:
        return None
    since, today = day_of("--since", word), now.astimezone(FIRST_MIDNIGHT).date()
    if since > today:
        raise ConfigurationError(f"--since {since} has not come: today is {today}")
    return since


def first_moment(day: date) -> datetime:
    """Return a moment at which a day has begun nowhere on earth."""
    return datetime.combine(day, time(), FIRST_MIDNIGHT)
