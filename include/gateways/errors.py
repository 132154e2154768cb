"""What can go wrong at a gateway, told apart by what is to be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.errors import ExpectedError

if TYPE_CHECKING:
    from include.gateways.dialect import Call


CHANGED = "run it again; if it stays so, the platform answers otherwise than it documents: ask it"


class GatewayError(ExpectedError):
    """A call that brought no data; its text says which call, what came back and what to do.

    Attributes:
        shop: the shop's number on its platform, or None for a call that concerns none.
        method: the gateway's name for what was called.
        page: the number of the page, or None for a call without pages.
        code: what the gateway (or HTTP) called the error, or None where it gave no code.
    """

    def __init__(self, call: Call, problem: str, *, code: int | str | None = None) -> None:
        """Describe a call's failure; `problem` ends with what a person must do, if anything."""
        super().__init__(f"{call}: {problem}")
        self.shop = call.shop
        self.method = call.method
        self.page = call.page
        self.code = code


class Temporary(GatewayError):  # noqa: N818 - the design's word
    """It may work later: a timeout, a reset, a 5xx, a rate limit.

    Attributes:
        wait: seconds before which another try is useless.
    """

    def __init__(
        self, call: Call, problem: str, *, code: int | str | None = None, wait: float = 0
    ) -> None:
        """Describe a call's failure."""
        super().__init__(call, problem, code=code)
        self.wait = wait


class AuthExpired(GatewayError):  # noqa: N818 - the design's word
    """The access token is no longer valid: somebody must renew it."""


class Refused(GatewayError):  # noqa: N818 - the design's word
    """The gateway understood and said no: another try brings the same answer."""


class Misdirected(GatewayError):  # noqa: N818 - the design's word
    """What an entry of the configuration asks for is not there, or not asked for like that."""


class Malformed(GatewayError):  # noqa: N818 - the design's word
    """The answer is not what is documented: a field is missing or of another type."""

    def __init__(
        self, call: Call, problem: str, *, code: int | str | None = None, repair: str = CHANGED
    ) -> None:
        """Describe a call's failure; `repair`: what a person must do, where more is known."""
        super().__init__(call, f"{problem}; {repair}", code=code)
