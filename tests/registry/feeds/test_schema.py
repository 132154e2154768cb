"""What a feed may say: defaults, and every way of being wrong with what is said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from include.registry.feeds import load_feeds
from tests.registry.cases import Case, cases_of, changed

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

BASE = {
    "id": "id: bad",
    "name": "name: 坏",
    "connection": "connection: pdd_feed",
    "path": "path: /reviews",
    "rows": "rows: data.list",
    "table": "table: pdd_reviews",
    "fields": "fields: {review_id: id, score: stars, created_time: at}",
    "key": "key: [review_id]",
    "within": "within: created_time",  # the last, below the lines of a case
}
EVERYTHING = """\
feeds:
  - id: everything
    name: 全部
    connection: our_feed
    method: POST
    path: /v1/{shop}/kpi
    query: {size: 5, deep: true, ratio: 0.5, at: "{start:%Y%m%d}"}
    headers: {Accept-Language: zh-CN}
    body: {mall: "{shop:number}", span: [{from: "{start:epoch_seconds}"}], none: null, "{x}": 1}
    paging: {by: cursor, parameter: page_token, next: a, total: b, size_parameter: n, size: 9}
    success: code == `0`
    message: msg
    expired: code == `1`
    temporary: code == `2`
    rows: data[].agent
    table: pdd_kpi
    fields: {agent_id: id, sessions: a.b, orders: o, sales_amount: "not_null(s, `0`)"}
    key: [agent_id]
    hundredths: [sales_amount]
    timezone: Europe/Berlin
    dates: "%d.%m.%Y"
"""


@pytest.mark.parametrize("case", cases_of("feeds/wrong_feeds.txt"))
def test_wrong(project: ProjectFolder, case: Case) -> None:
    """Each mistake is told at its place, with the repair; it costs that feed only."""
    good = changed(BASE, ["id: good"], "within")
    project.write("config/feeds.yaml", f"feeds:\n{changed(BASE, case.changes, 'within')}{good}")
    feeds = load_feeds(project.root)
    assert [str(one).removeprefix("config/feeds.yaml:") for one in feeds.problems] == case.told
    assert list(feeds.by_id) == ["good"]


def test_defaults(project: ProjectFolder) -> None:
    """The least that a feed can say."""
    project.write("config/feeds.yaml", f"feeds:\n{changed(BASE, [])}")
    feed = load_feeds(project.root).by_id["bad"]
    assert (feed.method, feed.query, feed.body, feed.headers) == ("GET", {}, None, {})
    assert (feed.paging.by, feed.dates, feed.zone) == ("none", "iso", ZoneInfo("Asia/Shanghai"))
    assert (feed.success, feed.headers, feed.hundredths) == (None, {}, [])
    assert feed.landing.table.name == "pdd_reviews"


def test_everything(project: ProjectFolder) -> None:
    """Every key, in the form it is used in."""
    project.write("config/feeds.yaml", EVERYTHING)
    feeds = load_feeds(project.root)
    assert feeds.problems == []
    feed = feeds.get("everything")
    assert feed.query == {"size": "5", "deep": "true", "ratio": "0.5", "at": "{start:%Y%m%d}"}
    assert feed.body is not None
    assert feed.body["none"] is None
    assert (feed.paging.parameter, feed.paging.size) == ("page_token", 9)
    assert str(feed.rows) == "data[].agent"
    assert feed.zone == ZoneInfo("Europe/Berlin")
