"""Orders that are to be done together: the same day promised for all, each told what happens to the others.

The first order of a link gives it its number. What is asked for together is promised together: the later of the days counts
for all, and while one of them waits for a survey those placed after it wait for it. From then on each lives its own life: a
delay, a new date or the end of one is a warning to the others, and whoever works on them decides. One thing is not left to
them: what takes a line away (a cease, a port out) waits for the orders of its link that give one, so that nobody who changes
an old line for a new one is left with none.

Locks: the orders of a link are locked together and by id (``find.lock_order`` does it), so that two verbs on two of them
follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.calendar import Nation, day_words
from css.core.errors import CssError, NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import NationCode
from css.master.districts import District
from css.master.lines import Line
from css.master.sites import Site
from orders.actions import unsolicited
from orders.actions.changing import live_slot, work_for
from orders.actions.find import Asker
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands.orders import PlaceOrder
from orders.model import CustomerOrder
from orders.rules.dates import committed_date, too_late_fault
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import OPEN_STATES, Move, move
from orders.words import KciKind, OrderKind, OrderState, PlantOutcome

LINKED_ORDER_ISSUE: Final = "LINKED_ORDER_ISSUE"
_NEVER_LINKED: Final = frozenset(kind for kind, rule in KINDS.items() if rule.is_treatment)
_TAKES_A_LINE_AWAY: Final = frozenset({OrderKind.CEASE, OrderKind.PORT_OUT})
_GIVES_A_LINE: Final = frozenset({OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.PORT_IN, OrderKind.MOVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The open orders a new one is to be done together with; they are locked."""

    number: str
    """What they share, or will: the number of the first of them."""
    orders: tuple[CustomerOrder, ...]
    waits: bool
    """One of them waits for a survey: nothing is promised for the new one before."""


def find_link(session: Session, command: PlaceOrder, asker: Asker, *, at: datetime) -> tuple[Link | None, list[CssError]]:
    """The orders a new order is to be done together with, locked, and what is wrong with that; (None, []) when it stands alone.

    Faults: CSS052E to CSS055E, CSS206E the day of one of them cannot be moved any more, CSS280E, CSS281E, CSS873E.
    """
    wanted = (command.linked_order or "").strip()
    if not wanted:
        return None, []
    try:
        number = expect_id(wanted, IdKind.ORDER, element="linked_order")
    except CssError as error:
        return None, [error]
    orders = _lock_group(session, command, asker, number)
    first = next((order for order in orders if order.number == number), None)
    if first is None:
        fault = NotFound(
            "CSS280E",
            "There is no open order {order} of this account, or for this address, to do this one together with.",
            order=number,
            element="linked_order",
        )
        return None, [fault]
    link = Link(
        number=first.link_number or first.number,
        orders=tuple(orders),
        waits=any(order.state is OrderState.ACKNOWLEDGED for order in orders),
    )
    faults = _day_faults(link, committed_date(command.required_on, asker.nation), at)
    if link.waits and command.kind in unsolicited.TAKING:
        faults.append(_waits_fault(number))
    return link, faults


def _lock_group(session: Session, command: PlaceOrder, asker: Asker, number: str) -> list[CustomerOrder]:
    """The open orders of a link, or the one order that has none yet, in the order they were placed."""
    first = (
        select(CustomerOrder.link_number)
        .join(Line, Line.id == CustomerOrder.line_id)
        .join(Site, Site.id == Line.site_id)
        .where(
            CustomerOrder.number == number,
            CustomerOrder.provider_id == asker.provider_id,
            or_(CustomerOrder.account_id == asker.account_id, Site.address_key == (command.address_key or "").strip().upper()),
            CustomerOrder.caused_by_id.is_(None),
            CustomerOrder.kind.not_in(_NEVER_LINKED),
        )
    )
    row = session.execute(first).one_or_none()
    if row is None:
        return []
    of_group = CustomerOrder.number == number if row.link_number is None else CustomerOrder.link_number == row.link_number
    return list(
        session.execute(
            select(CustomerOrder)
            .where(of_group, CustomerOrder.state.in_(OPEN_STATES))
            .order_by(CustomerOrder.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    )


def _waits_fault(number: str) -> CssError:
    """CSS873E: whoever loses a line is told when at once, so that there is time to object; what waits has no day to be told."""
    return Refused(
        "CSS873E",
        "Order {order} waits for planning, and a line is taken from somebody only for a day that is known: order this once that one is "
        "promised.",
        order=number,
        element="linked_order",
    )


def _day_of(order: CustomerOrder) -> date:
    return order.target_on or order.required_on


def _day_faults(link: Link, day: date, at: datetime) -> list[CssError]:
    """Why a new order cannot be for a day together with others: they are for a later one, or cannot follow."""
    latest = max(link.orders, key=_day_of)
    if day < _day_of(latest):
        return [
            Refused(
                "CSS281E",
                "Order {order}, to be done together with this one, is for {day}: ask for that day or a later one.",
                order=latest.number,
                day=day_words(_day_of(latest)),
                element="required_on",
            )
        ]
    faults = (
        too_late_fault(order.number, order.state, order.no_return_at, at)
        for order in link.orders
        if order.target_on is not None and order.target_on < day
    )
    return [fault for fault in faults if fault is not None]


def after_placed(session: Session, order: CustomerOrder, link: Link, *, by: Actor, at: datetime) -> None:
    """Bring the others of a link in line with an order just placed, and tell their customers. Comes after the order's own events.

    The order has ``link_number`` already, and is committed unless it waits.
    """
    nation = _nation(session, order)
    for other in link.orders:  # two or three; each is told on its own
        other.link_number = link.number
        if order.target_on is not None and other.target_on is not None and other.target_on < order.target_on:
            # The customer asks for it: the day it was promised for stays on record, and it is late only from the day asked for now.
            other.required_on = max(other.required_on, order.required_on)
            _move_to(session, other, order.target_on, nation)
            unsolicited.follow(session, other, by=by, at=at)
            words = f"Order {order.number} is to be done together with this one: both by {day_words(order.target_on)}."
            tell(session, other, [Event(kind=KciKind.AMENDED, copy=order_as_it_stands(session, other), words=words)], at=at)
        else:
            other.row_version += 1
            session.flush()
            words = f"Order {order.number} is to be done together with this one."
            tell(session, other, [Event(kind=KciKind.ADDITIONAL, copy=order_as_it_stands(session, other), words=words)], at=at)


def after_committed(session: Session, order: CustomerOrder, *, at: datetime) -> None:
    """An order of a link was committed by planning: those that waited for it are committed with it, and those that are promised
    for an earlier day are warned (what was promised is not taken back). Comes after the order's own events. Costs nothing for
    an order that stands alone.
    """
    others = _others(session, order)
    for other in others:
        if other.target_on is not None and order.target_on is not None and other.target_on < order.target_on:
            _warn(session, other, f"Order {order.number}, linked with this one, is promised by {day_words(order.target_on)}.", at)
    _commit_waiting(session, [order, *others], at)


def tell_others(session: Session, order: CustomerOrder, what: str, *, at: datetime) -> None:
    """Tell the customers of the open orders linked with an order what happened to it: as a warning, unless it was done. Comes
    after the order's own events.

    Costs nothing for an order that stands alone. After an order's end those that waited only for it are committed.

    Args:
        session: of the verb; the order is locked by it.
        order: as it stands after the verb.
        what: what happened, as the end of "Order N, linked with this one, ...": "was cancelled", "is held up: no access".
        at: when.
    """
    others = _others(session, order)
    for other in others:
        words = f"Order {order.number}, linked with this one, {what.rstrip('.')}."
        if order.state is OrderState.COMPLETED:
            tell(session, other, [Event(kind=KciKind.ADDITIONAL, copy=order_as_it_stands(session, other), words=words)], at=at)
        else:
            _warn(session, other, words, at)
    if order.state not in OPEN_STATES:
        _commit_waiting(session, others, at)


def refuse_before_others(session: Session, order: CustomerOrder) -> None:
    """Refuse to take a line away before the orders of its link that give one are done. Costs nothing for one that stands alone.

    Raises:
        Refused: CSS282E.
    """
    if order.link_number is None or order.kind not in _TAKES_A_LINE_AWAY:
        return
    giving = next((other for other in _others(session, order) if other.kind in _GIVES_A_LINE), None)
    if giving is not None:
        raise Refused(
            "CSS282E",
            "Order {order} waits for order {other}, which gives the line that comes in its place: complete that one first.",
            order=order.number,
            other=giving.number,
            element="order_number",
        )


def _others(session: Session, order: CustomerOrder) -> list[CustomerOrder]:
    """The other open orders of a link, locked, as they were placed."""
    if order.link_number is None:
        return []
    return list(
        session.execute(
            select(CustomerOrder)
            .where(CustomerOrder.link_number == order.link_number, CustomerOrder.id != order.id, CustomerOrder.state.in_(OPEN_STATES))
            .order_by(CustomerOrder.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).scalars()
    )


def _warn(session: Session, order: CustomerOrder, words: str, at: datetime) -> None:
    copy = order_as_it_stands(session, order)
    tell(session, order, [Event(kind=KciKind.WARNING, copy=copy, words=words, problem_code=LINKED_ORDER_ISSUE)], at=at)


def _commit_waiting(session: Session, orders: list[CustomerOrder], at: datetime) -> None:
    """Commit the orders of a link that waited for others, once none waits for a survey, for the latest day of all."""
    waiting = [order for order in orders if order.state is OrderState.ACKNOWLEDGED]
    if not waiting or any(order.plant_outcome is PlantOutcome.BUILD for order in waiting):
        return
    nation = _nation(session, waiting[0])
    slots = [slot.slot_on for slot in (live_slot(session, order) for order in waiting) if slot is not None]  # two or three orders
    day = committed_date(max([*slots, *(_day_of(order) for order in orders)]), nation)
    for order in waiting:
        order.state = move(order.number, order.state, Move.COMMIT).state
        order.committed_on = order.target_on = day
        _move_to(session, order, day, nation)
        words = KINDS[order.kind].promise.format(day=day_words(day))
        tell(session, order, [Event(kind=KciKind.COMMITTED, copy=order_as_it_stands(session, order), words=words)], at=at)


def _move_to(session: Session, order: CustomerOrder, day: date, nation: Nation) -> None:
    """Have an order worked for a day, its slot as it is, and count the change."""
    slot = live_slot(session, order)
    work_for(session, order, day, nation=nation, slot_on=None if slot is None else slot.slot_on)
    order.row_version += 1
    session.flush()


def _nation(session: Session, order: CustomerOrder) -> Nation:
    nation: NationCode = session.execute(select(District.nation).where(District.code == order.district_code)).scalar_one()
    return nation.value
