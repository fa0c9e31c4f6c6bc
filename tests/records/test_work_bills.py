"""What the desk asks of billing: the calls of a bill page by page, what a late repair is worth, and the first bill ahead of its time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from billing.model import Bill
from billing.queries.bill_calls import calls_of_bill
from billing.queries.first_bill import first_bill
from billing.queries.worth import repair_worth
from css.core.calendar import start_of_day
from css.core.errors import NotFound
from css.core.money import Money
from css.core.words import BillFrequency, Segment
from orders.actions import complete_order
from orders.commands.orders import CompleteOrder
from tests import builders
from tests.builders import AT, CLERK, DAY, OPERATOR
from tests.records.billed import at, bills, lines, night, rated_call
from tests.records.ordering import a_provide, place


def _nights(session: Session, account: builders.BuiltAccount, day: date) -> Bill:
    """Night after night until the account has a bill."""
    while not bills(session, account):
        night(session, day)
        day += timedelta(days=1)
    return bills(session, account)[0]


# --- the first bill -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segment", "frequency", "cycle_day"),
    [
        (Segment.RESIDENTIAL, BillFrequency.MONTHLY, 1),
        (Segment.RESIDENTIAL, BillFrequency.MONTHLY, 9),
        (Segment.BUSINESS, BillFrequency.MONTHLY, 10),
        (Segment.BUSINESS, BillFrequency.QUARTERLY, 31),
    ],
)
def test_the_estimate_is_the_bill(session: Session, segment: Segment, frequency: BillFrequency, cycle_day: int) -> None:
    """Prices change on 1 April, so that some of these bills have two of them."""
    zz = builders.district(session)
    account = builders.account(session, zz, segment=segment, cycle_day=cycle_day, frequency=frequency)
    codes = ("LINE-BUS" if segment is Segment.BUSINESS else "LINE-RES", "CALLER-DISPLAY", "CARE-3")
    order = place(session, a_provide(zz, account, product_codes=codes[:2], care_level="3", required_on=date(2026, 3, 9)))
    starts_on = order.required_on
    told = first_bill(session, account.number, codes, starts_on, by=CLERK)
    session.execute(text("UPDATE css.business_date SET current_on = :day"), {"day": starts_on})
    session.expire_all()
    complete_order(session, CompleteOrder(order_number=order.order_number, done_on=starts_on), by=OPERATOR, at=AT)
    for day in sorted({max(told.bill_on - timedelta(days=1), starts_on), told.bill_on}):
        assert bills(session, account) == [], "no bill comes sooner"
        night(session, day)
    (bill,) = bills(session, account)
    assert (bill.issue_on, bill.invoice_net, bill.invoice_gross) == (told.bill_on, told.net, told.gross)
    assert sorted(net for _, net in lines(session, bill)) == sorted(line.net.pence for line in told.lines)


def test_an_estimate_for_nobody_is_refused(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    assert first_bill(session, account.number, ("NOSUCH",), DAY, by=CLERK).gross == Money(0)
    with pytest.raises(NotFound):
        first_bill(session, account.number, ("LINE-RES",), DAY, by=builders.PARTNER_ACTOR)


# --- the calls of a bill --------------------------------------------------------------------------------------------------


@pytest.fixture
def called(session: Session) -> tuple[builders.BuiltLine, str]:
    """A line with seven calls, one of them corrected, and the number of the bill that took them."""
    zz = builders.district(session)
    account = builders.account(session, zz, cycle_day=5)
    line = builders.working_line(session, zz, account)
    for record in range(1, 8):
        rated_call(session, line, record, DAY, record * 1_000_000, started_at=at(DAY) + timedelta(minutes=record))
    rated_call(session, line, 9, DAY, 500_000, is_itemised=False)
    bill = _nights(session, account, DAY)
    assert bill.number
    return line, bill.number


def test_calls_come_page_by_page_without_gap(session: Session, called: tuple[builders.BuiltLine, str]) -> None:
    _, number = called
    whole = calls_of_bill(session, number, by=CLERK)
    assert (len(whole.rows), whole.total, whole.back, whole.forward) == (7, 7, None, None)
    assert [row.place for row in whole.rows] == list(range(1, 8))
    pages = [calls_of_bill(session, number, by=CLERK, after=after, limit=3) for after in (0, 3, 6)]
    assert [row for page in pages for row in page.rows] == list(whole.rows)
    assert [(page.back, page.forward) for page in pages] == [(None, 3), (0, 6), (3, None)]
    assert whole.rows[0].other_number == "020 7946 0123"
    assert str(whole.rows[6].net) == "7"


@pytest.mark.parametrize(("itemisation", "shown"), [("masked", ["020 794• •••"]), ("none", [])])
def test_no_more_is_shown_than_the_bill_shows(
    session: Session, called: tuple[builders.BuiltLine, str], itemisation: str, shown: list[str]
) -> None:
    _, number = called
    session.execute(
        text("UPDATE billing.bill SET payer = payer || jsonb_build_object('itemisation', CAST(:said AS text)) WHERE number = :number"),
        {"said": itemisation, "number": number},
    )
    session.expire_all()
    found = {row.other_number for row in calls_of_bill(session, number, by=CLERK).rows}
    assert len(found) == len(shown)
    assert all("•" in number for number in found)


def test_a_partner_does_not_see_our_customers_calls(session: Session, called: tuple[builders.BuiltLine, str]) -> None:
    with pytest.raises(NotFound):
        calls_of_bill(session, called[1], by=builders.PARTNER_ACTOR)


# --- what a late repair is worth ------------------------------------------------------------------------------------------


def test_a_late_repair_is_worth_an_amount_for_each_day(session: Session) -> None:
    zz = builders.district(session)
    account = builders.account(session, zz)
    in_time = repair_worth(session, account.number, reported_at=AT, put_right_at=AT + timedelta(days=1), by=CLERK)
    assert in_time.amount == Money(0)
    assert in_time.owed_from == start_of_day(date(2026, 3, 5)) - timedelta(minutes=1), "the end of the second working day"
    assert in_time.daily > Money(0)
    late = repair_worth(session, account.number, reported_at=AT, put_right_at=AT + timedelta(days=5), by=CLERK)
    assert late.amount == in_time.daily * 3
    assert "3 days" in late.words


def test_a_firm_is_given_nothing_by_itself(session: Session) -> None:
    zz = builders.district(session)
    firm = builders.account(session, zz, segment=Segment.BUSINESS)
    worth = repair_worth(session, firm.number, reported_at=AT, put_right_at=AT + timedelta(days=9), by=CLERK)
    assert (worth.amount, worth.daily) == (Money(0), Money(0))
    assert "not a residential one" in worth.words
    with pytest.raises(NotFound):
        repair_worth(session, firm.number, reported_at=AT, put_right_at=AT, by=builders.PARTNER_ACTOR)
