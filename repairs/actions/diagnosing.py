"""Where somebody who knows says the trouble is, and that a fault waits for the next engineer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.errors import Refusals
from css.master.appointment_book import give_back
from repairs.actions.clock import stop_waiting
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.faults import DiagnoseFault, FaultChanged, QueueFault
from repairs.rules.dispatch import craft_for
from repairs.rules.report import too_long


@audit.answered
def diagnose_fault(session: Session, command: DiagnoseFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Say where the trouble is and who must go, over what a test says. A fault that waits or is worked on stays where it stands.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not.
    """
    require_may(by, "diagnose")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    craft = command.craft or craft_for(command.location)
    said = command.words.strip()
    words = f"Diagnosed: {command.location.value}, {'anybody' if craft is None else craft.value} must go"
    before = step(session, fault, "diagnose", f"{words}: {said}" if said else f"{words}.", by=by, at=at)
    fault.location = command.location
    fault.craft = craft
    session.flush()
    record(session, fault, command, "diagnose_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at)


@audit.answered
def queue_fault(session: Session, command: QueueFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Let a fault wait for the next engineer. A slot that was promised is given back: the customer need not be in.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not.
    """
    require_may(by, "queue")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    said = command.words.strip()
    slot = fault.appointment_id
    words = "Waits for the next engineer" + (", the slot is given back" if slot is not None else "")
    before = step(session, fault, "queue", f"{words}: {said}" if said else f"{words}.", by=by, at=at)
    if slot is not None:
        give_back(session, slot, at=at)
        fault.appointment_id = None
        stop_waiting(session, fault, by=by, at=at)
    session.flush()
    record(session, fault, command, "queue_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at)
