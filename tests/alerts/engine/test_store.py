"""The file `var/alerts.db`."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from include.alerts import database, sql
from include.alerts.database import ASIDE
from include.alerts.findings import Kind, Missing, Resolution
from include.alerts.messages import Message
from include.alerts.records import Alert, Changes, Outgoing, Purpose, What
from include.alerts.store import Store
from include.errors import ExpectedError
from include.registry.alerts import Budget
from tests.alerts.engine.alert_rounds import BUSY, MORNING, REFUSED, TAKEN, TIMEOUT, late, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.alerts.engine.alert_rounds import Rounds

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BUDGET = Budget(6, 10 * MINUTE)
MESSAGE = Outgoing(1, "ops", Purpose.ALERTS, Message("x", ("y",), ("138",), "#A1"), MORNING)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an empty store."""
    store = Store(tmp_path / "var/alerts.db")
    yield store
    store.close()


def _write(store: Store, *alerts: Alert, outgoing: tuple[Outgoing, ...] = ()) -> None:
    changes = Changes(alerts=alerts, outgoing=outgoing)
    store.update(lambda _: changes, MORNING, BUDGET.within)


def test_an_alert_comes_back_as_it_was_written(store: Store) -> None:
    """With its finding, its units and how it was resolved; times mean the same moments."""
    finding = replace(
        late("pdd_a", "pdd-1", "pdd-2", cause="70031", link="http://x/#y?z"),
        tags=("质量",),
        zone="Europe/Berlin",
    )
    alert = Alert(
        3,
        finding,
        MORNING,
        opened=MORNING,
        missed=(Missing("pdd-9", "店", "为什么", "谁做什么", "c"),),
        gone=MORNING + MINUTE,
        recovered=MORNING + 2 * MINUTE,
        resolution=Resolution(2, 3, MORNING, "其余已豁免"),
        acked=MORNING,
        acked_by="林",
    )
    _write(store, alert)
    assert store.alerts() == [alert]
    bare = replace(alert, number=4, resolution=Resolution(1, 1), acked=None, acked_by="")
    _write(store, bare)
    assert store.alerts() == [alert, bare]


def test_what_is_closed_is_asked_for_by_time(store: Store) -> None:
    """Not among the open ones."""
    alert = Alert(1, service(), MORNING, opened=MORNING, recovered=MORNING, closed=MORNING)
    _write(store, alert)
    assert store.alerts() == []
    assert store.alerts(MORNING) == [alert]
    assert store.alerts(MORNING + MINUTE) == []


def test_all_of_a_round_is_written_or_nothing(store: Store) -> None:
    """A fault leaves what was there."""
    _write(store, Alert(1, service(), MORNING))

    def fail(_: object) -> Changes:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        store.update(fail, MORNING, BUDGET.within)
    twice = (MESSAGE, MESSAGE)
    with pytest.raises(ExpectedError, match="cannot be kept"):
        _write(store, Alert(2, service(), MORNING), outgoing=twice)
    assert [alert.number for alert in store.alerts()] == [1]
    assert store.waiting() == []


def test_a_message_that_was_begun_is_doubtful(store: Store) -> None:
    """Until it is known what became of it."""
    _write(store, outgoing=(MESSAGE,))
    assert store.waiting() == [MESSAGE]
    assert store.begin(MESSAGE, BUDGET, MORNING)
    assert store.waiting() == [replace(MESSAGE, is_doubtful=True)]
    store.settle(MESSAGE, TAKEN, MORNING)
    assert store.waiting() == []
    assert store.healths()["ops"].delivered == MORNING


@pytest.mark.parametrize(
    ("receipt", "is_kept"),
    [(BUSY, False), (REFUSED, False), (TIMEOUT, True), (replace(BUSY, code="HTTP 503"), True)],
)
def test_what_was_refused_for_certain_is_taken_back(
    store: Store, receipt: object, *, is_kept: bool
) -> None:
    """With what it says of alerts; what may have arrived stays, and is sent again as it is."""
    alert = Alert(1, service(), MORNING, opened=MORNING)
    message = replace(MESSAGE, covers=((1, What.OPENING),))
    _write(store, alert, outgoing=(message,))
    store.begin(message, BUDGET, MORNING)
    store.settle(message, receipt, MORNING)  # type: ignore[arg-type]
    assert bool(store.waiting()) is is_kept
    assert bool(store.alerts()[0].said) is is_kept
    health = store.healths()["ops"]
    assert (health.failing_since, health.attempts) == (MORNING, 1)
    assert health.is_refusal is (receipt is REFUSED)


def test_a_channel_that_fails_is_tried_again_later_and_later(store: Store) -> None:
    """After a minute, two, four and so on, or at once where somebody has repaired it."""
    _write(store, outgoing=(MESSAGE,))
    now, waits = MORNING, []
    for _ in range(7):
        while not store.begin(MESSAGE, BUDGET, now):
            now += timedelta(seconds=30)
        store.settle(MESSAGE, TIMEOUT, now)
        waits.append(now)
    gaps = [(after - before) / MINUTE for before, after in itertools.pairwise(waits)]
    assert gaps == [1, 2, 4, 8, 15, 15]
    assert not store.begin(MESSAGE, BUDGET, now)
    store.prove("ops", TAKEN, now)
    assert store.begin(MESSAGE, BUDGET, now)


def test_the_budget_counts_attempts(store: Store) -> None:
    """Also those of which nothing came."""
    _write(store, outgoing=(MESSAGE,))
    assert [store.begin(MESSAGE, BUDGET, MORNING) for _ in range(7)] == [True] * 6 + [False]
    assert not store.begin(MESSAGE, BUDGET, MORNING + 10 * MINUTE)
    assert store.begin(MESSAGE, BUDGET, MORNING + timedelta(minutes=10, seconds=1))


def test_what_else_is_kept(store: Store) -> None:
    """Encrypted connections, moments and stops."""
    assert store.kept_credentials("a") is None
    store.keep_credentials("a", b"\x00token", MORNING)
    store.keep_credentials("a", b"\x01token", MORNING + MINUTE)
    assert store.kept_credentials("a") == (b"\x01token", MORNING + MINUTE)
    store.note("round", MORNING)
    store.note("round", MORNING + MINUTE)
    assert store.noted()["round"] == MORNING + MINUTE
    store.note_stop("ops", MORNING)
    assert [stop.started for stop in store.stops(MORNING + DAY)] == [None]
    store.note_start(MORNING + MINUTE)
    (stop,) = store.stops(MORNING)
    assert (stop.by, stop.started) == ("ops", MORNING + MINUTE)
    assert store.stops(MORNING + DAY) == ()


def test_the_file_is_its_owners_alone(store: Store, tmp_path: Path) -> None:
    """It holds connections, if encrypted ones."""
    store.note("round", MORNING)
    assert stat.S_IMODE((tmp_path / "var/alerts.db").stat().st_mode) == 0o600


def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    """What is open is said once more, which is better than silence."""
    path = tmp_path / "alerts.db"
    path.write_bytes(b"no database, " * 400)
    store = Store(path)
    _write(store, Alert(1, service(), MORNING))
    assert len(store.alerts()) == 1
    assert path.with_name(f"alerts.db{ASIDE}").read_bytes().startswith(b"no database")
    store.close()


def test_a_file_of_a_newer_version_is_refused_and_stays(tmp_path: Path) -> None:
    """With what to do; what newer code has kept is not begun again."""
    path = tmp_path / "alerts.db"
    store = Store(path)
    _write(store, Alert(1, service(), MORNING))
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(ExpectedError, match=r"alerts\.db is of version 99, .* update the project"):
        store.alerts()
    assert not path.with_name(f"alerts.db{ASIDE}").exists()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM alerts").fetchone() == (1,)


def test_a_file_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in it stays; a step that fails is as if it had not begun."""
    path = tmp_path / "alerts.db"
    store = Store(path)
    _write(store, Alert(1, service(), MORNING))
    store.close()
    more = "ALTER TABLE alerts ADD COLUMN note TEXT; "
    monkeypatch.setattr(
        database, "STEPS", [*database.STEPS, f"{more} ALTER TABLE none RENAME TO x;"]
    )
    with pytest.raises(ExpectedError, match="no such table: none"):
        store.alerts()
    monkeypatch.setattr(database, "STEPS", [database.STEPS[0], more])
    assert [alert.number for alert in store.alerts()] == [1]
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT note FROM alerts").fetchall() == [(None,)]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the path and what to do."""
    (tmp_path / "var").write_text("a file")
    with pytest.raises(ExpectedError, match=r"alerts cannot be kept in .*alerts\.db: .*disk"):
        Store(tmp_path / "var/alerts.db").alerts()


def test_two_processes_share_the_file(tmp_path: Path) -> None:
    """What one has written the other reads, and neither hinders the other."""
    first, second = Store(tmp_path / "alerts.db"), Store(tmp_path / "alerts.db")
    _write(first, Alert(1, service(), MORNING))
    _write(second, Alert(2, service(), MORNING))
    assert len(first.alerts()) == len(second.alerts()) == 2
    first.close()
    second.close()


def test_what_is_old_is_removed_once_a_day(rounds: Rounds) -> None:
    """After more than a year; what is open stays."""
    rounds.round(service("old"), late("pdd_a"))
    rounds.round(late("pdd_a"), after=MINUTE)
    for _ in range(2):
        rounds.round(late("pdd_a"), after=6 * MINUTE)
    assert len(rounds.store.alerts(MORNING)) == 2
    rounds.round(late("pdd_a"), after=390 * DAY)
    assert len(rounds.store.alerts(MORNING)) == 2
    rounds.round(late("pdd_a"), after=20 * DAY)
    assert [alert.finding.kind for alert in rounds.store.alerts(MORNING)] == [Kind.LATE]


def test_moments_sort_as_they_are_kept() -> None:
    """Whatever zone they were in."""
    berlin = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert sql.stamp(berlin) == "2025-12-31T23:00:00.000000+00:00"
    assert sql.moment(sql.stamp(MORNING)) == MORNING
