"""What can be played in a test area: one table, by the magic number that asks for it. Data; ``docs/sandbox.md`` is written from it.

The number is the last three digits of an AddressKey ``A00000000NNN`` or of a telephone number ``+441632960NNN``. A number keeps
its meaning for good: partners write it into tests of their own. One that is not in the table plays ``GOOD``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from orders.rules.problems import PROBLEMS, Effect
from orders.words import KciKind, PlantOutcome


class Trouble(StrEnum):
    """What can happen to a message on the way, whatever it asks."""

    UNAVAILABLE_ONCE = "unavailable-once"
    UNAVAILABLE_TWICE = "unavailable-twice"
    TOO_MANY = "too-many"
    FAILED = "failed"
    LOST_ANSWER = "lost-answer"
    SLOW = "slow"
    TWICE = "twice"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event of an order, so many seconds after the order was taken."""

    after_seconds: int
    kind: KciKind
    words: str
    """``{day}`` is the day it is worked for, ``{done}`` the day it was done."""
    problem_code: str | None = None
    days_later: int = 0
    """By so many working days the day it is worked for moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What one number plays."""

    number: int
    title: str
    steps: tuple[Step, ...] = ()
    """After the order was received, which is always told at once."""
    refuses: tuple[str, ...] = ()
    """By these codes the order is not taken, all at once. ``*`` is the code that the CustomerReference begins with."""
    refuses_amendment: str | None = None
    refuses_cancellation: str | None = None
    outcome: PlantOutcome = PlantOutcome.SPARE_PAIR
    trouble: Trouble | None = None
    loses_line: bool = False
    """The order is one nobody asked for: somebody else takes a line of the partner's. It comes besides the one that was asked for."""
    group: str = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Group:
    """A hundred of numbers."""

    name: str
    first: int
    words: str


GROUPS: Final = (
    Group("The good way", 0, "An order that is done, sooner or later, or of which nothing more is heard."),
    Group("Delays", 100, "The order is held for a problem, goes on two working days later, and is done."),
    Group("Ended by us", 200, "The order is promised and then ended: it cannot be done. Nothing is owed for it."),
    Group("Warnings", 300, "Something may go wrong; nothing changes, and the order is done."),
    Group("Reappointed", 400, "The day it is worked for moves by three working days, and the order is done."),
    Group("Refused", 500, "The order is not taken: ORDER_REJECTED with the code and the path of the element."),
    Group("Changes of mind, and lines lost", 600, "What answers AmendOrder and CancelOrder; and orders that nobody of yours asked for."),
    Group(
        "Trouble on the way", 800, "What can happen to a message or an answer between us, whatever is in it. The order goes the good way."
    ),
    Group("Any code", 900, "Every code of the error catalogue."),
)

_PROMISE: Final = "The order will be done by {day}."
_DONE: Final = "The order was done on {done}."
_COMMITTED: Final = Step(after_seconds=0, kind=KciKind.COMMITTED, words=_PROMISE)
_COMPLETED: Final = Step(after_seconds=60, kind=KciKind.COMPLETED, words=_DONE)
SPEED_MAX: Final = 3600
"""So many times faster than the table a scenario may be played."""
SLOW_SECONDS: Final = 5
"""How long a slow answer takes."""
RETRY_SECONDS: Final = 2
"""After so long, a scenario says, a message may be sent again."""

PROBLEM_PLACES: Final = (
    "ACCESS_ISSUE", "ACTIVATION_FAILED", "ADDITIONAL_WORK", "APPOINTMENT_NOT_REQUIRED", "CAPACITY_ISSUE", "COST_ISSUE",
    "CUSTOMER_CHANGED_MIND", "INFORMATION_REQUIRED", "INSTALL_FAILED", "INVALID_REQUEST", "LINKED_ORDER_ISSUE", "NETWORK_ISSUE",
    "PLANNING_ISSUE", "PROPERTY_UNOCCUPIED", "ROUTER_NOT_AVAILABLE", "SITE_UNSAFE", "SUPPLIER_FAULT", "SURVEY_REQUIRED", "TIMED_OUT",
    "UNABLE_TO_ATTEND", "WAYLEAVE_ISSUE", "NO_LONGER_REQUIRED", "OTHER",
)  # fmt: skip
"""Problem codes by the last two digits of the numbers that play them, from 01. New ones are added at the end."""

REFUSALS: Final = {
    501: "CSS209E",
    502: "CSS200E",
    503: "CSS201E",
    504: "CSS230E",
    505: "CSS207E",
    506: "CSS208E",
    507: "CSS213E",
    508: "CSS214E",
    509: "CSS222E",
    510: "CSS818E",
    511: "CSS224E",
    512: "CSS225E",
    513: "CSS226E",
    514: "CSS227E",
    515: "CSS228E",
    516: "CSS229E",
    517: "CSS262E",
    518: "CSS263E",
    519: "CSS240E",
    520: "CSS211E",
    521: "CSS212E",
    522: "CSS216E",
    523: "CSS217E",
    524: "CSS237E",
    525: "CSS250E",
    526: "CSS253E",
    527: "CSS280E",
    528: "CSS830E",
    529: "CSS231E",
}
"""What an order is refused by most often, by number. Any other code is asked for by 900."""


def _problems(effect: Effect) -> list[tuple[int, str, str]]:
    """Place, code and words of the problems that may have an effect."""
    return [(place, code, PROBLEMS[code].words) for place, code in enumerate(PROBLEM_PLACES, start=1) if effect in PROBLEMS[code].effects]


def _step(after_seconds: int, kind: KciKind, words: str, code: str | None = None, *, days_later: int = 0) -> Step:
    return Step(after_seconds=after_seconds, kind=kind, words=words, problem_code=code, days_later=days_later)


def _played(number: int, title: str, *steps: Step, **others: object) -> Scenario:
    group = max((group for group in GROUPS if group.first <= number), key=lambda group: group.first)
    return Scenario(number=number, title=title, steps=steps, group=group.name, **others)  # type: ignore[arg-type]


_TAKEN: Final = "The line is to go to another provider."
_HOLD: Final = "The order goes on and will be done by {day}."

_ALL: Final = (
    _played(0, "promised at once, done a minute later", _COMMITTED, _COMPLETED),
    _played(1, "promised and done at once", _COMMITTED, _step(0, KciKind.COMPLETED, _DONE)),
    _played(
        2, "promised late: a survey comes first, then building",
        _step(30, KciKind.COMMITTED, _PROMISE), _step(90, KciKind.COMPLETED, _DONE), outcome=PlantOutcome.BUILD,
    ),
    _played(3, "received, and then silence"),
    _played(4, "promised, and then silence", _COMMITTED),
    _played(5, "done an hour later", _COMMITTED, _step(3600, KciKind.COMPLETED, _DONE)),
    _played(6, "more is told on the way", _COMMITTED, _step(20, KciKind.ADDITIONAL, "The pair has been tested and is good."), _COMPLETED),
    _played(
        7, "two delays, one after the other", _COMMITTED,
        _step(15, KciKind.DELAY, "The order is held: nobody could be let in.", "ACCESS_ISSUE"),
        _step(30, KciKind.RESUMED, _HOLD, days_later=2),
        _step(45, KciKind.DELAY, "The order is held: trouble in the network.", "NETWORK_ISSUE"),
        _step(60, KciKind.RESUMED, _HOLD, days_later=2),
        _step(75, KciKind.COMPLETED, _DONE),
    ),
    _played(
        8, "held, and then silence: cancel it, or wait", _COMMITTED,
        _step(20, KciKind.DELAY, "The order is held: we need to know something.", "INFORMATION_REQUIRED"),
    ),
    _played(9, "on a stopped line: nobody visits", _COMMITTED, _COMPLETED, outcome=PlantOutcome.RESTART),
    *(
        _played(
            100 + place, f"delayed by {code}: {words}", _COMMITTED,
            _step(20, KciKind.DELAY, f"The order is held: {words}.", code),
            _step(40, KciKind.RESUMED, _HOLD, days_later=2), _COMPLETED,
        )
        for place, code, words in _problems(Effect.DELAY)
    ),
    *(
        _played(
            200 + place, f"ended by {code}: {words}", _COMMITTED,
            _step(30, KciKind.TERMINATED, f"The order was ended: {words}.", code),
        )
        for place, code, words in _problems(Effect.CANCEL)
    ),
    *(
        _played(
            300 + place, f"a warning of {code}: {words}", _COMMITTED,
            _step(20, KciKind.WARNING, f"The order may not be done in time: {words}.", code), _COMPLETED,
        )
        for place, code, words in _problems(Effect.INFORM)
    ),
    *(
        _played(
            400 + place, f"another day for {code}: {words}", _COMMITTED,
            _step(20, KciKind.REAPPOINTED, "The order will be done by {day}: " + words + ".", code, days_later=3), _COMPLETED,
        )
        for place, code, words in _problems(Effect.REAPPOINT)
    ),
    *(_played(number, f"refused by {code}", refuses=(code,)) for number, code in REFUSALS.items()),
    _played(599, "refused by three codes at once", refuses=("CSS209E", "CSS211E", "CSS213E")),
    _played(601, "promised; an amendment is refused by CSS295E", _COMMITTED, refuses_amendment="CSS295E"),
    _played(602, "promised; a cancellation comes too late, CSS206E", _COMMITTED, refuses_cancellation="CSS206E"),
    _played(
        603, "promised; both come too late, CSS206E", _COMMITTED, refuses_amendment="CSS206E", refuses_cancellation="CSS206E",
    ),
    _played(604, "promised; the slot of an amendment is full, CSS818E", _COMMITTED, refuses_amendment="CSS818E"),
    _played(
        651, "somebody takes the line of the order: CREATED, and it is gone", _step(10, KciKind.CREATED, _TAKEN),
        _step(60, KciKind.COMPLETED, "The line was taken over on {done}."), loses_line=True,
    ),
    _played(
        652, "somebody takes the line and may be stopped: CREATED, then nothing for an hour",
        _step(10, KciKind.CREATED, _TAKEN),
        _step(3600, KciKind.COMPLETED, "The line was taken over on {done}."), loses_line=True,
    ),
    _played(
        653, "somebody takes the line and thinks again: CREATED, CANCELLED", _step(10, KciKind.CREATED, _TAKEN),
        _step(30, KciKind.CANCELLED, "The order that would have taken the line was cancelled; the line stays."), loses_line=True,
    ),
    _played(801, "503 with Retry-After; the same bytes again are taken", _COMMITTED, _COMPLETED, trouble=Trouble.UNAVAILABLE_ONCE),
    _played(802, "503 twice; the third time it is taken", _COMMITTED, _COMPLETED, trouble=Trouble.UNAVAILABLE_TWICE),
    _played(803, "429 with Retry-After; the same bytes again are taken", _COMMITTED, _COMPLETED, trouble=Trouble.TOO_MANY),
    _played(804, "500; the same bytes again are taken", _COMMITTED, _COMPLETED, trouble=Trouble.FAILED),
    _played(
        805, "taken, and the connection is closed without an answer; the same bytes again are a DUPLICATE", _COMMITTED, _COMPLETED,
        trouble=Trouble.LOST_ANSWER,
    ),
    _played(806, "the answer takes five seconds", _COMMITTED, _COMPLETED, trouble=Trouble.SLOW),
    _played(
        807, "every document comes twice, the second time marked CSS-Possible-Duplicate", _COMMITTED, _COMPLETED, trouble=Trouble.TWICE,
    ),
    _played(808, "taken at once, handled only after a minute: no document before then", _COMMITTED, _COMPLETED, trouble=Trouble.LATE),
    _played(900, "refused by the code the CustomerReference begins with: `CSS225E-1`", refuses=("*",)),
)  # fmt: skip

SCENARIOS: Final = {scenario.number: scenario for scenario in _ALL}
GOOD: Final = SCENARIOS[0]
LATE_SECONDS: Final = 60


def scenario_of(number: int) -> Scenario:
    """What a number plays; what is not in the table goes the good way."""
    return SCENARIOS.get(number, GOOD)
