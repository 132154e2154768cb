"""Control totals: how many rows the source itself counts, asked apart from how they are pulled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sqlalchemy import func, select

from include.gateways.fields import wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import sqlalchemy

    from include.gateways.client import GatewayClient
    from include.periods import Period
    from include.registry import Job, Shop
    from include.units.unit import Unit


class Count(Protocol):
    """Asks a source how many rows a shop's period has."""

    async def __call__(
        self, client: GatewayClient, shop: Shop, period: Period, *, other_way: bool
    ) -> int:
        """Return the number.

        Args:
            client: speaks the platform's dialect.
            shop: whose rows.
            period: the window by which rows belong to it.
            other_way: the first answer was not what landed: ask in the other way in which the
                question can be understood.
        """
        ...


class Control(NamedTuple):
    """What is held against each other.

    Attributes:
        ask: asks the source.
        own: returns the conditions that the warehouse's rows of a unit meet.
        table: where these are.
    """

    ask: Count
    own: Callable[[Unit], Sequence[sqlalchemy.ColumnElement[bool]]]
    table: sqlalchemy.Table

    def rows(self, connection: sqlalchemy.Connection, unit: Unit) -> int:
        """Return how many rows of its own the warehouse has of a unit now."""
        query = select(func.count()).select_from(self.table).where(*self.own(unit))
        return int(connection.execute(query).scalar_one())


def made_in(
    table: sqlalchemy.Table, moment: str, day: str, unit: Unit
) -> list[sqlalchemy.ColumnElement[bool]]:
    """Return what the rows of a unit have in common that were made in its period.

    Args:
        table: where they are.
        moment: the column that says when a row was made, by the wall clock of Asia/Shanghai.
        day: the column with the day of it, which has an index.
        unit: whose rows.
    """
    first, last = wall_clock(unit.period.start), wall_clock(unit.period.end)
    made: Any = table.c[moment]
    return [
        table.c.shop_id == unit.shop_id,
        table.c[day].between(first.date(), last.date()),
        made >= first,
        made < last,
    ]


def of_scope(
    table: sqlalchemy.Table, scope: Mapping[str, Any]
) -> list[sqlalchemy.ColumnElement[bool]]:
    """Return what the rows of a scope have in common: column to value."""
    return [table.c[name] == value for name, value in scope.items()]


async def counted_apart(
    control: Control, client: GatewayClient, shop: Shop, period: Period, *, rows: int
) -> int:
    """Ask the source, and once more in the other way where it does not count what is there.

    Returns:
        the answer that is the number of rows; else the first.
    """
    first = await control.ask(client, shop, period, other_way=False)
    if first == rows:
        return first
    other = await control.ask(client, shop, period, other_way=True)
    return other if other == rows else first


def wanted_control(job: Job, control: Control | None) -> Control | None:
    """Return a source's control total where the job's checks ask for it.

    Where they do and the source has none, the judgement of what landed says so.
    """
    is_wanted = job.checks is not None and job.checks.control_total is not None
    return control if is_wanted else None
