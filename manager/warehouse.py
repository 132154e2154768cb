"""The warehouse of an installation, for commands: whether the service runs or not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from include.errors import ExpectedError
from include.language import _
from include.warehouse.transactions import cause_of
from include.warehouse.versions import opened
from manager.airflow.tables import warehouse_url
from manager.layout import Layout
from manager.lifecycle.ports import remembered
from manager.lifecycle.settings import component_environment


class Warehouse(NamedTuple):
    """An open warehouse, and the environment that the service's components have."""

    engine: Engine
    environment: Mapping[str, str]


@contextmanager
def in_words(kind: type[ExpectedError] = ExpectedError) -> Iterator[None]:
    """Raise ExpectedError, or a kind of it, with what is wrong with the warehouse in the block."""
    try:
        yield
    except SQLAlchemyError as error:
        raise kind(
            _(
                "the warehouse cannot be read: {cause}; see that it is up: `{manager} doctor` "
                "looks at it",
                cause=cause_of(error),
            )
        ) from None


@contextmanager
def open_warehouse(layout: Layout) -> Iterator[Warehouse]:
    """Open the warehouse of an installation; raises ExpectedError before the first start."""
    if not layout.secrets.exists():  # which the first start makes before anything else
        raise ExpectedError("there is no warehouse yet: `{manager} start` makes it")
    environment = component_environment(layout, remembered(layout))
    with in_words():
        engine = opened(warehouse_url(dict(environment)))
    try:
        yield Warehouse(engine, environment)
    finally:
        engine.dispose()
