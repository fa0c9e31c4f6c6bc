"""What may be reported, and what the caller must be told: structured symptoms, checks not made, charges that may come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from css.core.errors import CssError, Refused
from repairs.commands.faults import ReportFault

NOTES_MAX: Final = 500
LENGTHS: Final = {"contact_name": 100, "caller_name": 100, "hazard_notes": 50, "place_words": 200, "forced_reason": 200}
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
        Symptom("BBN", "no broadband at all", is_total_loss=True, needs_product="BROADBAND"),
        Symptom("BBS", "broadband slow or dropping", needs_product="BROADBAND"),
        Symptom("CDF", "caller display not working", needs_product="CALLER-DISPLAY"),
        Symptom("VMF", "voicemail not working", needs_product="VOICEMAIL-1571"),
        Symptom("CWF", "call waiting not working", needs_product="CALL-WAITING"),
    )
}


CHARGE_BANDS: Final[dict[int, str]] = {
    0: "none authorised",
    1: "up to two hours",
    2: "up to four hours",
    3: "up to six hours",
    4: "as long as it takes",
}
"""Time-related charges the caller may agree to beforehand, by band (domain 3.7). Unless somebody says so, none."""
TEST_COUNTS_FOR: Final = timedelta(hours=1)
"""A fault is judged by a test at most so old; lines change."""


def report_faults(command: ReportFault, *, products_on_line: frozenset[str] | None, at: datetime) -> tuple[CssError, ...]:
    """All that is wrong with a report, each fault naming its field; none when it may be taken.

    ``products_on_line`` is None when no line was found: then nothing is said of what the line lacks. The numbers in the
    command are read by whoever holds the database.
    """
    return (
        *_symptom(command.symptom_code, products_on_line),
        *contact_faults(command.contact_name),
        *_notes(command),
        *moment_faults(command.reported_at, at),
        *band_faults(command.charge_band),
        *_slot(command),
    )


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


def contact_faults(contact_name: str) -> Iterator[CssError]:
    """CSS304E, nobody is named who can give access."""
    if not contact_name.strip():
        yield Refused("CSS304E", "Say who can give access: the contact's name.", element="contact_name")


def moment_faults(reported_at: datetime | None, at: datetime) -> Iterator[CssError]:
    """CSS307E, told us in the future."""
    if reported_at is not None and reported_at > at:
        yield Refused("CSS307E", "The report cannot have been made in the future.", element="reported_at")


def band_faults(charge_band: int) -> Iterator[CssError]:
    """CSS317E, no such band of charges."""
    if charge_band not in CHARGE_BANDS:
        known = ", ".join(f"{band} {words}" for band, words in CHARGE_BANDS.items())
        yield Refused("CSS317E", "{band} is no charge band; there are {known}.", band=charge_band, known=known, element="charge_band")


def _notes(command: ReportFault) -> Iterator[CssError]:
    return too_long(
        words=command.words,
        contact_name=command.contact_name,
        caller_name=command.caller_name,
        access_notes=command.access_notes,
        hazard_notes=command.hazard_notes,
        visit_notes=command.visit_notes,
        forced_reason=command.forced_reason,
    )


def _slot(command: ReportFault) -> Iterator[CssError]:
    is_direct = command.slot_on is not None or command.half_day is not None
    if is_direct and (command.slot_on is None or command.half_day is None):
        yield Refused("CSS318E", "A slot is a day and a half of it: say both, or neither.", element="slot_on")
    elif is_direct and command.appointment_number:
        yield Refused("CSS318E", "Name the slot that is held or another one, not both.", element="appointment_number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a line when a fault on it is reported."""

    equipment_checked: bool
    power_checked: bool
    open_order: str | None
    is_repeat: bool
    is_early_life: bool
    tests_right: bool
    """A test found nothing wrong."""
    charge_band: int
    disagreement: str | None = None
    """How the symptom and the test differ, in a sentence."""


def warnings_of(seen: Seen) -> tuple[str, ...]:
    """What the operator must say or ask before the call ends, in the order of their weight."""
    said: list[str] = []
    if not seen.equipment_checked:
        said.append("The customer's own equipment was not ruled out: ask the caller to try another telephone in the test socket.")
    if not seen.power_checked:
        said.append("The power supply was not checked: ask whether what needs the mains has it.")
    if seen.disagreement:
        said.append(seen.disagreement)
    if seen.tests_right:
        said.append(
            "The line tests right: if an engineer comes and finds nothing, time is charged as authorised."
            if seen.charge_band
            else "The line tests right and no charge is authorised: if an engineer finds nothing, nothing is charged and nothing is mended."
        )
    if seen.is_repeat:
        said.append("The line had a fault lately: this one is a repeat.")
    if seen.is_early_life:
        said.append("The line is new: this is an early-life failure.")
    if seen.open_order:
        said.append(f"Order {seen.open_order} is open on the line and may be what the customer notices.")
    return tuple(said)
