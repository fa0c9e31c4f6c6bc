"""Leaving on billing's shelf what an order costs once: when it is done, when it is given up, when somebody came in vain.

What is charged is chosen by ``orders.rules.charges``, at the price of the day it happens. The key of each charge names the
order, what it is for and the product, so that leaving it twice is leaving it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy.orm import Session

from css.core.slots import SlotOf
from css.core.words import Segment
from css.handover import ItemToBill, leave_billable_items
from css.master.appointments import Appointment
from orders.actions.working import Doing
from orders.model import CustomerOrder
from orders.queries.charges import PricedCharge, priced_cancellation, priced_completion, priced_visit
from orders.words import OrderState


def leave_completion_charges(session: Session, doing: Doing) -> None:
    """Leave what an order costs once, at the prices of the day it was done. After the kind has made its services."""
    order = doing.order
    charges = priced_completion(session, order, segment=doing.segment, on=doing.done_on)
    _leave(session, order, charges, occurs_on=doing.done_on, on=doing.on)


def leave_cancellation(session: Session, order: CustomerOrder, *, was: OrderState, segment: Segment, on: date) -> tuple[PricedCharge, ...]:
    """Leave what is owed by the customer who gives an order up, at the prices of the business date ``on``; tell what was left.

    For ``cancel_order`` alone: nobody owes anything for an order that we ended or that the loser of a line has stopped.
    ``was`` is the order's state before; its items, events and tasks are read as they stand.
    """
    charges = priced_cancellation(session, order, was=was, segment=segment, on=on)
    _leave(session, order, charges, occurs_on=on, on=on)
    return charges


def leave_abortive_visit(session: Session, order: CustomerOrder, appointment: Appointment, *, segment: Segment, on: date) -> None:
    """Leave the visit that could not do its work for a reason of the customer's, at the price of its day. Once an appointment."""
    words = f"Visit in vain on {SlotOf(appointment.slot_on, appointment.half_day).words}"
    charges = priced_visit(session, order, segment=segment, on=appointment.slot_on, words=words)
    # An order may have several visits in vain: each has its own slot.
    _leave(session, order, charges, occurs_on=appointment.slot_on, on=on, mark=f"-{appointment.number or appointment.id}")


def _leave(session: Session, order: CustomerOrder, charges: Iterable[PricedCharge], *, occurs_on: date, on: date, mark: str = "") -> None:
    leave_billable_items(
        session,
        *(
            ItemToBill(
                source_key=f"order/{order.number}/{charge.what}{mark}/{charge.product_code}",
                district_code=order.district_code,
                account_id=order.account_id,
                line_id=order.line_id,
                service_id=charge.service_id,
                product_id=charge.product_id,
                words=charge.words,
                reference=order.number,
                basis=charge.basis,
                net_price=charge.net_price,
                gross_price=charge.gross_price,
                vat_code=charge.vat_code,
                occurs_on=occurs_on,
                business_date=on,
                quantity=charge.quantity,
            )
            for charge in charges
        ),
    )
