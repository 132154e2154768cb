"""The rows of a period in the table that an entry's checks name.

Where a row belongs is compared with text that each database casts to the column's own type: an id
or a moment of a period, nothing that a person typed into a run.
"""

from __future__ import annotations

import re
from datetime import time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Date,
    and_,
    case,
    column,
    distinct,
    func,
    inspect,
    literal_column,
    select,
    table,
)
from sqlalchemy.exc import NoSuchTableError

from include.errors import ConfigurationError
from include.language import N_, _
from include.row_checks.bounds import in_words, is_uncounted, passes
from include.units.unit import NO_SHOP, LedgerRow, Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.registry.checks_schema import Checks

SHOP = "shop_id"
LOST = N_(
    "0 rows in {table} by {day}, the ledger counts {counted:,}: the rows were deleted, or updated "
    "since and now belong to a later period, or 'table' and 'day' do not name the rows that the "
    "script counts"
)
NONE = N_(
    "0 rows in {table} by {day}: its script reports no rows, so it is unknown whether some are "
    "missing: where none is right, let the script end with exit code 99, or write 'min_rows: 0' "
    "in checks"
)
HARMLESS = re.compile(r"[\w: +-]+", re.ASCII)


class Found(NamedTuple):
    """What a table holds of a unit's period."""

    rows: int  # how many
    figures: Sequence[Any]  # of the checks of columns, in the order of `TableRows.column_checks`


class TableRows:
    """What an entry's checks, with `table` and `day`, say of its rows: one query a shop and period.

    Raises:
        ConfigurationError: the warehouse does not have the table, or the table not the column.
    """

    def __init__(self, connection: Connection, checks: Checks) -> None:
        self._connection = connection
        self._checks = checks
        self._named, self._day = str(checks.table), str(checks.day)
        columns = _columns(connection, self._named)
        for name in (self._day, *checks.columns):
            if name.lower() not in columns:
                raise ConfigurationError(
                    "checks name column {name!r}, and {table!r} has only {columns}: "
                    "correct 'day' or 'columns'",
                    name=name,
                    table=self._named,
                    columns=[*columns],
                )
        self._columns: dict[str, ColumnClause[Any]] = {
            name: column(real) for name, (real, _) in columns.items()
        }
        self._holds_dates = isinstance(columns[self._day.lower()][1], Date)
        self.column_checks = [
            (name, kind, limits)
            for name, kinds in checks.columns.items()
            for kind, limits in kinds.items()
        ]

    def groups(self, units: Sequence[Unit]) -> list[list[Unit]]:
        """Return the units, grouped where they share rows, as in a table without shops."""
        groups: dict[str, list[Unit]] = {}
        for unit in units:
            shop = unit.shop_id if SHOP in self._columns else NO_SHOP
            groups.setdefault(f"{unit.period.key} {shop}", []).append(unit)
        return list(groups.values())

    def faults(self, unit: Unit, rows: Sequence[LedgerRow]) -> list[str]:
        """Return what is wrong with the rows of a unit's group, of which the ledger has `rows`.

        Raises:
            ConfigurationError: the least or greatest value of a column is no number.
        """
        found = self._look(unit)
        fault = self._wrong_number(found.rows, rows)
        return [fault] if fault else self._wrong_figures(found.figures)

    def _look(self, unit: Unit) -> Found:
        figures = [
            _figure_of(kind, self._columns[name.lower()]) for name, kind, _ in self.column_checks
        ]
        schema, _dot, name = self._named.rpartition(".")
        query = select(func.count(), *figures).select_from(table(name, schema=schema or None))
        rows, *found = self._connection.execute(query.where(self._is_of(unit))).one()
        return Found(rows, found)

    def _wrong_number(self, there: int, rows: Sequence[LedgerRow]) -> str:
        """Return what is wrong with how many rows there are, if something is."""
        least, counted = self._checks.min_rows, sum(row.rows or 0 for row in rows)
        uncounted = any(is_uncounted(row) for row in rows)
        told = {"there": there, "table": self._named, "day": self._day}
        if uncounted and least and there < least:
            few = N_("{there:,} rows in {table} by {day}, at least {least:,} expected")
            return _(few, least=least, **told)
        expected = counted or (uncounted and least is None)
        if there or not expected:
            return ""
        if counted:
            return _(LOST, counted=counted, **told)
        return _(NONE, **told)

    def _wrong_figures(self, figures: Sequence[Any]) -> list[str]:
        try:
            return [
                _(
                    "{name} {kind} is {found}, {limits} expected",
                    name=name,
                    kind=kind,
                    found=_written(found),
                    limits=in_words(limits),
                )
                for (name, kind, limits), found in zip(self.column_checks, figures, strict=True)
                # The least of no rows is nothing, of which nothing can be wrong.
                if found is not None and not passes(limits, found)
            ]
        except TypeError as error:
            raise ConfigurationError(
                "checks compare a column of {table!r} that holds no numbers ({error}): "
                "leave min and max to columns with numbers",
                table=self._named,
                error=error,
            ) from error

    def _is_of(self, unit: Unit) -> ColumnElement[bool]:
        period, day = unit.period, self._columns[self._day.lower()]
        start, end = str(period.first_day), str(period.last_day + timedelta(days=1))
        whole_days = period.start.time() == period.end.time() == time()
        if not whole_days and not self._holds_dates:
            start, end = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (period.start, period.end))
        clauses = [day >= _text(start), day < _text(end)]
        if SHOP in self._columns and unit.shop_id != NO_SHOP:
            clauses.append(self._columns[SHOP] == _text(unit.shop_id))
        return and_(*clauses)


def _figure_of(kind: str, of: ColumnClause[Any]) -> ColumnElement[Any]:
    figures: Mapping[str, ColumnElement[Any]] = {
        "null_check": func.sum(case((of.is_(None), 1), else_=0)),
        "distinct_check": func.count(distinct(of)),
        "unique_check": func.count(of) - func.count(distinct(of)),
        "min": func.min(of),
        "max": func.max(of),
    }
    return figures[kind]


def _columns(connection: Connection, name: str) -> dict[str, tuple[str, Any]]:
    """Return the real name and the type of each column, by its name in small letters."""
    schema, _dot, bare = name.rpartition(".")
    try:
        found = inspect(connection).get_columns(bare, schema=schema or None)
    except NoSuchTableError:
        raise ConfigurationError(
            "checks.table {name!r} is no table or view of the warehouse: correct it", name=name
        ) from None
    return {each["name"].lower(): (each["name"], each["type"]) for each in found}


def _written(value: Any) -> str:
    """Write a number without the zeros at its end, which some databases give and others do not."""
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str) -> ColumnElement[Any]:
    if not HARMLESS.fullmatch(value):
        raise ConfigurationError(
            "{value!r} is no id: write letters, digits, - and _ only", value=value
        )
    return literal_column(f"'{value}'")
