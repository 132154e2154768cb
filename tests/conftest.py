"""What tests of several rooms need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from include.platforms.connection import Connection
from include.sandbox.credentials import SANDBOX_ACCESS_TOKEN, SANDBOX_APP_KEY, SANDBOX_APP_SECRET
from include.sandbox.limits import Allowance
from include.sandbox.serving import serve
from include.sandbox.truth import orders_on

if TYPE_CHECKING:
    from collections.abc import Iterator

# The moment at which the sandbox of the tests stands still (wall clock of Asia/Shanghai).
SANDBOX_NOW = datetime(2025, 10, 9, 12)  # noqa: DTZ001 wall clock
# Limits that no test reaches by accident.
WIDE = Allowance(100_000, 1, 199)


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox with limits that do not slow a test down."""

    base_url: str

    @property
    def connection(self) -> Connection:
        """What the scripts are given as connection `erp`."""
        return Connection(
            "erp", self.base_url, SANDBOX_APP_KEY, SANDBOX_APP_SECRET, SANDBOX_ACCESS_TOKEN
        )

    def truth(self, shop_id: int, day: date) -> list[dict[str, Any]]:
        """Give the rows that a shop's day must have."""
        return orders_on(shop_id, day, seed=1, as_of=SANDBOX_NOW)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Serve the sandbox of seed 1 as of `SANDBOX_NOW`."""
    with serve(clock=lambda: SANDBOX_NOW, allowances=[WIDE]) as base_url:
        yield Sandbox(base_url)
