"""What the exit code of a script, and of the runner that started it, means: `TABLE`."""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import TYPE_CHECKING

from include.language import N_, Message, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TABLE = N_("""\
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
""")
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


CODE, CODE_WITH_MEANING = N_("exit code {code}"), N_("exit code {code} ({meaning})")
HOW_ENDED = N_("{how}; {ended}")
BELOW = "{reason}\n{lines}"
MEANINGS: dict[int, str] = {
    ExitCode.LANDED: N_("landed"),
    ExitCode.TEMPORARY: N_("a temporary failure"),
    ExitCode.REFUSED: N_("credentials refused or expired"),
    ExitCode.CONFIGURATION: N_("the configuration is wrong"),
    ExitCode.NOTHING_TO_DO: N_("nothing to do"),
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


def describe(code: int) -> Message:
    """Return an exit code with its meaning, for example `exit code 137 (ended by SIGKILL)`."""
    meaning = _(MEANINGS[code]) if code in MEANINGS else _signal_name(code)
    if meaning:
        return _(CODE_WITH_MEANING, code=code, meaning=meaning)
    return _(CODE, code=code)


def ended(code: int, how: str = "", lines: Sequence[str] = ()) -> Message:
    """Return how a script ended: what has ended it, its exit code, and its last lines below."""
    told = describe(code)
    reason = _(HOW_ENDED, how=how, ended=told) if how else told
    return Message(BELOW, reason=reason, lines="\n".join(lines)) if lines else reason


def how_ended(told: Message) -> str | None:
    """Return the `how` of what `ended` has returned; None of any other message."""
    reason = told.values["reason"] if told.template == BELOW else told
    if not isinstance(reason, Message):  # a secret was masked in it
        return None
    if reason.template == HOW_ENDED:
        return str(reason.values["how"])
    return "" if reason.template in (CODE, CODE_WITH_MEANING) else None


def of_signal(number: int) -> int:
    """Return the exit code of a process that a signal ended."""
    return SIGNAL_BASE + number


def _severity(code: int) -> int:
    known = code in SEVERITY
    return SEVERITY.index(ExitCode(code) if known else ExitCode.FAILED)


def _signal_name(code: int) -> Message | None:
    try:
        return _("ended by {signal}", signal=signal.Signals(code - SIGNAL_BASE).name)
    except ValueError:
        return None
