"""Orders to be done together: promised together, told of each other, and no line taken away before the one in its place is there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.words import HalfDay
from css.db.engine import transaction
from css.master.appointment_commands import ReserveSlot
from css.master.appointment_holding import reserve_slot
from orders.actions import cancel_order, delay_order
from orders.actions.amend import amend_order
from orders.actions.commit import commit_order
from orders.commands.orders import AmendOrder, CancelOrder, CommitOrder, DelayOrder, OrderPlaced, PlaceOrder, Slot
from orders.model import CustomerOrder, KciEvent, OrderTask
from orders.words import KciKind, OrderKind, OrderState, TaskKind
from tests import builders
from tests.builders import AT, CLERK, PARTNER_ACTOR, SYSTEM, BuiltAccount, BuiltDistrict
from tests.race import together
from tests.records.gaining import a_takeover, cease_of, partners_account
from tests.records.numbering import a_port_out
from tests.records.ordering import PROMISED, a_cease, a_provide, complete, place, refused, stream
from tests.records.places import a_firm, an_order, lines_of

LATER = date(2026, 3, 23)
A_PORT_AWAY = date(2026, 3, 11)
"""The first day a port out asked for on Monday 2 March can be for."""


def order_of(session: Session, order_number: str) -> CustomerOrder:
    found = select(CustomerOrder).where(CustomerOrder.number == order_number).execution_options(populate_existing=True)
    return session.execute(found).scalar_one()


def last_event(session: Session, order_number: str) -> tuple[KciKind, str | None, str]:
    row = session.execute(
        select(KciEvent.kind, KciEvent.problem_code, KciEvent.words)
        .join(CustomerOrder, CustomerOrder.id == KciEvent.order_id)
        .where(CustomerOrder.number == order_number)
        .order_by(KciEvent.sequence.desc())
        .limit(1)
    ).one()
    return row.kind, row.problem_code, row.words


def two(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> tuple[OrderPlaced, OrderPlaced]:
    first = place(session, a_provide(zz, account))
    second = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key, linked_order=first.order_number))
    return first, second


def test_linked_orders_share_the_number_of_the_first(session: Session) -> None:
    zz = builders.district(session, pairs=8)
    account = builders.account(session, zz)
    first, second = two(session, zz, account)
    third = place(session, a_provide(zz, account, address_key=zz.gold[2].address_key, linked_order=second.order_number))
    assert {order_of(session, one.order_number).link_number for one in (first, second, third)} == {first.order_number}
    assert last_event(session, first.order_number) == (
        KciKind.ADDITIONAL,
        None,
        f"Order {third.order_number} is to be done together with this one.",
    )
    assert stream(session, second.order_number) == [KciKind.ACKNOWLEDGED, KciKind.COMMITTED, KciKind.ADDITIONAL]


def test_a_later_day_counts_for_all(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first = place(session, a_provide(zz, account))
    second = a_provide(zz, account, address_key=zz.gold[1].address_key, linked_order=first.order_number, required_on=LATER)
    assert place(session, second).committed_on == LATER
    order = order_of(session, first.order_number)
    assert (order.required_on, order.target_on, order.committed_on) == (LATER, LATER, PROMISED), "what was promised stays on record"
    assert order.no_return_at == datetime(2026, 3, 20, 16, tzinfo=UTC)
    due = session.execute(select(OrderTask.due_on).where(OrderTask.order_id == order.id, OrderTask.kind == TaskKind.DIRECTORY)).scalar_one()
    assert due == LATER
    kind, _, words = last_event(session, first.order_number)
    assert (kind, words.endswith("both by 23 March 2026.")) == (KciKind.AMENDED, True)


def test_an_earlier_day_than_the_others_is_refused(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first = place(session, a_provide(zz, account, required_on=LATER))
    second = a_provide(zz, account, address_key=zz.gold[1].address_key, linked_order=first.order_number)
    assert refused(session, second) == {"CSS281E": "required_on"}


def test_a_day_that_cannot_be_moved_any_more_is_not(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    first = place(session, a_provide(zz, account))
    second = a_provide(zz, account, address_key=zz.gold[1].address_key, linked_order=first.order_number, required_on=LATER)
    with pytest.raises(CssError) as caught:
        place(session, second, at=datetime(2026, 3, 6, 16, tzinfo=UTC))
    assert caught.value.code == "CSS206E"


def test_only_open_orders_of_the_account_or_for_the_address_are_linked(session: Session) -> None:
    zz = builders.district(session, pairs=8)
    account, neighbour = builders.account(session, zz), builders.account(session, zz)
    first = place(session, a_provide(zz, account))
    other = a_provide(zz, neighbour, address_key=zz.gold[1].address_key, linked_order=first.order_number)
    assert refused(session, other) == {"CSS280E": "linked_order"}
    same_address = a_provide(zz, neighbour, linked_order=first.order_number)
    linked = place(session, same_address)
    assert order_of(session, linked.order_number).link_number == first.order_number
    complete(session, first.order_number, PROMISED)
    late = a_provide(zz, account, address_key=zz.gold[2].address_key, linked_order=first.order_number, required_on=LATER)
    assert refused(session, late) == {"CSS280E": "linked_order"}
    assert refused(session, a_provide(zz, account, linked_order="ZZO12", required_on=LATER)).popitem()[1] == "linked_order"


def test_to_a_partner_another_providers_order_is_not_there(session: Session) -> None:
    zz = builders.district(session)
    ours = place(session, a_provide(zz, builders.account(session, zz)))
    theirs = builders.account(session, zz, provider_code="BRACKWAT")
    assert refused(session, a_provide(zz, theirs, linked_order=ours.order_number), by=PARTNER_ACTOR) == {"CSS280E": "linked_order"}


def test_a_delay_is_a_warning_to_the_others(session: Session) -> None:
    zz = builders.district(session)
    first, second = two(session, zz, builders.account(session, zz))
    delay = DelayOrder(order_number=second.order_number, problem_code="NETWORK_ISSUE", words="The cable is down.")
    delay_order(session, delay, by=SYSTEM, at=AT)
    kind, code, words = last_event(session, first.order_number)
    assert (kind, code) == (KciKind.WARNING, "LINKED_ORDER_ISSUE")
    assert words == f"Order {second.order_number}, linked with this one, is held up: trouble in the network."
    assert order_of(session, first.order_number).state is OrderState.COMMITTED, "a warning changes nothing"


def test_a_new_date_and_an_end_are_warnings_and_a_completion_is_news(session: Session) -> None:
    zz = builders.district(session, pairs=8)
    account = builders.account(session, zz)
    first, second = two(session, zz, account)
    third = place(session, a_provide(zz, account, address_key=zz.gold[2].address_key, linked_order=first.order_number))
    amend_order(session, AmendOrder(order_number=first.order_number, required_on=LATER), by=CLERK, at=AT)
    assert last_event(session, second.order_number)[0] is KciKind.WARNING
    assert last_event(session, third.order_number)[2].endswith("will be done by 23 March 2026.")
    cancel_order(session, CancelOrder(order_number=first.order_number, reason="Changed my mind"), by=CLERK, at=AT)
    assert last_event(session, third.order_number) == (
        KciKind.WARNING,
        "LINKED_ORDER_ISSUE",
        f"Order {first.order_number}, linked with this one, was cancelled.",
    )
    complete(session, second.order_number, PROMISED)
    assert last_event(session, third.order_number)[0] is KciKind.ADDITIONAL
    assert stream(session, first.order_number)[-1] is KciKind.CANCELLED, "what has ended is told nothing more"


@pytest.mark.parametrize("leaving", [a_cease, a_port_out])
def test_what_takes_a_line_away_waits_for_the_line_that_comes_in_its_place(session: Session, leaving: Callable[..., PlaceOrder]) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    old = builders.working_line(session, zz, account)
    new = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key))
    gone = place(session, leaving(account, old.number, required_on=A_PORT_AWAY, linked_order=new.order_number))
    with pytest.raises(CssError) as caught:
        complete(session, gone.order_number, A_PORT_AWAY)
    assert caught.value.code == "CSS282E"
    complete(session, new.order_number, A_PORT_AWAY)
    complete(session, gone.order_number, A_PORT_AWAY)
    assert order_of(session, gone.order_number).state is OrderState.COMPLETED


def test_a_new_line_does_not_wait_for_the_cease(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    old = builders.working_line(session, zz, account)
    cease = place(session, a_cease(account, old.number, required_on=PROMISED))
    new = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key, linked_order=cease.order_number))
    complete(session, new.order_number, PROMISED)
    assert order_of(session, new.order_number).state is OrderState.COMPLETED


def test_one_that_waits_is_committed_when_the_other_is_given_up(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line = builders.working_line(session, zz, firm)
    old = builders.working_line(session, zz, firm)
    surveyed = place(session, lines_of(firm, line.number, 4, required_on=LATER))
    waiting = place(session, a_cease(firm, old.number, required_on=LATER, linked_order=surveyed.order_number))
    order = order_of(session, waiting.order_number)
    assert (waiting.state, waiting.committed_on, order.no_return_at) == (OrderState.ACKNOWLEDGED, None, None)
    assert stream(session, waiting.order_number) == [KciKind.ACKNOWLEDGED]
    kinds = session.execute(select(OrderTask.kind).where(OrderTask.order_id == order.id)).scalars()
    assert set(kinds) == {TaskKind.EXCHANGE, TaskKind.DIRECTORY, TaskKind.EMERGENCY}, "it is not surveyed itself"
    cancel_order(session, CancelOrder(order_number=surveyed.order_number, reason="Too dear"), by=CLERK, at=AT)
    order = order_of(session, waiting.order_number)
    assert (order.state, order.committed_on, order.target_on) == (OrderState.COMMITTED, LATER, LATER)
    assert order.no_return_at == datetime(2026, 3, 20, 16, tzinfo=UTC)
    assert stream(session, waiting.order_number) == [KciKind.ACKNOWLEDGED, KciKind.WARNING, KciKind.COMMITTED]


def test_what_waits_is_committed_with_the_order_it_waits_for(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line, old = builders.working_line(session, zz, firm), builders.working_line(session, zz, firm)
    surveyed = place(session, lines_of(firm, line.number, 4, required_on=LATER))
    waiting = place(session, a_cease(firm, old.number, required_on=LATER, linked_order=surveyed.order_number))
    built_by = date(2026, 4, 14)
    commit_order(session, CommitOrder(order_number=surveyed.order_number, committed_on=built_by), by=SYSTEM, at=AT)
    order = order_of(session, waiting.order_number)
    assert (order.state, order.committed_on, order.required_on) == (OrderState.COMMITTED, built_by, LATER)
    assert last_event(session, waiting.order_number)[0] is KciKind.COMMITTED


def test_what_waits_is_visited_by_the_day_it_is_wanted_and_promised_for_no_earlier_day_than_its_visit(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line, other = builders.working_line(session, zz, firm), builders.working_line(session, zz, firm)
    surveyed = place(session, lines_of(firm, line.number, 4, required_on=LATER))
    after = ReserveSlot(address_key=other.site.address_key, slot_on=date(2026, 3, 24), half_day=HalfDay.AM)
    held = reserve_slot(session, after, by=CLERK, at=AT).appointment_number
    wanted = {"linked_order": surveyed.order_number, "required_on": LATER}
    shift = an_order(OrderKind.SHIFT, firm, other.number, **wanted, appointment_number=held)
    assert refused(session, shift) == {"CSS222E": "appointment"}
    slot = Slot(slot_on=LATER, half_day=HalfDay.AM)
    waiting = place(session, an_order(OrderKind.SHIFT, firm, other.number, **wanted, appointment=slot)).order_number
    amend_order(session, AmendOrder(order_number=waiting, required_on=date(2026, 3, 19)), by=CLERK, at=AT)
    cancel_order(session, CancelOrder(order_number=surveyed.order_number, reason="Too dear"), by=CLERK, at=AT)
    assert order_of(session, waiting).committed_on == LATER


def test_what_is_promised_already_stays_and_is_warned_of_a_later_promise(session: Session) -> None:
    zz = builders.district(session, pairs=3)
    firm = a_firm(session, zz)
    line, old = builders.working_line(session, zz, firm), builders.working_line(session, zz, firm)
    cease = place(session, a_cease(firm, old.number, required_on=LATER))
    surveyed = place(session, lines_of(firm, line.number, 4, required_on=LATER, linked_order=cease.order_number))
    assert surveyed.state is OrderState.ACKNOWLEDGED
    assert order_of(session, cease.order_number).target_on == LATER
    commit_order(session, CommitOrder(order_number=surveyed.order_number, committed_on=date(2026, 4, 14)), by=SYSTEM, at=AT)
    assert order_of(session, cease.order_number).target_on == LATER
    assert last_event(session, cease.order_number) == (
        KciKind.WARNING,
        "LINKED_ORDER_ISSUE",
        f"Order {surveyed.order_number}, linked with this one, is promised by 14 April 2026.",
    )


def test_whoever_loses_a_line_is_told_the_later_day_too(session: Session) -> None:
    zz = builders.district(session)
    line = builders.working_line(session, zz, partners_account(session, zz))
    taker = builders.account(session, zz)
    taking = place(session, a_takeover(taker, line.site))
    later = a_provide(zz, taker, address_key=zz.gold[1].address_key, linked_order=taking.order_number, required_on=LATER)
    place(session, later)
    cease, cause = order_of(session, cease_of(session, taking.order_number)), order_of(session, taking.order_number)
    assert (cease.target_on, cease.no_return_at) == (cause.target_on, cause.no_return_at) == (LATER, datetime(2026, 3, 20, 16, tzinfo=UTC))
    assert stream(session, cease.number) == [KciKind.CREATED, KciKind.REAPPOINTED]


def test_no_line_is_taken_for_a_day_that_is_not_known(session: Session) -> None:
    zz = builders.district(session, pairs=1)
    line = builders.working_line(session, zz, partners_account(session, zz))
    taker = builders.account(session, zz)
    surveyed = place(session, a_provide(zz, taker, address_key=zz.gold[1].address_key, required_on=LATER))
    assert surveyed.committed_on is None
    taking = a_takeover(taker, line.site, linked_order=surveyed.order_number, required_on=LATER)
    assert refused(session, taking) == {"CSS873E": "linked_order"}


def test_verbs_on_two_linked_orders_at_one_moment_follow_each_other(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        first, second = two(session, zz, builders.account(session, zz))

    def delay(order_number: str) -> None:
        with transaction(fresh_engine) as session:
            command = DelayOrder(order_number=order_number, problem_code="NETWORK_ISSUE", words="The cable is down.")
            delay_order(session, command, by=SYSTEM, at=AT)

    answers = together(lambda: delay(first.order_number), lambda: delay(second.order_number))
    assert answers == [None, None]
    with Session(fresh_engine) as session:
        for placed in (first, second):
            sequence = session.execute(
                select(KciEvent.sequence)
                .join(CustomerOrder, CustomerOrder.id == KciEvent.order_id)
                .where(CustomerOrder.number == placed.order_number)
                .order_by(KciEvent.sequence)
            ).scalars()
            events = list(sequence)
            assert events == list(range(1, len(events) + 1))
            assert {KciKind.DELAY, KciKind.WARNING} <= set(stream(session, placed.order_number))
