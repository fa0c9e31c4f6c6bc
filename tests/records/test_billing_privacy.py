"""What a bill shows of the calls, from rated calls to files: by what the subscriber asked, and never a call to a free number."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block
from billing.actions.adjustments import credit_bill_line
from billing.actions.promotions import give_promotion
from billing.actions.requests import request_bill
from billing.benefit_commands import GivePromotion
from billing.bill_pdf import render_pdf
from billing.credit_commands import CreditBillLine
from billing.document import LINE_GROUPS, BillDocument
from billing.document_check import check
from billing.model import Bill, BillFile
from billing.pdf_reading import rows_of
from billing.queries.as_posted import NOT_NUMBERED, bills_as_posted, supplier
from billing.rules.compose import compose
from billing.run_commands import RequestBill
from css.core.money import Money, Price
from css.core.words import Itemisation
from css.master.accounts import Account
from tests import builders
from tests.records.billed import NIGHT, at, begin, bills, correction, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH = date(2026, 2, 5), date(2026, 3, 5)
PROMOTION = "HALF-PRICE"
FRIENDS = [f"44770090012{number}" for number in range(7)]


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START, features=("MINUTES-100",))


def shows(session: Session, line: builders.BuiltLine, itemisation: Itemisation) -> None:
    account = session.get(Account, line.account.id)
    assert account is not None
    account.itemisation = itemisation
    session.flush()


def talk(session: Session, line: builders.BuiltLine, first: int, day: date) -> None:
    """Seven numbers at rising prices, a help line that costs, a freephone number, and a caller who was not charged for."""
    for place, number in enumerate(FRIENDS):
        rated_call(session, line, first + place, day, (place + 1) * 10_000_000, charge_class="MOB", other_number=number)
    rated_call(session, line, first + 7, day, 5_000_000, charge_class="NTS84", is_itemised=False, other_number="448444990123")
    rated_call(session, line, first + 8, day, 0, charge_class="FREE", is_itemised=False, other_number="448081570123")
    rated_call(session, line, first + 9, day, 90_000_000, leg="reverse", other_number="441614960777")


def documents(session: Session, line: builders.BuiltLine) -> Iterator[BillDocument]:
    for posted in bills_as_posted(session, [bill.id for bill in bills(session, line.account)]):
        document = compose(posted.bill, supplier(session))
        assert check(document) == []
        yield document


def said(session: Session, bill: Bill) -> str:
    """Every file of a bill as text."""
    found = session.execute(select(BillFile).where(BillFile.bill_id == bill.id).order_by(BillFile.kind)).scalars()
    return "\n".join(
        " ".join(word for row in rows_of(file.content) for word in row.words) if file.file_name.endswith("pdf") else file.content.decode()
        for file in found
    )


def files(session: Session, bill: Bill) -> set[str]:
    return {kind.value for kind in session.execute(select(BillFile.kind).where(BillFile.bill_id == bill.id)).scalars()}


def test_full_itemisation_shows_calls_and_the_numbers_most_was_spent_on(session: Session, home: builders.BuiltLine) -> None:
    talk(session, home, 1, date(2026, 1, 20))
    night(session, FEBRUARY)
    (document,) = documents(session, home)
    assert document.itemisation == "full"
    assert document.usage is not None
    assert [(one.number, one.price) for one in document.usage.top_numbers] == [
        (f"07700 90012{number}", Price.of((number + 1) * 10)) for number in (6, 5, 4, 3, 2)
    ], "nobody called the caller who reversed the charge"
    assert [(row.charge_class, row.call_count, row.price) for row in document.usage.rows] == [
        ("UK landlines", 1, Price.of(90)),
        ("UK mobiles", 7, Price.of(280)),
        ("084 numbers", 1, Price.of(5)),
    ]
    (listed,) = document.call_lists
    assert len(listed.calls) == 8
    words = said(session, bills(session, home.account)[0])
    assert "07700 900126" in words
    assert "0844" not in words, "a help line is charged by its class and named nowhere"
    assert "0808 157 0123" not in words
    assert files(session, bills(session, home.account)[0]) == {"pdf", "xml", "calls.xml"}


def test_masked_itemisation_hides_the_last_four_digits_in_every_file(session: Session, home: builders.BuiltLine) -> None:
    shows(session, home, Itemisation.MASKED)
    talk(session, home, 1, date(2026, 1, 20))
    rated_call(session, home, 30, date(2026, 1, 20), 20_000_000, charge_class="DQ", other_number="118500")
    night(session, FEBRUARY)
    (document,) = documents(session, home)
    assert document.itemisation == "masked"
    assert {call.number for call in document.call_lists[0].calls} == {"07700 90••••", "0161 496 ••••", "118500"}
    assert document.usage is not None
    assert document.usage.top_numbers == ()
    (bill,) = bills(session, home.account)
    words = said(session, bill)
    assert "07700 90••••" in words
    for number in (*(f"0{held[2:]}" for held in FRIENDS), *FRIENDS):
        assert number not in words.replace(" ", "")
    assert "01614960777" not in words.replace(" ", "")
    assert files(session, bill) == {"pdf", "xml", "calls.xml"}


def test_a_bill_without_itemisation_lists_no_call_and_has_no_call_statement(session: Session, home: builders.BuiltLine) -> None:
    shows(session, home, Itemisation.NONE)
    talk(session, home, 1, date(2026, 1, 20))
    night(session, FEBRUARY)
    (document,) = documents(session, home)
    assert (document.itemisation, document.call_lists) == ("none", ())
    assert document.usage is not None
    assert document.usage.top_numbers == ()
    assert sum(row.call_count for row in document.usage.rows) == 9
    assert [message.heading for message in document.messages] == ["Your first bill", "Your calls"]
    (bill,) = bills(session, home.account)
    assert files(session, bill) == {"pdf", "xml"}
    assert "07700" not in said(session, bill)


def test_a_bill_shows_what_was_asked_for_when_it_was_calculated(session: Session, home: builders.BuiltLine) -> None:
    """The answer is kept with the bill: changing it later changes the next bill, and no bill sent."""
    talk(session, home, 1, date(2026, 1, 20))
    night(session, FEBRUARY)
    shows(session, home, Itemisation.NONE)
    talk(session, home, 21, date(2026, 2, 20))
    night(session, MARCH)
    first, second = documents(session, home)
    assert (first.itemisation, second.itemisation) == ("full", "none")
    assert first.call_lists
    assert not second.call_lists


def test_a_bill_kept_before_this_was_asked_shows_its_calls(session: Session, home: builders.BuiltLine) -> None:
    talk(session, home, 1, date(2026, 1, 20))
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    bill.payer = {name: value for name, value in bill.payer.items() if name not in {"itemisation", "paid_by"}}
    session.flush()
    (document,) = documents(session, home)
    assert (document.itemisation, document.paid_by_account) == ("full", "")
    assert document.call_lists


def test_the_summary_is_beside_the_bill_before_and_says_when_the_days_differ(session: Session, home: builders.BuiltLine) -> None:
    rated_call(session, home, 1, date(2026, 1, 20), 40_000_000)
    rated_call(session, home, 2, date(2026, 1, 21), 20_000_000)
    rated_call(session, home, 3, date(2026, 1, 21), 30_000_000, charge_class="MOB", band="evening")
    night(session, FEBRUARY)
    rated_call(session, home, 4, date(2026, 2, 20), 112_000_000)
    correction(session, home, 1, date(2026, 2, 20), -4_000_000)
    night(session, MARCH)
    first, second = documents(session, home)
    assert first.usage is not None
    assert (first.usage.previous_bill, first.usage.remark) == ("", "")
    usage = second.usage
    assert usage is not None
    assert [
        (row.charge_class, row.band, row.call_count, row.price, row.previous_count, row.previous_duration_seconds, row.previous_price)
        for row in usage.rows
    ] == [
        ("UK landlines", "Day", 1, Price.of(112), 2, 180, Price.of(60)),
        ("UK mobiles", "Evening", 0, Price(0), 1, 90, Price.of(30)),
    ], "corrections are lines of their own and no calls"
    assert usage.previous_bill == first.bill_number
    # The first bill took calls of 15 January to 5 February, 22 days: 90p / 22 = 4.09p; then 28 days: 112p / 28 = 4p.
    assert usage.remark == (
        f"£0.22 more than on bill {first.bill_number}, which had the calls of 22 days where this one has 28 days: £0.04 a day, £0.04 then."
    )


def test_a_credit_note_stands_between_two_bills_without_calls(session: Session, home: builders.BuiltLine) -> None:
    rated_call(session, home, 1, date(2026, 1, 20), 40_000_000)
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    rated_call(session, home, 2, date(2026, 2, 6), 50_000_000)
    command = CreditBillLine(bill_number=bill.number or "", line_number=1, reason="Fault 17", amount=Money(100), by_credit_note=True)
    credit_bill_line(session, command, by=builders.OPERATOR, at=at(date(2026, 2, 6)))
    night(session, date(2026, 2, 6))
    night(session, MARCH)
    first, note, second = documents(session, home)
    assert (note.kind, note.usage, note.call_lists, note.slip, note.history) == ("credit_note", None, (), None, ())
    assert [(line.group, line.reference) for line in note.lines] == [("adjustment", f"Bill {first.bill_number}")]
    assert [one.number for one in note.corrects] == [first.bill_number]
    assert note.messages[0].heading == "What this credit note does"
    assert second.usage is not None
    assert second.usage.previous_bill == first.bill_number, "a credit note took no calls to compare with"
    assert [len(listed.calls) for listed in second.call_lists] == [1]
    assert [past.invoice_total for past in second.history] == [first.invoice_total]


def test_an_interim_bill_says_what_it_is_and_how_far_it_goes(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    rated_call(session, home, 2, date(2026, 2, 10), 50_000_000)
    request_bill(session, RequestBill(account_number=home.account.number, reason="Moving house"), by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, date(2026, 2, 12))
    _, document = documents(session, home)
    assert document.kind == "interim"
    assert document.messages[0].heading == "This is an interim bill"
    assert "up to 12 February 2026" in document.messages[0].text
    assert document.slip is not None


def test_allowances_of_months_that_are_over_are_told_with_the_line_they_belong_to(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    rated_call(session, home, 1, date(2026, 2, 20), 40_000_000)
    night(session, MARCH)
    _, document = documents(session, home)
    (march,) = (one for one in document.allowances if one.month.starts_on == FEBRUARY)
    assert (march.description, march.service_number, march.month.ends_on) == ("100 inclusive minutes", "01632 960123", MARCH)
    # 90 seconds are two whole minutes of a hundred; what is left is lost.
    assert (march.granted_seconds, march.rolled_in_seconds, march.used_seconds, march.left_seconds) == (6000, 0, 120, 0)
    assert all(one.month.starts_on < MARCH for one in document.allowances), "the month that begins with the bill is told of by the next"
    assert [line.net for line in document.lines if line.group == "discount"] == [Money(-40)]


def test_a_promotion_stands_among_the_discounts(session: Session, home: builders.BuiltLine) -> None:
    give_promotion(
        session,
        GivePromotion(
            account_number=home.account.number,
            product_code=PROMOTION,
            starts_on=START,
            ends_on=date(2026, 8, 5),
            reason="Moved from another",
        ),
        by=builders.OPERATOR,
        at=at(START),
    )
    rated_call(session, home, 1, date(2026, 1, 20), 40_000_000)
    night(session, FEBRUARY)
    (document,) = documents(session, home)
    places = [LINE_GROUPS.index(line.group) for line in document.lines]
    assert places == sorted(places), "lines are numbered as they are printed"
    assert document.lines[-1].description.startswith("Half-price"), "what comes off calls stands before it"
    promoted = [line for line in document.lines if line.group == "discount"]
    assert promoted
    assert all(line.net < Money(0) for line in promoted)
    assert "Discounts and promotional credits" in said(session, bills(session, home.account)[0])


def test_a_sample_is_printed_before_there_is_a_number(session: Session, home: builders.BuiltLine) -> None:
    run = begin(session, FEBRUARY)
    calculate_block(session, run, queries.accounts_to_calculate(session, run), by=NIGHT, at=at(FEBRUARY))
    (bill,) = bills(session, home.account)
    assert bills_as_posted(session, [bill.id]) == ()
    (posted,) = bills_as_posted(session, [bill.id], unnumbered=True)
    document = compose(posted.bill, supplier(session))
    assert document.bill_number == NOT_NUMBERED
    words = " ".join(word for row in rows_of(render_pdf(document, stamp="SAMPLE")) for word in row.words)
    assert f"Bill number {NOT_NUMBERED}" in words
    assert session.execute(select(BillFile.bill_id)).first() is None
