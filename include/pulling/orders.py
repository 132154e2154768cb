"""Orders of a shop's period, pulled by their last change and held against what was made in it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from include.language import N_, _
from include.platforms.platform import row_of_order
from include.pulling.control_totals import Control
from include.pulling.landing import Listed, Upsert, made_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

    import sqlalchemy

    from include.gateways.client import GatewayClient
    from include.gateways.fields import Row
    from include.periods import Period
    from include.pulling.window import Window
    from include.registry import Shop

R = TypeVar("R")
ORDER = N_("order"), N_("orders")


def keep_newest(found: dict[int, R], rows: Sequence[R], key: str, version: str) -> None:
    """Keep each row as it was last, by its number; of two of one version the one that came later.

    `key` and `version` name the fields with the number, and that say which of two is newer.
    """
    for row in rows:
        before = found.get(getattr(row, key))
        if before is None or getattr(before, version) <= getattr(row, version):
            found[getattr(row, key)] = row


class Orders(NamedTuple):
    """A platform's orders, and the table that they land in."""

    table: sqlalchemy.Table  # with the columns order_time, order_day and modified_time
    columns: Mapping[str, str]  # of the table, each with the order's field that it holds
    version: str  # the column that says which of two states of an order is newer
    # Yields the orders that changed in a stretch of time
    modified: Callable[..., AsyncIterator[Sequence[Any]]]
    created: Callable[..., AsyncIterator[Sequence[Any]]]  # yields all that were made in one
    # Returns how many were made in one, as the platform counts them
    counted: Callable[..., Awaitable[int]]

    @property
    def control(self) -> Control:
        """How the platform's own count is asked for."""
        return Control(
            self._count, partial(made_in, self.table, "order_time", "order_day"), self.table
        )

    async def bring(
        self,
        client: GatewayClient,
        shop: Shop,
        window: Window,
        check: Callable[[Any], None] = lambda _order: None,
    ) -> Upsert:
        """Return a shop's orders of a period: what changed, and all that was made in an older one.

        `check` raises what is wrong with an order.
        """
        number, period, listed = int(shop.platform_id), window.period, None
        key, version = self.columns["order_id"], self.columns[self.version]
        found: dict[int, Any] = {}
        async for orders in window.changes(partial(self.modified, client, number)):
            for order in orders:
                check(order)
            keep_newest(found, orders, key, version)
            print(_("{shop}: {count} orders so far", shop=shop.id, count=len(found)), flush=True)
        if window.is_cut:
            made = self.created(client, number, period.start, period.end)
            own = [order async for orders in made for order in orders]
            for order in own:
                check(order)
            listed = Listed({getattr(order, key) for order in own}, "modified_time", window.settled)
            keep_newest(found, own, key, version)
        rows = [row_of_order(self.columns, shop, order) for order in found.values()]
        notice = missing_in(ORDER, found.values())
        return Upsert(self.table, rows, self.version, "order_time", "order_day", listed, notice)

    async def _count(
        self, client: GatewayClient, shop: Shop, period: Period, *, other_way: bool
    ) -> int:
        """Ask how many orders a period has; `other_way`: as if the window's end were left out."""
        number = int(shop.platform_id)
        return await self.counted(client, number, period.start, period.end, end_is_in=not other_way)


WITHOUT, WITH_CUT = N_("{count} {noun} without {name}"), N_("{count} {noun} with {name} cut")


def missing_in(noun: tuple[str, str], rows: Iterable[Row]) -> str:
    """Return how many rows lack what: `12 orders without freight, 1 order with status cut`.

    Args:
        noun: templates of what a row is, of one and of several.
        rows: of one shop and period.
    """
    lacks = Counter(
        (template, name)
        for row in rows
        for template, names in ((WITHOUT, row.without), (WITH_CUT, row.cut))
        for name in names
    )
    told = [
        _(template, count=count, noun=_(noun[count > 1]), name=name)
        for (template, name), count in lacks.items()
    ]
    return _("{found}", found=told) if told else ""
