"""A fault of a test area as it is reported and amended: what is said meets the real rules, the line is magic."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.calendar import london_date
from css.core.errors import Conflict, CssError, NotFound, Refusals
from css.core.phone import display_number, parse_number
from css.core.slots import day_fault, window
from css.core.words import AppointmentState, Skill
from css.master.care_levels import CareBook, care_book
from css.partners.messages.kinds import Asked
from css.partners.model import SandboxArea, SandboxCase, SandboxMatter
from css.partners.sandbox import magic
from css.partners.sandbox.fault_scenarios import FaultScenario
from css.partners.sandbox.placing import NATION
from repairs.commands.faults import AmendFault, AppointFault, ReportFault
from repairs.queries.copies import ClockCopy, FaultCopy, SlotCopy
from repairs.rules.levels import check_better, level_for
from repairs.rules.report import SYMPTOMS, band_faults, contact_faults, report_faults, too_long
from repairs.words import ClockState, FaultState

LINE_LEVEL: Final = "1"
"""The care level of every line of a test area."""
ON_THE_LINE: Final = frozenset({"LINE-WHO", "CALLER-DISPLAY", "VOICEMAIL-1571", "CALL-WAITING", "BROADBAND"})
"""What works on every line, so that every symptom can be reported."""


def read_report(
    session: Session, area: SandboxArea, command: ReportFault, reference: str, scenario: FaultScenario, asked: Asked
) -> tuple[FaultCopy, str]:
    """The fault as reported, not yet numbered, and the words of its deadline; or all that is wrong with it at once."""
    at, wrong = asked.at, Refusals()
    number = wrong.reading(lambda: parse_number(command.number.partition("/")[0]))
    address_key = None if number is None else magic.address_of(number)
    if number is not None and address_key is None:
        sentence = "No working line has the number {number}."
        wrong.add(NotFound("CSS311E", sentence, number=display_number(number), element="number"))
    phone = wrong.reading(lambda: parse_number(command.contact_phone, element="contact_phone"))
    wrong.add(*report_faults(command, products_on_line=ON_THE_LINE, at=at))
    book = care_book(session, london_date(at))
    level = wrong.reading(lambda: level_for(book, line_level=LINE_LEVEL, priority_level=None, bought=command.expedite_to))
    _refuse_reference(session, area, reference, wrong)
    slot = None
    if command.slot_on is not None and command.half_day is not None:
        slot = SlotCopy(appointment_number=None, slot_on=command.slot_on, half_day=command.half_day, state=AppointmentState.BOOKED)
        wrong.add(*_day_faults(slot, at))
    wrong.tell()
    for code in scenario.refuses:
        wrong.add(
            magic.refusal(
                code, reference, number=number, reference=reference, symptom=command.symptom_code, fault="SXF00000019",
                test=command.line_test_id,
                band=command.charge_band,
            )
        )  # fmt: skip
    wrong.tell()
    assert level is not None, "what cannot be bought has been told"
    deadline = book.deadline(level.care_level, at, NATION)
    return _fault(command, number or "", address_key or "", phone or "", level.care_level, deadline.due_at, slot, at=at), deadline.words


def _fault(
    command: ReportFault, number: str, address_key: str, phone: str, level: str, due_at: datetime, slot: SlotCopy | None, *, at: datetime
) -> FaultCopy:
    symptom = SYMPTOMS[command.symptom_code]
    place = command.number.partition("/")[2]
    return FaultCopy(
        fault_id=0,
        fault_number="",
        provider_id=0,
        customer_reference=None,
        conversation_id=None,
        last_update=0,
        state=FaultState.REPORTED if slot is None else FaultState.APPOINTED,
        account_number=None,
        number=number,
        line_place=int(place) if place else None,
        address_key=address_key,
        premises=str(int(address_key[-3:])),
        street="Sandbox Street",
        town="Brackwater",
        postcode=magic.POSTCODE,
        symptom_code=symptom.code,
        is_total_loss=symptom.is_total_loss,
        words=command.words.strip() or None,
        reported_at=command.reported_at or at,
        accepted_at=at,
        caller_name=command.caller_name,
        contact_name=command.contact_name.strip(),
        contact_phone=phone,
        access_notes=command.access_notes,
        hazard_notes=command.hazard_notes,
        visit_notes=command.visit_notes,
        equipment_checked=command.equipment_checked,
        power_checked=command.power_checked,
        charge_band=command.charge_band,
        forced_reason=None,
        care_level=level,
        line_care_level=LINE_LEVEL,
        is_priority=False,
        expedited_at=at if command.expedite_to else None,
        original_due_at=due_at,
        due_at=due_at,
        breached_at=None,
        clock=running(at),
        test=None,
        location=None,
        slot=slot,
        outage=None,
        is_repeat=False,
        is_early_life=False,
        chase_count=0,
        clear=None,
    )


def amended(fault: FaultCopy, command: AmendFault, wrong: Refusals) -> FaultCopy:
    texts = {"words": command.words, "contact_name": command.contact_name, "access_notes": command.access_notes}
    texts |= {"hazard_notes": command.hazard_notes, "visit_notes": command.visit_notes}
    wrong.add(*too_long(**texts))
    if command.contact_name is not None:
        wrong.add(*contact_faults(command.contact_name))
    if command.charge_band is not None:
        wrong.add(*band_faults(command.charge_band))
    phone = (
        None if command.contact_phone is None else wrong.reading(lambda: parse_number(command.contact_phone or "", element="contact_phone"))
    )
    changed: dict[str, Any] = {name: text.strip() or None for name, text in texts.items() if text is not None}
    if command.words:
        changed["words"] = f"{fault.words or ''} {command.words}".strip()
    if phone is not None:
        changed["contact_phone"] = phone
    for name in ("charge_band", "equipment_checked", "power_checked"):
        if getattr(command, name) is not None:
            changed[name] = getattr(command, name)
    return fault if wrong.found else replace(fault, **changed)


def expedited(session: Session, fault: FaultCopy, level: str, at: datetime) -> FaultCopy:
    book: CareBook = care_book(session, london_date(at))
    check_better(book, fault.care_level, level)
    return replace(fault, care_level=level, expedited_at=at, due_at=book.deadline(level, at, NATION).due_at)


def slot_of(command: AppointFault, wrong: Refusals, *, at: datetime) -> SlotCopy | None:
    if command.appointment_number is not None or command.slot_on is None or command.half_day is None:
        number = (command.appointment_number or "")[:20]
        wrong.add(NotFound("CSS819E", "There is no appointment {number}.", number=number, element="appointment_number"))
        return None
    slot = SlotCopy(appointment_number=None, slot_on=command.slot_on, half_day=command.half_day, state=AppointmentState.BOOKED)
    wrong.add(*_day_faults(slot, at))
    return slot


def _day_faults(slot: SlotCopy, at: datetime) -> list[CssError]:
    first, last = window(Skill.REPAIR, on=london_date(at))
    fault = day_fault(slot.slot_on, first=first, last=last, nation=NATION, element="slot_on")
    return [fault] if fault else []


def _refuse_reference(session: Session, area: SandboxArea, reference: str, wrong: Refusals) -> None:
    """CSS523E where a fault of the area has the reference already."""
    case = session.execute(
        select(SandboxCase).where(
            SandboxCase.provider_id == area.provider_id,
            SandboxCase.matter == SandboxMatter.FAULT,
            SandboxCase.customer_reference == reference,
        )
    ).scalar()
    if case is not None:
        sentence = "Your reference {reference} names fault {fault} already; give each fault one of its own."
        wrong.add(Conflict("CSS523E", sentence, reference=reference, fault=case.number, element="customer_reference"))


def running(at: datetime) -> ClockCopy:
    return ClockCopy(state=ClockState.RUNNING, starts_at=at, ends_at=None, reason=None, words="The clock runs.")
