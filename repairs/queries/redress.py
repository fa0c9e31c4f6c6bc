"""What repairs know of one fault that decides its money: the customer's own delay, the guarantee, and what it is to cost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from repairs.model import Fault
from repairs.queries.charges import charge_words, owed_for
from repairs.queries.guarantees import guarantee_of
from repairs.queries.intervals import intervals_of
from repairs.queries.seen import asker, eyes_of, seen
from repairs.rules.clock import customer_delays
from repairs.words import FaultState


@dataclass(frozen=True, slots=True, kw_only=True)
class RedressFacts:
    """Of an open fault as if it were put right now."""

    held: tuple[tuple[datetime, datetime], ...]
    """The customer's own delay."""
    is_guaranteed: bool
    guarantee_ends_at: datetime | None
    charge_words: str | None
    """What the clear comes to once it is accepted; none of an open fault."""


def redress_facts(session: Session, fault_number: str, *, by: Actor, at: datetime) -> RedressFacts:
    """What decides a fault's money besides its card.

    Raises:
        NotFound: CSS313E, none of that number for the asker.
    """
    number = expect_id(fault_number, IdKind.FAULT, element="fault_number")
    mine = select(Fault).where(Fault.number == number, seen(eyes_of(by)))
    fault = session.execute(mine, asker(by)).scalar_one_or_none()
    if fault is None:
        raise NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")
    begun = [one for one in intervals_of(session, fault.id) if one.starts_at <= at]
    lived = [one if one.ends_at is not None else replace(one, ends_at=at) for one in begun]
    is_guaranteed, ends_at = guarantee_of(session, fault, fault.clear_code or "")
    is_accepted = fault.state in {FaultState.ACCEPTED, FaultState.CLOSED}
    return RedressFacts(
        held=tuple(customer_delays(lived)),
        is_guaranteed=is_guaranteed,
        guarantee_ends_at=ends_at,
        charge_words=charge_words(owed_for(session, fault), accepted=is_accepted) if fault.cleared_at is not None else None,
    )
