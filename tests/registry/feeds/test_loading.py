"""Reading config/feeds.yaml, whatever it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include import PROJECT_ROOT
from include.errors import ConfigurationError
from include.registry.feeds import FEEDS_FILE, load_feeds

if TYPE_CHECKING:
    from tests.registry.conftest import ProjectFolder

FEED = """\
  - id: {id}
    name: x
    connection: c
    path: {path}
    rows: data
    table: pdd_reviews
    fields: {{review_id: id, score: stars, created_time: at}}
    key: [review_id]
    within: created_time
"""


def _feeds(*feeds: tuple[str, str]) -> str:
    return "feeds:\n" + "".join(FEED.format(id=name, path=path) for name, path in feeds)


def test_delivered_feeds() -> None:
    """What is delivered is valid."""
    feeds = load_feeds(PROJECT_ROOT)
    assert feeds.problems == []
    assert list(feeds.by_id) == ["pdd_review", "pdd_chat", "pdd_kpi"]


def test_a_feed_knows_where_it_stands(project: ProjectFolder) -> None:
    """Messages of a run lead to its first line."""
    project.write(FEEDS_FILE, _feeds(("a", "/a"), ("b", "/b")))
    feeds = load_feeds(project.root)
    assert [feed.place for feed in feeds.by_id.values()] == [
        f"{FEEDS_FILE}:{line}" for line in feeds.said.values()
    ]
    assert feeds.by_id["a"].place == f"{FEEDS_FILE}:2"


def test_a_project_without_feeds_needs_no_file(project: ProjectFolder) -> None:
    """No file is no problem."""
    feeds = load_feeds(project.root)
    assert (feeds.by_id, feeds.problems) == ({}, [])
    with pytest.raises(ConfigurationError, match="feed 'a' is not in config"):
        feeds.get("a")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "1:1: is empty: remove it, or add an entry"),
        (b"\xb2\xee\xc6\xc0", "1:1: holds byte 0xb2, which is not UTF-8"),
        (b"tasks: []", "1:1: unknown key 'tasks': the only one is 'feeds'"),
        (b"feeds: {}", "1:8: 'feeds' is not a list"),
        (b"feeds:\n- just text", "2:3: entry 'just text' is not a mapping"),
    ],
)
def test_a_file_that_cannot_be_used(project: ProjectFolder, content: bytes, expected: str) -> None:
    """It is one problem, and what asks for a feed is told it."""
    project.write(FEEDS_FILE, content)
    feeds = load_feeds(project.root)
    (problem,) = feeds.problems
    assert str(problem).startswith(f"{FEEDS_FILE}:{expected}")
    with pytest.raises(ConfigurationError, match=expected.split(": ", 1)[1][:20]):
        feeds.get("any")


def test_a_copy_does_not_take_a_feeds_place(project: ProjectFolder) -> None:
    """Two feeds of one id are both named and neither is read, whichever stands first."""
    project.write(FEEDS_FILE, _feeds(("a", "/one"), ("a", "/two"), ("b", "/three")))
    feeds = load_feeds(project.root)
    end = "neither is read until one of them has another id, or is removed"
    assert [str(problem) for problem in feeds.problems] == [
        f"{FEEDS_FILE}:2:9: a: id 'a' is also in line 11: {end}",
        f"{FEEDS_FILE}:11:9: a: id 'a' is also in line 2: {end}",
    ]
    assert list(feeds.by_id) == ["b"]
    with pytest.raises(ConfigurationError, match="is also in line 11"):
        feeds.get("a")


def test_asking_for_a_feed_says_what_is_wrong_with_it(project: ProjectFolder) -> None:
    """Its problems, or the nearest id."""
    project.write(FEEDS_FILE, _feeds(("broken", "x"), ("reviews", "/x")))
    feeds = load_feeds(project.root)
    assert feeds.get("reviews").path == "/x"
    with pytest.raises(ConfigurationError, match=r"feeds\.yaml:5:11: broken: path 'x' is not"):
        feeds.get("broken")
    with pytest.raises(ConfigurationError, match="did you mean 'reviews'"):
        feeds.get("review")
