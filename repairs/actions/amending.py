"""What changes on an open fault without moving it: what was said of it, who asks for it, who sees it through."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import Refusals, Refused
from css.core.phone import parse_number
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.faults import AmendFault, ChaseFault, FaultChanged, OwnFault
from repairs.model import Fault
from repairs.rules.report import CHARGE_BANDS, band_faults, contact_faults, too_long
from repairs.words import OPEN_STATES

WORDS_MAX: Final = 2000
"""All that was ever said of a fault."""
_TEXTS: Final = ("access_notes", "hazard_notes", "visit_notes")
_PLAIN: Final = ("charge_band", "equipment_checked", "power_checked")
_NAMES: Final = {
    "words": "what was said",
    "contact_name": "contact",
    "contact_phone": "contact's telephone",
    "access_notes": "access",
    "hazard_notes": "hazards",
    "visit_notes": "notes for the engineer",
    "charge_band": "charges agreed to",
    "equipment_checked": "equipment check",
    "power_checked": "power check",
}


@audit.answered
def amend_fault(session: Session, command: AmendFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Put right what was said of an open fault, or add to it. Nothing given, or everything as it is: CSS319E.

    Raises:
        NotFound: CSS313E. Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E it is not open, CSS304E, CSS305E, CSS315E the actor may not, CSS317E the charge band, CSS319E.
    """
    require_may(by, "amend")
    wrong = Refusals()
    wrong.add(
        *too_long(
            words=command.words,
            contact_name=command.contact_name,
            access_notes=command.access_notes,
            hazard_notes=command.hazard_notes,
            visit_notes=command.visit_notes,
        )
    )
    if command.contact_name is not None:
        wrong.add(*contact_faults(command.contact_name))
    if command.charge_band is not None:
        wrong.add(*band_faults(command.charge_band))
    given = command.contact_phone
    phone = None if given is None else wrong.reading(lambda: parse_number(given, element="contact_phone"))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    changed = _changes(fault, command, phone)
    if not changed:
        raise Refused("CSS319E", "Nothing about fault {fault} would be otherwise than it is.", fault=fault.number, element="fault_number")
    before = {name: getattr(fault, name) for name in changed}
    for name, value in changed.items():
        setattr(fault, name, value)
    told = ", ".join(_NAMES[name] for name in changed)
    if "charge_band" in changed:
        told += f" ({CHARGE_BANDS[fault.charge_band]})"
    state = step(session, fault, "amend", f"Amended: {told}.", by=by, at=at)
    record(session, fault, command, "amend_fault", state, by=by, at=at, was=before)
    return _changed(fault)


def _changes(fault: Fault, command: AmendFault, phone: str | None) -> dict[str, object]:
    """What would be otherwise, by its column."""
    wanted: dict[str, object] = {name: getattr(command, name) for name in _PLAIN if getattr(command, name) is not None}
    wanted |= {name: getattr(command, name).strip() or None for name in _TEXTS if getattr(command, name) is not None}
    if command.contact_name is not None:
        wanted["contact_name"] = command.contact_name.strip()
    if phone is not None:
        wanted["contact_phone"] = phone
    if command.words is not None and command.words.strip():
        more = command.words.strip()
        whole = f"{fault.words}\n{more}" if fault.words else more
        if len(whole) > WORDS_MAX:
            raise Refused("CSS305E", "{what}: at most {most} characters.", what="Words", most=WORDS_MAX, element="words")
        wanted["words"] = whole
    return {name: value for name, value in wanted.items() if value != getattr(fault, name)}


@audit.answered
def chase_fault(session: Session, command: ChaseFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The customer asks how it stands: counted, so that whoever is asked for often is seen.

    Raises:
        NotFound: CSS313E. Refused: CSS301E it is not open, CSS305E, CSS315E the actor may not.
    """
    require_may(by, "chase")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by)
    fault.chase_count += 1
    fault.last_chased_at = at
    words = f"Chased, the {_ordinal(fault.chase_count)} time." + (f" {command.words.strip()}" if command.words.strip() else "")
    state = step(session, fault, "chase", words, by=by, at=at)
    record(session, fault, command, "chase_fault", state, by=by, at=at)
    return _changed(fault)


@audit.answered
def own_fault(session: Session, command: OwnFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Whoever asks sees the fault through from here, until somebody else does. Owning it already changes nothing.

    Raises:
        NotFound: CSS313E. Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E it is not open, CSS315E the actor may not.
    """
    require_may(by, "own")
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    if fault.owner_code != by.name or fault.state not in OPEN_STATES:
        was = fault.owner_code
        fault.owner_code = by.name
        words = f"{by.name} sees it through" + (f" instead of {was}." if was else ".")
        state = step(session, fault, "own", words, by=by, at=at)
        record(session, fault, command, "own_fault", state, by=by, at=at, was=was)
    return _changed(fault)


def _changed(fault: Fault) -> FaultChanged:
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=fault.breached_at is not None, due_at=fault.due_at)


def _ordinal(count: int) -> str:
    if count % 100 in {11, 12, 13}:
        return f"{count}th"
    return f"{count}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th') }"
