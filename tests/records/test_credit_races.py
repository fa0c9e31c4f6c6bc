"""Two hands at one bill line, and a credit made while the night is at its work: never more back than was charged, never lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from billing import queries
from billing.actions import calculate_block, post_block, release_run
from billing.actions.adjustments import credit_bill_line
from billing.actions.groups import join_group
from billing.actions.outside import enter_outside_item
from billing.checks import check_books
from billing.credit_commands import BillCredited, CreditBillLine, EnterOutsideItem, GroupChanged, JoinGroup
from billing.model import Adjustment, Bill, BillLine, BillRequest, BillSeries
from billing.words import BillKind, OutsideKind
from css.core.errors import CssError
from css.core.money import ZERO, Money
from css.db.engine import transaction
from tests import builders
from tests.race import together, until_somebody_waits
from tests.records.billed import NIGHT, at, begin, bills, finish, night

START = date(2026, 1, 15)
FEBRUARY = date(2026, 2, 5)
NEXT = date(2026, 2, 6)


def billed(engine: Engine, accounts: int = 1) -> list[builders.BuiltLine]:
    """Lines whose first bill is out."""
    with transaction(engine) as session:
        zz = builders.district(session, on=START, sites=6)
        made = [builders.working_line(session, zz, builders.account(session, zz, cycle_day=5), starts_on=START) for _ in range(accounts)]
    with transaction(engine) as session:
        night(session, FEBRUARY)
    return made


def command(session: Session, line: builders.BuiltLine, amount: int) -> CreditBillLine:
    number = bills(session, line.account)[0].number or ""
    return CreditBillLine(bill_number=number, line_number=1, amount=Money(amount), reason="Fault", by_credit_note=True)


def test_credits_of_one_line_at_once_never_come_to_more_than_the_line(fresh_engine: Engine) -> None:
    (line,) = billed(fresh_engine)
    with transaction(fresh_engine) as session:
        net = session.execute(select(BillLine.net).order_by(BillLine.line_number).limit(1)).scalar_one()
        asked = command(session, line, net.pence * 2 // 3)

    def credit() -> BillCredited:
        with transaction(fresh_engine) as session:
            return credit_bill_line(session, asked, by=builders.OPERATOR, at=at(NEXT))

    done = together(credit, credit, credit, credit)
    assert sum(isinstance(each, BillCredited) for each in done) == 1
    assert {each.code for each in done if isinstance(each, CssError)} == {"CSS803E"}
    with transaction(fresh_engine) as session:
        assert session.execute(select(func.sum(Adjustment.net))).scalar() == -(asked.amount or ZERO)
        assert session.execute(select(func.count()).select_from(BillRequest)).scalar() == 1


def test_the_same_credit_pressed_twice_is_one(fresh_engine: Engine) -> None:
    (line,) = billed(fresh_engine)
    with transaction(fresh_engine) as session:
        asked = replace(command(session, line, 100), token="once")

    def credit() -> BillCredited:
        with transaction(fresh_engine) as session:
            return credit_bill_line(session, asked, by=builders.OPERATOR, at=at(NEXT))

    first, second = together(credit, credit)
    assert first == second
    with transaction(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(Adjustment)).scalar() == 1


def test_a_credit_keyed_while_the_night_calculates_waits_for_the_next_bill(fresh_engine: Engine) -> None:
    """It neither holds the night up nor gets into its cut."""
    (line,) = billed(fresh_engine)
    march = date(2026, 3, 5)
    with transaction(fresh_engine) as session:
        run_id = begin(session, march)
    with Session(fresh_engine) as slow:
        calculate_block(slow, run_id, queries.accounts_to_calculate(slow, run_id), by=NIGHT, at=at(march))
        with transaction(fresh_engine) as session:
            credit_bill_line(session, command(session, line, 100), by=builders.OPERATOR, at=at(march))
        slow.commit()
    with transaction(fresh_engine) as session:
        finish(session, run_id, march)
        assert session.execute(select(func.count()).select_from(BillLine).where(BillLine.kind == "adjustment")).scalar() == 0
    with transaction(fresh_engine) as session:
        night(session, march + timedelta(days=1))
        assert bills(session, line.account)[-1].kind is BillKind.CREDIT_NOTE
        assert check_books(session, "ZZ") == ()


def test_joining_a_group_while_its_bills_are_calculated_loses_no_penny(fresh_engine: Engine) -> None:
    member, group = billed(fresh_engine, 2)
    march = date(2026, 3, 5)
    with transaction(fresh_engine) as session:
        run_id = begin(session, march)

    def join() -> GroupChanged:
        joining = JoinGroup(account_number=member.account.number, group_account_number=group.account.number, is_paid_by_group=True)
        with transaction(fresh_engine) as session:
            return join_group(session, joining, by=builders.OPERATOR, at=at(march))

    def calculate() -> int:
        with transaction(fresh_engine) as session:
            return calculate_block(
                session, run_id, queries.accounts_to_calculate(session, run_id, groups=False), by=NIGHT, at=at(march)
            ).written

    joined, made = together(join, calculate)
    assert made == 2
    assert isinstance(joined, GroupChanged) or (isinstance(joined, CssError) and joined.code == "CSS811E")
    with transaction(fresh_engine) as session:
        finish(session, run_id, march)
        assert check_books(session, "ZZ") == ()


def test_credit_notes_have_numbers_without_gap_whoever_releases(fresh_engine: Engine) -> None:
    lines = billed(fresh_engine, 3)
    with transaction(fresh_engine) as session:
        for line in lines:
            credit_bill_line(session, command(session, line, 100), by=builders.OPERATOR, at=at(NEXT))
    with transaction(fresh_engine) as session:
        run_id = begin(session, NEXT)
        calculate_block(session, run_id, queries.accounts_to_calculate(session, run_id), by=NIGHT, at=at(NEXT))

    def release() -> int:
        with transaction(fresh_engine) as session:
            return release_run(session, run_id, by=NIGHT, at=at(NEXT)).written

    assert sorted(together(release, release), key=str) == [0, 3]
    with transaction(fresh_engine) as session:
        post_block(session, queries.bills_to_post(session, run_id), by=NIGHT, at=at(NEXT))
        notes = session.execute(select(Bill.series, Bill.serial).where(Bill.kind == BillKind.CREDIT_NOTE).order_by(Bill.account_id)).all()
        assert notes == [("ZZN", 1), ("ZZN", 2), ("ZZN", 3)]
        series = session.execute(select(BillSeries.series, BillSeries.last_serial).order_by(BillSeries.series)).all()
        assert series == [("ZZ", 3), ("ZZN", 3)]


def test_outside_items_entered_at_once_each_say_a_true_balance(fresh_engine: Engine) -> None:
    (line,) = billed(fresh_engine)
    fee = EnterOutsideItem(
        account_number=line.account.number, kind=OutsideKind.LATE_FEE, amount=Money(750), words="Late payment charge", reason="Red"
    )

    def enter() -> Money:
        with transaction(fresh_engine) as session:
            return enter_outside_item(session, fee, by=builders.OPERATOR, at=at(NEXT)).balance

    balances = together(enter, enter, enter)
    assert sorted(each.pence for each in balances if isinstance(each, Money)) == [
        bill + fee.amount.pence * count for count, bill in enumerate([_due(fresh_engine, line)] * 3, 1)
    ]


def _due(engine: Engine, line: builders.BuiltLine) -> int:
    with transaction(engine) as session:
        return bills(session, line.account)[0].amount_due.pence


def test_a_credit_waits_for_the_one_before_it(fresh_engine: Engine) -> None:
    (line,) = billed(fresh_engine)
    with Session(fresh_engine) as slow:
        credit_bill_line(slow, command(slow, line, 100), by=builders.OPERATOR, at=at(NEXT))

        def second() -> BillCredited:
            with transaction(fresh_engine) as session:
                asked = replace(command(session, line, 100), amount=None)
                return credit_bill_line(session, asked, by=builders.OPERATOR, at=at(NEXT))

        def let_go() -> None:
            until_somebody_waits(fresh_engine)
            slow.commit()

        answer, _ = together(second, let_go)
    assert isinstance(answer, BillCredited)
    with transaction(fresh_engine) as session:
        net = session.execute(select(BillLine.net).order_by(BillLine.line_number).limit(1)).scalar_one()
    assert answer.net == -(net - Money(100))
