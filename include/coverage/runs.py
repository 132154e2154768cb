"""What Airflow's API says of its runs, as far as a repair has to know it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.coverage.units import Unit
    from include.registry import Job

# A repair's runs are named after their period and counted, so that of two that are asked for at
# the same time Airflow takes one.
PREFIX = "repair__"
UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Run:
    """One run of a job.

    Attributes:
        job_id: whose.
        run_id: its name.
        under_way: whether it waits or works.
        first: the key of the first period that it covers.
        last: that of the last one.
        shops: those that it is narrowed to; none for all.
    """

    job_id: str
    run_id: str
    under_way: bool
    first: str
    last: str
    shops: frozenset[str] = frozenset()

    @classmethod
    def of(cls, job: Job, told: Mapping[str, Any]) -> Run:
        """Read one of `GET /api/v2/dags/{dag_id}/dagRuns`."""
        # What somebody sent: a run of what makes no sense is refused by its first task, not before.
        conf = told.get("conf") or {}
        shops = conf.get("shops")
        key = told.get("partition_key") or conf.get("period")
        first, last = conf.get("from") or key, conf.get("to") or key
        if not first or not last:
            asked_at = datetime.fromisoformat(str(told["run_after"]).replace("Z", "+00:00"))
            first = last = job.schedule.last_ended(asked_at).key
        return cls(
            job_id=job.id,
            run_id=str(told["dag_run_id"]),
            under_way=told["state"] in UNDER_WAY,
            first=str(first),
            last=str(last),
            shops=frozenset(map(str, shops if isinstance(shops, list) else ())),
        )

    def sees_to(self, unit: Unit) -> bool:
        """Return whether it waits or works, and a unit is among what it covers."""
        return (
            self.under_way
            and self.job_id == unit.job_id
            and self.first <= unit.period.key <= self.last
            and (not self.shops or unit.shop_id in self.shops)
        )

    def number_for(self, key: str) -> int:
        """Give which repair of a period it is, from 1; 0 for other runs."""
        _, found, number = self.run_id.partition(f"{PREFIX}{key}__")
        return int(number) if found and number.isascii() and number.isdecimal() else 0
