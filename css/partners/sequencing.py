"""Messages that a partner numbers: taken in the order of their numbers, the first of a conversation being 1.

A number whose predecessor has not come is acknowledged with a warning and waits. When the partner's terms give it up, the message
is refused and its number given back, so that the missing one and it can come again. Two messages never hold one number: the
database's own index sees to that, whatever arrives at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from css.core.errors import Refused
from css.partners.model import InboxMessage, InboxState
from css.xml import MessageError, MessageHeader

LOOK_BACK: Final = 100
"""So many messages before one are looked through for a gap; beyond them all was well."""

_Before = aliased(InboxMessage, name="before")


def gap_before(session: Session, provider_id: int, header: MessageHeader) -> int | None:
    """The number that must come before a message can be handled; None when none is missing. Uses uq_inbox_message_sequence."""
    number = header.sequence_no
    if number is None or number == 1:
        return None
    rows = session.execute(
        select(InboxMessage.sequence_no, InboxMessage.state)
        .where(*_numbered(provider_id, header.conversation_id), InboxMessage.sequence_no < number)
        .order_by(InboxMessage.sequence_no.desc())
        .limit(LOOK_BACK)
    ).all()
    expected = number - 1
    for found, state in rows:
        if found != expected:
            return expected
        if state is not InboxState.RECEIVED:
            return None
        expected -= 1
    return expected if expected and len(rows) < LOOK_BACK else None


def next_number(session: Session, provider_id: int, conversation_id: str) -> int:
    """The number after the highest that came."""
    highest = select(func.max(InboxMessage.sequence_no)).where(*_numbered(provider_id, conversation_id))
    return int(session.execute(highest).scalar() or 0) + 1


def warning_of_gap(header: MessageHeader, missing: int) -> MessageError:
    """What an Acknowledgement says of a message that must wait."""
    text = f"Number {missing} of this conversation has not come; this message waits for it."
    return MessageError("WARNING", "CSS538W", text, f"{header.message_type}/Header/SequenceNo")


def error_of_taken(header: MessageHeader, following: int) -> MessageError:
    """Why a number that another message holds is not taken."""
    text = f"Another message of this conversation has the number {header.sequence_no}; the next is {following}."
    return MessageError("ERROR", "CSS537E", text, f"{header.message_type}/Header/SequenceNo")


def refusal_of_gap(header: MessageHeader) -> Refused:
    """Why a message that waited long enough is refused."""
    return Refused(
        "CSS539E",
        "The message before number {number} of its conversation never came; send both again, this one under a new MessageId.",
        number=header.sequence_no,
        element=f"{header.message_type}/Header/SequenceNo",
    )


def in_turn() -> ColumnElement[bool]:
    """Of a waiting message: it has no number, or the one before it was handled."""
    return or_(InboxMessage.sequence_no.is_(None), InboxMessage.sequence_no == 1, _before(_Before.state != InboxState.RECEIVED))


def given_up(at: datetime, gap_minutes: int) -> ColumnElement[bool]:
    """Of a waiting message: the one before it is missing, and has been for longer than is agreed."""
    since = at - timedelta(minutes=gap_minutes)
    return (InboxMessage.sequence_no > 1) & (InboxMessage.received_at <= since) & ~_before()


def _before(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        _Before.provider_id == InboxMessage.provider_id,
        _Before.conversation_id == InboxMessage.conversation_id,
        _Before.sequence_no == InboxMessage.sequence_no - 1,
        ~_Before.is_test,
        *conditions,
    )


def _numbered(provider_id: int, conversation_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        InboxMessage.provider_id == provider_id,
        InboxMessage.conversation_id == conversation_id,
        InboxMessage.sequence_no.is_not(None),
        ~InboxMessage.is_test,
    )
