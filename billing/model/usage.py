"""Tariffs, usage as received, and rated calls. The volume tables are partitioned by district and carry no foreign keys."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from css.core.money import Price
from css.core.words import PriceBasis
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.db.ddl import stored


class Tariff(Base):
    """A named price list for calls; its versions are dated and never edited."""

    __tablename__ = "tariff"
    __table_args__ = ({"schema": "billing"},)

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]


class TariffVersion(Base):
    """One dated version of a tariff. The database refuses two versions for one day (ex_tariff_version_overlap)."""

    __tablename__ = "tariff_version"
    __table_args__ = (
        UniqueConstraint("tariff_id", "version"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="ends_after_start"),
        ExcludeConstraint(
            ("tariff_id", "="), (text("daterange(starts_on, ends_on)"), "&&"), name="ex_tariff_version_overlap", using="gist"
        ),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    tariff_id: Mapped[Ref] = mapped_column(ForeignKey("billing.tariff.id"))
    version: Mapped[SmallNumber] = mapped_column(Integer)
    """Counts from 1 for each tariff."""
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    basis: Mapped[PriceBasis] = mapped_column(choice(PriceBasis, "basis"))
    """Whether its prices are published net or gross of VAT."""
    unit_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """Duration is rounded up to whole units of this many seconds."""
    daytime_from: Mapped[time] = mapped_column(Time)
    """When daytime begins, and with the next field ends."""
    daytime_to: Mapped[time] = mapped_column(Time)
    """Monday to Friday, London wall clock; outside it is evening, Saturday and Sunday are weekend."""
    price_rounding_millionths: Mapped[int] = mapped_column(server_default="1")
    """A call's price is rounded half up to a multiple of this: 1 leaves it exact, 100,000 is a tenth of a penny."""


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
    """E.164 digits that the dialled number begins with; the longest wins."""
    is_short_code: Mapped[bool] = mapped_column(server_default=text("false"))
    """Matches only numbers of at most six digits: 123 is the speaking clock, not the numbers of North America in 1 23x."""
    charge_class: Mapped[str]
    destination: Mapped[str]
    band: Mapped[str]
    setup_price: Mapped[Price]
    """For each call, whatever its length."""
    unit_price: Mapped[Price]
    """For each unit of duration."""
    minimum_price: Mapped[Price]
    """The least a call costs."""
    is_itemised: Mapped[bool]


class UsageFile(Base):
    """A carrier's file, taken once in a district: by supplier and sequence, and by its content.

    A district's files come to it alone, so that it does not matter whether another district lies in the same database.
    """

    __tablename__ = "usage_file"
    __table_args__ = (
        UniqueConstraint("district_code", "supplier", "sequence", name="uq_usage_file_sequence"),
        UniqueConstraint("district_code", "sha256", name="uq_usage_file_content"),
        CheckConstraint("record_count = loaded_count + rejected_count", name="read_is_loaded_and_rejected"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    supplier: Mapped[str]
    """The carrier, as its control record says."""
    sequence: Mapped[int]
    """The supplier's own count of its files."""
    file_name: Mapped[str]
    sha256: Mapped[str]
    byte_count: Mapped[int]
    """Its size."""
    record_count: Mapped[int]
    """How many records came."""
    loaded_count: Mapped[int]
    """How many were loaded."""
    rejected_count: Mapped[int]
    duration_seconds: Mapped[int]
    business_date: Mapped[date]


class UsageRecord(Base):
    """A call as the carrier recorded it: the raw line and its normalised reading. Never overwritten."""

    __tablename__ = "usage_record"
    __table_args__ = (
        CheckConstraint("duration_seconds >= 0", name="duration_not_negative"),
        Index("ix_usage_record_usage_file_id", "usage_file_id"),
        {"schema": "billing", "postgresql_partition_by": "LIST (district_code)"},
    )

    district_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """usage_file_id x 10,000,000 + the line's number in its file: the same however often the file is read."""
    usage_file_id: Mapped[int]
    """The file it came in."""
    line_number: Mapped[SmallNumber] = mapped_column(Integer)
    """Its line in the file, from 1."""
    supplier_record_id: Mapped[str | None]
    """The carrier's own id."""
    caller: Mapped[str]
    dialled: Mapped[str]
    started_at: Mapped[datetime]
    """When the call began."""
    duration_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    raw: Mapped[str]
    """The line as it came."""


class RatedCall(Base):
    """A priced call. Never updated, not even when billed: the bill's frozen cut says what it has taken."""

    __tablename__ = "rated_call"
    __table_args__ = (
        Index("ix_rated_call_account_id_rated_on", "account_id", "rated_on"),
        {"schema": "billing", "postgresql_partition_by": "LIST (district_code)"},
    )

    district_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    usage_record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The record it prices."""
    rated_on: Mapped[date]
    """Business date of the night that rated it; a bill takes the calls between its cut and the one before."""
    account_id: Mapped[int]
    """The account that pays for it."""
    service_id: Mapped[int]
    """The service whose number called."""
    caller: Mapped[str]
    dialled: Mapped[str]
    started_at: Mapped[datetime]
    """When the call began."""
    duration_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    tariff_rate_id: Mapped[int]
    """The price it was rated by."""
    charge_class: Mapped[str]
    destination: Mapped[str]
    band: Mapped[str]
    chargeable_units: Mapped[SmallNumber] = mapped_column(Integer)
    """Duration in whole units of the tariff."""
    net_millionths: Mapped[int]
    """Its price before VAT, in millionths of a penny."""
    gross_millionths: Mapped[int]
    """Its price with VAT, in millionths of a penny."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger)
    """The VAT rate on the day of the call."""
    is_itemised: Mapped[bool]


stored(
    "billing.open_district",
    """
CREATE FUNCTION billing.open_district() RETURNS trigger LANGUAGE plpgsql AS $$
-- A new district needs its partitions of the volume tables, whichever door opened it.
BEGIN
  EXECUTE format('CREATE TABLE IF NOT EXISTS billing.%I PARTITION OF billing.usage_record FOR VALUES IN (%L)',
                 'usage_record_' || lower(NEW.code), NEW.code);
  EXECUTE format('CREATE TABLE IF NOT EXISTS billing.%I PARTITION OF billing.rated_call FOR VALUES IN (%L)',
                 'rated_call_' || lower(NEW.code), NEW.code);
  RETURN NULL;
END $$
""",
    "DROP FUNCTION billing.open_district()",
)
stored(
    "district_partitions",
    "CREATE TRIGGER district_partitions AFTER INSERT ON css.district FOR EACH ROW EXECUTE FUNCTION billing.open_district()",
    "DROP TRIGGER district_partitions ON css.district",
)

__all__ = [
    "RatedCall",
    "Tariff",
    "TariffRate",
    "TariffVersion",
    "UsageFile",
    "UsageRecord",
]
