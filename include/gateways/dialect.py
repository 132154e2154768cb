"""The interface that each platform implements for the client that all share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from include.language import Message, _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from include.gateways.connection import Connection
    from include.gateways.limiter import Limit


@dataclass(frozen=True)
class Call:
    """One question to a gateway; as text, what an error message needs to name it."""

    method: str  # the gateway's name for it
    params: Mapping[str, Any] = field(default_factory=dict)  # its business parameters
    shop: int | str | None = None  # the shop's number on its platform, if it concerns one
    page: int | None = None  # the number of the page, if it has pages; for messages only
    # Which entry of which file says what is asked, where one does; for messages only
    entry: str = ""

    def __str__(self) -> Message:
        """Name it as messages do: `shop 10001, /open/orders/single/query, page 2`."""
        known = {"shop": self.shop, "method": self.method, "page": self.page}
        if self.shop is None and self.page is None:
            return _("{method}", **known)
        if self.page is None:
            return _("shop {shop}, {method}", **known)
        if self.shop is None:
            return _("{method}, page {page}", **known)
        return _("shop {shop}, {method}, page {page}", **known)


@dataclass(frozen=True)
class Request:
    """What goes over the wire."""

    url: str
    headers: Mapping[str, str] = field(repr=False)  # a feed's credentials stand in them
    body: bytes = field(default=b"", repr=False)
    verb: str = "POST"


@dataclass(frozen=True)
class Tokens:
    """What a shop's owner has granted, as of its last refresh."""

    access_token: str = field(repr=False)  # goes with every call
    # Buys the next tokens; empty where the platform gave none
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None  # aware; None where it is not known


class Dialect(Protocol):
    """How one platform signs, wraps and reports errors."""

    name: str  # of the platform's protocol; names the files that keep its rate limits
    limits: Sequence[Limit]  # what the platform allows one app, or one shop of it (`Limit.per`)
    connection: Connection  # where the gateway is and who we are

    def request(self, call: Call, access_token: str) -> Request:
        """Sign a call, as of now, and build what is sent."""
        ...

    def unwrap(self, call: Call, envelope: Any) -> Any:
        """Return the data in an answer (decoded JSON, its decimals `Decimal`).

        Raises:
            GatewayError: the answer is an error, or is no envelope of this platform.
        """
        ...


@runtime_checkable
class Refreshing(Protocol):
    """What a dialect has besides, when its platform refreshes tokens."""

    def refresh_request(self, call: Call, refresh_token: str) -> Request:
        """Build what asks for new tokens; `call` names it in messages."""
        ...

    def refreshed(self, call: Call, envelope: Any) -> Tokens:
        """Return the new tokens in an answer.

        Raises:
            GatewayError: the answer is an error: AuthExpired where only a person can help.
        """
        ...
