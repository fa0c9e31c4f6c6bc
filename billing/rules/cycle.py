"""When an account is billed, and which days its bill is about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

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

    def whole_period_of(self, day: date) -> Period:
        """The period whose days a price is shared over; only a change of cycle makes it longer than ``period_of``."""
        return self.period_of(day)

    def months_on(self, day: date) -> int:  # noqa: ARG002 - a history of cycles needs it
        """How many months the period of that day has."""
        return self.months

    def latest(self, day: date) -> date:
        """The cycle date on or before the day."""
        return self.period_of(day).starts_on

    def latest_bill(self, day: date) -> date:
        """The date on or before the day of which a bill is made: each cycle date is one."""
        return self.latest(day)

    def next_after(self, day: date) -> date:
        """The first cycle date later than the day."""
        return _end(self.period_of(day))

    def first_from(self, day: date) -> date:
        """The first cycle date on the day or later."""
        return self.next_after(day - ONE_DAY)

    def bill_after(self, charged_to: date) -> date:
        """The date of the bill after all is charged up to ``charged_to``, which is a cycle date: that date."""
        return charged_to


class CycleTerm(NamedTuple):
    """From when a cycle is in force."""

    starts_on: date
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Cycles:
    """The cycles of an account that changed its cycle, in order of time, the first of them for all days before the second.

    A new cycle starts on the day up to which the old one has been charged. The days before its own first cycle date are
    a part of the new cycle's period that holds them: the price is shared over that whole period, and the part starts
    with the term, so that no two periods start on one day.
    """

    terms: tuple[CycleTerm, ...]

    def _place(self, day: date) -> int:
        return max(bisect_right(self.terms, day, key=_starts_on) - 1, 0)

    def _clipped(self, whole: Period, place: int) -> Period:
        starts_on = max(whole.starts_on, self.terms[place].starts_on) if place else whole.starts_on
        ends_on = _end(whole)
        return Period(starts_on, min(ends_on, self.terms[place + 1].starts_on) if place + 1 < len(self.terms) else ends_on)

    def period_of(self, day: date) -> Period:
        """The days of the billing period of that day on which its cycle is in force."""
        place = self._place(day)
        return self._clipped(self.terms[place].cycle.period_of(day), place)

    def whole_period_of(self, day: date) -> Period:
        """The period whose days a price is shared over."""
        return self.terms[self._place(day)].cycle.period_of(day)

    def months_on(self, day: date) -> int:
        """How many months the period of that day has."""
        return self.terms[self._place(day)].cycle.months

    def latest(self, day: date) -> date:
        """The cycle date on or before the day, or the day the cycle changed if that is later."""
        return self.period_of(day).starts_on

    def latest_bill(self, day: date) -> date:
        """The date on or before the day of which a bill is made: the day of a change is none, unless it is a date of the new cycle."""
        reached = self.latest(day)
        while self.bill_after(reached) != reached:
            reached = self.latest(reached - ONE_DAY)
        return reached

    def next_after(self, day: date) -> date:
        """The first cycle date, or change of cycle, later than the day."""
        return _end(self.period_of(day))

    def bill_after(self, charged_to: date) -> date:
        """The date of the bill after all is charged up to ``charged_to``: where the cycle changes there, the first date of the new one.

        So that bill has a part of a period and the next one whole, like an account's first.
        """
        place = self._place(charged_to)
        term = self.terms[place]
        return term.cycle.first_from(charged_to) if place and term.starts_on == charged_to else charged_to


AnyCycle = Cycle | Cycles
"""What rules take: most accounts have had one cycle all their life."""


def cycles_from(log: Iterable[CycleTerm]) -> Cycles:
    """The cycles of an account from its log, in the order it was recorded: a row holds from its day on, whatever was said before."""
    terms: list[CycleTerm] = []
    for row in log:
        terms = [*(term for term in terms if term.starts_on < row.starts_on), row]
    return Cycles(tuple(terms))


def _starts_on(term: CycleTerm) -> date:
    return term.starts_on


def _end(period: Period) -> date:
    assert period.ends_on is not None, "a billing period has an end"
    return period.ends_on


@lru_cache(maxsize=1 << 16)
def _period(day: date, cycle_day: int, months: int, anchor_month: int) -> Period:
    # A night asks the same few hundred questions for every account of the district.
    return billing_period_containing(day, cycle_day, months, anchor_month)


def charged_to(cycle: AnyCycle, next_bill_on: date, opened_on: date, billed_through: date | None) -> date:
    """The day up to which an account is charged.

    Args:
        cycle: as known at the cut.
        next_bill_on: what billing remembers, in the cycle as it was then.
        opened_on: of the account.
        billed_through: None for one that has never been billed: what its cycle was before a change does not matter to it.
    """
    return cycle.next_after(opened_on) if billed_through is None and isinstance(cycle, Cycles) else next_bill_on


def changes_from(cycle: AnyCycle, reached: date, opened_on: date, today: date, *, was_billed: bool) -> date:
    """The day from which another cycle is in force that is said today: where charging has got to by the cycle there is.

    Nights before today that are still to be made are counted as made: they do not see the change, and a night that is late
    writes what it would have written in time.

    Args:
        cycle: as known before the change.
        reached: the day up to which the account is charged by the bills made so far.
        opened_on: of the account, which one has from its first day that was not to be billed yet.
        today: the business date.
        was_billed: whether it has a bill.
    """
    if cycle.bill_after(reached) < today:
        return cycle.next_after(cycle.latest_bill(today - ONE_DAY))
    return reached if was_billed else opened_on


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a night looks for bills to make, seen from the cut."""

    account_id: int
    cycle: AnyCycle
    next_bill_on: date
    """The day up to which it is charged: the next cycle date, or where its cycle changes."""
    live_services: int
    """Working after the cut's date, as far as was recorded by then."""
    last_end_on: date | None
    """When the last of the ended services ended; None when it never had one."""
    has_open_order: bool
    has_members: bool = False
    """It pays for other accounts, so its bills go on when nothing of its own works."""
    is_finished: bool = False
    """Its final bill is out."""
    requested: frozenset[BillKind] = frozenset()
    """Bills asked for by the cut and not made yet: interim, credit-note."""


@dataclass(frozen=True, slots=True)
class DueBill:
    """A bill to be made."""

    kind: BillKind
    cycle_on: date
    """The cycle date billed; for a final bill the date the last service ended, for one asked for the day up to which is charged."""


def due_bill(standing: Standing, cut: date) -> DueBill | None:
    """The bill an account is due on the night of ``cut``, None for none.

    A missed night is made good: whatever cycle dates went by, one bill is made for the latest. The day a cycle changed is none
    of them: the part of a period that begins there waits for the new cycle's first date, however late the night. When every service has
    ended and no order is open there is no waiting for the cycle date: the bill is the final one. A bill asked for is
    made when no other is due: that one says what it would have said. On an account whose final bill is out an interim bill is
    one more final bill, for there is nothing to charge ahead; a credit note is a credit note.
    """
    is_over = standing.last_end_on is not None and not (standing.live_services or standing.has_open_order or standing.has_members)
    if is_over and (not standing.is_finished or BillKind.INTERIM in standing.requested):
        assert standing.last_end_on is not None, "what is over has ended"
        return DueBill(BillKind.FINAL, standing.last_end_on)
    if not standing.is_finished and standing.cycle.bill_after(standing.next_bill_on) <= cut:
        return DueBill(BillKind.BILL, standing.cycle.latest_bill(cut))
    for kind in (BillKind.INTERIM, BillKind.CREDIT_NOTE):
        if kind in standing.requested:
            return DueBill(kind, standing.next_bill_on)
    return None


def charged_until(kind: BillKind, cycle: AnyCycle, cycle_on: date) -> date:
    """The first day not charged for: a bill charges the period that starts on its cycle date in advance, the others nothing new."""
    return cycle.next_after(cycle_on) if kind is BillKind.BILL else cycle_on


def bill_period(kind: BillKind, cycle_on: date, *, previous_end: date | None, first_start: date, cut: date) -> Period:
    """The days a bill is about: from the end of the last bill's, or the first day of service, up to the cycle date.

    The advance is beyond it. There is always a day in it, also when a cease was recorded so late that its date lies
    before the end of the last bill's period. An interim bill is about the days up to and with its cut.
    """
    starts_on = previous_end if previous_end is not None else first_start
    if kind is BillKind.INTERIM:
        return Period(min(starts_on, cut), cut + ONE_DAY)
    if kind is BillKind.BILL:
        starts_on = min(starts_on, cycle_on - ONE_DAY)
    return Period(starts_on, max(cycle_on, starts_on + ONE_DAY))


def next_bill_on(kind: BillKind, cycle: AnyCycle, cycle_on: date, cut: date) -> date:
    """Up to when is charged after a bill: the next cycle date. A final bill is followed by none, unless service is taken up again.

    A bill asked for leaves the cycle as it was.
    """
    if kind is BillKind.FINAL:
        return cycle.next_after(cut)
    return charged_until(kind, cycle, cycle_on)


def finishes(kind: BillKind) -> bool | None:
    """Whether an account has no more bills to come after one of that kind; None where that stays as it was."""
    return None if kind is BillKind.INTERIM else kind is BillKind.FINAL
