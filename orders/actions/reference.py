"""Changing the reference data of orders: from a day to come on, and never what was promised by it before."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import day_words
from css.core.codec import to_plain
from css.core.errors import BadMessage, CssError, Refusals, Refused
from css.master.districts import latest_business_date
from css.master.numbers import Quarantine
from css.master.operator_changes import require_supervisor
from orders.commands.reference import ReferenceSet, SetOrderTiming, SetQuarantine
from orders.model import OrderTiming

LEAD_MAX: Final = 250
"""Working days."""
NO_RETURN_MAX: Final = 60
"""Working days."""
REST_MAX: Final = 3650
"""Days."""


@audit.answered
def set_order_timing(session: Session, command: SetOrderTiming, *, by: Actor, at: datetime) -> ReferenceSet:
    """Set the lead time and point of no return of a kind of order from a day on. A row for that day is replaced; orders keep what
    they were promised.

    Raises:
        Refused: CSS111E; CSS871E, CSS872E at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    wrong.add(*_day_faults(session, command))
    numbers = (
        ("lead_working_days", command.lead_working_days, LEAD_MAX),
        ("no_return_working_days", command.no_return_working_days, NO_RETURN_MAX),
    )
    wrong.add(*(fault for fault in (_number_fault(*number) for number in numbers) if fault is not None))
    no_return_time = wrong.reading(lambda: _read_time(command.no_return_time))
    wrong.tell()
    row = insert(OrderTiming).values(
        kind=command.kind,
        outcome=command.outcome,
        needs_visit=command.needs_visit,
        starts_on=command.starts_on,
        lead_working_days=command.lead_working_days,
        no_return_working_days=command.no_return_working_days,
        no_return_time=no_return_time,
    )
    changed = {name: row.excluded[name] for name in ("lead_working_days", "no_return_working_days", "no_return_time")}
    session.execute(row.on_conflict_do_update(index_elements=["kind", "outcome", "needs_visit", "starts_on"], set_=changed))
    audit.record(session, by=by, at=at, verb="set_order_timing", subject=("order-timing", command.kind.value), after=to_plain(command))
    return ReferenceSet(starts_on=command.starts_on)


@audit.answered
def set_quarantine(session: Session, command: SetQuarantine, *, by: Actor, at: datetime) -> ReferenceSet:
    """Set how long numbers rest that are ceased from a day on. Those that rest already rest as long as they did.

    Raises:
        Refused: CSS111E; CSS871E, CSS872E at once as ``Several``.
    """
    require_supervisor(by)
    wrong = Refusals()
    fault = _number_fault("days", command.days, REST_MAX)
    wrong.add(*_day_faults(session, command), *([fault] if fault else []))
    wrong.tell()
    row = insert(Quarantine).values(starts_on=command.starts_on, days=command.days)
    session.execute(row.on_conflict_do_update(index_elements=["starts_on"], set_={"days": row.excluded.days}))
    audit.record(session, by=by, at=at, verb="set_quarantine", subject=("quarantine", str(command.starts_on)), after=to_plain(command))
    return ReferenceSet(starts_on=command.starts_on)


def _day_faults(session: Session, command: SetOrderTiming | SetQuarantine) -> list[CssError]:
    """It begins after every district's business date: nothing under way changes beneath somebody's hands."""
    on = latest_business_date(session)
    if command.starts_on > on:
        return []
    return [Refused("CSS871E", "It can begin from the day after {on} on, the business date.", on=day_words(on), element="starts_on")]


def _number_fault(name: str, number: int, most: int) -> CssError | None:
    if 0 <= number <= most:
        return None
    return Refused("CSS872E", "{what} are 0 to {most}.", what=name.replace("_", " ").capitalize(), most=most, element=name)


def _read_time(text: str) -> time:
    """London's clocks are meant; one that says another zone would be misread."""
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise BadMessage("CSS872E", "Write the time like 16:00.", element="no_return_time")
    return found
