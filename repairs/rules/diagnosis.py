"""The words of line tests: the code and sentence of each diagnosis, and whether it explains what the customer noticed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from css.core.words import PlantCondition, PlantElement
from repairs.rules.report import SYMPTOMS
from repairs.words import TestOutcome

_C = PlantCondition
_E = PlantElement

PLACE_WORDS: Final[Mapping[PlantElement | None, str]] = {
    None: "outside the exchange",
    _E.EXCHANGE: "in the exchange",
    _E.CABINET: "at the cabinet",
    _E.DISTRIBUTION_POINT: "at the distribution point",
    _E.PAIR: "in the cable",
    _E.PREMISES: "behind the socket",
}
"""Where, as a diagnosis says it; the first where this test could not tell."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis, as test heads print it."""

    code: str
    words: str
    meaning: str
    """For whoever reads it: what it usually is."""


RIGHT: Final = Diagnosis("T000", "Line test OK, dial tone OK", "Nothing is wrong that a meter sees.")
DIAGNOSES: Final[Mapping[PlantCondition, Diagnosis]] = {
    _C.DATA: Diagnosis("T005", "No dial tone, line electrically right", "The switch is wrongly set for this line."),
    _C.DISCONNECTION: Diagnosis("T010", "Disconnection", "A wire is broken, or a jumper is off; behind the socket, nothing is plugged in."),
    _C.LOOP: Diagnosis("T014", "Loop", "Current flows as with a telephone off its hook; behind the socket it mostly is one."),
    _C.SHORT: Diagnosis("T015", "Short circuit", "The two wires touch."),
    _C.EARTH: Diagnosis("T021", "Earth contact", "A wire touches earth: water, or a broken insulator."),
    _C.BATTERY: Diagnosis("T023", "Battery contact", "A wire touches one of another pair: mostly water in a joint."),
    _C.LOW_INSULATION: Diagnosis("T025", "Low insulation", "Damp between the wires, or from them to earth; noise comes first."),
    _C.RECTIFIED_LOOP: Diagnosis("T027", "Rectified loop", "Current flows one way only: a corroded joint, or apparatus."),
}
"""By electrical category. What no meter sees has none: such a line tests right."""


def diagnosis_of(condition: PlantCondition | None, place: PlantElement | None, *, is_steady: bool) -> tuple[str, str]:
    """The code and the sentence for what was found, and where."""
    if condition is None:
        return RIGHT.code, f"{RIGHT.words}."
    found = DIAGNOSES[condition]
    words = found.words if condition is _C.DATA else f"{found.words} {PLACE_WORDS[place]}"
    if place is None and condition is not _C.DATA:
        return found.code, f"{words}, further diagnostics needed: a full test tells where."
    return found.code, f"{words}." if is_steady else f"{words}, not there all the time."


_FEATURES: Final = frozenset({_C.DATA})
_EVERYTHING: Final = frozenset(DIAGNOSES)
EXPLAINED_BY: Final[Mapping[str, frozenset[PlantCondition]]] = {
    "NDT": _EVERYTHING - {_C.LOW_INSULATION},
    "CCO": frozenset({_C.DISCONNECTION, _C.LOOP, _C.SHORT, _C.EARTH, _C.RECTIFIED_LOOP, _C.DATA}),
    "CCI": frozenset({_C.DISCONNECTION, _C.LOOP, _C.SHORT, _C.EARTH, _C.RECTIFIED_LOOP, _C.DATA}),
    "NSY": frozenset({_C.EARTH, _C.BATTERY, _C.LOW_INSULATION, _C.RECTIFIED_LOOP}),
    "XTK": frozenset({_C.EARTH, _C.BATTERY, _C.LOW_INSULATION}),
    "CUT": frozenset({_C.DISCONNECTION, _C.LOOP, _C.EARTH, _C.BATTERY, _C.LOW_INSULATION, _C.RECTIFIED_LOOP}),
    "OWS": frozenset({_C.EARTH, _C.LOW_INSULATION, _C.RECTIFIED_LOOP}),
    "NRG": frozenset({_C.DISCONNECTION, _C.LOOP, _C.SHORT, _C.EARTH, _C.LOW_INSULATION, _C.RECTIFIED_LOOP}),
    "DMG": _EVERYTHING - {_C.DATA},
    "BBN": _EVERYTHING,
    "BBS": _EVERYTHING - {_C.DATA},
    "CDF": _FEATURES,
    "VMF": _FEATURES,
    "CWF": _FEATURES,
}
"""Which categories explain a symptom. Only words hang on it: a test neither proves nor disproves what the customer noticed."""


def agree(symptom_code: str, outcome: TestOutcome, condition: PlantCondition | None) -> str:
    """Whether what was tested explains what the customer reported, in a sentence to read out."""
    symptom = SYMPTOMS.get(symptom_code)
    told = symptom.words if symptom is not None else symptom_code
    if condition is None:
        if EXPLAINED_BY.get(symptom_code) == _FEATURES:
            return f"The line tests right. The customer reports {told}, which no line test sees."
        return f"The line tests right, yet the customer reports {told}: an engineer who finds nothing is charged for."
    found = DIAGNOSES[condition].words[0].lower() + DIAGNOSES[condition].words[1:]
    if condition not in EXPLAINED_BY.get(symptom_code, frozenset()):
        return f"The test found something else than the customer reports: {found} does not explain {told}. Both may be true."
    if outcome is TestOutcome.INCONCLUSIVE:
        return f"That may be what the customer reports ({told}): it comes and goes."
    return f"That explains what the customer reports: {told}."
