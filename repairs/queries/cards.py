"""What can be asked about faults: one in full, and lists. Partners see their own, contractors what was given to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.slots import SlotOf
from css.core.words import AppointmentState
from css.master.accounts import Account
from css.master.appointments import Appointment
from css.master.customers import Customer
from css.master.lines import Line
from css.master.plant import Exchange
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from repairs.model import Engineer, Fault, FaultEvent, Visit
from repairs.queries.seen import asker, seen
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.report import SYMPTOMS
from repairs.rules.seeing import Eyes, eyes_of
from repairs.words import Craft, FaultKind, FaultState, Location, ReturnReason, VisitState

LIST_MAX = 200


@dataclass(frozen=True, slots=True)
class FaultEventRow:
    """One step of the story."""

    sequence: int
    state: FaultState
    occurred_at: datetime
    done_by: str
    words: str
    deed: str | None = None
    """By its name in the moves; none of events before deeds were kept."""


@dataclass(frozen=True, slots=True)
class VisitRow:
    """An engineer's attendance to a fault."""

    visit_id: int
    engineer_code: str
    engineer_name: str
    firm: str | None
    state: VisitState
    issued_at: datetime
    issued_by: str
    arrived_at: datetime | None
    ended_at: datetime | None
    return_reason: ReturnReason | None
    words: str | None


@dataclass(frozen=True, slots=True)
class PromisedSlot:
    """The visit the customer was promised."""

    appointment_number: str | None
    slot: SlotOf
    state: AppointmentState


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault as lists show it."""

    fault_number: str
    state: FaultState
    account_number: str | None
    """None of damage."""
    number: str | None
    """Telephone number, E.164 digits; of a further line of an installation, the installation's."""
    symptom_code: str
    symptom_words: str
    care_level: str
    reported_at: datetime
    due_at: datetime
    cleared_at: datetime | None
    kind: FaultKind = FaultKind.LINE
    place_words: str | None = None
    """Of damage: where it is."""
    is_in_outage: bool = False


@dataclass(frozen=True, slots=True)
class FaultCard:
    """A fault in full."""

    summary: FaultRow
    provider_code: str
    site: str
    """The address; of damage, the place in words."""
    is_total_loss: bool
    words: str | None
    contact_name: str
    contact_phone: str
    access_notes: str | None
    hazard_notes: str | None
    equipment_checked: bool
    power_checked: bool
    accepted_at: datetime
    original_due_at: datetime
    clear_code: str | None
    clear_words: str | None
    row_version: int
    events: tuple[FaultEventRow, ...]
    district_code: str
    exchange_code: str
    line_id: int | None
    is_vulnerable: bool
    """Somebody depends on the line."""
    visit_notes: str | None
    caller_name: str | None
    charge_band: int
    forced_reason: str | None
    line_care_level: str
    is_priority: bool
    is_expedited: bool
    expedited_at: datetime | None
    location: Location | None
    craft: Craft | None
    line_test_id: int | None
    outage_id: int | None
    is_repeat: bool
    is_early_life: bool
    chase_count: int
    last_chased_at: datetime | None
    owner_code: str | None
    breached_at: datetime | None
    accept_by_at: datetime | None
    clear_count: int
    done_words: str | None
    """What was done, as whoever cleared it says."""
    reported_by: str
    resumes_to: FaultState | None
    slot: PromisedSlot | None
    visits: tuple[VisitRow, ...]
    """Newest first; the first is live where its end is open. A contractor sees their own alone."""

    @property
    def live_visit(self) -> VisitRow | None:
        """Who has the fault now."""
        return self.visits[0] if self.visits and self.visits[0].ended_at is None else None


def fault_card(session: Session, fault_number: str, *, by: Actor) -> FaultCard:
    """A fault in full, with its story and its visits.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    number = expect_id(fault_number, IdKind.FAULT, element="fault_number")
    eyes = eyes_of(by)
    row = session.execute(_alone(eyes), {"fault_number": number, **asker(by)}).one_or_none()
    if row is None:
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    fault: Fault = row.Fault
    events = session.execute(select(FaultEvent).where(FaultEvent.fault_id == fault.id).order_by(FaultEvent.sequence)).scalars()
    return FaultCard(
        summary=_row(row),
        provider_code=row.provider_code,
        site=fault.place_words or f"{row.premises} {row.street}, {row.town} {row.postcode}",
        is_total_loss=fault.is_total_loss,
        words=fault.words,
        contact_name=fault.contact_name,
        contact_phone=fault.contact_phone,
        access_notes=fault.access_notes,
        hazard_notes=fault.hazard_notes,
        equipment_checked=fault.equipment_checked,
        power_checked=fault.power_checked,
        accepted_at=fault.accepted_at,
        original_due_at=fault.original_due_at,
        clear_code=fault.clear_code,
        clear_words=CLEAR_CODES[fault.clear_code].words if fault.clear_code else None,
        row_version=fault.row_version,
        events=tuple(
            FaultEventRow(event.sequence, event.state, event.occurred_at, event.done_by, event.words, event.deed) for event in events
        ),
        district_code=fault.district_code,
        exchange_code=row.exchange_code,
        line_id=fault.line_id,
        is_vulnerable=bool(row.is_vulnerable),
        visit_notes=fault.visit_notes,
        caller_name=fault.caller_name,
        charge_band=fault.charge_band,
        forced_reason=fault.forced_reason,
        line_care_level=fault.line_care_level,
        is_priority=fault.is_priority,
        is_expedited=fault.is_expedited,
        expedited_at=fault.expedited_at,
        location=fault.location,
        craft=fault.craft,
        line_test_id=fault.line_test_id,
        outage_id=fault.outage_id,
        is_repeat=fault.is_repeat,
        is_early_life=fault.is_early_life,
        chase_count=fault.chase_count,
        last_chased_at=fault.last_chased_at,
        owner_code=fault.owner_code,
        breached_at=fault.breached_at,
        accept_by_at=fault.accept_by_at,
        clear_count=fault.clear_count,
        done_words=fault.clear_words,
        reported_by=fault.reported_by,
        resumes_to=fault.resumes_to,
        slot=_slot(row),
        visits=_visits(session, fault.id, None if eyes is not Eyes.OF_VISITS else by.name),
    )


def open_faults(session: Session, district: str, *, by: Actor) -> tuple[FaultRow, ...]:
    """The work list of a district, soonest due first, at most 200. Uses ix_fault_due."""
    statement = _rows(eyes_of(by)).where(Fault.district_code == district, Fault.is_open)
    rows = session.execute(statement.order_by(Fault.due_at, Fault.number).limit(LIST_MAX), asker(by))
    return tuple(_row(row) for row in rows)


def faults_of_account(session: Session, account_number: str, *, by: Actor, limit: int = 20) -> tuple[FaultRow, ...]:
    """An account's faults, newest first, at most 200. Uses ix_fault_account_id."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    told = {"account_number": number, "shown": max(1, min(limit, LIST_MAX)), **asker(by)}
    rows = session.execute(_of_account(eyes_of(by)), told)
    return tuple(_row(row) for row in rows)


def faults_of_line(session: Session, line_id: int, *, by: Actor, limit: int = 20) -> tuple[FaultRow, ...]:
    """The faults of a line, whoever it was billed to then, newest first, at most 200. Uses ix_fault_line_id."""
    newest = _rows(eyes_of(by)).where(Fault.line_id == line_id).order_by(Fault.reported_at.desc(), Fault.id.desc())
    rows = session.execute(newest.limit(max(1, min(limit, LIST_MAX))), asker(by))
    return tuple(_row(row) for row in rows)


def open_faults_of_line(session: Session, line_id: int, *, by: Actor) -> tuple[FaultRow, ...]:
    """What is open on a line: one fault or none, and those that were forced beside it, oldest first."""
    rows = session.execute(_open_on_line(eyes_of(by)), {"line_id": line_id, **asker(by)})
    return tuple(_row(row) for row in rows)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and what it means."""

    code: str
    words: str


def symptoms() -> tuple[CodeRow, ...]:
    """Every symptom code."""
    return tuple(CodeRow(symptom.code, symptom.words) for symptom in SYMPTOMS.values())


@dataclass(frozen=True, slots=True)
class ClearCodeRow(CodeRow):
    """A clear code with what follows from it."""

    chargeable: bool
    fault_location: Location
    counts_as_network_fault: bool
    sla_applies: bool


def clear_codes() -> tuple[ClearCodeRow, ...]:
    """Every clear code."""
    return tuple(
        ClearCodeRow(clear.code, clear.words, clear.chargeable, clear.fault_location, clear.counts_as_network_fault, clear.sla_applies)
        for clear in CLEAR_CODES.values()
    )


@cache
def _alone(eyes: Eyes) -> Select[Any]:
    """Built once, asked with values (docs/decisions/0143)."""
    wide = (
        _rows(eyes)
        .add_columns(
            Fault,
            Site.premises,
            Site.street,
            Site.town,
            Site.postcode,
            Exchange.code.label("exchange_code"),
            Customer.is_vulnerable,
            Appointment.number.label("appointment_number"),
            Appointment.slot_on,
            Appointment.half_day,
            Appointment.state.label("appointment_state"),
        )
        .join(Exchange, Exchange.id == Fault.exchange_id)
        .outerjoin(Site, Site.id == Line.site_id)
        .outerjoin(Customer, Customer.id == Account.customer_id)
        .outerjoin(Appointment, Appointment.id == Fault.appointment_id)
    )
    return wide.where(Fault.number == bindparam("fault_number"))


@cache
def _of_account(eyes: Eyes) -> Select[Any]:
    newest = _rows(eyes).where(Account.number == bindparam("account_number")).order_by(Fault.reported_at.desc(), Fault.id.desc())
    return newest.limit(bindparam("shown", type_=Integer))


@cache
def _open_on_line(eyes: Eyes) -> Select[Any]:
    return _rows(eyes).where(Fault.line_id == bindparam("line_id"), Fault.is_open).order_by(Fault.accepted_at, Fault.id)


@cache
def _rows(eyes: Eyes) -> Select[Any]:
    """To be asked with the values of ``asker``."""
    latest = (
        select(ServiceNumber.number)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(
            Service.line_id == func.coalesce(Line.auxiliary_of_id, Fault.line_id),
            ServiceNumber.starts_at <= func.coalesce(Fault.cleared_at, Fault.accepted_at),
        )
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .correlate(Fault, Line)
        .scalar_subquery()
    )
    return (
        select(
            Fault.number.label("fault_number"),
            Fault.state,
            Fault.kind,
            Fault.place_words,
            Fault.outage_id,
            Account.number.label("account_number"),
            latest.label("number"),
            Fault.symptom_code,
            Fault.care_level,
            Fault.reported_at,
            Fault.due_at,
            Fault.cleared_at,
            Provider.code.label("provider_code"),
        )
        .join(Provider, Provider.id == Fault.provider_id)
        .outerjoin(Account, Account.id == Fault.account_id)
        .outerjoin(Line, Line.id == Fault.line_id)
        .where(seen(eyes))
    )


def _row(row: Row[Any]) -> FaultRow:
    symptom = SYMPTOMS.get(row.symptom_code)
    return FaultRow(
        row.fault_number,
        row.state,
        row.account_number,
        row.number,
        row.symptom_code,
        symptom.words if symptom else row.symptom_code,
        row.care_level,
        row.reported_at,
        row.due_at,
        row.cleared_at,
        row.kind,
        row.place_words,
        row.outage_id is not None,
    )


def _slot(row: Row[Any]) -> PromisedSlot | None:
    if row.slot_on is None:
        return None
    return PromisedSlot(row.appointment_number, SlotOf(row.slot_on, row.half_day), row.appointment_state)


def _visits(session: Session, fault_id: int, only_of: str | None) -> tuple[VisitRow, ...]:
    statement = (
        select(Visit, Engineer.code, Engineer.name, Engineer.firm)
        .join(Engineer, Engineer.id == Visit.engineer_id)
        .where(Visit.fault_id == fault_id)
        .order_by(Visit.ended_at.is_(None).desc(), Visit.issued_at.desc(), Visit.id.desc())
    )
    if only_of is not None:
        statement = statement.where(Engineer.code == only_of)
    return tuple(
        VisitRow(
            row.Visit.id,
            row.code,
            row.name,
            row.firm,
            row.Visit.state,
            row.Visit.issued_at,
            row.Visit.issued_by,
            row.Visit.arrived_at,
            row.Visit.ended_at,
            row.Visit.return_reason,
            row.Visit.words,
        )
        for row in session.execute(statement)
    )
