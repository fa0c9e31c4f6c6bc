"""Automatic compensation: what a promise not kept is worth to a residential customer (Ofcom's voluntary code, from 1 April 2019).

* Repair: total loss of service not put right by 23:59 on the second full working day after the report. From then on a day counts
  when the line was still dead at its 23:59, weekends too.
* Start: the promised day missed, and each day after it up to but not including the day the service starts.
* Appointment: one fixed sum.

A day counts only where the customer was not the one who held it up at its 23:59; that we waited for somebody else (parked) stops
nothing. The amount is that of the day on which the trouble began, however long it lasts. The counting of repairs follows a worked
complaint (reported Wednesday, restored Monday: three amounts); providers describe it less precisely, so it is a policy by date
(``DayCount``) and provisional. Residential accounts of the own retail arm only: providers compensate their own customers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from billing.rules.failures import NAMES, DayVerdict, Failure, Owed, days_from, is_held_at, is_held_throughout, nothing
from billing.words import DayCount, OutsideKind
from css.core.calendar import ONE_DAY, Nation, add_working_days, day_words, london_date, london_instant, start_of_day
from css.core.money import Money
from css.core.words import FailureKind, Segment

JUDGED_AT: Final = time(23, 59)
"""When a day is over for this purpose."""
HELD: Final = "the customer held it up at 23:59"


@dataclass(frozen=True, slots=True)
class CompensationRow:
    """A dated amount: by the day for repairs and starts, once for an appointment."""

    kind: FailureKind
    starts_on: date
    amount: Money


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """How the days of repairs are counted for what began from a day on."""

    starts_on: date
    day_count: DayCount
    working_days: int


USUAL: Final = PolicyRow(date.min, DayCount.FULL_DAYS_AFTER, 2)
"""Before any policy began."""


def is_compensated(failure: Failure) -> bool:
    """Whether the code is about such an account at all."""
    return failure.segment is Segment.RESIDENTIAL and failure.is_own_retail


def compensation(failure: Failure, rates: Iterable[CompensationRow], policies: Iterable[PolicyRow]) -> Owed:
    """What the failure is worth by the code; nothing, with the reason, where no compensation is due. Never negative."""
    if not is_compensated(failure):
        words = "no automatic compensation, the account is not a residential one of our own"
        return nothing(failure, OutsideKind.COMPENSATION, words)
    verdicts = tuple(_verdicts(failure, policy_on(policies, failure.issue_on)))
    if failure.kind is FailureKind.DELAYED_REPAIR and not failure.is_total_loss:
        return nothing(failure, OutsideKind.COMPENSATION, "no automatic compensation, the line was not dead", verdicts)
    if not any(verdict.counts for verdict in verdicts):
        was_held = any(verdict.words == HELD for verdict in verdicts)
        why = "no automatic compensation, the customer held it up" if was_held else "no automatic compensation, put right in time"
        return nothing(failure, OutsideKind.COMPENSATION, why, verdicts)
    rate = rate_on(rates, failure.kind, failure.issue_on)
    if rate is None:
        why = f"no automatic compensation for what began on {failure.issue_on}"
        return nothing(failure, OutsideKind.COMPENSATION, why, verdicts)
    return Owed(OutsideKind.COMPENSATION, NAMES[failure.kind], rate, verdicts, "")


def policy_on(policies: Iterable[PolicyRow], day: date) -> PolicyRow:
    """The policy for what began on that day: the latest that has begun."""
    return max((row for row in policies if row.starts_on <= day), key=lambda row: row.starts_on, default=USUAL)


def owed_from(issue_on: date, policy: PolicyRow, nation: Nation) -> datetime:
    """When the first amount of a repair is owed: put right by then, nothing is."""
    trigger_on = add_working_days(issue_on, policy.working_days, nation)
    if policy.day_count is DayCount.FULL_DAYS_ONLY:
        trigger_on += ONE_DAY
    return _end_of(trigger_on)


def rate_on(rates: Iterable[CompensationRow], kind: FailureKind, day: date) -> Money | None:
    """The amount for what began on that day; None before the code began."""
    known = [row for row in rates if row.kind is kind and row.starts_on <= day]
    return max(known, key=lambda row: row.starts_on).amount if known else None


def _verdicts(failure: Failure, policy: PolicyRow) -> Iterable[DayVerdict]:
    match failure.kind:
        case FailureKind.DELAYED_REPAIR:
            return _repair(failure, policy)
        case FailureKind.DELAYED_START:
            return _start(failure)
        case FailureKind.MISSED_APPOINTMENT:
            return (DayVerdict(failure.issue_on, counts=True, words="one sum for the visit"),)


def _repair(failure: Failure, policy: PolicyRow) -> Iterable[DayVerdict]:
    trigger_on = add_working_days(failure.issue_on, policy.working_days, failure.nation)
    grace = f"nothing is owed before 23:59 on {day_words(trigger_on)}"
    is_late = failure.put_right_at > _end_of(trigger_on)
    for day in days_from(failure.issue_on, london_date(failure.put_right_at)):
        is_dead = failure.put_right_at > _end_of(day)
        is_held = is_held_at(failure.held, _end_of(day))
        if day < trigger_on:
            yield DayVerdict(day, counts=False, words=grace)
        elif day == trigger_on:
            if policy.day_count is DayCount.FULL_DAYS_ONLY:
                yield DayVerdict(day, counts=False, words="only full days after it count")
            else:
                yield _judged(day, is_dead=is_dead, is_held=is_held)
        elif policy.day_count is DayCount.DAYS_BEGUN and is_late:
            yield _begun(failure, day)
        else:
            yield _judged(day, is_dead=is_dead, is_held=is_held)


def _judged(day: date, *, is_dead: bool, is_held: bool) -> DayVerdict:
    if not is_dead:
        return DayVerdict(day, counts=False, words="put right by 23:59")
    return DayVerdict(day, counts=False, words=HELD) if is_held else DayVerdict(day, counts=True, words="still dead at 23:59")


def _begun(failure: Failure, day: date) -> DayVerdict:
    """A day that was begun counts unless the customer held it up from its beginning to its end."""
    begins_at = start_of_day(day)
    ends_at = min(_end_of(day), failure.put_right_at)
    if begins_at >= failure.put_right_at:
        return DayVerdict(day, counts=False, words="put right before it began")
    if is_held_throughout(failure.held, begins_at, ends_at):
        return DayVerdict(day, counts=False, words="the customer held it up all day")
    return DayVerdict(day, counts=True, words="begun without service")


def _start(failure: Failure) -> Iterable[DayVerdict]:
    started_on = london_date(failure.put_right_at)
    for day in days_from(london_date(failure.promised_at), started_on):
        if day == started_on:
            yield DayVerdict(day, counts=False, words="service started")
        elif is_held_at(failure.held, _end_of(day)):
            yield DayVerdict(day, counts=False, words=HELD)
        else:
            yield DayVerdict(day, counts=True, words="promised and not working")


def _end_of(day: date) -> datetime:
    return london_instant(day, JUDGED_AT)
