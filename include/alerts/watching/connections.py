"""The findings of shops' connections: refused ones, and tokens that end within three days."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from include.alerts.findings import Finding, Kind, Missing, TokenEnd
from include.alerts.watching.reasons import connection_of, is_refused, name_of, repair_of
from include.alerts.watching.units import healed_until
from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.tokens import TokenStore
from include.language import N_
from include.registry.platforms import PLATFORMS, host_of
from include.units.unit import LANDED, NO_SHOP, State
from include.warehouse.tables import ledger
from include.warehouse.transactions import reading
from include.warehouse.types import UtcMoment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alerts.watching.scope import Scope
    from include.coverage import Coverage, JudgedUnit

GRANT = N_(
    "let the shop's owner authorise again at {site}, then write the new token with `{command}`"
)
RENEW = N_("renew it, and write it with `{command}`")
REPAIR = N_("{repair}; `{command}` changes the connection")
SINCE = N_("{jobs}, from {first} on")


class Refusals:
    """The units that failed with exit code 77, and have not landed since.

    Args:
        coverage: units of the last days.
        scope: of the round.
        landings: when each job and shop landed last, see `read_landings`.
    """

    def __init__(
        self, coverage: Coverage, scope: Scope, landings: Mapping[tuple[str, str], datetime]
    ) -> None:
        self._scope = scope
        self._units: dict[str, list[JudgedUnit]] = defaultdict(list)
        # Connections that are being tried: what comes of it is not known yet.
        self.tried: set[str] = set()
        for cell in coverage.cells:
            for unit in cell.units:
                if unit.state == State.RUNNING:
                    self.tried.add(connection_of(unit, cell.job, scope))
                elif is_refused(unit) and scope.now < healed_until(cell):
                    landed = landings.get((unit.job_id, unit.shop_id))
                    if landed is None or unit.finished_at is None or landed < unit.finished_at:
                        self._units[connection_of(unit, cell.job, scope)].append(unit)

    def findings(self) -> Iterator[Finding]:
        """Yield one for each connection."""
        jobs = self._scope.registry.jobs
        for connection, units in self._units.items():
            job = jobs[units[0].job_id]
            began = min(unit.finished_at or unit.due_at for unit in units)
            yield Finding.of(
                Kind.CREDENTIALS,
                connection,
                began.astimezone(job.schedule.zone),
                job.timezone,
                platform=job.platform,
                tags=dict.fromkeys(tag for unit in units for tag in jobs[unit.job_id].tags),
                units=tuple(self._shops(connection, units)),
                remedy=self._remedy(connection, units),
                jobs=str(len({unit.job_id for unit in units})),
                first_period=min(unit.period.key for unit in units),
                link=self._scope.page(),
            )

    def _shops(self, connection: str, units: list[JudgedUnit]) -> Iterator[Missing]:
        scope, jobs = self._scope, self._scope.registry.jobs
        by_shop: dict[str, list[JudgedUnit]] = defaultdict(list)
        for unit in units:
            by_shop[unit.shop_id].append(unit)
        for shop, refused in by_shop.items():
            names = dict.fromkeys(jobs[unit.job_id].name for unit in refused)
            first = min(unit.period.key for unit in refused)
            reason = scope.say(SINCE, jobs="、".join(names), first=first)
            name = name_of(shop, jobs[refused[0].job_id], scope)
            yield Missing(shop, name, reason, cause=f"credentials:{connection}")

    def _remedy(self, connection: str, units: list[JudgedUnit]) -> str:
        unit = units[0]
        known = PLATFORMS.get(self._scope.registry.jobs[unit.job_id].platform or "")
        said = RENEW if known is None or unit.shop_id == NO_SHOP else GRANT
        command = f"python3 scheduler_manager.py connect {connection}"
        if repair := repair_of(unit, self._scope):
            return self._scope.say(REPAIR, repair=repair, command=command)
        return self._scope.say(said, site=known and known.console, command=command)


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


SOON = timedelta(days=3)
# A run renews a token in the last three days; one that was not after a day of them is not renewed.
NOT_RENEWED = timedelta(days=2)
# Some live no longer than a day, and are renewed each time.
JUST_RENEWED = timedelta(hours=25)
WHAT = N_("after that the data of its shops cannot be pulled")
ENDED = N_("it has ended, and was not renewed")
REMEDY = N_(
    "let the shop's owner authorise again, then write the new token with `python3 "
    "scheduler_manager.py connect {connection}`"
)


def connections_of_shops(scope: Scope) -> dict[str, str]:
    """Return the connections that jobs pull shops with, each with its platform."""
    platforms = {job.platform for job in scope.registry.jobs.values() if job.enabled}
    shops = scope.registry.shops.values()
    return {
        shop.connection: shop.platform
        for shop in shops
        if shop.enabled and shop.platform in platforms
    }


def token_ends(
    scope: Scope, engine: Engine, variables: Mapping[str, str]
) -> list[tuple[TokenEnd, str]]:
    """Return the tokens that end soon, each with its platform, the first to end first.

    Args:
        scope: of the round.
        engine: of the warehouse, where renewed tokens are kept.
        variables: the connections, as an environment has them; those missing are left out.
    """
    store = TokenStore(engine)
    found = []
    for connection_id, platform in connections_of_shops(scope).items():
        try:
            connection = Connection.from_env(connection_id, variables, host_of(platform))
        except ConfigurationError:  # it has no token, or is not there: a run says so
            continue
        ends = _ends(connection, store, scope.now)
        if ends is not None:
            found.append((TokenEnd(connection_id, ends), platform))
    return sorted(found, key=lambda pair: pair[0].ends)


def token_findings(scope: Scope, ends: Iterable[tuple[TokenEnd, str]]) -> Iterator[Finding]:
    """Yield one for each token that ends soon."""
    for token, platform in ends:
        yield Finding.of(
            Kind.TOKEN,
            token.connection,
            min(token.ends - SOON, scope.now),
            scope.zone,
            platform=platform,
            due=token.ends,
            ends=token.ends.isoformat(),
            what=scope.say(WHAT if token.ends > scope.now else ENDED),
            remedy=scope.say(REMEDY, connection=token.connection),
        )


def _ends(connection: Connection, store: TokenStore, now: datetime) -> datetime | None:
    """Return when a token ends, if that is soon."""
    kept = store.read(connection)
    ends = kept.tokens.expires_at if kept else connection.expires_at
    ends = ends or (None if kept and kept.refreshed_at else connection.expires_at)
    if ends is None:
        return None
    renewed = kept.refreshed_at if kept else None
    if renewed is not None and now - renewed < JUST_RENEWED and ends > now:
        return None
    return ends if ends - now <= (NOT_RENEWED if connection.refresh_token else SOON) else None
