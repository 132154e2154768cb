"""What a pull script was started to do, read from its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.errors import ConfigurationError
from include.registry import SHOPS_FILE, Job, Shop, load_registry
from include.running.asked import Asked
from include.running.environment import PROVISIONAL, REPULL, given, project_root
from include.units.job_units import JobUnits
from include.units.unit import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.periods import Period


@dataclass(frozen=True)
class Assignment:
    """One job, one period, and the shops to pull."""

    job: Job
    period: Period
    shops: tuple[Shop, ...]
    warehouse_url: str  # SQLAlchemy URL of where it goes
    run_id: str | None = None  # the run it belongs to, if any; it ends no attempt of another one
    is_early: bool = False  # whether the period is not due yet: what lands is provisional
    is_repull: bool = False  # whether it has landed, and its source may have restated it

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Assignment:
        """Read what the runner sets.

        That is `JOB_ID`, `PERIOD_KEY`, `SHOPS`, `WAREHOUSE_URL`, `RUN_ID`, and `PROVISIONAL` or
        `REPULL`.

        Raises:
            ConfigurationError: one is missing, or names what config/ does not have.
        """
        job_id = given("JOB_ID", environ)
        registry = load_registry(project_root(environ), only=job_id)
        if job_id not in registry.jobs:
            raise ConfigurationError("JOB_ID {job!r} is no job of the registry", job=job_id)
        job = registry.jobs[job_id]
        period = job.schedule.parse_key(given("PERIOD_KEY", environ))
        covered = JobUnits(job, registry.shops.values()).of(period).covered
        shops = [registry.shops[shop] for shop in covered if job.platform]
        if wanted := Asked.from_environment(environ).shops:
            shops = _found(wanted, shops)
        url, run_id = given("WAREHOUSE_URL", environ), environ.get("RUN_ID")
        is_early, is_repull = (environ.get(name) == "1" for name in (PROVISIONAL, REPULL))
        return cls(job, period, tuple(shops), url, run_id, is_early, is_repull)

    def units(self) -> dict[Unit, Shop]:
        """Return the unit of each shop."""
        return {Unit(self.job.id, shop.id, self.period): shop for shop in self.shops}


def _found(wanted: Sequence[str], shops: Sequence[Shop]) -> list[Shop]:
    """Find each shop of the run: one that is left out silently would pass for landed."""
    known = {shop.id: shop for shop in shops}
    for shop_id in wanted:
        if shop_id not in known:
            raise ConfigurationError(
                "shop {shop!r} is not an enabled shop that is open in this period; was "
                "{file} edited as the run began? run it again",
                shop=shop_id,
                file=SHOPS_FILE,
            )
    return [known[shop_id] for shop_id in wanted]
