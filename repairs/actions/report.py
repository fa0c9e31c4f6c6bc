"""Taking a fault report, and taking it back."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import Nation, london_date
from css.core.deadline import care_deadline
from css.core.errors import Conflict, NotFound, Refusals, Refused
from css.core.ids import IdKind
from css.core.phone import display_number, parse_number
from css.core.words import HoldKind
from css.db.constraints import constraint_of
from css.handover import lift_hold, place_hold
from css.master.districts import District
from css.master.guiding import Guided, number_in_use
from css.master.products import Product
from css.master.serials import next_number
from css.master.services import Service
from css.master.sites import Site
from repairs.actions.clock import start_clock, stop_clock
from repairs.actions.working import hold_key, locked_fault, record, require_may, step, tell
from repairs.commands.faults import FaultChanged, FaultReported, ReportFault, WithdrawFault
from repairs.model import Fault
from repairs.rules.report import SYMPTOMS, report_faults, too_long
from repairs.words import FaultState

STANDARD_CARE: Final = "1"
"""The care level of a line whose product comes with none."""


@audit.answered
def report_fault(session: Session, command: ReportFault, *, by: Actor, at: datetime) -> FaultReported:
    """Take a fault report on a working line: number it, start the care level's clock, hold debt treatment back.

    Raises:
        NotFound: CSS311E, no working line of the asker's has that number.
        Refused: CSS302E to CSS307E, CSS315E the actor may not. With CSS311E and what ``parse_number`` says of either
            number, all at once as ``Several``.
        Conflict: CSS312E, a fault is open on the line already; it is named, so that the caller can be told how it stands.
    """
    require_may(by, "report")
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
        exchange_id=_exchange(session, guided.site_id),
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
        line_care_level=level,
        reported_at=command.reported_at or at,
        accepted_at=at,
        original_due_at=deadline.due_at,
        due_at=deadline.due_at,
        reported_by=by.name,
    )
    _keep(session, fault)
    start_clock(session, fault, by=by, at=at)
    place_hold(
        session,
        source_key=hold_key(fault.number),
        account_id=guided.account_id,
        line_id=guided.line_id,
        kind=HoldKind.OPEN_FAULT,
        reference=fault.number,
        at=at,
    )
    tell(session, fault, "report", f"Reported: {SYMPTOMS[command.symptom_code].words}. {deadline.words}", by=by, at=at)
    record(session, fault, command, "report_fault", None, by=by, at=at)
    return FaultReported(
        fault_number=fault.number, state=fault.state, care_level=level, due_at=deadline.due_at, deadline_words=deadline.words
    )


@audit.answered
def withdraw_fault(session: Session, command: WithdrawFault, *, by: Actor, at: datetime) -> FaultChanged:
    """The customer takes the report back.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed the fault meanwhile.
        Refused: CSS301E not from where it stands, CSS305E, CSS309E no reason, CSS315E the actor may not.
    """
    require_may(by, "withdraw")
    wrong = Refusals()
    if not command.reason.strip():
        wrong.add(Refused("CSS309E", "Say why the report is withdrawn.", element="reason"))
    wrong.add(*too_long(reason=command.reason))
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    before = step(session, fault, "withdraw", f"Withdrawn: {command.reason.strip()}", by=by, at=at)
    stop_clock(session, fault, by=by, at=at)
    lift_hold(session, source_key=hold_key(fault.number), at=at)
    record(session, fault, command, "withdraw_fault", before, by=by, at=at)
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=False)


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


def _exchange(session: Session, site_id: int) -> int:
    return session.execute(select(Site.exchange_id).where(Site.id == site_id)).scalar_one()


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


def _open_already(session: Session, line_id: int | None) -> Conflict:
    number = session.execute(select(Fault.number).where(Fault.line_id == line_id, Fault.is_open)).scalar()
    if number is None:  # cleared between the database's no and our looking
        return Conflict("CSS031E", "Somebody else changed the same records at the same moment; do it again.")
    return Conflict(
        "CSS312E",
        "A fault is open on this line already: {fault}. Add to it instead of reporting it twice.",
        fault=number,
        element="number",
    )
