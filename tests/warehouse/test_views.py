"""The views that the migrations make, as the code declares them."""

from __future__ import annotations

from sqlalchemy import create_engine, inspect

from include.warehouse.migrating import migrate
from include.warehouse.views import COLUMNS, VIEWS


def test_the_declared_columns_are_those_of_the_warehouse() -> None:
    """Every table and view that the migrations make, with its columns in their order."""
    engine = create_engine("sqlite://")
    with engine.connect():
        migrate(engine)
        made = inspect(engine)
        assert set(made.get_view_names()) == set(VIEWS)
        tables = set(made.get_table_names()) - {"warehouse_version"}
        columns = {name: made.get_columns(name) for name in {*tables, *VIEWS}}
    assert {
        name: tuple(column["name"] for column in there) for name, there in columns.items()
    } == COLUMNS
