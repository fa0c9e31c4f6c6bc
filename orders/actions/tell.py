"""Telling of an order: the next events of its stream, and for a partner the documents in its outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from css.core.codec import to_plain
from css.core.errors import Breach
from css.handover import OutboxMessage, message_answered, next_outbox_sequence, put_in_outbox
from css.master.providers import Provider
from css.xml import Party
from orders.messages import ORDER_UPDATE, major_of, message_id, order_update
from orders.model import CustomerOrder, KciEvent
from orders.queries.cards import KciRow, OrderCopy, order_copies
from orders.words import KciKind

PARTY_SCHEME: Final = "DUNS"
ON_THE_TIMELINE: Final = "contact"
HEAD_BYTES: Final = 300
"""Of a document: as many as hold its declaration and its root's namespaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is to be told: the kind, the order as it then stands, and one sentence for the customer."""

    kind: KciKind
    copy: OrderCopy
    words: str
    problem_code: str | None = None


def as_sentence(words: str) -> str:
    """Words somebody keyed, ended as a sentence is, so that another can follow them."""
    return f"{words}." if words and words[-1] not in ".!?" else words


def order_as_it_stands(session: Session, order: CustomerOrder) -> OrderCopy:
    """The order in full, after all changes so far."""
    return order_copies(session, CustomerOrder.id == order.id)[order.id]


def tell(session: Session, order: CustomerOrder, events: Sequence[Event], *, at: datetime, major: int | None = None) -> int:
    """Add events to the order's stream and give the number of the last.

    The order must be new in this transaction or locked by it: that is why the numbers have no gap. A partner's counter is
    locked from here to the end of the transaction, so this comes last in a deed.

    Args:
        session: of the deed.
        order: as it stands after it.
        events: what is to be told, in order.
        at: when.
        major: the version of the message a new order came by. Else a partner is told in the version of the order's first
            document; of an order that came by none, in the version it was last told anything of an order.
    """
    last = last_told(session, order)
    parties = _parties(session, order.provider_id)
    if parties is not None and (major is None or last):
        major = _spoken(session, order)
    answers = message_answered(
        session, provider_id=order.provider_id, number=order.number, conversation_id=order.conversation_id, is_new=order.placed_at == at
    )
    place = 0 if parties is None or not events else next_outbox_sequence(session, order.provider_id, count=len(events))
    for sequence, event in enumerate(events, start=last + 1):
        source_key = f"order/{order.number}/kci/{sequence}"
        row = KciRow(
            sequence=sequence,
            kind=event.kind,
            occurred_at=at,
            problem_code=event.problem_code,
            words=event.words,
            told=(ON_THE_TIMELINE,) if parties is None else (source_key,),
        )
        session.add(
            KciEvent(
                order_id=order.id,
                sequence=sequence,
                kind=event.kind,
                occurred_at=at,
                problem_code=event.problem_code,
                words=event.words,
                order_copy=to_plain(event.copy),
                told=list(row.told),
            )
        )
        if parties is not None:
            own, partner = parties
            put_in_outbox(
                session,
                provider_id=order.provider_id,
                sequence=place + sequence - last - 1,
                source_key=source_key,
                message_id=message_id(source_key),
                message_type=ORDER_UPDATE,
                conversation_id=order.conversation_id,
                ref_to_message_id=answers,
                body=order_update(
                    event.copy,
                    row,
                    source_key=source_key,
                    sender=own,
                    receiver=partner,
                    at=at,
                    major=major or 1,
                    ref_to_message_id=answers,
                ),
                at=at,
            )
    session.flush()
    return last + len(events)


def last_told(session: Session, order: CustomerOrder) -> int:
    """The number of the last event of an order's stream; 0 before the first."""
    last = select(func.coalesce(func.max(KciEvent.sequence), 0)).where(KciEvent.order_id == order.id)
    return int(session.execute(last).scalar_one())


def _spoken(session: Session, order: CustomerOrder) -> int:
    """The version an order was first told of in, or else in which its partner was last told of any; 1 when of none.

    Leans on uq_outbox_message_source_key and, from its end, uq_outbox_message_provider_id_sequence.
    """
    head = func.substring(OutboxMessage.body, 1, HEAD_BYTES)
    told = select(head).where(OutboxMessage.provider_id == order.provider_id)
    first = told.where(OutboxMessage.source_key == f"order/{order.number}/kci/1").scalar_subquery()
    latest = told.where(OutboxMessage.message_type == ORDER_UPDATE).order_by(OutboxMessage.sequence.desc()).limit(1).scalar_subquery()
    return major_of(bytes(session.execute(select(func.coalesce(first, latest, b""))).scalar_one()))


def _parties(session: Session, provider_id: int) -> tuple[Party, Party] | None:
    """Ourselves and the partner an order belongs to; None when it is the own retail arm's."""
    row = session.execute(_own_and_theirs(), {"provider_id": provider_id}).one()
    if row.is_own_retail:
        return None
    if row.own_id is None:
        msg = "no provider is the own retail arm, so no message to a partner can say who sends it"
        raise Breach(msg)
    return Party(row.own_id, PARTY_SCHEME), Party(row.party_id, PARTY_SCHEME)


@cache
def _own_and_theirs() -> Select[bool, str, str]:
    """Built once (docs/decisions/0143)."""
    own = aliased(Provider)
    own_id = select(own.party_id).where(own.is_own_retail).scalar_subquery().label("own_id")
    return select(Provider.is_own_retail, Provider.party_id, own_id).where(Provider.id == bindparam("provider_id"))
