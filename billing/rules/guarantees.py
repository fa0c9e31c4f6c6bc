"""Guarantees: what a promise not kept is credited to a provider that buys wholesale. The amounts are the house's own, and provisional.

* Repair: any network fault that was put right after its care level's deadline, whether the line was dead or not: an amount for each
  day late or part of one, a day being counted from the deadline's time of day to the next, in London.
* Start: the same, from the end of the promised day.
* Appointment: one fixed sum.

Nothing is guaranteed where matters beyond our control were declared before the deadline; declared later, they end what is owed. A day
that the customer held up from beginning to end does not count. A row may say after how many days no more is owed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from billing.rules.failures import NAMES, DayVerdict, Failure, Owed, days_from, is_held_throughout, nothing
from billing.words import OutsideKind
from css.core.calendar import ONE_DAY, london_date, london_instant, to_london
from css.core.money import Money
from css.core.words import FailureKind


@dataclass(frozen=True, slots=True)
class GuaranteeRow:
    """A dated amount for a care level; an empty level for those that have no row of their own."""

    kind: FailureKind
    care_level: str
    starts_on: date
    amount: Money
    days_max: int | None


def guarantee(failure: Failure, rows: Iterable[GuaranteeRow]) -> Owed:
    """What is credited for the failure; nothing, with the reason, where no guarantee counts. Never negative."""
    kind = OutsideKind.GUARANTEE
    if not failure.is_guaranteed:
        return nothing(failure, kind, "no guarantee, matters beyond our control had been declared")
    row = row_on(rows, failure.kind, failure.care_level, failure.issue_on)
    if row is None:
        return nothing(failure, kind, f"no guarantee for what began on {failure.issue_on}")
    verdicts = _once(failure) if failure.kind is FailureKind.MISSED_APPOINTMENT else tuple(_late(failure, row.days_max))
    if not any(verdict.counts for verdict in verdicts):
        in_time = failure.put_right_at <= failure.promised_at
        why = "no guarantee, put right in time" if in_time else "no guarantee, held up by the customer or by matters beyond our control"
        return nothing(failure, kind, why, verdicts)
    return Owed(kind, f"Guarantee for a {NAMES[failure.kind].lower()}", row.amount, verdicts, "")


def row_on(rows: Iterable[GuaranteeRow], kind: FailureKind, care_level: str | None, day: date) -> GuaranteeRow | None:
    """The row for what began on that day: the level's own before the one for all, each the latest that has begun."""
    known = [row for row in rows if row.kind is kind and row.care_level in {"", care_level} and row.starts_on <= day]
    return max(known, key=lambda row: (row.care_level != "", row.starts_on), default=None)


def _once(failure: Failure) -> tuple[DayVerdict, ...]:
    return (DayVerdict(failure.issue_on, counts=True, words="one sum for the visit"),)


def _late(failure: Failure, days_max: int | None) -> Iterable[DayVerdict]:
    """Each day late, by the date on which it begins."""
    due_at = failure.promised_at
    ends_at = failure.put_right_at if failure.guarantee_ends_at is None else min(failure.put_right_at, failure.guarantee_ends_at)
    counted = 0
    for day in days_from(london_date(due_at), london_date(failure.put_right_at)):
        begins_at = _late_day(due_at, day)
        if begins_at >= failure.put_right_at:
            yield DayVerdict(day, counts=False, words="put right before another day late began")
        elif begins_at >= ends_at:
            yield DayVerdict(day, counts=False, words="matters beyond our control had been declared")
        elif is_held_throughout(failure.held, begins_at, min(ends_at, _late_day(due_at, day + ONE_DAY))):
            yield DayVerdict(day, counts=False, words="the customer held it up all that day")
        elif counted == days_max:
            yield DayVerdict(day, counts=False, words=f"no more than {days_max} days are guaranteed")
        else:
            counted += 1
            yield DayVerdict(day, counts=True, words="a day late or part of one")


def _late_day(due_at: datetime, day: date) -> datetime:
    """When the day late begins that has this date: at the deadline's own time of day. The first is the deadline itself."""
    shown = to_london(due_at)
    return due_at if day == shown.date() else london_instant(day, shown.time().replace(fold=0))
