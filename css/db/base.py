"""The one declarative base: naming of constraints, and how our own types lie in columns.

Money lies in BIGINT whole pence, a Price in NUMERIC(20,6) pence, a Percent in NUMERIC(5,2), an enumeration as text with
a named check. Every table names its schema (one per room). Relationships are not used in this project: a query says what
it joins, so no attribute access can quietly read the database.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Date, DateTime, Enum, Identity, Integer, MetaData, Numeric, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from css.core.money import Money, Percent, Price

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class MoneyColumn(TypeDecorator[Money]):
    """Money as BIGINT whole pence."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Money | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - the interface's name
        return None if value is None else value.pence

    def process_result_value(self, value: int | None, dialect: Dialect) -> Money | None:  # noqa: ARG002
        return None if value is None else Money(int(value))


class PriceColumn(TypeDecorator[Price]):
    """Price as NUMERIC(20,6) pence."""

    impl = Numeric(20, 6)
    cache_ok = True

    def process_bind_param(self, value: Price | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else value.pence

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> Price | None:  # noqa: ARG002
        return None if value is None else Price.of(value)


class PercentColumn(TypeDecorator[Percent]):
    """Percent as NUMERIC(5,2)."""

    impl = Numeric(5, 2)
    cache_ok = True

    def process_bind_param(self, value: Percent | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else value.decimal

    def process_result_value(self, value: Decimal | None, dialect: Dialect) -> Percent | None:  # noqa: ARG002
        return None if value is None else Percent.of(value)


def choice(kind: type[StrEnum], name: str) -> Enum:
    """An enumeration held as text by value, refused by a check named ``ck_<table>_<name>`` when the value is unknown."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=max(24, *(len(member.value) for member in kind)),
        values_callable=lambda members: [member.value for member in members],
    )


def code_form(column: str, pattern: str, name: str) -> CheckConstraint:
    """A check that a code column matches a POSIX pattern."""
    return CheckConstraint(f"{column} ~ '{pattern}'", name=name)


class Base(DeclarativeBase):
    """Every table of every room."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own interface
        int: BigInteger,
        str: Text,
        date: Date,
        datetime: DateTime(timezone=True),
        Money: MoneyColumn,
        Price: PriceColumn,
        Percent: PercentColumn,
        dict[str, Any]: JSONB,
        Decimal: Numeric,
    }


Id = Annotated[int, mapped_column(BigInteger, Identity(always=False), primary_key=True)]
"""A surrogate key; never read out to people."""
Ref = Annotated[int, mapped_column(BigInteger)]
DistrictCode = Annotated[str, mapped_column(String(2))]
SmallNumber = Annotated[int, mapped_column(Integer)]
RowVersion = Annotated[int, mapped_column(Integer, server_default="1")]
"""Counts changes of a record that two people may hold at once; the later one is told (Conflict)."""
