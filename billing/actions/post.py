"""Posting released bills to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from billing.queries.account_terms import cycles_at_cut
from billing.rules.cycle import finishes, next_bill_on
from billing.words import BillKind
from css import audit
from css.core.actor import Actor
from css.core.money import Money
from css.db.sql import block


def post_block(session: Session, bill_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Enter released bills in the ledger and move their accounts' cycles on; bills posted before are filtered.

    ``billing.queries.bills_to_post`` says which are left. A bill is entered for its run's business date; one let go so
    late that this date's books are closed, for the first date still open.
    """
    released = session.execute(block("billing", "post.released"), {"bills": list(bill_ids)}).all()
    bills = [row.id for row in released]
    if bills:
        dates = [row.posted_on for row in released]
        session.execute(block("billing", "post.enter"), {"bills": bills, "dates": dates, "at": at})
        session.execute(block("billing", "post.post"), {"bills": bills})
        _move_cycles(session, [row for row in released if row.kind != BillKind.CREDIT_NOTE])
        session.execute(block("billing", "post.mark_posted"), {"bills": bills})
    amount = Money(sum(row.invoice_gross for row in released))
    if bills:
        after = {"bills": len(bills), "invoice_gross": str(amount)}
        audit.record(session, by=by, at=at, verb="post_bills", subject=("bills", f"{bills[0]} to {bills[-1]}"), after=after)
    return BlockTotals(read=len(bill_ids), written=len(bills), filtered=len(bill_ids) - len(bills), amount=amount)


def _move_cycles(session: Session, released: Sequence[Row[Any]]) -> None:
    """Each by its cycle as at its own cut."""
    cycles = cycles_at_cut(session, released, [row.usage_through for row in released])
    session.execute(
        block("billing", "cut.move_cycles"),
        {
            "accounts": [row.account_id for row in released],
            "dates": [next_bill_on(BillKind(row.kind), cycles[row.account_id], row.cycle_on, row.usage_through) for row in released],
            "finished": [finishes(BillKind(row.kind)) for row in released],
            "cuts": [row.usage_through for row in released],
        },
    )
