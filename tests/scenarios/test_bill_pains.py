"""What users of other billing systems suffer from, asked of ours: each test fails when its guard is taken away.

``tests/guards.py`` names pain, guard and test, also for those whose test stands elsewhere; ``python -m tests.guards`` takes
every guard away in a copy and sees its test fail.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block
from billing.model import Bill, BillLine
from billing.queries.as_posted import bills_as_posted, supplier
from billing.queries.at_cut import accounts_at_cut, run_at_cut
from billing.rules.compose import compose
from css.db.engine import transaction
from tests import builders
from tests.race import together
from tests.records.billed import NIGHT, at, begin, bills, finish, lines, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th."""
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


def calls_charged(session: Session, account: builders.BuiltAccount) -> list[int]:
    """How many calls each bill charges."""
    counted = select(func.coalesce(func.sum(BillLine.quantity), 0)).where(BillLine.kind == "calls")
    return [int(session.execute(counted.where(BillLine.bill_id == bill.id)).scalar_one()) for bill in bills(session, account)]


def test_calculating_again_before_anything_is_posted_writes_nothing(session: Session, home: builders.BuiltLine) -> None:
    """Pain 1. The accounts that have their bill of the run are not among those that wait."""
    run_id = begin(session, FEBRUARY)
    first = calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    again = calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    assert (first.written, again.written, again.filtered) == (1, 0, 1)
    assert len(bills(session, home.account)) == 1


def test_two_that_calculate_at_once_make_one_bill_each(fresh_engine: Engine) -> None:
    """Pain 1. Whatever two processes believe, an account has one bill of a run: a unique key of the table."""
    with transaction(fresh_engine) as session:
        where = builders.district(session, on=START, sites=6)
        accounts = [builders.account(session, where, cycle_day=5) for _ in range(3)]
        for account in accounts:
            builders.working_line(session, where, account, starts_on=START)
        run_id = begin(session, FEBRUARY)

    def calculate() -> int:
        with transaction(fresh_engine) as session:
            return calculate_block(session, run_id, [account.id for account in accounts], by=NIGHT, at=at(FEBRUARY)).written

    outcomes = together(calculate, calculate)
    assert [one for one in outcomes if not isinstance(one, Exception)] in ([3], [3, 0], [0, 3]), outcomes
    with transaction(fresh_engine) as session:
        assert session.execute(select(Bill.account_id).order_by(Bill.account_id)).scalars().all() == [account.id for account in accounts]


def test_every_call_is_on_one_bill_and_each_bill_reads_its_own_nights(session: Session, home: builders.BuiltLine) -> None:
    """Pains 4 and 8. A bill takes the calls since the cut of the one before: none again, none left out, history unread."""
    for n, rated_on in enumerate((START, date(2026, 1, 31), FEBRUARY, date(2026, 2, 6), MARCH, date(2026, 3, 6)), start=1):
        rated_call(session, home, n, rated_on, 30_000_000)
    for day in (FEBRUARY, MARCH, APRIL):
        night(session, day)
    assert calls_charged(session, home.account) == [3, 2, 1]


def test_the_smallest_prices_are_added_up_before_they_are_rounded(session: Session, home: builders.BuiltLine) -> None:
    """Pain 11. Ten calls at 0.4 pence are 4 pence: a call has its exact price, and the line is rounded once."""
    for n in range(1, 11):
        rated_call(session, home, n, START, 400_000)
    night(session, FEBRUARY)
    assert ("Calls to UK landlines, daytime", 4) in lines(session, bills(session, home.account)[0])


def test_a_call_late_on_a_summer_evening_is_shown_by_the_clock_on_the_wall(session: Session, home: builders.BuiltLine) -> None:
    """Pain 5. 23:30 by UTC on the 2nd of April is half past midnight on the 3rd in London, and so the bill says it."""
    rated_call(session, home, 1, date(2026, 4, 3), 30_000_000, started_at=datetime(2026, 4, 2, 23, 30, tzinfo=UTC))
    for day in (FEBRUARY, MARCH, APRIL):
        night(session, day)
    posted = bills_as_posted(session, [bill.id for bill in bills(session, home.account)])[-1]
    ((call,),) = [listed.calls for listed in compose(posted.bill, supplier(session)).call_lists]
    assert (call.started_on, call.started_at) == (date(2026, 4, 3), time(0, 30))


def test_the_last_day_of_the_month_comes_back_after_a_short_one(session: Session, zz: builders.BuiltDistrict) -> None:
    """Pain 7. An account billed on the 31st: 28 February, then 31 March again, and no day charged twice or not at all."""
    account = builders.account(session, zz, cycle_day=31)
    builders.working_line(session, zz, account, starts_on=START)
    for day in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)):
        night(session, day)
    assert [(bill.period_starts_on, bill.period_ends_on) for bill in bills(session, account)] == [
        (START, date(2026, 1, 31)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 3, 31), date(2026, 4, 30)),
    ]
    charged = session.execute(
        select(BillLine.starts_on, BillLine.ends_on).where(BillLine.account_id == account.id).order_by(BillLine.starts_on)
    ).all()
    assert [row.ends_on for row in charged][:-1] == [row.starts_on for row in charged][1:]


def test_an_account_that_was_stopped_is_billed_by_itself_once_what_stopped_it_is_gone(session: Session, home: builders.BuiltLine) -> None:
    """Pain 6. The guard against billing wrong parks an account for a night; nobody has to repair it for the next."""
    session.execute(text("UPDATE css.product SET nominal_code = 'NOWHERE' WHERE code = 'LINE-RES'"))
    run_id = begin(session, FEBRUARY)
    finish(session, run_id, FEBRUARY)
    (parked,) = session.execute(text("SELECT parked_words FROM billing.bill_run_account WHERE parked_code = 'CSS435E'")).scalars()
    assert "NOWHERE" in parked
    assert bills(session, home.account) == []
    session.execute(text("UPDATE css.product SET nominal_code = 'RENTALS' WHERE code = 'LINE-RES'"))
    night(session, date(2026, 2, 9))
    (bill,) = bills(session, home.account)
    assert (bill.period_starts_on, bill.period_ends_on) == (START, FEBRUARY)
    assert queries.bills_of_account(session, home.account.number, by=builders.CLERK)[0].number == bill.number


def test_the_bills_before_are_not_read_for_ever(session: Session, home: builders.BuiltLine) -> None:
    """Pain 20. However many bills an account has had, a new one looks at the last few: the run does not slow down with the years."""
    day = FEBRUARY
    for _ in range(8):
        night(session, day)
        day = date(day.year, day.month + 1, 5)
    run_id = begin(session, day)
    (waiting,) = accounts_at_cut(session, run_at_cut(session, run_id), [home.account.id])
    assert len(bills(session, home.account)) == 8
    assert len(waiting.account.recent) == 6
