"""Usage as received, what was set aside of it, and rated calls. Volume tables are partitioned by district, without foreign keys."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from billing.words import Leg, UsageOutcome, ZeroReason
from css.db.base import Base, Id, Ref, SmallNumber, choice
from css.db.ddl import stored


class UsageFile(Base):
    """A carrier's file, taken once in a district: by supplier and sequence, and by its content.

    A district's files come to it alone, so that it does not matter whether another district lies in the same database.
    """

    __tablename__ = "usage_file"
    __table_args__ = (
        UniqueConstraint("district_code", "supplier", "sequence", name="uq_usage_file_sequence"),
        UniqueConstraint("district_code", "sha256", name="uq_usage_file_content"),
        CheckConstraint("to_rate_count >= 0 AND record_count >= to_rate_count", name="to_rate_of_records"),
        Index("ix_usage_file_business_date", "district_code", "business_date"),
        {"schema": "billing"},
    )

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    supplier: Mapped[str]
    """The carrier, as its control record says."""
    sequence: Mapped[int]
    """The supplier's own count of its files."""
    layout: Mapped[str]
    """How its records are written: ``uk-standard-cdr`` or ``css-csv``."""
    file_name: Mapped[str]
    sha256: Mapped[str]
    """Of the records and the control record, decompressed."""
    byte_count: Mapped[int]
    """Its size, decompressed."""
    created_at: Mapped[datetime]
    """When the supplier made it, as its control record says."""
    record_count: Mapped[int]
    """How many records came. Each has one outcome; ``to_rate_count`` and the rows set aside at intake add up to it."""
    to_rate_count: Mapped[int]
    """How many were neither duplicates nor rejected nor parts of a long call at intake, and so went to be rated."""
    duration_seconds: Mapped[int]
    business_date: Mapped[date]
    """The night that took it in."""


class UsageBlock(Base):
    """Part of a file: its lines as they came, and the unit in which they are rated."""

    __tablename__ = "usage_block"
    __table_args__ = (UniqueConstraint("usage_file_id", "first_line"), {"schema": "billing"})

    id: Mapped[Id]
    usage_file_id: Mapped[Ref] = mapped_column(ForeignKey("billing.usage_file.id"))
    first_line: Mapped[SmallNumber] = mapped_column(Integer)
    """The number of its first record in the file, from 1; blank lines are not counted."""
    line_count: Mapped[SmallNumber] = mapped_column(Integer)
    """How many records it holds."""
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    """Its lines, byte for byte as they came, after the heading where the layout has one; compressed with gzip. Never overwritten."""


class RatedBlock(Base):
    """That a block was rated, once: its key is what stops a call from being priced twice."""

    __tablename__ = "rated_block"
    __table_args__ = ({"schema": "billing"},)

    usage_block_id: Mapped[Ref] = mapped_column(ForeignKey("billing.usage_block.id"), primary_key=True, autoincrement=False)
    rated_on: Mapped[date]
    """Business date of the night that rated it."""
    rated_count: Mapped[SmallNumber] = mapped_column(Integer)
    """How many of its records have a price."""
    zero_rated_count: Mapped[SmallNumber] = mapped_column(Integer)
    """How many cost nothing, each for a reason."""
    suspended_count: Mapped[SmallNumber] = mapped_column(Integer)
    """How many have no price yet and were set aside."""
    net_millionths: Mapped[int]
    """Sum of the prices before VAT, in millionths of a penny."""


class UsageSetAside(Base):
    """A record that was not rated when it came: duplicate, suspended or rejected, with its reason and its raw text.

    A suspended record is open until somebody or the night settles it; how it was settled is its outcome from then on. A
    duplicate may be accepted for a call of its own; a rejected record stays what it is.
    """

    __tablename__ = "usage_set_aside"
    __table_args__ = (
        CheckConstraint("outcome IN ('duplicate', 'suspended', 'rejected')", name="outcome_is_aside"),
        CheckConstraint("is_open = (outcome = 'suspended' AND settled_as IS NULL)", name="open_until_settled"),
        CheckConstraint("(settled_as IS NULL) = (settled_on IS NULL)", name="settled_has_date"),
        CheckConstraint(
            "settled_as IS NULL OR (outcome = 'suspended' AND settled_as <> 'suspended')"
            " OR (outcome = 'duplicate' AND settled_as IN ('rated', 'zero-rated'))",
            name="settled_from_outcome",
        ),
        Index("ix_usage_set_aside_usage_file_id", "usage_file_id"),
        Index("ix_usage_set_aside_open", "district_code", "reason_code", "set_aside_on", postgresql_where=text("is_open")),
        Index("ix_usage_set_aside_settled_on", "district_code", "settled_on", postgresql_where=text("settled_on IS NOT NULL")),
        Index(
            "ix_usage_set_aside_chain", "district_code", "supplier", "chain_id", postgresql_where=text("is_open AND chain_id IS NOT NULL")
        ),
        Index(
            "ix_usage_set_aside_chain_settled",
            "district_code",
            "supplier",
            "chain_id",
            postgresql_where=text("settled_as IS NOT NULL AND chain_id IS NOT NULL"),
        ),
        {"schema": "billing"},
    )

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    usage_record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """usage_file_id x 10,000,000 + the line's number in its file."""
    usage_file_id: Mapped[Ref] = mapped_column(ForeignKey("billing.usage_file.id"))
    supplier: Mapped[str]
    """The carrier, as its control record says."""
    outcome: Mapped[UsageOutcome] = mapped_column(choice(UsageOutcome, "outcome"))
    """What became of it at first: duplicate, suspended or rejected."""
    reason_code: Mapped[str]
    """Why: a message code."""
    words: Mapped[str]
    raw: Mapped[str]
    """Its line; readable as Latin-1 where it was no UTF-8."""
    set_aside_on: Mapped[date]
    """Business date."""
    original_record_id: Mapped[int | None]
    """Of a duplicate: the record that came before."""
    leg: Mapped[Leg | None] = mapped_column(choice(Leg, "leg"))
    charged_number: Mapped[str | None]
    other_number: Mapped[str | None]
    started_at: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    chain_id: Mapped[str | None]
    """The long call that it is a part of."""
    part_number: Mapped[SmallNumber | None] = mapped_column(Integer)
    """Counts from 1."""
    is_last_part: Mapped[bool | None]
    """Whether the carrier says that no part follows."""
    is_open: Mapped[bool]
    """Whether it waits to be settled."""
    settled_as: Mapped[UsageOutcome | None] = mapped_column(choice(UsageOutcome, "settled_as"))
    """rated, zero-rated, duplicate or rejected (written off)."""
    settled_on: Mapped[date | None]
    """Business date."""
    settled_by: Mapped[str | None]
    """Who settled it: an operator, or the night."""
    settled_words: Mapped[str | None]
    """The reason given."""


class UsageCallKey(Base):
    """The natural keys of a file's records that began in one hour, so that the same call is known again years later."""

    __tablename__ = "usage_call_key"
    __table_args__ = ({"schema": "billing"},)

    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"), primary_key=True)
    call_hour: Mapped[datetime] = mapped_column(primary_key=True)
    """The hour, in UTC, in which they began."""
    usage_file_id: Mapped[Ref] = mapped_column(ForeignKey("billing.usage_file.id"), primary_key=True)
    page: Mapped[SmallNumber] = mapped_column(Integer, primary_key=True)
    """A large file keeps the keys of an hour on several; they count through the file from 1."""
    calls: Mapped[bytes] = mapped_column(LargeBinary)
    """A Parquet file: the columns of the key, exact, and the record's line."""


class UsageIdKey(Base):
    """A page of a supplier's own record ids, in order, so that a record sent again is known."""

    __tablename__ = "usage_id_key"
    __table_args__ = (
        Index("ix_usage_id_key_last_id", "district_code", "supplier", "id_length", "last_id", "first_id"),
        {"schema": "billing"},
    )

    usage_file_id: Mapped[Ref] = mapped_column(ForeignKey("billing.usage_file.id"), primary_key=True)
    page: Mapped[SmallNumber] = mapped_column(Integer, primary_key=True)
    """Counts from 1 in each file."""
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    supplier: Mapped[str]
    """The carrier, as its control record says."""
    received_on: Mapped[date]
    """Business date."""
    id_length: Mapped[SmallNumber] = mapped_column(Integer)
    """Ids of one length are on one page, so that numbers written without noughts are in order too."""
    first_id: Mapped[str] = mapped_column(String(collation="C"))
    """The first id on the page, in the order of its bytes."""
    last_id: Mapped[str] = mapped_column(String(collation="C"))
    """The last id on the page."""
    ids: Mapped[bytes] = mapped_column(LargeBinary)
    """A Parquet file: the ids in order, and the parts and lines of their records."""


class UsageRerating(Base):
    """One re-rating: what was chosen, why, and what it came to."""

    __tablename__ = "usage_rerating"
    __table_args__ = ({"schema": "billing"},)

    id: Mapped[Id]
    district_code: Mapped[str] = mapped_column(String(2), ForeignKey("css.district.code"))
    business_date: Mapped[date]
    selection: Mapped[dict[str, object]] = mapped_column(JSONB)
    """Tariff, dates, number or file: what was asked for."""
    reason: Mapped[str]
    done_by: Mapped[str]
    done_at: Mapped[datetime]
    """When."""
    looked_at_count: Mapped[int]
    """How many calls were priced again."""
    changed_count: Mapped[int]
    """How many of them cost something else now."""
    net_millionths: Mapped[int]
    """Sum of the differences before VAT, in millionths of a penny."""


class RatedCall(Base):
    """A priced call, or the difference a re-rating made to one. Never updated: the bill's frozen cut says what it has taken.

    Only whom it was to is hidden when that has had its time (``call_to_forget``).

    There is no key on the record: a block is rated once (``rated_block``), a re-rating changes a call once
    (uq_rated_call_rerating), and two indexes that follow the order of arrival cost little at any size.
    """

    __tablename__ = "rated_call"
    __table_args__ = (
        Index("ix_rated_call_rated_on_account_id", "rated_on", "account_id"),
        Index("ix_rated_call_usage_record_id", "usage_record_id", postgresql_using="brin"),
        Index(
            "uq_rated_call_rerating",
            "district_code",
            "rerating_id",
            "usage_record_id",
            "account_id",
            unique=True,
            postgresql_where=text("rerating_id IS NOT NULL"),
        ),
        {"schema": "billing", "postgresql_partition_by": "LIST (district_code)"},
    )

    district_code: Mapped[str] = mapped_column(String(2))
    usage_record_id: Mapped[int] = mapped_column()
    """The record it prices; of a long call, its first part."""
    rerating_id: Mapped[int | None] = mapped_column()
    """None for the first price of a record; else the re-rating whose difference this is."""
    rated_on: Mapped[date]
    """Business date on which it was rated; a bill takes the calls between its cut and the one before."""
    account_id: Mapped[int] = mapped_column()
    """The account that pays for it."""
    service_id: Mapped[int]
    """The service whose number is charged."""
    leg: Mapped[str]
    """outgoing, diverted or reverse."""
    charged_number: Mapped[str]
    other_number: Mapped[str]
    started_at: Mapped[datetime]
    """When the call began."""
    duration_seconds: Mapped[SmallNumber] = mapped_column(Integer)
    """Of a difference: what it adds to the account's seconds; mostly 0."""
    call_count: Mapped[SmallNumber] = mapped_column(SmallInteger, server_default="1")
    """1; of a difference 0, or -1 and 1 where the call goes from one account to another."""
    tariff_rate_id: Mapped[int]
    """The price it was rated by: that of the band in which it started."""
    charge_class: Mapped[str]
    destination: Mapped[str]
    band: Mapped[str]
    """In which it started."""
    chargeable_units: Mapped[SmallNumber] = mapped_column(Integer)
    """Duration in whole units of the tariff."""
    net_millionths: Mapped[int]
    """Its price before VAT, in millionths of a penny, the service charge included."""
    gross_millionths: Mapped[int]
    """Its price with VAT, in millionths of a penny."""
    vat_basis_points: Mapped[SmallNumber] = mapped_column(SmallInteger)
    """The VAT rate on the day of the call."""
    service_rate_id: Mapped[int | None]
    """The price of the service charge, on 084, 087, 09 and 118."""
    service_net_millionths: Mapped[int | None]
    """The part of ``net_millionths`` that is the service charge."""
    wholesale_rate_id: Mapped[int | None]
    """The price that the service's provider is charged by; none where it has no wholesale tariff."""
    wholesale_net_millionths: Mapped[int | None]
    """What the provider is charged for the same call, before VAT."""
    is_itemised: Mapped[bool]
    zero_reason: Mapped[ZeroReason | None] = mapped_column(choice(ZeroReason, "zero_reason"))
    """Why it costs nothing: free, unanswered or included."""

    __mapper_args__ = {"primary_key": [district_code, usage_record_id, rerating_id, account_id]}  # noqa: RUF012 - SQLAlchemy's own


class CallToForget(Base):
    """An account's calls of a date that still say whom they were to though their time is over: noted, and gone when they are hidden.

    Most stand here for minutes. What stays is of accounts that dispute a bill or have had none since; so nobody reads the calls of
    all old dates again to find theirs.
    """

    __tablename__ = "call_to_forget"
    __table_args__ = ({"schema": "billing"},)

    district_code: Mapped[str] = mapped_column(String(2), primary_key=True)
    rated_on: Mapped[date] = mapped_column(primary_key=True)
    """Business date on which the calls were rated."""
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The account that pays for them."""


stored(
    "billing.open_district",
    """
CREATE FUNCTION billing.open_district() RETURNS trigger LANGUAGE plpgsql AS $$
-- A new district needs its partition of the volume table, whichever door opened it.
BEGIN
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
# What is compressed already must not be compressed again by the server.
stored("usage_block_raw", "ALTER TABLE billing.usage_block ALTER COLUMN raw SET STORAGE EXTERNAL", "SELECT 1")
stored("usage_call_key_calls", "ALTER TABLE billing.usage_call_key ALTER COLUMN calls SET STORAGE EXTERNAL", "SELECT 1")
stored("usage_id_key_ids", "ALTER TABLE billing.usage_id_key ALTER COLUMN ids SET STORAGE EXTERNAL", "SELECT 1")

__all__ = [
    "CallToForget",
    "RatedBlock",
    "RatedCall",
    "UsageBlock",
    "UsageCallKey",
    "UsageFile",
    "UsageIdKey",
    "UsageRerating",
    "UsageSetAside",
]
