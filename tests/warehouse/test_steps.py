"""Steps of migrations: what hangs on a table, and what is in it, is there afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect, select, text

from include.warehouse import connect
from include.warehouse.steps import allow_null
from include.warehouse.tables import metadata, pdd_refunds
from tests.warehouse.test_loading import _refund

if TYPE_CHECKING:
    from sqlalchemy import Engine


def _nullable(engine: Engine, table: str) -> dict[str, bool]:
    return {one["name"]: one["nullable"] for one in inspect(engine).get_columns(table)}


@pytest.mark.every_warehouse
def test_the_warehouse_takes_nulls_where_the_code_says_so(warehouse_url: str) -> None:
    """Of every table, as the migrations have left it."""
    engine = connect(warehouse_url)
    for name, table in metadata.tables.items():
        assert _nullable(engine, name) == {one.name: one.nullable for one in table.columns}
    engine.dispose()


@pytest.mark.every_warehouse
def test_nulls_are_allowed_where_rows_and_views_are(warehouse_url: str) -> None:
    """Rows, indexes, and views on the table, a person's own among them, are there as before."""
    engine = connect(warehouse_url)
    with engine.begin() as connection:
        connection.execute(pdd_refunds.insert(), [_refund(1), _refund(2)])
        connection.execute(text("CREATE VIEW of_mine AS SELECT * FROM pdd_quality_daily"))
        before = connection.execute(select(pdd_refunds)).all()
        indexes = inspect(connection).get_indexes("pdd_refunds")
        figures = connection.execute(text("SELECT * FROM of_mine")).all()
    for _ in range(2):  # the second time there is nothing to do
        with (
            engine.begin() as connection,
            Operations.context(MigrationContext.configure(connection)),
        ):
            allow_null("pdd_refunds", "reason", "after_sales_type", "created_time")
    with engine.begin() as connection:
        assert connection.execute(select(pdd_refunds)).all() == before
        assert inspect(connection).get_indexes("pdd_refunds") == indexes
        assert connection.execute(text("SELECT * FROM of_mine")).all() == figures
        connection.execute(pdd_refunds.insert(), _refund(3) | {"after_sales_type": None})
        assert connection.scalar(text("SELECT refunds FROM of_mine")) == 3
        connection.execute(text("DROP VIEW of_mine"))
    assert _nullable(engine, "pdd_refunds")["after_sales_type"]
    assert not _nullable(engine, "pdd_refunds")["after_sales_status"]
    engine.dispose()
