"""Where an order may go from where it stands, and what the customer is told of it: data, with the TMF622 names beside ours.

| State | TMF622 | Moves |
| --- | --- | --- |
| acknowledged | acknowledged | commit, cancel, terminate |
| committed | inProgress | delay, complete, cancel, terminate |
| held | held | resume, cancel, terminate |
| completed, cancelled, terminated | completed, cancelled, failed | none |

Problem codes are the public ones of a wholesale gateway: each says what it may cause.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from css.core.errors import CssError, Refused
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


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a move leads and the event that tells of it."""

    state: OrderState
    kci: KciKind


_COMMITTED: Final = Moved(OrderState.COMMITTED, KciKind.COMMITTED)
_CANCELLED: Final = Moved(OrderState.CANCELLED, KciKind.CANCELLED)
_TERMINATED: Final = Moved(OrderState.TERMINATED, KciKind.TERMINATED)

MOVES: Final[dict[OrderState, dict[Move, Moved]]] = {
    OrderState.ACKNOWLEDGED: {Move.COMMIT: _COMMITTED, Move.CANCEL: _CANCELLED, Move.TERMINATE: _TERMINATED},
    OrderState.COMMITTED: {
        Move.DELAY: Moved(OrderState.HELD, KciKind.DELAY),
        Move.COMPLETE: Moved(OrderState.COMPLETED, KciKind.COMPLETED),
        Move.CANCEL: _CANCELLED,
        Move.TERMINATE: _TERMINATED,
    },
    OrderState.HELD: {
        Move.RESUME: Moved(OrderState.COMMITTED, KciKind.RESUMED),
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


class Effect(StrEnum):
    """What a problem may cause."""

    CANCEL = "cancel"
    DELAY = "delay"
    INFORM = "inform"
    REAPPOINT = "reappoint"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem code: what it says, what it may cause, and whether the cause lies with the customer."""

    code: str
    words: str
    effects: frozenset[Effect]
    is_customers: bool = False


def _problem(code: str, words: str, effects: str, *, is_customers: bool = False) -> Problem:
    by_letter = {effect.value[0]: effect for effect in Effect}
    return Problem(code, words, frozenset(by_letter[letter] for letter in effects), is_customers)


PROBLEMS: Final[dict[str, Problem]] = {
    problem.code: problem
    for problem in (
        _problem("ACCESS_ISSUE", "nobody could be let in", "cdr", is_customers=True),
        _problem("ACTIVATION_FAILED", "the service could not be switched on", "cdr"),
        _problem("ADDITIONAL_WORK", "there is more to do than was planned", "cdr"),
        _problem("APPOINTMENT_NOT_REQUIRED", "nobody needs to visit", "i"),
        _problem("CAPACITY_ISSUE", "the network is full there", "c"),
        _problem("COST_ISSUE", "the cost is not agreed", "ci"),
        _problem("CUSTOMER_CHANGED_MIND", "the customer wants it otherwise", "cr", is_customers=True),
        _problem("INFORMATION_REQUIRED", "we need to know something", "di", is_customers=True),
        _problem("INSTALL_FAILED", "the installation failed", "cdr"),
        _problem("INVALID_REQUEST", "the order asks what cannot be", "cdr"),
        _problem("LINKED_ORDER_ISSUE", "another order must be done first", "cdr"),
        _problem("NETWORK_ISSUE", "trouble in the network", "cdir"),
        # What these may cause is not published; the house allows what each can sensibly lead to.
        _problem("PLANNING_ISSUE", "the plan must be made again", "cdir"),
        _problem("PROPERTY_UNOCCUPIED", "nobody lives there yet", "cdr", is_customers=True),
        _problem("ROUTER_NOT_AVAILABLE", "there is no router in stock", "di"),
        _problem("SITE_UNSAFE", "the site is not safe to work on", "cdr", is_customers=True),
        _problem("SUPPLIER_FAULT", "our mistake", "cdir"),
        _problem("SURVEY_REQUIRED", "the site must be surveyed first", "dir"),
        _problem("TIMED_OUT", "no answer came in time", "c", is_customers=True),
        _problem("UNABLE_TO_ATTEND", "the engineer could not come", "dr"),
        _problem("WAYLEAVE_ISSUE", "the landlord has not agreed", "cdi"),
        _problem("NO_LONGER_REQUIRED", "it is no longer wanted", "c", is_customers=True),
        _problem("OTHER", "see the text", "cdir"),
    )
}


def problem_fault(code: str, effect: Effect) -> CssError | None:
    """What is wrong with giving this code for this effect; None when nothing is (CSS235E)."""
    problem = PROBLEMS.get(code)
    if problem is not None and effect in problem.effects:
        return None
    return Refused(
        "CSS235E",
        "{code!r} is no problem code that may {effect} an order; choose from {known}.",
        code=code[:32],
        effect=effect.value,
        known=", ".join(sorted(known.code for known in PROBLEMS.values() if effect in known.effects)),
        element="problem_code",
    )


def next_step(state: OrderState, *, target_on: date | None, on: date, outcome: PlantOutcome | None) -> str:
    """What happens next with an order, and who sees to it, in a sentence for whoever asks where it is."""
    if state not in OPEN_STATES:
        return f"Nothing more: the order is {state.value}."
    if state is OrderState.HELD:
        return "What holds it up must be put right; then it goes on, for the date there was or a later one."
    if target_on is None:
        return "It waits for a date."
    day = f"{target_on.day} {target_on:%B %Y}"
    if target_on < on:
        return f"It was to be done on {day}: have it reported done, or delay it and say why."
    if outcome is PlantOutcome.BUILD:
        return f"A pair must be built first; the line is to work on {day}."
    return f"It is to be done on {day}; until then nobody need do anything."


def is_excused(problem_codes: Collection[str | None]) -> bool:
    """Whether a start that came late was delayed by the customer at any time: then nothing is owed for it."""
    return any(code in PROBLEMS and PROBLEMS[code].is_customers for code in problem_codes if code)
