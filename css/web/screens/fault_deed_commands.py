"""FL02: from what is keyed for a deed to the command that asks for it; None when something is wrong, which then hangs on the form."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from css.core.phone import display_number
from css.core.words import MissCause
from css.web.desk import Desk
from css.web.form import Form
from css.web.moments import read_moment
from css.web.screens.fault_prompts import read_visit, slots_for
from css.web.screens.order_deeds import CAUSES
from repairs.commands.dispatch import ArriveOnSite, AssignFault, RecallFault, ReturnFault
from repairs.commands.faults import (
    AcceptClear,
    AmendFault,
    AppointFault,
    ChaseFault,
    ClearFault,
    DiagnoseFault,
    ExpediteFault,
    MissVisit,
    OwnFault,
    ParkFault,
    QueueFault,
    RejectClear,
    ResumeFault,
    WithdrawFault,
)
from repairs.commands.outages import DetachFault
from repairs.queries.cards import FaultCard
from repairs.rules.charges import BAND_HOURS
from repairs.words import Craft, Location, ParkReason, ReturnReason

PARK_REASONS: Final = {reason.value.upper(): reason for reason in ParkReason}
RETURN_REASONS: Final = {reason.value.upper(): reason for reason in ReturnReason}
MISS_CAUSES: Final = {cause.value.upper(): cause for cause in CAUSES}
CRAFTS: Final = {craft.value.upper(): craft for craft in Craft}
LOCATIONS: Final = {location.value: location for location in Location}
BANDS: Final = {str(band): band for band in BAND_HOURS}


def as_it_stands(card: FaultCard) -> dict[str, str]:
    """An amendment begins with what was said."""
    return {
        "contact_name": card.contact_name,
        "contact_phone": display_number(card.contact_phone),
        "access_notes": card.access_notes or "",
        "hazard_notes": card.hazard_notes or "",
        "visit_notes": card.visit_notes or "",
        "equipment_checked": "Y" if card.equipment_checked else "N",
        "power_checked": "Y" if card.power_checked else "N",
        "charge_band": str(card.charge_band),
    }


def amend(form: Form, card: FaultCard, _: Desk) -> AmendFault | None:
    """Only what is otherwise is said, so that a colleague's change of something else stands."""
    began = as_it_stands(card)
    band = form.member("charge_band", int, BANDS)
    checked = {name: form.yes(name) for name in ("equipment_checked", "power_checked")}
    if form.has_errors:
        return None
    other: dict[str, Any] = {
        name: form.text(name)
        for name in ("contact_name", "contact_phone", "access_notes", "hazard_notes", "visit_notes")
        if form.text(name) != began[name]
    }
    other |= {name: value for name, value in checked.items() if value != (began[name] == "Y")}
    if band is not None and band != card.charge_band:
        other["charge_band"] = band
    return AmendFault(**_of(form, card), words=form.optional("words"), **other)


def chase(form: Form, card: FaultCard, _: Desk) -> ChaseFault | None:
    return None if form.has_errors else ChaseFault(fault_number=card.summary.fault_number, words=form.text("words"))


def own(form: Form, card: FaultCard, _: Desk) -> OwnFault:
    return OwnFault(**_of(form, card))


def diagnose(form: Form, card: FaultCard, _: Desk) -> DiagnoseFault | None:
    location, craft = form.member("location", Location, LOCATIONS), form.member("craft", Craft, CRAFTS)
    if form.has_errors or location is None:
        return None
    return DiagnoseFault(**_of(form, card), location=location, craft=craft, words=form.text("words"))


def appoint(form: Form, card: FaultCard, at_desk: Desk) -> AppointFault | None:
    """Where the customer chose a later visit than could be had, the earliest there is now is what was offered."""
    free = slots_for(at_desk, card)
    visit = read_visit(form, "slot", free, at_desk.today)
    is_choice = form.yes("is_choice")
    if form.has_errors:
        return None
    offered = free[0] if is_choice and free else None
    return AppointFault(
        **_of(form, card),
        appointment_number=visit.appointment_number,
        slot_on=visit.slot_on,
        half_day=visit.half_day,
        offered_on=offered.slot_on if offered else None,
        offered_half_day=offered.half_day if offered else None,
    )


def queue(form: Form, card: FaultCard, _: Desk) -> QueueFault | None:
    return None if form.has_errors else QueueFault(**_of(form, card), words=form.text("words"))


def assign(form: Form, card: FaultCard, _: Desk) -> AssignFault | None:
    if form.has_errors:
        return None
    return AssignFault(**_of(form, card), engineer_code=form.code("engineer_code"), anyway=form.optional("anyway"))


def recall(form: Form, card: FaultCard, _: Desk) -> RecallFault | None:
    return None if form.has_errors else RecallFault(**_of(form, card), reason=form.text("reason"))


def arrive(form: Form, card: FaultCard, at_desk: Desk) -> ArriveOnSite | None:
    arrived_at = _moment(form, at_desk.at)
    return None if form.has_errors else ArriveOnSite(fault_number=card.summary.fault_number, arrived_at=arrived_at)


def give_back(form: Form, card: FaultCard, _: Desk) -> ReturnFault | None:
    reason, craft = form.member("return_reason", ReturnReason, RETURN_REASONS), form.member("craft", Craft, CRAFTS)
    if form.has_errors or reason is None:
        return None
    return ReturnFault(fault_number=card.summary.fault_number, reason=reason, words=form.text("words"), craft=craft)


def park(form: Form, card: FaultCard, at_desk: Desk) -> ParkFault | None:
    reason, parked_at = form.member("park_reason", ParkReason, PARK_REASONS), _moment(form, at_desk.at)
    if form.has_errors or reason is None:
        return None
    return ParkFault(**_of(form, card), reason=reason, words=form.text("words"), parked_at=parked_at)


def resume(form: Form, card: FaultCard, at_desk: Desk) -> ResumeFault | None:
    resumed_at = _moment(form, at_desk.at)
    return None if form.has_errors else ResumeFault(**_of(form, card), words=form.text("words"), resumed_at=resumed_at)


def expedite(form: Form, card: FaultCard, _: Desk) -> ExpediteFault | None:
    if form.has_errors:
        return None
    return ExpediteFault(**_of(form, card), care_level=form.code("care_level"), consented_by=form.text("consented_by"))


def miss(form: Form, card: FaultCard, _: Desk) -> MissVisit | None:
    cause = form.member("cause", MissCause, MISS_CAUSES)
    return None if form.has_errors or cause is None else MissVisit(**_of(form, card), cause=cause, words=form.text("words"))


def clear(form: Form, card: FaultCard, at_desk: Desk) -> ClearFault | None:
    cleared_at, pair = _moment(form, at_desk.at), form.whole("pair_number")
    if form.has_errors:
        return None
    return ClearFault(
        **_of(form, card), clear_code=form.code("clear_code"), words=form.text("words"), cleared_at=cleared_at, pair_number=pair
    )


def accept(form: Form, card: FaultCard, _: Desk) -> AcceptClear | None:
    return None if form.has_errors else AcceptClear(**_of(form, card), words=form.text("words"))


def reject(form: Form, card: FaultCard, _: Desk) -> RejectClear | None:
    return None if form.has_errors else RejectClear(**_of(form, card), reason=form.text("reason"))


def detach(form: Form, card: FaultCard, _: Desk) -> DetachFault | None:
    return None if form.has_errors else DetachFault(**_of(form, card), reason=form.text("reason"))


def withdraw(form: Form, card: FaultCard, _: Desk) -> WithdrawFault | None:
    return None if form.has_errors else WithdrawFault(**_of(form, card), reason=form.text("reason"))


def _of(form: Form, card: FaultCard) -> dict[str, Any]:
    return {"fault_number": card.summary.fault_number, "row_version": form.version()}


def _moment(form: Form, at: datetime) -> datetime | None:
    return form.reading("happened_at", lambda typed: read_moment(typed, at, element="happened_at"))
