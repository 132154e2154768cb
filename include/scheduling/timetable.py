"""When Airflow runs a job, and for which period: `include.periods`, spoken as Airflow asks.

A run's *partition date* is the first instant of its period, its *partition key* the period's key,
whether the scheduler, a backfill, the REST API or the UI makes it. Registered by the plugin; the
serialised form is what the scheduler works with.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.exceptions import AirflowTimetableInvalid, InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

from include import PROJECT_ROOT
from include.cron import CronError, check_cron
from include.language import N_, _, language
from include.logical_dates import period_meant
from include.periods import FORMS, PERIODS, PUNCTUAL, Period, PeriodError, Schedule
from include.registry.contracts.schema import DAG_PREFIX
from include.registry.dated_scripts import look_at
from include.registry.description import after_in_words, cron_in_words
from include.registry.paths import SCRIPTS
from include.scheduling.backfill_bounds import moment_of, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow.models.dagrun import DagRun
    from airflow.timetables.base import TimeRestriction
    from airflow.utils.types import DagRunType
    from pendulum import DateTime

SCHEDULED, MANUAL = "scheduled", "manual"  # kinds of runs, as Airflow names them
# By length.
LENGTHS = {period: length for length, period in enumerate(PERIODS)}
# Of the timetable, as it is serialised.
ARGUMENTS = (
    *("cron", "timezone", "period", "week_start", "recover", "enabled", "dated", "script", "event"),
)
PASSED = N_(
    "run_after {moment} has passed: it says when a run may start, not which period it covers; "
    'leave it out and send "partition_key": "{key}"'
)
# Somebody who edits an entry in the morning expects what is due today.
DUE_LATELY = timedelta(days=1)


class CalendarPartitionTimetable(Timetable):
    """Runs by cron, each run covering the calendar period (or tick) that ended last.

    On Airflow's public base, not on its own cron timetables: these are changed by overriding
    private methods, and one that is renamed, or called elsewhere, would move a day in silence.

    Args:
        cron: five fields.
        timezone: IANA name.
        period: `tick`, `day`, `week` or `month`.
        week_start: first day of a `week`.
        recover: how old a missed period may be (by its fire time) to run by itself.
        enabled: `False` schedules nothing; runs by hand and backfills keep their keys.
        dated: whether its script takes a period; `False`: what was missed before the last one
            cannot be brought any more, and no run is made of it.
        script: where nobody has said that, the script that decides it, below the project's.
        event: the id of the contract's DAG that makes the runs, in place of a schedule.
    """

    partitioned = True

    def __init__(
        self,
        cron: str,
        *,
        timezone: str,
        period: str,
        week_start: str = "saturday",
        recover: timedelta = timedelta(),
        enabled: bool = True,
        dated: bool = True,
        script: str = "",
        event: str = "",
    ) -> None:
        self._cron = cron
        self._timezone = timezone
        self._period = period
        self._week_start = week_start
        self._recover = recover
        self._enabled = enabled
        self._dated = dated
        self._script = script
        self._event = event

    @cached_property
    def schedule(self) -> Schedule:
        """The calendar behind it."""
        return Schedule(self._cron, self._period, self._timezone, self._week_start)

    @property
    def summary(self) -> str:
        """What the UI shows as the schedule; what runs after a contract is known by its DAG."""
        return (self._event or self._cron) if self._enabled else _("disabled")[:]

    def validate(self) -> None:
        """Raise AirflowTimetableInvalid for an invalid cron expression."""
        try:
            check_cron(self._cron)
        except CronError as error:
            raise AirflowTimetableInvalid(str(error)) from error

    def serialize(self) -> dict[str, Any]:
        """Return what `deserialize` needs, as JSON."""
        said = {name: getattr(self, f"_{name}") for name in ARGUMENTS}
        return {**said, "recover": self._recover.total_seconds()}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> CalendarPartitionTimetable:
        """Make it again from what `serialize` gave, with what the UI and `status` show."""
        made = cls(**{**data, "recover": timedelta(seconds=data["recover"])})
        # Only here: it takes as long as the rest of a DAG, and nobody sees it before.
        made.description = f"{_in_words(made._event, made._cron, language())} ({made._timezone})"
        return made

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next run: the period after the last run's, unless that one is past recovering.

        Airflow's `catchup` is not asked: skipping to the latest period loses days, going back to
        the start date floods the platforms. A job without runs begins with the period that ended
        last, if that one is not past recovering.
        """
        if not self._enabled or self._event:
            return None
        period = max(self._candidates(last_dagrun_info, restriction), key=_start)
        last = self.schedule.last_ended(pendulum.now("UTC"))
        if _start(period) < _start(last) and not self._takes_a_period():
            period = last
        if restriction.latest is not None and self.schedule.fire_for(period) > restriction.latest:
            return None
        return self._run_info(period, run_after=self.schedule.fire_for(period))

    def _takes_a_period(self) -> bool:
        """Return whether older periods can be brought; asked only when there are some."""
        if not self._script:
            return self._dated
        try:
            return look_at(PROJECT_ROOT / SCRIPTS / self._script).named is not None
        except OSError:  # the runner says what is wrong with it
            return True

    def _candidates(
        self, last_run: DagRunInfo | None, restriction: TimeRestriction
    ) -> Iterable[Period]:
        """Return the periods to run; the last is the next due, and none starts before that."""
        schedule, now = self.schedule, pendulum.now("UTC")
        oldest_fire = now - max(self._recover, PUNCTUAL)
        yield schedule.covered_by(schedule.next_fire(oldest_fire - timedelta(seconds=1)))
        if restriction.earliest is not None:
            # The job's first business day may lie within a week or month, which is expected, too.
            yield schedule.containing(restriction.earliest)
        if last_run is None:
            yield schedule.covered_by(schedule.latest_fire(now))
        elif last_run.partition_date is not None:
            yield self._after(last_run, last_run.partition_date, now)
        else:
            yield schedule.following(schedule.last_ended(last_run.run_after))

    def _after(self, last_run: DagRunInfo, partition_date: datetime, now: DateTime) -> Period:
        """Return the period after the last run's; the entry may have been edited since.

        A run of a shorter period, as of a day where it is a week now, is no proof of a whole one:
        next is the period that ended last, unless it was due more than a day ago.
        """
        schedule = self.schedule
        here = schedule.containing(partition_date)
        if self._is_of_shorter_period(last_run):
            ended = schedule.last_ended(now)
            is_due_now = schedule.fire_for(ended) > now - DUE_LATELY
            return ended if is_due_now else here
        covered = here.end <= last_run.run_after
        return schedule.following(here) if covered else here

    def run_info_from_dag_run(self, *, dag_run: DagRun) -> DagRunInfo | None:
        """Return the run that the schedule goes on from: the one that it made last.

        Airflow offers whichever scheduled or backfilled run has the newest period. A backfill says
        nothing of the periods before its own: somebody who fetches yesterday first after an outage
        must not end the recovery of the days between; what the backfill has landed is left out when
        its turn comes. And after an entry was edited from day to week, the run of the week has an
        older period than the days that ran before it. Then what Airflow has down as the next run
        says how far the schedule has come.
        """
        offered: DagRunInfo = super().run_info_from_dag_run(dag_run=dag_run)
        own = dag_run.run_type == SCHEDULED
        if own and not self._is_of_shorter_period(offered):
            return offered
        coming = dag_run.dag_model and self.next_run_info_from_dag_model(
            dag_model=dag_run.dag_model
        )
        if coming is None or coming.partition_date is None:
            return offered if own else None
        before = coming.partition_date - timedelta(seconds=1)
        return coming._replace(partition_date=before)  # within the period before the coming one

    def _is_of_shorter_period(self, run: DagRunInfo) -> bool:
        date = run.partition_date
        return date is not None and LENGTHS[_kind_of(run, date)] < LENGTHS[self._period]

    def iter_partition_dagrun_infos(
        self, *, earliest: datetime, latest: datetime
    ) -> Iterable[DagRunInfo]:
        """Return the periods that start in a window, ends inclusive, as far as they have ended.

        `include.scheduling.backfill_bounds` says what the bounds mean.
        """
        first, last = window_of(self.schedule, earliest, latest)
        now = pendulum.now("UTC")
        for period in self.schedule.starting_between(first, min(last, now)):
            if period.end > now:
                return
            yield self._run_info(period, run_after=period.end)

    def infer_manual_data_interval(self, *, run_after: DateTime) -> DataInterval:
        """Return the period that a date means; `tasks test` has its run start at its end."""
        period = period_meant(run_after, self.schedule)
        return DataInterval(_in_utc(period.start), _in_utc(period.end))

    def generate_run_id(
        self,
        *,
        run_type: DagRunType,
        run_after: DateTime,
        data_interval: DataInterval | None,
        **extra: Any,
    ) -> str:
        """Return the id of a new run.

        Raises:
            ValueError: it is made by hand, and to start in the past. Somebody who asks for that
                wants another period than the one that ended last, which is what it would cover.
        """
        if run_type == MANUAL and run_after < pendulum.now("UTC") - PUNCTUAL:
            meant = period_meant(run_after, self.schedule)
            raise ValueError(_(PASSED, moment=run_after.isoformat(), key=meant.key))
        made = super().generate_run_id(
            run_type=run_type, run_after=run_after, data_interval=data_interval
        )
        # Several periods may be asked for at one moment, and one period again.
        return "__".join(filter(None, (made, extra.get("partition_key"), secrets.token_hex(4))))

    def localize_partition_datetime(self, dt: datetime) -> DateTime:
        """Return the moment that a bound means by which runs are cleared or listed."""
        return _in_utc(moment_of(self.schedule, dt))

    def resolve_partition_date(self, partition_key: str | None) -> datetime | None:
        """Return the first instant of the period that a key names.

        Raises:
            InvalidPartitionKeyError: the key names none, or its period is not over.
        """
        if partition_key is None:
            return None
        try:
            return _in_utc(self.schedule.ended(partition_key, pendulum.now("UTC")).start)
        except PeriodError as error:
            raise InvalidPartitionKeyError(str(error)) from error

    def _run_info(self, period: Period, *, run_after: datetime) -> DagRunInfo:
        return DagRunInfo(
            run_after=_in_utc(run_after),
            data_interval=None,
            partition_date=_in_utc(period.start),
            partition_key=period.key,
        )


@lru_cache
def _in_words(event: str, cron: str, _language: str) -> str:
    return after_in_words(event.removeprefix(DAG_PREFIX)) if event else cron_in_words(cron)


def _kind_of(run: DagRunInfo, partition_date: datetime) -> str:
    """Return what period a scheduled run was of: a day and a week have keys of one form."""
    for kind in ("tick", "month"):
        if run.partition_key and FORMS[kind][1].fullmatch(run.partition_key):
            return kind
    # The run of a day starts within two days of the day's start.
    return "week" if run.run_after - partition_date > timedelta(days=3) else "day"


def _start(period: Period) -> DateTime:
    return _in_utc(period.start)


def _in_utc(moment: datetime) -> DateTime:
    return pendulum.instance(moment).in_timezone("UTC")
