"""A VAT status learned late, and calls, items and discounts that bills have taken: moved by difference, and back again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions import calculate_block
from billing.actions.account_terms import set_vat_status
from billing.checks import check_books
from billing.model import BillFile, BillLine, BillRequest
from billing.queries.as_posted import bills_as_posted, supplier
from billing.queries.bill_story import bill_story
from billing.rules.compose import compose
from billing.rules.explain_line import LineStory
from billing.terms_commands import SetVatStatus
from billing.words import BillKind
from css.core.money import Money
from css.core.words import Segment, VatStatus
from css.master.districts import roll_business_date
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import NIGHT, at, bills, cease, correction, leave_item, lines, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL, MAY = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5), date(2026, 5, 5)
BEFORE, AFTER = date(2026, 1, 31), date(2026, 2, 1)
"""On either side of the day from which the account is exempt."""
MOVED = "Calls to UK landlines, daytime: VAT put right"
VISIT_MOVED = "Visit: VAT put right"


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th, with calls and a visit on both sides of 1 February."""
    return used(session, builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START))


def used(session: Session, line: builders.BuiltLine) -> builders.BuiltLine:
    for record, day in ((1, BEFORE), (2, AFTER), (3, AFTER)):
        rated_call(session, line, record, FEBRUARY, 10_400_000, started_at=noon(day))
    for day in (BEFORE, AFTER):
        leave_item(session, line, "VISIT", "5000", day, words="Visit")
    return line


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def taxed(session: Session, line: builders.BuiltLine, status: VatStatus, on: date, *, since: date = AFTER) -> None:
    roll_business_date(session, "ZZ", to=on)
    command = SetVatStatus(account_number=line.account.number, vat_status=status, starts_on=since, reason="A certificate came.")
    set_vat_status(session, command, by=builders.SYSTEM, at=at(on))


def put_right(session: Session, line: builders.BuiltLine) -> list[tuple[str, int, str]]:
    """What of the last bill puts VAT right of calls and items: words, pence, category."""
    bill = bills(session, line.account)[-1]
    found = session.execute(select(BillLine).where(BillLine.bill_id == bill.id).order_by(BillLine.line_number)).scalars()
    return [(one.words, one.net.pence, one.vat_category) for one in found if one.words.endswith("VAT put right")]


def by_tax(session: Session, account_id: int, *kinds: str) -> dict[tuple[str, int], int]:
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for line in session.execute(select(BillLine).where(BillLine.account_id == account_id, BillLine.kind.in_(kinds))).scalars():
        sums[line.vat_category, line.vat_basis_points] += line.net.pence
    return {tax: pence for tax, pence in sums.items() if pence}


def stories(session: Session, line: builders.BuiltLine) -> list[LineStory]:
    number = str(bills(session, line.account)[-1].number)
    return [one for one in bill_story(session, number, by=builders.CLERK).lines if one.words.endswith("VAT put right")]


def test_calls_and_items_on_bills_are_moved_to_the_vat_of_their_day(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    assert by_tax(session, home.account.id, "calls", "one-off") == {("S", 2000): 10031}
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    night(session, MARCH)
    # 20.8p of calls and the visit of 1 February; those of 31 January stay where they are.
    assert put_right(session, home) == [
        (VISIT_MOVED, 5000, "E"),
        (VISIT_MOVED, -5000, "S"),
        (MOVED, 21, "E"),
        (MOVED, -21, "S"),
    ]
    second = bills(session, home.account)[1]
    assert by_tax(session, home.account.id, "calls", "one-off") == {("S", 2000): 5010, ("E", 0): 5021}
    moved = session.execute(select(BillLine).where(BillLine.bill_id == second.id, BillLine.words == MOVED)).scalars().all()
    assert [(one.quantity, one.unit, one.duration_seconds) for one in moved] == [
        (2, "vat-correction", 0),
        (-2, "vat-correction", 0),
    ]
    assert {(one.starts_on, one.ends_on) for one in moved} == {(AFTER, date(2026, 2, 2))}
    visits = session.execute(select(BillLine).where(BillLine.bill_id == second.id, BillLine.words == VISIT_MOVED)).scalars().all()
    charged = session.execute(select(BillLine.id).where(BillLine.words == "Visit", BillLine.starts_on == AFTER)).scalar_one()
    assert {one.corrects_line_id for one in visits} == {charged}
    assert check_books(session, "ZZ") == ()


def test_a_second_run_and_the_next_bill_move_nothing_again(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    run = night(session, MARCH)
    assert calculate_block(session, run, [home.account.id], by=NIGHT, at=at(MARCH)).written == 0
    night(session, APRIL)
    assert put_right(session, home) == []


def test_a_status_changed_back_gives_exactly_the_reverse(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    before = by_tax(session, home.account.id, "calls", "one-off")
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    night(session, MARCH)
    there = put_right(session, home)
    taxed(session, home, VatStatus.STANDARD, date(2026, 3, 10))
    night(session, APRIL)
    assert sorted(put_right(session, home)) == sorted((words, -pence, tax) for words, pence, tax in there)
    assert by_tax(session, home.account.id, "calls", "one-off") == before
    assert sum((bill.invoice_vat for bill in bills(session, home.account)), start=Money(0)).pence > 0
    assert check_books(session, "ZZ") == ()


def test_a_status_changed_there_and_back_between_two_bills_moves_nothing(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    taxed(session, home, VatStatus.STANDARD, date(2026, 2, 11))
    night(session, MARCH)
    assert put_right(session, home) == []


def test_a_call_comes_with_what_re_rating_made_of_it_on_bills_before(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    correction(session, home, 2, date(2026, 2, 20), -5_200_000, started_at=noon(AFTER))
    night(session, MARCH)
    assert put_right(session, home) == []
    # Rated after the last bill: it is charged by this bill, at the VAT known by now, and is not moved.
    correction(session, home, 3, date(2026, 3, 20), -400_000, started_at=noon(AFTER))
    taxed(session, home, VatStatus.EXEMPT, date(2026, 3, 21))
    night(session, APRIL)
    # 20.8 - 5.2 pence.
    assert [one for one in put_right(session, home) if one[0] == MOVED] == [(MOVED, 16, "E"), (MOVED, -16, "S")]
    later = bills(session, home.account)[-1]
    assert ("Correction of calls to UK landlines, daytime", 0) in lines(session, later)
    assert check_books(session, "ZZ") == ()


def test_a_status_from_the_first_day_on_moves_all_of_it_and_an_interim_bill_does_too(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10), since=START)
    facts = {"kind": BillKind.INTERIM, "reason": "Asked", "requested_on": date(2026, 2, 11), "requested_by": "BILL1"}
    session.add(BillRequest(district_code="ZZ", account_id=home.account.id, **facts))
    session.flush()
    night(session, date(2026, 2, 11))
    interim = bills(session, home.account)[-1]
    assert interim.kind is BillKind.INTERIM
    assert by_tax(session, home.account.id, "calls", "one-off", "rental", "part-period").keys() == {("E", 0)}
    assert sum(bill.invoice_vat.pence for bill in bills(session, home.account)) == 0
    night(session, MARCH)
    assert put_right(session, home) == []


def test_what_came_off_the_calls_moves_with_them(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5)
    line = builders.working_line(session, zz, account, starts_on=START, features=("MINUTES-100",))
    rated_call(session, line, 1, FEBRUARY, 100_000_000, started_at=noon(AFTER), duration_seconds=600)
    night(session, FEBRUARY)
    night(session, MARCH)
    assert by_tax(session, account.id, "discount") == {("S", 2000): -100}
    # Two months on: no month of calls would be looked at again by itself.
    taxed(session, line, VatStatus.EXEMPT, date(2026, 4, 1))
    night(session, APRIL)
    assert by_tax(session, account.id, "discount") == {("E", 0): -100}
    assert by_tax(session, account.id, "calls") == {("E", 0): 100}


def test_the_lines_say_why_and_name_what_they_correct(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    night(session, MARCH)
    told = stories(session, home)
    assert len(told) == 4
    assert all(one.agrees for one in told)
    first = bills(session, home.account)[0]
    visit, calls = told[0], told[3]
    assert visit.told[0] == f"Line 4 of bill {first.number} (Visit) is taxed otherwise."
    assert "Recorded on 10/02/2026: the account's VAT status from 01/02/2026 on is exempt." in visit.told
    assert calls.told[0] == "2 calls of 01/02/2026, on bills before, are taxed otherwise."
    assert "Recorded on 10/02/2026: the account's VAT status from 01/02/2026 on is exempt." in calls.told
    assert [step.sum for part in calls.parts for step in part.steps] == ["-20.8"]


def test_every_paper_of_such_a_bill_is_sound_and_names_the_bill_before(session: Session, zz: builders.BuiltDistrict) -> None:
    firm = builders.account(session, zz, cycle_day=5, segment=Segment.BUSINESS)
    home = used(session, builders.working_line(session, zz, firm, starts_on=START))
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    rated_call(session, home, 7, date(2026, 2, 20), 30_000_000)
    night(session, MARCH)
    first, second = bills(session, home.account)
    kinds = set(session.execute(select(BillFile.kind).where(BillFile.bill_id == second.id)).scalars())
    assert {kind.value for kind in kinds} >= {"pdf", "xml", "calls.xml", "csv"}
    (posted,) = bills_as_posted(session, [second.id])
    assert posted.bill.corrects == ((first.number, first.issue_on),)
    assert check_books(session, "ZZ") == ()


def test_a_final_bill_moves_what_was_learned_before_it(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    cease(session, home, date(2026, 2, 20))
    night(session, date(2026, 2, 20))
    assert bills(session, home.account)[-1].kind is BillKind.FINAL
    assert len(put_right(session, home)) == 4


def test_only_a_night_that_learned_of_a_change_looks_for_what_to_move(
    session: Session, home: builders.BuiltLine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    def looked(on: date) -> int:
        with query_count() as count:
            night(session, on)
        return sum("last_cut" in statement for statement in count.statements)

    assert looked(FEBRUARY) == 0
    taxed(session, home, VatStatus.EXEMPT, date(2026, 2, 10))
    assert [looked(day) for day in (MARCH, APRIL, MAY)] == [2, 0, 0]


def test_calls_moved_name_the_bill_that_took_them_and_are_no_calls_of_this_one(session: Session, zz: builders.BuiltDistrict) -> None:
    line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
    night(session, FEBRUARY)
    # A late record: the rental of its day is on the first bill, the call on the second.
    rated_call(session, line, 1, date(2026, 2, 20), 10_400_000, started_at=noon(AFTER))
    night(session, MARCH)
    taxed(session, line, VatStatus.EXEMPT, date(2026, 3, 10))
    taxed(session, line, VatStatus.STANDARD, date(2026, 3, 10), since=FEBRUARY)
    night(session, APRIL)
    first, second, third = bills(session, line.account)
    assert put_right(session, line) == [(MOVED, 10, "E"), (MOVED, -10, "S")]
    (posted,) = bills_as_posted(session, [third.id])
    assert posted.bill.corrects == tuple((bill.number, bill.issue_on) for bill in (first, second))
    moved = [one for one in compose(posted.bill, supplier(session)).lines if one.description == MOVED]
    assert [(one.is_correction, one.call_count, one.duration_seconds) for one in moved] == [(True, 1, None)] * 2
