"""What the handling of a message needs: the message, the verb it asks for, and how its answer or its refusal is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.partners.access.keys import Partner
from css.xml import Element, MessageHeader, Party


@dataclass(frozen=True, slots=True)
class Asked:
    """A valid message of a partner who has proved to be it."""

    partner: Partner
    root: Element
    header: MessageHeader
    us: Party
    """Who answers."""
    at: datetime
    attempt: int = 1
    """One more for each time somebody of ours had the message tried again: each has an answer of its own."""
    answering: str = ""
    """What the keys of its answers begin with; empty for a message that is kept in the inbox, whose id says it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A finished answer, before it has its number in the partner's outbox."""

    source_key: str
    """By which it is known for ever; its message id is made from it."""
    message_id: str
    message_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A message that asks for something to be done."""

    do: Callable[[Session, Asked], str]
    """Does it and says in a sentence what was done. Raises CssError where a rule says no."""
    refused: Callable[[Session, Asked, CssError], Document]
    """How the partner is told of that no."""


@dataclass(frozen=True, slots=True)
class Question:
    """A message that only asks; its answer also says what was wrong with it."""

    answer: Callable[[Session, Asked, CssError | None], Document]
    """The answer. With an error that was raised before: the answer that tells it."""
    is_of_plant: bool = False
    """What is there for everybody is counted, so it is read as the house; what it names of the partner's, it looks for behind the wall."""
    is_noted: bool = False
    """That it was asked is written down, so the transaction that answers it may write."""


def refusal_key(asked: Asked, kind: str) -> str:
    """The source key of the answer to a message. Two partners may choose the same message id; what is made of it must differ."""
    again = f"/{asked.attempt}" if asked.attempt > 1 else ""
    return f"{asked.answering or f'inbox/{asked.partner.code}/{asked.header.message_id}'}/{kind}{again}"
