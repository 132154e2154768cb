"""What is new in answers, round by round: who is told, and that it is once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from include.gateways.shape_store import KEY, ShapeStore
from include.warehouse import connect
from include.warehouse.tables import shapes
from include.warehouse.transactions import reading
from tests.alerts.test_rounds import Rounded
from tests.alerts.watched import LAST, TASKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from tests.alerts.fake_robots import FakeRobots
    from tests.alerts.watched import Watched

MINUTE = timedelta(minutes=1)
SOURCE = "jingdong.order.search"
ROW: dict[str, Any] = {"id": "r", "status": "paid", "note": "n"}
CHANNELS = """channels:
  - {id: ops, kind: webhook, connection: alert_hook}
  - {id: boss, kind: webhook, connection: alert_hook}
digest: {to: [boss]}
"""
NAMED = f"{CHANNELS}routes: [{{to: ops}}, {{to: ops, on: [drift]}}, {{to: boss}}]\n"


def look(rounded: Rounded, *rows: dict[str, Any], source: str = SOURCE) -> None:
    """Look at answers as a run does, in a warehouse that has the clock of the rounds."""
    engine = connect(rounded.watched.url)
    store = ShapeStore(engine)
    for _ in range(15):
        store.shapes.look(source, {"list": list(rows)}, f"jd_store jd-1 {LAST}")
    before = {row[:3]: row for row in _rows(engine)}
    store.write()
    for row in _rows(engine):
        old = before.get(row[:3])
        for name in ("first_seen", "missing_at"):
            moment = getattr(row, name)
            if moment and moment != (old and getattr(old, name)):
                keys = [shapes.c[key] == row[place] for place, key in enumerate(KEY)]
                rounded.watched.change(update(shapes).where(*keys).values({name: rounded.now}))
    engine.dispose()


def _rows(engine: Engine) -> Sequence[Any]:
    with reading(engine) as connection:
        return connection.execute(select(shapes)).all()


@pytest.fixture
def rounded(watched: Watched, robots: FakeRobots) -> Rounded:
    """Return one that has had its digest, and has looked at the first answers of a source."""
    made = Rounded(watched, robots)
    made.watched.write("config/alerts.yaml", NAMED)
    made.make()
    look(made, *[ROW] * 30)
    made.make()
    assert [said[:6] for said in made.said()] == ["【数据日报】"]
    return made


def told(rounded: Rounded) -> list[tuple[str, str]]:
    """Return what was said since this was asked last, each with its channel."""
    found = [(str(one["channel"]), str(one["text"])) for one in rounded.robots.taken]
    rounded.robots.taken.clear()
    return found


def test_what_is_new_is_told_once_to_who_asks_for_it(rounded: Rounded) -> None:
    """Soon, and never again, also by another process; the digest says it to all."""
    look(rounded, ROW | {"gift": 1, "status": "frozen"}, *[ROW] * 29)
    rounded.make()
    (message,) = rounded.robots.taken
    seen = f"（jd_store jd-1 {LAST}）"
    title, line = str(message["text"]).splitlines()
    assert (message["channel"], title) == ("ops", f"【平台有变化】京东 {SOURCE}")
    assert line == f"接口首次出现：list[].gift{seen}、list[].status = frozen{seen}"
    assert message["event"] == {
        "source": SOURCE,
        "new": "list[].gift\nlist[].status = frozen",
        "missing": "",
    }
    told(rounded)
    rounded.begin()  # as after a restart
    for _ in range(12):
        rounded.make(2 * MINUTE)
    assert told(rounded) == []
    assert rounded.rounds.store.alerts() == []  # nothing is open, so nothing is over
    rounded.go_to("2026-11-30 09:30")
    rounded.make()
    digests = [text for _, text in told(rounded) if text.startswith("【数据日报】")]
    assert f"接口首次出现：{SOURCE}: list[].gift{seen}" in digests[0]


def test_of_jobs_that_are_muted_or_may_not_alert_nothing_is_told(rounded: Rounded) -> None:
    """As when a job is being rebuilt; a shop that is muted changes nothing."""
    mute = "until: 2026-12-05, reason: 改造"
    rounded.watched.write("config/alerts.yaml", f"{NAMED}mutes: [{{job: jd_store, {mute}}}]\n")
    look(rounded, *[ROW | {"gift": 1}] * 30)
    rounded.make()
    assert told(rounded) == []
    rounded.watched.write("config/alerts.yaml", NAMED)
    silent = TASKS.replace('deadline: "10:00"', 'deadline: "10:00", alert: none')
    rounded.watched.write("config/tasks/tasks.yaml", silent)
    rounded.make()
    assert told(rounded) == []
    rounded.watched.write("config/tasks/tasks.yaml", TASKS)
    of_shop = f"{NAMED}mutes: [{{job: jd_store, shop: jd-1, {mute}}}]\n"
    rounded.watched.write("config/alerts.yaml", of_shop)
    rounded.make()
    assert len(told(rounded)) == 1


@pytest.mark.parametrize(
    "routes",
    [
        "[]",
        "[{to: ops}, {to: boss, on: [late, service]}]",
        "[{to: ops, on: [drift], platforms: [pdd]}]",
        "[{to: ops, on: [drift], tags: [ERP]}]",
    ],
)
def test_nobody_else_is_told(rounded: Rounded, routes: str) -> None:
    """It is named, or it does not come; nor what is of another platform or tag."""
    rounded.watched.write("config/alerts.yaml", f"{CHANNELS}routes: {routes}\n")
    look(rounded, *[ROW | {"gift": 1}] * 30)
    rounded.make()
    assert told(rounded) == []


def test_what_is_there_at_first_is_nothing_new(rounded: Rounded) -> None:
    """Of another source, as after an installation or an upgrade."""
    look(rounded, *[ROW] * 30, source="jingdong.refund.search")
    rounded.make()
    assert told(rounded) == []


def test_what_goes_missing_is_told_once_though_it_flaps(rounded: Rounded) -> None:
    """From more than a fifth of the rows; each run may find it on the other side of that."""
    look(rounded, *[ROW] * 30)
    without = {key: value for key, value in ROW.items() if key != "note"}
    for _ in range(3):
        look(rounded, *[without] * 30)
        rounded.make(MINUTE)
        look(rounded, *[ROW] * 30)
        rounded.make(MINUTE)
    assert told(rounded) == [
        ("ops", f"【平台有变化】京东 {SOURCE}\n接口字段在五分之一以上的行中缺失：list[].note")
    ]


def test_quiet_hours_hold_it_unless_they_except_it(rounded: Rounded) -> None:
    """It comes when they end."""
    quiet = f"{NAMED}quiet: {{from: '11:00', until: '13:00'%s}}\n"
    rounded.watched.write("config/alerts.yaml", quiet % "")
    look(rounded, *[ROW | {"gift": 1}] * 30)
    rounded.make()
    assert told(rounded) == []
    rounded.watched.write("config/alerts.yaml", quiet % ", except: [drift]")
    rounded.make()
    assert len(told(rounded)) == 1
    rounded.watched.write("config/alerts.yaml", quiet % "")
    look(rounded, *[ROW | {"gift": 1, "other": 1}] * 30)
    rounded.go_to("13:00")
    rounded.make()
    ((_, text),) = told(rounded)
    assert "other" in text
    assert "gift" not in text


def test_what_is_refused_or_over_the_budget_comes_later(rounded: Rounded) -> None:
    """And is there once."""
    rounded.watched.write("config/alerts.yaml", f"{NAMED}storm: {{budget: 2/10m}}\n")
    rounded.go_to("12:30")
    rounded.robots.fault = 400
    for name in ("a", "b", "c"):
        look(rounded, *[ROW] * 30, source=f"jingdong.{name}")
        look(rounded, *[ROW | {"gift": 1}] * 30, source=f"jingdong.{name}")
    rounded.make()
    assert told(rounded) == []
    rounded.robots.fault = None
    sources: list[str] = []
    for _ in range(9):
        rounded.make(5 * MINUTE)
        found = [text.split()[1] for _, text in told(rounded) if "平台有变化" in text]
        assert len(found) <= 2
        sources += found
    assert sorted(sources) == ["jingdong.a", "jingdong.b", "jingdong.c"]
