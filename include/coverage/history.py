"""What pulling a job's shops has cost lately, by the ledger: what a repair will cost."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import select

from include.units.unit import LANDED
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Engine

# Rows of a job that are looked at, the newest ones: a few periods of many shops, or many of few.
ROWS_A_JOB = 1_000


@dataclass(frozen=True)
class Landing:
    """How one unit landed."""

    job_id: str
    shop_id: str
    period_key: str
    run_id: str | None
    calls: int | None  # made to the platform; none where nobody counted
    started_at: datetime
    finished_at: datetime

    @property
    def seconds(self) -> float:
        """How long the attempt took that landed it."""
        return (self.finished_at - self.started_at).total_seconds()


class History:
    """What is known of each job's cost.

    Args:
        landings: of units that landed lately.
    """

    def __init__(self, landings: Iterable[Landing] = ()) -> None:
        runs: dict[str, dict[object, list[Landing]]] = defaultdict(lambda: defaultdict(list))
        calls: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for one in landings:
            runs[one.job_id][one.period_key, one.run_id].append(one)
            if one.calls is not None:
                calls[one.job_id][one.shop_id].append(one.calls)
        self._seconds = {
            job_id: median(map(_seconds_a_shop, of.values())) for job_id, of in runs.items()
        }
        self._alone = {
            job_id: median(one.seconds for several in of.values() for one in several)
            for job_id, of in runs.items()
        }
        self._calls: dict[str, dict[str, float]] = {
            job_id: {shop: median(counts) for shop, counts in of.items()}
            for job_id, of in calls.items()
        }

    def seconds(self, job_id: str, shops: int) -> float | None:
        """Return about how long a run for so many shops takes; None where nothing has landed yet.

        Shops that are pulled side by side take less than one after another, and one alone takes
        as long as it does among others.
        """
        known = self._seconds.get(job_id)
        return None if known is None else max(known * shops, self._alone[job_id])

    def calls(self, job_id: str, shops: Collection[str]) -> int | None:
        """Return about how many calls a run for shops makes; None where none was counted yet."""
        known = self._calls.get(job_id)
        if not known:
            return None
        usual = median(known.values())
        return round(sum(known.get(shop, usual) for shop in shops))


def read_history(engine: Engine, job_ids: Collection[str]) -> History:
    """Read what landed last of each of some jobs."""
    columns = [ledger.c[name] for name in Landing.__annotations__]
    landings: list[Landing] = []
    with reading(engine) as connection:
        for job_id in sorted(job_ids):
            query = (
                select(*columns)
                .where(
                    ledger.c.job_id == job_id,
                    ledger.c.state.in_(LANDED),
                    ledger.c.started_at.is_not(None),
                    ledger.c.finished_at.is_not(None),
                )
                .order_by(ledger.c.period_end.desc())
                .limit(ROWS_A_JOB)
            )
            landings += [Landing(*row) for row in connection.execute(query)]
    return History(landings)


def _seconds_a_shop(landings: Collection[Landing]) -> float:
    """Shops are pulled side by side, so that one alone would seem to take as long as all."""
    begun = min(one.started_at for one in landings)
    ended = max(one.finished_at for one in landings)
    # What lay between an attempt that failed and the one that landed took no work.
    worked = sum(one.seconds for one in landings)
    return min((ended - begun).total_seconds(), worked) / len(landings)
