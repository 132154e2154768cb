"""Walking over the pages of a feed, so that no row is lost where the feed lets us notice.

Where the feed counts its rows (`total`), just as many must have come, and a walk must have seen no
other count: one that leaves makes up for one that was missed. Where it does not, a row that comes
twice says that rows have moved between the pages. The walk is then done again, and what it brings
takes the place of what the one before brought. An empty answer that no total confirms is believed
when it comes twice.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from include.gateways.errors import Temporary
from include.gateways.fields import wall_clock
from include.gateways.paging import WALKS, Page, Pages, WalkFromLast
from include.language import N_, _
from include.platforms.feed.dialect import call_of, follows, malformed, whole_total
from include.platforms.feed.rows import RowReader
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.gateways.client import GatewayClient
    from include.gateways.dialect import Call
    from include.gateways.errors import Malformed
    from include.registry.feeds import Blanks, Feed

Row = dict[str, Any]
ONLY_BEFORE = N_("the page brings only rows of pages before: does it know {name!r}?")
NEXT_AGAIN = N_("next is {cursor} again, which would go on for ever")
WRITE_SIZE = N_(
    "write size: {length} under paging (or let size_parameter tell how many to send) of feed "
    "{feed} in {place}, or ask who runs it"
)


class Brought(NamedTuple):
    """All rows of a shop's period."""

    rows: list[Row]  # column to value, each once
    notice: str  # which columns some of them lack; empty: none


class _Answer(NamedTuple):
    """One page."""

    rows: Sequence[Row]
    total: int | None  # how many rows all pages have, if the feed says
    goes_on: bool  # whether it says that a page follows
    cursor: str | int | None  # how to ask for that one


async def rows_of(
    client: GatewayClient, feed: Feed, blanks: Blanks, progress: Callable[[int], None]
) -> Brought:
    """Bring all rows of a shop's period; `progress` is told after each page how many there are.

    Raises:
        GatewayError: as `GatewayClient.call` does; Malformed when a field is missing or invalid;
            Temporary when rows are missing to the last.
    """
    walk = _Walk(client, feed, blanks, progress)
    await walk.until_complete()
    rows = list(walk.rows.values())
    if feed.within is not None:
        # A feed that counts the end of the period in gives this row to the next period as well.
        rows = [row for row in rows if row[feed.within] != wall_clock(blanks.period.end)]
    return Brought(rows, walk.reader.missing_in(rows))


async def rows_counted(client: GatewayClient, feed: Feed, blanks: Blanks) -> int | None:
    """Ask how many rows the feed itself counts in a shop's period; None where it names no total.

    Raises:
        GatewayError: as `rows_of` does.
    """
    return (await _Walk(client, feed, blanks).first()).total


async def first_page(client: GatewayClient, feed: Feed, blanks: Blanks) -> Sequence[Row]:
    """Ask for the first page of a shop's period alone; return its rows.

    Raises:
        GatewayError: as `rows_of` does.
    """
    walk = _Walk(client, feed, blanks)
    rows = (await walk.first()).rows
    walk.reader.missing_in(rows)
    return rows


class _Walk:
    """The rows of a shop's period, as they come.

    Attributes:
        reader: of its rows.
        rows: by key; of two that differ, from two answers, the later counts: it is newer.
        doubled: whether a row came twice.
        totals: which counts of all rows the answers of a walk said, each once.
        lengths: how many rows those pages had that others follow, where they are numbered.
        moved: whether the first page held other rows at the end of a walk than at its beginning.
    """

    def __init__(
        self,
        client: GatewayClient,
        feed: Feed,
        blanks: Blanks,
        progress: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        self._client, self._feed, self._blanks = client, feed, blanks
        self._progress = progress
        self.reader = RowReader(feed)
        self._repair = _(
            "if it stays so, check paging of feed {feed} in {place}, or ask who runs it",
            feed=feed.id,
            place=feed.place,
        )
        self.lengths: set[int] = set()
        self._longest = 0
        self._begin()

    def _begin(self) -> None:
        self.rows: dict[tuple[Any, ...], Row] = {}
        self.totals: dict[int | None, None] = {}
        self.doubled = self.moved = False

    async def first(self) -> _Answer:
        """Ask for one page alone."""
        return await self._ask(self._call(1))

    async def until_complete(self) -> None:
        """Walk over all pages, again where rows may have been missed."""
        paging = self._feed.paging
        is_counted = paging.by == "page" and paging.more is None
        for _walk in range(WALKS):
            self._begin()
            doubt = self._doubt(await (self._walk_from_last() if is_counted else self._walk()))
            if not doubt:
                return
        problem = _("{doubt}, in {walks} walks over all pages", doubt=doubt, walks=WALKS)
        if self.lengths and max(self.lengths) < (paging.size or 1):
            raise self._wrong_size(max(self.lengths), problem)
        raise Temporary(
            self._call(1),
            _("{problem}: run it again; {repair}", problem=problem, repair=self._repair),
        )

    def _doubt(self, total: int | None) -> str:
        """Return why a walk may have missed rows; empty: it has not."""
        if total is None:
            moved = self.doubled and self._feed.paging.by != "none"
            return _("rows come twice, so that others may have been missed") if moved else ""
        # One that has left makes up in the count for one that moved past us.
        if len(self.totals) > 1:
            return _(
                "the number of rows changes from page to page ({counts}), so that some may have "
                "been missed",
                counts=[*map(str, self.totals)],
            )
        missing = total - len(self.rows)
        if missing > 0:
            return _("{missing} of {total} rows are on no page", missing=missing, total=total)
        if missing < 0:
            return _(
                "there are {count} rows, though the feed counts {total}",
                count=len(self.rows),
                total=total,
            )
        if self.moved:
            return _("rows move between the pages, so that some may have been missed")
        return ""

    def _wrong_size(self, length: int, problem: str) -> Malformed:
        size, feed = self._feed.paging.size, self._feed
        return malformed(
            feed,
            self._call(1),
            _(
                "{problem}: its pages have {length} rows, though size of paging says {size}",
                problem=problem,
                length=length,
                size=size,
            ),
            WRITE_SIZE,
            length=length,
        )

    async def _walk_from_last(self) -> int:
        """Walk over numbered pages whose rows are counted; return the total of the last answer."""
        size = self._feed.paging.size or 1
        pages = Pages(self._client, self._call, self._page, size, self.reader.key, self._repair)
        walk = WalkFromLast(pages)
        async for rows in walk.rows():
            self._add(rows)
        self.totals, self.moved = dict.fromkeys(walk.totals), walk.moved
        self.lengths |= walk.lengths
        return walk.totals[-1]

    async def _walk(self) -> int | None:
        """Walk once; return the total that the last answer said."""
        number, cursor = 1, None
        asked: set[str | int | None] = {None}
        while True:
            call = self._call(number, cursor)
            answer = await self._ask(call)
            if not answer.rows and answer.total is None:
                answer = await self._ask(call)
            fresh = self._add(answer.rows)
            self.totals[answer.total] = None
            if not answer.goes_on:
                return answer.total
            if number > 1 and not fresh:
                name = self._feed.paging.parameter
                raise malformed(self._feed, call, _(ONLY_BEFORE, name=name))
            if self._feed.paging.by == "cursor" and answer.cursor in asked:
                raise malformed(self._feed, call, _(NEXT_AGAIN, cursor=quoted(answer.cursor)))
            number, cursor = number + 1, answer.cursor
            asked.add(cursor)

    async def _ask(self, call: Call) -> _Answer:
        answer: _Answer = await self._client.call(call, partial(self._answer, call))
        return answer

    def _call(self, number: int, cursor: str | int | None = None) -> Call:
        paging = self._feed.paging
        sent: dict[str, Any] = {}
        if paging.size_parameter is not None:
            sent[paging.size_parameter] = paging.size
        if paging.by == "page":
            sent[str(paging.parameter)] = paging.first + number - 1
        elif cursor is not None:
            sent[str(paging.parameter)] = cursor
        page = None if paging.by == "none" else number
        return call_of(self._feed, self._blanks, page, sent)

    def _page(self, call: Call, envelope: Any) -> Page:
        total = whole_total(self._feed, call, envelope)
        rows, total = self._rows(call, envelope, total), total or 0
        self._longest = max(self._longest, len(rows))
        # A page may bring rows of its neighbours; but where pages are larger, the last are empty.
        is_behind = total and ((call.page or 1) - 1) * self._longest >= total
        if not rows and is_behind and self._longest > (self._feed.paging.size or 1):
            raise self._wrong_size(
                self._longest,
                _("page {page} of {total} rows is empty", page=call.page, total=total),
            )
        return Page(rows, total)

    def _answer(self, call: Call, envelope: Any) -> _Answer:
        """Read an answer; it belongs to the attempt, so that an empty page is asked for again."""
        total = whole_total(self._feed, call, envelope)
        rows = self._rows(call, envelope, total)
        goes_on, cursor = follows(self._feed, call, envelope)
        if not rows and (goes_on or (total and not self.rows)):
            follow = N_("there are no rows, though the feed says more follow: run it again")
            counted = N_("there are no rows, though the feed says there are {total}: run it again")
            raise Temporary(call, _(follow if goes_on else counted, total=total))
        return _Answer(rows, total, goes_on, cursor)

    def _rows(self, call: Call, envelope: Any, total: int | None) -> list[Row]:
        """Read the rows of one answer, in which no two may have one key and differ."""
        if total == 0 and not self._feed.rows.find_if_any(envelope):
            return []  # some write null for no rows
        rows = self.reader.read(call, envelope, self._blanks.period)
        known: dict[tuple[Any, ...], Row] = {}
        for row in rows:
            key = self.reader.key(row)
            if known.setdefault(key, row) != row:
                problem = _(
                    "two rows have {names} {key}, and they differ",
                    names=[*self._feed.key],
                    key=[*map(str, key)],
                )
                raise malformed(self._feed, call, problem)
        return rows

    def _add(self, rows: Sequence[Row]) -> bool:
        """Keep the rows of a page; return whether one of them is new."""
        before, found = len(self.rows), {self.reader.key(row): row for row in rows}
        self.rows.update(found)
        new = len(self.rows) - before
        self.doubled |= new < len(rows)
        self._progress(len(self.rows))
        return new > 0
