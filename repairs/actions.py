"""The verbs of repairs: report, clear, withdraw. Each does the whole of its deed and leaves what others must take."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import Nation, london_date
from css.core.codec import to_plain
from css.core.deadline import care_deadline
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.core.words import FailureKind, HoldKind, Role
from css.db.constraints import constraint_of
from css.handover import leave_service_failure, lift_hold, place_hold
from css.master.districts import District, business_date
from css.master.guiding import Guided, number_in_use
from css.master.products import Product
from css.master.providers import Provider
from css.master.serials import next_number
from css.master.services import Service
from repairs.commands import ClearFault, FaultChanged, FaultReported, ReportFault, WithdrawFault
from repairs.model import Fault, FaultEvent
from repairs.rules.clear import ClearCode, check_cleared_at, clear_code, may_be_owed
from repairs.rules.lifecycle import move
from repairs.rules.report import SYMPTOMS, report_faults, too_long
from repairs.words import FaultState

STANDARD_CARE: Final = "1"
"""The care level of a line whose product comes with none."""
_DESK: Final = frozenset({Role.CLERK.value, Role.REPAIR.value, Role.SUPERVISOR.value})
_FIELD: Final = frozenset({Role.REPAIR.value, Role.SUPERVISOR.value})


@audit.answered
def report_fault(session: Session, command: ReportFault, *, by: Actor, at: datetime) -> FaultReported:
    """Take a fault report on a working line: number it, start the care level's clock, hold debt treatment back.

    Raises:
        NotFound: CSS311E, no working line of the asker's has that number.
        Refused: CSS302E to CSS307E, CSS315E the actor may not. With CSS311E and what ``parse_number`` says of either
            number, all at once as ``Several``.
        Conflict: CSS312E, a fault is open on the line already; it is named, so that the caller can be told how it stands.
    """
    _require_may(by, "report")
    wrong = Refusals()
    guided = wrong.reading(lambda: _guided(session, command.number, by, at))
    contact_phone = wrong.reading(lambda: parse_number(command.contact_phone, element="contact_phone"))
    products = None if guided is None else _products_on(session, guided.line_id, at)
    wrong.add(*report_faults(command, products_on_line=products, at=at))
    wrong.tell()
    assert guided is not None, "what was not found has been told"
    assert contact_phone is not None, "what could not be read has been told"
    level = guided.care_level or STANDARD_CARE
    deadline = care_deadline(level, at, _nation(session, guided.district_code))
    fault = Fault(
        number=next_number(session, guided.district_code, IdKind.FAULT),
        district_code=guided.district_code,
        provider_id=guided.provider_id,
        account_id=guided.account_id,
        line_id=guided.line_id,
        state=FaultState.REPORTED,
        symptom_code=command.symptom_code,
        is_total_loss=SYMPTOMS[command.symptom_code].is_total_loss,
        words=command.words.strip() or None,
        contact_name=command.contact_name.strip(),
        contact_phone=contact_phone,
        access_notes=command.access_notes,
        hazard_notes=command.hazard_notes,
        equipment_checked=command.equipment_checked,
        power_checked=command.power_checked,
        care_level=level,
        reported_at=command.reported_at or at,
        accepted_at=at,
        original_due_at=deadline.due_at,
        due_at=deadline.due_at,
        reported_by=by.name,
    )
    _keep(session, fault)
    place_hold(
        session,
        source_key=f"fault/{fault.number}",
        account_id=fault.account_id,
        line_id=fault.line_id,
        kind=HoldKind.OPEN_FAULT,
        reference=fault.number,
        at=at,
    )
    _tell(session, fault, f"Reported: {SYMPTOMS[command.symptom_code].words}. {deadline.words}", by=by, at=at)
    _record(session, fault, command, "report_fault", None, by=by, at=at)
    return FaultReported(
        fault_number=fault.number, state=fault.state, care_level=level, due_at=deadline.due_at, deadline_words=deadline.words
    )


@audit.answered
def clear_fault(session: Session, command: ClearFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Record that service is restored, and whether in time. What may be owed for it is left for billing's compensation rule.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS306E, CSS308E, CSS315E the actor may not.
    """
    _require_may(by, "clear")
    wrong = Refusals()
    code = wrong.reading(lambda: clear_code(command.clear_code))
    wrong.add(*too_long(words=command.words))
    wrong.tell()
    assert code is not None, "what nobody knows has been told"
    fault = _fault(session, command.fault_number, by, command.row_version)
    before, after = fault.state, move(fault.number, fault.state, "clear")
    cleared_at = command.cleared_at or at
    check_cleared_at(fault.number, cleared_at, reported_at=fault.reported_at, at=at)
    fault.state = after
    fault.cleared_at = cleared_at
    fault.clear_code = code.code
    fault.clear_words = command.words.strip() or None
    was_late = cleared_at > fault.due_at
    _end(session, fault, f"Cleared: {code.words}, {'late' if was_late else 'in time'}.", by=by, at=at)
    _leave_failure(session, fault, code, cleared_at)
    _record(session, fault, command, "clear_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=was_late)


@audit.answered
def withdraw_fault(session: Session, command: WithdrawFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The customer takes the report back.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS309E no reason, CSS315E the actor may not.
    """
    _require_may(by, "withdraw")
    wrong = Refusals()
    if not command.reason.strip():
        wrong.add(Refused("CSS309E", "Say why the report is withdrawn.", element="reason"))
    wrong.add(*too_long(reason=command.reason))
    wrong.tell()
    fault = _fault(session, command.fault_number, by, command.row_version)
    before, fault.state = fault.state, move(fault.number, fault.state, "withdraw")
    _end(session, fault, f"Withdrawn: {command.reason.strip()}", by=by, at=at)
    _record(session, fault, command, "withdraw_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=False)


def _require_may(by: Actor, deed: Literal["report", "clear", "withdraw"]) -> None:
    """The desk and partners report and take back; only the field says that a fault is put right."""
    roles = _FIELD if deed == "clear" else _DESK
    if (by.is_partner and deed == "clear") or (by.kind == "operator" and not roles & by.roles):
        raise Refused("CSS315E", "{who} may not {deed} faults.", who=by.name, deed=deed)


def _guided(session: Session, number: str, by: Actor, at: datetime) -> Guided:
    """The service that answers to the number now; the same answer where nothing does and where it is another provider's."""
    digits = parse_number(number)
    guided = number_in_use(session, digits, at, by=by)
    if guided is None:
        raise NotFound("CSS311E", "No working line has the number {number}.", number=display_number(digits), element="number")
    return guided


def _products_on(session: Session, line_id: int, at: datetime) -> frozenset[str]:
    day = london_date(at)
    codes = session.execute(
        select(Product.code)
        .join(Service, Service.product_id == Product.id)
        .where(Service.line_id == line_id, Service.starts_on <= day, (Service.ends_on.is_(None)) | (Service.ends_on > day))
    ).scalars()
    return frozenset(codes)


def _nation(session: Session, district_code: str) -> Nation:
    nation = session.execute(select(District.nation).where(District.code == district_code)).scalar_one()
    return nation.value


def _keep(session: Session, fault: Fault) -> None:
    """Write a new fault. Whether one is open on the line already is the database's to say, so of two reporters one is first."""
    try:
        with session.begin_nested():
            session.add(fault)
            session.flush()
    except IntegrityError as error:
        if constraint_of(error) != "uq_fault_open_on_line":
            raise
        raise _open_already(session, fault.line_id) from error


def _open_already(session: Session, line_id: int) -> Conflict:
    number = session.execute(select(Fault.number).where(Fault.line_id == line_id, Fault.state == FaultState.REPORTED)).scalar()
    if number is None:  # cleared between the database's no and our looking
        return Conflict("CSS031E", "Somebody else changed the same records at the same moment; do it again.")
    return Conflict(
        "CSS312E",
        "A fault is open on this line already: {fault}. Add to it instead of reporting it twice.",
        fault=number,
        element="number",
    )


def _fault(session: Session, number: str, by: Actor, row_version: int | None) -> Fault:
    """The fault, locked; the same answer for one that is not there and one of another provider's."""
    number = expect_id(number, IdKind.FAULT, element="fault_number")
    row = session.execute(
        select(Fault, Provider.code)
        .join(Provider, Provider.id == Fault.provider_id)
        .where(Fault.number == number)
        .with_for_update(of=Fault)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    fault: Fault = row.Fault
    if row_version is not None and row_version != fault.row_version:
        raise Conflict(
            "CSS314E",
            "Fault {fault} was changed by somebody else: it is {state} now (version {now}, you saw {seen}). Look again.",
            fault=number,
            state=fault.state.value,
            now=fault.row_version,
            seen=row_version,
            element="row_version",
        )
    return fault


def _end(session: Session, fault: Fault, words: str, *, by: Actor, at: datetime) -> None:
    """What every end of a fault has in common: the next version, an event, and debt treatment is held back no longer."""
    fault.row_version += 1
    session.flush()
    lift_hold(session, source_key=f"fault/{fault.number}", at=at)
    _tell(session, fault, words, by=by, at=at)


def _tell(session: Session, fault: Fault, words: str, *, by: Actor, at: datetime) -> None:
    """Add the next event of the fault's story. The fault's row is ours (new or locked), so the numbers have no gap."""
    last = session.execute(select(func.coalesce(func.max(FaultEvent.sequence), 0)).where(FaultEvent.fault_id == fault.id)).scalar_one()
    session.add(FaultEvent(fault_id=fault.id, sequence=last + 1, state=fault.state, occurred_at=at, done_by=by.name, words=words))
    session.flush()


def _leave_failure(session: Session, fault: Fault, code: ClearCode, cleared_at: datetime) -> None:
    is_owed = may_be_owed(
        code, is_total_loss=fault.is_total_loss, reported_at=fault.reported_at, due_at=fault.due_at, cleared_at=cleared_at
    )
    if not is_owed:
        return
    leave_service_failure(
        session,
        source_key=f"fault/{fault.number}/delayed-repair",
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


def _record(
    session: Session,
    fault: Fault,
    command: ReportFault | ClearFault | WithdrawFault,
    verb: str,
    before: FaultState | None,
    *,
    by: Actor,
    at: datetime,
) -> None:
    told = {name: value for name, value in to_plain(command).items() if name not in {"token", "row_version"}}
    audit.record(
        session,
        by=by,
        at=at,
        verb=verb,
        subject=("fault", fault.number),
        before=None if before is None else {"state": before.value},
        after={"state": fault.state.value, **told},
    )
    session.flush()
