"""Discounts over real rows: on the bill by difference, put right by late calls, corrections and back-dated changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.actions import calculate_block
from billing.actions.benefits import define_benefit, drop_friend, end_benefit, name_friend
from billing.benefit_commands import DefineBenefit, DropFriend, EndBenefit, NameFriend, VolumeStep
from billing.checks import check_books
from billing.model import AllowanceMonth, BillLine
from billing.queries.benefits import allowances
from billing.queries.benefits_at_cut import Moment, Since, benefits_at_cut
from billing.rules.cycle import Cycle
from billing.words import BenefitKind, BenefitScope, LineKind
from css.core.money import Money, Percent
from css.core.words import Segment
from css.master.accounts import Account
from css.master.services import Service
from tests import builders
from tests.conftest import QueryCount
from tests.records.billed import NIGHT, at, begin, bills, correction, finish, night, rated_call

START = date(2026, 1, 15)
FEBRUARY, MARCH, APRIL, MAY = date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 5), date(2026, 5, 5)
LONDON = "442079460123"


@pytest.fixture
def zz(session: Session) -> builders.BuiltDistrict:
    return builders.district(session, on=START, sites=6)


def a_line(session: Session, zz: builders.BuiltDistrict, *features: str, **others: Any) -> builders.BuiltLine:  # noqa: ANN401 - fields of an account
    """A line from 15 January on an account billed on the 5th."""
    account = builders.account(session, zz, cycle_day=5, **others)
    return builders.working_line(session, zz, account, starts_on=START, features=features)


def discounts(session: Session, account: builders.BuiltAccount) -> list[list[tuple[str, date, int]]]:
    """Of each bill the discount lines: words, month and pence."""
    return [
        [
            (line.words, line.benefit_month_starts_on, line.net.pence)
            for line in session.execute(
                select(BillLine).where(BillLine.bill_id == bill.id, BillLine.kind == LineKind.DISCOUNT).order_by(BillLine.line_number)
            ).scalars()
            if line.benefit_month_starts_on is not None
        ]
        for bill in bills(session, account)
    ]


def stored(session: Session, account: builders.BuiltAccount) -> list[tuple[date, int, int, int, list[int]]]:
    """The allowance months in the order in which they were stored: month, granted, rolled in, used, left."""
    rows = session.execute(select(AllowanceMonth).where(AllowanceMonth.account_id == account.id).order_by(AllowanceMonth.id)).scalars()
    return [(row.month_starts_on, row.granted_seconds, row.rolled_in_seconds, row.used_seconds, row.left_seconds) for row in rows]


JANUARY = date(2026, 1, 5)
GRANTED = 30_000 * 21 // 31
"""Of 500 minutes, for 15 January to 4 February."""


def test_inclusive_minutes_are_on_the_bill_and_what_is_left_rolls_over(session: Session, zz: builders.BuiltDistrict) -> None:
    """Each call of 90 seconds is two minutes. 10.4 + 10.4 = 20.8 -> 21 charged and 21 given; on 5 February 10.4 is of the next month."""
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, line, 2, date(2026, 2, 4), 10_400_000)
    rated_call(session, line, 3, FEBRUARY, 10_400_000)
    rated_call(session, line, 4, date(2026, 1, 21), 8_000_000, charge_class="PRS")
    night(session, FEBRUARY)
    words = "500 shared inclusive minutes"
    assert discounts(session, line.account) == [[(words, JANUARY, -21), (words, FEBRUARY, -10)]]
    assert stored(session, line.account) == [
        (JANUARY, GRANTED, 0, 240, [GRANTED - 240]),
        (FEBRUARY, 30_000, GRANTED - 240, 120, [30_000]),
    ]
    # The rest of February's month: 10.4 more, 20.8 -> 21 in all, less 10.
    rated_call(session, line, 5, date(2026, 2, 20), 10_400_000)
    night(session, MARCH)
    assert discounts(session, line.account)[1] == [(words, FEBRUARY, -11)]
    assert stored(session, line.account)[2:] == [
        (FEBRUARY, 30_000, GRANTED - 240, 240, [30_000]),
        (MARCH, 30_000, 30_000, 0, [30_000]),
    ]
    assert check_books(session, "ZZ") == ()
    latest = allowances(session, line.account.number, by=builders.CLERK)
    assert [(row.month_starts_on, row.used_seconds, row.left_seconds) for row in latest] == [
        (MARCH, 0, 30_000),
        (FEBRUARY, 240, 30_000),
        (JANUARY, 240, GRANTED - 240),
    ]


def test_a_run_done_again_writes_nothing(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    run = night(session, FEBRUARY)
    before = discounts(session, line.account), stored(session, line.account)
    again = calculate_block(session, run, [line.account.id], by=NIGHT, at=at(FEBRUARY))
    assert (again.written, again.filtered) == (0, 1)
    finish(session, run, FEBRUARY)
    assert (discounts(session, line.account), stored(session, line.account)) == before


def test_a_month_in_which_nothing_happened_says_nothing_again(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    for day in (FEBRUARY, MARCH, APRIL):
        night(session, day)
    assert [len(lines) for lines in discounts(session, line.account)] == [1, 0, 0]
    assert [row[0] for row in stored(session, line.account)] == [JANUARY, FEBRUARY, MARCH, APRIL]


def test_a_late_call_and_a_re_rated_one_correct_the_line_of_their_month(session: Session, zz: builders.BuiltDistrict) -> None:
    """The call of 20 January costs 2p more; another of the 25th comes in February. 10.4 + 2 + 7.7 = 20.1 -> 20, less 10."""
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    correction(session, line, 1, date(2026, 2, 20), 2_000_000)
    rated_call(session, line, 2, date(2026, 2, 20), 7_700_000, started_at=datetime(2026, 1, 25, 9, tzinfo=UTC))
    night(session, MARCH)
    ((first,), (second,)) = discounts(session, line.account)
    assert first == ("500 shared inclusive minutes", JANUARY, -10)
    assert second == ("500 shared inclusive minutes, put right", JANUARY, -10)
    corrected, correcting = session.execute(select(BillLine).where(BillLine.benefit_id.is_not(None)).order_by(BillLine.id)).scalars()
    assert correcting.corrects_line_id == corrected.id
    assert stored(session, line.account)[2:] == [
        (JANUARY, GRANTED, 0, 240, [GRANTED - 240]),
        (FEBRUARY, 30_000, GRANTED - 240, 0, [30_000]),
        (MARCH, 30_000, 30_000, 0, [30_000]),
    ]


def test_a_call_that_goes_to_another_account_takes_its_discount_with_it(session: Session, zz: builders.BuiltDistrict) -> None:
    line, other = a_line(session, zz, "MINUTES-500"), a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    correction(session, line, 1, date(2026, 2, 20), -10_400_000, call_count=-1, duration_seconds=-90)
    correction(session, other, 1, date(2026, 2, 20), 10_400_000, call_count=1, duration_seconds=90)
    night(session, MARCH)
    words = "500 shared inclusive minutes"
    assert discounts(session, line.account) == [[(words, JANUARY, -10)], [(f"{words}, put right", JANUARY, 10)]]
    assert discounts(session, other.account) == [[], [(words, JANUARY, -10)]]


def test_a_call_re_rated_to_another_class_is_of_that_class(session: Session, zz: builders.BuiltDistrict) -> None:
    """It was premium all along, for which the minutes are not: nothing of it is covered, and no seconds are used."""
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    correction(session, line, 1, date(2026, 2, 20), 20_000_000, charge_class="PRS")
    night(session, MARCH)
    assert discounts(session, line.account)[1] == [("500 shared inclusive minutes, put right", JANUARY, 10)]
    assert stored(session, line.account)[2][:4] == (JANUARY, GRANTED, 0, 0)


def test_a_service_charge_is_never_reduced(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 30_000_000, service_net_millionths=25_000_000)
    night(session, FEBRUARY)
    assert discounts(session, line.account) == [[("500 shared inclusive minutes", JANUARY, -5)]]


def test_a_discount_is_taxed_like_the_calls_it_reduces(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 20), 10_400_000)
    rated_call(session, line, 2, date(2026, 1, 21), 10_400_000, vat_basis_points=1750)
    night(session, FEBRUARY)
    rows = session.execute(select(BillLine).where(BillLine.benefit_id.is_not(None)).order_by(BillLine.line_number)).scalars()
    assert [(row.vat_basis_points, row.net.pence, row.nominal_code) for row in rows] == [(1750, -10, "DISCOUNTS"), (2000, -10, "DISCOUNTS")]


def test_a_friend_named_for_days_gone_by_and_dropped_again(session: Session, zz: builders.BuiltDistrict) -> None:
    """100p on 20 January: 10% as a friend named in February for January; dropped in March from the 20th, as if never."""
    line = a_line(session, zz, "FRIENDS")
    rated_call(session, line, 1, date(2026, 1, 20), 100_000_000)
    night(session, FEBRUARY)
    assert discounts(session, line.account) == [[]]
    named = name_friend(
        session,
        NameFriend(number=line.number, friend_number="020 7946 0123", starts_on=date(2026, 1, 16)),
        by=builders.CLERK,
        at=at(FEBRUARY),
    )
    assert (named.friend_number, named.named, named.numbers_max) == (LONDON, 1, 15)
    night(session, MARCH)
    drop_friend(
        session,
        DropFriend(number=line.number, friend_number=LONDON, ends_on=date(2026, 1, 20)),
        by=builders.CLERK,
        at=at(MARCH),
    )
    night(session, APRIL)
    words = "Friends and family"
    assert discounts(session, line.account) == [[], [(words, JANUARY, -10)], [(f"{words}, put right", JANUARY, 10)]]
    assert check_books(session, "ZZ") == ()


def test_a_benefit_defined_and_ended_for_days_gone_by(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz)
    rated_call(session, line, 1, date(2026, 1, 20), 100_000_000)
    night(session, FEBRUARY)
    command = DefineBenefit(
        code="GIFT",
        product_code="LINE-RES",
        kind=BenefitKind.OPTION,
        scope=BenefitScope.LINE,
        words="A gift",
        starts_on=date(2026, 1, 1),
        charge_classes=("GEO",),
        percent=Percent.of("12.5"),
    )
    define_benefit(session, command, by=builders.OPERATOR, at=at(FEBRUARY))
    night(session, MARCH)
    end_benefit(session, EndBenefit(code="GIFT", ends_on=date(2026, 1, 20), reason="A slip."), by=builders.OPERATOR, at=at(MARCH))
    night(session, APRIL)
    # 12.5p are 13.
    assert discounts(session, line.account) == [[], [("A gift", JANUARY, -13)], [("A gift, put right", JANUARY, 13)]]


def test_minutes_of_a_service_that_had_ended_are_taken_back(session: Session, zz: builders.BuiltDistrict) -> None:
    """Learned in February: it ended on 18 January. Three days of the month are 2,903 seconds; the call of the 20th has none."""
    line = a_line(session, zz, "MINUTES-500")
    rated_call(session, line, 1, date(2026, 1, 17), 10_400_000)
    rated_call(session, line, 2, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    session.execute(
        update(Service)
        .where(Service.id == line.feature_service_ids[0])
        .values(ends_on=date(2026, 1, 18), end_recorded_on=date(2026, 2, 20))
    )
    night(session, MARCH)
    words = "500 shared inclusive minutes"
    assert discounts(session, line.account) == [[(words, JANUARY, -21)], [(f"{words}, put right", JANUARY, 11)]]
    assert stored(session, line.account)[2:] == [
        (JANUARY, 30_000 * 3 // 31, 0, 120, [30_000 * 3 // 31 - 120]),
        (FEBRUARY, 0, 0, 0, []),
    ]


def test_a_line_uses_the_minutes_that_another_of_its_account_has(session: Session, zz: builders.BuiltDistrict) -> None:
    line = a_line(session, zz, "MINUTES-500")
    other = builders.working_line(session, zz, line.account, starts_on=START)
    rated_call(session, other, 1, date(2026, 1, 20), 10_400_000)
    night(session, FEBRUARY)
    assert discounts(session, line.account) == [[("500 shared inclusive minutes", JANUARY, -10)]]


GROUP_VOLUME = DefineBenefit(
    code="GROUP",
    product_code="CALL-SIGN",
    kind=BenefitKind.VOLUME,
    scope=BenefitScope.GROUP,
    words="Group volume",
    starts_on=date(2026, 1, 1),
    charge_classes=("GEO",),
    steps=(VolumeStep(from_amount=Money(100), percent=Percent.of(10)), VolumeStep(from_amount=Money(300), percent=Percent.of(50))),
)
"""From £1 10%, from £3 50%."""


def test_a_group_s_spend_decides_what_each_member_gets_and_a_late_call_of_one_changes_the_others(
    session: Session, zz: builders.BuiltDistrict
) -> None:
    """The head has the option, so each member has it. In January member 1 spends £1, member 2 £1: 10%; then a late £2 of
    member 2 makes it £4 and 50% for both."""
    define_benefit(session, GROUP_VOLUME, by=builders.OPERATOR, at=at(START))
    head = a_line(session, zz, "CALL-SIGN", segment=Segment.BUSINESS)
    one, two = (a_line(session, zz, segment=Segment.BUSINESS) for _ in range(2))
    session.execute(update(Account).where(Account.id.in_([one.account.id, two.account.id])).values(group_account_id=head.account.id))
    rated_call(session, one, 1, date(2026, 1, 20), 100_000_000)
    rated_call(session, two, 2, date(2026, 1, 20), 100_000_000)
    night(session, FEBRUARY)
    january = date(2026, 1, 1)
    assert discounts(session, one.account) == discounts(session, two.account) == [[("Group volume", january, -10)]]
    rated_call(session, two, 3, date(2026, 2, 20), 200_000_000, started_at=datetime(2026, 1, 30, 9, tzinfo=UTC))
    night(session, MARCH)
    assert discounts(session, one.account)[1] == [("Group volume, put right", january, -40)]
    assert discounts(session, two.account)[1] == [("Group volume, put right", january, -140)]
    assert discounts(session, head.account) == [[], []]


def test_reading_takes_as_many_statements_for_many_accounts_as_for_one(
    session: Session, zz: builders.BuiltDistrict, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    lines = [a_line(session, zz, "MINUTES-500", "FRIENDS") for _ in range(3)]
    for number, line in enumerate(lines, start=1):
        rated_call(session, line, number, date(2026, 1, 20), 10_400_000)
    run = begin(session, FEBRUARY)
    with query_count() as one:
        calculate_block(session, run, [lines[0].account.id], by=NIGHT, at=at(FEBRUARY))
    with query_count() as others:
        calculate_block(session, run, [line.account.id for line in lines[1:]], by=NIGHT, at=at(FEBRUARY))
    assert len(one) == len(others)
    bare = a_line(session, zz).account.id
    session.flush()
    with query_count() as sent:
        assert benefits_at_cut(session, Moment("ZZ", FEBRUARY, at(FEBRUARY)), {bare: Since(None, Cycle(5, 1))}) == {}
    assert len(sent) == 2
