"""When old jobs fired: our rules hold against what Prefect itself said, and Debian's cron."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from include.periods import Schedule
from manager.importing import fire_times
from manager.importing.fire_times import UnknownFiresError, new_fires, old_fires
from manager.importing.old_jobs import OldSchedule
from tests.manager.importing.prefect.schedules import (
    FIRST,
    LAST,
    RECORDED,
    SHANGHAI,
    digest,
    in_zone,
)

DAY = timedelta(days=1)


@pytest.mark.parametrize("zone", [None, SHANGHAI, "Europe/Berlin"])
def test_rules_say_what_prefect_said(zone: str | None) -> None:
    """400 days of every kind of schedule are those that Prefect 3.9.1 has computed."""
    said = [one for one in json.loads(RECORDED.read_text("utf-8"))["schedules"]
            if one["zone"] == zone]  # fmt: skip
    schedules = in_zone(zone)
    assert len(said) == len(schedules)
    for schedule, one in zip(schedules, said, strict=True):
        fires = old_fires(schedule, "prefect", FIRST, LAST)
        assert (len(fires), digest(fires)) == (one["count"], one["digest"]), schedule


def test_a_cron_without_a_zone_is_utc_in_prefect_and_airflow() -> None:
    """`0 8 * * *` fires at 16:00 in Shanghai there, and at 08:00 by a crontab of the machine."""
    schedule = OldSchedule(cron="0 8 * * *")
    for scheduler in ("prefect", "airflow"):
        (fire,) = old_fires(schedule, scheduler, FIRST, FIRST + DAY)
        assert f"{fire.astimezone(ZoneInfo(SHANGHAI)):%H:%M}" == "16:00"


def test_a_crontab_follows_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What names no zone is read on the machine's clock; what names one is not."""
    monkeypatch.setenv("TZ", SHANGHAI)
    (fire,) = old_fires(OldSchedule(cron="0 8 * * *"), "cron", FIRST, FIRST + DAY)
    assert fire == FIRST
    zoned = OldSchedule(cron="0 8 * * *", timezone="UTC")
    (fire,) = old_fires(zoned, "cron", FIRST, FIRST + DAY)
    assert f"{fire:%H:%M}" == "08:00"


@pytest.mark.parametrize("cron", ["0 12 */2 * 1", "0 0 L * *", "0 9 * * 1#1", "@daily"])
def test_a_crontab_with_what_we_refuse(cron: str) -> None:
    """A cron that the registry does not take has fire times all the same."""
    assert old_fires(OldSchedule(cron=cron, timezone=SHANGHAI), "cron", FIRST, LAST)


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (OldSchedule(cron="0 8 * * * * *"), "7 fields"),
        (OldSchedule(cron="99 8 * * *"), "out of range"),
        (OldSchedule(cron="0 8 * * *", timezone="Mars/Base"), "Mars/Base"),
        (OldSchedule(interval=timedelta(hours=5)), "anchor_date"),
        (
            OldSchedule(interval=timedelta(hours=36), anchor=FIRST, timezone="Europe/Berlin"),
            "days and hours",
        ),
        (OldSchedule(rrule="FREQ=SECONDLY"), "takes too long"),
        (OldSchedule(rrule="FREQ=NEVER"), "documented rules"),
        (OldSchedule(), "documented rules"),
    ],
)
def test_what_is_unknown_is_said(schedule: OldSchedule, why: str) -> None:
    """No fire time is invented: the error says why there are none."""
    with pytest.raises(UnknownFiresError, match=why):
        old_fires(schedule, "prefect", FIRST, LAST)


def test_a_schedule_with_millions_of_fires_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fires each second is not followed for ever."""
    monkeypatch.setattr(fire_times, "MOST_FIRES", 100)
    schedule = OldSchedule(interval=timedelta(seconds=1), anchor=FIRST)
    with pytest.raises(UnknownFiresError, match="more than 100"):
        old_fires(schedule, "prefect", FIRST, LAST)


def test_new_fires_begin_with_the_first_moment() -> None:
    """A window holds its first moment, and not its last."""
    zone = ZoneInfo(SHANGHAI)
    first = datetime(2026, 1, 1, 8, tzinfo=zone)
    fires = new_fires(Schedule("0 8 * * *", "day", SHANGHAI), first, first + 2 * DAY)
    assert fires == (first.astimezone(timezone.utc), (first + DAY).astimezone(timezone.utc))
