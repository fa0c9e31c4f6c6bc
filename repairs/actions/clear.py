"""Clearing a fault: what it was, what follows from it, and what the customer says to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import Refusals
from css.core.words import FailureKind
from css.handover import leave_service_failure, lift_hold
from css.master.districts import business_date
from repairs.actions.clock import stop_clock
from repairs.actions.working import hold_key, locked_fault, record, require_may, step
from repairs.commands.faults import ClearFault, FaultChanged
from repairs.model import Fault
from repairs.rules.clear import ClearCode, check_cleared_at, clear_code, may_be_owed
from repairs.rules.lifecycle import move
from repairs.rules.report import too_long


@audit.answered
def clear_fault(session: Session, command: ClearFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Record that service is restored, and whether in time. What may be owed for it is left for billing's compensation rule.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS306E, CSS308E, CSS315E the actor may not.
    """
    require_may(by, "clear")
    wrong = Refusals()
    code = wrong.reading(lambda: clear_code(command.clear_code))
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    assert code is not None, "what nobody knows has been told"
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    move(fault.number, fault.state, "clear")
    cleared_at = command.cleared_at or at
    check_cleared_at(fault.number, cleared_at, reported_at=fault.reported_at, at=at)
    stop_clock(session, fault, by=by, at=cleared_at)
    fault.cleared_at = cleared_at
    fault.clear_code = code.code
    fault.clear_words = command.words.strip() or None
    was_late = cleared_at > fault.due_at
    fault.clear_count += 1
    before = step(session, fault, "clear", f"Cleared: {code.words}, {'late' if was_late else 'in time'}.", by=by, at=at)
    lift_hold(session, source_key=hold_key(fault.number), at=at)
    _leave_failure(session, fault, code, cleared_at)
    record(session, fault, command, "clear_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=was_late)


def _leave_failure(session: Session, fault: Fault, code: ClearCode, cleared_at: datetime) -> None:
    is_owed = may_be_owed(
        code, is_total_loss=fault.is_total_loss, reported_at=fault.reported_at, due_at=fault.due_at, cleared_at=cleared_at
    )
    if not is_owed or fault.account_id is None or fault.line_id is None:
        return
    leave_service_failure(
        session,
        source_key=f"fault/{fault.number}/delayed-repair" + (f"/{fault.clear_count}" if fault.clear_count > 1 else ""),
        district_code=fault.district_code,
        account_id=fault.account_id,
        line_id=fault.line_id,
        kind=FailureKind.DELAYED_REPAIR,
        reference=fault.number,
        issue_on=london_date(fault.reported_at),
        promised_at=fault.due_at,
        put_right_at=cleared_at,
        business_date=business_date(session, fault.district_code),
    )
