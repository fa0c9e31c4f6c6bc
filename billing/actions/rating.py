"""Rating: a block of a carrier's file, read again from what was kept of it, becomes rated calls; and any records do.

The records of a block are read anew by the same pure function that read them at intake, so nothing but the raw lines and
what was set aside had to be stored for them. A block is rated once: its row in ``rated_block`` is the guard.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from weakref import WeakKeyDictionary

import polars as pl
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session

from billing.actions.set_aside import RECORDS_PER_FILE, set_aside
from billing.commands import BlockTotals
from billing.model import RatedBlock
from billing.queries.tariffs import tariff_book
from billing.rules.guiding import ASSIGNMENT_COLUMNS, AssignmentTable, compile_assignments, guide
from billing.rules.rating import price
from billing.rules.rejects import accepted, reject_text, rejected
from billing.rules.tariff_table import TariffTable, compile_tariffs
from billing.rules.usage_layouts import parse_block
from billing.words import UsageOutcome
from css.core.calendar import LONDON, start_of_day
from css.core.errors import Breach, Conflict
from css.core.money import Price, to_money
from css.db.bulk import copy_frame, read_frame
from css.db.sql import block
from css.master.products import vat_rates

LATE_DAYS: Final = 90
"""A call that began longer ago is rated only with somebody's approval: customers do not expect it any more."""
NUMBERS_ASKED_MAX: Final = 20_000
"""With more numbers than this among the records, the whole district is read instead."""

_ASSIGNMENTS: Final = {
    **ASSIGNMENT_COLUMNS,
    "service_id": pl.Int64(),
    "account_id": pl.Int64(),
    "provider_id": pl.Int64(),
    "tariff_code": pl.String(),
    "wholesale_tariff_code": pl.String(),
}
_IDS: Final = {"usage_record_id": pl.Int64()}
RATED_COLUMNS: Final = (
    "usage_record_id",
    "account_id",
    "service_id",
    "leg",
    "charged_number",
    "other_number",
    "started_at",
    "duration_seconds",
    "call_count",
    "tariff_rate_id",
    "charge_class",
    "destination",
    "band",
    "chargeable_units",
    "net_millionths",
    "gross_millionths",
    "vat_basis_points",
    "service_rate_id",
    "service_net_millionths",
    "wholesale_rate_id",
    "wholesale_net_millionths",
    "is_itemised",
    "zero_reason",
)
"""What ``price_records`` gives of a rated call: the columns of ``billing.rated_call`` but for district, night and re-rating."""


@dataclass(frozen=True, slots=True, eq=False)
class PricedRecords:
    """What became of some records."""

    rated: pl.DataFrame
    """``RATED_COLUMNS``, in the order of the bill: by account, moment and record."""
    suspended: pl.DataFrame
    """The records' own columns, with ``reject_code`` and ``reject_text``."""
    without_wholesale: int = 0
    """How many are rated though their wholesale price could not be found."""


@dataclass(slots=True)
class _Kept:
    """What a process keeps from block to block of a night, for one database."""

    tariff_stamp: tuple[object, ...] = ()
    tariff: TariffTable | None = None
    assigned: tuple[str, date] | None = None
    assignments: AssignmentTable | None = None


_KEPT: WeakKeyDictionary[Engine, _Kept] = WeakKeyDictionary()


def price_records(
    session: Session, district_code: str, records: pl.DataFrame, *, business_date: date, hold_late: bool = True
) -> PricedRecords:
    """Guide and price records as they stand now; nothing is stored. For replay, long calls and re-rating; the night does the same.

    ``records`` has ``usage_record_id`` and the columns of a record. A call is guided as known on the business date.
    ``hold_late`` suspends (CSS460W) what could be priced but began more than ``LATE_DAYS`` before the business date.
    """
    numbers = records["charged_number"].drop_nulls().unique().to_list()
    assignments = compile_assignments(_assignments(session, district_code, business_date, numbers))
    return _priced(records, assignments, _tariff(session), business_date=business_date, hold_late=hold_late)


def store_rated(session: Session, district_code: str, rated: pl.DataFrame, *, rated_on: date) -> int:
    """Store rated calls (``RATED_COLUMNS``) by COPY; returns how many. For the next bill cut on or after ``rated_on``."""
    stamped = rated.select(pl.lit(district_code).alias("district_code"), pl.lit(rated_on).alias("rated_on"), *RATED_COLUMNS)
    return copy_frame(session, "billing.rated_call", stamped)


def ranges_to_rate(session: Session, district_code: str, business_date: date) -> tuple[tuple[int, int, int], ...]:
    """The blocks taken in on a business date and not rated yet, as ranges of record ids: first, last, how many lines.

    It begins a night's rating: what this process knew of whose numbers are whose is read again.
    """
    _kept(session).assigned = None
    found = session.execute(block("billing", "usage.blocks"), {"district": district_code, "business_date": business_date})
    return tuple((first, first + lines - 1, lines) for file_id, line, lines in found for first in [file_id * RECORDS_PER_FILE + line])


def rate_block(session: Session, district_code: str, first: int, last: int, *, business_date: date) -> BlockTotals:
    """Rate the block of a range of ``ranges_to_rate``: store its rated calls, suspend the rest, mark the block rated.

    Read are the records that intake did not set aside; each is written or suspended. Conflict CSS463E when the block is
    rated already; a Breach (CSS462E) when it does not read as it did.
    """
    held = _held_block(session, first, last)
    records = _read_again(session, district_code, held, first, last)
    priced = _priced(
        records, _night_assignments(session, district_code, business_date), _tariff(session), business_date=business_date, hold_late=True
    )
    store_rated(session, district_code, priced.rated, rated_on=business_date)
    suspended = _suspend(session, district_code, held, priced.suspended, business_date)
    zero_rated = priced.rated["zero_reason"].count()
    # Added up by Python: the sum of a frame would wrap round past 64 bits without a word.
    net = sum(priced.rated["net_millionths"].to_list())
    session.execute(
        insert(RatedBlock).values(
            usage_block_id=held.id,
            rated_on=business_date,
            rated_count=priced.rated.height - zero_rated,
            zero_rated_count=zero_rated,
            suspended_count=suspended,
            net_millionths=net,
        )
    )
    return BlockTotals(
        read=records.height,
        written=priced.rated.height,
        rejected=suspended,
        kept_by_room=suspended,
        amount=to_money(Price(net)),
        alarms=_alarms(priced, held),
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A block as it is kept."""

    id: int
    usage_file_id: int
    first_line: int
    line_count: int
    raw: bytes = field(repr=False)
    layout: str
    supplier: str

    @property
    def words(self) -> str:
        return f"block {self.id} (file {self.usage_file_id}, lines {self.first_line} to {self.first_line + self.line_count - 1})"


def _held_block(session: Session, first: int, last: int) -> _Held:
    file_id, line = divmod(first, RECORDS_PER_FILE)
    row = session.execute(block("billing", "usage.block_of"), {"usage_file_id": file_id, "first_line": line}).one()
    held = _Held(row.id, row.usage_file_id, row.first_line, row.line_count, bytes(row.raw), row.layout, row.supplier)
    if row.rated_on is not None:
        raise Conflict("CSS463E", "{block} was rated on {date}; nothing was written.", block=held.words.capitalize(), date=row.rated_on)
    if last - first + 1 != held.line_count:
        msg = f"CSS462E {held.words} was asked for as {last - first + 1} lines"
        raise Breach(msg)
    return held


def _read_again(session: Session, district_code: str, held: _Held, first: int, last: int) -> pl.DataFrame:
    """The records of the block that are to be rated: readable, and not set aside when they came."""
    read = parse_block(held.layout, gzip.decompress(held.raw), held.first_line, None)
    aside = read_frame(session, block("billing", "usage.set_aside_ids"), _IDS, district=district_code, first=first, last=last)
    records = read.with_columns(usage_record_id=held.usage_file_id * RECORDS_PER_FILE + pl.col("line_number")).join(
        aside, on="usage_record_id", how="anti", maintain_order="left"
    )
    unread = records["reject_code"].count()
    if read.height != held.line_count or unread or records.height + aside.height != read.height:
        msg = (
            f"CSS462E {held.words}: {read.height} records read of {held.line_count}, {aside.height} set aside and "
            f"{records.height} to rate, {unread} of them not readable"
        )
        raise Breach(msg)
    return records.drop("reject_code", "reject_text")


def _priced(
    records: pl.DataFrame, assignments: AssignmentTable, tariff: TariffTable, *, business_date: date, hold_late: bool
) -> PricedRecords:
    guided = guide(records, assignments)
    priced = price(accepted(guided), tariff)
    if hold_late:
        priced = _held_late(priced, business_date)
    is_rated = pl.col("reject_code").is_null()
    rated = (
        priced.lazy()
        .filter(is_rated)
        .select(call_count=pl.lit(1), tariff_rate_id="rate_id", **{name: pl.col(name) for name in RATED_COLUMNS if name in priced.columns})
        # Sorted by account, so that a bill later reads its calls from few pages.
        .sort("account_id", "started_at", "usage_record_id")
        .select(RATED_COLUMNS)
        .collect()
    )
    without_wholesale = priced.select((is_rated & pl.col("wholesale_reject_code").is_not_null()).sum()).item()
    said = [*records.columns, "reject_code", "reject_text"]
    suspended = pl.concat([rejected(guided).select(said), rejected(priced).select(said)])
    return PricedRecords(rated, suspended, without_wholesale)


def _held_late(priced: pl.DataFrame, business_date: date) -> pl.DataFrame:
    """Suspend what began too long ago, after everything else: what is approved later is then known to have a price."""
    earliest = start_of_day(business_date - timedelta(days=LATE_DAYS))
    late = (pl.col("started_at") < earliest) & pl.col("reject_code").is_null()
    if not priced.select(late.any()).item():
        return priced
    held = priced.filter(late).with_columns(reject_code=pl.lit("CSS460W"))
    held = held.with_columns(reject_text(pl.col("started_at").dt.convert_time_zone(LONDON.key).dt.strftime("%d %b %Y %H:%M:%S")))
    return pl.concat([priced.filter(~late), held])


def _suspend(session: Session, district_code: str, held: _Held, suspended: pl.DataFrame, business_date: date) -> int:
    if suspended.is_empty():
        return 0
    return set_aside(
        session,
        suspended.with_columns(
            pl.lit(district_code).alias("district_code"),
            pl.lit(held.supplier).alias("supplier"),
            pl.lit(UsageOutcome.SUSPENDED.value).alias("outcome"),
            pl.col("reject_code").alias("reason_code"),
            pl.col("reject_text").alias("words"),
            pl.lit(business_date).alias("set_aside_on"),
        ),
    )


def _alarms(priced: PricedRecords, held: _Held) -> tuple[str, ...]:
    if not priced.without_wholesale:
        return ()
    return (f"CSS461W {priced.without_wholesale} calls of {held.words} have no wholesale price; their providers were not charged.",)


def _assignments(session: Session, district_code: str, business_date: date, numbers: Sequence[str] | None) -> pl.DataFrame:
    """Of these numbers; of the whole district where they are too many, or None."""
    asked: dict[str, object] = {"district": district_code, "business_date": business_date}
    if numbers is None or len(numbers) > NUMBERS_ASKED_MAX:
        return read_frame(session, block("billing", "usage.assignments"), _ASSIGNMENTS, **asked)
    return read_frame(session, block("billing", "usage.assignments_of"), _ASSIGNMENTS, numbers=list(numbers), **asked)


def _night_assignments(session: Session, district_code: str, business_date: date) -> AssignmentTable:
    """The district's, read once a process and night: what was recorded by the business date does not change any more."""
    kept = _kept(session)
    if kept.assignments is None or kept.assigned != (district_code, business_date):
        kept.assignments = None
        kept.assignments = compile_assignments(_assignments(session, district_code, business_date, None))
        kept.assigned = (district_code, business_date)
    return kept.assignments


def _tariff(session: Session) -> TariffTable:
    """The released tariffs, compiled anew when a version was released or taken back since."""
    kept = _kept(session)
    stamp = (tuple(session.execute(block("billing", "usage.tariff_stamp")).all()), vat_rates(session))
    if kept.tariff is None or kept.tariff_stamp != stamp:
        kept.tariff = compile_tariffs(tariff_book(session))
        kept.tariff_stamp = stamp
    return kept.tariff


def _kept(session: Session) -> _Kept:
    return _KEPT.setdefault(session.get_bind().engine, _Kept())
