"""Committing an order that planning had to look at first: when it will work, what it costs to build, and where it is fed from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.errors import CssError, Refusals, Refused
from css.core.money import to_money
from css.core.words import AddressMatch
from css.master.districts import business_date
from css.master.lines import Line
from css.master.plant import Cabinet, DistributionPoint, Exchange
from css.master.sites import Site
from orders.actions import linked, tasks, unsolicited
from orders.actions.changing import live_slot, marks, record, tell_of, work_for
from orders.actions.find import OrderFound, lock_order, require_may
from orders.actions.numbers import take_next_number
from orders.commands.orders import CommitOrder, OrderChanged
from orders.model import CustomerOrder, OrderTask
from orders.rules.kinds import KINDS
from orders.rules.lifecycle import Move, move
from orders.rules.surveying import excess_fault, promise_fault
from orders.rules.tasks import checks_of
from orders.words import KciKind, TaskKind, TaskState


@audit.answered
def commit_order(session: Session, command: CommitOrder, *, by: Actor, at: datetime) -> OrderChanged:
    """Promise a day for an order that waited for its survey. The survey is done with it and the tasks of the work are written.

    Excess construction is what planning found, and must have been agreed to. An address the network did not know is on the
    network from now on, fed from the distribution point named, and a number is kept for the line.

    Raises:
        NotFound: CSS202E. Conflict: CSS204E, CSS231E.
        Refused: CSS203E, CSS205E, CSS289E, CSS255E; CSS229E, CSS297E, CSS298E, CSS759E at once as ``Several``.
    """
    require_may(by, "work")
    found = lock_order(session, command.order_number, command.row_version, by)
    order = found.order
    unsolicited.refuse_unsolicited(order)
    moved = move(order.number, order.state, Move.COMMIT)
    survey = session.execute(
        select(OrderTask).where(OrderTask.order_id == order.id, OrderTask.kind == TaskKind.SURVEY, OrderTask.state == TaskState.OPEN)
    ).scalar_one_or_none()
    if survey is None:
        raise tasks.no_task(order, TaskKind.SURVEY, ())
    on = business_date(session, order.district_code)
    row = session.execute(
        select(Site, Exchange.name)
        .join(Exchange, Exchange.id == Site.exchange_id)
        .join(Line, Line.site_id == Site.id)
        .where(Line.id == order.line_id)
        # What refers to the address may be written meanwhile.
        .with_for_update(of=Site, key_share=True)
        .execution_options(populate_existing=True)
    ).one()
    site: Site = row.Site
    wrong = Refusals()
    point_id = wrong.reading(lambda: _point(session, site, command.distribution_point))
    faults = (
        promise_fault(command.committed_on, required_on=order.required_on, on=on, nation=found.nation),
        excess_fault(command.excess_price, agreed=order.excess_agreed, consented_by=command.excess_consented_by),
    )
    wrong.add(*(fault for fault in faults if fault is not None))
    wrong.tell()
    before = marks(order)
    with session.begin_nested():
        if point_id is not None:
            site.match, site.distribution_point_id = AddressMatch.GOLD, point_id
        if order.telephone_number is None:
            order.telephone_number = order.kept_number = take_next_number(session, site.exchange_id, row.name, at)
        _agree_excess(order, command, at)
        order.state = moved.state
        order.committed_on = order.target_on = command.committed_on
        session.execute(
            update(OrderTask)
            .where(OrderTask.id == survey.id)
            .values(
                state=TaskState.DONE,
                checks=[check.code for check in checks_of(TaskKind.SURVEY, order.kind)],
                done_on=on,
                done_at=at,
                done_by=by.name,
            )
        )
        _plan(session, found)
    record(session, order, command, before, verb="commit_order", by=by, at=at)
    words = KINDS[order.kind].promise.format(day=day_words(command.committed_on))
    if order.excess_price:
        words += f" It costs {to_money(order.excess_price).sterling} before VAT to build."
    answer = tell_of(session, order, [(KciKind.COMMITTED, words, None)], at=at)
    linked.after_committed(session, order, at=at)
    return answer


def _point(session: Session, site: Site, named: str | None) -> int | None:
    """The distribution point that will feed an address the network does not know; None for one it knows (CSS298E)."""
    text = (named or "").strip().upper()
    if site.distribution_point_id is not None:
        if text:
            raise _point_fault("The address is fed from its own distribution point already; leave it out.")
        return None
    cabinet, _, point = text.partition("/")
    if not point:
        raise _point_fault("The network does not know the address: name the distribution point that will feed it, as CABINET/POINT.")
    found = session.execute(
        select(DistributionPoint.id)
        .join(Cabinet, Cabinet.id == DistributionPoint.cabinet_id)
        .where(Cabinet.exchange_id == site.exchange_id, Cabinet.code == cabinet.strip(), DistributionPoint.code == point.strip())
    ).scalar()
    if found is None:
        raise _point_fault(f"There is no distribution point {text[:40]} in the exchange's area.")
    return found


def _point_fault(why: str) -> CssError:
    return Refused("CSS298E", "{why}", why=why, element="distribution_point")


def _agree_excess(order: CustomerOrder, command: CommitOrder, at: datetime) -> None:
    """Write down what it costs to build, and who agreed to it now."""
    order.excess_price = command.excess_price or None
    who = (command.excess_consented_by or "").strip()
    if command.excess_price is None or not who:
        return
    order.excess_agreed = to_money(command.excess_price)
    order.consented_by, order.consented_at = who, at


def _plan(session: Session, found: OrderFound) -> None:
    """Write the tasks of the work, and date them by what was promised."""
    order = found.order
    assert order.target_on is not None, "it was just promised"
    slot = live_slot(session, order)
    slot_on = None if slot is None else slot.slot_on
    session.flush()
    tasks.write_work(session, order, nation=found.nation, slot_on=slot_on, needs_visit=True)
    work_for(session, order, order.target_on, nation=found.nation, slot_on=slot_on)
