"""Posting released bills to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from css.core.actor import Actor


def post_block(session: Session, bill_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Enter released bills in the ledger and move their accounts' cycles on; bills posted before are filtered.

    ``billing.queries.bills_to_post`` says which are left.
    """
    raise NotImplementedError
