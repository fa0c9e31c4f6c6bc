"""What follows when a line comes from somebody else: what both sides are told, and what of the line can come along."""

from __future__ import annotations

from datetime import date, datetime

from css.core.calendar import to_london
from orders.rules.dates import day_words
from orders.words import CancelOtherReason, OrderKind

CANCEL_OTHER_WORDS: dict[CancelOtherReason, str] = {
    CancelOtherReason.NOT_MOVING: "whoever has the line is not moving",
    CancelOtherReason.SLAMMING: "whoever has the line asked nobody to take it",
    CancelOtherReason.WRONG_LINE: "it is the wrong line",
    CancelOtherReason.CHANGED_MIND: "whoever has the line stays after all",
}
"""Why the losing provider stops the loss of its line, as a half-sentence."""


def going_words(kind: OrderKind, target_on: date, no_return_at: datetime | None) -> str:
    """What the losing provider is told when its line is to be taken; not by whom."""
    who = "a new occupant is to take over the line" if kind is OrderKind.TAKEOVER else "the line is to go to another provider"
    until = ""
    if no_return_at is not None:
        last = to_london(no_return_at)
        until = f" It can be stopped before {last:%H:%M} on {day_words(last.date())}."
    return f"Nobody here asked for it: {who} on {day_words(target_on)}.{until}"


def gone_words(kind: OrderKind, done_on: date) -> str:
    """What the losing provider is told when its line was taken."""
    if kind is OrderKind.TAKEOVER:
        return f"A new occupant took the line over on {day_words(done_on)}."
    return f"The line went to another provider on {day_words(done_on)}."


def ended_words(kind: OrderKind) -> str:
    """What the losing provider is told when its line is not taken after all."""
    return f"The {'takeover' if kind is OrderKind.TAKEOVER else 'transfer'} of the line was given up; the line stays as it is."


def stopped_words(reason: CancelOtherReason, words: str) -> str:
    """What the gaining provider is told when the losing one stops the order."""
    said = f" {words}" if words else ""
    return f"The provider who has the line stopped the order: {CANCEL_OTHER_WORDS[reason]}.{said}"
