"""When an account is billed, and which days its bill is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from billing.words import BillKind
from css.core.calendar import ONE_DAY, Period, billing_period_containing


@dataclass(frozen=True, slots=True)
class Cycle:
    """How an account's bills come round: the day of the month, how many months apart, and one of the months it falls in."""

    day: int
    months: int
    anchor_month: int = 1

    def period_of(self, day: date) -> Period:
        """The billing period that holds the day."""
        return _period(day, self.day, self.months, self.anchor_month)

    def latest(self, day: date) -> date:
        """The cycle date on or before the day."""
        return self.period_of(day).starts_on

    def next_after(self, day: date) -> date:
        """The first cycle date later than the day."""
        ends_on = self.period_of(day).ends_on
        assert ends_on is not None, "a billing period has an end"
        return ends_on


@lru_cache(maxsize=1 << 16)
def _period(day: date, cycle_day: int, months: int, anchor_month: int) -> Period:
    # A night asks the same few hundred questions for every account of the district.
    return billing_period_containing(day, cycle_day, months, anchor_month)


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a night looks for bills to make, seen from the cut."""

    account_id: int
    cycle: Cycle
    next_bill_on: date
    live_services: int
    """Working after the cut's date, as far as was recorded by then."""
    last_end_on: date | None
    """When the last of the ended services ended; None when it never had one."""
    has_open_order: bool


@dataclass(frozen=True, slots=True)
class DueBill:
    """A bill to be made."""

    kind: BillKind
    cycle_on: date
    """The cycle date billed; for a final bill the date the last service ended."""


def due_bill(standing: Standing, cut: date) -> DueBill | None:
    """The bill an account is due on the night of ``cut``, None for none.

    A missed night is made good: whatever cycle dates went by, one bill is made for the latest. When every service has
    ended and no order is open there is no waiting for the cycle date: the bill is the final one.
    """
    if standing.last_end_on is not None and not standing.live_services and not standing.has_open_order:
        return DueBill(BillKind.FINAL, standing.last_end_on)
    if standing.next_bill_on <= cut:
        return DueBill(BillKind.BILL, standing.cycle.latest(cut))
    return None


def charged_until(kind: BillKind, cycle: Cycle, cycle_on: date) -> date:
    """The first day not charged for: a bill charges the period that starts on its cycle date in advance, a final bill nothing."""
    return cycle_on if kind is BillKind.FINAL else cycle.next_after(cycle_on)


def bill_period(kind: BillKind, cycle_on: date, *, previous_end: date | None, first_start: date) -> Period:
    """The days a bill is about: from the end of the last bill's, or the first day of service, up to the cycle date.

    The advance is beyond it. There is always a day in it, also when a cease was recorded so late that its date lies
    before the end of the last bill's period.
    """
    starts_on = previous_end if previous_end is not None else first_start
    if kind is BillKind.BILL:
        starts_on = min(starts_on, cycle_on - ONE_DAY)
    return Period(starts_on, max(cycle_on, starts_on + ONE_DAY))


def next_bill_on(kind: BillKind, cycle: Cycle, cycle_on: date, cut: date) -> date:
    """The cycle date after a bill. A final bill is followed by none, unless the account takes up service again."""
    return cycle.next_after(cut if kind is BillKind.FINAL else cycle_on)
