"""Credits of bill lines and charges by hand, over real rows: what is left, who may, which bill says it, and its VAT."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, post_block, release_run, take_payment
from billing.actions.adjustments import adjust_account, credit_bill_line
from billing.checks import check_books
from billing.commands import TakePayment
from billing.credit_commands import AdjustAccount, CreditBillLine
from billing.model import Adjustment, Bill, BillFile, BillLine, BillRequest, Posting
from billing.queries.adjustments import adjustments_of_account
from billing.words import BillKind, LineKind, PaymentMethod
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.money import ZERO, Money, Percent, percent_of
from css.core.words import PaymentMeans, Role
from css.master.accounts import Account
from css.master.commands import AddOperator
from css.master.enrol import add_operator
from css.master.reference import RETAIL
from css.master.services import Service
from tests import builders
from tests.golden.rule_files import all_faults
from tests.records import billed
from tests.records.billed import NIGHT, at, begin, bills, cease, finish, leave_item, lines, rated_call

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)
NEXT = date(2026, 2, 6)
MARCH = date(2026, 3, 5)


def night(session: Session, day: date) -> None:
    """Everything up to the ledger; papers are for the tests that read them."""
    run_id = begin(session, day)
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(day))
    release_run(session, run_id, by=NIGHT, at=at(day))
    post_block(session, queries.bills_to_post(session, run_id), by=NIGHT, at=at(day))
    session.expire_all()


def operator(session: Session, code: str, limit: int, *roles: Role) -> Actor:
    """Somebody at the desk with a limit in pence."""
    command = AddOperator(
        code=code, name=code.title(), team="Bills", password="a longer phrase", roles=tuple(roles), credit_limit=Money(limit)
    )
    add_operator(session, command, by=builders.OPERATOR, at=builders.AT)
    return Actor("operator", code, RETAIL, frozenset(role.value for role in roles), "screen")


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


@pytest.fixture
def home(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltLine:
    """A line billed on 5 February for 21 days and the month after."""
    line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
    night(session, FEBRUARY)
    return line


@pytest.fixture
def clerk(session: Session) -> Actor:
    return operator(session, "CLERK2", 50_00, Role.CLERK)


@pytest.fixture
def manager(session: Session) -> Actor:
    return operator(session, "BOSS1", 500_00, Role.SUPERVISOR)


def bill_of(session: Session, line: builders.BuiltLine) -> Bill:
    return bills(session, line.account)[-1]


def crediting(session: Session, line: builders.BuiltLine, **others: object) -> CreditBillLine:
    number = bills(session, line.account)[0].number or ""
    return replace(CreditBillLine(bill_number=number, line_number=1, reason="Fault 17"), **others)  # type: ignore[arg-type]


def rental_line(session: Session, bill: Bill, kind: str = "rental") -> BillLine:
    found = select(BillLine).where(BillLine.bill_id == bill.id, BillLine.kind == kind).order_by(BillLine.id).limit(1)
    return session.execute(found).scalar_one()


def balanced(session: Session) -> None:
    assert check_books(session, "ZZ") == ()


def test_a_credit_stands_on_the_next_bill_with_the_tax_of_its_line(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    first = bill_of(session, home)
    line = rental_line(session, first)
    answer = credit_bill_line(session, crediting(session, home, line_number=line.line_number, amount=Money(500)), by=clerk, at=at(NEXT))
    assert (answer.net, answer.by_credit_note, answer.approved_by) == (Money(-500), False, None)
    night(session, MARCH)
    second = bills(session, home.account)[1]
    taken = session.execute(select(BillLine).where(BillLine.bill_id == second.id, BillLine.kind == "adjustment")).scalar_one()
    assert (taken.net, taken.vat_category, taken.vat_basis_points, taken.nominal_code) == (
        Money(-500), line.vat_category, line.vat_basis_points, line.nominal_code,
    )  # fmt: skip
    assert (taken.corrects_line_id, taken.reference, taken.quantity) == (line.id, first.number, -1)
    assert taken.words == f"Credit: {line.words}"
    # The month is charged as if nothing had been credited, and the one before is not charged again.
    charged = session.execute(select(BillLine).where(BillLine.bill_id == second.id, BillLine.kind != "adjustment")).scalars().all()
    assert {one.corrects_line_id for one in charged} == {None}
    assert {one.rental_period_starts_on for one in charged} == {MARCH}
    balanced(session)


def test_a_credit_note_the_same_night_takes_only_credits_and_moves_nothing(
    session: Session, home: builders.BuiltLine, clerk: Actor
) -> None:
    first = bill_of(session, home)
    take_payment(
        session,
        TakePayment(account_number=home.account.number, amount=Money(1000), method=PaymentMethod.CARD),
        by=builders.CLERK,
        at=at(NEXT),
    )
    rated_call(session, home, 1, NEXT, 50_000_000)
    leave_item(session, home, "VISIT", "5000", NEXT)
    before = session.execute(text("SELECT next_bill_on, usage_billed_through FROM billing.account_cycle")).one()
    line = rental_line(session, first)
    command = crediting(session, home, line_number=line.line_number, by_credit_note=True)
    credit_bill_line(session, command, by=clerk, at=at(NEXT))
    night(session, NEXT)
    note = bills(session, home.account)[1]
    assert (note.kind, note.series, note.serial, (note.number or "")[:3]) == (BillKind.CREDIT_NOTE, "ZZN", 1, "ZZN")
    assert lines(session, note) == [(f"Credit: {line.words}", -line.net.pence)]
    assert (note.payments_received, note.brought_forward) == (Money(1000), first.amount_due)
    assert note.amount_due == first.amount_due - Money(1000) + note.invoice_gross
    assert (note.period_starts_on, note.period_ends_on) == (line.starts_on, line.ends_on)
    assert session.execute(text("SELECT next_bill_on, usage_billed_through FROM billing.account_cycle")).one() == before
    balanced(session)
    night(session, MARCH)
    second = bills(session, home.account)[2]
    kinds = session.execute(select(BillLine.kind).where(BillLine.bill_id == second.id)).scalars().all()
    assert {kind.value for kind in kinds} == {"part-period", "one-off", "calls"}
    assert (second.series, second.serial) == ("ZZ", 2)
    assert (second.usage_after, second.period_starts_on) == (FEBRUARY, first.period_ends_on)
    assert (second.brought_forward, second.payments_received) == (note.amount_due, ZERO)
    balanced(session)


def test_a_credit_note_passes_the_published_rules_and_names_its_bill(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    credit_bill_line(session, crediting(session, home, line_number=None, by_credit_note=True), by=clerk, at=at(NEXT))
    billed.night(session, NEXT)
    note = bill_of(session, home)
    files = {row.kind: row for row in session.execute(select(BillFile).where(BillFile.bill_id == note.id)).scalars()}
    xml = bytes(files["xml"].content)  # type: ignore[index]
    assert all_faults(xml) == []
    assert b"<CreditNote" in xml
    assert f"<cbc:ID>{bills(session, home.account)[0].number}</cbc:ID>".encode() in xml
    assert "pdf" in files


def test_credits_of_a_whole_bill_give_back_its_vat_to_the_penny(
    session: Session, zz: builders.BuiltDistrict, clerk: Actor, manager: Actor
) -> None:
    line = builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START)
    for index in range(3):
        leave_item(session, line, "VISIT", "33", START, words=f"Part {index}")
    billed.night(session, FEBRUARY)
    bill = bill_of(session, line)
    count = len(lines(session, bill))
    day = NEXT
    given = ZERO
    vats: list[Money] = []
    nets: list[Money] = []
    for number in range(1, count + 1):
        command = crediting(session, line, line_number=number, by_credit_note=True)
        credit_bill_line(session, command, by=clerk, at=at(day), approved_by=manager)
        billed.night(session, day)
        note = bill_of(session, line)
        assert note.kind is BillKind.CREDIT_NOTE
        given += note.invoice_gross
        vats.append(note.invoice_vat)
        nets.append(note.invoice_net)
        xml = session.execute(select(BillFile.content).where(BillFile.bill_id == note.id, BillFile.kind == "xml")).scalar_one()
        assert all_faults(bytes(xml)) == []
        day += timedelta(days=1)
    assert (-given, -sum((vat for vat in vats), start=ZERO)) == (bill.invoice_gross, bill.invoice_vat)
    # Some of them are a penny off what their own net would bear, or together they would not make it.
    assert [vat.pence for vat in vats] != [percent_of(net, Percent(2000)).pence for net in nets]
    with pytest.raises(CssError) as refusal:
        credit_bill_line(session, crediting(session, line, line_number=1), by=clerk, at=at(day))
    assert refusal.value.code == "CSS802E"
    balanced(session)


def test_credits_that_cannot_be_are_refused(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"bill_number": "ZZB00000090"}, "CSS054E"),
        ({"bill_number": home.account.number}, "CSS055E"),
        ({"line_number": 9}, "CSS801E"),
        ({"amount": Money(100_000_00)}, "CSS803E"),
        ({"amount": ZERO}, "CSS804E"),
        ({"amount": Money(-1)}, "CSS804E"),
        ({"line_number": None, "amount": Money(5)}, "CSS804E"),
        ({"reason": " "}, "CSS805E"),
        ({"words": "x" * 201}, "CSS805E"),
    ]
    for others, code in cases:
        assert refused(session, crediting(session, home, **others), clerk) == code
    for actor in (builders.PARTNER_ACTOR, Actor("operator", "REP1", RETAIL, frozenset({Role.REPAIR.value}))):
        assert refused(session, crediting(session, home), actor) == "CSS443E"
    session.execute(update(Bill).values(state="released"))
    assert refused(session, crediting(session, home), clerk) == "CSS800E"
    assert session.execute(select(Adjustment)).all() == []


def refused(session: Session, command: CreditBillLine, by: Actor, approved_by: Actor | None = None) -> str:
    """The code of the refusal."""
    with pytest.raises(CssError) as refusal:
        credit_bill_line(session, command, by=by, at=at(NEXT), approved_by=approved_by)
    return refusal.value.code


def test_credits_waiting_for_a_bill_count_as_given(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    line = rental_line(session, bill_of(session, home))
    command = crediting(session, home, line_number=line.line_number, amount=line.net - Money(100))
    credit_bill_line(session, command, by=clerk, at=at(NEXT))
    with pytest.raises(CssError) as refusal:
        credit_bill_line(session, replace(command, amount=Money(101)), by=clerk, at=at(NEXT))
    assert (refusal.value.code, refusal.value.fields["left"]) == ("CSS803E", "£1.00")
    rest = credit_bill_line(session, replace(command, amount=None), by=clerk, at=at(NEXT))
    assert rest.net == Money(-100)


def test_a_discount_is_not_given_back_as_money(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    """A line of calls that minutes paid for has nothing to give back; so has any line beyond what its bill asked for."""
    bill = bill_of(session, home)
    session.add(
        BillLine(
            bill_id=bill.id,
            account_id=home.account.id,
            line_number=3,
            kind=LineKind.DISCOUNT,
            words="500 inclusive minutes",
            quantity=-1,
            unit="item",
            price_per=1,
            net=Money(-1000),
            vat_category="S",
            vat_basis_points=2000,
            nominal_code="DISCOUNTS",
        )
    )
    session.flush()
    answer = credit_bill_line(session, crediting(session, home, line_number=None), by=clerk, at=at(NEXT))
    assert answer.net == -(bill.invoice_net - Money(1000))
    assert refused(session, crediting(session, home, line_number=2), clerk) == "CSS802E"


def test_the_books_tell_of_a_credit_past_its_bill(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    credit_bill_line(session, crediting(session, home, line_number=None), by=clerk, at=at(NEXT))
    balanced(session)
    session.execute(text("ALTER TABLE billing.adjustment DISABLE TRIGGER USER"))
    session.execute(text("UPDATE billing.adjustment SET net = net - 1 WHERE id = (SELECT min(id) FROM billing.adjustment)"))
    assert [found.check for found in check_books(session, "ZZ")] == ["credits_within"]


def test_above_the_limit_a_second_person_signs(session: Session, home: builders.BuiltLine, manager: Actor) -> None:
    small = operator(session, "SMALL1", 10_00, Role.CLERK)
    peer = operator(session, "PEER1", 10_00, Role.BILLING)
    line = rental_line(session, bill_of(session, home))
    command = crediting(session, home, line_number=line.line_number, amount=Money(6_00))
    credit_bill_line(session, command, by=small, at=at(NEXT))
    for second, code in ((None, "CSS806E"), (peer, "CSS807E"), (small, "CSS443E")):
        # The second six pounds of the day, to the same account: together above ten.
        assert refused(session, command, small, second) == code
    boss = operator(session, "BOSS2", 1_00, Role.SUPERVISOR)
    with pytest.raises(CssError, match="BOSS2 cannot be the second person as well"):
        credit_bill_line(session, command, by=boss, at=at(NEXT), approved_by=boss)
    assert credit_bill_line(session, command, by=small, at=at(NEXT), approved_by=manager).approved_by == "BOSS1"
    signed = session.execute(select(Adjustment.made_by, Adjustment.approved_by).order_by(Adjustment.id)).all()
    assert signed == [("SMALL1", None), ("SMALL1", "BOSS1")]
    audited = (
        session.execute(select(AuditEvent).where(AuditEvent.verb == "credit_bill_line").order_by(AuditEvent.id.desc())).scalars().first()
    )
    assert audited is not None
    assert audited.after is not None
    assert (audited.subject_kind, audited.after["approved_by"], audited.after["reason"]) == ("bill", "BOSS1", "Fault 17")


def test_the_same_token_is_one_credit(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    command = crediting(session, home, token="c1", amount=Money(100))
    assert credit_bill_line(session, command, by=clerk, at=at(NEXT)) == credit_bill_line(session, command, by=clerk, at=at(NEXT))
    assert len(session.execute(select(Adjustment)).all()) == 1


def test_a_cease_dated_back_does_not_give_the_money_back_twice(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    """The month in advance was credited whole; then the line turns out to have ended before it."""
    line = rental_line(session, bill_of(session, home))
    credit_bill_line(session, crediting(session, home, line_number=line.line_number, by_credit_note=True), by=clerk, at=at(NEXT))
    night(session, NEXT)
    cease(session, home, FEBRUARY, recorded_on=NEXT + timedelta(days=1))
    night(session, NEXT + timedelta(days=1))
    final = bill_of(session, home)
    assert final.kind is BillKind.FINAL
    by_words = dict(lines(session, final))
    assert (
        by_words["Less what was credited already of a charge on bill " + (bills(session, home.account)[0].number or "")] == line.net.pence
    )
    assert final.invoice_net == ZERO
    owed = session.execute(select(Posting.amount).where(Posting.account_id == home.account.id)).scalars()
    part = rental_line(session, bills(session, home.account)[0], "part-period")
    # What remains is the part-period up to the cease, with its VAT.
    assert sum(amount.pence for amount in owed) == part.net.pence + round(part.net.pence * 0.2)
    balanced(session)


def test_a_cease_of_half_a_credited_month_takes_back_only_what_is_too_much(
    session: Session, home: builders.BuiltLine, clerk: Actor
) -> None:
    line = rental_line(session, bill_of(session, home))
    credit_bill_line(session, crediting(session, home, line_number=line.line_number, amount=Money(1000)), by=clerk, at=at(NEXT))
    cease(session, home, date(2026, 2, 19), recorded_on=date(2026, 2, 19))
    night(session, date(2026, 2, 19))
    final = bill_of(session, home)
    kept = (line.net.pence + 1) // 2  # 14 of 28 days, half up
    given_back = dict(lines(session, final))
    too_much = 1000 - kept
    assert too_much > 0
    assert [pence for words, pence in given_back.items() if words.startswith("Less what")] == [too_much]
    assert final.invoice_net == Money(-(line.net.pence - kept) - 1000 + too_much)
    balanced(session)


def test_a_start_put_back_again_gives_the_credit_again(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    """By difference both ways: the cease was a mistake."""
    line = rental_line(session, bill_of(session, home))
    credit_bill_line(session, crediting(session, home, line_number=line.line_number, by_credit_note=True), by=clerk, at=at(NEXT))
    night(session, NEXT)
    day = NEXT + timedelta(days=1)
    cease(session, home, FEBRUARY, recorded_on=day)
    night(session, day)
    session.execute(text("UPDATE css.service SET ends_on = NULL, end_recorded_on = NULL"))
    night(session, day + timedelta(days=1))
    night(session, MARCH)
    later = bill_of(session, home)
    again = {words: pence for words, pence in lines(session, later) if words.startswith("Credit given again")}
    assert list(again.values()) == [-line.net.pence]
    balanced(session)


def test_a_credited_early_termination_that_was_none_is_not_given_back_as_well(
    session: Session, home: builders.BuiltLine, clerk: Actor, manager: Actor
) -> None:
    """The cease was a slip of the keys: what it charged had been credited meanwhile."""
    session.execute(update(Service).where(Service.id == home.service_id).values(minimum_term_ends_on=date(2026, 6, 30)))
    cease(session, home, NEXT, recorded_on=NEXT)
    night(session, NEXT)
    final = bill_of(session, home)
    number, charged = session.execute(
        select(BillLine.line_number, BillLine.net).where(BillLine.bill_id == final.id, BillLine.kind == "termination")
    ).one()
    command = CreditBillLine(bill_number=final.number or "", line_number=number, reason="Complaint", by_credit_note=True)
    day = NEXT + timedelta(days=1)
    credit_bill_line(session, command, by=clerk, at=at(day), approved_by=manager)
    night(session, day)
    session.execute(text("UPDATE css.service SET ends_on = NULL, end_recorded_on = NULL"))
    night(session, day + timedelta(days=1))
    told = [(words, pence) for words, pence in lines(session, bill_of(session, home)) if abs(pence) == charged.pence]
    assert sorted(pence for _, pence in told) == [-charged.pence, charged.pence]
    assert [words for words, pence in told if pence > 0] == [f"Less what was credited already of a charge on bill {final.number}"]
    balanced(session)


def test_a_credit_note_on_an_account_whose_final_bill_is_out_is_a_credit_note(
    session: Session, home: builders.BuiltLine, clerk: Actor
) -> None:
    cease(session, home, NEXT, recorded_on=NEXT)
    night(session, NEXT)
    final = bill_of(session, home)
    line = rental_line(session, bills(session, home.account)[0], "part-period")
    command = CreditBillLine(
        bill_number=bills(session, home.account)[0].number or "", line_number=line.line_number, reason="Complaint", by_credit_note=True
    )
    day = NEXT + timedelta(days=1)
    finished = text("SELECT is_finished, next_bill_on, usage_billed_through FROM billing.account_cycle")
    before = session.execute(finished).one()
    assert (final.kind, before.is_finished) == (BillKind.FINAL, True)
    credit_bill_line(session, command, by=clerk, at=at(day))
    night(session, day)
    note = bill_of(session, home)
    assert (note.kind, note.series, lines(session, note)) == (BillKind.CREDIT_NOTE, "ZZN", [(f"Credit: {line.words}", -line.net.pence)])
    assert session.execute(finished).one() == before
    balanced(session)
    # A call that comes late gets its bill, and that one takes a credit asked for the same day.
    rated_call(session, home, 1, day + timedelta(days=1), 50_000_000)
    night(session, day + timedelta(days=1))
    assert bill_of(session, home).kind is BillKind.FINAL
    assert len(bills(session, home.account)) == 4


def test_a_credit_for_the_next_bill_on_a_finished_account_gets_one_more_final_bill(
    session: Session, home: builders.BuiltLine, clerk: Actor
) -> None:
    cease(session, home, NEXT, recorded_on=NEXT)
    night(session, NEXT)
    day = NEXT + timedelta(days=1)
    line = rental_line(session, bills(session, home.account)[0], "part-period")
    command = CreditBillLine(bill_number=bills(session, home.account)[0].number or "", line_number=line.line_number, reason="Complaint")
    credit_bill_line(session, command, by=clerk, at=at(day))
    night(session, day)
    assert (bill_of(session, home).kind, len(bills(session, home.account))) == (BillKind.FINAL, 3)


def test_a_line_given_back_by_difference_is_not_credited_as_well(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    cease(session, home, FEBRUARY, recorded_on=NEXT)
    night(session, NEXT)
    line = rental_line(session, bills(session, home.account)[0])
    with pytest.raises(CssError) as refusal:
        credit_bill_line(session, crediting(session, home, line_number=line.line_number), by=clerk, at=at(NEXT))
    assert refusal.value.code == "CSS802E"


def adjusting(home: builders.BuiltLine, **others: object) -> AdjustAccount:
    command = AdjustAccount(
        account_number=home.account.number, amount=Money(1200), nominal_code="VISITS", words="Extra socket", reason="Asked for at the visit"
    )
    return replace(command, **others)  # type: ignore[arg-type]


def test_a_supply_without_a_line_is_charged_with_the_vat_of_its_day(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    answer = adjust_account(session, adjusting(home), by=clerk, at=at(NEXT))
    assert (answer.vat_category, answer.vat_basis_points) == ("S", 2000)
    night(session, MARCH)
    assert ("Extra socket", 1200) in lines(session, bill_of(session, home))
    rows = adjustments_of_account(session, home.account.number, by=clerk)
    assert [(row.words, row.taken_by, row.is_waiting) for row in rows] == [("Extra socket", bill_of(session, home).number, False)]
    balanced(session)
    # What was charged by hand can be credited like any line.
    number = next(n for n, (words, _) in enumerate(lines(session, bill_of(session, home)), 1) if words == "Extra socket")
    command = CreditBillLine(bill_number=bill_of(session, home).number or "", line_number=number, reason="Not done")
    assert credit_bill_line(session, command, by=clerk, at=at(MARCH)).net == Money(-1200)


def test_adjustments_that_cannot_be_are_refused(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    cases: list[tuple[dict[str, object], str]] = [
        ({"amount": ZERO}, "CSS804E"),
        ({"words": ""}, "CSS805E"),
        ({"nominal_code": "NOTHING"}, "CSS808E"),
        ({"nominal_code": "BANK"}, "CSS808E"),
        ({"occurs_on": date(2027, 1, 1)}, "CSS809E"),
        ({"amount": Money(-60_00)}, "CSS806E"),
    ]
    for others, code in cases:
        with pytest.raises(CssError) as refusal:
            adjust_account(session, adjusting(home, **others), by=clerk, at=at(NEXT))
        assert refusal.value.code == code


def test_a_credit_without_a_line_waits_for_the_next_bill_and_stays_off_credit_notes(
    session: Session, home: builders.BuiltLine, clerk: Actor
) -> None:
    adjust_account(session, adjusting(home, amount=Money(-300)), by=clerk, at=at(NEXT))
    credit_bill_line(session, crediting(session, home, amount=Money(200), by_credit_note=True), by=clerk, at=at(NEXT))
    night(session, NEXT)
    assert [pence for _, pence in lines(session, bill_of(session, home))] == [-200]
    night(session, MARCH)
    assert ("Extra socket", -300) in lines(session, bill_of(session, home))


def test_a_credit_note_is_the_bill_where_one_is_due_that_night(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    day = MARCH - timedelta(days=1)
    night(session, day)
    credit_bill_line(session, crediting(session, home, amount=Money(200), by_credit_note=True), by=clerk, at=at(MARCH))
    night(session, MARCH)
    bill = bill_of(session, home)
    assert (bill.kind, -200 in [pence for _, pence in lines(session, bill)]) == (BillKind.BILL, True)
    assert session.execute(select(BillRequest.bill_run_id)).scalar_one() == bill.bill_run_id


def test_a_night_done_twice_and_a_run_taken_up_again_give_a_credit_once(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    credit_bill_line(session, crediting(session, home, amount=Money(200), by_credit_note=True), by=clerk, at=at(NEXT))
    night(session, NEXT)
    night(session, NEXT)
    night(session, NEXT + timedelta(days=1))
    taken = session.execute(select(BillLine).where(BillLine.adjustment_id.is_not(None))).scalars().all()
    assert [line.net for line in taken] == [Money(-200)]


def test_a_credit_made_after_the_cut_is_no_part_of_it(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    run = begin(session, MARCH)
    credit_bill_line(session, crediting(session, home, amount=Money(200)), by=clerk, at=at(MARCH))
    finish(session, run, MARCH)
    assert -200 not in [pence for _, pence in lines(session, bill_of(session, home))]
    night(session, date(2026, 4, 5))
    assert -200 in [pence for _, pence in lines(session, bill_of(session, home))]


def test_a_credit_note_to_a_direct_debit_account_collects_nothing(session: Session, home: builders.BuiltLine, clerk: Actor) -> None:
    session.execute(update(Account).values(payment_means=PaymentMeans.DIRECT_DEBIT, mandate_reference="DD1"))
    credit_bill_line(session, crediting(session, home, amount=Money(200), by_credit_note=True), by=clerk, at=at(NEXT))
    billed.night(session, NEXT)
    note = bill_of(session, home)
    assert note.amount_due > ZERO
    assert session.execute(select(BillFile).where(BillFile.bill_id == note.id)).all()
