"""Months and quarters of the books over real rows: what they come to, what must be one, and that a closed one stays as it is."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.actions import periods, take_payment
from billing.actions.adjustments import credit_bill_line
from billing.actions.failures import credit_failures
from billing.actions.outside import enter_outside_item
from billing.checks import check_books
from billing.commands import TakePayment
from billing.credit_commands import CreditBillLine, EnterOutsideItem
from billing.model import Bill, BillLine, BillVat, JournalEntry, Posting
from billing.queries.period_ledger import PeriodAsked
from billing.queries.period_proofs import PROOFS, disagreements
from billing.queries.periods import closed_periods, figures_kept, house_vat_return, is_closed, month_end, quarter_end
from billing.queries.statements import statement_document
from billing.rules.period import Figure
from billing.words import FigureSubject, NominalCode, OutsideKind, PaymentMethod, PeriodKind
from css.core.errors import CssError, Refused
from css.core.money import ZERO, Money, round_half_up, total
from css.core.words import FailureKind, Segment
from css.handover import leave_service_failure
from css.master.districts import roll_business_date
from tests import builders
from tests.records.billed import NIGHT, at, bills, cease, leave_item, night, rated_call
from tests.records.month import close, close_quarter, end, keep, month
from tests.records.suspended import call, wait

START = date(2026, 1, 15)
JANUARY, FEBRUARY, MARCH = (month(date(2026, n, 1)) for n in (1, 2, 3))
QUARTER = PeriodAsked("ZZ", PeriodKind.QUARTER, date(2026, 1, 1))
BY = builders.OPERATOR


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def town(session: Session, zz: builders.BuiltDistrict) -> list[builders.BuiltLine]:
    """Three accounts billed on the 5th, of which one is a firm; nobody has a bill yet."""
    kinds = (Segment.RESIDENTIAL, Segment.RESIDENTIAL, Segment.BUSINESS)
    accounts = [builders.account(session, zz, cycle_day=5, segment=segment) for segment in kinds]
    return [builders.working_line(session, zz, account, starts_on=START) for account in accounts]


@pytest.fixture
def lived(session: Session, town: list[builders.BuiltLine]) -> list[builders.BuiltLine]:
    """February: bills on the 5th, money, goodwill, a credit, a broken promise, calls after the bill."""
    rated_call(session, town[0], 1, date(2026, 2, 2), 7_500_000)
    leave_item(session, town[1], "VISIT", "5000", date(2026, 2, 1))
    night(session, date(2026, 2, 5))
    roll_business_date(session, "ZZ", to=date(2026, 2, 10))
    pay(session, town[0], 1_000)
    pay(session, town[1], 500, PaymentMethod.CARD)
    give(session, town[2], 300)
    bill = bills(session, town[1].account)[0].number or ""
    command = CreditBillLine(bill_number=bill, line_number=1, amount=Money(200), reason="Fault 17")
    credit_bill_line(session, command, by=BY, at=at(date(2026, 2, 10)))
    missed_visit(session, town[0], date(2026, 2, 9))
    rated_call(session, town[0], 2, date(2026, 2, 20), 12_345_678, charge_class="MOBILE")
    rated_call(session, town[0], 3, date(2026, 2, 21), 1_000_000, charge_class="MOBILE")
    session.flush()
    return town


def pay(session: Session, line: builders.BuiltLine, pence: int, method: PaymentMethod = PaymentMethod.CASH) -> None:
    command = TakePayment(account_number=line.account.number, amount=Money(pence), method=method)
    take_payment(session, command, by=BY, at=at(date(2026, 2, 10)))


def give(session: Session, line: builders.BuiltLine, pence: int) -> None:
    command = EnterOutsideItem(
        account_number=line.account.number, kind=OutsideKind.GOODWILL, amount=Money(pence), words="With our apologies", reason="Sorry"
    )
    enter_outside_item(session, command, by=BY, at=at(date(2026, 2, 10)))


def missed_visit(session: Session, line: builders.BuiltLine, day: date) -> None:
    """Left and taken on the business date."""
    key = f"visit/{line.id}/{day}"
    leave_service_failure(
        session,
        source_key=key,
        district_code="ZZ",
        account_id=line.account.id,
        line_id=line.id,
        kind=FailureKind.MISSED_APPOINTMENT,
        reference="ZZF00000018",
        issue_on=day,
        promised_at=at(day),
        put_right_at=at(day),
        business_date=day,
    )
    credit_failures(session, [key], by=NIGHT, at=at(day))


def by_key(figures: tuple[Figure, ...]) -> dict[str, tuple[int, int | None]]:
    return {one.key: (one.item_count, None if one.amount is None else one.amount.pence) for one in figures}


def test_a_month_says_what_happened_in_it(session: Session, lived: list[builders.BuiltLine]) -> None:
    kept = close(session, FEBRUARY)
    assert by_key(kept.of(FigureSubject.PAYMENTS)) == {"cash": (1, 1_000), "card": (1, 500)}
    compensation = Money(3119)
    assert by_key(kept.of(FigureSubject.OUTSIDE)) == {"goodwill": (1, -300), "compensation": (1, -compensation.pence)}
    assert by_key(kept.of(FigureSubject.FAILURES)) == {"compensation/missed-appointment": (1, -compensation.pence)}
    assert by_key(kept.of(FigureSubject.CREDITS)) == {"TESTER/adjustment": (1, -200), "TESTER/goodwill": (1, -300)}
    lines = session.execute(select(BillLine.kind, BillLine.net)).all()
    wanted = {kind.value: sum(line.net.pence for line in lines if line.kind is kind) for kind, _ in lines}
    assert {one.key: one.amount and one.amount.pence for one in kept.of(FigureSubject.REVENUE)} == wanted
    assert {"rental", "part-period", "one-off", "calls"} <= wanted.keys()


def test_the_trial_balance_opens_as_the_last_left_and_its_debits_are_its_credits(session: Session, lived: list[builders.BuiltLine]) -> None:
    first = close(session, FEBRUARY)
    night(session, date(2026, 3, 5))
    second = close(session, MARCH)
    for one in second.nominals:
        postings = session.execute(select(Posting.amount, Posting.business_date).where(Posting.nominal_code == one.nominal_code)).all()
        assert one.opening == first.nominal(one.nominal_code).closing
        assert one.closing == total(row.amount for row in postings)
        entered = [row.amount for row in postings if row.business_date.month == 3]
        assert (one.debits, one.credits) == (total(a for a in entered if a > ZERO), -total(a for a in entered if a < ZERO))
    assert total(one.debits for one in second.nominals) == total(one.credits for one in second.nominals) > ZERO
    assert total(one.closing for one in second.nominals) == ZERO


def test_vat_is_by_rate_and_what_has_an_earlier_tax_point_stands_apart(session: Session, lived: list[builders.BuiltLine]) -> None:
    wanted = session.execute(select(BillVat.net, BillVat.vat)).all()
    # As if one bill had been held in January and let go in February.
    session.execute(text("UPDATE billing.bill SET issue_on = '2026-01-31' WHERE account_id = :a"), {"a": lived[1].account.id})
    kept = close(session, FEBRUARY)
    assert {(one.vat_category, one.vat_basis_points, one.is_earlier) for one in kept.vat} == {("S", 2000, False), ("S", 2000, True)}
    assert total(one.vat for one in kept.vat) == total(row.vat for row in wanted) == -kept.nominal("VAT-OUTPUT").closing
    earlier = next(one for one in kept.vat if one.is_earlier)
    bill = bills(session, lived[1].account)[0]
    assert (earlier.bill_count, earlier.net, earlier.vat) == (1, bill.invoice_net, bill.invoice_vat)


def test_debts_are_aged_as_every_account_s_own_statement_ages_them(session: Session, lived: list[builders.BuiltLine]) -> None:
    """Over two bills, of which the first is paid in part."""
    pay(session, lived[2], 900_000)
    close(session, FEBRUARY)
    night(session, date(2026, 3, 5))
    kept = close(session, MARCH)
    sums = [ZERO, ZERO, ZERO, ZERO]
    for line in lived:
        document = statement_document(session, line.account.id, MARCH.period, MARCH.last_on)
        for place, (_, amount) in enumerate(document.ageing):
            sums[place] += amount
    owed = session.execute(select(func.sum(Posting.amount)).where(Posting.account_id.is_not(None)).group_by(Posting.account_id)).scalars()
    credit = total(amount for amount in owed if amount < ZERO)
    assert credit < ZERO
    assert len([amount for amount in sums if amount]) > 1
    wanted = dict(zip(("not-due", "to-30", "31-60", "over-60"), sums, strict=True)) | {"in-credit": credit}
    assert {one.key: one.amount for one in kept.of(FigureSubject.DEBTORS)} == wanted
    assert kept.sum_of(FigureSubject.DEBTORS) == kept.nominal("DEBTORS").closing


def test_what_was_supplied_and_not_billed_is_reckoned_by_the_rules_of_the_bill(session: Session, town: list[builders.BuiltLine]) -> None:
    rated_call(session, town[0], 1, date(2026, 1, 20), 2_500_000)
    rated_call(session, town[0], 2, date(2026, 2, 1), 9_000_000)
    leave_item(session, town[1], "VISIT", "5000", date(2026, 1, 31))
    january = close(session, JANUARY)
    seventeen = rentals_of(session, town, Fraction(17, 31))
    assert by_key(january.of(FigureSubject.UNBILLED)) == {"calls/GEO": (1, 3), "items": (1, 5000), "rentals": (3, seventeen)}
    assert by_key(january.of(FigureSubject.DEFERRED)) == {"rentals": (0, 0)}
    # Rated on the night of the bill, it is on it.
    rated_call(session, town[0], 3, date(2026, 2, 5), 9_000_000)
    night(session, date(2026, 2, 5))
    february = close(session, FEBRUARY)
    assert february.of(FigureSubject.UNBILLED) == ()
    # Billed to the 5th of March: four of the 28 days of each whole period are for March.
    whole = session.execute(select(BillLine.net).where(BillLine.kind == "rental")).scalars().all()
    assert len(whole) == 3
    assert by_key(february.of(FigureSubject.DEFERRED)) == {
        "rentals": (3, round_half_up(sum((Fraction(net.pence * 4, 28) for net in whole), Fraction(0))))
    }


def rentals_of(session: Session, lines: list[builders.BuiltLine], share: Fraction) -> int:
    """That share of a month of every line, each rounded by itself as bills round."""
    prices = session.execute(
        text(
            "SELECT r.net_price FROM css.service s JOIN css.account a ON a.id = s.account_id "
            "JOIN css.product_price r ON r.product_id = s.product_id AND r.kind = 'rental' AND r.segment = a.segment "
            "AND r.starts_on <= '2026-01-15' AND (r.ends_on IS NULL OR r.ends_on > '2026-01-31') WHERE s.line_id = ANY(:lines)"
        ),
        {"lines": [line.id for line in lines]},
    ).scalars()
    return sum(round_half_up(Fraction(price) * share) for price in prices)


def test_days_billed_after_an_end_that_the_bill_did_not_know_are_taken_off(session: Session, town: list[builders.BuiltLine]) -> None:
    night(session, date(2026, 2, 5))
    cease(session, town[0], date(2026, 2, 20), recorded_on=date(2026, 2, 18))
    kept = close(session, FEBRUARY)
    price = rentals_of(session, town[:1], Fraction(9, 28))
    assert by_key(kept.of(FigureSubject.UNBILLED)) == {"rentals": (1, -price)}


@pytest.mark.usefixtures("town")
def test_usage_that_waited_at_the_end_counts_though_it_was_settled_since(session: Session) -> None:
    ids = wait(session, [call(), call(), call(reason_code="CSS414E")], on=date(2026, 1, 20))
    wait(session, [call()], sequence=2, on=date(2026, 2, 1))
    settled = "UPDATE billing.usage_set_aside SET is_open = false, settled_as = 'rejected', settled_on = :on WHERE usage_record_id = :id"
    session.execute(text(settled), {"on": date(2026, 1, 31), "id": ids[0]})
    session.execute(text(settled), {"on": date(2026, 2, 1), "id": ids[1]})
    kept = close(session, JANUARY)
    assert {one.key: (one.item_count, one.duration_seconds) for one in kept.of(FigureSubject.WAITING_USAGE)} == {
        "CSS412E/8-30": (1, 122),
        "CSS414E/8-30": (1, 122),
    }


def test_a_month_is_closed_once_in_its_turn_and_when_its_nights_are(session: Session, lived: list[builders.BuiltLine]) -> None:
    keep(session, FEBRUARY)
    assert refused(session, FEBRUARY) == "CSS981E"
    close(session, FEBRUARY)
    assert refused(session, FEBRUARY) == "CSS982E"
    april = month(date(2026, 4, 1))
    end(session, april)
    keep(session, april)
    assert refused(session, april) == "CSS981E"
    with pytest.raises(Refused, match="March 2026 is not closed"):
        periods.require_turn(session, april)
    with pytest.raises(Refused, match="March 2026 is not closed"):
        periods.require_turn(session, QUARTER)


def refused(session: Session, asked: PeriodAsked) -> str:
    with pytest.raises(CssError) as refusal:
        periods.close_period(session, asked, by=NIGHT, at=at(asked.last_on))
    return refusal.value.code


FALSE: tuple[tuple[str, str], ...] = (
    ("opened as left", "UPDATE billing.period_nominal SET opening = opening + 1, closing = closing + 1 WHERE nominal_code = 'CASH'"),
    ("debits and credits", "UPDATE billing.period_nominal SET debits = debits + 1, closing = closing + 1 WHERE nominal_code = 'CASH'"),
    ("nominals carried on", "UPDATE billing.period_nominal SET closing = closing - 1 WHERE nominal_code = 'CALLS'"),
    ("VAT by rate", "UPDATE billing.period_vat SET vat = vat + 1"),
    ("supplies by rate", "UPDATE billing.period_vat SET net = net - 1"),
    ("revenue by kind", "UPDATE billing.period_figure SET amount = amount + 1 WHERE subject = 'revenue' AND key = 'calls'"),
    ("payments", "UPDATE billing.period_figure SET amount = amount + 1 WHERE subject = 'payments' AND key = 'cash'"),
    ("outside the invoice", "UPDATE billing.period_figure SET amount = amount + 1 WHERE subject = 'outside' AND key = 'goodwill'"),
    ("broken promises", "UPDATE billing.period_figure SET item_count = 2 WHERE subject = 'failures'"),
    (
        # By kind and by promise alike, as one wrong sum behind both would have it: only the ledger knows better.
        "broken promises",
        "UPDATE billing.period_figure SET amount = amount + CASE key WHEN 'goodwill' THEN -1 ELSE 1 END WHERE subject ~ 'failures|outside'",
    ),
    ("debtors by age", "UPDATE billing.period_figure SET amount = amount - 1 WHERE subject = 'debtors' AND key = 'not-due'"),
    ("debtors moved", "UPDATE billing.period_nominal SET debits = debits + 5, credits = credits + 4 WHERE nominal_code = 'DEBTORS'"),
)


@pytest.mark.parametrize(("proof", "falsehood"), FALSE, ids=[name for name, _ in FALSE])
def test_a_figure_that_is_not_what_it_should_be_stops_the_close_and_is_named(
    session: Session, lived: list[builders.BuiltLine], proof: str, falsehood: str
) -> None:
    end(session, FEBRUARY)
    keep(session, FEBRUARY)
    assert disagreements(session, FEBRUARY) == ()
    session.execute(text("ALTER TABLE billing.period_nominal DISABLE TRIGGER USER"))
    session.execute(text("ALTER TABLE billing.period_vat DISABLE TRIGGER USER"))
    session.execute(text("ALTER TABLE billing.period_figure DISABLE TRIGGER USER"))
    session.execute(text(falsehood))
    session.expire_all()
    assert proof in [one.proof for one in disagreements(session, FEBRUARY)]
    assert refused(session, FEBRUARY) == "CSS984E"
    assert not is_closed(session, FEBRUARY)


def test_what_was_given_for_no_promise_does_not_stop_the_close_and_is_named_where_they_differ(
    session: Session, lived: list[builders.BuiltLine]
) -> None:
    """As from a day when the shelf was kept otherwise."""
    missed_visit(session, lived[1], date(2026, 2, 10))
    session.execute(text("ALTER TABLE css.service_failure DISABLE TRIGGER USER"))
    session.execute(text("DELETE FROM css.service_failure WHERE account_id = :a"), {"a": lived[0].account.id})
    end(session, FEBRUARY)
    keep(session, FEBRUARY)
    failures = by_key(figures_kept(session, FEBRUARY).of(FigureSubject.FAILURES))
    assert failures == {"compensation/missed-appointment": (1, -3119), "compensation/no-failure": (1, -3119)}
    assert disagreements(session, FEBRUARY) == ()
    session.execute(text("ALTER TABLE billing.period_figure DISABLE TRIGGER USER"))
    session.execute(text("UPDATE billing.period_figure SET amount = -3120 WHERE key = 'compensation/missed-appointment'"))
    session.expire_all()
    (words,) = [one.words for one in disagreements(session, FEBRUARY)]
    assert words == (
        "broken promises: compensation and guarantees, without 1 of -£31.19 for no promise on the shelf, 1 of -£31.20, "
        "entries for promises on the shelf 1 of -£31.19; the difference is -£0.01."
    )


def test_every_proof_of_a_month_has_its_falsehood() -> None:
    assert {name for name, _ in FALSE} == set(PROOFS[PeriodKind.MONTH])


A_FIGURE = (
    "INSERT INTO billing.period_figure (district_code, kind, starts_on, subject, key, item_count) "
    "VALUES ('ZZ', 'month', '2026-02-01', 'orders', 'provide', 1)"
)
AN_ENTRY = (
    "INSERT INTO billing.journal_entry (source_key, district_code, business_date, words, entered_at) "
    "VALUES ('bill/999', 'ZZ', '2026-02-28', 'Late', now())"
)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing.period_nominal SET debits = debits + 1",
        "DELETE FROM billing.period_vat",
        A_FIGURE,
        "UPDATE billing.period_close SET figures_sha256 = ''",
        AN_ENTRY,
    ],
)
def test_nothing_changes_a_closed_month_and_nothing_is_entered_for_its_days(
    session: Session, lived: list[builders.BuiltLine], change: str
) -> None:
    close(session, FEBRUARY)
    with pytest.raises(IntegrityError, match=r"closed|only ever added"), session.begin_nested():
        session.execute(text(change))


def test_what_comes_after_the_close_is_entered_in_the_next_month(session: Session, lived: list[builders.BuiltLine]) -> None:
    kept = close(session, FEBRUARY)
    pay(session, lived[0], 700)
    assert session.execute(select(func.max(JournalEntry.business_date))).scalar() == date(2026, 3, 1)
    assert month_end(session, "ZZ", date(2026, 2, 14)).close.figures_sha256 == kept.sha256 == figures_kept(session, FEBRUARY).sha256


def test_the_books_tell_a_closed_month_that_is_no_longer_what_it_was(session: Session, lived: list[builders.BuiltLine]) -> None:
    close(session, FEBRUARY)
    assert [one for one in check_books(session, "ZZ") if one.check == "closed_months_stay"] == []
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("ALTER TABLE billing.posting DISABLE TRIGGER USER"))
    session.execute(text("UPDATE billing.posting SET amount = amount + 1 WHERE nominal_code = 'CASH'"))
    told = [one.words for one in check_books(session, "ZZ") if one.check == "closed_months_stay"]
    assert told == ["Month 2026-02 is closed with 1000 pence debited and 0 credited to CASH; the ledger now has 1001 and 0."]


def test_a_quarter_is_its_three_months_and_the_boxes_of_its_return(session: Session, town: list[builders.BuiltLine]) -> None:
    close(session, JANUARY)
    rated_call(session, town[0], 1, date(2026, 2, 2), 7_500_000)
    night(session, date(2026, 2, 5))
    february = close(session, FEBRUARY)
    night(session, date(2026, 3, 5))
    march = close(session, MARCH)
    kept = close_quarter(session, date(2026, 1, 1))
    card = quarter_end(session, "ZZ", date(2026, 2, 10))
    assert card.close.words == "January to March 2026"
    assert kept.nominal(NominalCode.CALLS).credits == february.nominal(NominalCode.CALLS).credits
    assert kept.nominal(NominalCode.DEBTORS).closing == march.nominal(NominalCode.DEBTORS).closing
    assert kept.of(FigureSubject.DEBTORS) == march.of(FigureSubject.DEBTORS)
    vat, net = (total(session.execute(select(column)).scalars()) for column in (BillVat.vat, BillVat.net))
    boxes = card.vat_return
    assert boxes is not None
    assert (boxes.box_1, boxes.box_3, boxes.box_6) == (vat, vat, net.pence // 100)
    house = house_vat_return(session, date(2026, 3, 31))
    assert (house.districts, house.missing, house.boxes) == (("ZZ",), (), boxes)
    builders.district(session, "YY", on=START)
    assert house_vat_return(session, date(2026, 3, 31)).missing == ("YY",)
    assert [one.words for one in closed_periods(session, "ZZ")] == ["March 2026", "February 2026", "January 2026"]
    assert sum(bill.invoice_vat.pence for bill in session.execute(select(Bill)).scalars()) == vat.pence


FALSE_QUARTER: tuple[tuple[str, str], ...] = (
    (
        "three months",
        "UPDATE billing.period_nominal SET debits = debits + 1, credits = credits + 1 WHERE kind = 'quarter' AND nominal_code = 'DEBTORS'",
    ),
    ("VAT of the months", "UPDATE billing.period_vat SET vat = vat + 1 WHERE kind = 'month'"),
    ("VAT of the months", "UPDATE billing.period_vat SET bill_count = bill_count + 1 WHERE kind = 'quarter'"),
)


@pytest.mark.parametrize(("proof", "falsehood"), FALSE_QUARTER)
def test_a_quarter_that_is_not_its_months_or_not_the_ledger_is_not_closed(
    session: Session, town: list[builders.BuiltLine], proof: str, falsehood: str
) -> None:
    for each in (JANUARY, FEBRUARY, MARCH):
        night(session, each.starts_on.replace(day=5))
        close(session, each)
    periods.keep_quarter(session, QUARTER)
    session.flush()
    assert disagreements(session, QUARTER) == ()
    session.execute(text("ALTER TABLE billing.period_nominal DISABLE TRIGGER USER"))
    session.execute(text("ALTER TABLE billing.period_vat DISABLE TRIGGER USER"))
    session.execute(text(falsehood))
    session.expire_all()
    assert proof in [one.proof for one in disagreements(session, QUARTER)]
    assert refused(session, QUARTER) == "CSS984E"


def test_every_proof_of_a_quarter_that_is_its_own_has_its_falsehood() -> None:
    assert {name for name, _ in FALSE_QUARTER} == set(PROOFS[PeriodKind.QUARTER]) - set(PROOFS[PeriodKind.MONTH])
