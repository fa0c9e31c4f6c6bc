"""An engineer who goes to faults, and what follows from what is found there, said shortly for tests."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.words import HalfDay, MissCause, PairState, PriceKind, Segment
from css.handover import BillableItem
from css.master.plant import Pair
from css.master.products import price_on
from repairs.actions import (
    accept_clear,
    accept_silent_clears,
    add_engineer,
    appoint_fault,
    arrive_on_site,
    assign_fault,
    miss_visit,
    reject_clear,
)
from repairs.commands.dispatch import AddEngineer, ArriveOnSite, AssignFault
from repairs.commands.faults import (
    AcceptClear,
    AcceptSilentClears,
    AppointFault,
    FaultChanged,
    MissVisit,
    RejectClear,
    SilentClearsAccepted,
)
from repairs.model import ClockInterval, Fault
from repairs.words import Craft
from tests import builders
from tests.records.faults import AT, BY

ENGINEER = "FITTER"
TUESDAY = date(2026, 3, 3)
SOON = AT + timedelta(hours=6)
"""In time for every line here, and after every visit."""


def engineer(session: Session) -> None:
    add_engineer(
        session,
        AddEngineer(code=ENGINEER, name="Fred Itter", district_code="ZZ", crafts=tuple(Craft), exchange_codes=("WREN",)),
        by=BY,
        at=AT,
    )


def send(session: Session, number: str, *, at: datetime = AT) -> None:
    """The engineer goes there, and is there at once."""
    assign_fault(session, AssignFault(fault_number=number, engineer_code=ENGINEER, anyway="for a test"), by=BY, at=at)
    arrive_on_site(session, ArriveOnSite(fault_number=number), by=BY, at=at)


def accept(session: Session, number: str, *, by: Actor = BY, at: datetime = SOON, **others: object) -> FaultChanged:
    fields: dict[str, Any] = others
    return accept_clear(session, AcceptClear(fault_number=number, **fields), by=by, at=at)


def reject(session: Session, number: str, *, by: Actor = BY, at: datetime = SOON, **others: object) -> FaultChanged:
    fields: dict[str, Any] = {"reason": "Still dead."} | others
    return reject_clear(session, RejectClear(fault_number=number, **fields), by=by, at=at)


def silence(session: Session, at: datetime, *, most: int = 500) -> SilentClearsAccepted:
    return accept_silent_clears(session, AcceptSilentClears(district_code="ZZ", most=most), by=builders.SYSTEM, at=at)


def appoint(
    session: Session,
    number: str,
    on: date = TUESDAY,
    half_day: HalfDay = HalfDay.AM,
    *,
    by: Actor = BY,
    at: datetime = AT,
    **others: object,
) -> FaultChanged:
    fields: dict[str, Any] = {"slot_on": on, "half_day": half_day} | others
    return appoint_fault(session, AppointFault(fault_number=number, **fields), by=by, at=at)


def miss(session: Session, number: str, cause: MissCause, at: datetime, **others: object) -> FaultChanged:
    fields: dict[str, Any] = others
    return miss_visit(session, MissVisit(fault_number=number, cause=cause, **fields), by=BY, at=at)


def fault_of(session: Session, number: str) -> Fault:
    session.expire_all()
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def left(session: Session) -> dict[str, int]:
    """The billable items of faults: what follows the fault's number in the key, and how many."""
    rows = session.execute(select(BillableItem.source_key, BillableItem.quantity).where(BillableItem.source_key.like("fault/%")))
    return {row.source_key.split("/", 2)[2]: row.quantity for row in rows}


def price(session: Session, code: str, segment: Segment, on: date = builders.DAY) -> int:
    """Whole pence before VAT."""
    found = price_on(session, builders.product_id(session, code), PriceKind.ONE_OFF, segment, on)
    assert found is not None
    return int(found.net_price.pence) if found.basis.value == "net" else int(found.gross_price.pence)


def intervals(session: Session, number: str) -> list[tuple[str, datetime, datetime | None]]:
    rows = session.execute(
        select(ClockInterval)
        .join(Fault, Fault.id == ClockInterval.fault_id)
        .where(Fault.number == number)
        .order_by(ClockInterval.starts_at)
    ).scalars()
    return [(row.state.value, row.starts_at, row.ends_at) for row in rows]


def pair_states(session: Session, *pair_ids: int) -> list[PairState]:
    session.expire_all()
    return [session.get_one(Pair, pair_id).state for pair_id in pair_ids]
