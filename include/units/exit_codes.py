"""What the exit code of a script, and of the runner that started it, means.

| code | meaning | Airflow |
|---|---|---|
| 0 | landed | success |
| 75 | temporary (timeout, 5xx, rate limit, lock held) | retry |
| 77 | credentials refused or expired | fail at once, no retry |
| 78 | configuration is wrong | fail at once, no retry |
| 99 | nothing to do | skipped |
| other | failure; 128 + n: ended by signal n | retry |

Data that is not there yet is 75, which tries again; 99 says that there will never be any: the
period counts as empty and is not tried again.
"""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A process that signal n ended is given this much more than n, as shells do.
SIGNAL_BASE = 128


class ExitCode(IntEnum):
    """The codes with a meaning of their own; every other code is a failure."""

    LANDED = 0
    FAILED = 1
    TEMPORARY = 75
    REFUSED = 77
    CONFIGURATION = 78
    NOTHING_TO_DO = 99


MEANINGS: dict[int, str] = {
    ExitCode.LANDED: "landed",
    ExitCode.TEMPORARY: "a temporary failure",
    ExitCode.REFUSED: "credentials refused or expired",
    ExitCode.CONFIGURATION: "the configuration is wrong",
    ExitCode.NOTHING_TO_DO: "nothing to do",
}
# The worst last; a code that is not named here is a failure.
SEVERITY = (
    ExitCode.NOTHING_TO_DO,
    ExitCode.LANDED,
    ExitCode.FAILED,
    ExitCode.TEMPORARY,
    ExitCode.REFUSED,
    ExitCode.CONFIGURATION,
)


def worst(codes: Iterable[int]) -> int:
    """Return the code that stands for several runs: 78, 77, 75, a failure, 0, and 99 if all are 99.

    Of several failures it is the first; of no runs at all it is 99.
    """
    return max(codes, key=_severity, default=int(ExitCode.NOTHING_TO_DO))


def describe(code: int) -> str:
    """Return an exit code with its meaning, for example `exit code 137 (ended by SIGKILL)`."""
    meaning = MEANINGS.get(code) or _signal_name(code)
    return f"exit code {code} ({meaning})" if meaning else f"exit code {code}"


def of_signal(number: int) -> int:
    """Return the exit code of a process that a signal ended."""
    return SIGNAL_BASE + number


def _severity(code: int) -> int:
    known = code in SEVERITY
    return SEVERITY.index(ExitCode(code) if known else ExitCode.FAILED)


def _signal_name(code: int) -> str | None:
    try:
        return f"ended by {signal.Signals(code - SIGNAL_BASE).name}"
    except ValueError:
        return None
