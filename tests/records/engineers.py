"""Engineers and the verbs of dispatch said shortly, for tests. The shift FIELD is 08:00 to 18:00, Monday to Saturday."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import Role
from repairs.actions import (
    add_engineer,
    arrive_on_site,
    assign_fault,
    diagnose_fault,
    queue_fault,
    recall_fault,
    report_damage,
    return_fault,
    take_next,
)
from repairs.commands.dispatch import (
    AddEngineer,
    ArriveOnSite,
    AssignFault,
    EngineerChanged,
    FaultIssued,
    RecallFault,
    ReturnFault,
    TakeNext,
)
from repairs.commands.faults import DiagnoseFault, FaultChanged, QueueFault, ReportDamage
from repairs.words import Craft, Location, ReturnReason
from tests.records.faults import AT, BY

CONTROL = Actor("operator", "CONTROL", "RETAIL", frozenset({Role.REPAIR.value}), "screen")


def contractor(code: str) -> Actor:
    return Actor("operator", code, "RETAIL", frozenset({Role.CONTRACTOR.value}), "screen")


def engineer(session: Session, code: str = "JOE", by: Actor = BY, at: datetime = AT, **changed: object) -> EngineerChanged:
    fields: dict[str, Any] = {
        "name": f"{code.title()} Fitter",
        "district_code": "ZZ",
        "crafts": tuple(Craft),
        "exchange_codes": ("WREN",),
    } | changed
    return add_engineer(session, AddEngineer(code=code, **fields), by=by, at=at)


def assign(session: Session, number: str, code: str = "JOE", by: Actor = CONTROL, at: datetime = AT, **changed: object) -> FaultIssued:
    fields: dict[str, Any] = changed
    return assign_fault(session, AssignFault(fault_number=number, engineer_code=code, **fields), by=by, at=at)


def take(session: Session, code: str = "JOE", by: Actor = CONTROL, at: datetime = AT) -> FaultIssued:
    return take_next(session, TakeNext(engineer_code=code), by=by, at=at)


def arrive(session: Session, number: str, by: Actor = CONTROL, at: datetime = AT, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = changed
    return arrive_on_site(session, ArriveOnSite(fault_number=number, **fields), by=by, at=at)


def give_back(
    session: Session, number: str, reason: ReturnReason = ReturnReason.STORES, by: Actor = CONTROL, at: datetime = AT, **changed: object
) -> FaultChanged:
    fields: dict[str, Any] = changed
    return return_fault(session, ReturnFault(fault_number=number, reason=reason, **fields), by=by, at=at)


def recall(session: Session, number: str, by: Actor = CONTROL, at: datetime = AT, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = {"reason": "Wanted elsewhere."} | changed
    return recall_fault(session, RecallFault(fault_number=number, **fields), by=by, at=at)


def diagnose(
    session: Session, number: str, location: Location = Location.CO, by: Actor = CONTROL, at: datetime = AT, **changed: object
) -> FaultChanged:
    fields: dict[str, Any] = changed
    return diagnose_fault(session, DiagnoseFault(fault_number=number, location=location, **fields), by=by, at=at)


def queue(session: Session, number: str, by: Actor = CONTROL, at: datetime = AT, **changed: object) -> FaultChanged:
    fields: dict[str, Any] = changed
    return queue_fault(session, QueueFault(fault_number=number, **fields), by=by, at=at)


def damage(session: Session, by: Actor = BY, at: datetime = AT, **changed: object) -> str:
    fields: dict[str, Any] = {
        "district_code": "ZZ",
        "exchange_code": "WREN",
        "place_words": "Pole leaning at the corner of Mill Lane",
        "contact_name": "Ben Oakes",
        "contact_phone": "07700 900124",
    } | changed
    return report_damage(session, ReportDamage(**fields), by=by, at=at).fault_number
