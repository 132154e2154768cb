"""Pulls a period's after-sales cases of each PDD shop (拼多多) into `pdd_refunds`.

What has changed from the period's start up to now (at most to a day past its end), with the cases
as they are now; what changed later comes with the periods that follow.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

try:
    from sqlalchemy import select
    from sqlalchemy.exc import SQLAlchemyError

    from include.errors import ConfigurationError
    from include.gateways.fields import SHANGHAI, wall_clock
    from include.language import N_, _
    from include.platforms.pdd.dialect import Pdd, mall
    from include.platforms.pdd.platform import row_of_refund
    from include.platforms.pdd.refunds import (
        LONGEST_WINDOW,
        STATUSES,
        Refund,
        refunds_of_new_statuses,
        refunds_updated,
    )
    from include.pulling import Upsert, Window, check_owner, keep_newest, pull
    from include.pulling.orders import missing_in
    from include.registry.platforms import PLATFORMS
    from include.warehouse import connect
    from include.warehouse.tables import pdd_refunds
except ModuleNotFoundError as error:  # by hand, with another Python or without the project's path
    print(f"{error}: start it with 'python3 scheduler_manager.py run pdd_quality'", file=sys.stderr)
    sys.exit(78)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from include.gateways.client import GatewayClient
    from include.registry import Shop

# Each shop has a rate limit of its own, so all may run side by side.
SHOPS_AT_ONCE = 64
SECONDS_BETWEEN_LINES = 5.0
LATELY = timedelta(days=31)
REFUND = N_("refund"), N_("refunds")
NEW_STATUS = N_(
    "after-sales status {statuses} is not in the platform's documents: its cases land and are "
    "asked for from now on ({count} in one half hour); see what it means, and add it to "
    "STATUSES of include/platforms/pdd/refunds.py"
)


async def fetch(
    client: GatewayClient, shop: Shop, window: Window, seen: Collection[int] = ()
) -> Upsert:
    """Bring a shop's cases of a period; `seen`: statuses of before that no document has."""
    # The list does not say whose cases it has.
    owner = await mall(client, int(shop.platform_id))
    check_owner(shop, owner.mall_id, owner.mall_name)
    cases = _Cases(client, shop, window)
    known = {*STATUSES, *seen}
    await cases.bring(known)
    perhaps = await refunds_of_new_statuses(
        client, int(shop.platform_id), cases.busiest_window(), known
    )
    new = sorted({refund.after_sales_status for refund in perhaps})
    if new:
        await cases.bring(new)
    rows = [row_of_refund(shop, one) for one in cases.found.values()]
    return Upsert(
        pdd_refunds,
        rows,
        "updated_time",
        "created_time",
        "created_day",
        notice=missing_in(REFUND, cases.found.values()),
        finding=_(NEW_STATUS, statuses=new, count=len(perhaps)) if new else "",
    )


class _Cases:
    """What one shop's window brings.

    Attributes:
        found: each case as it was last, by its number.
    """

    def __init__(self, client: GatewayClient, shop: Shop, window: Window) -> None:
        self.found: dict[int, Refund] = {}
        self._client, self._shop, self._window = client, shop, window
        self._said = time.monotonic()
        self._most: Sequence[Refund] = ()

    async def bring(self, statuses: Collection[int]) -> None:
        """Ask for the cases of some statuses."""
        ask = partial(refunds_updated, self._client, int(self._shop.platform_id), statuses=statuses)
        async for refunds in self._window.changes(ask):
            self._most = max(self._most, refunds, key=len)
            keep_newest(self.found, refunds, "id", "updated_time")
            if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
                print(
                    _(
                        "{shop}: {count} after-sales cases so far",
                        shop=self._shop.id,
                        count=len(self.found),
                    ),
                    flush=True,
                )
                self._said = time.monotonic()

    def busiest_window(self) -> datetime:
        """Return when the half hour begins that brought most; the last, where none brought any."""
        if self._most:
            return min(refund.updated_time for refund in self._most)
        return wall_clock(self._window.until) - LONGEST_WINDOW


def statuses_seen(now: datetime) -> frozenset[int]:
    """Return the statuses that the platform does not document and that cases have had lately.

    Args:
        now: aware, or the wall clock of Asia/Shanghai.
    """
    table = pdd_refunds.c
    lately = table.updated_time >= wall_clock(now) - LATELY
    unknown = table.after_sales_status.not_in(STATUSES)
    query = select(table.after_sales_status).distinct().where(lately, unknown)
    try:
        engine = connect(os.environ.get("WAREHOUSE_URL", ""))
        with engine.connect() as connection:
            found = frozenset(connection.scalars(query))
        engine.dispose()
    except (ConfigurationError, SQLAlchemyError):  # the pull needs it, too, and says what is wrong
        return frozenset()
    return found


if __name__ == "__main__":
    fetch_all = partial(fetch, seen=statuses_seen(datetime.now(SHANGHAI)))
    sys.exit(pull(Pdd, fetch_all, lag=PLATFORMS["pdd"].lag, at_once=SHOPS_AT_ONCE))
