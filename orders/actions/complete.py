"""Completing an order: plant, services, numbers and listings become what was ordered, and billing's shelf gets its share.

A cease within the minimum term owes a charge for the months left; that charge comes with early termination (not yet
taken here): ``service.minimum_term_ends_on`` is kept so that it can be reckoned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import add_months, london_instant, start_of_day
from css.core.codec import to_plain
from css.core.errors import Conflict
from css.core.phone import display_number
from css.core.words import AppointmentState, DirectoryEntryKind, FailureKind, LineState, PairState, PriceKind, ProductKind, Segment
from css.db.constraints import translate
from css.handover import leave_billable_item, leave_service_failure, lift_hold
from css.master.appointments import Appointment
from css.master.districts import business_date
from css.master.lines import Line, LineListing
from css.master.plant import Exchange, Pair
from css.master.products import Product, ProductPrice, seen_on
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from orders.actions.find import just_taken, lock_order, require_may, take_next_number, take_spare_pair
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.commands import CompleteOrder, OrderChanged
from orders.model import CustomerOrder, KciEvent, OrderItem
from orders.rules.dates import day_words, done_fault
from orders.rules.lifecycle import Move, is_excused, move
from orders.rules.plant import no_pair_yet, pair_fault
from orders.words import KciKind, OrderKind

END_OF_PROMISED_DAY: Final = time(23, 59)
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doing:
    """An order being completed, everything it touches locked."""

    order: CustomerOrder
    line: Line
    site: Site
    segment: Segment
    done_on: date
    on: date
    """The business date."""
    at: datetime


@audit.answered
def complete_order(session: Session, command: CompleteOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Record that the work of an order is done: from ``done_on`` the services work, or work no more.

    A provide leaves its connection charge for billing, and a service failure when it was done after the committed date
    and the customer was not the cause. A cease is charged rent up to the day before; calls are taken to the end of the
    day itself. The line of a cease is left in place, stopped; its number rests.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E, CSS231E, CSS243E.
        Refused: CSS203E, CSS205E, CSS229E, CSS232E, CSS233E, CSS234E.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    before = {"state": order.state.value}
    moved = move(order.number, order.state, Move.COMPLETE)
    on = business_date(session, order.district_code)
    touched = session.execute(
        select(Line, Site)
        .join(Site, Site.id == Line.site_id)
        .where(Line.id == order.line_id)
        .with_for_update(of=Line)
        .execution_options(populate_existing=True)
    ).one()
    doing = _Doing(order=order, line=touched.Line, site=touched.Site, segment=found.segment, done_on=command.done_on, on=on, at=at)
    try:
        with session.begin_nested():
            _refuse_day(session, doing)
            _provide(session, doing) if order.kind is OrderKind.PROVIDE else _cease(session, doing)
            session.flush()
    except IntegrityError as error:
        refusal = translate(
            error,
            {
                "uq_line_pair_id_live": lambda: just_taken("The pair"),
                "uq_customer_order_number_reserved": lambda: just_taken("The telephone number"),
                "ex_service_number_in_use": lambda: Conflict(
                    "CSS243E",
                    "{number}, kept for order {order}, is in use on another line.",
                    number=display_number(order.telephone_number or ""),
                    order=order.number,
                ),
            },
        )
        if refusal is None:
            raise
        raise refusal from error
    if order.appointment_id is not None:
        session.execute(update(Appointment).where(Appointment.id == order.appointment_id).values(state=AppointmentState.KEPT))
    order.state = moved.state
    order.done_on = command.done_on
    order.completed_at = at
    order.row_version += 1
    session.flush()
    lift_hold(session, source_key=f"order/{order.number}", at=at)
    audit.record(session, by=by, at=at, verb="complete_order", subject=("order", order.number), before=before, after=to_plain(command))
    copy = order_as_it_stands(session, order)
    what = "The line works from" if order.kind is OrderKind.PROVIDE else "The line was ceased on"
    last = tell(session, order, [Event(kind=moved.kci, copy=copy, words=f"{what} {day_words(command.done_on)}.")], at=at)
    return OrderChanged(
        order_number=order.number, state=order.state, kci_sequence=last, committed_on=order.committed_on, target_on=order.target_on
    )


def _refuse_day(session: Session, doing: _Doing) -> None:
    """Refuse a day that has not come, or before the order, or before what works on the line began or ended."""
    periods = session.execute(select(Service.starts_on, Service.ends_on).where(Service.line_id == doing.line.id)).all()
    not_before = max([doing.order.placed_on, *(row.ends_on or row.starts_on for row in periods)])
    fault = done_fault(doing.done_on, on=doing.on, not_before=not_before)
    if fault is not None:
        raise fault


def _provide(session: Session, doing: _Doing) -> None:
    order, line, done_on = doing.order, doing.line, doing.done_on
    _take_pair(session, doing)
    if line.state is LineState.PLANNED:
        line.starts_on = done_on
    line.state = LineState.WORKING
    line.provider_id, line.account_id = order.provider_id, order.account_id
    line.row_version += 1
    if order.telephone_number is None:
        exchange_name = session.execute(select(Exchange.name).where(Exchange.id == doing.site.exchange_id)).scalar_one()
        order.telephone_number = take_next_number(session, doing.site.exchange_id, exchange_name, doing.at)
    session.flush()
    main_service_id = _open_services(session, doing)
    session.add(ServiceNumber(service_id=main_service_id, number=order.telephone_number, starts_at=start_of_day(done_on)))
    session.add(
        LineListing(
            line_id=line.id,
            directory_kind=DirectoryEntryKind(order.directory_kind or DirectoryEntryKind.ORDINARY),
            directory_name=order.directory_name,
            emergency_name=order.emergency_name or "",
            starts_on=done_on,
        )
    )
    _leave_charges(session, doing, main_service_id)
    _leave_late_start(session, doing)


def _take_pair(session: Session, doing: _Doing) -> None:
    """Put the line on its pair: the one kept for it, or for an order that waited for building one that is there now."""
    line, order = doing.line, doing.order
    if line.pair_id is None:
        line.pair_id = take_spare_pair(session, doing.site.distribution_point_id)
        if line.pair_id is None:
            raise no_pair_yet(order.number)
        session.flush()
    pair = session.get_one(Pair, line.pair_id, with_for_update=True, populate_existing=True)
    fault = pair_fault(pair.state, order.number)
    if fault is not None:
        raise fault
    pair.state = PairState.WORKING


def _open_services(session: Session, doing: _Doing) -> int:
    """Open a service for each product ordered; give the id of the main one, which the number belongs to."""
    order = doing.order
    rows = session.execute(
        select(OrderItem, Product)
        .join(Product, Product.id == OrderItem.product_id)
        .where(OrderItem.order_id == order.id)
        .order_by(OrderItem.item_number)
    ).all()
    opened = [
        Service(
            district_code=order.district_code,
            provider_id=order.provider_id,
            line_id=order.line_id,
            account_id=order.account_id,
            product_id=row.Product.id,
            starts_on=doing.done_on,
            start_recorded_on=doing.on,
            minimum_term_ends_on=add_months(doing.done_on, row.Product.minimum_term_months) if row.Product.minimum_term_months else None,
            care_level=order.care_level if row.Product.kind is ProductKind.LINE else None,
            order_number=order.number,
        )
        for row in rows
    ]
    session.add_all(opened)
    session.flush()
    for row, service in zip(rows, opened, strict=True):
        row.OrderItem.service_id = service.id
    return next(service.id for row, service in zip(rows, opened, strict=True) if row.Product.kind is ProductKind.LINE)


def _leave_charges(session: Session, doing: _Doing, main_service_id: int) -> None:
    """Leave what it costs to be connected, at the price of the day the work was done."""
    order, done_on = doing.order, doing.done_on
    rows = session.execute(
        select(ProductPrice, Product, OrderItem.service_id)
        .join(Product, Product.id == ProductPrice.product_id)
        .join(OrderItem, OrderItem.product_id == Product.id)
        .where(
            OrderItem.order_id == order.id,
            ProductPrice.kind == PriceKind.CONNECTION,
            ProductPrice.segment == doing.segment,
            seen_on(done_on),
        )
        .order_by(OrderItem.item_number)
    ).all()
    # Few products cost anything to connect; each has its own key, so that leaving twice is leaving once.
    for row in rows:
        leave_billable_item(
            session,
            source_key=f"order/{order.number}/connection/{row.Product.code}",
            district_code=order.district_code,
            account_id=order.account_id,
            line_id=order.line_id,
            service_id=row.service_id or main_service_id,
            product_id=row.Product.id,
            words=f"Connection of {row.Product.name[:1].lower()}{row.Product.name[1:]}",
            reference=order.number,
            basis=row.ProductPrice.basis,
            net_price=row.ProductPrice.net_price,
            gross_price=row.ProductPrice.gross_price,
            vat_code=row.Product.vat_code,
            occurs_on=done_on,
            business_date=doing.on,
        )


def _leave_late_start(session: Session, doing: _Doing) -> None:
    """Leave a service failure when the promise was not kept and it was not the customer who held us up."""
    order = doing.order
    if order.committed_on is None or doing.done_on <= order.committed_on:
        return
    problems = session.execute(select(KciEvent.problem_code).where(KciEvent.order_id == order.id, KciEvent.kind == KciKind.DELAY)).scalars()
    if is_excused(tuple(problems)):
        return
    leave_service_failure(
        session,
        source_key=f"order/{order.number}/delayed-start",
        district_code=order.district_code,
        account_id=order.account_id,
        line_id=order.line_id,
        kind=FailureKind.DELAYED_START,
        reference=order.number,
        issue_on=order.committed_on,
        promised_at=london_instant(order.committed_on, END_OF_PROMISED_DAY),
        put_right_at=start_of_day(doing.done_on),
        business_date=doing.on,
    )


def _cease(session: Session, doing: _Doing) -> None:
    """End everything that works on the line and leave the line in place, stopped."""
    line, done_on = doing.line, doing.done_on
    live = select(Service.id).where(Service.line_id == line.id, Service.ends_on.is_(None))
    # The number is taken to the end of the day, so that calls made before the line was stopped are not lost.
    session.execute(
        update(ServiceNumber)
        .where(ServiceNumber.service_id.in_(live), ServiceNumber.ends_at.is_(None))
        .values(ends_at=start_of_day(done_on + ONE_DAY))
    )
    session.execute(
        update(Service).where(Service.line_id == line.id, Service.ends_on.is_(None)).values(ends_on=done_on, end_recorded_on=doing.on)
    )
    session.execute(update(LineListing).where(LineListing.line_id == line.id, LineListing.ends_on.is_(None)).values(ends_on=done_on))
    session.execute(update(Pair).where(Pair.id == line.pair_id, Pair.state == PairState.WORKING).values(state=PairState.STOPPED))
    line.state = LineState.STOPPED
    line.account_id = None
    line.row_version += 1
