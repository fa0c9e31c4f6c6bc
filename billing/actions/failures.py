"""Taking broken promises off the shelf: what they are worth is entered on the account, at once or at night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from billing.actions.adjustments import ask_for_bill
from billing.commands import BlockTotals
from billing.model import AccountCycle
from billing.queries.accounts import AccountNamed
from billing.queries.redress_terms import failure_of, terms_now
from billing.rules.failures import Failure, Owed, words_of
from billing.rules.redress import owed_for
from billing.words import BillKind
from css import audit
from css.core.actor import Actor
from css.core.money import ZERO, total
from css.db.bulk import copy_rows
from css.db.sql import block
from css.handover import ServiceFailure
from css.master.accounts import Account
from css.master.districts import business_date as date_of

_ITEM: Final = ("source_key", "account_id", "kind", "amount", "words", "reference", "entered_on", "business_date")


def credit_failures(session: Session, source_keys: Sequence[str], *, by: Actor, at: datetime) -> BlockTotals:
    """Take these broken promises at once, on their district's business date: in the transaction that left them."""
    wanted = select(ServiceFailure.id, ServiceFailure.district_code).where(ServiceFailure.source_key.in_(source_keys))
    rows = session.execute(wanted.order_by(ServiceFailure.id)).all()
    read = written = 0
    amount = ZERO
    for district in sorted({row.district_code for row in rows}):
        ids = [row.id for row in rows if row.district_code == district]
        done = take_service_failures(session, district, date_of(session, district), ids, by=by, at=at)
        read, written, amount = read + done.read, written + done.written, amount + done.amount
    return BlockTotals(read=read, written=written, filtered=read - written, amount=amount)


def take_service_failures(
    session: Session, district_code: str, business_date: date, failure_ids: Sequence[int], *, by: Actor, at: datetime
) -> BlockTotals:
    """Take broken promises off the shelf and enter what they are worth for that date; those taken before are filtered.

    ``billing.queries.failures_to_take`` says which are left. No day of a line is credited twice, whatever is reported or cleared
    again. What is worth nothing is entered as nothing, with the reason, so that it is taken once too. ``amount`` is what was given,
    as a positive amount.
    """
    found = session.execute(block("billing", "outside.failures"), {"failures": list(failure_ids)}).all()
    terms = terms_now(session)
    judged = [(row, failure, owed_for(failure, terms)) for row in found for failure in (failure_of(row),)]
    given = _credit_days(session, judged)
    copy_rows(
        session,
        "billing.outside_item",
        _ITEM,
        (
            (
                row.source_key,
                row.account_id,
                owed.kind,
                -(owed.rate * given[row.source_key]),
                words_of(failure, owed, given[row.source_key]),
                row.reference,
                business_date,
                business_date,
            )
            for row, failure, owed in judged
        ),
    )
    keys = [row.source_key for row in found]
    session.execute(block("billing", "outside.enter"), {"keys": keys, "district": district_code, "at": at})
    session.execute(block("billing", "outside.post"), {"keys": keys})
    amount = total(owed.rate * given[row.source_key] for row, _, owed in judged)
    if judged:
        _let_them_be_billed(session, [row.account_id for row, _, _ in judged if given[row.source_key]], business_date, by)
        after = {"failures": len(judged), "compensation": str(amount), "source_keys": keys}
        audit.record(
            session, by=by, at=at, verb="take_service_failures", subject=("district", f"{district_code} {business_date}"), after=after
        )
    return BlockTotals(read=len(failure_ids), written=len(judged), filtered=len(failure_ids) - len(judged), amount=amount)


def _credit_days(session: Session, judged: Sequence[tuple[Row[Any], Failure, Owed]]) -> Counter[str]:
    """How many days of each failure are credited by this: those that were credited before, for whatever reason, are not."""
    days = [(row.line_id, failure.kind, day, row.source_key, owed.rate) for row, failure, owed in judged for day in owed.days]
    if not days:
        return Counter()
    lines, kinds, dates, keys, amounts = zip(*days, strict=True)
    told = {
        "lines": list(lines),
        "kinds": [kind.value for kind in kinds],
        "days": list(dates),
        "keys": list(keys),
        "amounts": [amount.pence for amount in amounts],
    }
    return Counter(row.source_key for row in session.execute(block("billing", "outside.credit_days"), told))


def _let_them_be_billed(session: Session, account_ids: Sequence[int], today: date, by: Actor) -> None:
    """Of an account that is finished no bill comes by itself any more to say it."""
    ended = (
        select(Account.id, Account.number, Account.district_code)
        .join(AccountCycle, AccountCycle.account_id == Account.id)
        .where(AccountCycle.is_finished, Account.id.in_(account_ids))
        .order_by(Account.id)
        .with_for_update(of=Account, key_share=True)
    )
    for row in session.execute(ended).all():
        named = AccountNamed(row.id, row.number, row.district_code)
        ask_for_bill(session, named, BillKind.INTERIM, "A promise that was not kept is credited.", today, by)
