"""What can be asked about faults: one in full, and the work list. Partners see their own."""

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
from css.master.accounts import Account
from css.master.lines import Line
from css.master.providers import Provider
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from repairs.model import Fault, FaultEvent
from repairs.rules.clear import CLEAR_CODES
from repairs.rules.report import SYMPTOMS
from repairs.words import FaultState

LIST_MAX = 200


@dataclass(frozen=True, slots=True)
class FaultEventRow:
    """One step of the story."""

    sequence: int
    state: FaultState
    occurred_at: datetime
    done_by: str
    words: str


@dataclass(frozen=True, slots=True)
class FaultRow:
    """A fault as lists show it."""

    fault_number: str
    state: FaultState
    account_number: str
    number: str | None
    """Telephone number, E.164 digits."""
    symptom_code: str
    symptom_words: str
    care_level: str
    reported_at: datetime
    due_at: datetime
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class FaultCard:
    """A fault in full."""

    summary: FaultRow
    provider_code: str
    site: str
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


def fault_card(session: Session, fault_number: str, *, by: Actor) -> FaultCard:
    """A fault in full, with its story.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    number = expect_id(fault_number, IdKind.FAULT, element="fault_number")
    row = session.execute(_alone(by.is_partner), {"fault_number": number, "provider_code": by.provider_code}).one_or_none()
    if row is None:
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    fault: Fault = row.Fault
    events = session.execute(select(FaultEvent).where(FaultEvent.fault_id == fault.id).order_by(FaultEvent.sequence)).scalars()
    return FaultCard(
        summary=_row(row),
        provider_code=row.provider_code,
        site=f"{row.premises} {row.street}, {row.town} {row.postcode}",
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
        events=tuple(FaultEventRow(event.sequence, event.state, event.occurred_at, event.done_by, event.words) for event in events),
    )


def open_faults(session: Session, district: str, *, by: Actor) -> tuple[FaultRow, ...]:
    """The work list of a district, soonest due first, at most 200. Uses ix_fault_due."""
    statement = _rows(by.is_partner).where(Fault.district_code == district, Fault.is_open)
    rows = session.execute(statement.order_by(Fault.due_at, Fault.id).limit(LIST_MAX), {"provider_code": by.provider_code})
    return tuple(_row(row) for row in rows)


def faults_of_account(session: Session, account_number: str, *, by: Actor, limit: int = 20) -> tuple[FaultRow, ...]:
    """An account's faults, newest first, at most 200. Uses ix_fault_account_id."""
    number = expect_id(account_number, IdKind.ACCOUNT, element="account_number")
    told = {"account_number": number, "shown": max(1, min(limit, LIST_MAX)), "provider_code": by.provider_code}
    rows = session.execute(_of_account(by.is_partner), told)
    return tuple(_row(row) for row in rows)


def faults_of_line(session: Session, line_id: int, *, by: Actor, limit: int = 20) -> tuple[FaultRow, ...]:
    """The faults of a line, whoever it was billed to then, newest first, at most 200. Uses ix_fault_line_id."""
    newest = _rows(by.is_partner).where(Fault.line_id == line_id).order_by(Fault.reported_at.desc(), Fault.id.desc())
    rows = session.execute(newest.limit(max(1, min(limit, LIST_MAX))), {"provider_code": by.provider_code})
    return tuple(_row(row) for row in rows)


def open_faults_of_line(session: Session, line_id: int, *, by: Actor) -> tuple[FaultRow, ...]:
    """What is open on a line: one fault or none (uq_fault_open_on_line)."""
    rows = session.execute(_open_on_line(by.is_partner), {"line_id": line_id, "provider_code": by.provider_code})
    return tuple(_row(row) for row in rows)


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and what it means."""

    code: str
    words: str


def symptoms() -> tuple[CodeRow, ...]:
    """Every symptom code."""
    return tuple(CodeRow(symptom.code, symptom.words) for symptom in SYMPTOMS.values())


def clear_codes() -> tuple[CodeRow, ...]:
    """Every clear code."""
    return tuple(CodeRow(clear.code, clear.words) for clear in CLEAR_CODES.values())


@cache
def _alone(is_partner: bool) -> Select[Any]:  # noqa: FBT001 - the key of a cache: built once, asked with values (docs/decisions/0143)
    wide = _rows(is_partner).add_columns(Fault, Site.premises, Site.street, Site.town, Site.postcode)
    return wide.where(Fault.number == bindparam("fault_number"))


@cache
def _of_account(is_partner: bool) -> Select[Any]:  # noqa: FBT001 - as above
    newest = _rows(is_partner).where(Account.number == bindparam("account_number")).order_by(Fault.reported_at.desc(), Fault.id.desc())
    return newest.limit(bindparam("shown", type_=Integer))


@cache
def _open_on_line(is_partner: bool) -> Select[Any]:  # noqa: FBT001 - as above
    return _rows(is_partner).where(Fault.line_id == bindparam("line_id"), Fault.is_open)


@cache
def _rows(is_partner: bool) -> Select[Any]:  # noqa: FBT001 - as above
    """To be asked with ``provider_code``."""
    latest = (
        select(ServiceNumber.number)
        .join(Service, Service.id == ServiceNumber.service_id)
        .where(Service.line_id == Fault.line_id, ServiceNumber.starts_at <= func.coalesce(Fault.cleared_at, Fault.accepted_at))
        .order_by(ServiceNumber.starts_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            Fault.number.label("fault_number"),
            Fault.state,
            Account.number.label("account_number"),
            latest.label("number"),
            Fault.symptom_code,
            Fault.care_level,
            Fault.reported_at,
            Fault.due_at,
            Fault.cleared_at,
            Provider.code.label("provider_code"),
        )
        .join(Account, Account.id == Fault.account_id)
        .join(Provider, Provider.id == Fault.provider_id)
        .join(Line, Line.id == Fault.line_id)
        .join(Site, Site.id == Line.site_id)
    )
    return statement.where(Provider.code == bindparam("provider_code")) if is_partner else statement


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
    )
