"""How long a client goes on before it gives up."""

from __future__ import annotations

import math
import os
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PAUSE = timedelta(seconds=30)
LONGEST_SPAN = timedelta(days=1)
MOST_ATTEMPTS = 1000


@dataclass(frozen=True)
class Patience:
    """How long a client goes on."""

    # Of one call, from sending to the last byte of the answer
    timeout: timedelta = timedelta(seconds=30)
    # Of all calls of one client together, from its making on
    deadline: timedelta = timedelta(minutes=30)
    attempts: int = 5  # how often one call is tried while its failure is temporary
    # Before the second attempt; it doubles from there, with as much jitter
    pause: timedelta = timedelta(seconds=1)

    def pause_after(self, attempt: int) -> float:
        """Return the seconds to wait after so many attempts."""
        pause = self.pause.total_seconds()
        jitter = random.uniform(0, pause)  # noqa: S311 - only spreads the attempts of many
        return min(pause * 2.0 ** (attempt - 1), LONGEST_PAUSE.total_seconds()) + jitter

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Patience:
        """Read `GATEWAY_TIMEOUT_SECONDS`, `_DEADLINE_SECONDS`, `_ATTEMPTS` and `_PAUSE_SECONDS`.

        Raises:
            ConfigurationError: one of them is not a number above zero, or more than a day or 1000
                attempts.
        """
        longest = int(LONGEST_SPAN.total_seconds())
        given = {
            name: _number(environ, f"GATEWAY_{name.upper()}_SECONDS", longest)
            for name in ("timeout", "deadline", "pause")
        }
        spans = {name: timedelta(seconds=value) for name, value in given.items() if value}
        attempts = _number(environ, "GATEWAY_ATTEMPTS", MOST_ATTEMPTS) or cls.attempts
        return cls(**{**spans, "attempts": math.ceil(attempts)})  # type: ignore[arg-type]


def _number(environ: Mapping[str, str], name: str, most: int) -> float | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise ConfigurationError(
            "{name} is {text}: set it to a number above 0, at most {most}, or not at all",
            name=name,
            text=quoted(text),
            most=most,
        )
    return value
