"""The verbs of repairs: report, clear, withdraw. Each does the whole of its deed and leaves what others must take."""

from __future__ import annotations

from datetime import datetime

from css.master.guiding import number_in_use
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.codec import to_plain
from css.core.deadline import care_deadline
from css.core.errors import Conflict, NotFound, Refused, Several
from css.core.ids import IdKind, expect_id
from css.core.phone import display_number, parse_number
from css.core.words import FailureKind, HoldKind
from css.handover import leave_service_failure, lift_hold, place_hold
from css.master.districts import District, business_date
from css.master.products import Product
from css.master.providers import Provider
from css.master.serials import next_number
from css.master.services import Service
from repairs.commands import ClearFault, FaultChanged, FaultReported, ReportFault, WithdrawFault
from repairs.model import Fault, FaultEvent
from repairs.rules.lifecycle import move
from repairs.rules.report import SYMPTOMS, clear_code, faults_of_report
from repairs.words import FaultState


@audit.answered
def report_fault(session: Session, command: ReportFault, *, by: Actor, at: datetime) -> FaultReported:
    """Take a fault report on a working line: number it, start the care level's clock, hold debt treatment back.

    Raises:
        NotFound: CSS311E, no working line of the asker's has that number.
        Conflict: CSS312E, a fault is open on the line already; it is named, so that the caller can be told how it stands.
        Refused: CSS302E to CSS305E, all of them at once as Several.
    """
    number = parse_number(command.number)
    guided = number_in_use(session, number, at)
    if guided is None or (by.is_partner and guided.provider_code != by.provider_code):
        raise NotFound("CSS311E", "No working line has the number {number}.", number=display_number(number), element="number")
    contact_phone = parse_number(command.contact_phone, element="contact_phone")
    wrong = faults_of_report(
        symptom_code=command.symptom_code,
        products_on_line=_products_on(session, guided.line_id, at),
        contact_name=command.contact_name,
        words=command.words,
        hazard_notes=command.hazard_notes,
    )
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Several(tuple(wrong))
    reported_at = command.reported_at or at
    if reported_at > at:
        raise Refused("CSS307E", "The report cannot have been made in the future.", element="reported_at")
    open_fault = session.execute(select(Fault.number).where(Fault.line_id == guided.line_id, Fault.state == FaultState.REPORTED)).scalar()
    if open_fault:
        raise _open_already(open_fault)
    nation = session.execute(select(District.nation).where(District.code == guided.district_code)).scalar_one()
    level = guided.care_level or "1"
    deadline = care_deadline(level, at, nation.value)
    fault = Fault(
        number=next_number(session, guided.district_code, IdKind.FAULT),
        district_code=guided.district_code,
        provider_id=guided.provider_id,
        account_id=guided.account_id,
        line_id=guided.line_id,
        state=FaultState.REPORTED,
        symptom_code=command.symptom_code,
        is_total_loss=SYMPTOMS[command.symptom_code].is_total_loss,
        words=command.words or None,
        contact_name=command.contact_name,
        contact_phone=contact_phone,
        access_notes=command.access_notes,
        hazard_notes=command.hazard_notes,
        equipment_checked=command.equipment_checked,
        power_checked=command.power_checked,
        care_level=level,
        reported_at=reported_at,
        accepted_at=at,
        original_due_at=deadline.due_at,
        due_at=deadline.due_at,
        reported_by=by.name,
    )
    session.add(fault)
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        if "uq_fault_open_on_line" in str(error.orig):
            raise _open_already("by somebody else just now") from None
        raise
    _tell(session, fault, by, at, f"Reported: {SYMPTOMS[command.symptom_code].words}. {deadline.words}")
    place_hold(
        session,
        source_key=f"fault/{fault.number}",
        account_id=fault.account_id,
        line_id=fault.line_id,
        kind=HoldKind.OPEN_FAULT,
        reference=fault.number,
        at=at,
    )
    audit.record(session, by=by, at=at, verb="report_fault", subject=("fault", fault.number), after=to_plain(command))
    return FaultReported(
        fault_number=fault.number, state=fault.state, care_level=level, due_at=deadline.due_at, deadline_words=deadline.words
    )


@audit.answered
def clear_fault(session: Session, command: ClearFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Record that service is restored. A total loss of ours cleared late is left for billing's compensation rule.

    Raises:
        NotFound: CSS313E. Conflict: CSS314E. Refused: CSS301E, CSS306E, CSS308E.
    """
    code = clear_code(command.clear_code)
    fault = _fault(session, command.fault_number, by, command.row_version)
    cleared_at = command.cleared_at or at
    if not fault.reported_at <= cleared_at <= at:
        raise Refused(
            "CSS308E",
            "Fault {fault} can be cleared between its report and now, not at another time.",
            fault=fault.number,
            element="cleared_at",
        )
    before = {"state": fault.state.value}
    fault.state = move(fault.number, fault.state, "clear")
    fault.cleared_at = cleared_at
    fault.clear_code = code.code
    fault.clear_words = command.words or None
    fault.row_version += 1
    session.flush()
    was_late = cleared_at > fault.due_at
    _tell(session, fault, by, at, f"Cleared: {code.words}{', late' if was_late else ', in time'}.")
    lift_hold(session, source_key=f"fault/{fault.number}", at=at)
    if code.is_network_fault and fault.is_total_loss:
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
    audit.record(session, by=by, at=at, verb="clear_fault", subject=("fault", fault.number), before=before, after=to_plain(command))
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=was_late)


@audit.answered
def withdraw_fault(session: Session, command: WithdrawFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The customer takes the report back.

    Raises:
        NotFound: CSS313E. Conflict: CSS314E. Refused: CSS301E.
    """
    fault = _fault(session, command.fault_number, by, command.row_version)
    before = {"state": fault.state.value}
    fault.state = move(fault.number, fault.state, "withdraw")
    fault.row_version += 1
    session.flush()
    _tell(session, fault, by, at, f"Withdrawn: {command.reason}")
    lift_hold(session, source_key=f"fault/{fault.number}", at=at)
    audit.record(session, by=by, at=at, verb="withdraw_fault", subject=("fault", fault.number), before=before, after=to_plain(command))
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=False)


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
        )
    return fault


def _products_on(session: Session, line_id: int, at: datetime) -> frozenset[str]:
    day = london_date(at)
    codes = session.execute(
        select(Product.code)
        .join(Service, Service.product_id == Product.id)
        .where(Service.line_id == line_id, Service.starts_on <= day, (Service.ends_on.is_(None)) | (Service.ends_on > day))
    ).scalars()
    return frozenset(codes)


def _tell(session: Session, fault: Fault, by: Actor, at: datetime, words: str) -> None:
    """Add the next event of the fault's story. The fault's row is ours (new or locked), so the numbers have no gap."""
    last = session.execute(select(func.coalesce(func.max(FaultEvent.sequence), 0)).where(FaultEvent.fault_id == fault.id)).scalar_one()
    session.add(FaultEvent(fault_id=fault.id, sequence=last + 1, state=fault.state, occurred_at=at, done_by=by.name, words=words))


def _open_already(fault_number: str) -> Conflict:
    return Conflict(
        "CSS312E",
        "A fault is open on this line already: {fault}. Add to it instead of reporting it twice.",
        fault=fault_number,
        element="number",
    )
