"""XML to command: what a partner's message about a fault asks, as the commands that a screen or a script would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from css.core.errors import BadMessage, Refusals, Refused
from css.core.words import HalfDay
from css.xml import Element, find, read_date, read_flag, read_header, read_instant, read_text, read_whole, required
from repairs.commands.faults import (
    AcceptClear,
    AmendFault,
    AppointFault,
    ChaseFault,
    ExpediteFault,
    RejectClear,
    ReportFault,
    WithdrawFault,
)

_FAULT: Final = {
    "customer_reference": "CustomerReference",
    "number": "TelephoneNumber",
    "symptom_code": "SymptomCode",
    "words": "Description",
    "reported_at": "ReportedAt",
    "caller_name": "CallerName",
    "contact_name": "Contact/Name",
    "contact_phone": "Contact/TelephoneNumber",
    "access_notes": "AccessNotes",
    "hazard_notes": "HazardNotes",
    "visit_notes": "VisitNotes",
    "charge_band": "ChargeBand",
    "expedite_to": "ExpediteTo",
    "care_level": "ExpediteTo",
    "line_test_id": "LineTestNumber",
    "forced_reason": "ForcedReason",
}
"""Where a field of ``ReportFault`` stands below ``Fault``."""
_AMENDMENT: Final = {
    "fault_number": "FaultNumber",
    "words": "Description",
    "contact_name": "Contact/Name",
    "contact_phone": "Contact/TelephoneNumber",
    "access_notes": "AccessNotes",
    "hazard_notes": "HazardNotes",
    "visit_notes": "VisitNotes",
    "charge_band": "ChargeBand",
    "care_level": "ExpediteTo",
    "consented_by": "Consent/GivenBy",
    "offered_on": "OfferedAppointment",
}
"""Where a field of the commands of an amendment stands below ``Amendment``."""
_ANSWER: Final = {"fault_number": "FaultNumber", "reason": "Reason", "words": "Reason", "clear_no": "ClearNo"}
_QUERY: Final = {"fault_number": "FaultNumber", "customer_reference": "CustomerReference", "after": "AfterNumber"}
_SLOTS: Final = frozenset({"appointment", "appointment_number", "slot_on", "half_day"})
"""Fields that speak of the visit that is asked for, which is named in one of two ways."""
_BELOW: Final = {
    "SubmitFault": ("Fault", _FAULT),
    "AmendFault": ("Amendment", _AMENDMENT),
    "CancelFault": ("Cancellation", _ANSWER),
    "ConfirmClear": ("Confirmation", _ANSWER),
    "QueryFault": ("Query", _QUERY),
    "ListMyOpenFaults": ("Query", _QUERY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a SubmitFault asks."""

    command: ReportFault
    customer_reference: str
    conversation_id: str
    tests_line: bool
    """The line is to be tested first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """What an AmendFault asks, each of it by its own command; what is not asked is None."""

    amend: AmendFault | None
    expedite: ExpediteFault | None
    appoint: AppointFault | None
    chase: ChaseFault | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a ConfirmClear says."""

    command: AcceptClear | RejectClear
    clear_no: int | None
    """Which clear is answered; None for whichever it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultAsked:
    """Which fault a QueryFault asks for."""

    number: str | None
    reference: str | None
    with_history: bool


def read_submit_fault(root: Element) -> Submitted:
    """What a valid SubmitFault asks. The message's id is its token.

    Raises:
        Refused: CSS528E, the line is to be tested, and a test is named. Elements are paths in the message.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    header = read_header(root)
    fault = required(find(root, "Fault"), "SubmitFault/Fault")
    slot = find(fault, "Appointment")
    number = required(read_text(fault, "TelephoneNumber"), "SubmitFault/Fault/TelephoneNumber")
    place = read_whole(fault, "InstallationLineNo")
    line_test_id, tests_line = read_whole(fault, "LineTestNumber"), bool(read_flag(fault, "TestLine"))
    if tests_line and line_test_id is not None:
        sentence = "{what} is asked for beside {other}: give one of them."
        raise Refused("CSS528E", sentence, what="TestLine", other="LineTestNumber", element="SubmitFault/Fault/TestLine")
    command = ReportFault(
        token=header.message_id,
        number=number if place in {None, 1} else f"{number}/{place}",
        symptom_code=required(read_text(fault, "SymptomCode"), "SubmitFault/Fault/SymptomCode"),
        words=read_text(fault, "Description") or "",
        contact_name=read_text(fault, "Contact/Name") or "",
        contact_phone=read_text(fault, "Contact/TelephoneNumber") or "",
        access_notes=read_text(fault, "AccessNotes"),
        hazard_notes=read_text(fault, "HazardNotes"),
        equipment_checked=bool(read_flag(fault, "EquipmentChecked")),
        power_checked=bool(read_flag(fault, "PowerChecked")),
        reported_at=read_instant(fault, "ReportedAt"),
        caller_name=read_text(fault, "CallerName"),
        visit_notes=read_text(fault, "VisitNotes"),
        charge_band=read_whole(fault, "ChargeBand") or 0,
        line_test_id=line_test_id,
        appointment_number=read_text(fault, "AppointmentNumber"),
        slot_on=None if slot is None else read_date(slot, "Date"),
        half_day=_half_day(slot, "SubmitFault/Fault/Appointment"),
        expedite_to=read_text(fault, "ExpediteTo"),
        forced_reason=read_text(fault, "ForcedReason"),
    )
    return Submitted(
        command=command,
        customer_reference=required(read_text(fault, "CustomerReference"), "SubmitFault/Fault/CustomerReference"),
        conversation_id=header.conversation_id,
        tests_line=tests_line,
    )


def read_amend_fault(root: Element) -> Amended:
    """What a valid AmendFault asks. The message's id is the token of each of its commands.

    Raises:
        Refused: CSS527E notes given and taken away at once, CSS528E something that says nothing without something else.
        BadMessage: CSS520E to CSS522E, when nobody asked the schema.
    """
    token, path = read_header(root).message_id, "AmendFault/Amendment"
    amendment = required(find(root, "Amendment"), path)
    number = required(read_text(amendment, "FaultNumber"), f"{path}/FaultNumber")
    wrong = Refusals()
    access = wrong.reading(lambda: _notes(amendment, "AccessNotes"))
    hazards = wrong.reading(lambda: _notes(amendment, "HazardNotes"))
    visit = wrong.reading(lambda: _notes(amendment, "VisitNotes"))
    has_slot = find(amendment, "AppointmentNumber") is not None or find(amendment, "Appointment") is not None
    for what, other, is_there in (
        ("Consent", "ExpediteTo", find(amendment, "ExpediteTo") is not None),
        ("OfferedAppointment", "Appointment", has_slot),
    ):
        if find(amendment, what) is not None and not is_there:
            wrong.add(Refused("CSS528E", "{what} says nothing without {other}.", what=what, other=other, element=f"{path}/{what}"))
    wrong.tell()
    amend = AmendFault(
        token=token,
        fault_number=number,
        words=read_text(amendment, "Description"),
        contact_name=read_text(amendment, "Contact/Name"),
        contact_phone=read_text(amendment, "Contact/TelephoneNumber"),
        access_notes=access,
        hazard_notes=hazards,
        visit_notes=visit,
        charge_band=read_whole(amendment, "ChargeBand"),
        equipment_checked=read_flag(amendment, "EquipmentChecked"),
        power_checked=read_flag(amendment, "PowerChecked"),
    )
    level, said = read_text(amendment, "ExpediteTo"), read_text(amendment, "Chase")
    consented_by = read_text(amendment, "Consent/GivenBy") or ""
    says_nothing = amend == AmendFault(token=token, fault_number=number)
    return Amended(
        amend=None if says_nothing and (level or has_slot or said) else amend,
        expedite=ExpediteFault(token=f"{token}/expedite", fault_number=number, care_level=level, consented_by=consented_by)
        if level
        else None,
        appoint=_appoint(amendment, number, f"{token}/appoint") if has_slot else None,
        chase=ChaseFault(token=f"{token}/chase", fault_number=number, words=said) if said else None,
    )


def read_cancel_fault(root: Element) -> WithdrawFault:
    """What a valid CancelFault asks. The message's id is its token."""
    cancellation = required(find(root, "Cancellation"), "CancelFault/Cancellation")
    return WithdrawFault(
        token=read_header(root).message_id,
        fault_number=required(read_text(cancellation, "FaultNumber"), "CancelFault/Cancellation/FaultNumber"),
        reason=read_text(cancellation, "Reason") or "",
    )


def read_confirm_clear(root: Element) -> Confirmed:
    """What a valid ConfirmClear says. The message's id is its token."""
    token, path = read_header(root).message_id, "ConfirmClear/Confirmation"
    confirmation = required(find(root, "Confirmation"), path)
    number = required(read_text(confirmation, "FaultNumber"), f"{path}/FaultNumber")
    said = read_text(confirmation, "Reason") or ""
    is_accepted = required(read_text(confirmation, "Answer"), f"{path}/Answer") == "ACCEPT"
    return Confirmed(
        command=AcceptClear(token=token, fault_number=number, words=said)
        if is_accepted
        else RejectClear(token=token, fault_number=number, reason=said),
        clear_no=read_whole(confirmation, "ClearNo"),
    )


def read_query_fault(root: Element) -> FaultAsked:
    """Which fault a valid QueryFault asks for."""
    query = required(find(root, "Query"), "QueryFault/Query")
    return FaultAsked(
        number=read_text(query, "FaultNumber"),
        reference=read_text(query, "CustomerReference"),
        with_history=bool(read_flag(query, "WithHistory")),
    )


def read_list_my_open_faults(root: Element) -> tuple[str, int]:
    """After which number a page of the list begins, empty for the first, and how many faults it has at most."""
    query = required(find(root, "Query"), "ListMyOpenFaults/Query")
    return read_text(query, "AfterNumber") or "", required(read_whole(query, "Limit"), "ListMyOpenFaults/Query/Limit")


def fault_named(root: Element) -> str | None:
    """The number of the fault that a message is about; None when it names none."""
    part, _ = _BELOW.get(read_header(root).message_type, ("", {}))
    return read_text(root, f"{part}/FaultNumber") if part else None


def path_of(root: Element, name: str | None) -> str | None:
    """Where the field of a command stands in the message it was read from; a path stays one."""
    if name is None or "/" in name:
        return name
    message_type = read_header(root).message_type
    part, known = _BELOW[message_type]
    element = find(root, part)
    if element is not None and name in _SLOTS:
        known = known | dict.fromkeys(_SLOTS, "Appointment" if find(element, "AppointmentNumber") is None else "AppointmentNumber")
    if element is not None and name == "line_test_id" and find(element, "LineTestNumber") is None:
        known = known | {name: "TestLine"}
    return f"{message_type}/{part}/{known[name]}" if name in known else None


def _appoint(amendment: Element, number: str, token: str) -> AppointFault:
    path = "AmendFault/Amendment"
    slot, offered = find(amendment, "Appointment"), find(amendment, "OfferedAppointment")
    return AppointFault(
        token=token,
        fault_number=number,
        appointment_number=read_text(amendment, "AppointmentNumber"),
        slot_on=None if slot is None else read_date(slot, "Date"),
        half_day=_half_day(slot, f"{path}/Appointment"),
        offered_on=None if offered is None else read_date(offered, "Date"),
        offered_half_day=_half_day(offered, f"{path}/OfferedAppointment"),
    )


def _half_day(slot: Element | None, path: str) -> HalfDay | None:
    if slot is None:
        return None
    try:
        return HalfDay(required(read_text(slot, "Slot"), f"{path}/Slot"))
    except ValueError:
        raise BadMessage("CSS520E", "{path} cannot be read.", path=f"{path}/Slot", element=f"{path}/Slot") from None


def _notes(amendment: Element, name: str) -> str | None:
    """Notes as they are to be: None leaves them, empty takes them away."""
    given, is_taken_away = read_text(amendment, name), read_flag(amendment, f"No{name}")
    if given is not None and is_taken_away:
        raise Refused("CSS527E", "{name} are given and taken away in one message.", name=name, element=f"AmendFault/Amendment/No{name}")
    return "" if is_taken_away else given
