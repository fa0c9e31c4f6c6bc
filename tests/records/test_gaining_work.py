"""A taking as it is worked on: by tasks, moved by its customer, ended by us, beside other orders; and what it costs in statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import to_london
from css.handover import BillableItem
from css.master.districts import roll_business_date
from css.master.products import Product
from orders.actions import amend_order, cancel_other, complete_task, fail_task, terminate_order
from orders.commands.orders import AmendOrder, CancelOther, CompleteTask, FailTask, TerminateOrder
from orders.queries.cards import order_card
from orders.queries.tasks import order_tasks
from orders.rules.tasks import checks_of
from orders.words import CancelOtherReason, OrderKind, OrderState, TaskKind
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, SYSTEM
from tests.conftest import QueryCount
from tests.records.gaining import (
    STARTED,
    TAKEN,
    TRANSFERRED,
    a_start,
    a_takeover,
    a_transfer,
    cease_of,
    kinds_of,
    outbox_of,
    partners_account,
    plant_of,
    state_of,
    stream_of,
)
from tests.records.ordering import a_provide, complete, place

Counting = Callable[[], AbstractContextManager[QueryCount]]


def test_the_last_task_passes_the_line(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    cease = cease_of(session, number)
    kinds = [task.kind for task in order_tasks(session, number, by=CLERK)]
    assert kinds == [TaskKind.EXCHANGE, TaskKind.DIRECTORY, TaskKind.EMERGENCY]
    assert order_tasks(session, cease, by=CLERK) == (), "it is done with the order that takes the line"
    roll_business_date(session, "ZZ", to=TAKEN)
    for n, kind in enumerate(kinds):
        assert state_of(session, cease) is OrderState.COMMITTED, n
        ticks = tuple(check.code for check in checks_of(kind, OrderKind.TAKEOVER))
        command = CompleteTask(order_number=number, task=kind, checks=ticks, done_on=TAKEN)
        complete_task(session, command, by=SYSTEM, at=datetime.combine(TAKEN, AT.timetz()))
    assert (state_of(session, number), state_of(session, cease)) == (OrderState.COMPLETED, OrderState.COMPLETED)
    assert plant_of(session, line.id)[2] == mover.id


def test_a_task_that_fails_holds_both_sides_up(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    command = FailTask(order_number=number, task=TaskKind.EXCHANGE, problem_code="NETWORK_ISSUE", words="Mr Marlow's port is dead.")
    fail_task(session, command, by=SYSTEM, at=AT)
    cease = cease_of(session, number)
    assert (state_of(session, number), state_of(session, cease)) == (OrderState.HELD, OrderState.HELD)
    told = stream_of(session, cease)[-1]
    assert (told.kind.value, told.problem_code, told.words) == ("DELAY", "NETWORK_ISSUE", "The takeover of the line is held up.")


def test_whoever_comes_may_come_later_and_the_loser_has_as_much_longer(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    cease = cease_of(session, number)
    amend_order(session, AmendOrder(order_number=number, required_on=date(2026, 3, 18)), by=CLERK, at=AT)
    card = order_card(session, cease, by=PARTNER_ACTOR)
    assert (card.required_on, card.target_on) == (date(2026, 3, 18), date(2026, 3, 18))
    assert card.no_return_at is not None
    assert to_london(card.no_return_at).strftime("%d %b %H:%M") == "17 Mar 16:00"
    assert kinds_of(session, cease) == ["CREATED", "REAPPOINTED"]
    assert [sent["TargetDate"] for sent in outbox_of(session, "BRACKWAT")] == ["2026-03-09", "2026-03-18"]


def test_what_does_not_concern_the_loser_is_not_told(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    amend_order(session, AmendOrder(order_number=number, contact_name="Benjamin Marlow"), by=CLERK, at=AT)
    assert kinds_of(session, cease_of(session, number)) == ["CREATED"]


def test_what_we_end_ends_for_both_and_costs_nobody_anything(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    cease = cease_of(session, number)
    terminate_order(session, TerminateOrder(order_number=number, problem_code="CAPACITY_ISSUE", words="Full."), by=SYSTEM, at=AT)
    assert (state_of(session, number), state_of(session, cease)) == (OrderState.TERMINATED, OrderState.TERMINATED)
    told = stream_of(session, cease)[-1]
    assert (told.kind.value, told.problem_code) == ("TERMINATED", "CAPACITY_ISSUE")
    assert told.words == "The takeover of the line was given up; the line stays as it is."
    assert session.execute(select(BillableItem)).first() is None


def test_orders_linked_with_one_that_was_stopped_are_warned(session: Session) -> None:
    zz = builders.district(session)
    leaver, mover = partners_account(session, zz), builders.account(session, zz)
    line = builders.working_line(session, zz, leaver)
    number = place(session, a_takeover(mover, line.site, number=line.number)).order_number
    beside = place(session, a_provide(zz, mover, address_key=line.site.address_key, linked_order=number)).order_number
    stop = CancelOther(order_number=cease_of(session, number), reason=CancelOtherReason.NOT_MOVING)
    cancel_other(session, stop, by=PARTNER_ACTOR, at=AT)
    warned = stream_of(session, beside)[-1]
    assert (warned.kind.value, warned.problem_code) == ("WARNING", "LINKED_ORDER_ISSUE")
    assert "was stopped by the provider who has the line" in warned.words
    assert state_of(session, beside) is OrderState.COMMITTED


def test_each_kind_leaves_its_fee_once_with_whoever_gains(session: Session) -> None:
    zz = builders.district(session)
    was, partner, mover = builders.account(session, zz), partners_account(session, zz), builders.account(session, zz)
    builders.stopped_line(session, zz, site=zz.gold[3])
    taken, moved = builders.working_line(session, zz, was), builders.working_line(session, zz, was)
    orders = (
        (place(session, a_start(zz, mover, address_key=zz.gold[3].address_key)), STARTED),
        (place(session, a_takeover(mover, taken.site)), TAKEN),
        (place(session, a_transfer(partner, moved), by=PARTNER_ACTOR), TRANSFERRED),
    )
    for order, day in orders:
        complete(session, order.order_number, day)
    left = session.execute(
        select(BillableItem.account_id, Product.code, BillableItem.reference)
        .join(Product, Product.id == BillableItem.product_id)
        .order_by(BillableItem.id)
    )
    assert [tuple(row) for row in left] == [
        (mover.id, "FEE-START", orders[0][0].order_number),
        (mover.id, "FEE-TAKEOVER", orders[1][0].order_number),
        (partner.id, "FEE-TRANSFER", orders[2][0].order_number),
    ]


def test_more_on_the_line_is_no_more_statements(session: Session, query_count: Counting) -> None:
    zz = builders.district(session, pairs=8, sites=6)
    losing, gaining = builders.account(session, zz), partners_account(session, zz)
    bare = [builders.working_line(session, zz, losing) for _ in range(2)]
    features = ("CALLER-DISPLAY", "CALL-WAITING", "CALL-SIGN", "THREE-WAY", "ANON-REJECT", "VOICEMAIL-1571", "BROADBAND")
    full = [builders.working_line(session, zz, losing, features=features) for _ in range(2)]
    counts: list[int] = []
    # The first of each warms what is kept of a connection.
    for line in (bare[0], full[0], bare[1], full[1]):
        with query_count() as placing:
            place(session, a_transfer(gaining, line), by=PARTNER_ACTOR)
        counts.append(len(placing))
    assert counts[2] == counts[3] <= 50, counts
