"""The clock of a source, as the `Date` of its answers tells it.

A period is over when it is over where its rows are: with this machine's clock ahead of the
source's, an unfinished day would pass for a whole one. An answer is as of its `Date`, also where a
cache has kept it since: one from before the period's end is no answer about the whole period.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from include.gateways.errors import Temporary

if TYPE_CHECKING:
    from include.gateways.bodies import Answer
    from include.gateways.dialect import Call

# Clocks that are kept differ by less, and a `Date` tells whole seconds, cut off.
TOLERANCE = timedelta(seconds=5)
AGE = re.compile(r"\d{1,9}", re.ASCII)
SHOWN = "%Y-%m-%d %H:%M:%S"
# Longer than any run goes on: it is for the next attempt, not for this client's.
NOT_IN_THIS_RUN = timedelta(days=1).total_seconds()


def date_of(text: str) -> datetime | None:
    """Return the moment that a header `Date` tells; None where it is no date."""
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return said if said.tzinfo else said.replace(tzinfo=timezone.utc)


def as_of(answer: Answer) -> datetime | None:
    """Return the moment that an answer is of; None where it does not say so once."""
    said = answer.headers.getall("Date", [])
    return date_of(said[0]) if len(said) == 1 else None


def check_over(call: Call, answer: Answer, over: datetime) -> None:
    """Refuse an answer from before the moment at which its period is whole.

    Raises:
        Temporary: says by how much the clocks differ, or for how long a cache has kept the answer.
    """
    said = as_of(answer)
    if said is None or said + TOLERANCE >= over:
        return
    zone = over.tzinfo
    raise Temporary(
        call,
        f"the answer is of {said.astimezone(zone):{SHOWN}} by the source's clock (its header Date),"
        f" and the period is whole from {over:{SHOWN}} on; {_why(said, answer.header('Age'))}",
        wait=NOT_IN_THIS_RUN,
    )


def _why(said: datetime, age: str) -> str:
    """Return what must change: a cache says for how many seconds it has kept what it gives."""
    ahead = datetime.now(timezone.utc) - said
    kept = timedelta(seconds=int(age)) if AGE.fullmatch(age) else timedelta()
    if kept > TOLERANCE and abs(ahead - kept) <= TOLERANCE:
        return (
            f"a cache on the way has kept it for {kept.total_seconds():.0f} s: have it keep none "
            "of these answers, and run it again"
        )
    return (
        f"this machine's clock is {ahead.total_seconds():.0f} s ahead of it: set the one that is "
        "wrong (this machine's: `sudo timedatectl set-ntp true`), and run it again"
    )
