"""Walking over a feed's pages: no row lost, none doubled, and an end for every walk."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.gateways.client import Patience
from include.gateways.errors import Malformed, Temporary
from include.platforms.feed.dialect import FeedDialect
from include.platforms.feed.pages import rows_of
from include.registry.feeds import Blanks
from sandbox.feed_truth import rows_on
from tests.conftest import HTTP, SANDBOX_NOW
from tests.gateways.asking import ONCE, using
from tests.gateways.data_service import DataService, in_turn, serving
from tests.gateways.feed_samples import (
    AGENT,
    BLANKS,
    DAY,
    DELIVERED,
    KPI,
    REVIEW,
    REVIEWS,
    SHANGHAI,
    SHOP,
    connection_to,
    feed_of,
)
from tests.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from include.registry.feeds import Feed
    from tests.conftest import Sandbox

SOON = Patience(attempts=3, pause=ONCE.pause / 1000)
NAMES = {"pdd_review": "reviews", "pdd_chat": "chat", "pdd_kpi": "kpi"}
TOTAL = {"by": "page", "parameter": "page", "size": 2, "total": "total"}
MORE = {"by": "page", "parameter": "page", "more": "more"}
CURSOR = {"by": "cursor", "parameter": "cursor", "next": "next"}


def _pull(
    base_url: str, feed: Feed, patience: Patience = ONCE, blanks: Blanks = BLANKS
) -> list[dict[str, Any]]:
    dialect = FeedDialect(feed, connection_to(base_url, feed))

    async def work(client: Any) -> list[dict[str, Any]]:
        return (await rows_of(client, feed, blanks, lambda _: None)).rows

    found: list[dict[str, Any]] = using(dialect, work, patience)
    return found


def _agents(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [AGENT | {"id": name} | more for name in names]


@pytest.fixture(scope="module")
def service() -> Iterator[DataService]:
    """Serve the data service of this module's tests."""
    with serving() as service:
        yield service


@pytest.fixture(scope="module")
def sandbox_url() -> Iterator[str]:
    """Serve the sandbox of this module's tests."""
    with serve(clock=lambda: SANDBOX_NOW) as base_url:
        yield base_url


def _kpi(
    service: DataService,
    answer: Callable[[int, dict[str, str]], Any],
    paging: dict[str, Any],
    patience: Patience = ONCE,
) -> list[str]:
    rows = _pull(service.asked(answer).base_url, feed_of(KPI, paging=paging), patience)
    return [row["agent_id"] for row in rows]


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=repr)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
@pytest.mark.parametrize("name", NAMES)
def test_every_page_size_gives_the_truth(sandbox_url: str, name: str, size: int) -> None:
    """Numbered pages with a total, a cursor, and pages that say whether more follow."""
    feed = DELIVERED[name]
    paging = feed.paging.model_copy(update={"size": size})
    if name == "pdd_chat":
        paging = paging.model_copy(update={"size_parameter": "limit"})
    feed = feed.model_copy(update={"paging": paging})
    truth = rows_on(NAMES[name], SHOP, "day", DAY.first_day, seed=1)
    assert truth
    assert _sorted(_pull(sandbox_url, feed)) == _sorted(truth)


def test_pages_that_only_say_whether_more_follow(sandbox_url: str) -> None:
    """No total is needed for that."""
    feed = DELIVERED["pdd_kpi"]
    paging = feed.paging.model_copy(update={"size": 2, "total": None})
    rows = _pull(sandbox_url, feed.model_copy(update={"paging": paging}))
    assert _sorted(rows) == _sorted(rows_on("kpi", SHOP, "day", DAY.first_day, seed=1))


def test_all_at_once(service: DataService) -> None:
    """Without paging there is one question, without a page's number in it."""
    found = _kpi(service, in_turn({"rows": _agents("a", "b")}), {"by": "none"})
    assert found == ["a", "b"]
    assert [request["query"] for request in service.requests] == [{}]


def test_numbered_pages_are_asked_from_the_last(service: DataService) -> None:
    """What moves up while we walk comes twice, and is not lost."""
    pages = {"1": _agents("a", "b"), "2": _agents("c", "d"), "3": _agents("e")}
    found = _kpi(service, lambda _, query: {"rows": pages[query["page"]], "total": 5}, TOTAL)
    assert sorted(found) == ["a", "b", "c", "d", "e"]
    assert [request["query"]["page"] for request in service.requests] == ["1", "3", "2", "1"]


def test_the_first_page_may_have_another_number(service: DataService) -> None:
    """Also the size is sent where the entry says so."""
    paging = TOTAL | {"first": 0, "size_parameter": "n"}
    pages = {"0": _agents("a", "b"), "1": _agents("c")}
    _kpi(service, lambda _, query: {"rows": pages[query["page"]], "total": 3}, paging)
    assert [request["query"] for request in service.requests] == [
        {"page": "0", "n": "2"},
        {"page": "1", "n": "2"},
        {"page": "0", "n": "2"},
    ]


def test_a_cursor_is_sent_back_as_it_came(service: DataService) -> None:
    """The first question has none; a null or an empty text ends the walk."""
    for last in (None, ""):
        answers = [{"rows": _agents("a"), "next": 7}, {"rows": _agents("b"), "next": last}]
        found = _kpi(service, in_turn(*answers), CURSOR)
        assert found == ["a", "b"]
        assert [request["query"] for request in service.requests] == [{}, {"cursor": "7"}]


@pytest.mark.parametrize(
    ("paging", "empty", "full"),
    [
        (TOTAL, {"rows": [], "total": 1}, {"rows": _agents("a"), "total": 1}),
        (MORE, {"rows": [], "more": True}, {"rows": _agents("a"), "more": False}),
        (MORE, {"rows": [], "more": False}, {"rows": _agents("a"), "more": False}),
        (CURSOR, {"rows": [], "next": "x"}, {"rows": _agents("a"), "next": None}),
        (CURSOR, {"rows": [], "next": None}, {"rows": _agents("a"), "next": None}),
        ({"by": "none"}, {"rows": []}, {"rows": _agents("a")}),
        (
            {"by": "none", "total": "total"},
            {"rows": [], "total": 1},
            {"rows": _agents("a"), "total": 1},
        ),
    ],
)
def test_an_empty_answer_is_asked_for_again(
    service: DataService, paging: Any, empty: Any, full: Any
) -> None:
    """An empty page may be a hiccup of the feed; nothing of it is lost."""
    found = _kpi(service, in_turn(empty, full), paging, SOON)
    assert found[:1] == ["a"]


@pytest.mark.parametrize(
    ("paging", "empty", "calls"),
    [
        (TOTAL, {"rows": [], "total": 0}, 1),
        (MORE, {"rows": [], "more": False}, 2),
        (CURSOR, {"rows": [], "next": None}, 2),
        ({"by": "none"}, {"rows": []}, 2),
    ],
)
def test_an_empty_period_is_one(service: DataService, paging: Any, empty: Any, calls: int) -> None:
    """What is confirmed, by a total of 0 or by a second answer, is true."""
    found = _kpi(service, in_turn(empty), paging)
    assert found == []
    assert len(service.requests) == calls


@pytest.mark.parametrize(
    ("paging", "answer", "said"),
    [
        (TOTAL, {"rows": [], "total": 2}, "is empty, though there are 2 rows"),
        (TOTAL, {"rows": _agents("a"), "total": 2}, "1 of 2 rows are on no page"),
        (TOTAL, {"rows": _agents("a", "b"), "total": 0}, "2 rows or more, though the answer"),
        (TOTAL, {"rows": _agents("a", "b"), "total": 2}, "page 2 shows that there are 3 rows"),
        (MORE, {"rows": [], "more": True}, "there are no rows, though the feed says more follow"),
        (CURSOR, {"rows": [], "next": "x"}, "though the feed says more follow"),
        (
            {"by": "none", "total": "total"},
            {"rows": [], "total": 1},
            "though the feed says there are 1",
        ),
        (
            {"by": "none", "total": "total"},
            {"rows": _agents("a"), "total": 3},
            "2 of 3 rows are on no page, in 3 walks over all pages: run it again; if it stays so",
        ),
        (
            {"by": "none", "total": "total"},
            {"rows": _agents("a", "b"), "total": 1},
            "there are 2 rows, though the feed counts 1, in 3 walks",
        ),
        (
            MORE,
            {"rows": _agents("a", "a"), "more": False},
            "rows come twice, so that others may have been missed, in 3 walks",
        ),
    ],
)
def test_missing_rows_are_a_failure(
    service: DataService, paging: Any, answer: Any, said: str
) -> None:
    """It passes, perhaps; it is never taken for the whole."""
    with pytest.raises(Temporary) as caught:
        _kpi(service, in_turn(answer), paging)
    assert said in str(caught.value)
    assert str(caught.value).startswith("shop 20001, feed kpi")
    assert "run it again" in str(caught.value)


def test_rows_that_move_between_pages_are_found_by_another_walk(service: DataService) -> None:
    """A row that comes twice says that another may have been passed."""
    first = [{"rows": _agents("a", "b"), "more": True}, {"rows": _agents("b"), "more": False}]
    second = [{"rows": _agents("a", "b"), "more": True}, {"rows": _agents("c"), "more": False}]
    found = _kpi(service, in_turn(*first, *second), MORE)
    assert found == ["a", "b", "c"]
    assert len(service.requests) == 4


@pytest.mark.parametrize("name", NAMES)
def test_a_row_that_leaves_between_two_pages_hides_no_other(name: str, sandbox: Sandbox) -> None:
    """Each of the delivered feeds is walked once more."""
    shop = 20003  # of six agents, more than a page of any feed has

    def truth() -> set[str]:
        asked = {"shop": shop, "first_day": str(DAY.first_day)}
        url = f"{sandbox.base_url}/sandbox/truth/feeds/{NAMES[name]}"
        return {str(row[key]) for row in HTTP.get(url, params=asked).json()}

    feed, blanks = DELIVERED[name], Blanks(str(shop), "day", DAY, SHANGHAI)
    (key,) = feed.key
    before = truth()
    sandbox.arm("shifting_rows", "feeds")
    found = [str(row[key]) for row in _pull(sandbox.base_url, feed, blanks=blanks)]
    assert [one["struck"] for one in sandbox.armed()] == [1]
    assert len(truth()) == len(before) - 1
    assert truth() <= set(found) <= before
    assert len(found) == len(set(found))


@pytest.mark.parametrize("paging", [MORE, CURSOR])
def test_a_row_that_moves_past_a_counted_walk_is_found(service: DataService, paging: Any) -> None:
    """One that leaves lowers the count just by the one that moves past us."""
    paging = paging | {"total": "total"}

    def answers(*pages: tuple[str, int]) -> list[dict[str, Any]]:
        return [
            {"rows": _agents(*names), "total": total, "more": more, "next": "x" if more else None}
            for (names, total), more in zip(pages, (True, False), strict=True)
        ]

    moving = answers(("abc", 6), ("ef", 5))
    still = answers(("bcd", 5), ("ef", 5))
    assert _kpi(service, in_turn(*moving, *still), paging) == ["b", "c", "d", "e", "f"]
    assert len(service.requests) == 4
    with pytest.raises(Temporary, match=r"number of rows changes from page to page.*in 3 walks"):
        _kpi(service, lambda number, _: moving[number % 2], paging)


def _of_23(names: list[str], number: int, total: int | None = None) -> dict[str, Any]:
    """Cut a page of ten."""
    page = names[(number - 1) * 10 : number * 10]
    return {"rows": _agents(*page), "total": len(names) if total is None else total}


NAMES_23 = [f"R{number:04}" for number in range(1, 24)]
TEN = TOTAL | {"size": 10}


def test_a_first_page_with_an_old_count_is_not_the_whole(service: DataService) -> None:
    """A cached page that says 13, where the next says 23, costs no row in silence."""

    def answer(_: int, query: dict[str, str]) -> Any:
        number = int(query["page"])
        return _of_23(NAMES_23, number, 13 if number == 1 else 23)

    with pytest.raises(Temporary) as caught:
        _kpi(service, answer, TEN)
    assert (
        "the number of rows changes from page to page (13, 23), so that some may have been missed, "
        "in 3 walks over all pages: run it again; if it stays so, check paging of feed kpi in "
        "config/feeds.yaml, or ask who runs it"
    ) in str(caught.value)


def test_a_row_that_leaves_does_not_hide_one_that_joined(service: DataService) -> None:
    """The walk is done again: what was missed comes, and what has left is not kept."""
    names = list(NAMES_23)

    def answer(number: int, query: dict[str, str]) -> Any:
        if number == 2:
            names.insert(0, "R0000")
        if number == 3:
            names.remove("R0022")
        return _of_23(names, int(query["page"]))

    found = _kpi(service, answer, TEN)
    assert sorted(found) == sorted({*NAMES_23, "R0000"} - {"R0022"})
    assert len(service.requests) == 8


def test_rows_that_move_without_a_change_of_the_count_are_noticed(service: DataService) -> None:
    """One joins in front while another leaves: the first page tells it."""
    names = list(NAMES_23)

    def answer(number: int, query: dict[str, str]) -> Any:
        if number == 2:
            names.insert(0, "R0000")
            names.remove("R0022")
        return _of_23(names, int(query["page"]))

    assert sorted(_kpi(service, answer, TEN)) == sorted({*NAMES_23, "R0000"} - {"R0022"})
    assert len(service.requests) == 8


@pytest.mark.parametrize("length", [5, 20])
def test_pages_of_another_size_than_the_entry_says(service: DataService, length: int) -> None:
    """A feed that ignores the size is told by its line, and is no matter of trying again."""

    def answer(_: int, query: dict[str, str]) -> Any:
        first = (int(query["page"]) - 1) * length
        return {"rows": _agents(*NAMES_23[first : first + length]), "total": 23}

    with pytest.raises(Malformed) as caught:
        _kpi(service, answer, TEN)
    assert f"its pages have {length} rows, though size of paging says 10" in str(caught.value)
    assert f"write size: {length} under paging" in str(caught.value)
    assert "feed kpi in config/feeds.yaml" in str(caught.value)


def test_rows_that_come_twice_in_one_answer_are_one(service: DataService) -> None:
    """All rows at once cannot move; two that are the same are one."""
    found = _kpi(service, in_turn({"rows": _agents("a", "a", "b")}), {"by": "none"})
    assert found == ["a", "b"]
    assert len(service.requests) == 1


def test_of_two_states_the_later_answers_counts(service: DataService) -> None:
    """A row that changed while we walked is newer where it came last."""
    answers = [
        {"rows": _agents("a", "b", orders=1), "total": 3},
        {"rows": _agents("c", orders=1), "total": 3},
        {"rows": _agents("a", "b", orders=2), "total": 3},
    ]
    service.asked(in_turn(*answers))
    rows = _pull(service.base_url, feed_of(KPI, paging=TOTAL))
    assert {row["agent_id"]: row["orders"] for row in rows} == {"a": 2, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("paging", "answers", "said"),
    [
        (
            {"by": "none"},
            [{"rows": [*_agents("a"), *_agents("a", orders=9)]}],
            "two rows have agent_id a, and they differ; fix feed kpi",
        ),
        (
            MORE,
            [{"rows": _agents("a"), "more": True}],
            "page 2: the page brings only rows of pages before: does it know 'page'?",
        ),
        (
            CURSOR,
            [{"rows": _agents(name), "next": "x"} for name in "abc"],
            "page 2: next is 'x' again, which would go on for ever",
        ),
        (CURSOR, [{"rows": _agents("a")}], "next (next) is not there: there are rows"),
        (CURSOR, [{"rows": _agents("a"), "next": {}}], "next (next) holds {}: expected a text"),
        (MORE, [{"rows": _agents("a"), "more": 1}], "more (more) holds 1: expected true or false"),
        (MORE, [{"rows": _agents("a")}], "more (more) is not there"),
        (TOTAL, [{"rows": [], "total": None}], "total (total) holds null: expected a whole number"),
        (TOTAL, [{"rows": [], "total": "5"}], "total (total) holds '5': expected a whole number"),
        (TOTAL, [{"rows": [], "total": -1}], "total (total) holds -1"),
        (TOTAL, [{"rows": []}], "total (total) is not there"),
    ],
)
def test_answers_that_no_walk_can_build_on(
    service: DataService, paging: Any, answers: list[Any], said: str
) -> None:
    """They are told at once, with the feed to fix."""
    with pytest.raises(Malformed) as caught:
        _kpi(service, in_turn(*answers), paging)
    assert said in str(caught.value)


def test_a_row_at_the_end_of_the_period_is_the_next_ones(service: DataService) -> None:
    """A feed that counts the end in gives it to both; it lands once."""
    rows = [REVIEW, REVIEW | {"id": "r2", "at": "2025-10-03T00:00:00+08:00"}]
    feed = feed_of(REVIEWS, within="created_time", paging={"by": "none", "total": "n"})
    service.asked(in_turn({"rows": rows, "n": 2}))
    (row,) = _pull(service.base_url, feed)
    assert row["created_time"] == datetime(2025, 10, 2, 8, 30)
