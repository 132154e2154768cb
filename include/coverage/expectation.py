"""Which shops of a job are expected to land a period, and which are switched off."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from include.ledger import NO_SHOP

if TYPE_CHECKING:
    from include.periods import Period
    from include.registry import Job, Registry, Shop


class Expected(NamedTuple):
    """The shops of one job and period.

    Attributes:
        shops: are to land.
        switched_off: would be, but the job or the shop is disabled.
    """

    shops: frozenset[str]
    switched_off: frozenset[str]


class Expectation:
    """The shops of one job; a job without shops has the one `-`.

    Args:
        registry: as it is now. It knows no past: what is enabled is expected for all its days.
        job: the job.

    Attributes:
        order: the place of each shop, the disabled ones too, as config/shops.yaml has them.
    """

    def __init__(self, registry: Registry, job: Job) -> None:
        self._job = job
        shops = [shop for shop in registry.shops.values() if shop.platform == job.platform]
        ids = [shop.id for shop in shops] if job.platform else [NO_SHOP]
        self.order = {shop_id: place for place, shop_id in enumerate(ids)}
        # Shops are many, and most of them open and close on the same few days.
        self._alike: dict[tuple[object, ...], list[Shop]] = defaultdict(list)
        for shop in shops:
            self._alike[shop.enabled, shop.from_day, shop.until_day].append(shop)
        self._known: dict[tuple[bool, ...], Expected] = {}

    def of(self, period: Period) -> Expected:
        """Give who is to land a period, and who would be."""
        nobody: frozenset[str] = frozenset()
        if period.last_day < self._job.start:
            return Expected(nobody, nobody)
        if not self._job.platform:
            return self._switched(frozenset(self.order), nobody)
        is_open = tuple(shops[0].open_in(period) for shops in self._alike.values())
        if is_open not in self._known:
            self._known[is_open] = self._among(is_open)
        return self._known[is_open]

    def _among(self, is_open: tuple[bool, ...]) -> Expected:
        groups = zip(self._alike.values(), is_open, strict=True)
        shops = [shop for group, opened in groups if opened for shop in group]
        enabled = frozenset(shop.id for shop in shops if shop.enabled)
        return self._switched(enabled, frozenset(shop.id for shop in shops) - enabled)

    def _switched(self, enabled: frozenset[str], disabled: frozenset[str]) -> Expected:
        if self._job.enabled:
            return Expected(enabled, disabled)
        return Expected(frozenset(), enabled | disabled)
