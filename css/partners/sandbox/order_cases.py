"""Orders of a test area as they are kept, and found again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.codec import from_plain
from css.core.errors import Conflict, NotFound
from css.core.ids import IdKind, expect_id
from css.core.words import AppointmentState
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox.holding import held_slot
from orders.commands.orders import PlaceOrder
from orders.queries.cards import KciRow, OrderCopy, no_order


@dataclass(frozen=True, slots=True)
class OrderStanding:
    """An order as its case keeps it: in full, and what was told of it."""

    order: OrderCopy
    history: tuple[KciRow, ...]


def order_of(case: SandboxCase) -> OrderStanding:
    """An order as its case keeps it."""
    return from_plain(case.standing, OrderStanding)


def copy_of(case: SandboxCase) -> OrderCopy:
    """The order in full."""
    return order_of(case).order


def order_case(session: Session, area: SandboxArea, number: str) -> SandboxCase | None:
    """An order of the area by its number; one that nobody was told of yet is not there."""
    return session.execute(
        select(SandboxCase).where(
            SandboxCase.provider_id == area.provider_id,
            SandboxCase.matter == SandboxMatter.ORDER,
            SandboxCase.number == number,
            SandboxCase.last_event > 0,
        )
    ).scalar()


def find_order(session: Session, area: SandboxArea, order_number: str) -> tuple[SandboxCase, OrderCopy]:
    """An order of an area, as it stands.

    Raises:
        BadMessage: CSS052E to CSS055E. NotFound: CSS202E.
    """
    number = expect_id(order_number, IdKind.ORDER, element="order_number")
    case = order_case(session, area, number)
    if case is None:
        raise no_order(number)
    return case, copy_of(case)


def refuse_reference(session: Session, area: SandboxArea, reference: str | None) -> None:
    """CSS208E where an order of the area has the reference already."""
    if reference is None:
        return
    statement = select(SandboxCase.id).where(
        SandboxCase.provider_id == area.provider_id,
        SandboxCase.matter == SandboxMatter.ORDER,
        SandboxCase.customer_reference == reference,
    )
    if session.execute(statement).scalar() is not None:
        sentence = "There is an order with the reference {reference} already."
        raise Conflict("CSS208E", sentence, reference=reference, element="customer_reference")


def linked(session: Session, area: SandboxArea, command: PlaceOrder) -> str | None:
    """The number that orders to be done together share: that of the open order named (CSS280E)."""
    if not command.linked_order:
        return None
    case = order_case(session, area, command.linked_order)
    if case is None or not case.is_open:
        raise NotFound(
            "CSS280E",
            "There is no open order {order} of this account, or for this address, to do this one together with.",
            order=command.linked_order[:20],
            element="linked_order",
        )
    return copy_of(case).link_number or case.number


def booked(session: Session, area: SandboxArea, copy: OrderCopy, number: str, *, at: datetime) -> OrderCopy:
    """The order with a half-day that was held for it."""
    case, held = held_slot(session, area, number, at=at)
    case.is_open = False
    return replace(
        copy, slot_on=held.slot_on, half_day=held.half_day, slot_state=AppointmentState.BOOKED, slot_number=held.appointment_number
    )
