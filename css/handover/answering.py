"""Which message of a partner is being answered, for whoever leaves documents in its outbox meanwhile.

Who handles a message says so (``answering``); a room that tells the partner of something asks (``message_answered``) whether that is
the direct result of a message, to name it in RefToMessageId. What a message causes elsewhere (the other provider's order, an order
linked to it) names none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

_ANSWERING: Final = "message_answered"
"""Where a session keeps the message in hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """A message in hand, and what it is about."""

    provider_id: int
    message_id: str
    conversation_id: str
    number: str | None
    """The order or fault it names; None when it asks for a new one."""


@contextmanager
def answering(session: Session, message: Answering) -> Iterator[None]:
    """Until the end of the block, what is done in the session is done because of this message."""
    before = session.info.get(_ANSWERING)
    session.info[_ANSWERING] = message
    try:
        yield
    finally:
        session.info[_ANSWERING] = before


def message_in_hand(session: Session) -> Answering | None:
    """The message in hand, for whoever tells of it only when the transaction ends."""
    message: Answering | None = session.info.get(_ANSWERING)
    return message


def message_answered(session: Session, *, provider_id: int, number: str, conversation_id: str, is_new: bool) -> str | None:
    """The id of the message whose direct result is told of now; None when there is none.

    Args:
        session: in which it happens.
        provider_id: who is told.
        number: the order or fault that is told of.
        conversation_id: its conversation.
        is_new: whether it began in this transaction. A message that asks for something new is answered by what carries its conversation.
    """
    message: Answering | None = session.info.get(_ANSWERING)
    if message is None or message.provider_id != provider_id:
        return None
    is_new_and_asked_for = message.number is None and is_new and message.conversation_id == conversation_id
    return message.message_id if is_new_and_asked_for or message.number == number else None
