"""Ninety days of a team's life, with outages, failures and second thoughts, and what really landed.

Its bookkeeping is simple and its own: days, hours and wall clocks. Of the code that is tested it
uses only what makes entries of a registry and rows of a ledger.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.units.unit import LedgerRow
from include.units.waivers import Waiver
from tests.coverage import registries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.registry import Registry

FIRST, DAYS = date(2025, 8, 20), 90
STEP = timedelta(minutes=5)
RECOVER = timedelta(days=3)
# What was due longer ago than that is not expected of a job that was just dropped.
LATEST = timedelta(days=7)
NO_SHOP, SATURDAY = "-", 5
GAPS = ("failed", "missed", "lost")
ZONES = ("Asia/Shanghai", "America/New_York")  # the second turns its clocks back on 2 November

# One unit: job, shop, key.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Entry:
    """What the registry says of a job now."""

    id: str
    kind: str
    platform: str | None
    hour: int
    minute: int
    zone: str
    start: date | None  # without one it is expected from when it was first seen
    enabled: bool = True
    every: int = 1  # of ticks: hours
    seen: datetime | None = None

    @property
    def cron(self) -> str:
        """Write when it runs."""
        if self.kind == "tick":
            return f"0 */{self.every} * * *"
        days = {"day": "* * *", "week": "* * 6", "month": "3 * *"}[self.kind]
        return f"{self.minute} {self.hour} {days}"


@dataclass(frozen=True)
class Store:
    """What the registry says of a shop now."""

    id: str
    first: date | None
    last: date | None
    enabled: bool = True


@dataclass(frozen=True)
class Window:
    """A period of one job: its name, its days, its instants and when its run starts."""

    key: str
    first: date
    last: date
    start: datetime
    end: datetime
    due: datetime


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc)


# What ended before is not looked at.
SINCE = _utc(_midnight(FIRST, ZONES[0]))


def windows(entry: Entry, now: datetime, back: int = DAYS + 40) -> Iterator[Window]:
    """Return the periods of a job that ended since the first day, and in so many days until now."""
    first = None if entry.seen is None else _first_start(entry, entry.seen)
    for window in _all_windows(entry, now, back):
        if _utc(window.end) > SINCE and (first is None or window.start >= first):
            yield window


@cache
def _first_start(entry: Entry, seen: datetime) -> datetime:
    """Return the start of the period that had ended last when a job was seen, or of the next."""
    last = [*_all_windows(entry, seen, 40)][-1]
    return last.end if _utc(last.due) < seen - LATEST else last.start


def _all_windows(entry: Entry, now: datetime, back: int) -> Iterator[Window]:
    today = (now.date() - FIRST).days
    if entry.kind == "tick":
        yield from _ticks(entry, now, FIRST + timedelta(days=max(0, today - back)))
        return
    for number in range(max(-40, today - back), today + 3):
        after = FIRST + timedelta(days=number)  # the first day that is no longer part of it
        if entry.kind == "day":
            first, due_day = after - timedelta(days=1), after
        elif entry.kind == "week" and after.weekday() == SATURDAY:
            first, due_day = after - timedelta(days=7), after
        elif entry.kind == "month" and after.day == 1:
            first, due_day = (after - timedelta(days=1)).replace(day=1), after.replace(day=3)
        else:
            continue
        end = _midnight(after, entry.zone)
        if _utc(end) <= now and (entry.start is None or after > entry.start):
            clock = {"hour": entry.hour, "minute": entry.minute}
            due = _midnight(due_day, entry.zone).replace(**clock)
            key = f"{first:%Y-%m}" if entry.kind == "month" else first.isoformat()
            last = after - timedelta(days=1)
            yield Window(key, first, last, _midnight(first, entry.zone), end, due)


def _ticks(entry: Entry, now: datetime, first: date) -> Iterator[Window]:
    """Return them in a zone that never changes its clocks."""
    length = timedelta(hours=entry.every)
    start = _midnight(max(first, entry.start or first), entry.zone)
    while start + length <= now:
        key = start.replace(tzinfo=None).isoformat(timespec="minutes")
        end = start + length
        last = (end - timedelta(microseconds=1)).date()
        yield Window(key, start.date(), last, start, end, end)
        start = end


def open_on(store: Store, window: Window) -> bool:
    """Return whether a shop has a day in a period."""
    days = (window.first + timedelta(days=n) for n in range((window.last - window.first).days + 1))
    return any(
        (store.first is None or store.first <= day) and (store.last is None or day <= store.last)
        for day in days
    )


@dataclass
class World:
    """The team's registry, its ledger, and what happened."""

    seed: int
    entries: dict[str, Entry] = field(default_factory=dict)
    stores: dict[str, Store] = field(default_factory=dict)
    ledger: dict[Key, dict[str, Any]] = field(default_factory=dict)
    # What happened last to each unit, and the hours of a tick job that have landed, and how.
    happened: dict[Key, tuple[str, datetime, Window]] = field(default_factory=dict)
    hours: dict[tuple[str, str], dict[datetime, str]] = field(default_factory=dict)
    waived: dict[Key, Window] = field(default_factory=dict)
    now: datetime = SINCE
    up: bool = True

    def __post_init__(self) -> None:
        """Begin with some jobs and shops."""
        self.dice = random.Random(self.seed)
        kinds = ["day", "day", "day", "week", "month"]
        for number, kind in enumerate(kinds):
            platform = None if number == 1 else self.dice.choice(["erp", "jd"])
            zone = self.dice.choice(ZONES)
            hour, minute = self.dice.randrange(24), self.dice.choice([0, 5, 30])
            start = FIRST + timedelta(days=self.dice.randrange(-40, 20))
            entry = Entry(f"job_{number}", kind, platform, hour, minute, zone, start)
            self.entries[entry.id] = entry
        every = self.dice.choice([2, 3, 4, 6])
        self.entries["ticks"] = Entry("ticks", "tick", "erp", 0, 0, ZONES[0], FIRST, every=every)
        for number in range(1, 6):
            self._open(self.dice.choice(["erp", "jd"]), number, None)

    def live(self, until: datetime) -> None:
        """Make time go on."""
        while self.now < until:
            self.now += STEP
            if self.dice.random() < 1 / (288 * 6):
                self._change_a_mind()
            if self.dice.random() < 1 / (288 * (12 if self.up else 2)):
                self.up = not self.up
                if self.up:
                    self._recover()
            if self.up:
                self._work()

    def _work(self) -> None:
        clocks = {zone: self.now.astimezone(ZoneInfo(zone)) for zone in ZONES}
        for entry in self.entries.values():
            here = clocks[entry.zone]
            fires = here.minute == entry.minute and (
                here.hour % entry.every == 0 if entry.kind == "tick" else here.hour == entry.hour
            )
            if here.hour == 0 and here.minute == 5:
                self._expect(entry)
            if fires and entry.enabled:
                for window in self._latest(entry):
                    if _utc(window.due) == self.now:
                        self._run(entry, window)
        if self.dice.random() < 1 / 288:
            self._repair_something()
        if self.dice.random() < 1 / 100:
            self._pull_early()
        if self.dice.random() < 1 / 150:
            self._waive_something()

    def _latest(self, entry: Entry) -> list[Window]:
        back = {"month": 40, "tick": 2}.get(entry.kind, 8)
        return [*windows(entry, self.now, back)][-1:]

    def _shops_of(self, entry: Entry, window: Window) -> list[str]:
        if entry.platform is None:
            return [NO_SHOP]
        mine = [one for one in self.stores.values() if one.id.startswith(f"{entry.platform}-")]
        return [one.id for one in mine if one.enabled and open_on(one, window)]

    def _expect(self, entry: Entry) -> None:
        """Write down what is to come, as the job of task generation does."""
        if entry.kind == "tick" or not entry.enabled or self.dice.random() < 0.2:
            return
        for window in self._latest(entry):
            for shop in self._shops_of(entry, window):
                if (entry.id, shop, window.key) not in self.ledger:
                    self._note(entry, shop, window, "pending")

    def _run(self, entry: Entry, window: Window) -> None:
        outcome = self.dice.random()
        for shop in self._shops_of(entry, window):
            before = self.happened.get((entry.id, shop, window.key))
            if before and before[0] in ("ok", "empty") and before[2].end == window.end:
                continue
            if outcome < 0.03:
                continue  # it never began
            states = ["ok"] * 12 + ["empty", "failed", "failed", "running"]
            self._note(entry, shop, window, self.dice.choice(states))

    def _recover(self) -> None:
        for entry in self.entries.values():
            if entry.enabled and entry.kind != "tick":
                for window in windows(entry, self.now):
                    if self.now - RECOVER < _utc(window.due) <= self.now:
                        self._run(entry, window)

    def _repair_something(self) -> None:
        entry = self.dice.choice([*self.entries.values()])
        if entry.kind != "tick" and (found := [*windows(entry, self.now)]):
            window = self.dice.choice(found)
            for shop in self._shops_of(entry, window):
                self._note(entry, shop, window, self.dice.choice(["ok", "empty", "failed"]))

    def _pull_early(self) -> None:
        """Pull what has ended and is due later, as somebody does by hand."""
        entry = self.dice.choice([*self.entries.values()])
        for window in self._latest(entry) if entry.kind != "tick" else ():
            if self.now < _utc(window.due):
                for shop in self._shops_of(entry, window):
                    self._note(entry, shop, window, "provisional")

    def _waive_something(self) -> None:
        """Accept that a unit is missing, or take that back; whatever it is, it may change later."""
        entry = self.dice.choice([*self.entries.values()])
        if found := [*windows(entry, self.now)][-25:]:
            window = self.dice.choice(found)
            for shop in self._shops_of(entry, window):
                key = (entry.id, shop, window.key)
                if self.waived.pop(key, None) is None:
                    self.waived[key] = window

    def begin_some(self) -> None:
        """Make some units run just now, with signs of life that are more or less fresh."""
        for entry in self.entries.values():
            for window in [*windows(entry, self.now)][-4:] if entry.kind != "tick" else ():
                for shop in self._shops_of(entry, window):
                    state = self.happened.get((entry.id, shop, window.key), ("",))[0]
                    if state not in ("ok", "empty") and self.dice.random() < 0.3:
                        self._note(entry, shop, window, "running", self.dice.randrange(120))

    def _note(
        self, entry: Entry, shop: str, window: Window, state: str, seconds_ago: int = 0
    ) -> None:
        """Write down what happens, in the ledger and in the truth."""
        key = (entry.id, shop, window.key)
        before = self.happened.get(key)
        if before and before[0] in ("ok", "empty") and state not in ("ok", "empty"):
            return  # what has landed stays
        moment = self.now - timedelta(seconds=seconds_ago)
        self.happened[key] = (state, moment, window)
        if entry.kind == "tick" and state in ("ok", "empty"):
            hour, landed = window.start, self.hours.setdefault((entry.id, shop), {})
            while hour < window.end:
                landed[_utc(hour)] = state
                hour += timedelta(hours=1)
        began = None if state == "pending" else moment
        self.ledger[key] = {
            "period_start": _utc(window.start),
            "period_end": _utc(window.end),
            "state": state,
            "rows": {"ok": 7, "empty": 0, "provisional": 5}.get(state),
            "attempts": 0 if state == "pending" else 1,
            "exit_code": {"ok": 0, "empty": 0, "provisional": 0, "failed": 1}.get(state),
            "error": "no" if state == "failed" else None,
            "run_id": None if state == "pending" else "run",
            "started_at": began,
            "finished_at": moment if state in ("ok", "empty", "provisional", "failed") else None,
            "heartbeat_at": began,
            "place": None,
        }

    def _open(self, platform: str, number: int, first: date | None) -> None:
        shop = f"{platform}-{number}"
        self.stores[shop] = Store(shop, first, None)

    def _change_a_mind(self) -> None:
        """Edit the registry: the times, what is enabled, the shops."""
        today = self.now.astimezone(ZoneInfo(ZONES[0])).date()
        what = self.dice.randrange(8)
        entry = self.dice.choice([*self.entries.values()])
        store = self.dice.choice([*self.stores.values()])
        if what == 0:
            number = 10 + len(self.ledger)
            first = today - timedelta(days=self.dice.randrange(-5, 15))
            self._open(self.dice.choice(["erp", "jd"]), number, self.dice.choice([first, None]))
        elif what == 1 and len(self.stores) > 2:
            del self.stores[store.id]
        elif what == 2:
            last = today + timedelta(days=self.dice.randrange(-20, 5))
            if store.first is None or store.first <= last:
                self.stores[store.id] = replace(store, last=self.dice.choice([last, None]))
        elif what == 3:
            self.stores[store.id] = replace(store, enabled=not store.enabled)
        elif what == 4:
            self.entries[entry.id] = replace(entry, enabled=not entry.enabled)
        elif what == 5:
            self._drop_an_entry()
        elif entry.kind == "tick":
            self.entries[entry.id] = replace(entry, every=self.dice.choice([1, 2, 3, 4, 6, 12]))
        else:
            hour = self.dice.randrange(24)
            self.entries[entry.id] = replace(entry, hour=hour, minute=self.dice.choice([0, 10]))

    def _drop_an_entry(self) -> None:
        """Add a job without a start; it is seen at once."""
        kind, platform = (
            self.dice.choice(["day", "week", "month", "tick"]),
            self.dice.choice(["erp", None]),
        )
        zone = ZONES[0] if kind == "tick" else self.dice.choice(ZONES)
        hour, minute = self.dice.randrange(24), self.dice.choice([0, 5])
        if kind == "tick":
            hour = minute = 0
        name = f"new_{len(self.entries)}"
        self.entries[name] = Entry(
            name, kind, platform, hour, minute, zone, None, every=2, seen=self.now
        )

    def seen(self) -> dict[str, datetime]:
        """Return when each job was first seen."""
        return {one.id: one.seen or SINCE for one in self.entries.values()}

    def waivers(self) -> list[Waiver]:
        """Return what is waived."""
        return [
            Waiver(*key, _utc(window.start), _utc(window.end), "so it is", "me", self.now)
            for key, window in self.waived.items()
        ]

    def registry(self) -> Registry:
        """Return the registry as it is now."""
        jobs = [
            registries.job(
                one.id,
                one.cron,
                one.kind,
                timezone=one.zone,
                start=one.start,
                enabled=one.enabled,
                **({"platform": one.platform} if one.platform else {}),
            )
            for one in self.entries.values()
        ]
        shops = []
        for store in self.stores.values():
            days = {"from": store.first, "until": store.last}
            given = {name: day for name, day in days.items() if day}
            shops.append(registries.shop(store.id, enabled=store.enabled, **given))
        return registries.registry(jobs, shops)

    def rows(self) -> list[LedgerRow]:
        """Return the ledger."""
        return [LedgerRow(job, shop, key, **said) for (job, shop, key), said in self.ledger.items()]

    def truth(self) -> dict[Key, str]:
        """Return the state that each unit is in."""
        found: dict[Key, str] = {}
        for entry in self.entries.values():
            for window in windows(entry, self.now):
                for shop, enabled, is_open in self._candidates(entry, window):
                    unit = (entry.id, shop, window.key)
                    state = self._state(entry, unit, window, expected=enabled and is_open)
                    waived = self.waived.get(unit)
                    if state in GAPS and waived and _same(waived, window):
                        state = "waived"
                    if is_open or unit in self._known_of(window, unit):
                        found[unit] = state
        return found

    def _known_of(self, window: Window, unit: Key) -> set[Key]:
        told = self.happened.get(unit)
        return {unit} if told and _same(told[2], window) else set()

    def _candidates(self, entry: Entry, window: Window) -> Iterator[tuple[str, bool, bool]]:
        if entry.platform is None:
            yield NO_SHOP, entry.enabled, True
            return
        for store in self.stores.values():
            if store.id.startswith(f"{entry.platform}-"):
                yield store.id, entry.enabled and store.enabled, open_on(store, window)

    def _state(self, entry: Entry, unit: Key, window: Window, *, expected: bool) -> str:
        told = self.happened.get(unit)
        state, moment = (told[0], told[1]) if told and _same(told[2], window) else ("", self.now)
        if not state and (landed := self._landed_by_hours(entry, unit, window)):
            return landed
        fresh = state == "running" and (self.now - moment).total_seconds() <= 60
        if fresh or state in ("ok", "empty"):
            return state
        if not expected:
            return "disabled"
        if state == "running":
            return "lost"
        is_due = self.now >= _utc(window.due)
        if state == "failed":
            return state if is_due else "pending"
        return self._of_waiting(state, window)

    def _of_waiting(self, state: str, window: Window) -> str:
        late = (self.now - _utc(window.due)).total_seconds() / 60
        if late >= 10:
            return "missed"
        if state == "provisional":
            return state
        return "pending" if late >= 0 or state == "pending" else "not_due"

    def _landed_by_hours(self, entry: Entry, unit: Key, window: Window) -> str:
        if entry.kind != "tick":
            return ""
        landed, hour, states = self.hours.get((entry.id, unit[1]), {}), window.start, []
        while hour < window.end:
            states.append(landed.get(_utc(hour), ""))
            hour += timedelta(hours=1)
        if not all(states):
            return ""
        return "ok" if "ok" in states else "empty"


def _same(one: Window, other: Window) -> bool:
    return (one.start, one.end) == (other.start, other.end)
