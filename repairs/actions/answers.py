"""What the customer, or the provider whose customer it is, says to a clear: accepted, rejected, or nothing at all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words, to_london
from css.core.errors import Conflict, CssError, Refusals, Refused
from css.core.slots import SlotOf
from css.core.words import AppointmentState, HoldKind
from css.db.constraints import constraint_of
from css.handover import ItemToBill, leave_billable_items, place_hold
from css.master.appointments import Appointment
from css.master.districts import business_date
from repairs.actions.appointing import book_for_fault
from repairs.actions.beneath import is_over
from repairs.actions.clock import start_clock
from repairs.actions.telling import will_cost, will_warn
from repairs.actions.working import hold_key, locked_fault, record, require_may, step
from repairs.commands.faults import AcceptClear, AcceptSilentClears, FaultChanged, RejectClear, SilentClearsAccepted
from repairs.model import Fault, FaultEvent
from repairs.queries.charges import Owed, charge_words, owed_for
from repairs.rules.report import too_long
from repairs.words import FaultState

_SILENT = "Nobody rejected the clear in time: it is accepted."


@audit.answered
def accept_clear(session: Session, command: AcceptClear, *, by: Actor, at: datetime) -> FaultChanged:
    """Agree that a fault is put right. What whoever asked for it owes is left for billing, and the fault is closed.

    Raises:
        NotFound: CSS313E, for a partner also where it is another's.
        Conflict: CSS314E.
        Refused: CSS301E it is not cleared, CSS305E, CSS315E the actor may not.
    """
    require_may(by, "accept")
    wrong = Refusals()
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = fault.state
    said = command.words.strip()
    owed, _ = _accept(session, fault, f"Accepted: {said}" if said else "Accepted.", by=by, at=at)
    record(session, fault, command, "accept_clear", before, by=by, at=at)
    return FaultChanged(
        fault_number=fault.number,
        state=fault.state,
        was_late=fault.cleared_at is not None and fault.cleared_at > fault.due_at,
        charge_words=charge_words(owed, accepted=True),
    )


@audit.answered
def accept_silent_clears(session: Session, command: AcceptSilentClears, *, by: Actor, at: datetime) -> SilentClearsAccepted:
    """Accept the clears of a district that nobody rejected in time, as of the instant that time was up. Doing it again does nothing.

    At most ``most`` at once; what somebody else is working on is left for the next time. Uses ix_fault_accept_by.

    Raises:
        Refused: CSS315E the actor may not.
    """
    require_may(by, "reckon")
    faults = (
        session.execute(
            select(Fault)
            .where(Fault.state == FaultState.CLEARED, Fault.district_code == command.district_code, Fault.accept_by_at <= at)
            .order_by(Fault.accept_by_at, Fault.id)
            .limit(max(0, command.most))
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        .scalars()
        .all()
    )
    charges = 0
    for fault in faults:
        before, silent_at = fault.state, fault.accept_by_at
        assert silent_at is not None, "it was looked for by it"
        _, left = _accept(session, fault, _SILENT, by=by, at=silent_at)
        charges += left
        record(session, fault, command, "accept_silent_clears", before, by=by, at=at)
    return SilentClearsAccepted(accepted=len(faults), charges=charges)


def _accept(session: Session, fault: Fault, words: str, *, by: Actor, at: datetime) -> tuple[Owed, int]:
    owed = owed_for(session, fault)
    will_cost(session, fault.id, owed)
    told = charge_words(owed, accepted=True)
    step(session, fault, "accept", words if told is None else f"{words} {told}", by=by, at=at)
    step(session, fault, "close", "Closed.", by=by, at=at)
    return owed, _leave(session, fault, owed)


def _leave(session: Session, fault: Fault, owed: Owed) -> int:
    if not owed.charges or fault.account_id is None:
        return 0
    on = business_date(session, fault.district_code)
    return leave_billable_items(
        session,
        *(
            ItemToBill(
                source_key=f"fault/{fault.number}/{each.charge.what}{each.charge.mark}/{each.charge.product_code}",
                district_code=fault.district_code,
                account_id=fault.account_id,
                line_id=fault.line_id,
                service_id=each.service_id,
                product_id=each.product_id,
                words=each.charge.words,
                reference=fault.number,
                basis=each.basis,
                net_price=each.net_price,
                gross_price=each.gross_price,
                vat_code=each.vat_code,
                occurs_on=each.charge.occurs_on,
                business_date=on,
                quantity=each.charge.quantity,
            )
            for each in owed.charges
        ),
    )


@audit.answered
def reject_clear(session: Session, command: RejectClear, *, by: Actor, at: datetime) -> FaultChanged:
    """Say that a fault is not put right: the same fault goes on as if it had never been cleared, and nothing of that clear is charged.

    Its clock has run all the while, and debt treatment waits again. A slot that was promised and given back is promised again if it
    is still to be had; otherwise the fault waits in the queue, and that is told. An outage it hung on that is over lets it go.

    Raises:
        NotFound: CSS313E, for a partner also where it is another's.
        Conflict: CSS314E; CSS869E another fault is open on the line meanwhile, it is named.
        Refused: CSS301E it is not cleared, CSS305E, CSS315E the actor may not, CSS868E no reason, CSS867E too late.
    """
    require_may(by, "reject")
    wrong = Refusals()
    if not command.reason.strip():
        wrong.add(Refused("CSS868E", "Say why the clear is rejected: what does not work.", element="reason"))
    wrong.add(*too_long(reason=command.reason))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = fault.state
    if before in {FaultState.ACCEPTED, FaultState.CLOSED} or (fault.accept_by_at is not None and at >= fault.accept_by_at):
        raise _too_late(session, fault)
    _reopen(session, fault, f"Clear rejected: {command.reason.strip()}", by=by, at=at)
    start_clock(session, fault, by=by, at=at)
    if fault.account_id is not None:
        place_hold(
            session,
            source_key=hold_key(fault.number),
            account_id=fault.account_id,
            line_id=fault.line_id,
            kind=HoldKind.OPEN_FAULT,
            reference=fault.number,
            at=at,
        )
    warnings = _promise_again(session, fault, by=by, at=at)
    will_warn(session, fault.id, "reject", warnings)
    record(session, fault, command, "reject_clear", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at, warnings=warnings)


def _reopen(session: Session, fault: Fault, words: str, *, by: Actor, at: datetime) -> None:
    """Whether another fault is open on the line meanwhile is the database's to say, so of a report and a reject one is first."""
    number, line_id = fault.number, fault.line_id
    try:
        with session.begin_nested():
            if fault.outage_id is not None and is_over(session, fault.outage_id):
                fault.outage_id = None
            step(session, fault, "reject", words, by=by, at=at)
    except IntegrityError as error:
        if constraint_of(error) != "uq_fault_open_on_line":
            raise
        other = session.execute(select(Fault.number).where(Fault.line_id == line_id, Fault.is_open)).scalar()
        raise Conflict(
            "CSS869E",
            "Fault {fault} cannot go on: {other} is open on the line meanwhile. Add to that.",
            fault=number,
            other=other or "another",
            element="fault_number",
        ) from error


def _promise_again(session: Session, fault: Fault, *, by: Actor, at: datetime) -> tuple[str, ...]:
    slot = None if fault.appointment_id is None else session.get_one(Appointment, fault.appointment_id)
    if slot is None or slot.state is not AppointmentState.CANCELLED:
        return ()
    promised = SlotOf(slot.slot_on, slot.half_day)
    lost = (f"The visit on {promised.words} was given back with the clear and cannot be promised again: agree another.",)
    if promised.begins_at <= at:
        return lost
    try:
        book_for_fault(session, fault, slot_on=slot.slot_on, half_day=slot.half_day, by=by, at=at)
    except Refused:
        return lost
    step(session, fault, "appoint", f"An engineer is promised for {promised.words} again.", by=by, at=at)
    return ()


def _too_late(session: Session, fault: Fault) -> CssError:
    accepted_at = session.execute(
        select(FaultEvent.occurred_at).where(FaultEvent.fault_id == fault.id, FaultEvent.deed == "accept").limit(1)
    ).scalar()
    shown = to_london(accepted_at or fault.accept_by_at or fault.accepted_at)
    return Refused(
        "CSS867E",
        "The clear of fault {fault} was accepted at {time} on {day}; it can be rejected no more. Report the line anew.",
        fault=fault.number,
        time=f"{shown:%H:%M}",
        day=day_words(shown.date()),
        element="fault_number",
    )
