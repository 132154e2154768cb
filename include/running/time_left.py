"""How long a script may take, so that it is the runner that ends it and says why.

Airflow ends a task, and the runner with it, when the timeout that the web UI shows is over. The
runner ends its script a little earlier: what the script leaves behind is settled, and the run says
that its time was over and not that it was told to end.
"""

from __future__ import annotations

import math
import time

from include.errors import ExpectedError

# Kept for starting, for a script that does not end at once, and for the ledger.
SPARE_SECONDS, SPARE_SHARE = 5.0, 1 / 3


class TimeLeft:
    """The time that whoever started the runner gives it.

    Args:
        seconds: for the whole run, from now; 0 for no end.
        grace: from TERM to KILL, where there is time for it.

    Attributes:
        grace: from TERM to KILL.
    """

    def __init__(self, seconds: float, grace: float) -> None:
        self._seconds = seconds or math.inf
        spare = min(grace + SPARE_SECONDS, self._seconds * SPARE_SHARE)
        self._until = time.monotonic() + self._seconds - spare
        self.grace = min(grace, spare * 2 / 3)

    def for_script(self, limit: float) -> float:
        """Return how many seconds a script may take that begins now.

        Args:
            limit: what its entry allows.

        Raises:
            ExpectedError: none are left; temporary, since a retry has all of its own.
        """
        left = min(limit, self._until - time.monotonic())
        if left <= 0:
            raise ExpectedError(
                f"no time is left of the {self._seconds:.0f} s of this run (timeout in the job's "
                "entry): the retry takes up what has not landed"
            )
        return left
