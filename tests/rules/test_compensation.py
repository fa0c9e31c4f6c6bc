"""Automatic compensation: the worked complaint, the edges, and who gets none."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from billing.reference_ledger import COMPENSATION, COMPENSATION_ORDER
from billing.rules.compensation import Compensation, CompensationRow, Failure, compensation
from css.core.calendar import london_instant
from css.core.money import Money
from css.core.words import FailureKind, Segment

RATES = tuple(
    CompensationRow(kind, starts_on, Money(pence))
    for starts_on, *amounts in COMPENSATION
    for kind, pence in zip(COMPENSATION_ORDER, amounts, strict=True)
)


def failure(kind: FailureKind, issue_on: date, promised: datetime, put_right: datetime, **others: object) -> Failure:
    facts = {"nation": "england-and-wales", "segment": Segment.RESIDENTIAL, "is_own_retail": True}
    return Failure(kind, issue_on, promised, put_right, **facts | others)  # type: ignore[arg-type]


def repair(reported: date, restored: datetime, **others: object) -> Compensation:
    return compensation(failure(FailureKind.DELAYED_REPAIR, reported, datetime(2022, 6, 3, tzinfo=UTC), restored, **others), RATES)


def london(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return london_instant(day, time(hour, minute, second))


def test_the_worked_complaint_three_amounts() -> None:
    """Reported Wednesday, two working days Thursday and Friday, then Saturday and Sunday, restored Monday: 3 x £8.40."""
    given = repair(date(2022, 6, 15), london(date(2022, 6, 20), 11))
    assert given == Compensation(Money(2520), "Delayed repair, 3 days at £8.40")


@pytest.mark.parametrize(
    ("restored", "pence"),
    [
        (london(date(2022, 6, 17), 23, 59), 0),
        (london(date(2022, 6, 17), 23, 59, 1), 840),
        (london(date(2022, 6, 18), 9), 840),
        (london(date(2022, 6, 19), 9), 1680),
        (london(date(2022, 6, 19), 23, 59), 1680),
        (london(date(2022, 6, 20), 0), 2520),
    ],
)
def test_repairs_count_one_at_the_trigger_and_one_for_each_full_day_after(restored: datetime, pence: int) -> None:
    assert repair(date(2022, 6, 15), restored).amount == Money(pence)


def test_bank_holidays_are_the_nations_own() -> None:
    # Reported Thursday 31 July 2025; Monday 4 August is a bank holiday in Scotland alone.
    restored = london(date(2025, 8, 5), 10)
    assert repair(date(2025, 7, 31), restored).amount == Money(998)  # Friday, Monday; restored Tuesday
    assert repair(date(2025, 7, 31), restored, nation="scotland").amount == Money(0)  # Friday, Tuesday


@pytest.mark.parametrize(("live", "count"), [(date(2025, 6, 4), 0), (date(2025, 6, 5), 1), (date(2025, 6, 6), 2)])
def test_a_late_start_pays_the_day_missed_and_each_day_before_the_start(live: date, count: int) -> None:
    """Due Wednesday, live Thursday: 1; live Friday: 2."""
    promised = london(date(2025, 6, 4), 17)
    given = compensation(failure(FailureKind.DELAYED_START, date(2025, 6, 4), promised, london(live, 12)), RATES)
    assert given.amount == Money(624 * count)


def test_a_missed_appointment_pays_one_sum() -> None:
    slot = london(date(2026, 4, 1), 13)
    given = compensation(failure(FailureKind.MISSED_APPOINTMENT, date(2026, 4, 1), slot, slot), RATES)
    assert given == Compensation(Money(3231), "Missed appointment on 01/04/2026")


def test_the_rate_is_that_of_the_day_the_trouble_began() -> None:
    # Reported 31 March 2026, a Tuesday; trigger Thursday 2 April, restored Saturday 4 April: two amounts of the old rate.
    assert repair(date(2026, 3, 31), london(date(2026, 4, 4), 8)).words == "Delayed repair, 2 days at £9.98"


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({"segment": Segment.BUSINESS}, "Delayed repair: no automatic compensation, the account is not a residential one of our own"),
        ({"is_own_retail": False}, "Delayed repair: no automatic compensation, the account is not a residential one of our own"),
    ],
)
def test_firms_and_other_providers_get_nothing_and_are_told_why(others: dict[str, object], words: str) -> None:
    assert repair(date(2022, 6, 15), london(date(2022, 6, 20), 11), **others) == Compensation(Money(0), words)


def test_before_the_code_there_was_no_compensation() -> None:
    assert repair(date(2019, 3, 1), london(date(2019, 3, 20), 11)).amount == Money(0)
