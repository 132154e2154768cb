"""The day as the digest tells it, and how alerts were resolved."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from sqlalchemy import insert

from include.alerts.engine import judge
from include.alerts.findings import Identity, Kind, Resolution, Restated
from include.registry import load_registry
from include.registry.alerts import load_alerts
from include.warehouse.tables import shapes
from tests.alerts.watched import LAST, SHOPS, TASKS, TODAY, at

if TYPE_CHECKING:
    from include.alerts.findings import Day
    from tests.alerts.watched import Watched

BUSY = {"state": "failed", "exit_code": 75, "error": "no answer"}


def day(watched: Watched, now: str) -> Day:
    """Return what is told at a moment."""
    found = watched.look(now).day
    assert found is not None
    return found


def test_the_day_counts_what_was_due_until_now(watched: Watched) -> None:
    """By platform; what is still to run makes it incomplete, and so does a gap."""
    watched.land(but={f"jd_store jd-1 {LAST}": BUSY})
    early = day(watched, "07:20")
    assert (early.expected, early.landed, early.missing) == (1, 1, {})
    assert not early.complete
    noon = day(watched, "12:00")
    assert (noon.expected, noon.landed, noon.missing) == (5, 4, {"jd": 1})
    assert not noon.complete
    watched.waive("jd_store", "jd-1")
    noon = day(watched, "12:00")
    assert (noon.expected, noon.landed, noon.waived, noon.complete) == (4, 4, 1, 4)


def test_what_is_due_after_the_digest_counts_in_the_next_one(watched: Watched) -> None:
    """So that each unit is in one of them; of the calendar day it is not to be counted yet."""
    evening = TASKS.replace("30 7 * * *", "30 11 * * *").replace('"10:00"', '"20:00"')
    watched.write("config/tasks/tasks.yaml", evening)
    watched.land(but={"jd_store jd-1 2026-11-27": BUSY})
    told = day(watched, "09:30")
    assert (told.expected, told.landed, told.missing) == (5, 4, {"jd": 1})
    assert told.complete == 0
    watched.forget()
    told = day(watched, f"{TODAY} 12:00")
    assert (told.expected, told.landed) == (5, 4)
    assert told.complete == 5


def test_all_has_landed_only_where_all_entries_can_be_read(watched: Watched) -> None:
    """What is expected of a broken one is not known."""
    watched.land()
    assert day(watched, "12:00").complete == 5
    watched.write("config/tasks/more.yaml", "tasks: [}\n")
    told = day(watched, "12:00")
    assert (told.expected, told.landed, told.problems, told.complete) == (5, 5, 1, 0)


def test_what_is_disabled_does_not_keep_the_day_from_being_complete(watched: Watched) -> None:
    """Neither a job of the evening, nor one whose shops are all disabled."""
    watched.land("erp_store", "report")
    late = TASKS.replace("30 7 * * *", "30 22 * * *").replace('"10:00"', '"23:00"')
    watched.write("config/tasks/tasks.yaml", late)
    assert day(watched, "12:00").complete == 0
    watched.write("config/tasks/tasks.yaml", late.replace('deadline: "23:00"', "enabled: false"))
    assert day(watched, "12:00").complete == 2
    watched.write("config/tasks/tasks.yaml", late)
    watched.write("config/shops.yaml", SHOPS.replace('"}', '", enabled: false}'))
    assert day(watched, "12:00").complete == 2


def test_rows_are_compared_with_the_usual_once_the_digest_is_due(watched: Watched) -> None:
    """Not in each round: that reads weeks of the ledger."""
    watched.land()
    for shop in ("jd-1", "jd-2", "jd-3"):
        watched.set("jd_store", shop, rows=5)
    assert day(watched, "09:29").usual is None
    usual = day(watched, "09:30").usual
    assert usual is not None
    assert round(usual, 2) == -0.3


def test_what_has_changed_since_it_landed_is_told_for_a_day(watched: Watched) -> None:
    """By job and period, of all its shops together; with how long ago the period had ended."""
    watched.land()
    moment = at("09:00").astimezone(timezone.utc)
    drift = {"rows_before": 7, "rows_changed": 4, "revision": 2, "restated_at": moment}
    for shop, rows in (("jd-1", 10), ("jd-2", 6)):
        watched.set("jd_store", shop, rows=rows, **drift)
    assert day(watched, "09:29").restated == ()
    (told,) = day(watched, "09:30").restated
    assert told == Restated(load_registry(watched.root).jobs["jd_store"].name, 0, 2, 8)


def test_what_has_changed_long_ago_is_not_told_again(watched: Watched) -> None:
    """The digest of that day has said it."""
    watched.land()
    moment = at("09:00").astimezone(timezone.utc) - timedelta(days=2)
    drift = {"rows_before": 7, "rows_changed": 4, "restated_at": moment}
    watched.set("jd_store", "jd-1", rows=10, **drift)
    assert day(watched, "09:30").restated == ()


def test_what_is_new_in_answers_is_told_for_a_day(watched: Watched) -> None:
    """With the unit; not what the first answers had, nor what another digest has said."""
    watched.land()
    moment, key = at("09:00").astimezone(timezone.utc), {"source": "feed pdd_review", "value": ""}
    made = [
        {**key, "path": "list[].new", "first_seen": moment, "is_new": 1},
        {**key, "path": "list[].status", "value": "7", "first_seen": moment, "is_new": 1},
        {**key, "path": "list[].first", "first_seen": moment, "is_new": 0},
        {**key, "path": "list[].old", "first_seen": moment - timedelta(days=1), "is_new": 1},
        {**key, "path": "list[].gone", "first_seen": moment - timedelta(days=9), "is_new": 0},
    ]
    rows = [
        {**one, "first_seen_in": "pdd_review pdd-1 2025-10-02", "is_steady": 1, "missing_at": None}
        for one in made
    ]
    rows[-1]["missing_at"] = moment
    watched.change(insert(shapes).values(rows))
    told = day(watched, "09:30")
    assert told.new_shapes == (
        ("feed pdd_review: list[].new", "pdd_review pdd-1 2025-10-02"),
        ("feed pdd_review: list[].status = 7", "pdd_review pdd-1 2025-10-02"),
    )
    assert told.lacking_shapes == ("feed pdd_review: list[].gone",)


def _resolved(watched: Watched, key: str = LAST) -> Resolution | None:
    identity = Identity(Kind.LATE, "jd_store", key)
    return watched.look().resolved.get(identity)


def _open(watched: Watched) -> None:
    """Write down that what is late now is an open alert."""
    now, configuration = at("12:00").astimezone(timezone.utc), load_alerts(watched.root)
    observed = watched.look().observed()
    watched.store.update(
        lambda state: judge(state, observed, configuration, now),
        now,
        configuration.storm.budget.within,
    )


def test_how_a_late_period_came_to_be_right_is_known(watched: Watched) -> None:
    """How many have landed, when the last did, and what is waived."""
    watched.land(but={f"jd_store {shop} {LAST}": BUSY for shop in ("jd-1", "jd-2")})
    _open(watched)
    assert _resolved(watched) is None
    landed = at("11:47").astimezone(timezone.utc)
    watched.set("jd_store", "jd-1", state="ok", rows=3, finished_at=landed)
    watched.waive("jd_store", "jd-2")
    assert _resolved(watched) == Resolution(2, 2, landed, "另有 1 家已豁免")


def test_a_job_that_is_gone_or_opts_out_is_told_as_such(watched: Watched) -> None:
    """It has not landed."""
    watched.land(but={f"jd_store jd-{shop} {LAST}": BUSY for shop in (1, 2, 3)})
    _open(watched)
    watched.write("config/tasks/tasks.yaml", TASKS.replace('deadline: "10:00"', "alert: none"))
    assert _resolved(watched) == Resolution(0, 0, note="任务不再告警")
    watched.write("config/tasks/tasks.yaml", TASKS.replace('deadline: "10:00"', "enabled: false"))
    assert _resolved(watched) == Resolution(0, 0, note="任务已停用")
    watched.write("config/tasks/tasks.yaml", TASKS)
    watched.write("config/shops.yaml", SHOPS.replace('"}', '", enabled: false}'))
    assert _resolved(watched) == Resolution(0, 0, note="店铺已停用")
    watched.write("config/tasks/tasks.yaml", TASKS.replace("id: jd_store", "id: jd_other"))
    assert _resolved(watched) == Resolution(0, 0, note="任务配置中已没有这个任务")
