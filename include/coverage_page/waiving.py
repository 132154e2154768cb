"""Waiving from the page: as the commands `waive` and `unwaive` do, in the name of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, status
from pydantic import BaseModel, ConfigDict, Field

from include.coverage.waiving import select
from include.errors import ConfigurationError
from include.units import waivers

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from include.registry import Job, Registry

Text = Annotated[str, Field(min_length=1, max_length=64)]


class Which(BaseModel):
    """The units of one period of a job."""

    model_config = ConfigDict(extra="forbid")

    job: Text
    key: Text
    shop: Text | None = None


class Accepted(Which):
    """Gaps of it that are accepted."""

    reason: Annotated[str, Field(max_length=waivers.LONGEST_REASON)]


def waive(
    engine: Engine, registry: Registry, job: Job, wish: Accepted, user: Any
) -> dict[str, list[str]]:
    """Accept the gaps of a period.

    Raises:
        HTTPException: there is no gap, or no reason.
    """
    try:
        reason = waivers.reason_of(wish.reason)
        period = job.schedule.parse_key(wish.key)
        found = select(engine, registry, job, (period, period), wish.shop)
        found.refuse_without_gaps()
    except ConfigurationError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    made = waivers.waive(engine, found.gaps, reason, user.get_name())
    return {"waived": [one.shop_id for one in made]}


def unwaive(engine: Engine, registry: Registry, job: Job, wish: Which) -> dict[str, list[str]]:
    """Make what was waived of a period count as a gap again.

    Raises:
        HTTPException: nothing of it is waived.
    """
    try:
        period = job.schedule.parse_key(wish.key)
        found = select(engine, registry, job, (period, period), wish.shop)
        found.refuse_without_waived()
    except ConfigurationError as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from error
    waivers.unwaive(engine, found.waived)
    return {"unwaived": [unit.shop_id for unit in found.waived]}
