"""What passed between partners and us, for operators: the list of messages both ways, one of them with its story, a whole conversation.

What came is in the inbox or among the rejected, what we had to say in the outbox; the list shows the three as one. Its places are keys,
so what comes and goes meanwhile shifts nothing, and each part of it is read from an index and no further than the page goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, String, cast, func, literal, null, select, true, tuple_, union, union_all
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import ONE_DAY, london_instant
from css.core.errors import BadMessage, NotFound
from css.handover import OutboxMessage
from css.master.providers import Provider
from css.partners.desk.counting import DayCounts, counts_of_day
from css.partners.model import Channel, InboxMessage, InboxState, RejectedMessage

PAGE_ROWS: Final = 25
PAGE_ROWS_MAX: Final = 100
Direction = Literal["in", "out"]

_PLACE: Final = re.compile(r"(?P<section>[01])/(?P<at>[0-9T:.+\-]{20,40})/(?P<rank>[012])/(?P<id>[0-9]{1,18})")
_ID_MAX: Final = 2**63 - 1
_REJECTED, _INBOX, _OUTBOX = 0, 1, 2
"""Where a row comes from, which decides between rows of one instant."""
KINDS: Final = ("rejected", "in", "out")
"""What the key of a message begins with, by where it is kept."""


class MessageState(StrEnum):
    """What became of a message, ours or theirs."""

    REJECTED = "rejected"
    """Not taken: it could not be read, or its header was wrong."""
    REFUSED = "refused"
    """Taken, and a rule said no."""
    FAILED = "failed"
    """Taken, and handling it failed by a fault of ours; it waits."""
    RECEIVED = "received"
    """Taken, and waiting its turn."""
    DONE = "done"
    ACCEPTED = "accepted"
    """Rejected first, then taken in by one of us."""
    SENT = "sent"
    """A document in the partner's outbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One message as a list shows it."""

    key: str
    """By which the others find it: ``in-12``, ``rejected-3``, ``out-44``."""
    partner_code: str
    direction: Direction
    state: MessageState
    at: datetime
    """When it came, last if several times; when it was written, of ours."""
    message_type: str | None
    """None of what could not be read."""
    message_id: str | None
    conversation_id: str | None
    ref_to_message_id: str | None
    """Of ours: what it answers."""
    channel: Channel | None
    """How theirs came."""
    sequence_no: int | None
    """Of ours, its number in the outbox; of theirs, its own in the conversation."""
    code: str | None
    words: str | None
    """What became of it."""
    times: int
    """How often it came, of what was rejected."""
    is_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePage:
    """One page. ``back`` and ``forward`` are what to give as ``after`` for the pages beside it; None without one."""

    rows: tuple[MessageRow, ...]
    today: DayCounts
    back: str | None
    forward: str | None


def partner_messages(  # noqa: PLR0913 - a list is narrowed by each of them
    session: Session,
    *,
    by: Actor,
    at: datetime,
    partner: str = "",
    direction: Direction | None = None,
    message_type: str = "",
    state: MessageState | None = None,
    starts_on: date | None = None,
    through: date | None = None,
    reference: str = "",
    after: str = "",
    limit: int = PAGE_ROWS,
) -> MessagePage:
    """A page of what partners sent and were sent: first what was rejected, refused or failed, then all else; the latest first.

    ``reference`` is the id of a message or a conversation, or an order's or fault's number, and finds its whole conversation. The days
    are London's, both of them inside. A partner sees its own. Leans on ix_inbox_message_received, ix_inbox_message_refused,
    ix_inbox_message_waiting, ix_rejected_message_last, ix_outbox_message_created and the three indexes of conversations.

    Raises:
        NotFound: CSS104E no such provider.
        BadMessage: CSS540E ``after`` is no place of this list.
    """
    provider_id = _provider_id(session, by.provider_code if by.is_partner else partner.strip().upper())
    wanted = _Wanted(
        provider_id=provider_id,
        direction=direction,
        message_type=message_type.strip(),
        state=state,
        since=None if starts_on is None else london_instant(starts_on, time()),
        until=None if through is None else london_instant(through + ONE_DAY, time()),
        conversations=_conversations(session, reference) if reference.strip() else None,
    )
    limit = max(1, min(limit, PAGE_ROWS_MAX))
    place = _place(after) if after else None
    ahead = session.execute(_page(wanted, place, limit + 1, is_back=False)).all()
    shown = ahead[:limit]
    back = None
    if place is not None:
        behind = session.execute(_page(wanted, place, limit + 1, is_back=True)).all()
        # What is behind begins with the place itself, the last row of the page before.
        back = _key(behind[limit]) if len(behind) > limit else ""
    return MessagePage(
        rows=tuple(_message_row(row) for row in shown),
        today=counts_of_day(session, provider_id, at),
        back=back,
        forward=_key(shown[-1]) if len(ahead) > limit else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    provider_id: int | None
    direction: Direction | None
    message_type: str
    state: MessageState | None
    since: datetime | None
    until: datetime | None
    conversations: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: behind this row."""

    section: int
    at: datetime
    rank: int
    id: int


def _page(wanted: _Wanted, place: _Place | None, limit: int, *, is_back: bool) -> Select[Any]:
    """So many rows behind a place, or, going back, the place and what is before it in reverse."""
    parts = []
    for section, rank, state in _PARTS:
        if wanted.state is not None and state is not wanted.state:
            continue
        if wanted.direction is not None and (wanted.direction == "out") is not (rank == _OUTBOX):
            continue
        if place is not None and (section > place.section if is_back else section < place.section):
            continue
        within = place if place is not None and place.section == section else None
        parts.append(_part(wanted, section, rank, state, within, limit, is_back=is_back))
    rows = union_all(*(select(part.subquery()) for part in parts)).subquery() if parts else _part_of_nothing().subquery()
    order = (rows.c.section, rows.c.at.desc(), rows.c.rank.desc(), rows.c.id.desc())
    reverse = (rows.c.section.desc(), rows.c.at, rows.c.rank, rows.c.id)
    return select(rows).order_by(*(reverse if is_back else order)).limit(limit)


def _part(wanted: _Wanted, section: int, rank: int, state: MessageState, place: _Place | None, limit: int, *, is_back: bool) -> Select[Any]:
    """The rows of one state, in the order of its index and no more than a page can show."""
    columns, table, at = _COLUMNS[rank]
    conditions: list[ColumnElement[bool]] = [_IS_IN[state]]
    if wanted.provider_id is not None:
        conditions.append(table.provider_id == wanted.provider_id)
    if wanted.message_type:
        conditions.append(table.message_type == wanted.message_type)
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at < wanted.until)
    if wanted.conversations is not None:
        conditions.append(table.conversation_id.in_(wanted.conversations))
        if wanted.provider_id is None:
            # The indexes of conversations begin with the provider.
            conditions.append(table.provider_id.in_(select(Provider.id)))
    if place is not None:
        row = tuple_(at, table.id)
        if is_back:
            least = place.id if rank == place.rank else (0 if rank > place.rank else _ID_MAX)
            conditions.append(row >= tuple_(place.at, least))
        else:
            most = place.id if rank == place.rank else (_ID_MAX if rank < place.rank else 0)
            conditions.append(row < tuple_(place.at, most))
    order = (at, table.id) if is_back else (at.desc(), table.id.desc())
    return (
        select(literal(section).label("section"), literal(rank).label("rank"), literal(state.value).label("state"), *columns)
        .join(Provider, Provider.id == table.provider_id)
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
    )


def _part_of_nothing() -> Select[Any]:
    columns, _, _ = _COLUMNS[_INBOX]
    heads = (literal(0).label("section"), literal(_INBOX).label("rank"), literal("").label("state"))
    return select(*heads, *columns).join(Provider, Provider.id == InboxMessage.provider_id).where(~true())


_IS_IN: Final[dict[MessageState, ColumnElement[bool]]] = {
    MessageState.REJECTED: RejectedMessage.accepted_id.is_(None),
    MessageState.ACCEPTED: RejectedMessage.accepted_id.is_not(None),
    MessageState.FAILED: (InboxMessage.state == InboxState.RECEIVED) & InboxMessage.outcome_code.is_not(None),
    MessageState.RECEIVED: (InboxMessage.state == InboxState.RECEIVED) & InboxMessage.outcome_code.is_(None),
    MessageState.REFUSED: InboxMessage.state == InboxState.REFUSED,
    MessageState.DONE: InboxMessage.state == InboxState.DONE,
    MessageState.SENT: true(),
}
_PARTS: Final = (
    (0, _REJECTED, MessageState.REJECTED),
    (0, _INBOX, MessageState.REFUSED),
    (0, _INBOX, MessageState.FAILED),
    (1, _REJECTED, MessageState.ACCEPTED),
    (1, _INBOX, MessageState.RECEIVED),
    (1, _INBOX, MessageState.DONE),
    (1, _OUTBOX, MessageState.SENT),
)
"""The states, each with its section of the list and where its messages are kept."""
_NO_TEXT: Final = cast(null(), String)
_COLUMNS: Final[dict[int, tuple[tuple[ColumnElement[Any], ...], Any, Any]]] = {
    _REJECTED: (
        (
            RejectedMessage.id.label("id"),
            RejectedMessage.last_at.label("at"),
            Provider.code.label("partner_code"),
            RejectedMessage.message_type.label("message_type"),
            cast(RejectedMessage.message_id, String).label("message_id"),
            RejectedMessage.conversation_id.label("conversation_id"),
            _NO_TEXT.label("ref_to_message_id"),
            cast(RejectedMessage.channel, String).label("channel"),
            literal(0).label("sequence_no"),
            RejectedMessage.code.label("code"),
            _NO_TEXT.label("words"),
            RejectedMessage.times.label("times"),
            (~true()).label("is_test"),
        ),
        RejectedMessage,
        RejectedMessage.last_at,
    ),
    _INBOX: (
        (
            InboxMessage.id.label("id"),
            InboxMessage.received_at.label("at"),
            Provider.code.label("partner_code"),
            InboxMessage.message_type.label("message_type"),
            cast(InboxMessage.message_id, String).label("message_id"),
            InboxMessage.conversation_id.label("conversation_id"),
            _NO_TEXT.label("ref_to_message_id"),
            cast(InboxMessage.channel, String).label("channel"),
            func.coalesce(InboxMessage.sequence_no, 0).label("sequence_no"),
            InboxMessage.outcome_code.label("code"),
            InboxMessage.outcome_words.label("words"),
            literal(1).label("times"),
            InboxMessage.is_test.label("is_test"),
        ),
        InboxMessage,
        InboxMessage.received_at,
    ),
    _OUTBOX: (
        (
            OutboxMessage.id.label("id"),
            OutboxMessage.created_at.label("at"),
            Provider.code.label("partner_code"),
            OutboxMessage.message_type.label("message_type"),
            cast(OutboxMessage.message_id, String).label("message_id"),
            OutboxMessage.conversation_id.label("conversation_id"),
            OutboxMessage.ref_to_message_id.label("ref_to_message_id"),
            _NO_TEXT.label("channel"),
            OutboxMessage.sequence.label("sequence_no"),
            _NO_TEXT.label("code"),
            _NO_TEXT.label("words"),
            literal(1).label("times"),
            (~true()).label("is_test"),
        ),
        OutboxMessage,
        OutboxMessage.created_at,
    ),
}


def _message_row(row: Row[Any]) -> MessageRow:
    return MessageRow(
        key=f"{KINDS[row.rank]}-{row.id}",
        partner_code=row.partner_code,
        direction="out" if row.rank == _OUTBOX else "in",
        state=MessageState(row.state),
        at=row.at,
        message_type=row.message_type,
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        ref_to_message_id=row.ref_to_message_id,
        channel=None if row.channel is None else Channel(row.channel),
        sequence_no=row.sequence_no or None,
        code=row.code,
        words=row.words,
        times=row.times,
        is_test=row.is_test,
    )


def _key(row: Row[Any]) -> str:
    return f"{row.section}/{row.at.isoformat()}/{row.rank}/{row.id}"


def _place(key: str) -> _Place:
    found = _PLACE.fullmatch(key)
    try:
        at = datetime.fromisoformat(found["at"]) if found else None
    except ValueError:
        at = None
    if found is None or at is None or at.tzinfo is None:
        raise BadMessage("CSS540E", "There is no message {key}.", key=key[:60], element="after")
    return _Place(int(found["section"]), at, int(found["rank"]), int(found["id"]))


def _provider_id(session: Session, code: str) -> int | None:
    if not code:
        return None
    found = session.execute(select(Provider.id).where(Provider.code == code)).scalar()
    if found is None:
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=code[:20], element="partner")
    return found


def _conversations(session: Session, reference: str) -> tuple[str, ...]:
    """The conversations that a reference belongs to: by a message's id or their own, or what was told of an order or a fault."""
    plain = reference.strip()
    try:
        uuid = str(UUID(plain))
    except ValueError:
        number = "".join(plain.split()).upper()
        keys = [f"order/{number}/kci/1", f"fault/{number}/update/1"]
        by_number = select(OutboxMessage.conversation_id).where(OutboxMessage.source_key.in_(keys))
        return tuple(session.execute(by_number).scalars())
    everybody = select(Provider.id)
    named: Select[Any] | CompoundSelect[Any] = union(
        select(literal(uuid)),
        select(InboxMessage.conversation_id).where(InboxMessage.provider_id.in_(everybody), InboxMessage.message_id == uuid),
        select(OutboxMessage.conversation_id).where(OutboxMessage.message_id == uuid),
        select(RejectedMessage.conversation_id).where(RejectedMessage.message_id == uuid, RejectedMessage.conversation_id.is_not(None)),
    )
    return tuple(session.execute(named).scalars())
