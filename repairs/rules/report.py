"""What may be reported: structured symptoms, offered only where the line has what they are about; and how a fault ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from css.core.errors import CssError, Refused

WORDS_MAX = 500
HAZARD_MAX = 50
"""Hazard notes go to the field force on a small screen (domain 2.6)."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One structured question code."""

    code: str
    words: str
    is_total_loss: bool = False
    """The line is dead: delayed repair pays compensation only then (domain 3.8)."""
    needs_product: str | None = None
    """Offered only when this product works on the line."""


SYMPTOMS: Final[dict[str, Symptom]] = {
    symptom.code: symptom
    for symptom in (
        Symptom("NDT", "no dial tone", is_total_loss=True),
        Symptom("CCO", "cannot make calls"),
        Symptom("CCI", "cannot receive calls"),
        Symptom("NSY", "noisy line"),
        Symptom("XTK", "crossed line"),
        Symptom("CUT", "cut off during calls"),
        Symptom("OWS", "one-way speech"),
        Symptom("NRG", "bell does not ring"),
        Symptom("DMG", "damage or hazard"),
        Symptom("CDF", "caller display not working", needs_product="CALLER-DISPLAY"),
        Symptom("VMF", "voicemail not working", needs_product="VOICEMAIL-1571"),
        Symptom("CWF", "call waiting not working", needs_product="CALL-WAITING"),
    )
}


@dataclass(frozen=True, slots=True)
class ClearCode:
    """How a fault was put right, and what follows from it (domain 3.4)."""

    code: str
    words: str
    is_network_fault: bool
    """Ours: the care level and compensation count only then."""


CLEAR_CODES: Final[dict[str, ClearCode]] = {
    clear.code: clear
    for clear in (
        ClearCode("CE", "customer equipment", is_network_fault=False),
        ClearCode("CW", "customer wiring or extension", is_network_fault=False),
        ClearCode("NTE", "network terminating equipment", is_network_fault=True),
        ClearCode("DW", "dropwire", is_network_fault=True),
        ClearCode("DP", "distribution point", is_network_fault=True),
        ClearCode("DS", "distribution-side joint or cable", is_network_fault=True),
        ClearCode("CAB", "cabinet", is_network_fault=True),
        ClearCode("ES", "exchange-side cable", is_network_fault=True),
        ClearCode("MDF", "main frame or jumper", is_network_fault=True),
        ClearCode("EX", "line card or switch", is_network_fault=True),
        ClearCode("DAT", "data or feature reset", is_network_fault=True),
        ClearCode("DUP", "duplicate report", is_network_fault=False),
        ClearCode("NOA", "no access to the customer", is_network_fault=False),
        ClearCode("TPD", "third-party damage", is_network_fault=True),
        ClearCode("WEA", "lightning or weather", is_network_fault=True),
        ClearCode("RWT", "right when tested", is_network_fault=False),
        ClearCode("FNF", "fault not found", is_network_fault=False),
    )
}


def faults_of_report(
    *, symptom_code: str, products_on_line: frozenset[str], contact_name: str, words: str, hazard_notes: str | None
) -> list[CssError]:
    """All that is wrong with a report, each fault naming its field; empty when it may be taken."""
    wrong: list[CssError] = []
    symptom = SYMPTOMS.get(symptom_code)
    if symptom is None:
        known = ", ".join(SYMPTOMS)
        wrong.append(
            Refused(
                "CSS302E",
                "{symptom!r} is not a symptom code; choose from {known}.",
                symptom=symptom_code[:20],
                known=known,
                element="symptom_code",
            )
        )
    elif symptom.needs_product and symptom.needs_product not in products_on_line:
        wrong.append(
            Refused(
                "CSS303E",
                "The line does not have {product}; {symptom} ({words}) cannot be reported on it.",
                product=symptom.needs_product,
                symptom=symptom.code,
                words=symptom.words,
                element="symptom_code",
            )
        )
    if not contact_name.strip():
        wrong.append(Refused("CSS304E", "Say who can give access: the contact's name.", element="contact_name"))
    if len(words) > WORDS_MAX:
        wrong.append(Refused("CSS305E", "The words of a report are at most {most} characters.", most=WORDS_MAX, element="words"))
    if hazard_notes and len(hazard_notes) > HAZARD_MAX:
        wrong.append(Refused("CSS305E", "Hazard notes are at most {most} characters.", most=HAZARD_MAX, element="hazard_notes"))
    return wrong


def clear_code(code: str) -> ClearCode:
    """A clear code by its letters.

    Raises:
        Refused: CSS306E, nobody knows it.
    """
    found = CLEAR_CODES.get(code)
    if found is None:
        raise Refused(
            "CSS306E",
            "{code!r} is not a clear code; choose from {known}.",
            code=code[:20],
            known=", ".join(CLEAR_CODES),
            element="clear_code",
        )
    return found
