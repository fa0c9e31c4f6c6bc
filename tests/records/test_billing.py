"""Billing over real rows: a life by hand, cuts, repeats, holds, idle and finished accounts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, freeze_cut, post_block, release_run, take_payment
from billing.checks import check_books
from billing.commands import TakePayment
from billing.model import AccountCycle, BillLine, BillRunAccount, JournalEntry, Posting
from billing.queries.bill_story import bill_line_story
from billing.words import BillKind, BillState, PaymentMethod
from css.core.errors import NotFound, Refused
from css.core.money import Money
from css.core.words import BillFrequency, Segment
from css.master.products import ProductPrice
from css.master.reference import PARTNER
from css.master.services import Service
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import NIGHT, at, begin, bills, cease, finish, leave_item, lines, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A residential line from 15 January on an account billed on the 5th: £22.60 with VAT, 1883.333333 pence net; from April 1950."""
    account = builders.account(session, zz, cycle_day=5)
    return builders.working_line(session, zz, account, starts_on=START)


def pay(session: Session, account: builders.BuiltAccount, pence: int) -> None:
    command = TakePayment(account_number=account.number, amount=Money(pence), method=PaymentMethod.CARD)
    take_payment(session, command, by=builders.CLERK, at=at(START))


def test_a_customer_from_the_first_bill_to_the_final_one(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    account = home.account
    leave_item(session, home, "LINE-RES", "12500", START)

    # 5 February. Month ahead 1883; 21 of 31 days 1883.333333 x 21/31 = 1275.81 -> 1276; connection 12500; calls 10.4 + 10.4 = 20.8 -> 21.
    # Net 15680, VAT 3136, invoice 188.16.
    rated_call(session, home, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, home, 2, FEBRUARY, 10_400_000)
    night(session, FEBRUARY, tmp_path)
    (first,) = bills(session, account)
    assert lines(session, first) == [
        ("Residential line", 1883),
        ("Residential line, 21 of 31 days", 1276),
        ("Connection", 12500),
        ("Calls to UK landlines, daytime", 21),
    ]
    assert (first.invoice_net, first.invoice_vat, first.invoice_gross, first.amount_due) == (
        Money(15680),
        Money(3136),
        Money(18816),
        Money(18816),
    )
    assert (first.number, first.state, first.kind, first.due_on) == ("ZZB00000012", BillState.ISSUED, BillKind.BILL, date(2026, 2, 19))

    # Pays it on the 6th. 5 March: the month ahead crosses 1 April: 27 of 31 days at 1883.333333 = 1640.32 -> 1640,
    # 4 at 1950 = 251.61 -> 252. Net 1892, VAT 378.4 -> 378, invoice 22.70; 188.16 brought forward, 188.16 paid.
    pay(session, account, 18816)
    night(session, MARCH, tmp_path)
    second = bills(session, account)[1]
    assert lines(session, second) == [("Residential line, 27 of 31 days", 1640), ("Residential line, 4 of 31 days", 252)]
    assert (second.brought_forward, second.payments_received, second.invoice_gross, second.amount_due) == (
        Money(18816),
        Money(18816),
        Money(2270),
        Money(2270),
    )
    assert (second.period_starts_on, second.period_ends_on) == (FEBRUARY, MARCH)

    # 5 April: 1950 and 390 VAT; nothing paid, 22.70 + 23.40 = 46.10.
    night(session, APRIL, tmp_path)
    third = bills(session, account)[2]
    assert (third.invoice_gross, third.amount_due) == (Money(2340), Money(4610))

    # Ceases on 20 April: 15 of the 30 days from 5 April go back, 975 and 195 VAT. A call that morning: 30.6 -> 31.
    # Net -944, VAT -188.8 -> -189, invoice -11.33; 46.10 less 11.33 is 34.77. The final bill does not wait for the 5th.
    cease(session, home, date(2026, 4, 20))
    rated_call(session, home, 3, date(2026, 4, 20), 30_600_000)
    night(session, date(2026, 4, 20), tmp_path)
    final = bills(session, account)[3]
    assert final.kind is BillKind.FINAL
    assert lines(session, final) == [("Residential line, credit for 15 of 30 days", -975), ("Calls to UK landlines, daytime", 31)]
    assert (final.invoice_gross, final.amount_due) == (Money(-1133), Money(3477))
    should_be, was = bill_line_story(session, str(final.number), 1, by=builders.CLERK).parts
    assert (should_be.steps[0].sum, should_be.steps[0].pence) == ("1950 x 1 x 15 / 30", "975")
    assert was.steps[0].words == f"line 1 of bill {third.number} charges £19.50 for 05/04/2026 to 04/05/2026"

    # Nothing more comes, and the books balance to the penny.
    night(session, date(2026, 5, 5), tmp_path)
    assert len(bills(session, account)) == 4
    assert queries.account_balance(session, account.number, by=builders.CLERK).balance == Money(3477)
    assert check_books(session, "ZZ") == ()


def test_the_cut_waits_for_the_date_to_be_over(session: Session, home: builders.BuiltLine) -> None:
    with pytest.raises(Refused) as refusal:
        freeze_cut(session, "ZZ", START, by=NIGHT, at=at(START))
    assert refusal.value.code == "CSS430E"
    with pytest.raises(NotFound) as missing:
        freeze_cut(session, "QQ", START, by=NIGHT, at=at(START))
    assert missing.value.code == "CSS101E"


def test_freezing_twice_gives_the_same_run_with_the_first_instant(session: Session, home: builders.BuiltLine) -> None:
    run_id = begin(session, FEBRUARY)
    assert freeze_cut(session, "ZZ", FEBRUARY, by=NIGHT, at=at(MARCH)) == run_id
    assert queries.accounts_to_calculate(session, run_id) == (home.account.id,)


def test_what_is_keyed_during_the_night_belongs_to_the_next_day(
    session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict
) -> None:
    run_id = begin(session, FEBRUARY)
    # The date has rolled: a payment, a feature, an item and a cease keyed now are of the 6th.
    pay(session, home.account, 1000)
    tomorrow = date(2026, 2, 6)
    cease(session, home, date(2026, 2, 1), recorded_on=tomorrow)
    builders.service(session, home.id, home.account, "CALLER-DISPLAY", where=zz, starts_on=tomorrow)
    leave_item(session, home, "VISIT", "10000", tomorrow)
    rated_call(session, home, 1, tomorrow, 5_000_000)
    finish(session, run_id, FEBRUARY)
    (bill,) = bills(session, home.account)
    assert lines(session, bill) == [("Residential line", 1883), ("Residential line, 21 of 31 days", 1276)]
    assert bill.payments_received == Money(0)


def test_a_night_repeated_writes_nothing(session: Session, home: builders.BuiltLine) -> None:
    run_id = night(session, FEBRUARY)
    before = session.execute(text("SELECT (SELECT count(*) FROM billing.bill), (SELECT count(*) FROM billing.posting)")).one()
    again = calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    assert (again.read, again.written, again.filtered) == (1, 0, 1)
    assert release_run(session, run_id, by=NIGHT, at=at(FEBRUARY)).read == 0
    bill_ids = [bill.id for bill in bills(session, home.account)]
    assert post_block(session, bill_ids, by=NIGHT, at=at(FEBRUARY)).filtered == 1
    assert session.execute(text("SELECT (SELECT count(*) FROM billing.bill), (SELECT count(*) FROM billing.posting)")).one() == before


def test_a_missed_cycle_date_is_made_good_by_one_bill(session: Session, home: builders.BuiltLine) -> None:
    night(session, date(2026, 3, 7))
    (bill,) = bills(session, home.account)
    assert (bill.issue_on, bill.period_starts_on, bill.period_ends_on) == (date(2026, 3, 7), START, MARCH)
    # 21 of 31 days, February's month, and the month ahead with its change of price.
    assert [pence for _, pence in lines(session, bill)] == [1883, 1276, 1640, 252]
    assert session.get_one(AccountCycle, home.account.id).next_bill_on == APRIL


def test_quarterly_accounts_are_charged_three_months_ahead(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=1, frequency=BillFrequency.QUARTERLY, cycle_month_group=2)
    builders.working_line(session, zz, account, starts_on=date(2026, 2, 1))
    night(session, date(2026, 2, 1))
    (bill,) = bills(session, account)
    # 1 February to 1 May is 89 days, 59 of them before the price of April: 3 x 1883.333333 x 59/89, 3 x 1950 x 30/89.
    assert lines(session, bill) == [("Residential line, 59 of 89 days", 3746), ("Residential line, 30 of 89 days", 1972)]


def test_one_account_that_cannot_be_billed_is_parked_and_the_others_are_billed(
    session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict
) -> None:
    other = builders.account(session, zz, cycle_day=5)
    builders.working_line(session, zz, other, starts_on=START, features=("CALL-SIGN",))
    wanted = ProductPrice.product_id == builders.product_id(session, "CALL-SIGN")
    session.execute(update(ProductPrice).where(wanted, ProductPrice.ends_on.is_(None)).values(ends_on=date(2026, 1, 20)))
    run_id = begin(session, FEBRUARY)
    totals = calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(FEBRUARY))
    assert (totals.read, totals.written, totals.rejected) == (2, 1, 1)
    (parked,) = totals.set_aside
    assert (parked.code, parked.source_key) == ("CSS431E", f"bill/2026-02-05/{other.number}")
    kept = session.execute(select(BillRunAccount.parked_words).where(BillRunAccount.account_id == other.id)).scalar_one()
    assert "CALL-SIGN on 2026-01-20" in str(kept)
    finish(session, run_id, FEBRUARY)
    assert bills(session, other) == []
    # Put right, it is billed the next night, with everything since its start.
    session.execute(update(ProductPrice).where(wanted, ProductPrice.ends_on == date(2026, 1, 20)).values(ends_on=None))
    night(session, date(2026, 2, 6))
    (bill,) = bills(session, other)
    assert [words for words, _ in lines(session, bill)][-1] == "Call sign, 21 of 31 days"


def test_a_bill_that_disagrees_with_the_ledger_is_parked(session: Session, home: builders.BuiltLine) -> None:
    pay(session, home.account, 500)
    session.execute(text("ALTER TABLE billing.payment DISABLE TRIGGER USER"))
    session.execute(text("UPDATE billing.payment SET amount = 400"))
    run_id = begin(session, FEBRUARY)
    totals = calculate_block(session, run_id, [home.account.id], by=NIGHT, at=at(FEBRUARY))
    assert [one.code for one in totals.set_aside] == ["CSS433E"]


def test_an_unknown_run_is_refused(session: Session) -> None:
    with pytest.raises(NotFound) as refusal:
        calculate_block(session, 999, [1], by=NIGHT, at=at(FEBRUARY))
    assert refusal.value.code == "CSS434E"


def test_an_account_with_nothing_to_bill_moves_on_without_a_bill(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5)
    run_id = begin(session, FEBRUARY)
    totals = calculate_block(session, run_id, [account.id], by=NIGHT, at=at(FEBRUARY))
    assert (totals.read, totals.filtered) == (1, 1)
    assert queries.accounts_to_calculate(session, run_id) == ()
    cycle = session.get_one(AccountCycle, account.id, populate_existing=True)
    assert (cycle.next_bill_on, cycle.usage_billed_through) == (MARCH, FEBRUARY)
    assert check_books(session, "ZZ") == ()


def test_money_received_while_idle_is_shown_on_the_next_bill(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, cycle_day=5)
    night(session, FEBRUARY)
    pay(session, account, 700)
    night(session, MARCH)
    (bill,) = bills(session, account)
    assert lines(session, bill) == [("No charges this time", 0)]
    assert (bill.payments_received, bill.amount_due, bill.state) == (Money(700), Money(-700), BillState.POSTED)
    assert session.execute(select(JournalEntry).where(JournalEntry.source_key == f"bill/{bill.id}")).one_or_none() is None
    assert check_books(session, "ZZ") == ()


def test_a_late_call_of_a_finished_account_gets_one_more_bill(session: Session, home: builders.BuiltLine, tmp_path: Path) -> None:
    cease(session, home, date(2026, 1, 20))
    night(session, date(2026, 1, 20), tmp_path)
    night(session, date(2026, 1, 21), tmp_path)
    assert len(bills(session, home.account)) == 1
    rated_call(session, home, 1, date(2026, 1, 22), 12_000_000)
    night(session, date(2026, 1, 22), tmp_path)
    late = bills(session, home.account)[1]
    assert (late.kind, lines(session, late)) == (BillKind.FINAL, [("Calls to UK landlines, daytime", 12)])
    night(session, date(2026, 1, 23), tmp_path)
    assert len(bills(session, home.account)) == 2
    assert check_books(session, "ZZ") == ()


def test_new_service_on_a_finished_account_brings_it_back_into_the_cycle(
    session: Session, home: builders.BuiltLine, zz: builders.BuiltDistrict
) -> None:
    cease(session, home, date(2026, 1, 20))
    night(session, date(2026, 1, 20))
    builders.service(session, home.id, home.account, "LINE-RES", where=zz, starts_on=date(2026, 2, 1))
    night(session, date(2026, 2, 1))
    assert len(bills(session, home.account)) == 1
    night(session, FEBRUARY)
    assert [pence for _, pence in lines(session, bills(session, home.account)[1])] == [1883, 243]  # 4 of 31 days


def test_a_cease_with_an_open_order_waits_for_its_cycle(session: Session, home: builders.BuiltLine) -> None:
    cease(session, home, date(2026, 1, 20))
    session.execute(
        text(
            "INSERT INTO orders.customer_order (number, district_code, provider_id, account_id, line_id, kind, state, conversation_id,"
            " required_on, contact_name, contact_phone, placed_at, placed_on, placed_by) SELECT 'ZZO00000015', 'ZZ', :provider, :account,"
            " :line, 'provide', 'acknowledged', 'c', '2026-02-20', 'Ada', '441632960123', now(), '2026-01-20', 'TESTER'"
        ),
        {"provider": home.account.provider_id, "account": home.account.id, "line": home.id},
    )
    night(session, date(2026, 1, 20))
    assert bills(session, home.account) == []


def test_free_calls_are_neither_charged_nor_shown(session: Session, home: builders.BuiltLine) -> None:
    rated_call(session, home, 1, date(2026, 1, 20), 0, charge_class="FREE", is_itemised=False, other_number="448081570123")
    rated_call(session, home, 2, date(2026, 1, 20), 0, band="evening")
    night(session, FEBRUARY)
    (bill,) = bills(session, home.account)
    assert lines(session, bill)[2:] == [("Calls to UK landlines, evening", 0)]
    assert check_books(session, "ZZ") == ()


def test_a_block_sends_as_many_statements_for_four_accounts_as_for_one(
    session: Session, zz: builders.BuiltDistrict, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    accounts = [builders.account(session, zz, cycle_day=5) for _ in range(5)]
    for account in accounts:
        builders.working_line(session, zz, account, starts_on=START)
    run_id = begin(session, FEBRUARY)
    with query_count() as one:
        calculate_block(session, run_id, [accounts[0].id], by=NIGHT, at=at(FEBRUARY))
    with query_count() as four:
        calculate_block(session, run_id, [account.id for account in accounts[1:]], by=NIGHT, at=at(FEBRUARY))
    assert len(one) == len(four) < 37


def test_revenue_vat_and_debtors_stand_in_the_ledger(session: Session, home: builders.BuiltLine) -> None:
    leave_item(session, home, "VISIT", "10000", START, words="Engineer's visit")
    night(session, FEBRUARY)
    rows = session.execute(
        select(Posting.nominal_code, Posting.account_id, Posting.amount, Posting.business_date).order_by(Posting.id)
    ).all()
    # Net 1883 + 1276 + 10000 = 13159, VAT 2631.8 -> 2632.
    assert [(row.nominal_code, row.account_id, row.amount.pence) for row in rows] == [
        ("DEBTORS", home.account.id, 15791),
        ("RENTALS", None, -3159),
        ("VISITS", None, -10000),
        ("VAT-OUTPUT", None, -2632),
    ]
    assert {row.business_date for row in rows} == {FEBRUARY}


def test_a_back_dated_history_is_put_right_by_new_lines_only(session: Session, home: builders.BuiltLine) -> None:
    night(session, FEBRUARY)
    before = lines(session, bills(session, home.account)[0])
    # It had really started five days earlier, as everybody learns on 10 February.
    session.execute(text("UPDATE css.line SET starts_on = '2026-01-10'"))
    session.execute(update(Service).values(starts_on=date(2026, 1, 10)))
    night(session, MARCH)
    first, second = bills(session, home.account)
    assert lines(session, first) == before
    # 26 days should be 1883.333333 x 26/31 = 1579.57 -> 1580; 1276 was.
    assert ("Residential line, 5 more of 31 days", 304) in lines(session, second)
    corrected = session.execute(
        select(BillLine.corrects_line_id).where(BillLine.bill_id == second.id, BillLine.words.like("%more%"))
    ).scalar_one()
    assert session.get_one(BillLine, corrected).bill_id == first.id


def test_wholesale_lines_bear_the_reverse_charge(session: Session, zz: builders.BuiltDistrict) -> None:
    account = builders.account(session, zz, provider_code=PARTNER, cycle_day=5, vat_status="reverse-charge", vat_number="GB999999931")
    assert account.segment is Segment.WHOLESALE
    builders.working_line(session, zz, account, starts_on=START)
    night(session, FEBRUARY)
    (bill,) = bills(session, account)
    assert (bill.invoice_vat, bill.invoice_gross) == (Money(0), bill.invoice_net)
    categories = session.execute(select(func.array_agg(BillLine.vat_category.distinct())).where(BillLine.bill_id == bill.id)).scalar_one()
    assert categories == ["AE"]
