"""The table `shapes`: what answers have looked like so far, and what was new in them when.

The first run of a source says nothing: all of it is new. Of several that find the same at once its
key lets one insert it, and that one says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, insert, select, update

from include.gateways.shapes import Shape, Shapes
from include.language import Message, _
from include.warehouse.tables import shapes as table
from include.warehouse.transactions import in_transaction, now, reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Column, ColumnElement, Connection, Engine

KEY = ("source", "path", "value")


class Drifted(NamedTuple):
    """What is to be said of the answers of some sources."""

    new: dict[Shape, str]  # paths and values that no answer had before, and where each was found
    lacking: list[Shape]  # paths that have gone missing from more than a fifth of the rows

    def lines(self) -> list[Message]:
        """Return a line for each."""
        found = [
            _("{shape} is new, first seen in {where}", shape=shape, where=where)
            for shape, where in self.new.items()
        ]
        lost = [
            _("{shape} is missing from more than a fifth of the rows", shape=shape)
            for shape in self.lacking
        ]
        return found + lost


class Change(NamedTuple):
    """One thing that is new in the answers of a source, or is missing from them."""

    shape: Shape
    where: str  # the unit for which it was seen first
    is_lacking: bool  # it has gone missing from more than a fifth of the rows; else it is new


class ShapeStore:
    """What is known of the answers of all sources, and what a run finds.

    Args:
        engine: of the warehouse.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with reading(engine) as connection:
            known = connection.execute(select(table)).all()
        self._known = {Shape(row.source, row.path, row.value): row for row in known}
        self.shapes = Shapes(self._known)  # takes the answers

    def write(self) -> Drifted:
        """Write down what is new and what is missing; return what nobody has said before.

        Raises:
            SQLAlchemyError: the warehouse cannot be written.
        """
        lacks = {shape: share.is_lacking for shape, share in self.shapes.shares()}
        known = {shape: row for shape in lacks if (row := self._known.get(shape))}
        settled = [shape for shape, row in known.items() if row.is_steady is None]
        turned = [
            shape
            for shape, row in known.items()
            if row.is_steady and lacks[shape] != (row.missing_at is not None)
        ]
        if not (self.shapes.found or settled or turned):
            return Drifted({}, [])

        def write(connection: Connection) -> Drifted:
            moment = now(connection)
            new = self._insert(connection, moment, lacks)
            for shape in settled:
                _change(connection, shape, "is_steady", int(not lacks[shape]))
            changed = [
                shape
                for shape in turned
                if _change(connection, shape, "missing_at", moment if lacks[shape] else None)
            ]
            return Drifted(new, [shape for shape in changed if lacks[shape]])

        return in_transaction(self._engine, write)

    def _insert(
        self, connection: Connection, moment: datetime, lacks: Mapping[Shape, bool]
    ) -> dict[Shape, str]:
        """Insert what no other has by now; return what of that is to be said."""
        found = self.shapes.found
        sources = {shape.source for shape in found}
        query = select(*(table.c[name] for name in KEY)).where(table.c.source.in_(sources))
        there = {Shape(*row) for row in connection.execute(query)}
        told = {shape.source for shape in there}
        new = {shape: where for shape, where in found.items() if shape not in there}
        rows = [
            {
                **shape._asdict(),
                "first_seen": moment,
                "first_seen_in": where,
                "is_new": int(shape.source in told),
                "is_steady": int(not lacks[shape]) if shape in lacks else None,
            }
            for shape, where in new.items()
        ]
        if rows:
            connection.execute(insert(table), rows)
        return {shape: where for shape, where in new.items() if shape.source in told}


def drifted_within(engine: Engine, since: datetime, until: datetime) -> Drifted:
    """Return what was new, and what has gone missing, after a moment and up to another one."""
    changes = changes_within(engine, since, until)
    return Drifted(
        {one.shape: one.where for one in changes if not one.is_lacking},
        [one.shape for one in changes if one.is_lacking],
    )


def changes_within(engine: Engine, since: datetime, until: datetime) -> list[Change]:
    """Return the same, each with the unit for which it was seen first; the oldest come first."""
    is_new = and_(table.c.is_new == 1, *_within(table.c.first_seen, since, until))
    is_lacking = and_(*_within(table.c.missing_at, since, until))
    query = select(table).order_by(table.c.first_seen)
    with reading(engine) as connection:
        return [
            Change(Shape(row.source, row.path, row.value), row.first_seen_in, is_lacking=lacks)
            for condition, lacks in ((is_new, False), (is_lacking, True))
            for row in connection.execute(query.where(condition))
        ]


def _within(
    column: Column[Any], since: datetime, until: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column > since, column <= until


def _change(connection: Connection, shape: Shape, name: str, value: Any) -> bool:
    """Set a column that is null, or to null one that is not; return whether it was so."""
    column = table.c[name]
    before = column.is_not(None) if value is None else column.is_(None)
    same = [table.c[key] == part for key, part in zip(KEY, shape, strict=True)]
    statement = update(table).where(*same, before).values({name: value})
    return bool(connection.execute(statement).rowcount)
