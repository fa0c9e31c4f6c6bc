"""What a new line is made of: the plant at the site, and its number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from css.core.errors import Breach, CssError, Refused
from css.core.phone import display_number
from css.core.words import PairState
from orders.words import PlantOutcome

QUARANTINE_DAYS: Final = (
    # So that those who ring the old subscriber have learned it before they reach a new one. A choice of the house.
    (date(2009, 10, 1), 90),
)
"""From a date on, how long a ceased number rests before anybody else is given it."""


def plant_outcome(*, has_stopped_line: bool, has_spare_pair: bool) -> PlantOutcome:
    """How a line is provided with what there is: the quickest way first. At a silver address there is nothing."""
    if has_stopped_line:
        return PlantOutcome.RESTART
    return PlantOutcome.SPARE_PAIR if has_spare_pair else PlantOutcome.BUILD


def pair_fault(state: PairState, order_number: str) -> CssError | None:
    """Why a line cannot be put on the pair kept for it; None when it can (CSS234E)."""
    if state in {PairState.SPARE, PairState.STOPPED}:
        return None
    return Refused(
        "CSS234E",
        "The pair kept for order {order} is {state}; hold the order until it is put right.",
        order=order_number,
        state=state.value,
        element="order_number",
    )


def no_pair_yet(order_number: str) -> CssError:
    """Why an order that waits for building cannot be completed (CSS233E)."""
    return Refused(
        "CSS233E",
        "There is no spare pair at the site of order {order} yet; it cannot be completed before one is built.",
        order=order_number,
        element="order_number",
    )


def quarantine_days(on: date) -> int:
    """How long a number ceased on a day rests."""
    known = [(starts_on, days) for starts_on, days in QUARANTINE_DAYS if starts_on <= on]
    if not known:
        msg = f"no quarantine is known for {on}"
        raise Breach(msg)
    return max(known)[1]


def free_if_ended_by(at: datetime) -> datetime:
    """A number whose last use ended at or before this instant has rested enough at ``at``."""
    return at - timedelta(days=quarantine_days(at.date()))


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What is known of a number somebody asks for."""

    number: str
    is_of_exchange: bool
    """In a block that the exchange of the site may give out."""
    is_in_use: bool
    is_reserved: bool
    """Another open order will have it; whose is nobody's business."""
    last_ended_at: datetime | None
    """When somebody's last use of it ended."""
    is_own: bool
    """Whether the last who used it was the account that now asks: a number may go back to whose it was."""


def number_fault(facts: NumberFacts, *, exchange_name: str, at: datetime) -> CssError | None:
    """Why a number cannot be had; None when it can (CSS224E to CSS227E)."""
    shown = display_number(facts.number)
    if not facts.is_of_exchange:
        return Refused("CSS224E", "{number} is no number of {exchange} exchange.", number=shown, exchange=exchange_name, element="number")
    if facts.is_in_use:
        return Refused("CSS225E", "{number} is in use; choose another.", number=shown, element="number")
    if facts.is_reserved:
        return Refused("CSS226E", "{number} is kept for another order; choose another.", number=shown, element="number")
    if facts.last_ended_at is not None and not facts.is_own and facts.last_ended_at > free_if_ended_by(at):
        free_on = facts.last_ended_at.date() + timedelta(days=quarantine_days(facts.last_ended_at.date()))
        return Refused(
            "CSS227E",
            "{number} was ceased lately and rests until {free_on}; choose another.",
            number=shown,
            free_on=f"{free_on.day} {free_on:%B %Y}",
            element="number",
        )
    return None
