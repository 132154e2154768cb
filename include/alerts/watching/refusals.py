"""The connections whose credentials a platform refuses: one finding each, whatever the jobs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.alerts.findings import Finding, Kind, Missing
from include.alerts.languages import Said
from include.alerts.watching.reasons import connection_of, is_refused, name_of
from include.alerts.watching.sight import merged
from include.alerts.watching.units import healed_until
from include.platforms.jd.codes import CONSOLE as JD
from include.platforms.jushuitan.codes import CONSOLE as JUSHUITAN
from include.platforms.pdd.codes import CONSOLE as PDD
from include.units.unit import LANDED, NO_SHOP, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading
from include.warehouse.types import UtcMoment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alerts.watching.sight import Sight
    from include.coverage import Coverage, JudgedUnit

SITES = {"erp": JUSHUITAN, "jd": JD, "pdd": PDD}
GRANT = Said(
    "请店主在 {site} 重新授权，再用 `{command}` 写入新令牌",
    "let the shop's owner authorise again at {site}, then write the new token with `{command}`",
)
RENEW = Said("更换凭据，用 `{command}` 写入", "renew it, and write it with `{command}`")
SINCE = Said("{jobs}，从 {first} 起", "{jobs}, from {first} on")


class Refusals:
    """The units that failed with exit code 77, and have not landed since.

    Args:
        coverage: units of the last days.
        sight: of the round.
        landings: when each job and shop landed last, see `read_landings`.
    """

    def __init__(
        self, coverage: Coverage, sight: Sight, landings: Mapping[tuple[str, str], datetime]
    ) -> None:
        self._sight = sight
        self._units: dict[str, list[JudgedUnit]] = defaultdict(list)
        # Connections that are being tried: what comes of it is not known yet.
        self.tried: set[str] = set()
        for cell in coverage.cells:
            for unit in cell.units:
                if unit.state == State.RUNNING:
                    self.tried.add(connection_of(unit, cell.job, sight))
                elif is_refused(unit) and sight.now < healed_until(cell):
                    landed = landings.get((unit.job_id, unit.shop_id))
                    if landed is None or unit.finished_at is None or landed < unit.finished_at:
                        self._units[connection_of(unit, cell.job, sight)].append(unit)

    def findings(self) -> Iterator[Finding]:
        """Yield one for each connection."""
        for connection, units in self._units.items():
            yield self._finding(connection, units)

    def _finding(self, connection: str, units: list[JudgedUnit]) -> Finding:
        sight, jobs = self._sight, self._sight.registry.jobs
        job = jobs[units[0].job_id]
        tags = dict.fromkeys(tag for unit in units for tag in jobs[unit.job_id].tags)
        began = min(unit.finished_at or unit.due_at for unit in units)
        since = began.astimezone(job.schedule.zone)
        facts = {
            "remedy": self._remedy(connection, units),
            "jobs": str(len({unit.job_id for unit in units})),
            "periods": str(len({(unit.job_id, unit.period.key) for unit in units})),
            "first_period": min(unit.period.key for unit in units),
            "link": sight.page(),
        }
        return Finding(
            Kind.CREDENTIALS,
            connection,
            "",
            connection,
            job.platform or "",
            tuple(tags),
            since,
            since,
            tuple(self._shops(connection, units)),
            merged(facts),
            job.timezone,
        )

    def _shops(self, connection: str, units: list[JudgedUnit]) -> Iterator[Missing]:
        sight, jobs = self._sight, self._sight.registry.jobs
        by_shop: dict[str, list[JudgedUnit]] = defaultdict(list)
        for unit in units:
            by_shop[unit.shop_id].append(unit)
        for shop, refused in by_shop.items():
            names = dict.fromkeys(jobs[unit.job_id].name for unit in refused)
            first = min(unit.period.key for unit in refused)
            reason = sight.say(SINCE, jobs="、".join(names), first=first)
            name = name_of(shop, jobs[refused[0].job_id], sight)
            yield Missing(shop, name, reason, cause=f"credentials:{connection}")

    def _remedy(self, connection: str, units: list[JudgedUnit]) -> str:
        unit = units[0]
        site = SITES.get(self._sight.registry.jobs[unit.job_id].platform or "")
        said = RENEW if site is None or unit.shop_id == NO_SHOP else GRANT
        command = f"python3 scheduler_manager.py connect {connection}"
        return self._sight.say(said, site=site, command=command)


def read_landings(engine: Engine, coverage: Coverage) -> dict[tuple[str, str], datetime]:
    """Return when each job and shop of which a unit was refused landed last.

    Whoever lands today is not refused any more, whatever is still missing of yesterday.
    """
    refused = [unit for unit in coverage.units() if is_refused(unit)]
    if not refused:
        return {}
    latest = func.max(ledger.c.finished_at, type_=UtcMoment)
    query = (
        select(ledger.c.job_id, ledger.c.shop_id, latest)
        .where(
            ledger.c.job_id.in_({unit.job_id for unit in refused}),
            ledger.c.shop_id.in_({unit.shop_id for unit in refused}),
            ledger.c.state.in_(LANDED),
            ledger.c.period_end > min(unit.period.start for unit in refused),
        )
        .group_by(ledger.c.job_id, ledger.c.shop_id)
    )
    with reading(engine) as connection:
        return {(job, shop): at for job, shop, at in connection.execute(query) if at}
