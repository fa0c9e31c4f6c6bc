"""Completing an order: plant, services, numbers and listings become what was ordered, and billing's shelf gets its share."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import ONE_DAY, Nation, day_words, london_instant, start_of_day
from css.core.codec import to_plain
from css.core.errors import Conflict
from css.core.guarantee import guarantee_under
from css.core.phone import display_number
from css.core.words import FailureKind
from css.db.constraints import translate
from css.db.sql import block
from css.handover import leave_service_failure, lift_hold
from css.master import appointment_book
from css.master.districts import business_date
from css.master.lines import Line
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from orders.actions import charging, linked, numbers, unsolicited
from orders.actions.changing import changed
from orders.actions.find import OrderFound, hold_key, just_taken, lock_order, require_may
from orders.actions.kinds import WORKINGS
from orders.actions.tell import Event, order_as_it_stands, tell
from orders.actions.working import Doing
from orders.commands.orders import CompleteOrder, OrderChanged
from orders.model import CustomerOrder, KciEvent, OrderTask
from orders.rules.dates import done_fault
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import Move, move
from orders.rules.problems import is_excused, promised_day
from orders.rules.tasks import UNDONE
from orders.words import KciKind, OrderKind, TaskState

END_OF_PROMISED_DAY: Final = time(23, 59)
STARTS: Final = frozenset(
    {OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.TRANSFER, OrderKind.TRANSFER_WITH_CHANGES}
    | {OrderKind.PORT_IN, OrderKind.MOVE}
)
"""Kinds whose lateness keeps somebody waiting for service, which is what is compensated."""


@audit.answered
def complete_order(session: Session, command: CompleteOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Record that all the work of an order is done: from ``done_on`` its services work, or work no more.

    What it costs is left for billing, and a service failure when service began after the committed date and the customer was
    not the cause. A cease is charged rent up to the day before; calls are taken to the end of the day itself. The line of a
    cease is left in place, stopped; its number rests.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E, CSS231E, CSS243E.
        Refused: CSS203E, CSS205E, CSS229E, CSS232E, CSS233E, CSS234E and the kind's own.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    before = {"state": found.order.state.value}
    last = finish(session, found, done_on=command.done_on, by=by, at=at)
    order = found.order
    audit.record(session, by=by, at=at, verb="complete_order", subject=("order", order.number), before=before, after=to_plain(command))
    return changed(order, last)


def finish(session: Session, found: OrderFound, *, done_on: date, by: Actor, at: datetime) -> int:
    """Do what an order that is locked was for, and tell of it; the number of the last event. The caller writes the audit event."""
    order = found.order
    unsolicited.refuse_unsolicited(order)
    moved = move(order.number, order.state, Move.COMPLETE)
    on = business_date(session, order.district_code)
    touched = session.execute(
        select(Line, Site)
        .join(Site, Site.id == Line.site_id)
        .where(Line.id == order.line_id)
        .with_for_update(of=Line)
        .execution_options(populate_existing=True)
    ).one()
    doing = Doing(order=order, line=touched.Line, site=touched.Site, segment=found.segment, done_on=done_on, on=on, by=by, at=at)
    working = WORKINGS[order.kind]
    try:
        with session.begin_nested():
            _refuse_day(session, doing)
            linked.refuse_before_others(session, order)
            working.complete(session, doing)
            session.flush()
            numbers.give_back(session, order, on=done_on + ONE_DAY if order.kind is OrderKind.CEASE else done_on)
            charging.leave_completion_charges(session, doing)
            _leave_late_start(session, doing, found.nation)
            session.flush()
    except IntegrityError as error:
        refusal = translate(
            error,
            {
                "uq_line_pair_id_live": lambda: just_taken("The pair"),
                "uq_customer_order_number_reserved": lambda: just_taken("The telephone number"),
                "ex_service_number_in_use": lambda: _number_in_use(session, order, done_on),
                "ex_ported_number_twice": lambda: just_taken("The telephone number"),
            },
        )
        if refusal is None:
            raise
        raise refusal from error
    if order.appointment_id is not None:
        appointment_book.keep(session, order.appointment_id, at=at, done_on=done_on)
    session.execute(
        update(OrderTask)
        .where(OrderTask.order_id == order.id, OrderTask.state.in_(UNDONE))
        .values(state=TaskState.DONE, done_on=done_on, done_at=at, done_by=by.name)
    )
    order.state = moved.state
    order.done_on = done_on
    order.completed_at = at
    order.kept_number = None
    order.row_version += 1
    session.flush()
    lift_hold(session, source_key=hold_key(order.number), at=at)
    unsolicited.complete(session, order, done_on, by=by, at=at)
    copy = order_as_it_stands(session, order)
    last = tell(session, order, [Event(kind=moved.kci, copy=copy, words=KINDS[order.kind].done.format(day=day_words(done_on)))], at=at)
    linked.tell_others(session, order, f"was done on {day_words(done_on)}", at=at)
    return last


def _number_in_use(session: Session, order: CustomerOrder, done_on: date) -> Conflict:
    """CSS243E: of a line that was ceased the number is taken to the end of that day; otherwise it is on another line."""
    number = order.telephone_number or ""
    ceased = select(ServiceNumber.id).where(
        ServiceNumber.number == number,
        ServiceNumber.ends_at == start_of_day(done_on + ONE_DAY),
        ServiceNumber.starts_at < ServiceNumber.ends_at,
    )
    if session.execute(ceased.limit(1)).first() is not None:
        return Conflict(
            "CSS243E",
            "{number} was ceased on {day} and is taken until that day ends: order {order} can be done from the next day on.",
            number=display_number(number),
            day=day_words(done_on),
            order=order.number,
            element="done_on",
        )
    return Conflict(
        "CSS243E", "{number}, kept for order {order}, is in use on another line.", number=display_number(number), order=order.number
    )


def _refuse_day(session: Session, doing: Doing) -> None:
    """Refuse a day that has not come, or before the order, or before what works on its lines began or ended."""
    lines = [line_id for line_id in (doing.line.id, doing.order.from_line_id) if line_id is not None]
    periods = session.execute(select(Service.starts_on, Service.ends_on).where(Service.line_id.in_(lines))).all()
    not_before = max([doing.order.placed_on, *(row.ends_on or row.starts_on for row in periods)])
    fault = done_fault(doing.done_on, on=doing.on, not_before=not_before)
    if fault is not None:
        raise fault


def _leave_late_start(session: Session, doing: Doing, nation: Nation) -> None:
    """Leave a service failure when the promise was not kept and it was not the customer who held us up.

    A later day that the customer asked for moves what is owed from; a day we moved for a reason of ours does not.
    """
    order: CustomerOrder = doing.order
    if order.kind not in STARTS or order.committed_on is None:
        return
    promised_on = promised_day(order.committed_on, order.required_on, nation)
    if doing.done_on <= promised_on:
        return
    problems = session.execute(select(KciEvent.problem_code).where(KciEvent.order_id == order.id, KciEvent.kind == KciKind.DELAY)).scalars()
    if is_excused(tuple(problems)):
        return
    promised_at, done_at = london_instant(promised_on, END_OF_PROMISED_DAY), start_of_day(doing.done_on)
    covered = {"line_id": order.line_id, "since": order.placed_at, "until": done_at}
    began_at = session.execute(block("orders", "mborc.first"), covered).scalar()
    is_guaranteed, guarantee_ends_at = guarantee_under(began_at, promised_at)
    leave_service_failure(
        session,
        source_key=f"order/{order.number}/delayed-start",
        district_code=order.district_code,
        account_id=order.account_id,
        line_id=order.line_id,
        kind=FailureKind.DELAYED_START,
        reference=order.number,
        issue_on=promised_on,
        promised_at=promised_at,
        put_right_at=done_at,
        business_date=doing.on,
        is_guaranteed=is_guaranteed,
        guarantee_ends_at=guarantee_ends_at,
    )
