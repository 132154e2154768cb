"""One thing that is wrong in the registry, and where."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import PurePath
from typing import TYPE_CHECKING

from include.language import N_, Message, _
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What a Chinese input method writes unless it is told otherwise.
FULL_WIDTH_COLON = "："
WRITE_A_COLON = N_("write ': ', half-width and with a space, in place of '：'")


@dataclass(frozen=True)
class Problem:
    """One thing that a user has to fix; its text is `file:line:column: job: message`."""

    file: str  # relative to the project root, with slashes
    line: int  # counted from 1
    column: int  # counted from 1
    job_id: str | None  # whose entry it is, as written; none for a whole file or a shop
    message: str  # one sentence: what is wrong, what was expected, how to repair it

    def __str__(self) -> Message:
        """Write it the way compilers do, so that editors and terminals make it a link."""
        whose = f"{self.job_id}: " if self.job_id else ""
        place = f"{self.file}:{self.line}:{self.column}: {whose}"
        return _("{place}{problem}", place=place, problem=self.message)


BY_PLACE = attrgetter("file", "line", "column")


class SentenceError(ValueError):
    """What is wrong with a value, as a whole sentence; that of other checks needs the key first."""


def listed(problems: Sequence[Problem]) -> str:
    """Return problems, one at least, as one text of a line each."""
    *above, last = problems
    if not above:
        return str(last)
    return _("{above}\n{last}", above=listed(above), last=str(last))


@contextmanager
def costing_only(
    file: str, line: int, job_id: str | None, problems: list[Problem]
) -> Iterator[None]:
    """Limit what a fault of our own code costs to what is looked at inside of it.

    Args:
        file: where that stands.
        line: of it.
        job_id: whose entry it is.
        problems: gets one more when something is raised inside.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, all others go on
        frame = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{PurePath(frame.filename).name}:{frame.lineno}"
        message = _(
            "cannot be checked, by a fault of the scheduler ({reason} in {at}): write it like the "
            "delivered entries, and report this line",
            reason=quoted(f"{type(error).__name__}: {error}"), at=at,
        )  # fmt: skip
        problems.append(Problem(file, line, 1, job_id, message))
