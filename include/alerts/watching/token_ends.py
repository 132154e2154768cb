"""The tokens that end within three days, and that nobody renews by himself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from include.alerts.findings import Finding, Kind, TokenEnd
from include.alerts.languages import Said
from include.alerts.watching.sight import merged
from include.errors import ConfigurationError
from include.gateways.connection import Connection
from include.gateways.tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy import Engine

    from include.alerts.watching.sight import Sight

SOON = timedelta(days=3)
# A run renews a token in the last three days; one that was not after a day of them is not renewed.
NOT_RENEWED = timedelta(days=2)
# Some live no longer than a day, and are renewed each time.
JUST_RENEWED = timedelta(hours=25)
WHAT = Said("到期后这些店铺的数据拉不下来", "after that the data of its shops cannot be pulled")
ENDED = Said("已到期，自动续期没有成功", "it has ended, and was not renewed")
REMEDY = Said(
    "请店主重新授权，再用 `python3 scheduler_manager.py connect {connection}` 写入新令牌",
    "let the shop's owner authorise again, then write the new token with "
    "`python3 scheduler_manager.py connect {connection}`",
)


def connections_of_shops(sight: Sight) -> dict[str, str]:
    """Return the connections that jobs pull shops with, each with its platform."""
    platforms = {job.platform for job in sight.registry.jobs.values() if job.enabled}
    shops = sight.registry.shops.values()
    return {
        shop.connection: shop.platform
        for shop in shops
        if shop.enabled and shop.platform in platforms
    }


def token_ends(
    sight: Sight, engine: Engine, variables: Mapping[str, str]
) -> list[tuple[TokenEnd, str]]:
    """Return the tokens that end soon, each with its platform, the first to end first.

    Args:
        sight: of the round.
        engine: of the warehouse, where renewed tokens are kept.
        variables: the connections, as an environment has them; those missing are left out.
    """
    store = TokenStore(engine)
    found = []
    for connection_id, platform in connections_of_shops(sight).items():
        try:
            connection = Connection.from_env(connection_id, variables, platform)
        except ConfigurationError:  # it has no token, or is not there: a run says so
            continue
        ends = _ends(connection, store, sight.now)
        if ends is not None:
            found.append((TokenEnd(connection_id, ends), platform))
    return sorted(found, key=lambda pair: pair[0].ends)


def token_findings(sight: Sight, ends: Iterable[tuple[TokenEnd, str]]) -> Iterator[Finding]:
    """Yield one for each token that ends soon."""
    for token, platform in ends:
        since = token.ends - SOON
        facts = {
            "ends": token.ends.isoformat(),
            "what": sight.say(WHAT if token.ends > sight.now else ENDED),
            "remedy": sight.say(REMEDY, connection=token.connection),
        }
        yield Finding(
            Kind.TOKEN,
            token.connection,
            "",
            token.connection,
            platform,
            (),
            min(since, sight.now),
            token.ends,
            facts=merged(facts),
            zone=sight.zone,
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
