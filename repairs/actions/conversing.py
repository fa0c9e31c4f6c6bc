"""What a partner's messages need beside the verbs of the screens: what they call a fault, and which clear they answer."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import Refused
from repairs.actions.working import locked_fault
from repairs.model import Fault, FaultConversation


def converse(session: Session, *, provider_id: int, fault_number: str | None, conversation_id: str, customer_reference: str) -> None:
    """Keep under which conversation a partner reported a fault, and by which reference of its own.

    With None as the fault, which was not taken, only the reference is looked at.

    Raises:
        Refused: CSS523E, the partner has a fault of that reference already, which is named.
    """
    known = (
        select(Fault.number)
        .join(FaultConversation, FaultConversation.fault_id == Fault.id)
        .where(FaultConversation.provider_id == provider_id, FaultConversation.customer_reference == customer_reference)
    )
    if fault_number is not None:
        row = select(Fault.id, Fault.provider_id).where(Fault.number == fault_number)
        fault = session.execute(row).one()
        values = {
            "fault_id": fault.id,
            "provider_id": fault.provider_id,
            "conversation_id": conversation_id,
            "customer_reference": customer_reference,
        }
        # The unique key decides between two that come at once: the later waits here until the earlier has committed.
        statement = insert(FaultConversation).values(values)
        statement = statement.on_conflict_do_nothing(index_elements=["provider_id", "customer_reference"])
        if session.execute(statement.returning(FaultConversation.fault_id)).scalar() is not None:
            return
    other = session.execute(known).scalar()
    if other is not None:
        raise Refused(
            "CSS523E",
            "Your reference {reference} names fault {fault} already; give each fault one of its own.",
            reference=customer_reference,
            fault=other,
            element="customer_reference",
        )


def require_clear(session: Session, fault_number: str, clear_no: int | None, *, by: Actor) -> None:
    """That an answer is about the last clear of a fault, whose row is ours from here on. Without a number it is about any.

    Raises:
        BadMessage: CSS052E to CSS055E, the form of the number. NotFound: CSS313E.
        Refused: CSS526E, it is about another clear.
    """
    fault = locked_fault(session, fault_number, by)
    if clear_no is not None and clear_no != fault.clear_count:
        raise Refused(
            "CSS526E",
            "Clear {answered} of fault {fault} is answered, but it was cleared {count}: {last}. Look at it again.",
            answered=clear_no,
            fault=fault.number,
            count="never" if not fault.clear_count else "once" if fault.clear_count == 1 else f"{fault.clear_count} times",
            last=f"the last clear is number {fault.clear_count}" if fault.clear_count else "there is nothing to answer",
            element="clear_no",
        )
