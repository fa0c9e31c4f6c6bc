"""Doing what stored messages ask, through the same verbs as the screens.

The verb's rows, the answers in the outbox and the state of the message change in one transaction. A partner's messages are
handled one at a time in the order they were received (its lane); partners do not wait for each other. A rule's "no" is told
to the partner; a fault of ours leaves the message waiting and lets the next one pass.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from css import tables as _tables  # noqa: F401 - every room's tables, so that keys across rooms resolve
from css.core.clock import Clock
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Unavailable
from css.db.engine import transaction
from css.handover import next_outbox_sequence, put_in_outbox
from css.master.providers import Provider
from css.partners.keys import Partner, own_party, partner_of
from css.partners.model import InboxMessage, InboxState
from css.xml import Element, MessageHeader, read_header, read_message, read_text
from orders.actions import amend_order, cancel_order, cancel_other, place_order
from orders.commands.orders import CancelOther
from orders.messages import (
    ORDER_UPDATE,
    amend_order_command,
    cancel_order_command,
    message_id,
    order_refused,
    refusal_kind,
    submit_order_command,
)
from orders.queries.cards import OrderCopy, order_card

TRIES_MAX: Final = 5
"""How often handling is begun when the database says that somebody else was at the same rows."""
TRIES_AT_ONCE: Final = 2
"""The same, while the partner waits for its answer."""
LANE_WAIT: Final = "5s"
"""How long to wait for whoever handles the message before ours."""

_log = logging.getLogger(__name__)
_Verb = Callable[[Session, Partner, Element, datetime], str]


@dataclass(frozen=True, slots=True)
class Drained:
    """What one round over the waiting messages did."""

    done: int = 0
    refused: int = 0
    left: int = 0
    """Still waiting: handling them failed by a fault of ours, which the log names, or somebody else holds the rows."""

    def __add__(self, other: Drained) -> Drained:
        return Drained(self.done + other.done, self.refused + other.refused, self.left + other.left)


def drain(engine: Engine, *, clock: Clock, provider_code: str | None = None) -> Drained:
    """Handle every message that waits, of one partner or of all, also those that failed before.

    Raises:
        NotFound: CSS104E, no such provider does business with us.
        Unavailable: the database is; what was handled before stays handled.
    """
    with transaction(engine) as session:
        partners = [partner_of(session, code) for code in ([provider_code] if provider_code else _waited_for(session))]
    total = Drained()
    for partner in partners:
        total += work_lane(engine, partner, clock=clock)
    return total


def _waited_for(session: Session) -> list[str]:
    """Codes of the active providers with messages that wait. Leans on ix_inbox_message_waiting."""
    waiting = select(InboxMessage.provider_id).where(InboxMessage.state == InboxState.RECEIVED)
    return list(
        session.execute(select(Provider.code).where(Provider.is_active, Provider.id.in_(waiting)).order_by(Provider.code)).scalars()
    )


def work_lane(engine: Engine, partner: Partner, *, clock: Clock, up_to_id: int | None = None, at_once: bool = False) -> Drained:
    """Handle a partner's waiting messages in order, each in a transaction of its own.

    Args:
        engine: each message opens a transaction of its own on it.
        partner: whose lane.
        clock: tells each message's instant.
        up_to_id: stop after this row, so that one request is not kept by those behind it.
        at_once: the partner waits for its answer: do not try again what failed before, and give up soon.
    """
    total = Drained()
    last_id = 0
    while last_id != up_to_id:
        handled = _handle_next(engine, partner, clock, last_id, up_to_id, at_once=at_once)
        if handled is None:
            break
        last_id, state = handled
        total += Drained(
            done=int(state is InboxState.DONE), refused=int(state is InboxState.REFUSED), left=int(state is InboxState.RECEIVED)
        )
    return total


def _handle_next(
    engine: Engine, partner: Partner, clock: Clock, after_id: int, up_to_id: int | None, *, at_once: bool
) -> tuple[int, InboxState] | None:
    """Handle the next row of the lane; its id and the state it is in now, None when there is none or the lane is held."""
    waiting_id: int | None = None
    for _ in range(TRIES_AT_ONCE if at_once else TRIES_MAX):
        waiting_id = None
        try:
            with transaction(engine) as session:
                message = _next_waiting(session, partner, after_id, up_to_id, at_once=at_once)
                if message is None:
                    return None
                waiting_id = message.id
                _handle(session, partner, message, at=clock.now())
                return message.id, message.state
        except Unavailable:
            raise
        except Conflict as trouble:
            # The refusals of rules never come so far: this is the database, and the whole may succeed a second time.
            _log.warning("handling begun again", extra={"provider": partner.code, "code": trouble.code})
        except Exception as trouble:
            if waiting_id is None:
                raise
            _log.exception("handling failed", extra={"provider": partner.code, "inbox_id": waiting_id})
            _set_aside(engine, waiting_id, trouble)
            break
    return None if waiting_id is None else (waiting_id, InboxState.RECEIVED)


def _next_waiting(session: Session, partner: Partner, after_id: int, up_to_id: int | None, *, at_once: bool) -> InboxMessage | None:
    session.execute(text(f"SET LOCAL lock_timeout = '{LANE_WAIT}'"))
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"partners.lane/{partner.code}", 0))))
    statement = select(InboxMessage).where(
        InboxMessage.provider_id == partner.provider_id, InboxMessage.state == InboxState.RECEIVED, InboxMessage.id > after_id
    )
    if up_to_id is not None:
        statement = statement.where(InboxMessage.id <= up_to_id)
    if at_once:
        statement = statement.where(InboxMessage.outcome_code.is_(None))
    # Asked under the lock, in a statement of its own: it sees what the last holder committed. Leans on ix_inbox_message_waiting.
    return session.execute(statement.order_by(InboxMessage.id).limit(1)).scalar()


def _handle(session: Session, partner: Partner, message: InboxMessage, *, at: datetime) -> None:
    root = read_message(message.body)
    header = read_header(root)
    try:
        # What the verb wrote before it refused is taken back; the refusal itself is kept.
        with session.begin_nested():
            message.outcome_words = _VERBS[header.message_type](session, partner, root, at)
        message.outcome_code, message.state = None, InboxState.DONE
    except Unavailable:
        raise
    except CssError as refusal:
        _tell_refusal(session, partner, root, header, refusal, at=at)
        message.outcome_code, message.outcome_words, message.state = refusal.code, str(refusal), InboxState.REFUSED
    message.handled_at = at
    session.flush()
    _log.info("message handled", extra={"provider": partner.code, "message_id": header.message_id, "state": message.state.value})


def _set_aside(engine: Engine, waiting_id: int, trouble: Exception) -> None:
    """Mark a row that could not be handled, so that requests pass it by until ``drain`` comes."""
    with transaction(engine) as session:
        session.execute(
            update(InboxMessage)
            .where(InboxMessage.id == waiting_id, InboxMessage.state == InboxState.RECEIVED)
            .values(outcome_code="CSS555E", outcome_words=f"Handling failed ({type(trouble).__name__}); the log says how.")
        )


def _tell_refusal(session: Session, partner: Partner, root: Element, header: MessageHeader, refusal: CssError, *, at: datetime) -> None:
    """Leave the refusal in the partner's outbox. It is no event of an order, whether there is one or not, so it is a document only."""
    # Two partners may choose the same message id; what is made of it must differ all the same.
    source_key = f"inbox/{partner.code}/{header.message_id}/{refusal_kind(header.message_type)}"
    body = order_refused(
        root,
        refusal,
        source_key=source_key,
        sender=own_party(session),
        receiver=partner.party,
        at=at,
        copy=_order_named(session, partner, root),
    )
    put_in_outbox(
        session,
        provider_id=partner.provider_id,
        sequence=next_outbox_sequence(session, partner.provider_id),
        source_key=source_key,
        message_id=message_id(source_key),
        message_type=ORDER_UPDATE,
        conversation_id=header.conversation_id,
        ref_to_message_id=header.message_id,
        body=body,
        at=at,
    )


def _order_named(session: Session, partner: Partner, root: Element) -> OrderCopy | None:
    """The order that a message is about, as it stands; None when it is about none that the partner has."""
    number = read_text(root, "Amendment/OrderNumber") or read_text(root, "Cancellation/OrderNumber")
    if number is None:
        return None
    try:
        return order_card(session, number, by=partner.actor)
    except (NotFound, BadMessage):
        return None


def _submit_order(session: Session, partner: Partner, root: Element, at: datetime) -> str:
    placed = place_order(session, submit_order_command(root), by=partner.actor, at=at)
    return f"Order {placed.order_number} placed."


def _amend_order(session: Session, partner: Partner, root: Element, at: datetime) -> str:
    changed = amend_order(session, amend_order_command(root), by=partner.actor, at=at)
    return f"Order {changed.order_number} amended."


def _cancel_order(session: Session, partner: Partner, root: Element, at: datetime) -> str:
    command = cancel_order_command(root)
    if isinstance(command, CancelOther):
        stopped = cancel_other(session, command, by=partner.actor, at=at)
        return f"Order {stopped.order_number} and the order that takes its line stopped."
    cancelled = cancel_order(session, command, by=partner.actor, at=at)
    return f"Order {cancelled.order_number} cancelled."


_VERBS: Final[dict[str, _Verb]] = {"SubmitOrder": _submit_order, "AmendOrder": _amend_order, "CancelOrder": _cancel_order}
TAKEN: Final = tuple(_VERBS)
"""The messages a partner may send."""
