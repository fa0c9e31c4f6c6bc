"""What can be played of faults: a table of its own, by the last three digits of the TelephoneNumber of SubmitFault. Data.

The numbers here are a thousand more than those digits, so that no scenario of a fault has the number of one of an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from css.core.words import PlantCondition
from css.partners.sandbox.scenarios import SCENARIOS, Trouble
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.diagnosis import DIAGNOSES, RIGHT, Diagnosis
from repairs.rules.partner_words import KINDS
from repairs.words import ParkReason

ABOVE_ORDERS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultStep:
    """One deed about a fault, so many seconds after it was taken."""

    after_seconds: int
    deed: str
    """Of ``repairs.rules.partner_words.KINDS``."""
    words: str
    diagnosis: Diagnosis | None = None
    """Of a test."""
    park: ParkReason | None = None
    clear_code: str | None = None

    @property
    def kind(self) -> str:
        """The kind of the FaultUpdate."""
        return KINDS[self.deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultScenario:
    """What one number plays."""

    number: int
    title: str
    steps: tuple[FaultStep, ...] = ()
    """After the fault was taken, which is told at once."""
    refuses: tuple[str, ...] = ()
    refuses_amendment: str | None = None
    refuses_cancellation: str | None = None
    refuses_answer: str | None = None
    trouble: Trouble | None = None

    @property
    def refuses_later(self) -> bool:
        """Whether it is played by the refusal of a later message."""
        return bool(self.refuses_amendment or self.refuses_cancellation or self.refuses_answer)


def _step(after_seconds: int, deed: str, words: str, **others: object) -> FaultStep:
    return FaultStep(after_seconds=after_seconds, deed=deed, words=words, **others)  # type: ignore[arg-type]


def _clear(after_seconds: int, code: str = "DW") -> FaultStep:
    return _step(after_seconds, "clear", f"Cleared: {CLEAR_CODES[code].words}.", clear_code=code)


def _tested(after_seconds: int, found: Diagnosis) -> FaultStep:
    return _step(after_seconds, "test", f"{found.words}.", diagnosis=found)


def _played(number: int, title: str, *steps: FaultStep, **others: object) -> FaultScenario:
    return FaultScenario(number=ABOVE_ORDERS + number, title=title, steps=steps, **others)  # type: ignore[arg-type]


CLEAR_PLACES: Final = (
    "CE", "CW", "NTE", "DW", "DP", "DS", "CAB", "ES", "MDF", "EX", "DAT", "DUP", "NOA", "REF", "TPD", "WEA", "RWT", "FNF",
)  # fmt: skip
"""Clear codes by the last two digits of the numbers that play them, from 01. New ones are added at the end."""
DIAGNOSIS_PLACES: Final = (
    PlantCondition.DATA, PlantCondition.DISCONNECTION, PlantCondition.LOOP, PlantCondition.SHORT, PlantCondition.EARTH,
    PlantCondition.BATTERY, PlantCondition.LOW_INSULATION, PlantCondition.RECTIFIED_LOOP,
)  # fmt: skip
PARK_PLACES: Final = (
    ParkReason.NO_ACCESS, ParkReason.CUSTOMER_ASKED, ParkReason.CUSTOMER_EQUIPMENT, ParkReason.CUSTOMER_ANSWER, ParkReason.PERMISSION,
    ParkReason.PROVIDER_ANSWER, ParkReason.OTHER_NETWORK, ParkReason.HAZARD, ParkReason.STORES,
)  # fmt: skip
REFUSALS: Final = {
    501: "CSS311E", 502: "CSS312E", 503: "CSS302E", 504: "CSS303E", 505: "CSS316E", 506: "CSS320E", 507: "CSS329E", 508: "CSS523E",
    509: "CSS818E", 510: "CSS222E", 511: "CSS317E", 512: "CSS304E",
}  # fmt: skip
"""What a report is refused by most often."""

_DISCONNECTED: Final = DIAGNOSES[PlantCondition.DISCONNECTION]
CLEAR_AGAIN_SECONDS: Final = 30
"""After a clear was rejected, the fault is cleared again by this."""
CLEAR_AGAIN: Final = _clear(CLEAR_AGAIN_SECONDS, "DS")

_ALL: Final = (
    _played(
        0, "tested, issued, cleared a minute later; then it waits for ConfirmClear", _tested(5, _DISCONNECTED),
        _step(10, "diagnose", "The trouble is in the local network."), _step(15, "queue", "The fault waits for an engineer."),
        _step(20, "issue", "An engineer has the fault."), _step(30, "arrive", "The engineer is on site."), _clear(60),
    ),
    _played(1, "cleared at once; closed by silence after 30 seconds", _clear(0), _step(30, "accept", "Nobody objected to the clear.")),
    _played(2, "received, and then silence"),
    _played(
        3, "a visit is promised and missed by us, and another made", _step(10, "appoint", "A visit is promised."),
        _step(30, "miss", "The engineer could not come."), _step(40, "appoint", "Another visit is promised."), _clear(60),
    ),
    _played(4, "it is late", _step(10, "warn", "It is about to be late."), _step(20, "breach", "It is late."), _clear(60)),
    _played(
        6, "matters beyond our control, and their end", _step(10, "declare", "A storm: no guarantee meanwhile."),
        _step(30, "lift", "The storm is over."), _clear(60),
    ),
    _played(
        7, "given back by the engineer, and issued again", _step(10, "issue", "An engineer has the fault."),
        _step(20, "return", "The engineer gave it back, more-hands."), _step(30, "issue", "An engineer has the fault."), _clear(60),
    ),
    _played(100, f"diagnosed {RIGHT.code}: {RIGHT.words}", _tested(5, RIGHT), _clear(30, "RWT")),
    *(
        _played(100 + place, f"diagnosed {DIAGNOSES[found].code}: {DIAGNOSES[found].words}", _tested(5, DIAGNOSES[found]), _clear(30))
        for place, found in enumerate(DIAGNOSIS_PLACES, start=1)
    ),
    *(
        _played(200 + place, f"cleared {code}: {CLEAR_CODES[code].words}", _clear(10, code))
        for place, code in enumerate(CLEAR_PLACES, start=1)
    ),
    *(
        _played(
            300 + place, f"parked {reason.name}, and resumed", _step(10, "park", f"Parked: {reason.value}.", park=reason),
            _step(30, "resume", "What was waited for has happened."), _clear(60),
        )
        for place, reason in enumerate(PARK_PLACES, start=1)
    ),
    *(_played(number, f"refused by {code}", refuses=(code,)) for number, code in REFUSALS.items()),
    _played(601, "cleared RWT: reject it, and it is cleared again half a minute later", _clear(10, "RWT")),
    _played(602, "a cancellation is refused by CSS301E", refuses_cancellation="CSS301E"),
    _played(603, "an amendment is refused by CSS301E", refuses_amendment="CSS301E"),
    _played(604, "cleared; the answer to it is refused by CSS526E", _clear(10), refuses_answer="CSS526E"),
    *(
        _played(number, scenario.title, _clear(60), trouble=scenario.trouble)
        for number, scenario in SCENARIOS.items()
        if scenario.trouble is not None
    ),
    _played(900, "refused by the code the CustomerReference begins with: `CSS312E-1`", refuses=("*",)),
)  # fmt: skip

FAULTS: Final = {scenario.number: scenario for scenario in _ALL}


def fault_scenario_of(number: int | None) -> FaultScenario:
    """What the last three digits of a telephone number play; what is not in the table goes the way of 000."""
    return FAULTS.get(ABOVE_ORDERS + (number or 0), FAULTS[ABOVE_ORDERS])
