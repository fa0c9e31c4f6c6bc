"""Problem codes: the public ones of a wholesale gateway, what each may cause, and whether the cause lies with the customer.

| Letter | Effect | The verb that does it |
| --- | --- | --- |
| c | cancel | ``terminate_order`` |
| d | delay | ``delay_order`` |
| i | inform | ``inform_order`` |
| r | reappoint | ``amend_order``, ``resume_order``, ``miss_appointment`` |
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from css.core.calendar import Nation, working_day_on_or_after
from css.core.errors import CssError, Refused
from css.core.words import MissCause


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

_MISSES: Final[dict[MissCause, str]] = {
    MissCause.NO_SHOW: "UNABLE_TO_ATTEND",
    MissCause.LATE: "UNABLE_TO_ATTEND",
    MissCause.RECALLED: "UNABLE_TO_ATTEND",
    MissCause.NOT_EQUIPPED: "SUPPLIER_FAULT",
    MissCause.NO_ACCESS: "ACCESS_ISSUE",
    MissCause.NO_ADULT: "ACCESS_ISSUE",
    MissCause.NOT_READY: "PROPERTY_UNOCCUPIED",
    MissCause.REFUSED: "ACCESS_ISSUE",
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


def miss_problem(cause: MissCause) -> Problem:
    """The problem code that an appointment missed for a cause is told with."""
    return PROBLEMS[_MISSES[cause]]


def is_customers(code: str | None) -> bool:
    """Whether a problem's cause lies with the customer."""
    return code in PROBLEMS and PROBLEMS[code].is_customers


def is_excused(problem_codes: Collection[str | None]) -> bool:
    """Whether a start that came late was delayed by the customer at any time: then nothing is owed for it."""
    return any(is_customers(code) for code in problem_codes)


def promised_day(committed_on: date, required_on: date, nation: Nation) -> date:
    """From when a start is late: the day promised, or a later one that the customer asked for since."""
    return max(committed_on, working_day_on_or_after(required_on, nation))
