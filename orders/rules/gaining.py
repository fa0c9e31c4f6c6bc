"""What follows when a line comes from somebody else: what both sides are told, and what of the line can come along."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from css.core.calendar import day_words, to_london
from css.core.errors import CssError, Refused
from css.core.words import ProductKind, Segment
from orders.rules.content import Offer, better_levels, care_level_fault, care_sold
from orders.rules.multiline import AUXILIARY_CODE
from orders.words import CancelOtherReason, KciKind, OrderKind

CANCEL_OTHER_WORDS: Final[dict[CancelOtherReason, str]] = {
    CancelOtherReason.NOT_MOVING: "whoever has the line is not moving",
    CancelOtherReason.SLAMMING: "whoever has the line asked nobody to take it",
    CancelOtherReason.WRONG_LINE: "it is the wrong line",
    CancelOtherReason.CHANGED_MIND: "whoever has the line stays after all",
}
"""Why the losing provider stops the loss of its line, as a half-sentence."""


def going_words(kind: OrderKind, target_on: date, no_return_at: datetime | None, riding: Collection[str] = ()) -> str:
    """What the losing provider is told when its line is to be taken; not by whom. ``riding`` names what stops with the line."""
    who = "A new occupant is to take over the line" if kind is OrderKind.TAKEOVER else "The line is to go to another provider"
    said = f"{who} on {day_words(target_on)}."
    if riding:
        said += f" What rides on it stops for you too: {', '.join(riding)}."
    if no_return_at is not None:
        last = to_london(no_return_at)
        said += f" If nobody of yours wants that, stop it before {last:%H:%M} on {day_words(last.date())}."
    return said


def following_words(event: KciKind, kind: OrderKind, target_on: date) -> str:
    """What the losing provider is told when the order that takes its line is held up, goes on, or is for another day."""
    what = "takeover" if kind is OrderKind.TAKEOVER else "transfer"
    if event is KciKind.DELAY:
        return f"The {what} of the line is held up."
    if event is KciKind.RESUMED:
        return f"The {what} of the line goes on."
    return f"The {what} of the line will be done on {day_words(target_on)}."


def gone_words(kind: OrderKind, done_on: date) -> str:
    """What the losing provider is told when its line was taken."""
    if kind is OrderKind.TAKEOVER:
        return f"A new occupant took the line over on {day_words(done_on)}."
    return f"The line went to another provider on {day_words(done_on)}."


def ended_words(kind: OrderKind, words: str = "") -> str:
    """What the losing provider is told when its line is not taken after all; with its own words, where it stopped that itself."""
    said = f" {words}" if words else ""
    return f"The {'takeover' if kind is OrderKind.TAKEOVER else 'transfer'} of the line was given up; the line stays as it is.{said}"


def stopped_words(reason: CancelOtherReason) -> str:
    """What the gaining provider is told when the losing one stops the order: a reason of the list, and nothing of its customer."""
    return f"The provider who has the line stopped the order: {CANCEL_OTHER_WORDS[reason]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingService:
    """What works on the line for its provider now."""

    code: str
    name: str
    kind: ProductKind
    quantity: int
    care_level: str | None
    """Of the main product, the line's."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A feature that goes on with the other provider."""

    offer: Offer
    quantity: int


def can_go_on(offer: Offer | None, segment: Segment) -> bool:
    """Whether what works on a line can go on for an account of a segment. What has an order of its own (auxiliary lines) can,
    although nobody may order it by itself.
    """
    if offer is None or segment.value not in offer.segments or not offer.has_rental_price:
        return False
    return offer.is_orderable or offer.code == AUXILIARY_CODE


def carry_over(
    standing: Iterable[WorkingService], *, offers: Mapping[str, Offer], segment: Segment, removed: Collection[str]
) -> tuple[list[Carried], list[str]]:
    """The features that come along, and by name and code those that cannot and were not taken off.

    Promotions are the losing provider's price and stay with it; the care level is seen to by itself.
    """
    carried: list[Carried] = []
    lost: list[str] = []
    for each in standing:
        if each.kind is not ProductKind.FEATURE or each.code in removed:
            continue
        offer = offers.get(each.code)
        if offer is not None and can_go_on(offer, segment):
            carried.append(Carried(offer, each.quantity))
        else:
            lost.append(f"{each.name} ({each.code})")
    return carried, lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """The care level of a line that comes from elsewhere."""

    level: str | None
    offer: Offer | None = None
    """The product it costs, where it is better than the main product's own."""
    lost: str | None = None
    """What cannot come along."""
    fault: CssError | None = None


def carried_care(
    wanted: str | None,
    *,
    was: WorkingService | None,
    main: Offer,
    offers: Mapping[str, Offer],
    segment: Segment,
    ladder: Sequence[str],
) -> Care:
    """The level wanted, else the one the line has, else the main product's own where that is as good (CSS217E).

    ``ladder`` are the care levels in force on the day, rising.
    """
    now = was.care_level if was is not None else None
    level = wanted or now or main.care_level
    if level is None or level == main.care_level:
        return Care(level=level)
    sold = care_sold(offers.values(), segment)
    better = better_levels(main.care_level, sold, ladder)
    if level in better:
        return Care(level=level, offer=sold[level])
    if wanted is not None:
        return Care(level=level, fault=care_level_fault(level, main.code, main.care_level, better))
    if level in ladder and main.care_level in ladder and ladder.index(level) < ladder.index(main.care_level):
        return Care(level=main.care_level)
    return Care(level=level, lost=f"Care level {level}")


def lost_fault(names: Iterable[str], segment: Segment, *, element: str) -> CssError:
    """CSS261E: what works on the line and cannot go on for the account that takes it."""
    return Refused(
        "CSS261E",
        "What works on the line cannot all come along, as it is not sold to {segment} accounts: {names}.",
        segment=segment.value,
        names=", ".join(names),
        element=element,
    )
