"""Where an order may go from where it stands, and what the customer is told of it: data, with the TMF622 names beside ours.

| State | TMF622 | Moves |
| --- | --- | --- |
| acknowledged | acknowledged | commit, amend, inform, warn, cancel, terminate |
| committed | inProgress | delay, complete, amend, reappoint, inform, warn, cancel, terminate |
| held | held | resume, amend, inform, warn, cancel, terminate |
| completed, cancelled, terminated | completed, cancelled, failed | none |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from css.core.calendar import day_words
from css.core.errors import Refused
from orders.words import KciKind, OrderState, PlantOutcome


class Move(StrEnum):
    """What can happen to an order."""

    COMMIT = "commit"
    DELAY = "delay"
    RESUME = "resume"
    COMPLETE = "complete"
    CANCEL = "cancel"
    TERMINATE = "terminate"
    """By the supplier; ``cancel`` is by the customer."""
    AMEND = "amend"
    REAPPOINT = "reappoint"
    """Another slot or day for the work, by the customer's wish or ours."""
    INFORM = "inform"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a move leads and the event that tells of it."""

    state: OrderState
    kci: KciKind


_COMMITTED: Final = Moved(OrderState.COMMITTED, KciKind.COMMITTED)
_CANCELLED: Final = Moved(OrderState.CANCELLED, KciKind.CANCELLED)
_TERMINATED: Final = Moved(OrderState.TERMINATED, KciKind.TERMINATED)


def _staying(state: OrderState) -> dict[Move, Moved]:
    """What can happen to an open order without moving it."""
    return {
        Move.AMEND: Moved(state, KciKind.AMENDED),
        Move.INFORM: Moved(state, KciKind.ADDITIONAL),
        Move.WARN: Moved(state, KciKind.WARNING),
    }


MOVES: Final[dict[OrderState, dict[Move, Moved]]] = {
    OrderState.ACKNOWLEDGED: {
        Move.COMMIT: _COMMITTED,
        **_staying(OrderState.ACKNOWLEDGED),
        Move.CANCEL: _CANCELLED,
        Move.TERMINATE: _TERMINATED,
    },
    OrderState.COMMITTED: {
        Move.DELAY: Moved(OrderState.HELD, KciKind.DELAY),
        Move.COMPLETE: Moved(OrderState.COMPLETED, KciKind.COMPLETED),
        Move.REAPPOINT: Moved(OrderState.COMMITTED, KciKind.REAPPOINTED),
        **_staying(OrderState.COMMITTED),
        Move.CANCEL: _CANCELLED,
        Move.TERMINATE: _TERMINATED,
    },
    OrderState.HELD: {
        Move.RESUME: Moved(OrderState.COMMITTED, KciKind.RESUMED),
        **_staying(OrderState.HELD),
        Move.CANCEL: _CANCELLED,
        Move.TERMINATE: _TERMINATED,
    },
    OrderState.COMPLETED: {},
    OrderState.CANCELLED: {},
    OrderState.TERMINATED: {},
}

TMF622: Final[dict[OrderState, str]] = {
    OrderState.ACKNOWLEDGED: "acknowledged",
    OrderState.COMMITTED: "inProgress",
    OrderState.HELD: "held",
    OrderState.COMPLETED: "completed",
    OrderState.CANCELLED: "cancelled",
    OrderState.TERMINATED: "failed",
}

OPEN_STATES: Final = frozenset({OrderState.ACKNOWLEDGED, OrderState.COMMITTED, OrderState.HELD})


def move(order_number: str, state: OrderState, event: Move) -> Moved:
    """The state after an event, and what the customer is told.

    Raises:
        Refused: CSS205E, the order cannot make this move from the state it is in.
    """
    moved = MOVES[state].get(event)
    if moved is None:
        raise Refused(
            "CSS205E",
            "Order {order} is {state}; it cannot {event} from there. Possible now: {possible}.",
            order=order_number,
            state=state.value,
            event=event.value,
            possible=", ".join(MOVES[state]) or "nothing more",
            element="order_number",
        )
    return moved


def next_step(
    state: OrderState,
    *,
    target_on: date | None,
    on: date,
    outcome: PlantOutcome | None,
    survey_due_on: date | None = None,
    is_unsolicited: bool = False,
) -> str:
    """What happens next with an order, and who sees to it, in a sentence for whoever asks where it is."""
    if state not in OPEN_STATES:
        return f"Nothing more: the order is {state.value}."
    if is_unsolicited:
        return _lost(state, target_on)
    if state is OrderState.HELD:
        return "What holds it up must be put right; then it goes on, for the date there was or a later one."
    if survey_due_on is not None:
        late = " That has passed." if survey_due_on < on else ""
        return f"Planning must look first, by {day_words(survey_due_on)}; then a date is promised.{late}"
    if target_on is None:
        return "It waits for a date: an order it is to be done together with must have one first."
    return _promised(target_on, on, outcome)


def _promised(target_on: date, on: date, outcome: PlantOutcome | None) -> str:
    day = day_words(target_on)
    if target_on < on:
        return f"It was to be done on {day}: have it reported done, or delay it and say why."
    if outcome is PlantOutcome.BUILD:
        return f"A pair must be built first; the line is to work on {day}."
    return f"It is to be done on {day}."


def _lost(state: OrderState, target_on: date | None) -> str:
    """Of an unsolicited cease: the work is that of the order that takes the line."""
    if state is OrderState.HELD or target_on is None:
        return "The order that takes the line is held up; this one goes on with it, and nothing is to be done here."
    return f"Somebody else takes the line on {day_words(target_on)}. Nothing is to be done here, unless our customer wants it stopped."
