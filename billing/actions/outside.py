"""What changes the amount due without being a supply: compensation for broken promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import BlockTotals
from css.core.actor import Actor


def take_service_failures(session: Session, failure_ids: Sequence[int], *, by: Actor, at: datetime) -> BlockTotals:
    """Take broken promises off the shelf and enter their compensation; those taken before are filtered.

    ``billing.queries.failures_to_take`` says which are left for a night.
    """
    raise NotImplementedError
