"""Messages that a partner numbers: taken in the order of their numbers, the first of a conversation being 1.

A number whose predecessor has not come is acknowledged with a warning and waits. When the partner's terms give it up, the message
is refused and its number given back, so that the missing one and it can come again. Two messages never hold one number: the
database's own index sees to that, whatever arrives at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Integer, exists, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from css.core.errors import Refused
from css.partners.model import InboxMessage, InboxState
from css.xml import MessageError, MessageHeader

NUMBER_MAX: Final = 999_999_999
"""The schemas bound a SequenceNo so."""

_Before = aliased(InboxMessage, name="before")


@dataclass(frozen=True, slots=True)
class Missing:
    """Numbers of a conversation that have not come, below another one."""

    first: int
    last: int
    count: int
    """Fewer than ``first`` to ``last`` where some of those have come."""


def gap_before(session: Session, provider_id: int, header: MessageHeader) -> Missing | None:
    """The numbers that must come before a message can be handled; None when none is missing."""
    number = header.sequence_no
    return None if number is None or number == 1 else _missing(session, provider_id, header.conversation_id, number)


def first_missing(session: Session, provider_id: int, conversation_id: str) -> int:
    """The lowest number of a conversation that no message has."""
    missing = _missing(session, provider_id, conversation_id, NUMBER_MAX + 1)
    return NUMBER_MAX if missing is None else missing.first


def _missing(session: Session, provider_id: int, conversation_id: str, below: int) -> Missing | None:
    """What is missing below a number. One statement, through uq_inbox_message_sequence; it walks the messages that wait, not the numbers.

    A message is handled only after the one before it, so all numbers up to the highest one handled have come, and what is missing
    lies between the messages after that.
    """
    numbered = (*_numbered(provider_id, conversation_id), InboxMessage.sequence_no < below)
    handled = (
        select(InboxMessage.sequence_no)
        .where(*numbered, InboxMessage.state != InboxState.RECEIVED)
        .order_by(InboxMessage.sequence_no.desc())
        .limit(1)
    )
    start = select(func.coalesce(handled.scalar_subquery(), 0).label("number")).cte("start")
    after_it = InboxMessage.sequence_no > select(start.c.number).scalar_subquery()
    came = union_all(select(start.c.number), select(InboxMessage.sequence_no).where(*numbered, after_it)).subquery("came")
    following = func.lead(came.c.number, 1, below, type_=Integer).over(order_by=came.c.number).label("following")
    pairs = select(came.c.number, following).subquery("pairs")
    row = session.execute(
        select(
            func.min(pairs.c.number).label("before"),
            func.max(pairs.c.following).label("after"),
            func.sum(pairs.c.following - pairs.c.number - 1).label("missing"),
        ).where(pairs.c.following > pairs.c.number + 1)
    ).one()
    return None if row.before is None else Missing(row.before + 1, row.after - 1, int(row.missing))


def warning_of_gap(header: MessageHeader, missing: Missing) -> MessageError:
    """What an Acknowledgement says of a message that must wait."""
    path = f"{header.message_type}/Header/SequenceNo"
    first, last, count = missing.first, missing.last, missing.count
    if count == 1:
        return MessageError("WARNING", "CSS538W", f"Number {first} of this conversation has not come; this message waits for it.", path)
    if count <= last - first:
        text = f"{count} numbers of this conversation from {first} to {last} have not come, {first} the first; this message waits for them."
        return MessageError("WARNING", "CSS538W", text, path)
    every = f"Numbers {first} to {last} of this conversation have not come; this message waits for them."
    return MessageError("WARNING", "CSS538W", every, path)


def error_of_taken(header: MessageHeader, missing: int) -> MessageError:
    """Why a number that another message holds is not taken, and the first that no message holds."""
    text = f"Another message of this conversation has the number {header.sequence_no}; the first that has not come is {missing}."
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
