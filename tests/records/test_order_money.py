"""What orders leave on billing's shelf: done, given up, visited in vain; and what is said of it before."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from css.core.errors import NotFound, Refused
from css.core.money import Price
from css.core.words import HalfDay, MissCause, PairState, PriceBasis
from css.handover import BillableItem
from css.master.districts import roll_business_date
from css.master.plant import Pair
from css.master.services import Service
from css.quotes.placing import order_effect
from orders.actions import (
    amend_order,
    cancel_order,
    cancel_other,
    commit_order,
    complete_task,
    delay_order,
    miss_appointment,
    resume_order,
    terminate_order,
)
from orders.commands.orders import (
    AmendOrder,
    CancelOrder,
    CancelOther,
    CommitOrder,
    CompleteTask,
    DelayOrder,
    MissAppointment,
    ResumeOrder,
    Slot,
    TerminateOrder,
)
from orders.queries.worth import cancellation_charges
from orders.words import CancelOtherReason, OrderState, TaskKind
from tests import builders
from tests.builders import AT, CLERK, DAY, PARTNER_ACTOR, SYSTEM, BuiltAccount, BuiltDistrict
from tests.records.gaining import a_takeover, a_transfer, cease_of, partners_account
from tests.records.ordering import PROMISED, a_cease, a_provide, complete, place

BUILT_BY = date(2026, 3, 30)
SATURDAY, MONDAY_AFTER = date(2026, 3, 14), date(2026, 3, 16)
SLOT = Slot(slot_on=date(2026, 3, 9), half_day=HalfDay.AM)
EXCESS = Price.of("45000.5")


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session)


@pytest.fixture
def account(session: Session, zz: BuiltDistrict) -> BuiltAccount:
    return builders.account(session, zz)


def left(session: Session, order_number: str) -> dict[str, tuple[str, str, str]]:
    """What lies on the shelf for an order: key without the order, and the words with both prices."""
    items = session.execute(select(BillableItem).where(BillableItem.reference == order_number).order_by(BillableItem.id)).scalars().all()
    prefix = f"order/{order_number}/"
    assert all(item.source_key.startswith(prefix) for item in items)
    return {item.source_key.removeprefix(prefix): (item.words, str(item.net_price), str(item.gross_price)) for item in items}


def cancel(session: Session, order_number: str, on: date = DAY) -> None:
    if on > DAY:
        roll_business_date(session, "ZZ", to=on)
    at = datetime.combine(on, AT.timetz())
    cancel_order(session, CancelOrder(order_number=order_number, reason="Changed their mind."), by=CLERK, at=at)


def hold(session: Session, order_number: str, problem: str) -> None:
    delay_order(session, DelayOrder(order_number=order_number, problem_code=problem, words="Held."), by=SYSTEM, at=AT)


CONNECTION = ("Connection of residential line", "12500", "15000")
FEE = ("Cancellation of an order", "2000", "2400")


# --- done -----------------------------------------------------------------------------------------------------------------


def test_each_charge_is_left_once_under_its_own_key_for_the_service_it_is_for(
    session: Session, zz: BuiltDistrict, account: BuiltAccount
) -> None:
    placed = place(session, a_provide(zz, account, number="01632 960777"))
    complete(session, placed.order_number, PROMISED)
    assert left(session, placed.order_number) == {
        "connection/LINE-RES": CONNECTION,
        "number/FEE-NUMBER-CHOICE": ("Choice of telephone number", "1250", "1500"),
    }
    items = session.execute(select(BillableItem)).scalars().all()
    main = session.execute(select(Service.id).where(Service.account_id == account.id)).scalar_one()
    assert {(item.service_id, item.account_id, item.occurs_on, item.business_date, item.basis) for item in items} == {
        (main, account.id, PROMISED, PROMISED, PriceBasis.GROSS)
    }


def test_prices_are_those_of_the_day_the_work_was_done(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    """The price of a connection is raised from the day the work is done, after it was promised."""
    session.execute(
        text(
            "INSERT INTO css.product_price (product_id, kind, segment, starts_on, basis, net_price, gross_price, recorded_on, reason)"
            " SELECT id, 'connection', 'residential', :day, 'gross', 20000, 24000, :today, 'dear' FROM css.product WHERE code = 'LINE-RES'"
        ),
        {"day": PROMISED, "today": DAY},
    )
    placed = place(session, a_provide(zz, account))
    complete(session, placed.order_number, PROMISED)
    assert left(session, placed.order_number)["connection/LINE-RES"][1:] == ("20000", "24000")


def test_a_home_pays_nothing_for_coming_to_us(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    theirs = builders.working_line(session, zz, partners_account(session, zz))
    placed = place(session, a_transfer(account, theirs))
    complete(session, placed.order_number, date(2026, 3, 16))
    assert left(session, placed.order_number) == {}
    assert session.execute(select(BillableItem)).scalars().all() == []


# --- given up -------------------------------------------------------------------------------------------------------------


def test_giving_up_a_promise_costs_the_fee_that_was_told(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account, number="01632 960777"))
    told = cancellation_charges(session, placed.order_number, by=CLERK)
    cancel(session, placed.order_number)
    assert left(session, placed.order_number) == {"cancellation/FEE-CANCEL": FEE}
    assert [(one.words, str(one.net_price), str(one.gross_price)) for one in told] == [FEE]
    assert cancellation_charges(session, placed.order_number, by=CLERK) == (), "it has ended"


def test_on_the_day_promised_giving_up_costs_the_connection(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account, product_codes=("LINE-RES", "CALLER-DISPLAY")))
    hold(session, placed.order_number, "ACCESS_ISSUE")
    cancel(session, placed.order_number, PROMISED)
    assert left(session, placed.order_number) == {
        "connection/LINE-RES": ("Connection of residential line, given up on the day", "12500", "15000")
    }


@pytest.mark.parametrize(
    ("on", "owed"), [(PROMISED, FEE), (SATURDAY, FEE), (MONDAY_AFTER, (f"{CONNECTION[0]}, given up on the day", *CONNECTION[1:]))]
)
def test_a_later_day_the_customer_asked_for_is_the_day_that_counts(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, on: date, owed: tuple[str, str, str]
) -> None:
    """Asked for a Saturday, it is promised for the Monday after."""
    placed = place(session, a_provide(zz, account))
    amend_order(session, AmendOrder(order_number=placed.order_number, required_on=SATURDAY), by=CLERK, at=AT)
    hold(session, placed.order_number, "ACCESS_ISSUE")
    cancel(session, placed.order_number, on)
    assert list(left(session, placed.order_number).values()) == [owed]


@pytest.mark.parametrize("problem", ["NETWORK_ISSUE", "UNABLE_TO_ATTEND"])
def test_nothing_is_owed_where_we_put_it_off(session: Session, zz: BuiltDistrict, account: BuiltAccount, problem: str) -> None:
    placed = place(session, a_provide(zz, account))
    hold(session, placed.order_number, problem)
    cancel(session, placed.order_number, PROMISED + timedelta(7))
    assert left(session, placed.order_number) == {}


def test_nothing_is_owed_where_a_date_of_ours_was_given_later(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account))
    hold(session, placed.order_number, "NETWORK_ISSUE")
    resume = ResumeOrder(order_number=placed.order_number, target_on=date(2026, 3, 23))
    resume_order(session, resume, by=SYSTEM, at=AT)
    cancel(session, placed.order_number)
    assert left(session, placed.order_number) == {}


@pytest.mark.parametrize(("problem", "owed"), [("NETWORK_ISSUE", {}), ("ACCESS_ISSUE", {"cancellation/FEE-CANCEL": FEE})])
def test_nothing_is_owed_where_we_moved_the_date(
    session: Session, zz: BuiltDistrict, account: BuiltAccount, problem: str, owed: dict[str, tuple[str, str, str]]
) -> None:
    placed = place(session, a_provide(zz, account))
    amend_order(session, AmendOrder(order_number=placed.order_number, required_on=MONDAY_AFTER, reason_code=problem), by=CLERK, at=AT)
    cancel(session, placed.order_number)
    assert left(session, placed.order_number) == owed


def test_nothing_is_owed_for_what_we_end_or_the_loser_stops(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    ended = place(session, a_provide(zz, account, address_key=zz.gold[1].address_key)).order_number
    end = TerminateOrder(order_number=ended, problem_code="CAPACITY_ISSUE", words="Full.")
    terminate_order(session, end, by=SYSTEM, at=AT)
    line = builders.working_line(session, zz, partners_account(session, zz))
    taking = place(session, a_takeover(account, line.site, number=line.number)).order_number
    stop = CancelOther(order_number=cease_of(session, taking), reason=CancelOtherReason.NOT_MOVING)
    cancel_other(session, stop, by=PARTNER_ACTOR, at=AT)
    assert left(session, ended) == left(session, taking) == {}


def test_whoever_stays_pays_nothing(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    line = builders.working_line(session, zz, account)
    placed = place(session, a_cease(account, line.number, required_on=date(2026, 3, 9)))
    cancel(session, placed.order_number)
    assert left(session, placed.order_number) == {}


# --- new plant ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def building(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> str:
    """An order for which a pair must be built; planning found what that costs, and Mrs Tansley agreed."""
    session.execute(update(Pair).values(state=PairState.FAULTY))
    placed = place(session, a_provide(zz, account, required_on=BUILT_BY))
    assert placed.state is OrderState.ACKNOWLEDGED
    return placed.order_number


def _commit(session: Session, order_number: str) -> None:
    commit = CommitOrder(order_number=order_number, committed_on=BUILT_BY, excess_price=EXCESS, excess_consented_by="Mrs Ada Tansley")
    commit_order(session, commit, by=SYSTEM, at=AT)


def _build(session: Session, order_number: str) -> None:
    done = CompleteTask(order_number=order_number, task=TaskKind.PLANT, checks=("PAIR_BUILT", "PAIR_TESTED", "RECORDED"), done_on=DAY)
    complete_task(session, done, by=SYSTEM, at=AT)


def test_before_a_promise_nothing_is_owed(session: Session, building: str) -> None:
    assert cancellation_charges(session, building, by=CLERK) == ()
    cancel(session, building)
    assert left(session, building) == {}


EXCESS_LEFT = ("Excess construction", "45000.5", "54000.6")
"""VAT is on it as on everything else: 20%."""


def test_what_building_costs_is_charged_when_the_line_works(session: Session, building: str) -> None:
    _commit(session, building)
    effect = order_effect(session, building, by=CLERK)
    assert (str(effect.once.net), str(effect.once.gross)) == ("575.01", "690.01")
    _build(session, building)
    complete(session, building, BUILT_BY)
    assert left(session, building) == {"connection/LINE-RES": CONNECTION, "excess/FEE-EXCESS": EXCESS_LEFT}
    (excess,) = session.execute(select(BillableItem).where(BillableItem.words == "Excess construction")).scalars()
    assert excess.basis is PriceBasis.NET


def test_what_was_built_is_owed_by_whoever_gives_it_up(session: Session, building: str) -> None:
    _commit(session, building)
    assert [one.words for one in cancellation_charges(session, building, by=CLERK)] == ["Cancellation of an order"]
    _build(session, building)
    cancel(session, building)
    assert left(session, building) == {"cancellation/FEE-CANCEL": FEE, "excess/FEE-EXCESS": EXCESS_LEFT}


# --- visits in vain -------------------------------------------------------------------------------------------------------


def _missed(session: Session, order_number: str, cause: MissCause, on: date, again: Slot | None = None) -> None:
    roll_business_date(session, "ZZ", to=on)
    at = datetime.combine(on, AT.timetz()) + timedelta(hours=2)
    miss_appointment(session, MissAppointment(order_number=order_number, cause=cause, appointment=again), by=SYSTEM, at=at)


def test_every_visit_in_vain_is_charged_once(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account, appointment=SLOT))
    again = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.PM)
    _missed(session, placed.order_number, MissCause.NO_ACCESS, SLOT.slot_on, again)
    _missed(session, placed.order_number, MissCause.NO_ADULT, date(2026, 3, 13))
    shelf = left(session, placed.order_number)
    assert sorted(shelf.values()) == [
        ("Visit in vain on the afternoon of 12 March 2026", "10833.333333", "13000"),
        ("Visit in vain on the morning of 9 March 2026", "10833.333333", "13000"),
    ]
    assert all(key.startswith("visit-ZZV") and key.endswith("/VISIT") for key in shelf)


def test_a_visit_we_missed_costs_nothing(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account, appointment=SLOT))
    _missed(session, placed.order_number, MissCause.NO_SHOW, SLOT.slot_on)
    assert left(session, placed.order_number) == {}


# --- said before ----------------------------------------------------------------------------------------------------------


def test_the_losing_side_is_told_its_own_money_and_no_partner_anothers(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    theirs = partners_account(session, zz)
    line = builders.working_line(session, zz, theirs)
    taking = place(session, a_takeover(account, line.site, number=line.number)).order_number
    losing = order_effect(session, cease_of(session, taking), by=PARTNER_ACTOR)
    assert losing.card.account_number == theirs.number
    assert losing.first is not None
    assert losing.script[0].startswith("01632 960123 goes to another occupant or another provider on Monday 9 March 2026")
    for wanted in (order_effect, cancellation_charges):
        with pytest.raises(NotFound):
            wanted(session, taking, by=PARTNER_ACTOR)


def test_an_order_that_is_done_says_nothing_of_bills_to_come(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account))
    assert order_effect(session, placed.order_number, by=CLERK).first is not None
    complete(session, placed.order_number, PROMISED)
    assert order_effect(session, placed.order_number, by=CLERK).first is None


def test_a_refused_cancellation_leaves_nothing(session: Session, zz: BuiltDistrict, account: BuiltAccount) -> None:
    placed = place(session, a_provide(zz, account))
    late = datetime(2026, 3, 6, 16, 0, tzinfo=AT.tzinfo)
    with pytest.raises(Refused, match="too late"):
        cancel_order(session, CancelOrder(order_number=placed.order_number, reason="No."), by=CLERK, at=late)
    assert left(session, placed.order_number) == {}
