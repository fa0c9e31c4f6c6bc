"""Gathering members' bills: what they ask for is asked for on the group account's bill instead (decision 0116)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from billing.queries.at_cut import run_at_cut
from billing.words import OutsideKind
from css import audit
from css.core.actor import Actor
from css.core.money import Money
from css.db.bulk import copy_rows
from css.db.sql import block

_ITEM = ("source_key", "account_id", "kind", "amount", "words", "reference", "source_bill_id", "entered_on", "business_date")


def gather_group(session: Session, run_id: int, *, by: Actor, at: datetime) -> BlockTotals:
    """Carry what members' posted bills ask for over to their group accounts; those carried before are left alone.

    Done once the members' bills of the run are in the ledger and before the group accounts are calculated. Each bill leaves
    two outside items: one takes its amount due off the member, on the open date, one puts it on the group account, on the
    run's cut. A member's credit is carried over like a debt. ``amount`` is what was carried.

    Raises:
        NotFound: CSS434E, no such run.
    """
    run = run_at_cut(session, run_id)
    bills = session.execute(block("billing", "gather.member_bills"), {"district": run.district_code, "cut": run.cut}).all()
    copy_rows(session, "billing.outside_item", _ITEM, _items(bills))
    keys = [_key(bill, side) for bill in bills for side in ("member", "group")]
    session.execute(block("billing", "outside.enter"), {"keys": keys, "district": run.district_code, "at": at})
    session.execute(block("billing", "outside.post"), {"keys": keys})
    amount = Money(sum(bill.amount_due for bill in bills))
    if bills:
        audit.record(
            session,
            by=by,
            at=at,
            verb="gather_group",
            subject=("bill run", f"{run.district_code} {run.cut}"),
            after={"bills": len(bills), "from": bills[0].number, "to": bills[-1].number, "amount_due": str(amount)},
        )
    return BlockTotals(read=len(bills), written=len(bills), amount=amount)


def _key(bill: Row[Any], side: str) -> str:
    return f"transfer/{bill.id}/{side}"


def _items(bills: Sequence[Row[Any]]) -> Iterator[tuple[object, ...]]:
    for bill in bills:
        amount = Money(bill.amount_due)
        to, of = f"Carried to account {bill.group_account_number}", f"Account {bill.account_number}"
        kind = OutsideKind.TRANSFER
        yield _key(bill, "member"), bill.account_id, kind, -amount, to, bill.number, bill.id, bill.current_on, bill.current_on
        yield _key(bill, "group"), bill.group_account_id, kind, amount, of, bill.number, bill.id, bill.group_on, bill.group_on
