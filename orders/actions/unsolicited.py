"""The unsolicited cease: the order nobody at the losing provider asked for. It tells them that a line of theirs is being taken.

It is made with the takeover or transfer that causes it, and lives and ends with that order: no verb moves it but
``cancel_other``, which ends both. The cause is always locked before it, and told after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.ids import IdKind
from css.core.words import HoldKind
from css.handover import lift_hold, next_outbox_sequence, place_hold
from css.master.accounts import Account
from css.master.products import Product
from css.master.providers import Provider
from css.master.serials import next_number
from css.master.services import Service
from orders.actions.find import hold_key
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.actions.working import Losing
from orders.messages import conversation_of
from orders.model import CustomerOrder, OrderItem
from orders.rules.gaining import ended_words, following_words, going_words, gone_words
from orders.rules.lifecycle import Move, move
from orders.words import CeaseReason, ItemAction, KciKind, OrderKind, OrderState

NOBODY_ASKED: Final = "unsolicited"
"""Who placed it, as the losing provider reads it: not the gaining one."""
TAKING: Final = frozenset({OrderKind.TAKEOVER, OrderKind.TRANSFER, OrderKind.TRANSFER_WITH_CHANGES})
"""Kinds of order that take a line from somebody."""


def leave(session: Session, order: CustomerOrder, losing: Losing, *, by: Actor, at: datetime) -> str:
    """Leave an unsolicited cease with whoever loses the line that an order takes, and tell them; its number.

    The order must be flushed and have its dates; call this before the order itself is told of.
    """
    assert order.committed_on is not None, "who loses a line is told when"
    lock_outboxes(session, (order.provider_id, losing.provider_id))
    billing_name = session.execute(select(Account.billing_name).where(Account.id == losing.account_id)).scalar_one()
    number = next_number(session, losing.district_code, IdKind.ORDER)
    line_number = order.old_number or order.telephone_number
    cease = CustomerOrder(
        number=number,
        district_code=losing.district_code,
        provider_id=losing.provider_id,
        account_id=losing.account_id,
        line_id=order.line_id,
        kind=OrderKind.CEASE,
        state=OrderState.COMMITTED,
        caused_by_id=order.id,
        reason_code=CeaseReason.LOST.value,
        conversation_id=conversation_of(number),
        required_on=order.required_on,
        committed_on=order.committed_on,
        target_on=order.target_on,
        no_return_at=order.no_return_at,
        telephone_number=line_number,
        # Of the losing side what it knows itself: who comes is none of its business.
        contact_name=billing_name,
        contact_phone=line_number or "",
        placed_on=order.placed_on,
        placed_at=at,
        placed_by=NOBODY_ASKED,
        row_version=1,
    )
    session.add(cease)
    session.flush()
    working = session.execute(
        select(Service.id, Service.product_id, Service.quantity, Product.name, Product.is_riding)
        .join(Product, Product.id == Service.product_id)
        .where(Service.line_id == order.line_id, Service.account_id == losing.account_id, Service.ends_on.is_(None))
        .order_by(Service.id)
    ).all()
    session.add_all(
        OrderItem(
            order_id=cease.id,
            item_number=n,
            action=ItemAction.REMOVE,
            product_id=row.product_id,
            service_id=row.id,
            quantity=row.quantity,
        )
        for n, row in enumerate(working, start=1)
    )
    place_hold(
        session,
        source_key=hold_key(number),
        account_id=losing.account_id,
        line_id=order.line_id,
        kind=HoldKind.OPEN_ORDER,
        reference=number,
        at=at,
    )
    audit.record(session, by=by, at=at, verb="leave_unsolicited_cease", subject=("order", number), after={"caused_by": order.number})
    session.flush()
    riding = [row.name for row in working if row.is_riding]
    words = going_words(order.kind, order.committed_on, cease.no_return_at, riding)
    tell(session, cease, [Event(kind=KciKind.CREATED, copy=order_as_it_stands(session, cease), words=words)], at=at)
    return number


def follow(session: Session, order: CustomerOrder, *, by: Actor, at: datetime, problem_code: str | None = None) -> None:
    """Let the unsolicited cease stand where its cause stands now: held, going on again, or for another day. Tells what changed.

    Nothing is done for an order without one. The cause must be changed and locked, and not yet told of. Of why, the losing
    provider is told the problem's public code and no more: the words are about somebody else's customer.
    """
    cease = _lock_cease_of(session, order)
    if cease is None:
        return
    before = _marks(cease)
    kinds = []
    if order.state is OrderState.HELD and cease.state is OrderState.COMMITTED:
        kinds.append(KciKind.DELAY)
    if order.state is OrderState.COMMITTED and cease.state is OrderState.HELD:
        kinds.append(KciKind.RESUMED)
    if order.target_on != cease.target_on:
        # What is held has no appointed day to be moved: its day is only written otherwise.
        kinds.append(KciKind.REAPPOINTED if order.state is OrderState.COMMITTED else KciKind.AMENDED)
    if not kinds:
        return
    lock_outboxes(session, (order.provider_id, cease.provider_id))
    cease.state = order.state
    cease.required_on, cease.target_on, cease.no_return_at = order.required_on, order.target_on, order.no_return_at
    _note(session, cease, before, verb="follow_cause", by=by, at=at)
    copy = order_as_it_stands(session, cease)
    assert order.target_on is not None, "who loses a line is told when"
    events = [
        Event(kind=kind, copy=copy, words=following_words(kind, order.kind, order.target_on), problem_code=problem_code) for kind in kinds
    ]
    tell(session, cease, events, at=at)


def complete(session: Session, order: CustomerOrder, done_on: date, *, by: Actor, at: datetime) -> None:
    """The line has gone to the order that took it: the unsolicited cease is done the same day.

    Nothing is done for an order without one. What worked on the line was ended by the order's own kind; call this before the
    order is told of.
    """
    cease = _lock_cease_of(session, order)
    if cease is None:
        return
    lock_outboxes(session, (order.provider_id, cease.provider_id))
    before = _marks(cease)
    # It may be done while held: the line has gone, whatever was told last.
    cease.state, cease.done_on, cease.completed_at = OrderState.COMPLETED, done_on, at
    lift_hold(session, source_key=hold_key(cease.number), at=at)
    _note(session, cease, before, verb="complete_unsolicited_cease", by=by, at=at)
    event = Event(kind=KciKind.COMPLETED, copy=order_as_it_stands(session, cease), words=gone_words(order.kind, done_on))
    tell(session, cease, [event], at=at)


def end(
    session: Session,
    order: CustomerOrder,
    *,
    by: Actor,
    at: datetime,
    event: Move = Move.CANCEL,
    problem_code: str | None = None,
    words: str = "",
) -> None:
    """The order that was to take the line is not done after all: the line stays where it is, and the cease ends.

    Args:
        session: of the deed that ends the cause, which is locked and not yet told of.
        order: the cause. Nothing is done for one without an unsolicited cease.
        by: who ends the cause.
        at: when.
        event: ``CANCEL``, or ``TERMINATE`` when we end the cause.
        problem_code: of a termination; of why, the losing provider is told no more.
        words: the losing provider's own, where it stopped the order.
    """
    cease = _lock_cease_of(session, order)
    if cease is None:
        return
    lock_outboxes(session, (order.provider_id, cease.provider_id))
    before = _marks(cease)
    moved = move(cease.number, cease.state, event)
    cease.state = moved.state
    lift_hold(session, source_key=hold_key(cease.number), at=at)
    _note(session, cease, before, verb="end_unsolicited_cease", by=by, at=at)
    copy = order_as_it_stands(session, cease)
    tell(session, cease, [Event(kind=moved.kci, copy=copy, words=ended_words(order.kind, words), problem_code=problem_code)], at=at)


def refuse_unsolicited(order: CustomerOrder) -> None:
    """Refuse a deed on an unsolicited cease that only the order which takes the line can have.

    Raises:
        Refused: CSS255E.
    """
    if order.caused_by_id is None:
        return
    raise Refused(
        "CSS255E",
        "Order {order} is an unsolicited cease: it goes as the order goes that takes the line. The losing provider may stop "
        "both with cancel-other.",
        order=order.number,
        element="order_number",
    )


def lock_outboxes(session: Session, provider_ids: Iterable[int]) -> None:
    """Lock the counters of partners that are told in one deed, in one order, so that two such deeds never wait for each other."""
    partners = session.execute(
        select(Provider.id).where(Provider.id.in_(set(provider_ids)), Provider.is_own_retail.is_(False)).order_by(Provider.id)
    ).scalars()
    # Two at most. Taking no number locks the counter.
    for provider_id in partners.all():
        next_outbox_sequence(session, provider_id, count=0)


def _lock_cease_of(session: Session, order: CustomerOrder) -> CustomerOrder | None:
    """The open unsolicited cease an order caused, locked after its cause. Uses uq_customer_order_caused_by."""
    if order.kind not in TAKING:
        return None
    return session.execute(
        select(CustomerOrder)
        .where(CustomerOrder.caused_by_id == order.id, CustomerOrder.state.in_((OrderState.COMMITTED, OrderState.HELD)))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _marks(cease: CustomerOrder) -> dict[str, object]:
    return {"state": cease.state.value, "target_on": cease.target_on, "row_version": cease.row_version}


def _note(session: Session, cease: CustomerOrder, before: dict[str, object], *, verb: str, by: Actor, at: datetime) -> None:
    cease.row_version += 1
    session.flush()
    audit.record(session, by=by, at=at, verb=verb, subject=("order", cease.number), before=before, after=_marks(cease))
