"""What planning may promise when it has surveyed an order that waits for building."""

from __future__ import annotations

from datetime import date

from css.core.calendar import Nation, day_words, is_working_day
from css.core.errors import CssError, Refused
from css.core.money import Money, Price, to_money
from orders.rules.dates import REQUIRED_DAYS_AHEAD_MAX, committed_date


def promise_fault(committed_on: date, *, required_on: date, on: date, nation: Nation) -> CssError | None:
    """Why an order cannot be promised for a day; None when it can (CSS759E): a working day, not before it is wanted."""
    earliest_on = committed_date(max(required_on, on), nation)
    if committed_on >= earliest_on and is_working_day(committed_on, nation) and (committed_on - on).days <= REQUIRED_DAYS_AHEAD_MAX:
        return None
    return Refused(
        "CSS759E",
        "The order cannot be promised for {day}; give a working day from {earliest} on, at most {days} days ahead.",
        day=day_words(committed_on),
        earliest=day_words(earliest_on),
        days=REQUIRED_DAYS_AHEAD_MAX,
        element="committed_on",
    )


def excess_fault(price: Price | None, *, agreed: Money | None, consented_by: str | None) -> CssError | None:
    """Why excess construction cannot be charged; None when it can (CSS297E)."""
    if price is None or (consented_by or "").strip() or to_money(price) <= (agreed or Money(0)):
        return None
    return Refused(
        "CSS297E",
        "It costs {price} to build and {agreed} was agreed: ask the customer, and say who agreed to it.",
        price=to_money(price).sterling,
        agreed="nothing" if agreed is None else agreed.sterling,
        element="excess_consented_by",
    )
