"""The checks of a unit's rows, asked of the warehouse by Airflow's common-sql operators.

What goes into SQL text is an id or a column's name that the registry has checked, a number, or a
moment of a period: nothing that a person typed into a run. Loaded only when a task checks.
"""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator, SQLTableCheckOperator
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException
from sqlalchemy import Date, func, inspect, literal, select, text
from sqlalchemy.exc import NoSuchTableError

from include.errors import ConfigurationError
from include.ledger import NO_SHOP
from include.scheduling.expectations import in_words, is_uncounted
from include.scheduling.warehouse_hook import WarehouseHook
from include.warehouse.tables import ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import Context
    from sqlalchemy import ColumnElement, Engine

    from include.ledger import LedgerRow, Unit
    from include.registry.schema import Checks
    from include.scheduling.expectations import Bound

SHOP = "shop_id"
# SQLite joins no more than 500 SELECTs.
CHECKS_PER_QUERY = 200
# Identifiers are cut off after so many characters, by PostgreSQL without a word.
LONGEST_NAME = 60
LOST = (
    "they are gone, or all have changed since and belong to a later period, or 'table' and 'day' "
    "do not name the rows that the script counts"
)
NONE = (
    "its script reports no rows, so nobody knows whether some are missing: where none is right, "
    "let the script end with exit code 99, or write 'min_rows: 0' in checks"
)
HARMLESS = re.compile(r"[\w: +-]+", re.ASCII)


def too_few(engine: Engine, bounds: Sequence[Bound], context: Context) -> list[Bound]:
    """Give the bounds below which their units' rows of the ledger are.

    Args:
        engine: of the warehouse; says how it quotes.
        bounds: of units that landed, with rows or without.
        context: the task's.
    """
    found: list[Bound] = []
    for first in range(0, len(bounds), CHECKS_PER_QUERY):
        some = bounds[first : first + CHECKS_PER_QUERY]
        named = {_name(place, bound): bound for place, bound in enumerate(some)}
        operator = SQLTableCheckOperator(
            task_id="operator",
            table=ledger.name,
            checks={name: _row_check(engine, bound) for name, bound in named.items()},
            retry_on_failure=False,
        )
        _run(operator, engine, context)
        found += [bound for name, bound in named.items() if not operator.checks[name]["success"]]
    return found


class TableChecks:
    """What an entry's checks say of the rows in its `table`.

    Args:
        engine: of the warehouse.
        checks: of an entry, with `table` and `day`.

    Raises:
        ConfigurationError: the warehouse does not have the table, or the table not the column.
    """

    def __init__(self, engine: Engine, checks: Checks) -> None:
        self._engine = engine
        self._checks = checks
        self._table, self._day = str(checks.table), str(checks.day)
        columns = _columns(engine, self._table)
        for name in (self._day, *checks.columns):
            if name.lower() not in columns:
                raise ConfigurationError(
                    f"checks name column {name!r}, and {self._table!r} has only "
                    f"{', '.join(columns)}: correct 'day' or 'columns'"
                )
        self._of_shops = SHOP in columns
        self._holds_dates = isinstance(columns[self._day.lower()], Date)

    def groups(self, units: Sequence[Unit]) -> list[list[Unit]]:
        """Put units together that cannot be told apart: a table without shops has only periods."""
        groups: dict[str, list[Unit]] = {}
        for unit in units:
            shop = unit.shop_id if self._of_shops else NO_SHOP
            groups.setdefault(f"{unit.period.key} {shop}", []).append(unit)
        return list(groups.values())

    def failures(self, unit: Unit, rows: Sequence[LedgerRow], context: Context) -> list[str]:
        """Check the rows of a unit's group; gives what is wrong, with figure and bound.

        Args:
            unit: one of the group.
            rows: the ledger's of the whole group.
            context: the task's.

        Raises:
            ConfigurationError: the least or greatest value of a column is no number.
        """
        fault = self._wrong_number(unit, rows)
        return [fault] if fault else self._column_failures(unit, context)

    def _wrong_number(self, unit: Unit, rows: Sequence[LedgerRow]) -> str:
        """Say what is wrong with how many rows there are, if something is."""
        least, counted = self._checks.min_rows, sum(row.rows or 0 for row in rows)
        uncounted = any(is_uncounted(row) for row in rows)
        if uncounted and least:
            there = self._query(unit, func.count())
            if there < least:
                return (
                    f"{there:,} rows in {self._table} by {self._day}, at least {least:,} expected"
                )
        expected = counted or (uncounted and least is None)
        if not expected or self._query(unit, literal(1)):
            return ""
        found = f"0 rows in {self._table} by {self._day}"
        return f"{found}, the ledger counts {counted:,}: {LOST}" if counted else f"{found}: {NONE}"

    def _column_failures(self, unit: Unit, context: Context) -> list[str]:
        if not self._checks.columns:
            return []
        operator = SQLColumnCheckOperator(
            task_id="operator",
            table=self._table,
            column_mapping=deepcopy(self._checks.columns),
            partition_clause=self._clause(unit),
            retry_on_failure=False,
        )
        try:
            _run(operator, self._engine, context)
        except TypeError as error:
            raise ConfigurationError(
                f"checks compare a column of {self._table!r} that holds no numbers ({error}): "
                "leave min and max to columns with numbers"
            ) from error
        return [
            f"{column} {kind} is {_figure(outcome['result'])}, {in_words(outcome)} expected"
            for column, kind, outcome in _outcomes(operator)
            # The least of no rows is nothing, of which nothing can be wrong.
            if not outcome["success"] and outcome["result"] is not None
        ]

    def _query(self, unit: Unit, what: ColumnElement[int]) -> int:
        rows = select(what).select_from(text(self._table)).where(text(self._clause(unit)))
        with self._engine.connect() as connection:
            return int(connection.execute(rows.limit(1)).scalar() or 0)

    def _clause(self, unit: Unit) -> str:
        period, day = unit.period, self._day
        start, end = str(period.first_day), str(period.last_day + timedelta(days=1))
        whole_days = period.start.time() == period.end.time() == time()
        if not whole_days and not self._holds_dates:
            start, end = (f"{at:%Y-%m-%d %H:%M:%S}" for at in (period.start, period.end))
        clauses = [f"{day} >= {_text(start)}", f"{day} < {_text(end)}"]
        if self._of_shops and unit.shop_id != NO_SHOP:
            clauses.append(f"{SHOP} = {_text(unit.shop_id)}")
        return " AND ".join(clauses)


def _run(
    operator: SQLTableCheckOperator | SQLColumnCheckOperator, engine: Engine, context: Context
) -> None:
    """Execute an operator within a task's; what fails is in its checks."""
    operator._hook = WarehouseHook(engine)  # noqa: SLF001 - else it asks for a hook by the type
    # Airflow warns of an operator that is executed by another one: it might be by mistake.
    within = ExecutorSafeguard.tracker.set(operator)
    try:
        operator.execute(context)
    except AirflowFailException:
        pass
    finally:
        ExecutorSafeguard.tracker.reset(within)


def _name(place: int, bound: Bound) -> str:
    return f"{bound.check}_{place}_{bound.unit.shop_id.replace('-', '_')}"[:LONGEST_NAME]


def _row_check(engine: Engine, bound: Bound) -> dict[str, str]:
    rows = engine.dialect.identifier_preparer.quote(ledger.c.rows.name)  # a reserved word of MySQL
    unit = bound.unit
    key = {"job_id": unit.job_id, SHOP: unit.shop_id, "period_key": unit.period.key}
    return {
        # An empty unit that its script did not count has none.
        "check_statement": f"COALESCE({rows}, 0) >= {bound.least:d}",
        "partition_clause": " AND ".join(f"{name} = {_text(of)}" for name, of in key.items()),
    }


def _columns(engine: Engine, table: str) -> dict[str, Any]:
    schema, _, name = table.rpartition(".")
    try:
        found = inspect(engine).get_columns(name, schema=schema or None)
    except NoSuchTableError:
        raise ConfigurationError(
            f"checks.table {table!r} is no table or view of the warehouse: correct it"
        ) from None
    return {column["name"].lower(): column["type"] for column in found}


def _outcomes(operator: SQLColumnCheckOperator) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for column, kinds in operator.column_mapping.items():
        for kind, outcome in kinds.items():
            yield column, kind, outcome


def _figure(value: Any) -> str:
    """Write a number without the zeros at its end, which some databases give and others do not."""
    if not isinstance(value, Decimal):
        return str(value)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(value: str) -> str:
    if not HARMLESS.fullmatch(value):
        raise ConfigurationError(f"{value!r} is no id: write letters, digits, - and _ only")
    return f"'{value}'"
