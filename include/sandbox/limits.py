"""The rate limits as the platform enforces them: in a true sliding window, per app."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Allowance(NamedTuple):
    """So many calls in any stretch of so many seconds, else this code."""

    calls: int
    seconds: float
    code: int


ALLOWANCES = (Allowance(5, 1, 199), Allowance(100, 60, 200))


class Gatekeeper:
    """Counts the calls of each app.

    Attributes:
        over_limit: how many calls were turned away.
    """

    def __init__(self, allowances: Sequence[Allowance] = ALLOWANCES) -> None:
        """Enforce these limits."""
        self.over_limit = 0
        self._allowances = allowances
        self._longest = max(allowance.seconds for allowance in allowances)
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)

    def refuse(self, app_key: str) -> int | None:
        """Count a call that arrives now; give the code with which it is turned away, if it is."""
        now = time.monotonic()
        admitted = self._admitted[app_key]
        while admitted and admitted[0] <= now - self._longest:
            admitted.popleft()
        for allowance in self._allowances:
            if sum(moment > now - allowance.seconds for moment in admitted) >= allowance.calls:
                self.over_limit += 1
                return allowance.code
        admitted.append(now)
        return None
