"""How an account is billed, changed by date: cycles, VAT statuses, billing details; what a frozen cut sees, and two people at once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from billing.actions.account_terms import change_billing, change_cycle, set_vat_status
from billing.model import BillRequest
from billing.queries import account_balance
from billing.queries.terms_card import account_terms
from billing.terms_commands import BillingChanged, ChangeBilling, ChangeCycle, CycleChanged, SetVatStatus, VatStatusSet
from billing.words import BillKind
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import Conflict, CssError, Refused, Several
from css.core.money import Money
from css.core.words import BillFrequency, BillMedium, Itemisation, PaymentMeans, Role, VatStatus
from css.db.engine import transaction
from css.master.accounts import Account
from css.master.districts import roll_business_date
from css.master.reference import RETAIL
from tests import builders
from tests.race import together
from tests.records.billed import at, begin, bills, cease, finish, lines, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)
BILLING = Actor("operator", "BILL1", RETAIL, frozenset({Role.BILLING.value}))
VAT_NUMBER = "GB999999931"


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th: 1883.333333 pence net; from April 1950."""
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=START)


def cycle(session: Session, account: builders.BuiltAccount, day: int, on: date, **others: object) -> CycleChanged:
    roll_business_date(session, "ZZ", to=on)
    fields: dict[str, Any] = {"frequency": BillFrequency.MONTHLY} | others
    return change_cycle(session, ChangeCycle(account_number=account.number, cycle_day=day, **fields), by=BILLING, at=at(on))


def taxed(session: Session, account: builders.BuiltAccount, status: VatStatus, on: date, **others: object) -> VatStatusSet:
    roll_business_date(session, "ZZ", to=on)
    fields: dict[str, Any] = {"reason": "A certificate came."} | others
    return set_vat_status(session, SetVatStatus(account_number=account.number, vat_status=status, **fields), by=BILLING, at=at(on))


# --- cycles ---------------------------------------------------------------------------------------------------------


def test_after_a_change_of_cycle_a_bill_has_a_part_and_a_whole_period(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    answer = cycle(session, home.account, 20, date(2026, 2, 10))
    assert (answer.starts_on, answer.next_bill_on) == (MARCH, date(2026, 3, 20))
    assert account_balance(session, home.account.number, by=BILLING).next_bill_on == date(2026, 3, 20)

    night(session, MARCH)
    assert len(bills(session, home.account)) == 1
    # 5 to 19 March are 15 of the 28 days from 20 February: 1883.333333 x 15/28 = 1008.93. From 20 March 31 days, 12 of them
    # before the rise: 729.03, and 19 at 1950: 1195.16.
    night(session, date(2026, 3, 20))
    second = bills(session, home.account)[1]
    assert lines(session, second) == [
        ("Residential line, 15 of 28 days", 1009),
        ("Residential line, 12 of 31 days", 729),
        ("Residential line, 19 of 31 days", 1195),
    ]
    assert (second.period_starts_on, second.period_ends_on) == (FEBRUARY, date(2026, 3, 20))

    # A cease learned of late is credited in the periods as they were: 5 of 28 days, and all that was charged ahead.
    cease(session, home, date(2026, 3, 15), recorded_on=date(2026, 4, 1))
    night(session, date(2026, 4, 1))
    final = bills(session, home.account)[2]
    assert (final.kind, final.period_ends_on) == (BillKind.FINAL, date(2026, 3, 21))
    # 10 of 28 days should have been: 672.62 -> 673, so 336 go back.
    assert lines(session, final) == [
        ("Residential line, credit for 5 of 28 days", -336),
        ("Residential line, credit for 12 of 31 days", -729),
        ("Residential line, credit for 19 of 31 days", -1195),
    ]


def test_the_31st_is_clamped_and_comes_back_and_an_annual_bill_charges_a_year(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=31)
    yearly = builders.account(session, zz, cycle_day=1, frequency=BillFrequency.ANNUAL, cycle_month_group=5)
    builders.working_line(session, zz, account, starts_on=START)
    for last in (date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)):
        night(session, last)
    assert [bill.issue_on for bill in bills(session, account)] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    builders.working_line(session, zz, yearly, starts_on=date(2026, 4, 16))
    night(session, date(2026, 5, 1))
    (bill,) = bills(session, yearly)
    # The year ahead 12 x 1950; before it 15 of 365 days of a year that cost as much: 961.64 -> 962.
    assert lines(session, bill) == [("Residential line", 23400), ("Residential line, 15 of 365 days", 962)]
    assert account_balance(session, yearly.number, by=BILLING).next_bill_on == date(2027, 5, 1)


def test_an_account_without_a_bill_has_its_new_cycle_from_the_first_day(session: Session, home: builders.BuiltLine) -> None:
    answer = cycle(session, home.account, 25, date(2026, 1, 20))
    assert (answer.starts_on, answer.next_bill_on) == (START, date(2026, 1, 25))
    answer = cycle(session, home.account, 28, date(2026, 1, 20), frequency=BillFrequency.QUARTERLY, cycle_month_group=2)
    assert (answer.starts_on, answer.next_bill_on) == (START, date(2026, 2, 28))
    night(session, FEBRUARY)
    assert bills(session, home.account) == []
    night(session, date(2026, 2, 28))
    (bill,) = bills(session, home.account)
    # 15 January to 27 February are 44 of the 92 days from 28 November: 3 x 1883.333333 x 44/92 = 2702.17.
    assert ("Residential line, 44 of 92 days", 2702) in lines(session, bill)


def test_a_cut_that_is_frozen_does_not_see_a_change_of_cycle(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    run_id = begin(session, MARCH)
    # The night of 5 March has its list and no bill yet; it is going to charge the account up to 5 April.
    answer = cycle(session, home.account, 20, date(2026, 3, 6))
    assert (answer.starts_on, answer.next_bill_on) == (APRIL, date(2026, 4, 20))
    finish(session, run_id, MARCH)
    assert lines(session, bills(session, home.account)[1]) == [
        ("Residential line, 27 of 31 days", 1640),
        ("Residential line, 4 of 31 days", 252),
    ]
    night(session, APRIL)
    assert len(bills(session, home.account)) == 2
    night(session, date(2026, 4, 20))
    # 15 of the 31 days from 20 March: 943.55 -> 944; the month ahead 1950.
    assert lines(session, bills(session, home.account)[2]) == [("Residential line", 1950), ("Residential line, 15 of 31 days", 944)]


def test_a_night_made_late_bills_by_the_cycle_of_its_date(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    cycle(session, home.account, 20, date(2026, 3, 6))
    # The night of 5 March was missed, and is made now: what was changed on the 6th is not for it to know.
    night(session, MARCH)
    assert len(bills(session, home.account)) == 2
    assert bills(session, home.account)[1].period_ends_on == MARCH
    night(session, date(2026, 4, 20))
    assert ("Residential line, 15 of 31 days", 944) in lines(session, bills(session, home.account)[2])


@pytest.mark.parametrize("nights", [[(3, 6), (4, 5), (12, 20)], [(4, 7), (12, 20)], [(12, 19), (12, 20)]])
def test_a_late_night_does_not_charge_the_part_period_of_a_new_cycle(
    session: Session, zz: builders.BuiltDistrict, nights: list[tuple[int, int]]
) -> None:
    """The night of 5 March is missed, and on the 6th the account becomes one that is billed once a year, on 20 December."""
    opened = date(2026, 2, 10)
    roll_business_date(session, "ZZ", to=opened)
    account = builders.account(session, zz, cycle_day=5)
    builders.working_line(session, zz, account, starts_on=opened)
    # The night of 10 February makes its acquaintance.
    night(session, opened)
    answer = cycle(session, account, 20, date(2026, 3, 6), frequency=BillFrequency.ANNUAL, cycle_month_group=12)
    assert (answer.starts_on, answer.next_bill_on) == (APRIL, date(2026, 12, 20))
    for month, on in nights:
        night(session, date(2026, month, on))
    first, second = bills(session, account)
    # 23 of 28 days at 1883.333333: 1547.02; 27 of 31 before the rise: 1640.32; 4 of 31 at 1950: 251.61.
    assert lines(session, first) == [
        ("Residential line, 23 of 28 days", 1547),
        ("Residential line, 27 of 31 days", 1640),
        ("Residential line, 4 of 31 days", 252),
    ]
    # The year ahead is 12 x 1950; 5 April to 20 December are 259 of 365 days: 16604.38.
    assert lines(session, second) == [("Residential line", 23400), ("Residential line, 259 of 365 days", 16604)]
    assert second.issue_on == date(2026, 12, 20)


def test_a_night_made_late_does_not_bill_by_a_cycle_said_after_it(session: Session, home: builders.BuiltLine) -> None:
    answer = cycle(session, home.account, 25, date(2026, 1, 28))
    assert answer.starts_on == START
    night(session, date(2026, 1, 26))
    assert bills(session, home.account) == []
    night(session, date(2026, 1, 28))
    (first,) = bills(session, home.account)
    assert first.period_ends_on == date(2026, 1, 25)


def test_a_cycle_changed_twice_before_it_began_is_the_last_one(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    cycle(session, home.account, 20, date(2026, 2, 10))
    answer = cycle(session, home.account, 12, date(2026, 3, 8))
    assert (answer.starts_on, answer.next_bill_on) == (MARCH, date(2026, 3, 12))
    night(session, date(2026, 3, 12))
    (part, *_) = lines(session, bills(session, home.account)[1])
    # 5 to 11 March are 7 of the 28 days from 12 February: 470.83.
    assert part == ("Residential line, 7 of 28 days", 471)
    found = account_terms(session, home.account.number, by=BILLING)
    assert [(row.starts_on, row.cycle_day, row.recorded_on) for row in found.cycles] == [
        (START, 5, None),
        (MARCH, 20, date(2026, 2, 10)),
        (MARCH, 12, date(2026, 3, 8)),
    ]
    assert found.charged_to == date(2026, 4, 12)


def test_what_is_wrong_with_a_cycle_is_told(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(Refused) as same:
        cycle(session, home.account, 5, START)
    assert same.value.code == "CSS741E"
    with pytest.raises(Several) as both:
        cycle(session, home.account, 32, START, cycle_month_group=13)
    assert [one.code for one in both.value.errors] == ["CSS116E", "CSS117E"]
    with pytest.raises(Conflict) as old:
        cycle(session, home.account, 6, START, row_version=7)
    assert old.value.code == "CSS742E"
    partner = Actor("partner", "BRACKWAT", "BRACKWAT", frozenset())
    with pytest.raises(CssError):
        change_cycle(
            session,
            ChangeCycle(account_number=home.account.number, cycle_day=6, frequency=BillFrequency.MONTHLY),
            by=partner,
            at=at(START),
        )


def test_an_interim_bill_leaves_the_cycle_as_it_is(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    rated_call(session, home, 1, date(2026, 2, 10), 10_400_000)
    session.add(
        BillRequest(
            district_code="ZZ",
            account_id=home.account.id,
            kind=BillKind.INTERIM,
            reason="Moving abroad",
            requested_on=date(2026, 2, 12),
            requested_by="BILL1",
        )
    )
    session.flush()
    night(session, date(2026, 2, 11))
    assert len(bills(session, home.account)) == 1
    night(session, date(2026, 2, 12))
    interim = bills(session, home.account)[1]
    assert (interim.kind, lines(session, interim)) == (BillKind.INTERIM, [("Calls to UK landlines, daytime", 10)])
    assert (interim.period_starts_on, interim.period_ends_on) == (FEBRUARY, date(2026, 2, 13))
    night(session, date(2026, 2, 13))
    assert len(bills(session, home.account)) == 2
    night(session, MARCH)
    third = bills(session, home.account)[2]
    assert (third.kind, third.period_starts_on, third.period_ends_on) == (BillKind.BILL, date(2026, 2, 13), MARCH)
    assert lines(session, third) == [("Residential line, 27 of 31 days", 1640), ("Residential line, 4 of 31 days", 252)]


# --- VAT status -----------------------------------------------------------------------------------------------------


def test_a_vat_status_from_a_day_in_the_past_is_put_right_on_the_next_bill(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    answer = taxed(session, home.account, VatStatus.EXEMPT, date(2026, 2, 10), starts_on=date(2026, 2, 1))
    assert (answer.starts_on, answer.recorded_on) == (date(2026, 2, 1), date(2026, 2, 10))
    for record, day in ((1, date(2026, 1, 31)), (2, date(2026, 2, 1))):
        began = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
        rated_call(session, home, record, date(2026, 2, 11), 10_400_000, started_at=began)
    night(session, MARCH)
    second = bills(session, home.account)[1]
    # Of 15 January to 4 February the last 4 of 31 days are exempt: 17 days are 1032.80, so 243 go back with VAT; 4 days 243.01.
    assert lines(session, second) == [
        ("Residential line", 1883),
        ("Residential line, 4 of 31 days", 243),
        ("Residential line, credit for 4 of 31 days", -243),
        ("Residential line, credit for 28 of 28 days", -1883),
        ("Residential line, 27 of 31 days", 1640),
        ("Residential line, 4 of 31 days", 252),
        ("Calls to UK landlines, daytime", 10),
        ("Calls to UK landlines, daytime", 10),
    ]
    # With VAT: -243 - 1883 + 10 = -2116, of which 20% is -423.2; without: the rest.
    assert (second.invoice_net, second.invoice_vat) == (Money(1912), Money(-423))
    assert second.payer["vat_status"] == "exempt"


def test_a_cut_that_is_frozen_does_not_see_a_vat_status(session: Session, home: builders.BuiltLine) -> None:
    run_id = begin(session, FEBRUARY)
    taxed(session, home.account, VatStatus.EXEMPT, date(2026, 2, 6), starts_on=START)
    finish(session, run_id, FEBRUARY)
    (first,) = bills(session, home.account)
    assert (first.invoice_net, first.invoice_vat) == (Money(3159), Money(632))
    assert first.payer["vat_status"] == "standard"
    night(session, MARCH)
    assert bills(session, home.account)[1].invoice_vat == Money(-632)


def test_reverse_charge_needs_a_vat_number_and_a_day_that_can_be(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(CssError) as no_number:
        taxed(session, home.account, VatStatus.REVERSE_CHARGE, START)
    assert no_number.value.code == "CSS120E"
    for day in (date(2026, 1, 14), date(2026, 1, 16)):
        with pytest.raises(CssError) as no_day:
            taxed(session, home.account, VatStatus.EXEMPT, START, starts_on=day)
        assert no_day.value.code == "CSS743E"
    answer = taxed(session, home.account, VatStatus.REVERSE_CHARGE, START, vat_number="gb 999 9999 31")
    assert (answer.vat_number, answer.row_version) == (VAT_NUMBER, 2)
    with pytest.raises(Refused) as same:
        taxed(session, home.account, VatStatus.REVERSE_CHARGE, START)
    assert same.value.code == "CSS744E"
    clerk = Actor("operator", "CLERK1", RETAIL, frozenset({Role.CLERK.value}))
    with pytest.raises(Refused) as may_not:
        set_vat_status(
            session,
            SetVatStatus(account_number=home.account.number, vat_status=VatStatus.STANDARD, reason="x"),
            by=clerk,
            at=at(START),
        )
    assert may_not.value.code == "CSS443E"


# --- where bills go -------------------------------------------------------------------------------------------------


def billed_so(session: Session, account: builders.BuiltAccount, **fields: object) -> BillingChanged:
    told: dict[str, Any] = dict(fields)
    return change_billing(session, ChangeBilling(account_number=account.number, **told), by=builders.CLERK, at=at(START))


def test_billing_details_change_and_a_bill_keeps_those_of_its_calculation(session: Session, home: builders.BuiltLine) -> None:
    run_id = begin(session, FEBRUARY)
    finish(session, run_id, FEBRUARY)
    answer = billed_so(
        session,
        home.account,
        billing_name=" Dr A Tansley ",
        billing_address_lines=("1 Moor Lane", "Wrenford"),
        billing_postcode="zz47qs",
        medium=BillMedium.EMAIL,
        email="A.Tansley@Example.com",
        itemisation=Itemisation.MASKED,
        payment_means=PaymentMeans.DIRECT_DEBIT,
        mandate_reference="M-1",
    )
    assert (answer.billing_name, answer.billing_postcode, answer.email) == ("Dr A Tansley", "ZZ4 7QS", "a.tansley@example.com")
    event = session.execute(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).scalar_one()
    assert event.verb == "change_billing"
    assert event.before is not None
    assert event.before["medium"] == "paper"
    assert set(event.before) == set(event.after or {})
    night(session, MARCH)
    first, second = bills(session, home.account)
    assert (first.payer["name"], second.payer["name"]) == ("Mrs A Tansley", "Dr A Tansley")
    assert (first.payer["medium"], second.payer["medium"]) == ("paper", "email")
    emptied = billed_so(session, home.account, medium=BillMedium.PAPER, email="")
    assert (emptied.email, emptied.mandate_reference) == (None, "M-1")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"medium": BillMedium.EMAIL}, "CSS122E"),
        ({"payment_means": PaymentMeans.DIRECT_DEBIT}, "CSS119E"),
        ({"email": "nobody"}, "CSS113E"),
        ({"endpoint": "nowhere"}, "CSS123E"),
        ({"billing_name": " "}, "CSS114E"),
        ({"billing_address_lines": ()}, "CSS114E"),
        ({"billing_address_lines": ("1 Moor Lane", " ")}, "CSS114E"),
        ({"billing_postcode": "4 7QT"}, "CSS065E"),
        ({"medium": BillMedium.PAPER}, "CSS745E"),
        ({}, "CSS745E"),
    ],
)
def test_what_is_wrong_with_billing_details_is_told(session: Session, home: builders.BuiltLine, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(CssError) as refusal:
        billed_so(session, home.account, **fields)
    assert refusal.value.code == code


# --- two people at once ---------------------------------------------------------------------------------------------


def test_of_two_changes_of_what_both_saw_one_is_told_to_look_again(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        account = builders.account(session, zz, cycle_day=5)

    def change(day: int) -> CycleChanged:
        with transaction(fresh_engine) as session:
            command = ChangeCycle(account_number=account.number, cycle_day=day, frequency=BillFrequency.MONTHLY, row_version=1)
            return change_cycle(session, command, by=BILLING, at=at(START))

    done = together(lambda: change(10), lambda: change(20))
    lost = [one for one in done if isinstance(one, Exception)]
    (won,) = [one for one in done if isinstance(one, CycleChanged)]
    assert [type(one) for one in lost] == [Conflict]
    with transaction(fresh_engine) as session:
        assert session.get_one(Account, account.id).cycle_day == won.cycle_day
        assert session.execute(text("SELECT count(*) FROM css.account_cycle_term")).scalar() == 2


def test_two_changes_that_do_not_say_what_they_saw_come_one_after_the_other(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        account = builders.account(session, zz, cycle_day=5)

    def tax(status: VatStatus) -> VatStatusSet:
        with transaction(fresh_engine) as session:
            command = SetVatStatus(account_number=account.number, vat_status=status, vat_number=VAT_NUMBER, reason="It came.")
            return set_vat_status(session, command, by=BILLING, at=at(START))

    done = together(lambda: tax(VatStatus.EXEMPT), lambda: tax(VatStatus.REVERSE_CHARGE))
    assert all(isinstance(one, VatStatusSet) for one in done)
    last = max((one for one in done if isinstance(one, VatStatusSet)), key=lambda one: one.row_version)
    with transaction(fresh_engine) as session:
        assert session.get_one(Account, account.id).vat_status is last.vat_status
        # What it was is written once, by the first of them.
        found = session.execute(text("SELECT vat_status FROM css.account_vat_status ORDER BY id")).scalars().all()
    assert found[0] == "standard"
    assert found[2] == last.vat_status.value
    assert len(found) == 3
