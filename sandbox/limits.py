"""The rate limits as the platforms enforce them: in a true sliding window, per app or per shop."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TypeAlias

from sandbox.platforms import PLATFORMS, Allowance

__all__ = ["DOCUMENTED", "Allowance", "Allowances", "Gatekeeper", "allowances_of"]

DOCUMENTED: dict[str, tuple[Allowance, ...]] = {
    **{name: platform.allowances for name, platform in PLATFORMS.items()},
    "feeds": (),
}

# What the service's sandbox allows, so that a first look at the project does not take the minutes
# that a day of 拼多多 takes there; `config/connections.json` says so to those who call.
GENEROUS = {"pdd": (Allowance(500, 10, 70031, "shop"), Allowance(500, 1, 52101))}

Allowances: TypeAlias = "Sequence[Allowance] | Mapping[str, Sequence[Allowance]] | None"


def allowances_of(platform: str, wanted: Allowances) -> Sequence[Allowance]:
    """Return a platform's limits.

    Args:
        platform: one of `PLATFORMS`, or feeds.
        wanted: those of every platform, or those of some by name; what it does not say is as
            documented.
    """
    if wanted is None:
        return DOCUMENTED[platform]
    if isinstance(wanted, Mapping):
        return wanted.get(platform, DOCUMENTED[platform])
    return wanted


class Gatekeeper:
    """Counts the calls of one platform and turns away those that are too many.

    Attributes:
        calls: how many arrived, whatever became of them.
        over_limit: how many were turned away.
        shops: how many arrived at the limits, by shop's number.
    """

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        """Enforce these limits."""
        self.calls = 0
        self.over_limit = 0
        self.shops: Counter[int] = Counter()
        self._allowances = allowances
        # Of each window only the last calls that it allows: the oldest of them decides.
        self._admitted: dict[tuple[Allowance, str, int | None], deque[float]] = {}
        self._lock = Lock()

    def refuse(self, app_key: str, shop: int | None = None) -> int | None:
        """Count a call that arrives now; give the code with which it is turned away, if it is.

        Args:
            app_key: who calls.
            shop: the number of the shop that it concerns, if it concerns one.
        """
        with self._lock:
            now = time.monotonic()
            if shop is not None:
                self.shops[shop] += 1
            windows = [self._window(allowance, app_key, shop) for allowance in self._allowances]
            for allowance, window in zip(self._allowances, windows, strict=True):
                if len(window) == allowance.calls and window[0] > now - allowance.seconds:
                    self.over_limit += 1
                    return allowance.code
            for window in windows:
                window.append(now)
            return None

    def _window(self, allowance: Allowance, app_key: str, shop: int | None) -> deque[float]:
        key = allowance, app_key, shop if allowance.per == "shop" else None
        if key not in self._admitted:
            self._admitted[key] = deque(maxlen=allowance.calls)
        return self._admitted[key]
