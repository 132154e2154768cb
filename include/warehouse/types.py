"""Column types that mean the same on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Numeric, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

from include.language import _

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

# What any database and a double of SQLite hold without loss.
DIGITS = 15

# MySQL's own kind holds 64 KB.
LongText = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
Moment = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


class _Exact(TypeDecorator[Decimal]):
    """An exact number with a fixed count of decimals.

    SQLite has no decimal type: it keeps the nearest double, which gives every decimal of up to 15
    digits back exactly (IEEE 754), so the text form goes in and the text form comes out.
    """

    impl = Numeric
    cache_ok = True
    decimals: int

    def __init__(self) -> None:
        super().__init__(DIGITS, self.decimals)
        self._unit = Decimal(1).scaleb(-self.decimals)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep SQLAlchemy's float conversion away from SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_SqliteNumeric(DIGITS, self.decimals, asdecimal=False))
        return dialect.type_descriptor(Numeric(DIGITS, self.decimals))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Refuse what would be rounded; a lost cent is worse than a failed load."""
        if value is None:
            return None
        if value != value.quantize(self._unit):
            told = _("{value} has more than {count} decimals", value=value, count=self.decimals)
            raise ValueError(told)
        if abs(value) >= Decimal(10) ** (DIGITS - self.decimals):
            raise ValueError(_("{value} has more than {count} digits", value=value, count=DIGITS))
        return str(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return an exact decimal with all its places."""
        return None if value is None else Decimal(str(value)).quantize(self._unit)


class Money(_Exact):
    """An exact amount in 元 with two decimals."""

    cache_ok = True
    decimals = 2


class Measure(_Exact):
    """An exact measure with six decimals: a rate (a share of 1), seconds, points."""

    cache_ok = True
    decimals = 6


class _SqliteNumeric(Numeric[Any]):
    """NUMERIC in the table's definition, and no conversion on the way."""

    def bind_processor(self, dialect: Dialect) -> None:
        """Pass the text through."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Pass SQLite's number through."""


class UtcMoment(TypeDecorator[datetime]):
    """An instant: aware in Python, kept as a UTC wall clock, as not all databases keep zones."""

    impl = Moment
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Take an aware moment."""
        return None if value is None else value.astimezone(timezone.utc).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return an aware moment."""
        return None if value is None else value.replace(tzinfo=timezone.utc)
