"""Which months benefits are reckoned in, and from which day on a bill reckons them again.

Allowances, friends' numbers and options go by the account's months: from cycle day to cycle day, also where bills are
quarterly or annual. Volume goes by calendar months. A call belongs to the months in which it started, by the London date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from css.core.calendar import ONE_DAY, billing_period_containing


class Month(NamedTuple):
    """The days of one month, or the part of it that a change of cycle has left."""

    starts_on: date
    ends_on: date
    whole_days: int
    """Of the month that it is, or is a part of: what an allowance is shared out over."""


class Turn(NamedTuple):
    """From when an account's months begin on which day."""

    starts_on: date
    cycle_day: int


@lru_cache(maxsize=1 << 14)
def _month(day: date, cycle_day: int) -> Month:
    period = billing_period_containing(day, cycle_day, 1)
    assert period.ends_on is not None, "a month has an end"
    return Month(period.starts_on, period.ends_on, period.days)


@dataclass(frozen=True, slots=True)
class Months:
    """The months of an account, each beginning where the one before it ends, across changes of the cycle day."""

    turns: tuple[Turn, ...]
    """In order of time; the first counts for all days before it too."""

    def month_of(self, day: date) -> Month:
        """The month that holds the day."""
        place = max((n for n, turn in enumerate(self.turns) if turn.starts_on <= day), default=0)
        month = _month(day, self.turns[place].cycle_day)
        starts_on = max(month.starts_on, self.turns[place].starts_on) if place else month.starts_on
        ends_on = min(month.ends_on, self.turns[place + 1].starts_on) if place + 1 < len(self.turns) else month.ends_on
        return Month(starts_on, ends_on, month.whole_days)

    def from_day_to(self, first: date, last: date) -> Iterator[Month]:
        """The month that holds the first day, and all after it up to the one that holds the last."""
        month = self.month_of(first)
        while True:
            yield month
            if last < month.ends_on:
                return
            month = self.month_of(month.ends_on)


def calendar_month(day: date) -> date:
    """The first of the month."""
    return day.replace(day=1)


class Chain(NamedTuple):
    """An allowance of which something rolls over: each month begins with what the one before it left."""

    starts_on: date
    """The first day of the benefit."""
    known_ends: Sequence[date]
    """Where the months end that bills have reckoned of it."""


class Reach(NamedTuple):
    """How far back a bill reckons benefits again."""

    months_from: date
    """Allowances, friends and options, and all calls: from this day, on which a month of the account begins."""
    volume_from: date
    """Volume: from this first of a month."""


def reach(
    months: Months,
    *,
    first_day: date,
    usage_after: date | None,
    cut: date,
    changed_on: Iterable[date] = (),
    spend_changed_on: date | None = None,
    has_volume: bool = False,
    chains: Iterable[Chain] = (),
) -> Reach:
    """From where benefits are reckoned again: no later than anything that may have changed since the last bill's cut.

    That is the month that was not over then, or has begun since; the month of the earliest call or correction that came
    since; and that of the first day for which a service, a benefit or a friend's number was recorded since. What comes
    after it is reckoned again too: it may depend on it, and where it does not, the difference is nought.

    Args:
        months: the account's.
        first_day: of any benefit it has or had; before it there is nothing to reckon.
        usage_after: the cut of the last bill; none for the first bill.
        cut: this bill's.
        changed_on: the days of calls, services, benefits and numbers that became known since the last bill's cut.
        spend_changed_on: the earliest day of such calls of the whole group, where its spend counts.
        has_volume: whether any benefit is a volume discount.
        chains: the allowances of which something rolls over; where the month before was not reckoned they are begun anew.
    """
    since = first_day if usage_after is None else usage_after + ONE_DAY
    first = min([max(min([since, *changed_on]), first_day), cut])
    months_from = months.month_of(first).starts_on
    volume_from = calendar_month(months_from)
    if has_volume:
        if spend_changed_on is not None:
            volume_from = min(volume_from, calendar_month(max(spend_changed_on, min(first_day, cut))))
        months_from = months.month_of(volume_from).starts_on
    while (earlier := _without_opening(months, months_from, chains)) < months_from:
        months_from = earlier
    return Reach(months_from, volume_from)


def _without_opening(months: Months, months_from: date, chains: Iterable[Chain]) -> date:
    """The same day, or an earlier one from which every allowance that rolls over has a month before it or begins."""
    for chain in chains:
        if chain.starts_on < months_from and months_from not in chain.known_ends:
            last_known = max((end for end in chain.known_ends if end < months_from), default=chain.starts_on)
            return months.month_of(max(last_known, chain.starts_on)).starts_on
    return months_from
