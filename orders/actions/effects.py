"""What orders do to lines, pairs, services, numbers and listings: each effect once, whatever kind of order has it.

All of them are as of a day the work was done. Services and listings change at its beginning; a number passes to its next
service at the same instant, and of a line that is ceased it is taken to the end of the day, so that calls made before the
line was stopped are not lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from css.core.calendar import ONE_DAY, add_months, start_of_day
from css.core.words import DirectoryEntryKind, EndReason, LineState, PairState, ProductKind
from css.master.lines import Line, LineBar, LineListing
from css.master.plant import Pair
from css.master.products import Product
from css.master.services import Service, ServiceNumber
from orders.actions import auxiliary
from orders.actions.find import take_spare_pair
from orders.actions.working import Doing
from orders.model import OrderItem
from orders.rules.changes import Listing, listed
from orders.rules.plant import no_pair_yet, pair_fault
from orders.words import ItemAction


def take_into_use(session: Session, doing: Doing) -> None:
    """The line works for the order's account from now on; a planned one begins."""
    line = doing.line
    if line.state is LineState.PLANNED:
        line.starts_on = doing.done_on
    else:
        # Whoever has it from now on does not owe what its bars were put on for.
        lift_bars(session, line_id=line.id, at=doing.at)
    line.state = LineState.WORKING
    line.provider_id, line.account_id = doing.order.provider_id, doing.order.account_id
    line.row_version += 1
    session.flush()


def joint_pair(session: Session, doing: Doing, line: Line) -> None:
    """Put a line on its pair: the one kept for it, or for an order that waited for building one that is there now.

    Raises:
        Refused: CSS233E there is none, CSS234E it cannot be used.
    """
    if line.pair_id is None:
        line.pair_id = take_spare_pair(session, doing.site.distribution_point_id)
        if line.pair_id is None:
            raise no_pair_yet(doing.order.number)
        session.flush()
    pair = session.get_one(Pair, line.pair_id, with_for_update=True, populate_existing=True)
    fault = pair_fault(pair.state, doing.order.number)
    if fault is not None:
        raise fault
    pair.state = PairState.WORKING


def open_ordered_services(session: Session, doing: Doing) -> int | None:
    """Open a service for each product the order adds; give the id of the main one, which the number belongs to, if there is one."""
    order = doing.order
    rows = session.execute(
        select(OrderItem, Product)
        .join(Product, Product.id == OrderItem.product_id)
        .where(OrderItem.order_id == order.id, OrderItem.action == ItemAction.ADD)
        .order_by(OrderItem.item_number)
    ).all()
    opened = [
        open_service(doing, product=row.Product, quantity=row.OrderItem.quantity, care_level=order.care_level or row.Product.care_level)
        for row in rows
    ]
    session.add_all(opened)
    session.flush()
    for row, service in zip(rows, opened, strict=True):
        row.OrderItem.service_id = service.id
    return next((service.id for row, service in zip(rows, opened, strict=True) if row.Product.kind is ProductKind.LINE), None)


def open_service(doing: Doing, *, product: Product, quantity: int, care_level: str | None) -> Service:
    """A service of a product on the order's line from the day the work was done, not yet added to the session; its minimum term
    begins.
    """
    order, done_on = doing.order, doing.done_on
    return Service(
        district_code=order.district_code,
        provider_id=order.provider_id,
        line_id=doing.line.id,
        account_id=order.account_id,
        product_id=product.id,
        quantity=quantity,
        starts_on=done_on,
        start_recorded_on=doing.on,
        minimum_term_ends_on=add_months(done_on, product.minimum_term_months) if product.minimum_term_months else None,
        care_level=care_level if product.kind is ProductKind.LINE else None,
        order_number=order.number,
    )


def end_services(session: Session, doing: Doing, reason: EndReason, *, line_id: int, service_ids: Iterable[int] | None = None) -> None:
    """End what works on a line, or some of it, on the day the work was done."""
    ending = update(Service).where(Service.line_id == line_id, Service.ends_on.is_(None))
    if service_ids is not None:
        ending = ending.where(Service.id.in_(tuple(service_ids)))
    session.execute(
        ending.values(ends_on=doing.done_on, end_recorded_on=doing.on, end_reason=reason, end_order_number=doing.order.number),
        execution_options={"synchronize_session": "fetch"},
    )


def end_numbers(session: Session, doing: Doing, *, line_id: int, to_the_end_of_the_day: bool) -> None:
    """Whatever number the line has is no longer its own: from the beginning of the day, or from its end."""
    live = select(Service.id).where(Service.line_id == line_id)
    ends_at = start_of_day(doing.done_on + ONE_DAY if to_the_end_of_the_day else doing.done_on)
    session.execute(
        update(ServiceNumber).where(ServiceNumber.service_id.in_(live), ServiceNumber.ends_at.is_(None)).values(ends_at=ends_at),
        execution_options={"synchronize_session": "fetch"},
    )


def give_number(session: Session, doing: Doing, service_id: int, number: str) -> None:
    """A number answers at a service from the beginning of the day."""
    session.add(ServiceNumber(service_id=service_id, number=number, starts_at=start_of_day(doing.done_on)))


def listing_of(session: Session, line_id: int) -> Listing | None:
    """How a line is listed now; None where it is not."""
    row = session.execute(
        select(LineListing.directory_kind, LineListing.directory_name, LineListing.emergency_name).where(
            LineListing.line_id == line_id, LineListing.ends_on.is_(None)
        )
    ).one_or_none()
    return None if row is None else Listing(*row)


def list_line(session: Session, doing: Doing, *, keeps: bool = False) -> None:
    """List the line as the order says, in place of how it was listed. With ``keeps`` what the order does not say stays: whoever
    was listed there still is.
    """
    order = doing.order
    unlisted = Listing(DirectoryEntryKind.ORDINARY, None, "")
    now = (listing_of(session, doing.line.id) if keeps else None) or unlisted
    kind = None if order.directory_kind is None else DirectoryEntryKind(order.directory_kind)
    after = listed(now, kind=kind, name=order.directory_name, emergency_name=order.emergency_name)
    end_listings(session, doing, line_id=doing.line.id)
    session.add(
        LineListing(
            line_id=doing.line.id,
            directory_kind=after.kind,
            directory_name=after.name,
            emergency_name=after.emergency_name,
            starts_on=doing.done_on,
        )
    )


def end_listings(session: Session, doing: Doing, *, line_id: int) -> None:
    """The line is listed no more, neither in the directory nor in the emergency record."""
    session.execute(
        update(LineListing).where(LineListing.line_id == line_id, LineListing.ends_on.is_(None)).values(ends_on=doing.done_on),
        execution_options={"synchronize_session": "fetch"},
    )


def stop_line(session: Session, line: Line) -> None:
    """Leave a line in place, stopped: it can be started again."""
    session.execute(update(Pair).where(Pair.id == line.pair_id, Pair.state == PairState.WORKING).values(state=PairState.STOPPED))
    line.state = LineState.STOPPED
    line.account_id = None
    line.row_version += 1


def lift_bars(session: Session, *, line_id: int, at: datetime) -> None:
    """No bar for debt is on the line any more."""
    # Two machines' clocks may differ by a moment; no bar ends before it began.
    session.execute(
        update(LineBar).where(LineBar.line_id == line_id, LineBar.ends_at.is_(None)).values(ends_at=func.greatest(at, LineBar.starts_at)),
        execution_options={"synchronize_session": "fetch"},
    )


def cease_line(session: Session, doing: Doing, line: Line, reason: EndReason) -> None:
    """End everything that works on a line and leave it in place, stopped; its number rests from the end of the day. The auxiliary
    lines of an installation are taken out.
    """
    end_numbers(session, doing, line_id=line.id, to_the_end_of_the_day=True)
    end_services(session, doing, reason, line_id=line.id)
    end_listings(session, doing, line_id=line.id)
    lift_bars(session, line_id=line.id, at=doing.at)
    auxiliary.take_out(session, line.id, on=doing.done_on)
    stop_line(session, line)
