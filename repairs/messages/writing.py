"""A fault as XML: the parts of ``schemas/fault-1.xsd`` that we send. Nothing here decides or reads the database."""

from __future__ import annotations

import re
from typing import Final

from css.core.money import total
from css.core.words import PriceBasis
from css.xml import Element, add, add_address, add_contact, add_optional, clean_text, instant_text
from repairs.queries.charges import Owed, charge_words
from repairs.queries.copies import ClearCopy, FaultCopy, UnfinishedRow, UpdateRow
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.lifecycle import TMF621
from repairs.rules.partner_words import code_of, tmf_code
from repairs.rules.report import SYMPTOMS
from repairs.words import FaultState

TEXT_MAX: Final = 500
"""Characters of a sentence."""
HISTORY_MAX: Final = 200
"""Events of a story."""
WARNINGS_MAX: Final = 20
STORY_MAX: Final = 2000
HAZARD_MAX: Final = 50
REASON_MAX: Final = 200
CODE_MAX: Final = 20
_NAME_MAX: Final = 100
_DIALLED: Final = re.compile(r"[1-9][0-9]{6,14}")
_FINAL: Final = frozenset({FaultState.ACCEPTED, FaultState.CLOSED})


def add_text(parent: Element, name: str, text: str | None, most: int = TEXT_MAX) -> None:
    """Words of ours or of an operator's, cut to what the schema holds; nothing where there are none."""
    add_optional(parent, name, None if text is None else clean_text(text).strip()[:most].strip())


def add_fault(parent: Element, copy: FaultCopy) -> None:
    """The fault in full."""
    fault = add(parent, "Fault")
    add(fault, "FaultNumber", copy.fault_number)
    add_optional(fault, "CustomerReference", copy.customer_reference)
    _add_state(fault, copy.state)
    add_optional(fault, "AccountNumber", copy.account_number)
    _add_line(fault, copy)
    symptom = SYMPTOMS.get(copy.symptom_code)
    add(fault, "SymptomCode", copy.symptom_code)
    add_text(fault, "SymptomText", symptom.words if symptom else copy.symptom_code)
    add(fault, "TotalLoss", _flag(copy.is_total_loss))
    add_text(fault, "Description", copy.words, STORY_MAX)
    add_optional(fault, "ReportedAt", instant_text(copy.reported_at))
    add_optional(fault, "AcceptedAt", instant_text(copy.accepted_at))
    add_text(fault, "CallerName", copy.caller_name, _NAME_MAX)
    name = clean_text(copy.contact_name).strip()[:_NAME_MAX]
    if name and _DIALLED.fullmatch(copy.contact_phone):
        add_contact(fault, "Contact", name, f"+{copy.contact_phone}")
    add_text(fault, "AccessNotes", copy.access_notes)
    add_text(fault, "HazardNotes", copy.hazard_notes, HAZARD_MAX)
    add_text(fault, "VisitNotes", copy.visit_notes)
    add(fault, "EquipmentChecked", _flag(copy.equipment_checked))
    add(fault, "PowerChecked", _flag(copy.power_checked))
    add(fault, "ChargeBand", str(copy.charge_band))
    add_text(fault, "ForcedReason", copy.forced_reason, REASON_MAX)
    _add_time(fault, copy)
    _add_findings(fault, copy)
    if copy.clear is not None:
        _add_clear(fault, copy.clear)
        _add_cost(fault, copy.owed, is_final=copy.state in _FINAL)


def add_warnings(parent: Element, warnings: tuple[str, ...]) -> None:
    """What should be known besides; nothing where there is nothing."""
    if warnings:
        block = add(parent, "Warnings")
        for warning in warnings[:WARNINGS_MAX]:
            add_text(block, "Warning", warning)


def add_summary(parent: Element, row: UnfinishedRow) -> None:
    """A fault as the list says it."""
    fault = add(parent, "Fault")
    add(fault, "FaultNumber", row.fault_number)
    add_optional(fault, "CustomerReference", row.customer_reference)
    _add_state(fault, row.state)
    add_optional(fault, "TelephoneNumber", None if row.number is None else f"+{row.number}")
    add(fault, "SymptomCode", row.symptom_code)
    add_optional(fault, "DueAt", instant_text(row.due_at))
    add(fault, "InOutage", _flag(row.is_in_outage))
    if row.cleared_at is not None:
        add_optional(fault, "ClearedAt", instant_text(row.cleared_at))
        add(fault, "ClearNo", str(row.clear_count))
        add_optional(fault, "AnswerBy", instant_text(row.accept_by_at))
    add(fault, "LastUpdate", str(row.last_update))


def add_history(parent: Element, history: tuple[UpdateRow, ...]) -> None:
    """What was told of a fault."""
    if not history:
        return
    block = add(parent, "History")
    for row in history:
        event = add(block, "Event")
        add(event, "Kind", row.kind)
        add_optional(event, "OccurredAt", instant_text(row.occurred_at))
        add_text(event, "Text", row.words)


def _add_state(fault: Element, state: FaultState) -> None:
    add(fault, "State", tmf_code(TMF621[state]))
    add(fault, "Stage", code_of(state))


def _add_line(fault: Element, copy: FaultCopy) -> None:
    add_optional(fault, "TelephoneNumber", None if copy.number is None else f"+{copy.number}")
    add_optional(fault, "InstallationLineNo", None if copy.line_place is None else str(copy.line_place))
    add_optional(fault, "AddressKey", copy.address_key)
    if copy.premises and copy.town and copy.postcode:
        add_address(fault, "SiteAddress", premises=copy.premises, street=copy.street, town=copy.town, postcode=copy.postcode)


def _add_time(fault: Element, copy: FaultCopy) -> None:
    add(fault, "CareLevel", copy.care_level)
    add(fault, "LineCareLevel", copy.line_care_level)
    add(fault, "Priority", _flag(copy.is_priority))
    add_optional(fault, "ExpeditedAt", instant_text(copy.expedited_at))
    add_optional(fault, "OriginalDueAt", instant_text(copy.original_due_at))
    add_optional(fault, "DueAt", instant_text(copy.due_at))
    add_optional(fault, "MissedDueAt", instant_text(copy.breached_at))
    if copy.clock is None:
        return
    clock = add(fault, "Clock")
    add(clock, "State", code_of(copy.clock.state))
    add_optional(clock, "Since", instant_text(copy.clock.starts_at))
    add_optional(clock, "Until", instant_text(copy.clock.ends_at))
    add_optional(clock, "ReasonCode", None if copy.clock.reason is None else code_of(copy.clock.reason))
    add_text(clock, "Reason", copy.clock.words)


def _add_findings(fault: Element, copy: FaultCopy) -> None:
    if copy.test is not None:
        test = add(fault, "LineTest")
        add(test, "LineTestNumber", str(copy.test.line_test_id))
        add_optional(test, "Outcome", None if copy.test.outcome is None else code_of(copy.test.outcome))
        add_text(test, "DiagnosisCode", copy.test.diagnosis_code, CODE_MAX)
        add_text(test, "Text", copy.test.words)
        add_optional(test, "TestedAt", instant_text(copy.test.tested_at))
    add_optional(fault, "FaultLocation", None if copy.location is None else copy.location.value)
    if copy.slot is not None:
        slot = add(fault, "Appointment")
        add_optional(slot, "AppointmentNumber", copy.slot.appointment_number)
        add(slot, "Date", copy.slot.slot_on.isoformat())
        add(slot, "Slot", copy.slot.half_day.value)
        add(slot, "State", code_of(copy.slot.state))
    if copy.outage is not None:
        outage = add(fault, "Outage")
        add(outage, "OutageNumber", str(copy.outage.outage_id))
        add_optional(outage, "BeganAt", instant_text(copy.outage.began_at))
        add_optional(outage, "ExpectedAt", instant_text(copy.outage.expected_at))
        add_optional(outage, "EndedAt", instant_text(copy.outage.ended_at))
        add_text(outage, "Message", copy.outage.message)
    add(fault, "RepeatFault", _flag(copy.is_repeat))
    add(fault, "EarlyLife", _flag(copy.is_early_life))
    add(fault, "ChaseCount", str(copy.chase_count))


def _add_clear(fault: Element, copy: ClearCopy) -> None:
    clear = add(fault, "Clear")
    add(clear, "ClearNo", str(copy.number))
    add(clear, "ClearCode", copy.code)
    add_text(clear, "ClearText", CLEAR_CODES[copy.code].words)
    add_text(clear, "WorkDone", copy.words)
    add_optional(clear, "ClearedAt", instant_text(copy.cleared_at))
    add(clear, "Late", _flag(copy.is_late))
    add_optional(clear, "AnswerBy", instant_text(copy.accept_by_at))


def _add_cost(fault: Element, owed: Owed, *, is_final: bool) -> None:
    """What it costs; nothing where nothing could have been charged."""
    words = charge_words(owed, accepted=is_final)
    if words is None:
        return
    cost = add(fault, "Cost")
    add(cost, "Final", _flag(is_final))
    if owed.charges:
        charges = add(cost, "Charges")
        for each in owed.charges:
            charge = add(charges, "Charge")
            add(charge, "ProductCode", each.charge.product_code)
            add_text(charge, "Text", each.charge.words)
            add(charge, "Quantity", str(each.charge.quantity))
            add(charge, "Amount", str(each.amount))
    add(cost, "Total", str(total(each.amount for each in owed.charges)))
    add(cost, "WithVat", _flag(any(each.basis is not PriceBasis.NET for each in owed.charges)))
    add_text(cost, "Text", words)


def _flag(value: bool) -> str:  # noqa: FBT001 - a value to be written
    return "true" if value else "false"
