"""What may be reported: structured symptoms, offered only where the line has what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from css.core.errors import CssError, Refused
from repairs.commands.faults import ReportFault

NOTES_MAX: Final = 500
LENGTHS: Final = {"contact_name": 100, "hazard_notes": 50}
"""Texts with a limit of their own. Hazard notes go to the field force on a small screen."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One structured question code."""

    code: str
    words: str
    is_total_loss: bool = False
    """The line is dead: delayed repair pays compensation only then."""
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


def report_faults(command: ReportFault, *, products_on_line: frozenset[str] | None, at: datetime) -> tuple[CssError, ...]:
    """All that is wrong with a report, each fault naming its field; none when it may be taken.

    ``products_on_line`` is None when no line was found: then nothing is said of what the line lacks. The numbers in the
    command are read by whoever holds the database.
    """
    return (*_symptom(command.symptom_code, products_on_line), *_contact(command), *_notes(command), *_moment(command, at))


def too_long(**notes: str | None) -> Iterator[CssError]:
    """Which texts, by their field, are longer than whoever must read them can be shown."""
    for element, text in notes.items():
        most = LENGTHS.get(element, NOTES_MAX)
        if len(text or "") > most:
            what = element.replace("_", " ").capitalize()
            yield Refused("CSS305E", "{what}: at most {most} characters.", what=what, most=most, element=element)


def _symptom(symptom_code: str, products_on_line: frozenset[str] | None) -> Iterator[CssError]:
    symptom = SYMPTOMS.get(symptom_code)
    if symptom is None:
        known = ", ".join(SYMPTOMS)
        sentence = "{symptom!r} is not a symptom code; choose from {known}."
        yield Refused("CSS302E", sentence, symptom=symptom_code[:20], known=known, element="symptom_code")
    elif symptom.needs_product and products_on_line is not None and symptom.needs_product not in products_on_line:
        yield Refused(
            "CSS303E",
            "The line does not have {product}; {symptom} ({words}) cannot be reported on it.",
            product=symptom.needs_product,
            symptom=symptom.code,
            words=symptom.words,
            element="symptom_code",
        )


def _contact(command: ReportFault) -> Iterator[CssError]:
    if not command.contact_name.strip():
        yield Refused("CSS304E", "Say who can give access: the contact's name.", element="contact_name")


def _notes(command: ReportFault) -> Iterator[CssError]:
    return too_long(
        words=command.words, contact_name=command.contact_name, access_notes=command.access_notes, hazard_notes=command.hazard_notes
    )


def _moment(command: ReportFault, at: datetime) -> Iterator[CssError]:
    if command.reported_at is not None and command.reported_at > at:
        yield Refused("CSS307E", "The report cannot have been made in the future.", element="reported_at")
