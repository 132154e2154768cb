"""What an entry's `repull` may say: at which ages its periods are pulled again.

Only what a feed brings is replaced whole, so that a figure that the source corrects later, or takes
back, takes the place of the one that landed. Orders and refunds are asked for by when they changed,
and bring such corrections themselves.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from include.language import _
from include.registry.paths import FEED_SCRIPTS
from include.registry.quantities import duration
from include.text import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

YOUNGEST, OLDEST = timedelta(days=1), timedelta(days=92)


def age(value: Any) -> timedelta:
    """Take how long ago a period ended when it is pulled again."""
    found = duration(value)
    if not YOUNGEST <= found <= OLDEST:
        told = _(
            "{value} is not between 1d and {most}d: write how long after its end a period is "
            "pulled again, as in 3d",
            value=quoted(value), most=OLDEST.days,
        )  # fmt: skip
        raise ValueError(told)
    return found


def check_repull(ages: Sequence[timedelta], script: str) -> None:
    """Check the ages of an entry with a script.

    Raises:
        ValueError: the script reads no feed, or the ages do not rise.
    """
    if ages and script not in FEED_SCRIPTS:
        told = _(
            "is for jobs that read a feed ({scripts}), and script {script} is none: what it pulls "
            "is not replaced whole; remove it",
            scripts=FEED_SCRIPTS, script=quoted(script),
        )  # fmt: skip
        raise ValueError(told)
    if any(one >= other for one, other in pairwise(ages)):
        told = _("does not rise: write each age once, the shortest first, as in [1d, 3d, 7d]")
        raise ValueError(told)
