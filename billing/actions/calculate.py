"""Calculating bills: what should be charged, minus what was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from css.core.actor import Actor


def calculate_block(session: Session, run_id: int, account_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Make the bills of these accounts of the run; accounts that have theirs are filtered. ``amount`` is the invoice totals.

    ``billing.queries.accounts_to_calculate`` says which are left. An account that cannot be billed is parked with its
    reason and counted as rejected.
    """
    raise NotImplementedError
