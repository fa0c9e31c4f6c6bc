"""What a fault would be worth, were it put right now: the one rule with the fault's own delays and deadline."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from billing.queries.worth import RepairFacts, RepairWorth, worth_of
from css.core.actor import Actor
from repairs.queries.cards import FaultCard, fault_card
from repairs.queries.redress import RedressFacts, redress_facts
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import FaultState


def fault_worth(session: Session, fault_number: str, *, by: Actor, at: datetime) -> RepairWorth | None:
    """What the fault comes to as it stands: put right when it was cleared, or now. By a fault of the network, which its clear decides.

    None of damage, which has nobody to compensate; of a report that was taken back; and for contractors.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    card = fault_card(session, fault_number, by=by)
    return worth_of_card(session, card, redress_facts(session, card.summary.fault_number, by=by, at=at), by=by, at=at)


def worth_of_card(session: Session, card: FaultCard, facts: RedressFacts, *, by: Actor, at: datetime) -> RepairWorth | None:
    """The same for whoever has the card already."""
    account_number = card.summary.account_number
    if account_number is None or card.summary.state is FaultState.WITHDRAWN or eyes_of(by) is Eyes.OF_VISITS:
        return None
    return worth_of(
        session,
        RepairFacts(
            account_number=account_number,
            line_id=card.line_id,
            reported_at=card.summary.reported_at,
            put_right_at=card.summary.cleared_at or at,
            due_at=card.summary.due_at,
            care_level=card.summary.care_level,
            held=facts.held,
            is_total_loss=card.is_total_loss,
            is_guaranteed=facts.is_guaranteed,
            guarantee_ends_at=facts.guarantee_ends_at,
        ),
        by=by,
    )
