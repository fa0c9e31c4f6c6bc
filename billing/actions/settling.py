"""Settling usage that was set aside: priced anew and closed, or kept waiting for the reason it has now.

The night and every verb go through here. One hand at a time works on a district's open records (an advisory lock until the
transaction ends), so two replays at once price each record once: the second finds it settled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.actions.rating import price_records, store_rated
from billing.suspense_commands import UsageSettled, WaitingReason
from billing.words import UsageOutcome
from css.core.actor import Actor
from css.core.errors import Breach
from css.core.money import Price, to_money
from css.db.bulk import read_frame
from css.db.sql import block

CHUNK_RECORDS: Final = 50_000
"""Priced at once: memory is bounded by it."""
STATEMENT_RECORDS: Final = 20_000
"""Settled by one statement, whose text grows with them."""

RECORD_COLUMNS: Final = {
    "usage_record_id": pl.Int64(),
    "supplier": pl.String(),
    "leg": pl.String(),
    "charged_number": pl.String(),
    "other_number": pl.String(),
    "started_at": pl.Datetime("us", "UTC"),
    "duration_seconds": pl.Int64(),
}
"""What a record says that can be priced."""


@dataclass(frozen=True, slots=True)
class Settling:
    """For which district and night records are settled, by whom and why."""

    district_code: str
    business_date: date
    by: Actor
    words: str
    hold_late: bool = True
    """Calls that began too long ago wait for approval; what is priced by authority does not."""


Watch = Callable[[int, int], None]
"""Told how many records were looked at so far, and how many were chosen."""


def unwatched(_done: int, _chosen: int) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class Tally:
    """What became of records so far."""

    looked_at: int = 0
    rated: int = 0
    zero_rated: int = 0
    net_millionths: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    """By reason."""
    words: dict[str, str] = field(default_factory=dict)
    """Those of the first record of each reason."""
    changed: Counter[str] = field(default_factory=Counter)
    """Records that wait for another reason than before, by the new one."""
    watch: Callable[[int], None] = lambda _: None
    """Told ``looked_at`` after every piece of work."""

    @property
    def settled(self) -> int:
        return self.rated + self.zero_rated

    @property
    def net(self) -> Price:
        return Price(self.net_millionths)

    def said(self, settling: Settling, *, is_preview: bool = False) -> UsageSettled:
        """As an answer."""
        return UsageSettled(
            district_code=settling.district_code,
            business_date=settling.business_date,
            is_preview=is_preview,
            looked_at=self.looked_at,
            rated=self.rated,
            zero_rated=self.zero_rated,
            waiting=tuple(
                WaitingReason(reason_code=code, words=self.words[code], record_count=count) for code, count in sorted(self.waiting.items())
            ),
            net=to_money(self.net),
        )

    def keep(self, frame: pl.DataFrame) -> None:
        """Count records that wait: ``reject_code`` and ``reject_text``."""
        reasons = frame.group_by("reject_code", maintain_order=True).agg(pl.len(), pl.col("reject_text").first())
        for code, count, words in reasons.iter_rows():
            self.waiting[code] += count
            self.words.setdefault(code, words)


def hold_suspense(session: Session, district_code: str) -> None:
    """Keep every other hand off a district's open records until the transaction ends; waits for one that is at work."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing.suspense/{district_code}", 0))))


def settle_records(session: Session, settling: Settling, record_ids: Sequence[int] | pl.Series, tally: Tally) -> None:
    """Price open records anew, those of them that are no parts of long calls. The caller holds the suspense."""
    for ids in _cut(record_ids, CHUNK_RECORDS):
        records = read_frame(
            session, block("billing", "suspense.records"), RECORD_COLUMNS, district=settling.district_code, records=list(ids)
        )
        tally.looked_at += records.height
        price_and_settle(session, settling, records, records.select("usage_record_id", call_id="usage_record_id"), tally)
        tally.watch(tally.looked_at)


def price_and_settle(session: Session, settling: Settling, calls: pl.DataFrame, members: pl.DataFrame, tally: Tally) -> None:
    """Price calls, and settle the records that make each of them, or give these the reason for which it cannot be priced.

    ``members`` has a row for every open record (``usage_record_id``) with the ``call_id`` it belongs to, which is the
    ``usage_record_id`` of a call.
    """
    if calls.is_empty():
        return
    priced = price_records(session, settling.district_code, calls, business_date=settling.business_date, hold_late=settling.hold_late)
    if priced.rated.height + priced.suspended.height != calls.height:
        msg = f"{calls.height} calls were given and {priced.rated.height} rated, {priced.suspended.height} not"
        raise Breach(msg)
    store_rated(session, settling.district_code, priced.rated, rated_on=settling.business_date)
    is_free = pl.col("zero_reason").is_not_null()
    outcomes = priced.rated.select(
        call_id="usage_record_id",
        outcome=pl.when(is_free).then(pl.lit(UsageOutcome.ZERO_RATED.value)).otherwise(pl.lit(UsageOutcome.RATED.value)),
    )
    settled = members.join(outcomes, on="call_id", how="inner")
    _settle(session, settling, settled.select("usage_record_id", "outcome"))
    reasons = priced.suspended.select("reject_code", "reject_text", call_id="usage_record_id")
    keep_waiting(session, settling, members.join(reasons, on="call_id", how="inner"), tally)
    zero_rated = settled.filter(pl.col("outcome") == UsageOutcome.ZERO_RATED.value).height
    tally.zero_rated += zero_rated
    tally.rated += settled.height - zero_rated
    # Added up by Python: the sum of a frame would wrap round past 64 bits without a word.
    tally.net_millionths += sum(priced.rated["net_millionths"].to_list())


def settle_as(session: Session, settling: Settling, record_ids: Sequence[int], outcome: UsageOutcome) -> None:
    """Settle records all alike."""
    _settle(session, settling, pl.DataFrame({"usage_record_id": record_ids}).with_columns(outcome=pl.lit(outcome.value)))


def keep_waiting(session: Session, settling: Settling, frame: pl.DataFrame, tally: Tally) -> None:
    """Give open records (``usage_record_id``) the ``reject_code`` and ``reject_text`` they have now, and count them."""
    tally.keep(frame)
    for part in frame.iter_slices(STATEMENT_RECORDS):
        for (code,), alike in part.group_by("reject_code", maintain_order=True):
            changed = session.execute(
                block("billing", "suspense.keep_waiting"),
                {
                    "district": settling.district_code,
                    "records": alike["usage_record_id"].to_list(),
                    "codes": alike["reject_code"].to_list(),
                    "words": alike["reject_text"].to_list(),
                },
            ).scalar_one()
            tally.changed[str(code)] += changed


def _settle(session: Session, settling: Settling, frame: pl.DataFrame) -> None:
    for part in frame.iter_slices(STATEMENT_RECORDS):
        done = session.execute(
            block("billing", "suspense.settle"),
            {
                "district": settling.district_code,
                "records": part["usage_record_id"].to_list(),
                "outcomes": part["outcome"].to_list(),
                "settled_on": settling.business_date,
                "settled_by": settling.by.name,
                "words": settling.words,
            },
        ).scalar_one()
        if done != part.height:
            msg = f"{part.height} records were to be settled and {done} could be"
            raise Breach(msg)


def _cut(ids: Sequence[int] | pl.Series, size: int) -> Iterator[Sequence[int] | pl.Series]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
