"""Taking broken promises off the shelf: what they are worth is entered on the account, at once or at night."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from billing.model import CompensationRate
from billing.rules.compensation import CompensationRow, Failure, compensation
from billing.words import OutsideKind
from css import audit
from css.core.actor import Actor
from css.core.money import Money, total
from css.core.words import FailureKind, NationCode, Segment
from css.db.bulk import copy_rows
from css.db.sql import block
from css.handover import ServiceFailure
from css.master.districts import business_date as date_of

_ITEM: Final = ("source_key", "account_id", "kind", "amount", "words", "reference", "entered_on", "business_date")


def credit_failures(session: Session, source_keys: Sequence[str], *, by: Actor, at: datetime) -> BlockTotals:
    """Take these broken promises at once, on their district's business date: in the transaction that left them."""
    wanted = select(ServiceFailure.id, ServiceFailure.district_code).where(ServiceFailure.source_key.in_(source_keys))
    rows = session.execute(wanted.order_by(ServiceFailure.id)).all()
    done = BlockTotals(read=0, written=0, filtered=0, amount=Money(0))
    for district in dict.fromkeys(row.district_code for row in rows):
        ids = [row.id for row in rows if row.district_code == district]
        done = take_service_failures(session, district, date_of(session, district), ids, by=by, at=at)
    return done


def take_service_failures(
    session: Session, district_code: str, business_date: date, failure_ids: Sequence[int], *, by: Actor, at: datetime
) -> BlockTotals:
    """Take broken promises off the shelf and enter their compensation for that date; those taken before are filtered.

    ``billing.queries.failures_to_take`` says which are left. What is worth nothing is entered as nothing, with the reason,
    so that it is taken once too. ``amount`` is what was given, as a positive amount.
    """
    found = session.execute(block("billing", "outside.failures"), {"failures": list(failure_ids)}).all()
    rates = tuple(CompensationRow(rate.kind, rate.starts_on, rate.amount) for rate in session.execute(select(CompensationRate)).scalars())
    given = [(row, compensation(_failure(row), rates)) for row in found]
    copy_rows(
        session,
        "billing.outside_item",
        _ITEM,
        (
            (
                row.source_key,
                row.account_id,
                OutsideKind.COMPENSATION,
                -gift.amount,
                gift.words,
                row.reference,
                business_date,
                business_date,
            )
            for row, gift in given
        ),
    )
    keys = [row.source_key for row in found]
    session.execute(block("billing", "outside.enter"), {"keys": keys, "district": district_code, "at": at})
    session.execute(block("billing", "outside.post"), {"keys": keys})
    amount = total(gift.amount for _, gift in given)
    if given:
        after = {"failures": len(given), "compensation": str(amount)}
        audit.record(
            session, by=by, at=at, verb="take_service_failures", subject=("district", f"{district_code} {business_date}"), after=after
        )
    return BlockTotals(read=len(failure_ids), written=len(given), filtered=len(failure_ids) - len(given), amount=amount)


def _failure(row: Row[Any]) -> Failure:
    return Failure(
        kind=FailureKind(row.kind),
        issue_on=row.issue_on,
        promised_at=row.promised_at,
        put_right_at=row.put_right_at,
        nation=NationCode(row.nation).value,
        segment=Segment(row.segment),
        is_own_retail=row.is_own_retail,
    )
