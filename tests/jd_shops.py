"""京东's sandbox shops, as tests of several rooms see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.gateways.connection import Connection
from sandbox.credentials import (
    SANDBOX_APP_KEY,
    SANDBOX_APP_SECRET,
    access_token_of,
    refresh_token_of,
)
from tests.conftest import SANDBOX_NOW
from tests.sandbox.truth import JD

if TYPE_CHECKING:
    from datetime import date

    from tests.conftest import Sandbox

NUMBERS = (30001, 30002, 30003)


def connection_of(sandbox: Sandbox, number: int) -> Connection:
    """Return what a script is given as the shop's connection."""
    return Connection(
        f"jd_{number % 10}",
        sandbox.base_url,
        SANDBOX_APP_KEY,
        SANDBOX_APP_SECRET,
        access_token_of("jd", number),
        refresh_token_of("jd", number),
        extra={"oauth_host": sandbox.base_url},
    )


def truth(number: int, day: date) -> list[dict[str, Any]]:
    """Return the rows that a shop's day must have."""
    return JD.on(number, day, seed=1, as_of=SANDBOX_NOW)
