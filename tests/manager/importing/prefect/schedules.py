"""Schedules of every kind that Prefect takes, and what Prefect 3.9.1 said of some of them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

from manager.importing.old_jobs import OldSchedule

RECORDED = Path(__file__).with_name("fires_of_prefect_3_9_1.json")
FIRST = datetime(2026, 1, 1, tzinfo=timezone.utc)
LAST = FIRST + timedelta(days=400)
ANCHOR = datetime(2025, 3, 1, 2, 30, tzinfo=timezone.utc)
LATER = datetime(2027, 6, 1, 7, tzinfo=timezone.utc)  # after all that is asked about
SHANGHAI = "Asia/Shanghai"
# Clocks that change at two, by half an hour, at midnight, and in the other half of the year.
CHANGING = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana")
CRONS = (
    *("0 8 * * *", "5 0 * * *", "10 0 * * 6", "15 0 1 * *", "30 12 3 * *", "0 0 * * 7"),
    *("30 2 * * *", "0 */2 * * *", "0 12 */2 * 1", "0 12 13 * 5", "0 0 L * *", "0 9 * * 1#1"),
    *("@daily", "@weekly", "0 9 * * mon-fri", "7 */5 * * *", "0 0 29 2 *", "0 8 * * * 30"),
    *("15 0 ? * 1", "0 9 1-7 * 1", "0 9 * JAN,jul *"),
)
INTERVALS = (timedelta(hours=6), timedelta(days=1), timedelta(days=7), timedelta(minutes=90))
RULES = (
    "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0",
    "FREQ=WEEKLY;BYDAY=MO,WE;BYHOUR=9",
    "DTSTART:20250101T020000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR",
    "DTSTART:20250101T020000\nRRULE:FREQ=DAILY;UNTIL=20260601T000000",
    "RRULE:FREQ=DAILY;COUNT=2300\nEXDATE:20260205T000000",
    "FREQ=HOURLY;INTERVAL=5",
    "DTSTART:20250101T020000Z\nRRULE:FREQ=DAILY;UNTIL=20270601T000000Z",
)


def in_zone(zone: str | None) -> list[OldSchedule]:
    """Return a schedule of every kind in a zone."""
    return [
        *(OldSchedule(cron=cron, timezone=zone) for cron in CRONS),
        *(
            OldSchedule(cron=cron, timezone=zone, day_or=False)
            for cron in ("0 12 13 * 5", "0 9 1-7 * 1")
        ),
        *(
            OldSchedule(interval=interval, anchor=anchor, timezone=zone)
            for interval in INTERVALS
            for anchor in (ANCHOR, LATER)
        ),
        *(OldSchedule(rrule=rule, timezone=zone) for rule in RULES),
    ]


def digest(moments: list[datetime]) -> str:
    """Return a short text that differs where any of the moments does."""
    said = " ".join(moment.astimezone(timezone.utc).isoformat() for moment in moments)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
