"""Rendering posted bills: PDF and e-invoice, stored with their hash and never made again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from css.core.actor import Actor


def render_block(session: Session, bill_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Render posted bills and store their files; bills that have theirs are filtered.

    ``billing.queries.bills_to_render`` says which are left.
    """
    raise NotImplementedError
