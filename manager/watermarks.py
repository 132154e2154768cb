"""What `gaps` says of the instants up to which shops are complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.units.unit import NO_SHOP
from manager.table import lined_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from typing import TypeAlias

    from include.coverage import JudgedUnit
    from include.registry import Registry

    Marks: TypeAlias = Mapping[tuple[str, str], datetime]


def asked_for(
    marks: Marks, found: Iterable[JudgedUnit], job: str | None, shop: str | None
) -> dict[tuple[str, str], datetime]:
    """Return the watermarks to show: those of a job or shop that is asked for, else where gaps are.

    Args:
        marks: by job and shop.
        found: the gaps.
        job: the job that is asked for.
        shop: the shop that is asked for.
    """
    behind = {(unit.job_id, unit.shop_id) for unit in found}
    return {
        key: until
        for key, until in marks.items()
        if (job or shop or key in behind) and job in (None, key[0]) and shop in (None, key[1])
    }


def lines_of(registry: Registry, marks: Marks) -> list[str]:
    """Return a line per job and shop, each on its job's clock; the earliest first."""
    rows = [
        (job, _named(registry, shop), f"{until.astimezone(registry.jobs[job].schedule.zone):%F %T}")
        for (job, shop), until in sorted(marks.items(), key=lambda mark: mark[1])
        if job in registry.jobs
    ]
    return ["", "complete up to", *lined_up(rows)] if rows else []


def told(marks: Marks) -> list[dict[str, Any]]:
    """Return them for a program."""
    return [
        {"job": job, "shop": shop, "complete_until": until.isoformat(timespec="seconds")}
        for (job, shop), until in sorted(marks.items())
    ]


def _named(registry: Registry, shop: str) -> str:
    found = registry.shops.get(shop)
    return "" if shop == NO_SHOP else f"{shop} {found.name}" if found else shop
