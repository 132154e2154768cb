"""The figures: of what landed, of alerts, of the watchdog and of the platforms' limits.

A part that cannot be read costs its own figures only, and `store_data_source_up` says so: what is
not known is not told as 0.
"""

from __future__ import annotations

import math
import platform
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from include import project_version
from include.alerts.configuration import load_usable
from include.alerts.overview import overview
from include.alerts.store import FILE, Store
from include.coverage import Totals
from include.errors import ExpectedError
from include.gateways.limit_use import limit_use
from include.platforms.all_platforms import PLATFORMS
from include.platforms.feed.dialect import FeedDialect
from include.registry.alerts import KINDS
from include.registry.checks import check_project

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from include.coverage import Coverage
    from include.gateways.limiter import Limit
    from include.registry import Registry

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OF_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
OF_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
LOOKED_BACK = timedelta(days=90)  # as `gaps` does
# What each tells; Prometheus itself has a label `job`, so ours is `job_id`.
HELPS = {
    "store_data_build_info": "Always 1; the versions of the project, of Airflow and of Python.",
    "store_data_figures_timestamp_seconds": (
        "When these figures were made (Unix time). In a textfile an old one: its cron has stopped."
    ),
    "store_data_source_up": (
        "Whether a source of these figures could be read: warehouse, alerts, limits. Of one that "
        "could not, the figures are missing."
    ),
    "store_data_registry_problems": (
        "Problems in config/; what a broken entry should land is counted nowhere."
    ),
    "store_data_job_info": "Always 1; the name and the platform of a job that lands data.",
    "store_data_gaps": (
        "Units (shop and period) of the last 90 days that were due and have not landed."
    ),
    "store_data_oldest_gap_age_seconds": (
        "Since when the oldest of these gaps has been due; 0 without one."
    ),
    "store_data_units_expected_today": (
        "Units whose run was, or is, to start today, on the job's clock."
    ),
    "store_data_units_landed_today": "How many of today's units have landed.",
    "store_data_watchdog_round_age_seconds": (
        "Since when the watchdog last could read and judge everything; +Inf when it never has."
    ),
    "store_data_alerts_open": "Open alerts, without muted ones.",
    "store_data_channel_failing": "Whether a channel of alerts takes no messages.",
    "store_data_platform_calls_used": (
        "Calls that count against a limit of a platform now, of the app (or the shop) with the "
        "most."
    ),
    "store_data_platform_calls_limit": (
        "Calls that a platform allows an app (or a shop) in so many seconds."
    ),
    "store_data_platform_calls_waiting": "Calls that wait for their turn.",
}
# By platform as the registry calls it: how its limiters' names begin, and what it allows.
LIMITS: dict[str, tuple[str, Sequence[Limit]]] = {
    **{name: (known.dialect.name, known.dialect.limits) for name, known in PLATFORMS.items()},
    "feed": ("feed", FeedDialect.limits),
}


class Exposition:
    """Collects samples, all of them gauges, and writes them in Prometheus's text format 0.0.4.

    Args:
        helps: what each metric tells, in the order in which they are written.
    """

    def __init__(self, helps: Mapping[str, str]) -> None:
        self._helps = helps
        self._samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)

    def add(self, metric: str, value: float, **labels: str) -> None:
        """Add a sample, in place of one with the same labels."""
        if metric not in self._helps:
            raise KeyError(metric)
        self._samples[metric][tuple(labels.items())] = value

    def text(self) -> str:
        """Return the page; metrics without a sample are left out."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        for metric, said in self._helps.items():
            if metric in self._samples:
                yield f"# HELP {metric} {said.translate(OF_HELP)}"
                yield f"# TYPE {metric} gauge"
                for labels, value in self._samples[metric].items():
                    pairs = ",".join(f'{name}="{it.translate(OF_LABEL)}"' for name, it in labels)
                    named = f"{metric}{{{pairs}}}" if pairs else metric
                    yield f"{named} {_number(value)}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)


@dataclass(frozen=True)
class Installation:
    """What the figures are of."""

    root: Path  # the project
    var: Path  # what its service writes to
    registry: Registry  # of the project
    # Reads coverage from a moment on; raises ExpectedError or SQLAlchemyError
    read: Callable[[datetime], Coverage]


def figures_of(place: Installation, jobs: Collection[str], now: datetime) -> str:
    """Return the figures in Prometheus's text format.

    Args:
        place: the installation.
        jobs: those that whoever asks may look at.
        now: the moment; aware.
    """
    page = Exposition(HELPS)
    versions = {
        "version": project_version(),
        "airflow": version("apache-airflow"),
        "python": platform.python_version(),
    }
    page.add("store_data_build_info", 1, **versions)
    page.add("store_data_figures_timestamp_seconds", round(now.timestamp()))
    page.add("store_data_registry_problems", len(check_project(place.root).problems))
    for source, add in SOURCES.items():
        try:
            add(page, place, jobs, now)
        except (ExpectedError, SQLAlchemyError, sqlite3.Error):  # noqa: PERF203 - each for itself
            page.add("store_data_source_up", 0, source=source)
        else:
            page.add("store_data_source_up", 1, source=source)
    return page.text()


def _add_coverage(
    page: Exposition, place: Installation, jobs: Collection[str], now: datetime
) -> None:
    coverage = place.read(now - LOOKED_BACK)
    gaps = [gap for gap in coverage.gaps() if gap.job_id in jobs]
    counted = Counter(gap.job_id for gap in gaps)
    oldest: dict[str, datetime] = {}
    for gap in gaps:
        oldest[gap.job_id] = min(gap.due_at, oldest.get(gap.job_id, gap.due_at))
    expected, landed = Counter[str](), Counter[str]()
    for cell in coverage.due_today():
        units = Totals(cell.counts)
        expected[cell.job.id] += units.expected
        landed[cell.job.id] += units.landed
    for job in place.registry.jobs.values():
        if job.id in jobs and job.data:
            age = coverage.made_at - oldest[job.id] if job.id in oldest else timedelta()
            names = {"job_id": job.id, "name": job.name, "platform": job.platform or ""}
            page.add("store_data_job_info", 1, **names)
            page.add("store_data_gaps", counted[job.id], job_id=job.id)
            page.add("store_data_oldest_gap_age_seconds", age.total_seconds(), job_id=job.id)
            page.add("store_data_units_expected_today", expected[job.id], job_id=job.id)
            page.add("store_data_units_landed_today", landed[job.id], job_id=job.id)


def _add_alerts(
    page: Exposition, place: Installation, _jobs: Collection[str], now: datetime
) -> None:
    path = place.var / FILE
    if not path.exists():  # which asking would make
        raise ExpectedError("{path} is not there: the watchdog has not run yet", path=path)
    configuration, store = load_usable(place.root, place.var), Store(path)
    try:
        found = overview(store, configuration, now)
    finally:
        store.close()
    age = (now - found.last_round).total_seconds() if found.last_round else math.inf
    page.add("store_data_watchdog_round_age_seconds", age)
    opened = Counter(alert.finding.kind.value for alert in found.alerts)
    for kind in KINDS:
        page.add("store_data_alerts_open", opened[kind], kind=kind)
    failing = {health.channel for health in found.failing}
    for channel in configuration.channels.values():
        names = {"channel": channel.id, "kind": channel.kind}
        page.add("store_data_channel_failing", channel.id in failing, **names)


def _add_limits(
    page: Exposition, place: Installation, _jobs: Collection[str], _now: datetime
) -> None:
    for name, (begin, limits) in LIMITS.items():
        use = limit_use(place.var / "limits" / "calls.sqlite", begin, limits)
        for limit, calls in use.calls.items():
            labels = {"platform": name, "per": limit.per, "seconds": f"{limit.seconds:g}"}
            page.add("store_data_platform_calls_used", calls, **labels)
            page.add("store_data_platform_calls_limit", limit.calls, **labels)
        page.add("store_data_platform_calls_waiting", use.waiting, platform=name)


SOURCES = {"warehouse": _add_coverage, "alerts": _add_alerts, "limits": _add_limits}
