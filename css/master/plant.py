"""Plant: exchange, cabinet, distribution point, pair; and the number blocks an exchange may give out."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.errors import NotFound
from css.core.words import PairState
from css.db.base import Base, Id, Ref, SmallNumber, choice


class Exchange(Base):
    """A telephone exchange; a number may be kept on a move only within one."""

    __tablename__ = "exchange"
    __table_args__ = (UniqueConstraint("district_code", "code"), {"schema": "css"})

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    code: Mapped[str]
    name: Mapped[str]


class Cabinet(Base):
    """A street cabinet: exchange side meets distribution side."""

    __tablename__ = "cabinet"
    __table_args__ = (UniqueConstraint("exchange_id", "code"), {"schema": "css"})

    id: Mapped[Id]
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"))
    code: Mapped[str]


class DistributionPoint(Base):
    """A pole or underground joint from which premises are fed."""

    __tablename__ = "distribution_point"
    __table_args__ = (UniqueConstraint("cabinet_id", "code"), {"schema": "css"})

    id: Mapped[Id]
    cabinet_id: Mapped[Ref] = mapped_column(ForeignKey("css.cabinet.id"))
    code: Mapped[str]


class Pair(Base):
    """Two wires from the exchange through cabinet and distribution point."""

    __tablename__ = "pair"
    __table_args__ = (
        UniqueConstraint("distribution_point_id", "pair_number"),
        CheckConstraint("pair_number > 0", name="pair_number_counts"),
        Index("ix_pair_spare", "distribution_point_id", "pair_number", postgresql_where=text("state = 'spare'")),
        {"schema": "css"},
    )

    id: Mapped[Id]
    distribution_point_id: Mapped[Ref] = mapped_column(ForeignKey("css.distribution_point.id"))
    pair_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 at its distribution point."""
    state: Mapped[PairState] = mapped_column(choice(PairState, "state"))


class NumberBlock(Base):
    """A run of telephone numbers an exchange may give out, first and last included, as E.164 digits."""

    __tablename__ = "number_block"
    __table_args__ = (
        CheckConstraint("first_number <= last_number AND length(first_number) = length(last_number)", name="block_is_ordered"),
        CheckConstraint("first_number ~ '^44[0-9]{9,10}$'", name="first_number_form"),
        ExcludeConstraint(
            (text("numrange(first_number::numeric, last_number::numeric, '[]')"), "&&"), name="ex_number_block_overlap", using="gist"
        ),
        {"schema": "css"},
    )

    id: Mapped[Id]
    exchange_id: Mapped[Ref] = mapped_column(ForeignKey("css.exchange.id"), index=True)
    first_number: Mapped[str]
    """The first that may be given out."""
    last_number: Mapped[str]
    """The last, included."""


def no_exchange(district_code: str, exchange_code: str) -> NotFound:
    """CSS827E, for whoever finds that there is no such exchange."""
    return NotFound(
        "CSS827E",
        "There is no exchange {code} in district {district}.",
        code=exchange_code[:20],
        district=district_code[:2],
        element="exchange_code",
    )
