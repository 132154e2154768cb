"""Faults on request: what is armed, and which request each one strikes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from starlette.requests import Request

FAULT_HEADER = "x-sandbox-fault"
WIRE_FAULTS = {
    "http_429": "the status 429, as a proxy before the gateway gives it",
    "http_503": "the status 503, in the same way",
    "reset": "the connection is reset before the answer",
    "reset_in_body": "the connection is reset in the middle of the answer's body",
    "trickle": "the headers at once, then a byte now and then, never done",
    "truncated": "half of the JSON, as if that were all, with status 200",
    "slow_clock": "the answer is dated a day ago, as by a clock that is a day behind",
    "html": "a login page in HTML instead of JSON, with status 200",
}
GATEWAY_FAULTS = {
    "limit": "the platform's own code for too many calls",
    "error_object": "the platform's error for a moment's trouble inside, with status 200",
    "expired_token": "the platform's code for an expired token, on this answer only",
    "empty_page": "no rows, while totals and has_next speak as if there were",
    "duplicate_rows": "also rows of the neighbouring page, totals unchanged",
    "shifting_rows": "after this answer some rows change and leave the window, the rest moves up",
    "missing_field": "one row lacks a field that no row can be without",
    "wrong_type": "one row has nonsense in such a field",
}
FAULTS = {**WIRE_FAULTS, **GATEWAY_FAULTS}
# What can be said instead of any answer, and what only an answer with rows can show.
INSTEAD_OF_AN_ANSWER = frozenset({"limit", "error_object", "expired_token"})
ON_A_PAGE = frozenset(GATEWAY_FAULTS) - INSTEAD_OF_AN_ANSWER


@dataclass
class Armed:
    """A fault that waits for requests.

    Attributes:
        fault: its name.
        platform: one of `PLATFORMS`, or feeds.
        times: how many requests it strikes.
        after: how many it could strike, but lets pass first.
        shop: strikes requests for the shop of this number only.
        passed: how many it has let pass.
        struck: how many it has struck.
    """

    fault: str
    platform: str
    times: int = 1
    after: int = 0
    shop: int | None = None
    passed: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count a request that it could strike, and tell whether it does."""
        if self.passed < self.after:
            self.passed += 1
            return False
        if self.struck < self.times:
            self.struck += 1
            return True
        return False


@dataclass
class FaultBoard:
    """All that is armed; a request is struck by the first that wants it."""

    _armed: list[Armed] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def arm(self, armed: Armed) -> None:
        """Add a fault that waits for requests."""
        with self._lock:
            self._armed.append(armed)

    def clear(self) -> None:
        """Forget all that is armed."""
        with self._lock:
            self._armed.clear()

    def shown(self) -> list[dict[str, Any]]:
        """Return what is armed, and how often each has struck."""
        with self._lock:
            return [asdict(one) for one in self._armed]

    def take(self, platform: str, faults: Collection[str], shops: Collection[int | None]) -> str:
        """Return the fault that strikes a request; empty: none does.

        Args:
            platform: whose request it is.
            faults: names of those that can strike it here.
            shops: the number of the shop that it concerns, and None for faults of any shop.
        """
        with self._lock:
            for one in self._armed:
                fits = one.platform == platform and one.fault in faults and one.shop in shops
                if fits and one.strikes():
                    return one.fault
        return ""


@dataclass
class Strike:
    """The faults of one request.

    Attributes:
        board: what is armed.
        platform: whose request it is.
        header: the fault that the request itself asks for, if it does.
        on_wire: the wire fault that strikes it; empty: none.
    """

    board: FaultBoard
    platform: str
    header: str
    on_wire: str = ""

    def before_the_gateway(self) -> str:
        """Return the wire fault that strikes it, as far as can be said without reading it."""
        if self.header in WIRE_FAULTS:
            self.on_wire = self.header
        else:
            self.on_wire = self.board.take(self.platform, WIRE_FAULTS, (None,))
        return self.on_wire

    def at_the_gateway(self, shop: int | None, among: Collection[str]) -> str | None:
        """Return the gateway fault that strikes it, now that the shop is known."""
        if self.header:
            return self.header if self.header in among else None
        if shop is not None and not self.on_wire:
            self.on_wire = self.board.take(self.platform, WIRE_FAULTS, (shop,))
        if self.on_wire:
            return None
        return self.board.take(self.platform, among, (None, shop)) or None


def fault(
    request: Request, shop: int | None = None, among: Collection[str] = GATEWAY_FAULTS
) -> str | None:
    """Return the fault with which a gateway must answer a request, and count it as struck.

    To be asked where the gateway knows the shop and can show the fault: once before it answers,
    for those that come `INSTEAD_OF_AN_ANSWER`, and once where it has rows, for those `ON_A_PAGE`.

    Args:
        request: as the route got it.
        shop: the number of the shop that it concerns, if it concerns one. Wire faults that are
            armed for this shop strike from here on, too: the middleware does those.
        among: names of those that this answer can show; others wait for the next request.
    """
    strike: Strike = request.scope["state"]["strike"]
    return strike.at_the_gateway(shop, among)


class Listing(NamedTuple):
    """How a gateway writes the rows of a page, and what a fault does to them.

    Attributes:
        write: returns a row as the gateway writes it.
        leave: takes rows out of the window in which they were.
        leaving: which rows of a page leave when they shift.
        needed: a field that no row can be without.
        spoilt: a field that a fault fills with nonsense.
        doubled: how many rows of the neighbouring page a fault repeats.
    """

    write: Callable[[Any], dict[str, Any]]
    leave: Callable[[Sequence[Any]], None]
    leaving: slice
    needed: str
    spoilt: str
    doubled: int = 5

    def page(
        self,
        asked: tuple[Request, int],
        found: Sequence[Any],
        first: int,
        size: int,
        among: Collection[str] = ON_A_PAGE,
    ) -> list[dict[str, Any]]:
        """Return the rows of a page; a page without rows is struck by no fault.

        Args:
            asked: the request, and the number of the shop that it concerns.
            found: the rows of all pages.
            first: place of the page's first row in them.
            size: how many rows a page has.
            among: names of the faults that this page can show.
        """
        served, behind = found[first : first + size], found[first + size :]
        rows = [self.write(one) for one in served]
        struck = fault(*asked, among) if served else None
        if struck == "empty_page":
            rows.clear()
        elif struck == "duplicate_rows":
            rows += [self.write(one) for one in behind[: self.doubled] or served[-1:]]
        elif struck == "shifting_rows":
            self.leave(served[self.leaving])
        elif struck == "missing_field":
            del rows[len(rows) // 2][self.needed]
        elif struck == "wrong_type":
            rows[len(rows) // 2][self.spoilt] = ["昨天"]
        return rows
