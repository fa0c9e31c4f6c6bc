"""What debt treatment leaves on the shelf: who must wait and for what, what is taken, what comes to nothing; and bars by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import CssError
from css.core.words import BarKind, EndReason, HoldKind, LineState, RequestKind, Role
from css.handover import BillableItem, Hold, OrderRequest, holds_of_account, leave_order_request, lift_hold, place_hold
from css.master.accounts import Account
from css.master.districts import roll_business_date
from css.master.line_story import LineEventKind, line_story
from css.master.lines import Line, LineBar
from css.master.reference import RETAIL
from css.master.services import Service
from orders.actions import delay_order, terminate_order
from orders.actions.requests import take_order_requests
from orders.commands.orders import DelayOrder, PlaceOrder, TerminateOrder
from orders.commands.requests import RequestsTaken, TakeOrderRequests
from orders.model import CustomerOrder
from orders.queries.cards import order_card
from orders.queries.requests import TONIGHT, waiting_order_requests
from orders.words import CeaseReason, OrderKind, OrderState
from tests import builders
from tests.builders import AT, CLERK, DAY, SYSTEM, BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.gaining import a_takeover
from tests.records.ordering import complete, place, refused, stream
from tests.records.places import a_move
from tests.records.test_order_changes import a_change

NIGHT = Actor("batch", "night", RETAIL, frozenset(), "night")
DAY_OF_MOVE = date(2026, 3, 9)
SUPERVISOR = Actor("operator", "SUE", RETAIL, frozenset({Role.SUPERVISOR.value}), "screen")


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


@pytest.fixture
def line(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> BuiltLine:
    return builders.working_line(session, zz, account)


def ask(session: Session, line: BuiltLine, kind: RequestKind, key: str, bar: BarKind | None = None) -> bool:
    return leave_order_request(
        session,
        source_key=key,
        district_code="ZZ",
        account_id=line.account.id,
        line_id=line.id,
        kind=kind,
        reason="Nothing was paid after the final reminder.",
        at=AT,
        bar=bar,
    )


def take(session: Session, by: Actor = NIGHT) -> RequestsTaken:
    return take_order_requests(session, TakeOrderRequests(district_code="ZZ"), by=by, at=AT)


def hold(session: Session, line: BuiltLine, kind: HoldKind, *, whole_account: bool = False, reference: str = "ZZC00000017") -> None:
    place_hold(
        session,
        source_key=f"test/{kind.value}",
        account_id=line.account.id,
        line_id=None if whole_account else line.id,
        kind=kind,
        reference=reference,
        at=AT,
    )


def bars_on(session: Session, line: BuiltLine) -> list[BarKind]:
    return list(
        session.execute(select(LineBar.kind).where(LineBar.line_id == line.id, LineBar.ends_at.is_(None)).order_by(LineBar.id)).scalars()
    )


def waiting(session: Session) -> list[str]:
    return [row.words for row in waiting_order_requests(session, "ZZ", by=CLERK)]


def barred(session: Session, line: BuiltLine) -> None:
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    take(session)
    assert bars_on(session, line) == [BarKind.OUTGOING]


def test_a_bar_asked_for_twice_is_one_order_and_done_the_same_night(session: Session, line: BuiltLine) -> None:
    assert ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert not ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert waiting(session) == [TONIGHT]
    taken = take(session)
    (number,) = taken.order_numbers
    assert (taken.read_count, taken.waiting_count, taken.ended_count, taken.alarms) == (1, 0, 0, ())
    order = session.execute(select(CustomerOrder).where(CustomerOrder.number == number)).scalar_one()
    assert (order.kind, order.state, order.bar, order.is_treatment) == (OrderKind.BAR, OrderState.COMPLETED, BarKind.OUTGOING, True)
    assert (order.required_on, order.done_on, order.placed_by) == (DAY, DAY, "night")
    assert bars_on(session, line) == [BarKind.OUTGOING]
    assert stream(session, number) == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
    assert take(session) == RequestsTaken(read_count=0, order_numbers=(), waiting_count=0, ended_count=0, stopped_orders=())
    assert waiting(session) == []
    assert holds_of_account(session, line.account.number) == ()


def test_the_ladder_goes_on_to_a_deeper_bar_and_one_restore_lifts_both(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    ask(session, line, RequestKind.BAR, "debt/1/tos", BarKind.OUT_OF_SERVICE)
    take(session)
    assert bars_on(session, line) == [BarKind.OUTGOING, BarKind.OUT_OF_SERVICE]
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    (restored,) = take(session).order_numbers
    assert bars_on(session, line) == []
    assert order_card(session, restored, by=CLERK).state is OrderState.COMPLETED


def test_a_bar_that_is_on_already_comes_to_nothing(session: Session, line: BuiltLine) -> None:
    ask(session, line, RequestKind.BAR, "debt/1/tos", BarKind.OUT_OF_SERVICE)
    take(session)
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert waiting(session) == ["Nothing will come of it: TOS is on the line already."]
    taken = take(session)
    assert (taken.order_numbers, taken.ended_count) == ((), 1)
    settled = session.execute(select(OrderRequest).where(OrderRequest.source_key == "debt/1/bar")).scalar_one()
    assert (settled.words, settled.ended_at) == ("TOS is on the line already.", AT)


@pytest.mark.parametrize("asked", [RequestKind.BAR, RequestKind.CEASE])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (HoldKind.DISPUTE, "a dispute is open (ZZC00000017)"),
        (HoldKind.OPEN_FAULT, "a fault is open (ZZC00000017)"),
        (HoldKind.OPEN_ORDER, "an order is open (ZZC00000017)"),
        (HoldKind.VULNERABLE, "somebody vulnerable depends on the line (ZZC00000017)"),
        (HoldKind.PAYMENT_PLAN, "a payment plan is kept (ZZC00000017)"),
    ],
)
def test_bar_and_cease_wait_for_every_hold_and_say_for_which(
    session: Session, line: BuiltLine, asked: RequestKind, kind: HoldKind, words: str
) -> None:
    hold(session, line, kind)
    ask(session, line, asked, "debt/1")
    taken = take(session)
    assert (taken.order_numbers, taken.waiting_count) == ((), 1)
    assert waiting(session) == [f"It waits: {words}."]
    lift_hold(session, source_key=f"test/{kind.value}", at=AT)
    assert waiting(session) == [TONIGHT]
    assert len(take(session).order_numbers) == 1


def test_every_reason_is_told(session: Session, line: BuiltLine) -> None:
    hold(session, line, HoldKind.DISPUTE, whole_account=True, reference="D1")
    hold(session, line, HoldKind.OPEN_FAULT, reference="F1")
    ask(session, line, RequestKind.CEASE, "debt/1/cease")
    assert waiting(session) == ["It waits: a dispute is open (D1); a fault is open (F1)."]


def test_what_holds_another_line_of_the_account_holds_not_this_one(session: Session, zz: BuiltDistrict, line: BuiltLine) -> None:
    hold(session, builders.working_line(session, zz, line.account), HoldKind.OPEN_FAULT)
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert len(take(session).order_numbers) == 1


def test_a_restore_waits_for_no_hold_and_for_no_other_order(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    hold(session, line, HoldKind.DISPUTE, whole_account=True)
    change = place(session, a_change(line, product_codes=("CALL-SIGN",)))
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    (restored,) = take(session).order_numbers
    assert bars_on(session, line) == []
    assert order_card(session, restored, by=CLERK).state is OrderState.COMPLETED
    complete(session, change.order_number, date(2026, 3, 4))


def test_a_bar_waits_for_the_order_that_is_open_on_the_line_though_its_hold_was_lifted(session: Session, line: BuiltLine) -> None:
    change = place(session, a_change(line, product_codes=("CALL-SIGN",)))
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert waiting(session) == [f"It waits: an order is open ({change.order_number})."]
    lift_hold(session, source_key=f"order/{change.order_number}", at=AT)
    assert waiting(session) == [f"It waits: an order is open ({change.order_number})."]
    assert take(session).waiting_count == 1


def test_a_cease_for_debt_keeps_its_lead_time_and_ends_the_line(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    ask(session, line, RequestKind.CEASE, "debt/1/cease")
    (number,) = take(session).order_numbers
    order = session.execute(select(CustomerOrder).where(CustomerOrder.number == number)).scalar_one()
    assert (order.state, order.required_on, order.reason_code) == (OrderState.COMMITTED, date(2026, 3, 4), CeaseReason.DEBT)
    assert [row.kind for row in holds_of_account(session, line.account.number)] == [HoldKind.TREATMENT]
    complete(session, number, date(2026, 3, 4))
    assert session.execute(select(Service.end_reason).where(Service.id == line.service_id)).scalar_one() is EndReason.DEBT
    assert session.get_one(Line, line.id).state is LineState.STOPPED
    assert bars_on(session, line) == []


def test_treatment_never_stands_in_its_own_way(session: Session, line: BuiltLine) -> None:
    """A bar that could not be put on yet does not hold up the cease: it ends for it."""
    bar = place(session, a_bar(line), by=SUPERVISOR)
    ask(session, line, RequestKind.CEASE, "debt/1/cease")
    taken = take(session)
    assert taken.stopped_orders == (bar.order_number,)
    assert order_card(session, taken.order_numbers[0], by=CLERK).kind is OrderKind.CEASE
    assert stream(session, bar.order_number)[-1] == "TERMINATED"


# Who paid.


def test_a_restore_before_the_bar_is_taken_leaves_no_order_at_all(session: Session, line: BuiltLine) -> None:
    hold(session, line, HoldKind.DISPUTE)
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    take(session)
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    lift_hold(session, source_key="test/dispute", at=AT)
    taken = take(session)
    assert (taken.order_numbers, taken.ended_count, taken.waiting_count) == ((), 2, 0)
    assert session.execute(select(CustomerOrder.id)).all() == []
    words = session.execute(select(OrderRequest.words).order_by(OrderRequest.id)).scalars()
    assert list(words) == ["A restore was asked for later.", "No bar was on: there is nothing to restore."]


def test_a_restore_while_the_bar_is_still_open_cancels_it(session: Session, line: BuiltLine) -> None:
    bar = place(session, a_bar(line), by=SUPERVISOR)
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    taken = take(session)
    assert (taken.order_numbers, taken.ended_count, taken.stopped_orders) == ((), 1, (bar.order_number,))
    assert order_card(session, bar.order_number, by=CLERK).state is OrderState.TERMINATED
    assert bars_on(session, line) == []
    assert holds_of_account(session, line.account.number) == ()


def test_a_restore_stops_a_cease_for_debt_that_is_not_done_yet(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    ask(session, line, RequestKind.CEASE, "debt/1/cease")
    (cease,) = take(session).order_numbers
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    taken = take(session)
    assert taken.stopped_orders == (cease,)
    assert order_card(session, taken.order_numbers[0], by=CLERK).kind is OrderKind.RESTORE
    assert order_card(session, cease, by=CLERK).state is OrderState.TERMINATED
    assert session.get_one(Line, line.id).state is LineState.WORKING
    assert bars_on(session, line) == []


def test_a_customers_own_cease_is_not_stopped_by_a_restore(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    cease = place(session, a_change(line, OrderKind.CEASE))
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    taken = take(session)
    assert (taken.stopped_orders, len(taken.order_numbers)) == ((), 1)
    assert order_card(session, cease.order_number, by=CLERK).state is OrderState.COMMITTED


def test_what_lapses_again_after_it_was_paid_is_barred_again(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    ask(session, line, RequestKind.BAR, "debt/2/bar")
    kinds = [order_card(session, number, by=CLERK).kind for number in take(session).order_numbers]
    assert kinds == [OrderKind.RESTORE, OrderKind.BAR]
    assert bars_on(session, line) == [BarKind.OUTGOING]


def test_a_line_that_is_no_longer_the_accounts_is_let_be(session: Session, line: BuiltLine) -> None:
    cease = place(session, a_change(line, OrderKind.CEASE))
    complete(session, cease.order_number, date(2026, 3, 4))
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert take(session).ended_count == 1
    assert session.execute(select(OrderRequest.words)).scalar_one() == "The line no longer works for the account."


def test_a_request_whose_order_is_refused_waits_and_says_why(session: Session, line: BuiltLine, account: BuiltAccount) -> None:
    session.execute(update(Account).values(closed_on=DAY))
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    taken = take(session)
    assert (taken.waiting_count, taken.order_numbers) == (1, ())
    assert "CSS201E" in taken.alarms[0]
    assert account.number in taken.alarms[0]
    assert waiting(session) == ["CSS201E The account was closed on 2 March 2026."]


def test_requests_of_another_district_are_left_to_it(session: Session, line: BuiltLine) -> None:
    builders.district(session, "YY")
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert take_order_requests(session, TakeOrderRequests(district_code="YY"), by=NIGHT, at=AT).read_count == 0


@pytest.mark.parametrize("by", [CLERK, builders.PARTNER_ACTOR])
def test_only_treatment_and_a_supervisor_take_requests(session: Session, zz: BuiltDistrict, by: Actor) -> None:
    assert zz.code == "ZZ"
    with pytest.raises(CssError, match="may not do this to orders"):
        take(session, by=by)


def test_many_that_wait_cost_no_more_statements_than_few(session: Session, zz: BuiltDistrict, line: BuiltLine) -> None:
    hold(session, line, HoldKind.DISPUTE)
    for n in range(30):
        ask(session, line, RequestKind.CEASE, f"debt/{n}")
    ask(session, builders.working_line(session, zz, line.account), RequestKind.BAR, "debt/last")
    taken = take(session)
    assert (taken.read_count, taken.waiting_count, len(taken.order_numbers)) == (31, 30, 1)


# By hand.


def a_bar(line: BuiltLine, bar: BarKind = BarKind.OUTGOING) -> PlaceOrder:
    return a_change(line, OrderKind.BAR, bar=bar, required_on=DAY)


def a_restore(line: BuiltLine) -> PlaceOrder:
    return a_change(line, OrderKind.RESTORE, required_on=DAY)


def test_a_bar_is_no_clerks_and_no_partners(session: Session, line: BuiltLine) -> None:
    assert "CSS203E" in refused(session, a_bar(line), by=CLERK)
    assert place(session, a_bar(line), by=SUPERVISOR).state is OrderState.COMMITTED


def test_a_supervisors_bar_is_put_on_when_the_work_is_done(session: Session, line: BuiltLine) -> None:
    bar = place(session, a_bar(line, BarKind.INCOMING), by=SYSTEM)
    assert bars_on(session, line) == []
    complete(session, bar.order_number, DAY)
    assert bars_on(session, line) == [BarKind.INCOMING]
    assert refused(session, a_bar(line), by=SYSTEM) == {"CSS278E": "bar"}
    assert place(session, a_bar(line, BarKind.OUT_OF_SERVICE), by=SYSTEM).state is OrderState.COMMITTED


def test_nothing_to_restore_is_refused(session: Session, line: BuiltLine) -> None:
    assert refused(session, a_restore(line), by=SYSTEM) == {"CSS279E": "number"}


def test_a_bar_says_which(session: Session, line: BuiltLine) -> None:
    assert refused(session, a_change(line, OrderKind.BAR, required_on=DAY), by=SYSTEM) == {"CSS221E": "bar"}


def test_two_restores_are_one_too_many(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    place(session, a_restore(line), by=SYSTEM)
    assert refused(session, a_restore(line), by=SYSTEM) == {"CSS207E": "number"}
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    assert take(session).ended_count == 1


def test_a_restore_that_is_still_open_when_its_line_moves_lifts_the_bar_where_it_goes_on(
    session: Session, zz: BuiltDistrict, line: BuiltLine
) -> None:
    barred(session, line)
    restore = place(session, a_restore(line), by=SUPERVISOR).order_number
    move = place(session, a_move(line.account, line.number, zz.gold[1])).order_number
    complete(session, move, DAY_OF_MOVE)
    moved = session.execute(select(CustomerOrder.line_id).where(CustomerOrder.number == move)).scalar_one()
    on = select(LineBar.kind).where(LineBar.line_id == moved, LineBar.ends_at.is_(None))
    assert session.execute(on).scalars().all() == [BarKind.OUTGOING]
    complete(session, restore, DAY_OF_MOVE)
    assert session.execute(on).scalars().all() == []


def test_a_restore_of_somebody_who_has_lost_the_line_lifts_nobodys_bar_and_costs_nothing(
    session: Session, zz: BuiltDistrict, line: BuiltLine
) -> None:
    barred(session, line)
    restore = place(session, a_restore(line), by=SUPERVISOR).order_number
    newcomer = builders.account(session, zz)
    complete(session, place(session, a_takeover(newcomer, line.site, number=line.number)).order_number, DAY_OF_MOVE)
    its_own = place(session, replace(a_bar(line), account_number=newcomer.number, required_on=DAY_OF_MOVE), by=SUPERVISOR)
    complete(session, its_own.order_number, DAY_OF_MOVE)
    with pytest.raises(CssError, match=f"End order {restore}"):
        complete(session, restore, DAY_OF_MOVE)
    assert bars_on(session, line) == [BarKind.OUTGOING], "the newcomer's own"
    ended = TerminateOrder(order_number=restore, problem_code="NO_LONGER_REQUIRED", words="The line is somebody else's.")
    assert terminate_order(session, ended, by=SUPERVISOR, at=AT).state is OrderState.TERMINATED
    assert session.execute(select(BillableItem.id).where(BillableItem.reference == restore)).all() == []


def test_a_bar_follows_a_restore_that_is_held_up(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    restore = place(session, a_restore(line), by=SYSTEM)
    held = DelayOrder(order_number=restore.order_number, problem_code="NETWORK_ISSUE", words="The exchange does not answer.")
    delay_order(session, held, by=SYSTEM, at=AT)
    ask(session, line, RequestKind.BAR, "debt/2/tos", BarKind.OUT_OF_SERVICE)
    assert waiting(session) == [f"It waits: order {restore.order_number} is done first."]


def test_the_night_takes_requests_on_the_date_that_begins(session: Session, line: BuiltLine) -> None:
    roll_business_date(session, "ZZ", to=DAY + timedelta(days=5))
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    (number,) = take(session).order_numbers
    order = session.execute(select(CustomerOrder).where(CustomerOrder.number == number)).scalar_one()
    # A Saturday: nobody works, and the exchange bars all the same.
    assert (order.placed_on, order.done_on, order.committed_on) == (date(2026, 3, 7), date(2026, 3, 7), date(2026, 3, 9))
    assert session.execute(select(Hold.ends_at).where(Hold.reference == number)).scalar_one() is not None


def test_the_lines_story_tells_of_bars_to_whom_they_concern(session: Session, line: BuiltLine) -> None:
    barred(session, line)
    ask(session, line, RequestKind.RESTORE, "debt/1/paid")
    take(session)
    story = [event.words for event in line_story(session, line.number, by=CLERK).events if event.kind is LineEventKind.BAR]
    assert story == ["Restored: OCB lifted", "Outgoing calls barred for debt"]
    complete(session, place(session, a_change(line, OrderKind.CEASE)).order_number, date(2026, 3, 4))
    assert not [event for event in line_story(session, line.number, by=CLERK).events if event.kind is LineEventKind.BAR]


def test_who_moves_is_not_rid_of_what_treatment_asked_for(session: Session, zz: BuiltDistrict, line: BuiltLine) -> None:
    move = a_change(line, OrderKind.MOVE, address_key=zz.gold[1].address_key, emergency_name="Mrs Ada Tansley", required_on=DAY_OF_MOVE)
    placed = place(session, move)
    ask(session, line, RequestKind.BAR, "debt/1/bar")
    assert take(session).waiting_count == 1
    complete(session, placed.order_number, DAY_OF_MOVE)
    assert len(take(session).order_numbers) == 1
    new_line = session.execute(select(CustomerOrder.line_id).where(CustomerOrder.number == placed.order_number)).scalar_one()
    assert session.execute(select(LineBar.line_id).where(LineBar.ends_at.is_(None))).scalars().all() == [new_line]
