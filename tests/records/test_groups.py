"""Groups of accounts, and members' bills carried to the account that pays them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, dispatch_block, post_block, release_run, render_block, take_payment
from billing.actions.gather import gather_group
from billing.actions.groups import join_group, leave_group
from billing.actions.outside import enter_outside_item
from billing.checks import check_books
from billing.commands import BlockTotals, TakePayment
from billing.credit_commands import EnterOutsideItem, GroupChanged, JoinGroup, LeaveGroup
from billing.model import Bill, BillFile, OutsideItem, Posting
from billing.queries.as_posted import bills_as_posted
from billing.words import BillState, OutsideKind, PaymentMethod
from css.audit import AuditEvent
from css.core.errors import CssError
from css.core.money import ZERO, Money
from css.db.engine import transaction
from css.master.accounts import Account
from css.master.districts import close_business_date
from tests import builders
from tests.golden.rule_files import all_faults
from tests.race import together
from tests.records.billed import NIGHT, at, begin, bills, lines

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)
MARCH = date(2026, 3, 5)


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


def account(session: Session, zz: builders.BuiltDistrict) -> builders.BuiltAccount:
    return builders.account(session, zz, cycle_day=5)


def joined(session: Session, member: builders.BuiltAccount, group: builders.BuiltAccount, *, paid: bool = True) -> GroupChanged:
    command = JoinGroup(account_number=member.number, group_account_number=group.number, is_paid_by_group=paid)
    return join_group(session, command, by=builders.OPERATOR, at=at(START))


def pass_of(session: Session, run_id: int, day: date, *, groups: bool) -> None:
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id, groups=groups), by=NIGHT, at=at(day))
    release_run(session, run_id, by=NIGHT, at=at(day))
    post_block(session, queries.bills_to_post(session, run_id), by=NIGHT, at=at(day))


def group_night(session: Session, day: date) -> BlockTotals:
    """A night in its two passes."""
    run_id = begin(session, day)
    pass_of(session, run_id, day, groups=False)
    gathered = gather_group(session, run_id, by=NIGHT, at=at(day))
    pass_of(session, run_id, day, groups=True)
    render_block(session, queries.bills_to_render(session, run_id), by=NIGHT, at=at(day))
    session.expire_all()
    return gathered


def test_members_bills_are_asked_for_on_the_groups_and_the_clearing_is_nil(
    session: Session, zz: builders.BuiltDistrict, tmp_path: Path
) -> None:
    group, one, two = account(session, zz), account(session, zz), account(session, zz)
    joined(session, one, group)
    joined(session, two, group)
    for member in (one, two):
        builders.working_line(session, zz, member, starts_on=START)
    gathered = group_night(session, FEBRUARY)
    members = [bills(session, member)[0] for member in (one, two)]
    (own,) = bills(session, group)
    assert (gathered.written, gathered.amount) == (2, members[0].amount_due + members[1].amount_due)
    assert own.outside_total == own.amount_due == gathered.amount
    assert own.invoice_gross == ZERO
    assert [member.payer["paid_by"] for member in members] == [group.number] * 2
    (posted,) = bills_as_posted(session, [own.id])
    assert [(source.account_number, source.bill_number, source.amount) for source in posted.bill.sources] == [
        (member.number, bill.number, bill.amount_due) for member, bill in zip((one, two), members, strict=True)
    ]
    clearing = session.execute(select(func.sum(Posting.amount)).where(Posting.nominal_code == "GROUP-CLEARING")).scalar()
    assert clearing == ZERO
    # The members owe nothing any more, the group all of it.
    owed = [session.execute(select(func.sum(Posting.amount)).where(Posting.account_id == a.id)).scalar() for a in (one, two, group)]
    assert owed == [ZERO, ZERO, gathered.amount]
    assert session.execute(select(func.count()).select_from(BillFile).where(BillFile.kind == "pdf")).scalar() == 3
    issued = dispatch_block(session, queries.bills_to_dispatch(session, own.bill_run_id), directory=tmp_path, by=NIGHT, at=at(FEBRUARY))
    assert (issued.written, issued.rejected) == (3, 0)
    consolidated = session.execute(select(BillFile.content).where(BillFile.bill_id == own.id, BillFile.kind == "xml")).scalar_one()
    assert all_faults(bytes(consolidated)) == []
    assert all(bill.number and bill.number.encode() in bytes(consolidated) for bill in members)
    assert check_books(session, "ZZ") == ()
    close_business_date(session, "ZZ", through=FEBRUARY)
    assert gather_group(session, own.bill_run_id, by=NIGHT, at=at(FEBRUARY)).written == 0
    assert check_books(session, "ZZ") == ()


def test_gathering_twice_carries_nothing_twice_and_the_next_bills_follow(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = account(session, zz), account(session, zz)
    joined(session, member, group)
    builders.working_line(session, zz, member, starts_on=START)
    group_night(session, FEBRUARY)
    run = session.execute(select(Bill.bill_run_id)).scalars().first()
    assert run is not None
    assert gather_group(session, run, by=NIGHT, at=at(FEBRUARY)).written == 0
    first = bills(session, member)[0]
    take_payment(
        session,
        TakePayment(account_number=group.number, amount=first.amount_due, method=PaymentMethod.CARD),
        by=builders.CLERK,
        at=at(FEBRUARY),
    )
    group_night(session, MARCH)
    second, own = bills(session, member)[1], bills(session, group)[1]
    assert (second.brought_forward, second.outside_total, second.amount_due) == (first.amount_due, -first.amount_due, second.invoice_gross)
    assert (own.payments_received, own.amount_due) == (first.amount_due, second.amount_due)
    assert check_books(session, "ZZ") == ()


def test_a_members_credit_is_carried_over_too(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = account(session, zz), account(session, zz)
    joined(session, member, group)
    builders.working_line(session, zz, member, starts_on=START)
    take_payment(
        session,
        TakePayment(account_number=member.number, amount=Money(100_00), method=PaymentMethod.CARD),
        by=builders.CLERK,
        at=at(START),
    )
    group_night(session, FEBRUARY)
    assert bills(session, member)[0].amount_due < ZERO
    assert bills(session, group)[0].amount_due == bills(session, member)[0].amount_due
    assert check_books(session, "ZZ") == ()


def test_a_held_members_bill_comes_with_the_groups_next(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = account(session, zz), account(session, zz)
    joined(session, member, group)
    builders.working_line(session, zz, group, starts_on=START)
    builders.working_line(session, zz, member, starts_on=START)
    run_id = begin(session, FEBRUARY)
    calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id, groups=False), by=NIGHT, at=at(FEBRUARY))
    session.execute(text("UPDATE billing.bill SET state = 'held', hold_code = 'CSS482W', hold_words = 'Look.'"))
    assert gather_group(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 0
    pass_of(session, run_id, FEBRUARY, groups=True)
    session.execute(text("UPDATE billing.bill SET state = 'calculated' WHERE state = 'held'"))
    group_night(session, FEBRUARY + timedelta(days=1))
    held = bills(session, member)[0]
    assert held.state is BillState.POSTED
    assert bills(session, group)[0].outside_total == ZERO
    group_night(session, MARCH)
    assert bills(session, group)[1].outside_total == held.amount_due + bills(session, member)[1].amount_due
    assert check_books(session, "ZZ") == ()


def test_a_group_already_billed_that_night_gets_the_rest_next_time(session: Session, zz: builders.BuiltDistrict) -> None:
    """Somebody joins while the run is between the two: whatever the order, every penny is on one bill."""
    group, member = account(session, zz), account(session, zz)
    builders.working_line(session, zz, group, starts_on=START)
    builders.working_line(session, zz, member, starts_on=START)
    run_id = begin(session, FEBRUARY)
    calculate_block(session, run_id, [group.id], by=NIGHT, at=at(FEBRUARY))
    session.execute(
        text("UPDATE css.account SET group_account_id = :g, is_paid_by_group = TRUE WHERE id = :m"), {"g": group.id, "m": member.id}
    )
    pass_of(session, run_id, FEBRUARY, groups=False)
    assert gather_group(session, run_id, by=NIGHT, at=at(FEBRUARY)).written == 1
    pass_of(session, run_id, FEBRUARY, groups=True)
    group_night(session, MARCH)
    first, second = bills(session, group)
    assert first.outside_total == ZERO
    assert second.outside_total == bills(session, member)[0].amount_due + bills(session, member)[1].amount_due
    assert check_books(session, "ZZ") == ()


def test_nobody_joins_or_leaves_while_the_bill_is_being_made(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = account(session, zz), account(session, zz)
    builders.working_line(session, zz, member, starts_on=START)
    run_id = begin(session, FEBRUARY)
    with pytest.raises(CssError) as refusal:
        joined(session, member, group)
    assert refusal.value.code == "CSS811E"
    pass_of(session, run_id, FEBRUARY, groups=False)
    assert joined(session, member, group).group_account_number == group.number
    assert bills(session, member)[0].payer["paid_by"] is None
    assert check_books(session, "ZZ") == ()


def test_joining_and_leaving_is_audited_and_counted(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member = account(session, zz), account(session, zz)
    first = joined(session, member, group, paid=False)
    assert (first.group_account_number, first.is_paid_by_group, first.row_version) == (group.number, False, 2)
    changed = JoinGroup(account_number=member.number, group_account_number=group.number, is_paid_by_group=True, row_version=2)
    assert join_group(session, changed, by=builders.OPERATOR, at=at(START)).row_version == 3
    with pytest.raises(CssError) as stale:
        leave_group(session, LeaveGroup(account_number=member.number, row_version=2), by=builders.OPERATOR, at=at(START))
    assert stale.value.code == "CSS812E"
    assert leave_group(session, LeaveGroup(account_number=member.number), by=builders.OPERATOR, at=at(START)).group_account_number is None
    audited = session.execute(select(AuditEvent.verb, AuditEvent.before, AuditEvent.after).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert audited == (
        "leave_group",
        {"group_account_number": group.number, "is_paid_by_group": True},
        {"group_account_number": None, "is_paid_by_group": False},
    )


def test_groups_have_one_level_and_one_district(session: Session, zz: builders.BuiltDistrict) -> None:
    group, member, third = account(session, zz), account(session, zz), account(session, zz)
    joined(session, member, group)
    yy = builders.district(session, "YY", on=START)
    far = builders.account(session, yy, customer_number=builders.customer(session, yy))
    wholesale = builders.account(session, zz, provider_code="BRACKWAT")
    for who, whose in ((third, member), (group, third), (member, third), (third, far), (third, third), (wholesale, third)):
        with pytest.raises(CssError) as refusal:
            joined(session, who, whose)
        assert refusal.value.code == "CSS810E", (who, whose)
    with pytest.raises(CssError) as refusal:
        leave_group(session, LeaveGroup(account_number=third.number), by=builders.OPERATOR, at=at(START))
    assert refusal.value.code == "CSS810E"
    with pytest.raises(CssError) as refusal:
        join_group(session, JoinGroup(account_number=third.number, group_account_number=group.number), by=builders.CLERK, at=at(START))
    assert refusal.value.code == "CSS443E"


def test_two_people_cannot_make_a_group_of_two_levels_at_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        zz = builders.district(session, on=START)
        one, two, three = account(session, zz), account(session, zz), account(session, zz)

    def joins(member: builders.BuiltAccount, group: builders.BuiltAccount) -> GroupChanged:
        with transaction(fresh_engine) as session:
            return joined(session, member, group)

    done = together(lambda: joins(one, two), lambda: joins(two, one), lambda: joins(two, three), lambda: joins(three, one))
    assert any(isinstance(each, GroupChanged) for each in done)
    with transaction(fresh_engine) as session:
        rows = session.execute(select(Account.id, Account.group_account_id)).all()
    members = {row.id for row in rows if row.group_account_id}
    assert not members & {row.group_account_id for row in rows}


def test_a_late_fee_and_goodwill_are_owed_and_on_no_invoice(session: Session, zz: builders.BuiltDistrict) -> None:
    home = account(session, zz)
    builders.working_line(session, zz, home, starts_on=START)
    fee = EnterOutsideItem(
        account_number=home.number, kind=OutsideKind.LATE_FEE, amount=Money(750), words="Late payment charge", reason="Red reminder"
    )
    gift = EnterOutsideItem(
        account_number=home.number,
        kind=OutsideKind.GOODWILL,
        amount=Money(1000),
        words="With our apologies",
        reason="Complaint",
        token="g",
    )
    assert enter_outside_item(session, fee, by=builders.OPERATOR, at=at(START)).balance == Money(750)
    assert enter_outside_item(session, gift, by=builders.OPERATOR, at=at(START)).balance == Money(-250)
    assert enter_outside_item(session, gift, by=builders.OPERATOR, at=at(START)).balance == Money(-250)
    group_night(session, FEBRUARY)
    (bill,) = bills(session, home)
    assert (bill.outside_total, bill.amount_due) == (Money(-250), bill.invoice_gross - Money(250))
    assert not [words for words, _ in lines(session, bill) if "Late" in words or "apologies" in words]
    sums = session.execute(select(Posting.nominal_code, func.sum(Posting.amount)).group_by(Posting.nominal_code))
    by_nominal = {row[0]: row[1] for row in sums}
    assert (by_nominal["LATE-FEES"], by_nominal["GOODWILL"]) == (Money(-750), Money(1000))
    assert check_books(session, "ZZ") == ()


def test_outside_items_that_cannot_be_are_refused(session: Session, zz: builders.BuiltDistrict) -> None:
    home = account(session, zz)
    cases: list[tuple[dict[str, object], str]] = [
        ({"kind": OutsideKind.COMPENSATION}, "CSS813E"),
        ({"kind": OutsideKind.TRANSFER}, "CSS813E"),
        ({"amount": ZERO}, "CSS804E"),
        ({"words": " "}, "CSS805E"),
        ({"amount": Money(-1)}, "CSS804E"),
        ({"amount": Money(-1), "kind": OutsideKind.LATE_FEE}, "CSS804E"),
        ({"amount": Money(200_00)}, "CSS806E"),
    ]
    for others, code in cases:
        facts: dict[str, object] = {"kind": OutsideKind.GOODWILL, "amount": Money(100), "words": "Sorry", "reason": "Complaint"} | others
        with pytest.raises(CssError) as refusal:
            enter_outside_item(session, EnterOutsideItem(account_number=home.number, **facts), by=builders.OPERATOR, at=at(START))  # type: ignore[arg-type]
        assert refusal.value.code == code
    assert session.execute(select(OutsideItem)).all() == []
