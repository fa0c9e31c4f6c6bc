"""Entering one event in the ledger; the night enters its bills set by set, in ``billing.actions.post``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from billing.model import JournalEntry, Posting
from billing.words import NominalCode
from css.core.errors import Breach
from css.core.money import ZERO, Money, total


@dataclass(frozen=True, slots=True)
class Side:
    """One side of an entry: positive is a debit. The account is named on ``DEBTORS`` and nowhere else."""

    nominal: NominalCode
    amount: Money
    account_id: int | None = None


def enter(
    session: Session,
    *,
    source_key: str,
    district_code: str,
    business_date: date,
    words: str,
    sides: Sequence[Side],
    at: datetime,
) -> None:
    """Add an entry whose sides sum to zero. The source key says what it records, once for ever."""
    if total(side.amount for side in sides) != ZERO:
        msg = f"the entry {source_key} does not balance"
        raise Breach(msg)
    entry = JournalEntry(
        source_key=source_key, district_code=district_code, business_date=business_date, words=words, entered_at=at, reverses_entry_id=None
    )
    session.add(entry)
    session.flush()
    session.execute(
        insert(Posting),
        [
            {
                "journal_entry_id": entry.id,
                "nominal_code": side.nominal,
                "account_id": side.account_id,
                "business_date": business_date,
                "amount": side.amount,
            }
            for side in sides
            if side.amount
        ],
    )
