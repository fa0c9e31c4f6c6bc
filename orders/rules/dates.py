"""The dates of an order: required, committed, target, slot, and the point of no return. All of them London dates.

The required date is the customer's wish. The committed date is our promise, given once. The target is what is worked to.
None of them is the appointment. Lead times and the point of no return are dated reference data (``orders.rules.timing``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from css.core.calendar import (
    Nation,
    day_words,
    is_working_day,
    require_aware,
    to_london,
    working_day_on_or_after,
)
from css.core.errors import CssError, Refused
from orders.words import OrderState, PlantOutcome

REQUIRED_DAYS_AHEAD_MAX: Final = 365


def required_date_fault(required_on: date, earliest_on: date, *, on: date, outcome: PlantOutcome | None) -> CssError | None:
    """Why a customer required date cannot be; None when it can (CSS213E, CSS214E)."""
    if required_on < earliest_on:
        why = {
            PlantOutcome.RESTART: " with the stopped line at the site",
            PlantOutcome.SPARE_PAIR: " with a spare pair",
            PlantOutcome.BUILD: ", as there is no pair to the site and one must be built",
            None: "",
        }[outcome]
        return Refused(
            "CSS213E",
            "The earliest date for this order is {earliest}{why}.",
            earliest=day_words(earliest_on),
            why=why,
            earliest_on=earliest_on,
            element="required_on",
        )
    if (required_on - on).days > REQUIRED_DAYS_AHEAD_MAX:
        return Refused("CSS214E", "An order is for at most {days} days ahead.", days=REQUIRED_DAYS_AHEAD_MAX, element="required_on")
    return None


def committed_date(required_on: date, nation: Nation) -> date:
    """What is promised for a required date that can be kept: the day itself, or the next on which anybody works."""
    return working_day_on_or_after(required_on, nation)


def target_fault(target_on: date, *, committed_on: date, on: date, nation: Nation) -> CssError | None:
    """Why a resumed order cannot be worked for a day; None when it can (CSS236E)."""
    earliest_on = working_day_on_or_after(max(committed_on, on), nation)
    if target_on >= earliest_on and is_working_day(target_on, nation) and (target_on - on).days <= REQUIRED_DAYS_AHEAD_MAX:
        return None
    return Refused(
        "CSS236E",
        "The order cannot be worked for {target}; give a working day from {earliest} on.",
        target=day_words(target_on),
        earliest=day_words(earliest_on),
        element="target_on",
    )


def too_late_fault(order_number: str, state: OrderState, no_return_at: datetime | None, at: datetime) -> CssError | None:
    """Why an order can no longer be cancelled; None when it can (CSS206E).

    The point binds while work is under way. A held order is not worked on, and whoever waits for us may give up waiting.
    """
    if state is OrderState.HELD or no_return_at is None or require_aware(at) < no_return_at:
        return None
    passed = to_london(no_return_at)
    return Refused(
        "CSS206E",
        "Action too late to be performed: order {order} could be changed or cancelled before {time} on {day}.",
        order=order_number,
        time=f"{passed:%H:%M}",
        day=day_words(passed.date()),
        element="order_number",
    )


def done_fault(done_on: date, *, on: date, not_before: date) -> CssError | None:
    """Why work cannot have been done on a day; None when it can (CSS232E)."""
    if not_before <= done_on <= on:
        return None
    return Refused(
        "CSS232E",
        "The work can have been done from {first} to {last}, the business date; not on {done}.",
        first=day_words(not_before),
        last=day_words(on),
        done=day_words(done_on),
        element="done_on",
    )
