"""When Airflow makes runs, and for which periods."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pendulum
import pytest
import time_machine
from airflow.dag_processing.collection import _get_latest_runs_stmt_partitioned
from airflow.exceptions import InvalidPartitionKeyError
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.timetables.base import DagRunInfo, TimeRestriction
from airflow.utils.types import DagRunType
from hypothesis import given, settings
from hypothesis import strategies as st

from include.language import speaking
from include.periods import Schedule
from include.scheduling.timetable import CalendarPartitionTimetable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHANGHAI = "Asia/Shanghai"
START = pendulum.datetime(2025, 1, 1, tz=SHANGHAI)
RECOVER = timedelta(days=7)
JOBS = {
    "day": "0 7 * * *",
    "week": "0 12 * * 6",
    "month": "30 12 3 * *",
    "tick": "0 */2 * * *",
}


def _timetable(
    period: str, recover: timedelta = timedelta(days=7), **more: Any
) -> CalendarPartitionTimetable:
    timezone_name = more.pop("timezone", SHANGHAI)
    return CalendarPartitionTimetable(
        JOBS[period], timezone=timezone_name, period=period, recover=recover, **more
    )


def _next(
    timetable: CalendarPartitionTimetable, last: DagRunInfo | None, now: datetime
) -> DagRunInfo | None:
    restriction = TimeRestriction(earliest=START, latest=None, catchup=False)
    with time_machine.travel(now, tick=False):
        return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)


def _live(
    timetable: CalendarPartitionTimetable, last: DagRunInfo | None, since: datetime, until: datetime
) -> list[DagRunInfo]:
    """Do what the scheduler does while it is up: make each run once it is due."""
    made, now = [], since
    while (info := _next(timetable, last, now)) is not None:
        now = max(now, info.run_after)
        if now > until:
            return made
        made.append(info)
        last = info
    return made


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(JOBS)),
    st.sampled_from([SHANGHAI, "America/New_York"]),
    st.datetimes(datetime(2025, 6, 1), datetime(2027, 1, 1), timezones=st.just(timezone.utc)),
    st.integers(min_value=0, max_value=12),
    st.sampled_from([timedelta(), timedelta(hours=30), timedelta(days=7), timedelta(days=90)]),
)
def test_after_an_outage_the_missed_periods_run_oldest_first(
    period: str, zone: str, crash: datetime, missed: int, recover: timedelta
) -> None:
    """Exactly the missed periods within `recover` run, oldest first, once each, then the next."""
    timetable = _timetable(period, recover, timezone=zone)
    schedule = timetable.schedule
    last_period = schedule.covered_by(schedule.latest_fire(crash))
    last = timetable._run_info(last_period, run_after=schedule.fire_for(last_period))
    fire = schedule.latest_fire(crash)
    fires = []
    for _ in range(missed):
        fire = schedule.next_fire(fire)
        fires.append(fire)
    back = fire.astimezone(timezone.utc) + timedelta(minutes=30)
    following = schedule.next_fire(back)
    made = _live(timetable, last, back, following)
    expected = [fire for fire in fires if back - fire.astimezone(timezone.utc) <= recover]
    expected.append(following)
    assert [info.partition_key for info in made] == [schedule.covered_by(f).key for f in expected]


@pytest.mark.parametrize("period", sorted(JOBS))
def test_a_running_scheduler_makes_each_period_once(period: str) -> None:
    """The runs follow one another without gap or repetition, each after its period's end."""
    timetable = _timetable(period)
    since = pendulum.datetime(2025, 10, 3)
    made = _live(timetable, None, since, since.add(days=6 if period == "tick" else 365))
    schedule = timetable.schedule
    for info, following in pairwise(made):
        here = schedule.parse_key(info.partition_key)
        assert schedule.following(here).key == following.partition_key
        assert here.end <= info.run_after


def test_a_new_job_begins_with_the_period_that_ended_last() -> None:
    """The first run of a job covers the last ended period, at once."""
    info = _next(_timetable("day"), None, pendulum.datetime(2025, 10, 3, 15, tz=SHANGHAI))
    assert info.partition_key == "2025-10-02"
    assert info.run_after <= pendulum.datetime(2025, 10, 3, 15, tz=SHANGHAI)


def test_nothing_before_the_start_is_scheduled() -> None:
    """A job whose first business day is still to come waits for it."""
    timetable = _timetable("day")
    restriction = TimeRestriction(pendulum.datetime(2025, 12, 1, tz=SHANGHAI), None, catchup=False)
    with time_machine.travel(datetime(2025, 10, 3, tzinfo=timezone.utc), tick=False):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=restriction)
    assert info.partition_key == "2025-12-01"


def test_the_ui_shows_schedules_in_the_services_language() -> None:
    """The description is made where the DAGs are read."""
    weekly, off = _timetable("week"), _timetable("day", enabled=False)
    read = CalendarPartitionTimetable.deserialize(weekly.serialize())
    assert read.description == "At 12:00, only on Saturday (Asia/Shanghai)"
    with speaking("zh"):
        read = CalendarPartitionTimetable.deserialize(weekly.serialize())
        assert read.description == "在 12:00，仅在星期六 (Asia/Shanghai)"
        assert (read.summary, off.summary) == ("0 12 * * 6", "已停用")
        assert type(off.summary) is str


def test_a_disabled_job_is_not_scheduled_but_keeps_its_keys() -> None:
    """It has no next run; a run by hand and a backfill still know their period."""
    timetable = _timetable("day", enabled=False)
    assert _next(timetable, None, pendulum.datetime(2025, 10, 3)) is None
    assert timetable.summary == "disabled"
    assert timetable.resolve_partition_date("2025-10-02") == pendulum.datetime(
        2025, 10, 2, tz=SHANGHAI
    )


@pytest.mark.parametrize(
    ("period", "first", "last", "keys"),
    [
        ("day", "2025-10-01", "2025-10-03", ["2025-10-01", "2025-10-02", "2025-10-03"]),
        ("day", "2025-10-03", "2025-10-03", ["2025-10-03"]),
        ("week", "2025-09-27", "2025-10-04", ["2025-09-27", "2025-10-04"]),
        ("month", "2025-08-01", "2025-09-01", ["2025-08", "2025-09"]),
    ],
)
@pytest.mark.parametrize("written_in", ["UTC", SHANGHAI])
def test_a_backfill_holds_both_its_ends(
    period: str, first: str, last: str, keys: list[str], written_in: str
) -> None:
    """Its dates are business dates, whatever zone Airflow reads them in, both inclusive."""
    bounds = [pendulum.parse(day, tz=written_in) for day in (first, last)]
    with time_machine.travel(datetime(2025, 11, 1, tzinfo=timezone.utc), tick=False):
        infos = _timetable(period).iter_partition_dagrun_infos(earliest=bounds[0], latest=bounds[1])
        assert [info.partition_key for info in infos] == keys


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(JOBS)),
    st.datetimes(datetime(2025, 6, 1), datetime(2026, 1, 1), timezones=st.just(timezone.utc)),
)
def test_a_backfill_never_reaches_into_the_present(period: str, now: datetime) -> None:
    """However late its end, the periods have ended, and the last ended one is among them."""
    timetable, moment = _timetable(period), pendulum.instance(now)
    days = {"tick": 2, "day": 10, "week": 30, "month": 70}[period]
    with time_machine.travel(now, tick=False):
        infos = list(
            timetable.iter_partition_dagrun_infos(
                earliest=moment.subtract(days=days), latest=moment.add(days=days)
            )
        )
    schedule = timetable.schedule
    assert infos[-1].partition_key == schedule.last_ended(now).key
    assert all(info.run_after <= now for info in infos)
    keys = [info.partition_key for info in infos]
    assert len(keys) == len(set(keys))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(JOBS)),
    st.datetimes(datetime(2025, 6, 1), datetime(2026, 1, 1), timezones=st.just(timezone.utc)),
)
def test_all_ways_to_run_a_period_give_it_one_key(period: str, now: datetime) -> None:
    """Scheduled, backfilled, by key and on the command line: the same key and partition date."""
    timetable = _timetable(period, timedelta(days=90))
    schedule = timetable.schedule
    scheduled = _next(timetable, None, now)
    with time_machine.travel(max(now, scheduled.run_after), tick=False):
        by_hand = timetable.resolve_partition_date(scheduled.partition_key)
        day = schedule.parse_key(scheduled.partition_key).start
        backfilled = next(
            iter(timetable.iter_partition_dagrun_infos(earliest=day, latest=day.replace(hour=23)))
        )
    command_line = Schedule(JOBS[period], period).covered_by(scheduled.run_after)
    assert by_hand == scheduled.partition_date
    assert (backfilled.partition_key, backfilled.partition_date) == (
        scheduled.partition_key,
        scheduled.partition_date,
    )
    assert command_line.key == scheduled.partition_key


@pytest.mark.parametrize("key", ["2025-10-1", "tomorrow", "2025-10-03", "2099-01-01", "'; DROP"])
def test_a_key_that_cannot_run_is_refused_at_the_trigger(key: str) -> None:
    """A malformed key, and one whose period is not over, never become a run."""
    with (
        time_machine.travel(datetime(2025, 10, 3, 4, tzinfo=timezone.utc), tick=False),
        pytest.raises(InvalidPartitionKeyError, match="period"),
    ):
        _timetable("day").resolve_partition_date(key)


def test_a_run_by_hand_is_not_made_in_the_past() -> None:
    """`run_after` says when, not what: one that has passed is answered with how to ask for it."""
    timetable, day = _timetable("day"), pendulum.datetime(2025, 10, 1, tz=SHANGHAI)
    with time_machine.travel(day.add(days=9, hours=12), tick=False):
        for run_type, run_after in (
            (DagRunType.MANUAL, pendulum.now("UTC")),
            (DagRunType.MANUAL, pendulum.now("UTC").add(hours=9)),
            (DagRunType.BACKFILL_JOB, day),
        ):
            run_id = timetable.generate_run_id(
                run_type=run_type, run_after=run_after, data_interval=None
            )
            assert run_id.startswith(f"{run_type.value}__")
        with pytest.raises(ValueError, match='send "partition_key": "2025-10-01"'):
            timetable.generate_run_id(run_type=DagRunType.MANUAL, run_after=day, data_interval=None)


def test_a_date_by_hand_has_the_interval_of_its_period() -> None:
    """`airflow tasks test JOB run 2025-10-01` has its run start when that day is over."""
    day = pendulum.datetime(2025, 10, 1, tz=SHANGHAI)
    interval = _timetable("day").infer_manual_data_interval(run_after=day)
    assert (interval.start, interval.end) == (day, day.add(days=1))


def test_the_serialised_form_says_everything() -> None:
    """What the scheduler makes of the serialised form behaves the same."""
    timetable = CalendarPartitionTimetable(
        "0 8 * * 1",
        timezone="America/New_York",
        period="week",
        week_start="monday",
        recover=timedelta(hours=30),
        enabled=False,
    )
    again = CalendarPartitionTimetable.deserialize(timetable.serialize())
    assert again.serialize() == timetable.serialize()
    assert again.schedule == timetable.schedule


@pytest.mark.parametrize(
    ("before", "after", "now", "following"),
    [
        (("day", "0 7 * * *"), ("month", "30 12 3 * *"), "2025-11-24", "2025-11"),
        (("day", "0 7 * * *"), ("week", "0 12 * * 6"), "2025-11-24", "2025-11-22"),
        (("week", "0 12 * * 6"), ("day", "0 7 * * *"), "2025-11-23", "2025-11-16"),
        (("tick", "*/5 * * * *"), ("tick", "0 */2 * * *"), "2025-11-24T02:08", "2025-11-24T10:00"),
        (("day", "0 7 * * *"), ("day", "0 9 * * *"), "2025-11-24", "2025-11-24"),
    ],
)
def test_a_changed_entry_goes_on_where_the_old_one_ended(
    before: tuple[str, str], after: tuple[str, str], now: str, following: str
) -> None:
    """No moment between the last run of the old period and the first of the new one is left out."""
    old, new = (
        CalendarPartitionTimetable(
            cron, timezone=SHANGHAI, period=period, recover=timedelta(days=30)
        )
        for period, cron in (before, after)
    )
    moment = pendulum.parse(now)
    last_period = old.schedule.covered_by(old.schedule.latest_fire(moment))
    last = old._run_info(last_period, run_after=old.schedule.fire_for(last_period))
    assert _next(new, last, moment).partition_key == following


@pytest.mark.parametrize(
    ("before", "after", "now", "following", "fires"),
    [
        # The week that is due at noon, and the month that is due on the 3rd.
        ("day", ("week", "0 12 * * 6"), "2026-11-28T10:00", "2026-11-21", "2026-11-28T12:00"),
        ("day", ("month", "30 12 3 * *"), "2026-12-01T10:00", "2026-11", "2026-12-03T12:30"),
        # Yesterday, which was due at 07:00.
        ("tick", ("day", "0 7 * * *"), "2026-11-28T13:30", "2026-11-27", "2026-11-28T07:00"),
        ("tick", ("day", "0 7 * * *"), "2026-11-28T05:30", "2026-11-27", "2026-11-28T07:00"),
        ("tick", ("week", "0 12 * * 6"), "2026-11-28T10:30", "2026-11-21", "2026-11-28T12:00"),
        ("week", ("month", "30 12 3 * *"), "2026-12-01T10:00", "2026-11", "2026-12-03T12:30"),
        # Half an hour after the week's run was due.
        ("day", ("week", "0 12 * * 6"), "2026-11-28T12:30", "2026-11-21", "2026-11-28T12:00"),
        # In the middle of a week and of a month: theirs, when they are over.
        ("day", ("week", "0 12 * * 6"), "2026-11-25T10:00", "2026-11-21", "2026-11-28T12:00"),
        ("day", ("month", "30 12 3 * *"), "2026-11-20T10:00", "2026-11", "2026-12-03T12:30"),
    ],
)
def test_an_entry_edited_to_a_longer_period_skips_none_that_is_due(
    before: str, after: tuple[str, str], now: str, following: str, fires: str
) -> None:
    """Runs of a shorter period are no proof that the longer one which is due next has landed."""
    moment = pendulum.parse(now, tz=SHANGHAI)
    crons = {**JOBS, "tick": "0 * * * *"}
    old, new = (
        CalendarPartitionTimetable(cron, timezone=SHANGHAI, period=period, recover=RECOVER)
        for period, cron in ((before, crons[before]), after)
    )
    last_period = old.schedule.covered_by(old.schedule.latest_fire(moment))
    last = old._run_info(last_period, run_after=old.schedule.fire_for(last_period))
    info = _next(new, last, moment)
    assert info is not None
    assert info.partition_key == following
    assert info.run_after == pendulum.parse(fires, tz=SHANGHAI)


@pytest.fixture
def session(metadata: Session) -> Session:
    """Open a metadata database that is Airflow's own, with one job."""
    metadata.add(DagModel(dag_id="erp_store", bundle_name="dags-folder"))
    metadata.flush()
    return metadata


def _parse(
    session: Session,
    timetable: CalendarPartitionTimetable,
    now: datetime,
    run: DagRun | None = None,
) -> DagModel:
    """Work out a DAG's next run, as the dag-processor does; as the scheduler, behind a `run`."""
    model = session.get_one(DagModel, "erp_store")
    newest = run or session.scalar(_get_latest_runs_stmt_partitioned("erp_store"))
    as_dag: Any = SimpleNamespace(
        timetable=timetable,
        next_dagrun_info=lambda last_automated_run_info: _next(
            timetable, last_automated_run_info, now
        ),
    )
    model.calculate_dagrun_date_fields(as_dag, reference_run=newest)
    session.flush()
    return model


def _store(session: Session, key: str, run_type: DagRunType) -> DagRun:
    """Keep a run of a day; it ran the morning after."""
    start = pendulum.parse(key, tz=SHANGHAI)
    run = DagRun(
        dag_id="erp_store",
        run_id=f"{run_type.value}__{key}",
        run_type=run_type,
        run_after=start.add(days=1, hours=7),
        partition_key=key,
        partition_date=start,
    )
    session.add(run)
    session.flush()
    return run


@pytest.mark.parametrize(
    ("scheduled", "backfilled", "due"),
    [
        (["2026-05-05", "2026-05-06"], ["2026-05-09"], "2026-05-07"),
        (["2026-05-06"], ["2026-05-08", "2026-05-07"], "2026-05-07"),
        ([], ["2026-05-07"], "2026-05-09"),
        (["2026-05-09"], ["2026-05-01"], "2026-05-10"),
    ],
)
def test_a_backfill_ends_no_recovery(
    session: Session, scheduled: list[str], backfilled: list[str], due: str
) -> None:
    """Whatever was backfilled after an outage, the schedule goes on from its own newest run."""
    timetable, now = _timetable("day"), pendulum.datetime(2026, 5, 10, 12, tz=SHANGHAI)
    for key in scheduled:
        _store(session, key, DagRunType.SCHEDULED)
    then = pendulum.parse(scheduled[-1], tz=SHANGHAI).add(days=1, hours=8) if scheduled else now
    _parse(session, timetable, then)
    for key in backfilled:
        _store(session, key, DagRunType.BACKFILL_JOB)
    session.expire_all()
    for _ in range(2):
        assert _parse(session, timetable, now).next_dagrun_partition_key == due
    made = _store(session, due, DagRunType.SCHEDULED)
    following = timetable.schedule.following(timetable.schedule.parse_key(due))
    assert _parse(session, timetable, now, made).next_dagrun_partition_key == following.key
    assert _parse(session, timetable, now).next_dagrun_partition_key == following.key


def test_a_backfill_of_a_job_that_was_disabled_is_not_where_it_goes_on_from(
    session: Session,
) -> None:
    """Airflow has no next run down then: it begins again with the period that ended last."""
    _store(session, "2026-05-12", DagRunType.BACKFILL_JOB)
    now = pendulum.datetime(2026, 5, 10, 12, tz=SHANGHAI)
    assert _parse(session, _timetable("day"), now).next_dagrun_partition_key == "2026-05-09"


def test_an_entry_edited_to_a_longer_period_makes_each_run_once(session: Session) -> None:
    """The week's run starts before the days that ran last, and the schedule goes on behind it."""
    days = ["2026-11-26", "2026-11-27"]
    for key in days:
        _store(session, key, DagRunType.SCHEDULED)
    morning = pendulum.datetime(2026, 11, 28, 10, tz=SHANGHAI)
    _parse(session, _timetable("day"), morning)
    timetable = _timetable("week")
    for _ in range(2):
        assert _parse(session, timetable, morning).next_dagrun_partition_key == "2026-11-21"
    week = _store(session, "2026-11-21", DagRunType.SCHEDULED)
    week.run_after = pendulum.datetime(2026, 11, 28, 12, tz=SHANGHAI)
    newest = session.scalar(_get_latest_runs_stmt_partitioned("erp_store"))
    assert newest is not None
    assert newest.partition_key == days[-1]  # which Airflow takes for the last one
    noon = pendulum.datetime(2026, 11, 28, 12, 5, tz=SHANGHAI)
    assert _parse(session, timetable, noon, week).next_dagrun_partition_key == "2026-11-28"
    session.expire_all()
    assert _parse(session, timetable, noon).next_dagrun_partition_key == "2026-11-28"


@pytest.mark.parametrize(
    ("period", "first_day", "key"),
    [
        ("day", datetime(2025, 10, 1), "2025-10-01"),
        ("week", datetime(2025, 10, 1), "2025-09-27"),
        ("month", datetime(2025, 10, 15), "2025-10"),
    ],
)
def test_the_first_business_day_is_covered(period: str, first_day: datetime, key: str) -> None:
    """Also where it lies within a week or month: whoever starts a job there expects its data."""
    midnight = pendulum.instance(first_day, tz=SHANGHAI)
    restriction = TimeRestriction(earliest=midnight, latest=None, catchup=False)
    with time_machine.travel(midnight.add(hours=12), tick=False):
        info = _timetable(period).next_dagrun_info_v2(
            last_dagrun_info=None, restriction=restriction
        )
    assert info is not None
    assert info.partition_key == key


def _ran(key: str) -> DagRunInfo:
    """Return the scheduled run of a day, made on time."""
    schedule = _timetable("day").schedule
    period = schedule.parse_key(key)
    moments = [pendulum.instance(each) for each in (schedule.fire_for(period), period.start)]
    return DagRunInfo(
        run_after=moments[0], data_interval=None, partition_date=moments[1], partition_key=key
    )


def test_after_an_outage_what_cannot_be_brought_makes_no_run() -> None:
    """Of a script that takes no period only the last one is due; others recover all of them."""
    last = _ran("2025-10-01")
    for hour, key in ((6, "2025-10-05"), (12, "2025-10-05")):
        now = datetime(2025, 10, 6, hour, tzinfo=timezone.utc)
        info = _next(_timetable("day", dated=False), last, now)
        assert info is not None
        assert info.partition_key == key
        info = _next(_timetable("day"), last, now)
        assert info is not None
        assert info.partition_key == "2025-10-02"
    up_to_date = _next(_timetable("day", dated=False), _ran("2025-10-05"), now)
    assert up_to_date is not None
    assert up_to_date.partition_key == "2025-10-06"


def test_the_script_is_looked_at_where_the_entry_says_nothing() -> None:
    """Only when something was missed; the delivered ones take their period."""
    now, last = datetime(2025, 10, 6, 6, tzinfo=timezone.utc), _ran("2025-10-01")
    for script, key in (
        ("erp/erp_store.py", "2025-10-02"),
        ("service/housekeeping.py", "2025-10-05"),
        ("nowhere.py", "2025-10-02"),
    ):
        timetable = _timetable("day", script=script)
        again = CalendarPartitionTimetable.deserialize(timetable.serialize())
        info = _next(again, last, now)
        assert info is not None
        assert info.partition_key == key
