"""One message with all that hangs on it, a conversation from its stored bytes, and what partners use: for operators."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, func, literal, select, union_all
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.handover import OutboxMessage
from css.master.providers import Provider
from css.partners.desk.looking import KINDS, Direction, MessageState
from css.partners.intake.story import EventRow, story_of
from css.partners.model import Channel, InboxMessage, InboxState, RejectedMessage
from css.xml import MessageError, find, read_errors, read_message

ANSWERS_MAX: Final = 100
SPOKEN_MAX: Final = 500

_SPOKEN: Final[tuple[tuple[Any, Any], ...]] = (
    (RejectedMessage, RejectedMessage.first_at),
    (InboxMessage, InboxMessage.received_at),
    (OutboxMessage, OutboxMessage.created_at),
)
"""Where the turns of a conversation are kept, as ``KINDS`` names them, and when each was said."""
_KEY: Final = re.compile(r"(?P<kind>rejected|in|out)-(?P<id>[0-9]{1,18})")
_ABOUT: Final = re.compile(r"(?P<what>order|fault)/(?P<number>[A-Z0-9]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """A document of ours in the same conversation."""

    key: str
    sequence: int
    message_type: str
    message_id: str
    ref_to_message_id: str | None
    created_at: datetime
    is_answer: bool
    """Whether it names this message as the one it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCard:
    """One message and its story."""

    key: str
    partner_code: str
    partner_name: str
    direction: Direction
    state: MessageState
    at: datetime
    """When it came, of what was rejected when first; when it was written, of ours."""
    last_at: datetime
    """When the same bytes came last, of what was rejected; else as ``at``."""
    times: int
    handled_at: datetime | None
    message_type: str | None
    schema_name: str
    schema_version: str
    message_id: str | None
    conversation_id: str | None
    ref_to_message_id: str | None
    channel: Channel | None
    sequence_no: int | None
    is_test: bool
    code: str | None
    words: str | None
    errors: tuple[MessageError, ...]
    """What the Acknowledgement said was wrong with it, or may become so."""
    body: bytes
    acknowledgement: bytes | None
    """What it was answered at once; none of ours."""
    accepted_key: str | None
    """Of what was rejected and taken in by hand: the message it became."""
    order_number: str | None
    """What it is about, as far as our documents of the conversation say."""
    fault_number: str | None
    events: tuple[EventRow, ...]
    answers: tuple[AnswerRow, ...]
    """Our documents of its conversation, at most a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """One turn of a conversation, byte for byte as it went over."""

    key: str
    partner_code: str
    at: datetime
    direction: Direction
    message_type: str | None
    message_id: str | None
    state: MessageState
    body: bytes
    body_sha256: str
    """Kept when it came, of theirs; reckoned now, of ours."""
    acknowledgement: bytes | None
    """The answer that went back at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What a partner has used: one schema in one version by one way."""

    partner_code: str
    schema_name: str
    schema_version: str
    channel: Channel
    times: int
    first_at: datetime
    last_at: datetime


def partner_message(session: Session, key: str, *, by: Actor) -> MessageCard:
    """One message, ours or theirs, with its story, its answers and what it is about. ``key`` is that of a list: ``in-12``.

    Raises:
        NotFound: CSS540E no such message, or not the asking partner's.
    """
    found = _KEY.fullmatch(key.strip().lower())
    if found is None:
        raise no_message(key)
    place = KINDS.index(found["kind"])
    card = (_rejected, _taken, _sent)[place](session, int(found["id"]))
    if card is None or (by.is_partner and by.provider_code != card.partner_code):
        raise no_message(key)
    return card


def conversation(session: Session, conversation_id: str, *, by: Actor, limit: int = SPOKEN_MAX) -> tuple[Spoken, ...]:
    """Everything that was said in a conversation, both ways, in order, byte for byte; at most five hundred turns.

    A message that came and what we wrote at the same instant: theirs first. Leans on the three indexes of conversations.
    """
    uuid = conversation_id.strip().lower()
    limit = max(1, min(limit, SPOKEN_MAX))
    mine = [Provider.code == by.provider_code] if by.is_partner else []
    places = []
    for place, (table, at) in enumerate(_SPOKEN):
        part = select(literal(place).label("place"), at.label("at"), table.id.label("id"))
        part = part.join(Provider, Provider.id == table.provider_id).where(table.conversation_id == uuid, *mine)
        places.append(part)
    every = union_all(*places).subquery()
    turns = session.execute(select(every).order_by(every.c.at, every.c.place, every.c.id).limit(limit)).all()
    by_place: dict[int, list[int]] = {0: [], 1: [], 2: []}
    for turn in turns:
        by_place[turn.place].append(turn.id)
    said = {(place, row.id): row for place, ids in by_place.items() if ids for row in _bodies(session, place, ids)}
    return tuple(_spoken(turn.place, turn.at, said[turn.place, turn.id]) for turn in turns)


def partner_usage(session: Session, *, by: Actor, since: datetime | None = None, partner: str = "") -> tuple[UsageRow, ...]:
    """Which schemas partners write by, in which version and by which way they send: how often, first and last.

    Of what was taken since an instant; of everything there is, which reads the whole inbox, without one.
    """
    conditions = [] if since is None else [InboxMessage.received_at >= since]
    code = by.provider_code if by.is_partner else partner.strip().upper()
    if code:
        conditions.append(Provider.code == code)
    columns = (Provider.code, InboxMessage.schema_name, InboxMessage.schema_version, InboxMessage.channel)
    rows = session.execute(
        select(*columns, func.count().label("times"), func.min(InboxMessage.received_at), func.max(InboxMessage.received_at))
        .join(Provider, Provider.id == InboxMessage.provider_id)
        .where(*conditions)
        .group_by(*columns)
        .order_by(*columns)
    )
    return tuple(
        UsageRow(partner_code=code, schema_name=name, schema_version=version, channel=channel, times=times, first_at=first, last_at=last)
        for code, name, version, channel, times, first, last in rows
    )


def no_message(key: str) -> NotFound:
    """Nobody's, or another's: the two answers are the same."""
    return NotFound("CSS540E", "There is no message {key}.", key=key[:60], element="key")


def _taken(session: Session, inbox_id: int) -> MessageCard | None:
    found = _one(session, InboxMessage, inbox_id)
    if found is None:
        return None
    message, provider = found
    state = MessageState(message.state.value)
    if message.state is InboxState.RECEIVED and message.outcome_code is not None:
        state = MessageState.FAILED
    answers, about = _answers(session, message.provider_id, message.conversation_id, message.message_id)
    return MessageCard(
        key=f"in-{inbox_id}",
        partner_code=provider.code,
        partner_name=provider.name,
        direction="in",
        state=state,
        at=message.received_at,
        last_at=message.received_at,
        times=1,
        handled_at=message.handled_at,
        message_type=message.message_type,
        schema_name=message.schema_name,
        schema_version=message.schema_version,
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        ref_to_message_id=None,
        channel=message.channel,
        sequence_no=message.sequence_no,
        is_test=message.is_test,
        code=message.outcome_code,
        words=message.outcome_words,
        errors=errors_of(message.acknowledgement),
        body=message.body,
        acknowledgement=message.acknowledgement,
        accepted_key=None,
        order_number=about.get("order"),
        fault_number=about.get("fault"),
        events=story_of(session, inbox_id),
        answers=answers,
    )


def _rejected(session: Session, rejected_id: int) -> MessageCard | None:
    found = _one(session, RejectedMessage, rejected_id)
    if found is None:
        return None
    message, provider = found
    answers, about = _answers(session, message.provider_id, message.conversation_id, message.message_id)
    return MessageCard(
        key=f"rejected-{rejected_id}",
        partner_code=provider.code,
        partner_name=provider.name,
        direction="in",
        state=MessageState.REJECTED if message.accepted_id is None else MessageState.ACCEPTED,
        at=message.first_at,
        last_at=message.last_at,
        times=message.times,
        handled_at=None,
        message_type=message.message_type,
        schema_name="",
        schema_version="",
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        ref_to_message_id=None,
        channel=message.channel,
        sequence_no=None,
        is_test=False,
        code=message.code,
        words=None,
        errors=errors_of(message.acknowledgement),
        body=message.body,
        acknowledgement=message.acknowledgement,
        accepted_key=None if message.accepted_id is None else f"in-{message.accepted_id}",
        order_number=about.get("order"),
        fault_number=about.get("fault"),
        events=(),
        answers=answers,
    )


def _sent(session: Session, outbox_id: int) -> MessageCard | None:
    found = _one(session, OutboxMessage, outbox_id)
    if found is None:
        return None
    message, provider = found
    answers, about = _answers(session, message.provider_id, message.conversation_id, message.ref_to_message_id)
    own = _ABOUT.match(message.source_key)
    about |= {} if own is None else {own["what"]: own["number"]}
    return MessageCard(
        key=f"out-{outbox_id}",
        partner_code=provider.code,
        partner_name=provider.name,
        direction="out",
        state=MessageState.SENT,
        at=message.created_at,
        last_at=message.created_at,
        times=1,
        handled_at=None,
        message_type=message.message_type,
        schema_name="",
        schema_version="",
        message_id=message.message_id,
        conversation_id=message.conversation_id,
        ref_to_message_id=message.ref_to_message_id,
        channel=None,
        sequence_no=message.sequence,
        is_test=False,
        code=None,
        words=None,
        errors=(),
        body=message.body,
        acknowledgement=None,
        accepted_key=None,
        order_number=about.get("order"),
        fault_number=about.get("fault"),
        events=(),
        answers=answers,
    )


def _one(session: Session, table: Any, row_id: int) -> tuple[Any, Any] | None:  # noqa: ANN401 - a row of one of the three, and its provider's
    row = session.execute(
        select(table, Provider.code, Provider.name).join(Provider, Provider.id == table.provider_id).where(table.id == row_id)
    ).one_or_none()
    return None if row is None else (row[0], row)


def _answers(
    session: Session, provider_id: int, conversation_id: str | None, message_id: str | None
) -> tuple[tuple[AnswerRow, ...], dict[str, str]]:
    """Our documents of a conversation, and what they say it is about. Uses ix_outbox_message_conversation."""
    if conversation_id is None:
        return (), {}
    rows = session.execute(
        select(
            OutboxMessage.id,
            OutboxMessage.sequence,
            OutboxMessage.source_key,
            OutboxMessage.message_type,
            OutboxMessage.message_id,
            OutboxMessage.ref_to_message_id,
            OutboxMessage.created_at,
        )
        .where(and_(OutboxMessage.provider_id == provider_id, OutboxMessage.conversation_id == conversation_id))
        .order_by(OutboxMessage.sequence)
        .limit(ANSWERS_MAX)
    ).all()
    about = {found["what"]: found["number"] for row in reversed(rows) if (found := _ABOUT.match(row.source_key))}
    return tuple(
        AnswerRow(
            key=f"out-{row.id}",
            sequence=row.sequence,
            message_type=row.message_type,
            message_id=row.message_id,
            ref_to_message_id=row.ref_to_message_id,
            created_at=row.created_at,
            is_answer=message_id is not None and row.ref_to_message_id == message_id,
        )
        for row in rows
    ), about


def errors_of(acknowledgement: bytes) -> tuple[MessageError, ...]:
    """The errors and warnings that an Acknowledgement of ours lists."""
    receipt = find(read_message(acknowledgement), "Receipt")
    return () if receipt is None else read_errors(receipt)


def _bodies(session: Session, place: int, ids: list[int]) -> list[Row[Any]]:
    table = _SPOKEN[place][0]
    own = {
        "rejected": (RejectedMessage.accepted_id, RejectedMessage.body_sha256, RejectedMessage.acknowledgement),
        "in": (InboxMessage.state, InboxMessage.outcome_code, InboxMessage.body_sha256, InboxMessage.acknowledgement),
        "out": (),
    }[KINDS[place]]
    columns = (table.id, Provider.code, table.message_type, table.message_id, table.body, *own)
    return list(session.execute(select(*columns).join(Provider, Provider.id == table.provider_id).where(table.id.in_(ids))).all())


def _spoken(place: int, at: datetime, row: Row[Any]) -> Spoken:
    kind = KINDS[place]
    if kind == "out":
        state = MessageState.SENT
    elif kind == "rejected":
        state = MessageState.REJECTED if row.accepted_id is None else MessageState.ACCEPTED
    else:
        failed = row.state is InboxState.RECEIVED and row.outcome_code is not None
        state = MessageState.FAILED if failed else MessageState(row.state.value)
    return Spoken(
        key=f"{kind}-{row.id}",
        partner_code=row.code,
        at=at,
        direction="out" if kind == "out" else "in",
        message_type=row.message_type,
        message_id=row.message_id,
        state=state,
        body=row.body,
        body_sha256=hashlib.sha256(row.body).hexdigest() if kind == "out" else row.body_sha256,
        acknowledgement=None if kind == "out" else row.acknowledgement,
    )
