"""Tariffs: dated price lists for calls. A version is loaded, compared, released by a second person, and never edited."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Time, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import Boundary, TariffKind, TariffState
from css.core.money import Price
from css.core.words import PriceBasis
from css.db.base import Base, Id, Ref, SmallNumber, choice


class Tariff(Base):
    """A named price list for calls; its versions are dated and never edited."""

    __tablename__ = "tariff"
    __table_args__ = ({"schema": "billing"},)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[TariffKind] = mapped_column(choice(TariffKind, "kind"), server_default="retail")


class TariffVersion(Base):
    """One dated version of a tariff. The database refuses two released ones for one day (ex_tariff_version_overlap)."""

    __tablename__ = "tariff_version"
    __table_args__ = (
        UniqueConstraint("tariff_id", "version"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        CheckConstraint("released_by IS NULL OR released_by <> loaded_by OR loaded_by = 'system'", name="released_by_second_person"),
        CheckConstraint("(state IN ('released', 'superseded')) = (released_at IS NOT NULL)", name="released_is_stamped"),
        ExcludeConstraint(
            ("tariff_id", "="),
            (text("daterange(starts_on, ends_on)"), "&&"),
            name="ex_tariff_version_overlap",
            using="gist",
            where=text("state = 'released'"),
        ),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    tariff_id: Mapped[Ref] = mapped_column(ForeignKey("billing.tariff.id"))
    version: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each tariff."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    state: Mapped[TariffState] = mapped_column(choice(TariffState, "state"), server_default="released")
    basis: Mapped[PriceBasis] = mapped_column(choice(PriceBasis, "basis"))
    """Whether its prices are published net or gross of VAT."""
    boundary: Mapped[Boundary] = mapped_column(choice(Boundary, "boundary"), server_default="start")
    daytime_from: Mapped[time] = mapped_column(Time)
    """When daytime begins, and with the next field ends."""
    daytime_to: Mapped[time] = mapped_column(Time)
    """Monday to Friday, London wall clock; outside it is evening, Saturday and Sunday are weekend."""
    bank_holiday_nation: Mapped[str | None]
    """The nation whose bank holidays count as weekend; none for a tariff to which they are ordinary days."""
    minimum_seconds: Mapped[SmallNumber] = mapped_column(Integer, server_default="0")
    """An answered call is charged for at least so many seconds."""
    price_rounding_millionths: Mapped[int] = mapped_column(server_default="1")
    """A call's price is rounded to a multiple of this: 1 leaves it exact, 100,000 is a tenth of a penny."""
    service_tariff_id: Mapped[Ref | None] = mapped_column(ForeignKey("billing.tariff.id"))
    """The tariff of service charges added where a rate is an access charge."""
    loaded_by: Mapped[str] = mapped_column(server_default="system")
    """Who loaded it: an operator's code."""
    loaded_at: Mapped[datetime | None]
    """When it was loaded."""
    released_by: Mapped[str | None]
    """Who released it: another operator than loaded it."""
    released_at: Mapped[datetime | None]
    """When it was released, by somebody other than who loaded it."""
    document_sha256: Mapped[str | None]
    """Of the XML it was loaded from."""


class TariffRate(Base):
    """One price in a tariff version: for a destination prefix in a band."""

    __tablename__ = "tariff_rate"
    __table_args__ = (
        UniqueConstraint("tariff_version_id", "prefix", "is_short_code", "band"),
        CheckConstraint("band IN ('day', 'evening', 'weekend')", name="band_known"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    tariff_version_id: Mapped[Ref] = mapped_column(ForeignKey("billing.tariff_version.id"))
    prefix: Mapped[str]
    """E.164 digits that the other number begins with; the longest wins."""
    is_short_code: Mapped[bool] = mapped_column(server_default=text("false"))
    """Matches only numbers of at most six digits: 123 is the speaking clock, not the numbers of North America in 1 23x."""
    charge_class: Mapped[str]
    destination: Mapped[str]
    band: Mapped[str]
    setup_price: Mapped[Price]
    """For each answered call, whatever its length."""
    minimum_price: Mapped[Price]
    """The least an answered call costs."""
    maximum_price: Mapped[Price | None]
    """The most a call costs, set-up included; none without a cap."""
    is_itemised: Mapped[bool]
    is_free: Mapped[bool] = mapped_column(server_default=text("false"))
    """Free to callers: the record is zero-rated, whatever its length."""
    is_access_charge: Mapped[bool] = mapped_column(server_default=text("false"))
    """The version's service tariff prices the service charge that is added."""


class TariffRateStep(Base):
    """How a rate charges from one second of a call on; the first step is from second 0."""

    __tablename__ = "tariff_rate_step"
    __table_args__ = (
        CheckConstraint("from_second >= 0", name="from_second_counts"),
        CheckConstraint("unit_seconds >= 0", name="unit_seconds_counts"),
        Index("ix_tariff_rate_step_tariff_rate_id", "tariff_rate_id", "from_second", unique=True),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    tariff_rate_id: Mapped[Ref] = mapped_column(ForeignKey("billing.tariff_rate.id"))
    from_second: Mapped[SmallNumber] = mapped_column(Integer)
    """The step begins when the call has lasted so long."""
    price: Mapped[Price]
    """Added once to a call that reaches the step: a cap for its first hour is a price with no unit."""
    unit_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """Length of a unit; 0 when the step does not charge by time."""
    unit_price: Mapped[Price]
    """For each unit begun."""


__all__ = ["Tariff", "TariffRate", "TariffRateStep", "TariffVersion"]
