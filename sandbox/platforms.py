"""The platforms that the sandbox speaks for: their shops, paths and limits, each in one place."""

from __future__ import annotations

from typing import NamedTuple


class Allowance(NamedTuple):
    """So many calls of one app, or of one shop of it, in any stretch of so many seconds.

    Attributes:
        code: the platform's code for one call more.
        per: `app` or `shop`.
    """

    calls: int
    seconds: float
    code: int
    per: str = "app"


class SandboxPlatform(NamedTuple):
    """A platform as its gateway is here.

    Attributes:
        shops: their numbers.
        paths: how the paths that it serves begin.
        allowances: its rate limits, as the platform documents them.
        is_lost_once_expired: a token must be refreshed before it expires; later only its owner can
            help.
    """

    shops: tuple[int, ...]
    paths: tuple[str, ...]
    allowances: tuple[Allowance, ...]
    is_lost_once_expired: bool = False


PLATFORMS = {
    "erp": SandboxPlatform(
        shops=(10001, 10002, 10003),
        paths=("/open/", "/openWeb/"),
        allowances=(Allowance(5, 1, 199), Allowance(100, 60, 200)),
    ),
    "jd": SandboxPlatform(
        shops=(30001, 30002, 30003),
        paths=("/routerjson", "/oauth2/"),
        # Its documentation names no rate; this one is nobody's need.
        allowances=(Allowance(1000, 1, 2),),
        is_lost_once_expired=True,
    ),
    "pdd": SandboxPlatform(
        shops=(20001, 20002, 20003, 20004, 20005, 20006),
        paths=("/api/router",),
        allowances=(Allowance(100, 10, 70031, "shop"), Allowance(500, 1, 52101)),
    ),
}
