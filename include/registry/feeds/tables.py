"""The tables that a feed can land in: those whose rows are of a shop and a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import DateTime

from include.language import _
from include.periods import CALLED
from include.text import either
from include.warehouse.tables import MAPPED, metadata

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Column, Table

    from include.periods import Period

SHOP = "shop_id"
DAY = frozenset({"business_day"})
PERIOD = frozenset({"period", "period_key"})
OF_PERIOD = frozenset({"first_day", "last_day"})


class FeedTable(NamedTuple):
    """A table of the warehouse, as a feed's entry maps to it."""

    table: Table  # its definition
    scope: frozenset[str]  # the columns that say which shop and period a row is of
    filled: frozenset[str]  # the columns that are filled in by themselves, the scope's among them

    @property
    def columns(self) -> dict[str, Column[Any]]:
        """Return the columns that a feed's fields go into."""
        return {one.name: one for one in self.table.columns if one.name not in self.filled}

    @property
    def key(self) -> list[str]:
        """Return the columns that tell the rows of one shop and period apart."""
        return [one.name for one in self.table.primary_key if one.name not in self.scope]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of period that it can keep."""
        return ("day",) if self.scope >= DAY else ("day", "week", "month")

    @property
    def needed(self) -> list[str]:
        """Return the columns that an entry must name a field for."""
        return [
            one.name
            for one in self.columns.values()
            if not one.nullable or one.info.items() >= MAPPED.items()
        ]

    def has_time(self, column: str) -> bool:
        """Return whether a column holds moments, such as when a row's event happened."""
        return isinstance(self.columns[column].type, DateTime)

    def misfit(self, kind: str) -> str:
        """Return why rows of a kind of period cannot land here; empty when they can."""
        if kind in self.kinds:
            return ""
        return _(
            "{kind} cannot land in {table}: write {written} in config/tasks", kind=_(CALLED[kind]),
            table=self.table.name, written=either([f"'period: {one}'" for one in self.kinds]),
        )  # fmt: skip

    def scope_of(self, shop_id: str, kind: str, period: Period) -> dict[str, Any]:
        """Return the values of the scope's columns; `kind` is `day`, `week` or `month`."""
        values = {SHOP: shop_id, "business_day": period.first_day, "period": kind}
        values["period_key"] = period.key
        return {name: values[name] for name in self.scope}

    def filled_in(self, period: Period) -> dict[str, date]:
        """Return the values of the filled columns besides the scope's."""
        values = {"first_day": period.first_day, "last_day": period.last_day}
        return {name: values[name] for name in self.filled - self.scope}


def _feed_table(table: Table) -> FeedTable | None:
    key = {column.name for column in table.primary_key}
    for scope in (DAY, PERIOD):
        if key >= {SHOP, *scope}:
            names = {column.name for column in table.columns}
            whole = frozenset({SHOP, *scope})
            return FeedTable(table, whole, whole | (OF_PERIOD & names))
    return None


TABLES = {found.table.name: found for found in map(_feed_table, metadata.sorted_tables) if found}
