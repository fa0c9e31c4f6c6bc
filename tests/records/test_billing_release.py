"""Holding, letting go and numbering: one number each, in the order of accounts, none twice and none left out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, release_bill, release_run
from billing.checks import check_books
from billing.commands import ReleaseBill
from billing.model import AccountCycle, Bill, JournalEntry
from billing.words import BillState
from css.core.errors import Conflict, NotFound, Refused
from css.db.engine import transaction
from tests import builders
from tests.records.billed import NIGHT, at, begin, bills, finish, leave_item, night

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


def held_bill(session: Session, home: builders.BuiltLine) -> Bill:
    """A first bill of £37.91, then one ten times as much, held."""
    night(session, FEBRUARY)
    leave_item(session, home, "VISIT", "40000", date(2026, 2, 20), words="Six visits")
    night(session, MARCH)
    return bills(session, home.account)[1]


def test_a_held_bill_has_no_number_and_waits_without_being_made_again(session: Session, home: builders.BuiltLine) -> None:
    held = held_bill(session, home)
    assert (held.state, held.hold_code, held.number) == (BillState.HELD, "CSS482W", None)
    assert [row.hold_code for row in queries.held_bills(session, "ZZ")] == ["CSS482W"]
    run_id = begin(session, date(2026, 3, 6))
    assert queries.accounts_to_calculate(session, run_id) == ()
    finish(session, run_id, date(2026, 3, 6))
    assert len(bills(session, home.account)) == 2
    assert check_books(session, "ZZ") == ()


def test_a_held_bill_let_go_is_numbered_posted_and_rendered_by_the_next_night(
    session: Session, home: builders.BuiltLine, tmp_path: Path
) -> None:
    held = held_bill(session, home)
    for closed in (FEBRUARY, MARCH):
        session.execute(text("UPDATE css.business_date SET closed_through = :day"), {"day": closed})
    command = ReleaseBill(account_number=home.account.number, business_date=MARCH, reason="Six visits were made.")
    answer = release_bill(session, command, by=builders.OPERATOR, at=at(MARCH))
    assert answer.state is BillState.CALCULATED
    with pytest.raises(Conflict) as refusal:
        release_bill(session, command, by=builders.OPERATOR, at=at(MARCH))
    assert refusal.value.code == "CSS438E"
    night(session, date(2026, 3, 6), tmp_path)
    session.refresh(held)
    assert (held.state, held.number, held.hold_code) == (BillState.ISSUED, "ZZB00000020", "CSS482W")
    # Its own date is closed: the books take it on the first date still open.
    posted_on = session.execute(select(JournalEntry.business_date).where(JournalEntry.source_key == f"bill/{held.id}")).scalar_one()
    assert posted_on == date(2026, 3, 6)
    assert session.get_one(AccountCycle, home.account.id, populate_existing=True).next_bill_on == APRIL
    night(session, APRIL, tmp_path)
    assert bills(session, home.account)[2].brought_forward == held.amount_due
    assert check_books(session, "ZZ") == ()


def test_a_clerk_does_not_let_bills_go(session: Session, home: builders.BuiltLine) -> None:
    held_bill(session, home)
    command = ReleaseBill(account_number=home.account.number, business_date=MARCH, reason="It is right.")
    with pytest.raises(Refused) as refusal:
        release_bill(session, command, by=builders.CLERK, at=at(MARCH))
    assert str(refusal.value) == "CLERK1 may not release bills."


@pytest.mark.parametrize(
    ("others", "code"),
    [({"account_number": "ZZA00000996"}, "CSS105E"), ({"business_date": APRIL}, "CSS437E"), ({"reason": "  "}, "CSS439E")],
)
def test_letting_go_is_refused_where_it_makes_no_sense(
    session: Session, home: builders.BuiltLine, others: dict[str, str], code: str
) -> None:
    held_bill(session, home)
    command = ReleaseBill(account_number=home.account.number, business_date=MARCH, reason="It is right.")
    with pytest.raises((NotFound, Refused)) as refusal:
        release_bill(session, replace(command, **others), by=builders.OPERATOR, at=at(MARCH))  # type: ignore[arg-type]
    assert refusal.value.code == code


def test_numbers_follow_the_accounts_whatever_order_they_were_calculated_in(session: Session, zz: builders.BuiltDistrict) -> None:
    accounts = [builders.account(session, zz, cycle_day=5) for _ in range(4)]
    for account in accounts:
        builders.working_line(session, zz, account, starts_on=START)
    run_id = begin(session, FEBRUARY)
    for account in (accounts[2], accounts[0], accounts[3], accounts[1]):
        calculate_block(session, run_id, [account.id], by=NIGHT, at=at(FEBRUARY))
    release_run(session, run_id, by=NIGHT, at=at(FEBRUARY))
    session.expire_all()
    assert [bills(session, account)[0].serial for account in accounts] == [1, 2, 3, 4]


def test_two_releases_at_once_give_each_bill_one_number(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        where = builders.district(session, on=START, sites=6)
        for _ in range(5):
            builders.working_line(session, where, builders.account(session, where, cycle_day=5), starts_on=START)
        run_id = begin(session, FEBRUARY)
        calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(FEBRUARY))
    together = Barrier(2)

    def release() -> int:
        with transaction(fresh_engine) as session:
            session.execute(text("SELECT 1"))
            together.wait(10)
            return release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).written

    with ThreadPoolExecutor(2) as pool:
        written = [future.result(60) for future in [pool.submit(release), pool.submit(release)]]
    assert sorted(written) == [0, 5]
    with transaction(fresh_engine) as session:
        assert session.execute(select(Bill.serial).order_by(Bill.account_id)).scalars().all() == [1, 2, 3, 4, 5]


def test_a_release_that_fails_leaves_no_gap(session: Session, home: builders.BuiltLine) -> None:
    run_id = begin(session, FEBRUARY)
    calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    with session.begin_nested() as attempt:
        assert release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 1
        attempt.rollback()
    assert release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 1
    session.expire_all()
    assert bills(session, home.account)[0].serial == 1
