"""Journeys of lines that move, installations that grow and shrink, and orders done together, each told up to the bill it causes.

A household pays 22.60 a month with VAT for its line until April 2026 and 23.40 from then on, and 3.25 for caller display; a firm
25.50 and 26.50 without VAT, and 17.50 for each auxiliary line. Bills are drawn on the 1st, the month to come in advance.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.benefits import name_friend
from billing.benefit_commands import NameFriend
from billing.model import Bill, BillLine
from billing.queries.benefits import friends
from css.core.words import HalfDay
from css.master.services import Service
from orders.commands.orders import Slot
from orders.words import OrderKind, PlantOutcome
from tests import builders
from tests.builders import BuiltAccount, BuiltDistrict, BuiltLine
from tests.records.billed import bills, lines, night
from tests.records.ordering import a_cease, a_provide, complete, line_of, place
from tests.records.places import a_firm, a_move, an_order, elsewhere, lines_of, working_count

MOVED_ON, APRIL, MAY, JUNE = date(2026, 3, 16), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def zz(session: Session) -> BuiltDistrict:
    return builders.district(session, pairs=12)


@pytest.fixture
def home(session: Session, zz: BuiltDistrict) -> BuiltLine:
    """A household's line from 2 March on, with caller display and a year's minimum term."""
    line = builders.working_line(session, zz, builders.account(session, zz), features=("CALLER-DISPLAY",))
    session.get_one(Service, line.service_id).minimum_term_ends_on = date(2027, 3, 2)
    return line


@pytest.fixture
def firm(session: Session, zz: BuiltDistrict) -> BuiltLine:
    return builders.working_line(session, zz, a_firm(session, zz))


def charged(session: Session, account: BuiltAccount) -> dict[date, dict[str, int]]:
    """By end of its period: words and pence before VAT of each line of the account's bills."""
    return {bill.period_ends_on: dict(lines(session, bill)) for bill in bills(session, account)}


def numbers(session: Session, account: BuiltAccount, words: str) -> list[str | None]:
    """Under which telephone numbers an account was charged for something, in the order of its bills."""
    found = (
        select(BillLine.number)
        .join(Bill, Bill.id == BillLine.bill_id)
        .where(Bill.account_id == account.id, BillLine.words.like(f"{words}%"))
        .order_by(Bill.id, BillLine.starts_on)
    )
    return list(session.execute(found).scalars())


def test_a_household_moves_within_the_exchange_and_keeps_its_number(session: Session, zz: BuiltDistrict, home: BuiltLine) -> None:
    order = place(session, a_move(home.account, home.number, zz.gold[1], required_on=MOVED_ON))
    assert order.number == home.number
    complete(session, order.order_number, MOVED_ON)
    night(session, APRIL)
    # March's rent is charged once, 14 days at the old address and 16 at the new; nothing is owed for the term, which goes on.
    # The fee is 75.00 with VAT.
    assert charged(session, home.account) == {
        APRIL: {
            "Residential line": 1950,
            "Caller display": 271,
            "Residential line, 14 of 31 days": 851,
            "Residential line, 16 of 31 days": 972,
            "Caller display, 14 of 31 days": 122,
            "Caller display, 16 of 31 days": 140,
            "Move to another address": 6250,
        }
    }
    # The same pence as a household that stayed: 30 of 31 days of 18.83 and of 2.71.
    assert round(2260 / 1.2 * 30 / 31) == 851 + 972
    assert round(325 / 1.2 * 30 / 31) == 122 + 140
    new = line_of(session, order.order_number)
    term = select(Service.minimum_term_ends_on).where(Service.line_id == new.id, Service.minimum_term_ends_on.is_not(None))
    assert session.execute(term).scalar_one() == date(2027, 3, 2)
    night(session, MAY)
    assert charged(session, home.account)[MAY] == {"Residential line": 1950, "Caller display": 271}


def test_friends_come_along(session: Session, zz: BuiltDistrict) -> None:
    line = builders.working_line(session, zz, builders.account(session, zz), features=("FRIENDS",))
    for friend, is_best in (("441134960123", True), ("442079460123", False)):
        name_friend(session, NameFriend(number=line.number, friend_number=friend, is_best=is_best), by=builders.CLERK, at=builders.AT)
    complete(session, place(session, a_move(line.account, line.number, zz.gold[1], required_on=MOVED_ON)).order_number, MOVED_ON)
    # One that was named anew in the meantime is not named twice.
    again = NameFriend(number=line.number, friend_number="442079460123")
    name_friend(session, again, by=builders.CLERK, at=datetime.combine(MOVED_ON, builders.AT.timetz()))
    night(session, APRIL)
    night(session, MAY)
    named = [(row.friend_number, row.is_best, row.starts_on, row.ends_on) for row in friends(session, line.number, by=builders.CLERK)]
    assert named == [("441134960123", True, MOVED_ON, None), ("442079460123", False, MOVED_ON, None)]


def test_a_household_moves_to_another_exchange_and_is_billed_under_its_new_number(
    session: Session, zz: BuiltDistrict, home: BuiltLine
) -> None:
    there = elsewhere(session, zz)
    order = place(session, a_move(home.account, home.number, there.site, required_on=MOVED_ON, keeps_number=False))
    assert order.number is not None
    assert order.number != home.number
    complete(session, order.order_number, MOVED_ON)
    night(session, APRIL)
    assert charged(session, home.account)[APRIL]["Move to another address"] == 6250
    assert numbers(session, home.account, "Residential line") == [home.number, order.number, order.number]
    assert sum(charged(session, home.account)[APRIL].values()) == 1950 + 271 + 851 + 972 + 122 + 140 + 6250


def test_a_household_has_its_socket_moved(session: Session, home: BuiltLine) -> None:
    slot = Slot(slot_on=date(2026, 3, 12), half_day=HalfDay.AM)
    order = place(session, an_order(OrderKind.SHIFT, home.account, home.number, required_on=MOVED_ON, appointment=slot))
    complete(session, order.order_number, MOVED_ON)
    night(session, APRIL)
    assert charged(session, home.account)[APRIL] == {
        "Residential line": 1950,
        "Caller display": 271,
        "Residential line, 30 of 31 days": 1823,
        "Caller display, 30 of 31 days": 262,
        "Move within the premises": 9583,
    }


def test_a_firm_has_lines_added_and_taken_off_and_goes_back_to_one(session: Session, firm: BuiltLine) -> None:
    added = place(session, lines_of(firm.account, firm.number, 4, required_on=MOVED_ON))
    assert added.plant_outcome is PlantOutcome.SPARE_PAIR
    complete(session, added.order_number, MOVED_ON)
    night(session, APRIL)
    # Three lines more for 16 of March's 31 days, and for all of April; 55.00 for the fitting of each.
    assert charged(session, firm.account)[APRIL] == {
        "Business line": 2650,
        "Business line, 30 of 31 days": 2468,
        "3 x Auxiliary line": 5250,
        "3 x Auxiliary line, 16 of 31 days": 2710,
        "Fitting of an auxiliary line": 16500,
    }
    taken_off = date(2026, 4, 10)
    order = place(session, lines_of(firm.account, firm.number, 2, required_on=taken_off))
    complete(session, order.order_number, taken_off)
    assert working_count(session, firm.id) == 1
    night(session, MAY)
    # Of the 52.50 for April 21 days of three lines come back, and 21 days of one are charged; taking off costs nothing.
    assert charged(session, firm.account)[MAY] == {
        "Business line": 2650,
        "Auxiliary line": 1750,
        "Auxiliary line, 21 of 30 days": 1225,
        "3 x Auxiliary line, credit for 21 of 30 days": -3675,
    }
    single = date(2026, 5, 11)
    order = place(session, an_order(OrderKind.CONVERT, firm.account, firm.number, required_on=single))
    complete(session, order.order_number, single)
    assert working_count(session, firm.id) == 0
    night(session, JUNE)
    assert charged(session, firm.account)[JUNE] == {"Business line": 2650, "Auxiliary line, credit for 21 of 31 days": -1185}


def test_a_firm_gives_up_its_installation(session: Session, firm: BuiltLine) -> None:
    complete(session, place(session, lines_of(firm.account, firm.number, 4, required_on=MOVED_ON)).order_number, MOVED_ON)
    night(session, APRIL)
    gone = date(2026, 4, 10)
    complete(session, place(session, a_cease(firm.account, firm.number, required_on=gone)).order_number, gone)
    night(session, MAY)
    assert charged(session, firm.account)[gone] == {
        "Business line, credit for 21 of 30 days": -1855,
        "3 x Auxiliary line, credit for 21 of 30 days": -3675,
    }


def test_a_household_changes_its_line_for_one_next_door_by_two_linked_orders(session: Session, zz: BuiltDistrict, home: BuiltLine) -> None:
    new = place(session, a_provide(zz, home.account, address_key=zz.gold[1].address_key, required_on=MOVED_ON))
    old = place(session, a_cease(home.account, home.number, required_on=MOVED_ON, linked_order=new.order_number, reason_code="MV"))
    complete(session, new.order_number, MOVED_ON)
    complete(session, old.order_number, MOVED_ON)
    night(session, APRIL)
    # On no day two lines and on no day none: the old one to the 15th, the new one from the 16th. The year's term of the old one goes
    # on in the new one's, so nothing is owed for it.
    assert charged(session, home.account)[APRIL] == {
        "Residential line": 1950,
        "Residential line, 14 of 31 days": 851,
        "Residential line, 16 of 31 days": 972,
        "Caller display, 14 of 31 days": 122,
        "Connection of residential line": 12500,
    }
