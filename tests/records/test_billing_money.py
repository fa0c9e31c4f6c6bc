"""Payments, compensation, balances and statements over real rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import take_payment, take_service_failures
from billing.commands import TakePayment
from billing.model import OutsideItem, Payment, Posting
from billing.words import PaymentMethod
from css.audit import AuditEvent
from css.core.calendar import london_instant
from css.core.errors import CssError, Several
from css.core.money import Money
from css.core.words import FailureKind, Segment
from css.handover import leave_service_failure
from tests import builders
from tests.records.billed import NIGHT, at, bills, night

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    return builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)


def paying(account: builders.BuiltAccount, **others: object) -> TakePayment:
    command = TakePayment(account_number=account.number, amount=Money(2500), method=PaymentMethod.CARD, reference="0417")
    return replace(command, **others)  # type: ignore[arg-type]


def test_a_payment_stands_in_the_ledger_and_the_receipt_says_what_is_owed(session: Session, home: builders.BuiltLine) -> None:
    receipt = take_payment(session, paying(home.account), by=builders.CLERK, at=at(START))
    assert (receipt.account_number, receipt.amount, receipt.balance) == (home.account.number, Money(2500), Money(-2500))
    payment = session.execute(select(Payment)).scalar_one()
    assert (payment.business_date, payment.received_on, payment.taken_by) == (START, START, "CLERK1")
    sides = session.execute(select(Posting.nominal_code, Posting.account_id, Posting.amount).order_by(Posting.id)).all()
    assert sides == [("CARD-CLEARING", None, Money(2500)), ("DEBTORS", home.account.id, Money(-2500))]
    audited = session.execute(select(AuditEvent).where(AuditEvent.verb == "take_payment")).scalar_one()
    assert (audited.subject_number, audited.after) == (
        home.account.number,
        {
            "payment": receipt.payment_number,
            "token": "",
            "account_number": home.account.number,
            "amount": "25.00",
            "method": "card",
            "reference": "0417",
            "received_on": None,
        },
    )


def test_the_same_token_is_one_payment(session: Session, home: builders.BuiltLine) -> None:
    first = take_payment(session, paying(home.account, token="t1"), by=builders.CLERK, at=at(START))
    second = take_payment(session, paying(home.account, token="t1"), by=builders.CLERK, at=at(START))
    assert first == second
    assert session.execute(select(func.count()).select_from(Payment)).scalar_one() == 1


@pytest.mark.parametrize(
    ("others", "code"),
    [
        ({"amount": Money(0)}, "CSS441E"),
        ({"amount": Money(-100)}, "CSS441E"),
        ({"amount": Money(10_000_000_01)}, "CSS441E"),
        ({"received_on": START + timedelta(days=1)}, "CSS442E"),
        ({"account_number": "ZZA00000996"}, "CSS105E"),
        ({"account_number": "nonsense"}, "CSS052E"),
    ],
)
def test_payments_that_cannot_be_are_refused(session: Session, home: builders.BuiltLine, others: dict[str, object], code: str) -> None:
    with pytest.raises(CssError) as refusal:
        take_payment(session, paying(home.account, **others), by=builders.CLERK, at=at(START))
    assert refusal.value.code == code
    assert session.execute(select(func.count()).select_from(Posting)).scalar_one() == 0


def test_both_faults_of_a_payment_are_told_at_once(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(Several) as refusal:
        take_payment(session, paying(home.account, amount=Money(0), received_on=date(2027, 1, 1)), by=builders.CLERK, at=at(START))
    assert [error.code for error in refusal.value.errors] == ["CSS441E", "CSS442E"]


def test_partners_do_not_enter_payments_and_see_only_their_own_accounts(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(CssError) as refusal:
        take_payment(session, paying(home.account), by=builders.PARTNER_ACTOR, at=at(START))
    assert refusal.value.code == "CSS443E"
    with pytest.raises(CssError) as unseen:
        queries.account_balance(session, home.account.number, by=builders.PARTNER_ACTOR)
    assert unseen.value.code == "CSS105E"


def test_a_posted_payment_cannot_be_changed(session: Session, home: builders.BuiltLine) -> None:
    take_payment(session, paying(home.account), by=builders.CLERK, at=at(START))
    with pytest.raises(Exception, match="only ever added"):
        session.execute(text("UPDATE billing.payment SET amount = 1"))


def fail(session: Session, line: builders.BuiltLine, kind: FailureKind, issue_on: date, put_right: date, *, left_on: date = START) -> str:
    key = f"fault/{line.id}/{kind.value}"
    leave_service_failure(
        session,
        source_key=key,
        district_code="ZZ",
        account_id=line.account.id,
        line_id=line.id,
        kind=kind,
        reference="ZZF00000018",
        issue_on=issue_on,
        promised_at=london_instant(issue_on, time(17)),
        put_right_at=london_instant(put_right, time(11)),
        business_date=left_on,
    )
    return key


def test_a_late_repair_is_compensated_and_shown_outside_the_invoice(session: Session, home: builders.BuiltLine) -> None:
    # Reported Thursday 15 January; trigger Monday 19th; restored Wednesday 21st: 1 + 1 full day (20th) = 2 x £9.98.
    fail(session, home, FailureKind.DELAYED_REPAIR, START, date(2026, 1, 21))
    night(session, FEBRUARY)
    item = session.execute(select(OutsideItem)).scalar_one()
    assert (item.amount, item.words, item.business_date) == (Money(-1996), "Delayed repair, 2 days at £9.98", FEBRUARY)
    sides = session.execute(select(Posting.nominal_code, Posting.account_id, Posting.amount).order_by(Posting.id).limit(2)).all()
    assert sides == [("DEBTORS", home.account.id, Money(-1996)), ("COMPENSATION", None, Money(1996))]
    (bill,) = bills(session, home.account)
    assert (bill.outside_total, bill.invoice_gross, bill.amount_due) == (Money(-1996), Money(3791), Money(1795))


def test_what_is_worth_nothing_is_taken_once_with_its_reason(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5, segment=Segment.BUSINESS)
    line = builders.working_line(session, zz, account, starts_on=START)
    fail(session, line, FailureKind.DELAYED_REPAIR, START, date(2026, 1, 30))
    night(session, FEBRUARY)
    item = session.execute(select(OutsideItem)).scalar_one()
    assert (item.amount, item.words) == (
        Money(0),
        (
            "Delayed repair: nothing by itself: automatic compensation is for residential customers, guarantees are for providers, "
            "and the account is not a residential one"
        ),
    )
    assert queries.failures_to_take(session, "ZZ", FEBRUARY) == ()
    assert bills(session, account)[0].outside_total == Money(0)


def test_failures_are_taken_once_and_only_up_to_the_date(session: Session, home: builders.BuiltLine) -> None:
    fail(session, home, FailureKind.MISSED_APPOINTMENT, START, START)
    fail(session, home, FailureKind.DELAYED_START, START, date(2026, 1, 17), left_on=date(2026, 1, 17))
    (early,) = queries.failures_to_take(session, "ZZ", START)
    first = take_service_failures(session, "ZZ", START, [early], by=NIGHT, at=at(START))
    assert (first.written, first.amount) == (1, Money(3119))
    again = take_service_failures(session, "ZZ", START, [early], by=NIGHT, at=at(START))
    assert (again.read, again.written, again.filtered) == (1, 0, 1)
    assert len(queries.failures_to_take(session, "ZZ", date(2026, 1, 17))) == 1


def test_a_statement_runs_from_event_to_event(session: Session, home: builders.BuiltLine) -> None:
    fail(session, home, FailureKind.MISSED_APPOINTMENT, START, START)
    night(session, FEBRUARY)
    receipt = take_payment(
        session, paying(home.account, amount=Money(672)), by=builders.CLERK, at=datetime(2026, 2, 6, 9, tzinfo=at(START).tzinfo)
    )
    told = queries.statement(session, home.account.number, by=builders.CLERK)
    assert [(row.words, row.amount.pence, row.balance.pence) for row in told.rows] == [
        ("Missed appointment on 15/01/2026", -3119, -3119),
        ("Bill ZZB00000012", 3791, 672),
        (f"Payment {receipt.payment_number}", -672, 0),
    ]
    assert (told.brought_forward, told.balance) == (Money(0), Money(0))
    shortened = queries.statement(session, home.account.number, by=builders.CLERK, limit=1)
    assert (shortened.brought_forward, len(shortened.rows)) == (Money(672), 1)
    balance = queries.account_balance(session, home.account.number, by=builders.CLERK)
    assert (balance.last_bill_number, balance.last_bill_due_on, balance.next_bill_on) == (
        "ZZB00000012",
        date(2026, 2, 19),
        date(2026, 3, 5),
    )
