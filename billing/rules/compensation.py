"""Automatic compensation: what a promise not kept is worth to the customer (Ofcom's voluntary code, from 1 April 2019).

* Repair: total loss of service not put right by 23:59 on the second full working day after the report; one daily amount
  then, and one for each full calendar day after it, weekends too.
* Start: the promised day missed, and each day after it up to but not including the day the service starts.
* Appointment: one fixed sum.

The amount is that of the day on which the trouble began, however long it lasts. The counting of repairs follows a worked
complaint (reported Wednesday, restored Monday: three amounts); providers describe it less precisely, so it stands alone
in ``repair_days``. Residential accounts of the own retail arm only: providers compensate their own customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from css.core.calendar import Nation, add_working_days, london_date, london_instant
from css.core.money import ZERO, Money
from css.core.words import FailureKind, Segment

REPAIR_WORKING_DAYS: Final = 2
REPAIR_DUE: Final = time(23, 59)
FULL_DAYS_BETWEEN: Final = 1
"""Of the days from the trigger to the day of repair the last is not full."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A service failure as it lies on the shelf, with whose it is."""

    kind: FailureKind
    issue_on: date
    promised_at: datetime
    put_right_at: datetime
    nation: Nation
    segment: Segment
    is_own_retail: bool


@dataclass(frozen=True, slots=True)
class CompensationRow:
    """A dated amount: by the day for repairs and starts, once for an appointment."""

    kind: FailureKind
    starts_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Compensation:
    """What is credited, and why in words that a customer may read."""

    amount: Money
    words: str


NAMES: Final = {
    FailureKind.DELAYED_REPAIR: "Delayed repair",
    FailureKind.DELAYED_START: "Delayed start of service",
    FailureKind.MISSED_APPOINTMENT: "Missed appointment",
}


def compensation(failure: Failure, rates: tuple[CompensationRow, ...]) -> Compensation:
    """What the failure is worth; nothing, with the reason, where no compensation is due. Never negative."""
    name = NAMES[failure.kind]
    if failure.segment is not Segment.RESIDENTIAL or not failure.is_own_retail:
        return Compensation(ZERO, f"{name}: no automatic compensation, the account is not a residential one of our own")
    count = _count(failure)
    if not count:
        return Compensation(ZERO, f"{name}: no automatic compensation, put right in time")
    rate = _rate_on(rates, failure.kind, failure.issue_on)
    if rate is None:
        return Compensation(ZERO, f"{name}: no automatic compensation for what began on {failure.issue_on}")
    if failure.kind is FailureKind.MISSED_APPOINTMENT:
        return Compensation(rate, f"{name} on {failure.issue_on:%d/%m/%Y}")
    return Compensation(rate * count, f"{name}, {count} {'day' if count == 1 else 'days'} at {rate.sterling}")


def _count(failure: Failure) -> int:
    match failure.kind:
        case FailureKind.DELAYED_REPAIR:
            return repair_days(failure.issue_on, failure.put_right_at, failure.nation)
        case FailureKind.DELAYED_START:
            return start_days(failure.promised_at, failure.put_right_at)
        case FailureKind.MISSED_APPOINTMENT:
            return 1


def repair_days(reported_on: date, put_right_at: datetime, nation: Nation) -> int:
    """How many daily amounts a repair is worth: one when the second working day has passed, one for each full day after it."""
    trigger_on = add_working_days(reported_on, REPAIR_WORKING_DAYS, nation)
    if put_right_at <= london_instant(trigger_on, REPAIR_DUE):
        return 0
    full_days = (london_date(put_right_at) - trigger_on).days - FULL_DAYS_BETWEEN
    return 1 + max(0, full_days)


def start_days(promised_at: datetime, put_right_at: datetime) -> int:
    """How many daily amounts a start is worth: from the promised day up to but not including the day it started."""
    return max(0, (london_date(put_right_at) - london_date(promised_at)).days)


def _rate_on(rates: tuple[CompensationRow, ...], kind: FailureKind, day: date) -> Money | None:
    known = [row for row in rates if row.kind is kind and row.starts_on <= day]
    return max(known, key=lambda row: row.starts_on).amount if known else None
