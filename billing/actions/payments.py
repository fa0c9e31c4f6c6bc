"""Payments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from billing.commands import PaymentTaken, TakePayment
from css.audit import answered
from css.core.actor import Actor


@answered
def take_payment(session: Session, command: TakePayment, *, by: Actor, at: datetime) -> PaymentTaken:
    """Enter money received for an account, in its ledger in the same transaction; the receipt says what is still owed."""
    raise NotImplementedError
