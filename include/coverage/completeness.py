"""Up to which instant every change of a shop is in the warehouse (its watermark)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from include.warehouse.views import completeness

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Engine


def read_completeness(engine: Engine, jobs: Collection[str]) -> dict[tuple[str, str], datetime]:
    """Read the watermarks of some jobs, in one query.

    Args:
        engine: of the warehouse, migrated.
        jobs: their ids.

    Returns:
        the instant (UTC) by job and shop; without those that land in no table, or never have.
    """
    view = completeness.c
    query = select(view.job_id, view.shop_id, view.complete_until).where(view.job_id.in_(jobs))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        return {(job, shop): until for job, shop, until in connection.execute(query)}
