"""What a new line is made of: the plant at the site, and its number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from css.core.calendar import day_words, start_of_day, to_london
from css.core.errors import Breach, CssError, Refused
from css.core.phone import NumberClass, display_number, number_class
from css.core.words import PairState, PortDirection
from orders.words import PlantOutcome


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


@dataclass(frozen=True, slots=True)
class Rest:
    """A row of ``css.quarantine``: how many days a number rests whose use ended on a day, until the next row begins."""

    starts_on: date
    days: int


RESOLUTION: Final = timedelta(microseconds=1)
"""The smallest step of an instant, which makes "after" a half-open beginning."""


def rested_at(rests: Iterable[Rest], ended_at: datetime) -> datetime:
    """From when a number may be given to anybody, whose use ended at an instant: by the row in force on that London day."""
    ended_on = to_london(ended_at).date()
    begun = [rest for rest in rests if rest.starts_on <= ended_on]
    if not begun:
        msg = f"no quarantine is known for {ended_on}"
        raise Breach(msg)
    return ended_at + timedelta(days=max(begun, key=lambda rest: rest.starts_on).days)


def resting(rests: Iterable[Rest], at: datetime) -> tuple[tuple[datetime, datetime | None], ...]:
    """When the uses ended of the numbers that still rest at an instant: half-open periods, rising, the last one open.

    The same rule as ``rested_at``, from the other side, so that a statement can pick numbers by it.
    """
    rows = sorted(rests, key=lambda rest: rest.starts_on)
    found: list[tuple[datetime, datetime | None]] = []
    for place, rest in enumerate(rows):
        until = start_of_day(rows[place + 1].starts_on) if place + 1 < len(rows) else None
        since = max(start_of_day(rest.starts_on), at - timedelta(days=rest.days) + RESOLUTION)
        if until is None or since < until:
            found.append((since, until))
    return tuple(found)


RESERVED_HOURS: Final = 24
"""How long a number is kept that is only talked about, as long as a slot is. A choice of the house."""


def reserved_until(at: datetime) -> datetime:
    """When a number reserved at an instant lapses."""
    return at + timedelta(hours=RESERVED_HOURS)


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
    is_held: bool = False
    """Another provider reserved it and has it still."""
    is_ours: bool = True
    """In a block of any exchange of the house."""
    ported: PortDirection | None = None
    """``OUT`` while another network has it, ``IN`` while we have another network's."""
    area_number: str = ""
    """Some number of the exchange, whose area code is its own; empty where it has none."""


def number_fault(
    facts: NumberFacts, *, exchange_name: str, rests: Iterable[Rest], at: datetime, element: str = "number"
) -> CssError | None:
    """Why a number cannot be had; None when it can (CSS224E to CSS227E, CSS262E, CSS263E)."""
    shown = display_number(facts.number)
    if not facts.is_of_exchange:
        return Refused("CSS224E", "{number} is no number of {exchange} exchange.", number=shown, exchange=exchange_name, element=element)
    if facts.ported is PortDirection.OUT:
        return Refused(
            "CSS263E", "{number} went to another network; only a port in brings it back. Choose another.", number=shown, element=element
        )
    fault = _taken_fault(facts, element)
    if fault is not None:
        return fault
    if facts.is_held:
        return Refused("CSS262E", "{number} is reserved for somebody else; choose another.", number=shown, element=element)
    if facts.last_ended_at is not None and not facts.is_own:
        free_at = rested_at(rests, facts.last_ended_at)
        if free_at > at:
            return Refused(
                "CSS227E",
                "{number} was ceased lately and rests until {free_on}; choose another.",
                number=shown,
                free_on=day_words(to_london(free_at).date()),
                element=element,
            )
    return None


def port_in_fault(facts: NumberFacts, *, exchange_name: str, element: str = "new_number") -> CssError | None:
    """Why a number of another network cannot come to a line of an exchange; None when it can (CSS225E, CSS226E, CSS264E, CSS265E).

    It is a place's number and keeps its area code. One of our own comes in only when it went out before, and to its exchange.
    """
    shown = display_number(facts.number)
    if facts.is_ours and (facts.ported is not PortDirection.OUT or not facts.is_of_exchange):
        return Refused(
            "CSS264E",
            "{number} is of our own range, so it is not ported in: {instead}.",
            number=shown,
            instead="its exchange is another" if facts.ported is PortDirection.OUT else "order it as a number of ours",
            element=element,
        )
    is_elsewhere = bool(facts.area_number) and _area(facts.number) != _area(facts.area_number)
    if is_elsewhere or number_class(facts.number) is not NumberClass.GEOGRAPHIC:
        return Refused(
            "CSS265E",
            "{number} cannot work at {exchange} exchange: only a number of its area, {area}, can.",
            number=shown,
            exchange=exchange_name,
            area=_area(facts.area_number) or "a place's",
            element=element,
        )
    return _taken_fault(facts, element)


class NumberState(StrEnum):
    """What has become of a number, the first that is true of it."""

    NOT_OURS = "not ours"
    """In no block of ours, and no other network gave it to us."""
    IN_USE = "in use"
    PORTED_OUT = "ported out"
    """Of our range, and another network has it."""
    KEPT = "kept for an order"
    RESERVED = "reserved"
    RESTING = "resting"
    FREE = "free"


def number_state(facts: NumberFacts, *, rests: Iterable[Rest], at: datetime) -> NumberState:
    """What has become of a number. ``is_held`` must count everybody's reservation."""
    rests_on = facts.last_ended_at is not None and rested_at(rests, facts.last_ended_at) > at
    states = {
        NumberState.IN_USE: facts.is_in_use,
        NumberState.PORTED_OUT: facts.ported is PortDirection.OUT,
        NumberState.KEPT: facts.is_reserved,
        NumberState.NOT_OURS: not facts.is_ours,
        NumberState.RESERVED: facts.is_held,
        NumberState.RESTING: rests_on,
    }
    return next((state for state, is_true in states.items() if is_true), NumberState.FREE)


def _taken_fault(facts: NumberFacts, element: str) -> CssError | None:
    shown = display_number(facts.number)
    if facts.is_in_use:
        return Refused("CSS225E", "{number} is in use; choose another.", number=shown, element=element)
    if facts.is_reserved:
        return Refused("CSS226E", "{number} is kept for another order; choose another.", number=shown, element=element)
    return None


def _area(number: str) -> str:
    """The area code as people say it."""
    return display_number(number).split(" ", maxsplit=1)[0] if number else ""
