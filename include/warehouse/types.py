"""Column types that mean the same on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, Numeric
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

CENT = Decimal("0.01")
# What any database and a double of SQLite hold without loss.
MONEY_DIGITS, MONEY_DECIMALS = 15, 2

Moment = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


class Money(TypeDecorator[Decimal]):
    """An exact amount in 元 with two decimals.

    SQLite has no decimal type: it keeps the nearest double, which gives every decimal of up to 15
    digits back exactly (IEEE 754), so the text form goes in and the text form comes out.
    """

    impl = Numeric(MONEY_DIGITS, MONEY_DECIMALS)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep SQLAlchemy's float conversion away from SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(_SqliteMoney())
        return dialect.type_descriptor(Numeric(MONEY_DIGITS, MONEY_DECIMALS))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Refuse what would be rounded; a lost cent is worse than a failed load."""
        if value is None:
            return None
        if value != value.quantize(CENT):
            raise ValueError(f"amount {value} has more than two decimals")
        return str(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give an exact decimal with two places."""
        return None if value is None else Decimal(str(value)).quantize(CENT)


class _SqliteMoney(Numeric[Any]):
    """NUMERIC(15, 2) in the table's definition, and no conversion on the way."""

    def __init__(self) -> None:
        super().__init__(MONEY_DIGITS, MONEY_DECIMALS, asdecimal=False)

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
        """Give an aware moment."""
        return None if value is None else value.replace(tzinfo=timezone.utc)
