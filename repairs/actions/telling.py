"""Telling partners of their faults: what happens to one leaves FaultUpdates in its partner's outbox, whoever did it.

Every event of a fault's story is written by ``repairs.actions.working.tell`` or one of its two fellows for many, and each hands
the events of partners' lines to ``will_tell`` here. The documents are made once, at the very end of the transaction, for all of
them together: so an update carries the fault as the deed left it, a failure of plant with five hundred faults takes as many
statements as one fault, and the partner's counter, for which others wait, is held no longer than need be. What is taken back with
a savepoint is never told, for the events are looked up when the documents are made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from css.core.errors import Breach
from css.db.engine import before_commit
from css.db.sql import block
from css.handover import OutboxMessage, next_outbox_sequence
from css.handover.answering import Answering, answering, message_answered, message_in_hand
from css.xml import Party
from repairs.messages import FAULT_UPDATE, conversation_of, fault_update, message_id
from repairs.model import FaultEvent
from repairs.queries.charges import Owed
from repairs.queries.copies import FaultCopy, UpdateRow, fault_copies
from repairs.rules.partner_words import kind_of, words_for_partner

PARTY_SCHEME: Final = "DUNS"
_UNTOLD: Final = "repairs.untold"
"""Where a session keeps what is to be told when it ends."""


@dataclass(frozen=True, slots=True)
class _Noted:
    """How an event is to be told."""

    at: datetime
    message: Answering | None
    """What was in hand when it happened."""


@dataclass(slots=True)
class _Untold:
    events: dict[int, _Noted] = field(default_factory=dict)
    """By the event's id."""
    owed: dict[int, Owed] = field(default_factory=dict)
    """What a clear costs, by the fault's id, where a deed has reckoned it."""
    warnings: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    """What is to be known besides, by the fault's id and the deed."""


@dataclass(frozen=True, slots=True)
class _Update:
    """A FaultUpdate to be."""

    event: FaultEvent
    kind: str
    number: int
    conversation_id: str


def will_tell(session: Session, events: Iterable[Row[Any]], *, at: datetime) -> None:
    """Have partners told of events at the end of the transaction: rows with the ``id`` of each, none of them of our own lines."""
    noted = _Noted(at, message_in_hand(session))
    mine = {row.id: noted for row in events}
    if mine:
        _untold(session).events.update(mine)
        before_commit(session, _UNTOLD, leave_updates)


def will_cost(session: Session, fault_id: int, owed: Owed) -> None:
    """What a clear was found to cost, so that its update need not reckon it again."""
    _untold(session).owed[fault_id] = owed


def will_warn(session: Session, fault_id: int, deed: str, warnings: tuple[str, ...]) -> None:
    """What whoever did a deed was warned of, so that a partner reads it with the deed's update."""
    if warnings:
        _untold(session).warnings[fault_id, deed] = warnings


def leave_updates(session: Session) -> None:
    """Leave what is to be told of faults in the outboxes: at the end of a transaction, when all has been done.

    As many statements for many faults as for one, and one more for each partner; their counters are locked in one order.
    """
    session.flush()
    untold: _Untold = session.info.pop(_UNTOLD, None) or _Untold()
    found = session.execute(select(FaultEvent).where(FaultEvent.id.in_(untold.events)).order_by(FaultEvent.id)).scalars()
    news = [(event, kind) for event in found if (kind := kind_of(event.deed)) is not None]
    if not news:
        return
    at = max(untold.events[event.id].at for event, _ in news)
    faults = {event.fault_id for event, _ in news}
    copies = fault_copies(session, faults, at=at, owed=untold.owed)
    own, partners = _parties(session, {copy.provider_id for copy in copies.values()})
    lanes: dict[int, list[_Update]] = defaultdict(list)
    for update in _numbered(session, news, {fault_id: copies[fault_id].fault_number for fault_id in faults}):
        lanes[copies[update.event.fault_id].provider_id].append(update)
    new = {event.fault_id for event, _ in news if event.deed == "report"}
    rows: list[dict[str, Any]] = []
    for provider_id in sorted(lanes):
        first = next_outbox_sequence(session, provider_id, count=len(lanes[provider_id]))
        for sequence, update in enumerate(lanes[provider_id], start=first):
            event, noted, copy = update.event, untold.events[update.event.id], copies[update.event.fault_id]
            source_key = f"fault/{copy.fault_number}/update/{update.number}"
            answered = _answered(session, noted.message, update, copy, is_new=copy.fault_id in new)
            body = fault_update(
                copy,
                UpdateRow(
                    kind=update.kind,
                    occurred_at=event.occurred_at,
                    words=words_for_partner(event.deed or "", event.words),
                    warnings=untold.warnings.get((event.fault_id, event.deed or ""), ()),
                ),
                number=update.number,
                source_key=source_key,
                conversation_id=update.conversation_id,
                sender=own,
                receiver=partners[provider_id],
                at=noted.at,
                ref_to_message_id=answered,
            )
            rows.append(
                {
                    "provider_id": provider_id,
                    "sequence": sequence,
                    "source_key": source_key,
                    "message_id": message_id(source_key),
                    "message_type": FAULT_UPDATE,
                    "conversation_id": update.conversation_id,
                    "ref_to_message_id": answered,
                    "body": body,
                    "created_at": noted.at,
                }
            )
    session.execute(insert(OutboxMessage), rows)


def _answered(session: Session, message: Answering | None, update: _Update, copy: FaultCopy, *, is_new: bool) -> str | None:
    """The id of the message of which this is the direct result."""
    if message is None:
        return None
    with answering(session, message):
        return message_answered(
            session, provider_id=copy.provider_id, number=copy.fault_number, conversation_id=update.conversation_id, is_new=is_new
        )


def _untold(session: Session) -> _Untold:
    kept: _Untold = session.info.setdefault(_UNTOLD, _Untold())
    return kept


def _numbered(session: Session, news: Sequence[tuple[FaultEvent, str]], numbers: dict[int, str]) -> list[_Update]:
    """The updates in the order of their events, each with its number among those of its fault."""
    counts = Counter(event.fault_id for event, _ in news)
    asked = {
        "faults": list(counts),
        "counts": list(counts.values()),
        "conversations": [conversation_of(numbers[fault_id]) for fault_id in counts],
    }
    given = {row.fault_id: row for row in session.execute(block("repairs", "telling.number_updates"), asked)}
    last = {fault_id: given[fault_id].last_update - count for fault_id, count in counts.items()}
    updates: list[_Update] = []
    for event, kind in news:
        last[event.fault_id] += 1
        updates.append(_Update(event, kind, last[event.fault_id], str(given[event.fault_id].conversation_id)))
    return updates


def _parties(session: Session, provider_ids: set[int]) -> tuple[Party, dict[int, Party]]:
    rows = session.execute(block("repairs", "telling.parties"), {"providers": list(provider_ids)}).all()
    if any(row.own_party_id is None for row in rows):
        msg = "no provider is the own retail arm, so no message to a partner can say who sends it"
        raise Breach(msg)
    return Party(rows[0].own_party_id, PARTY_SCHEME), {row.id: Party(row.party_id, PARTY_SCHEME) for row in rows}
