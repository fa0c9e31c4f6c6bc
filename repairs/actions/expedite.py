"""Which care level counts for a fault, and a better one bought for it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.deadline import instant_words
from css.core.errors import Refusals, Refused
from css.master.care_levels import care_book
from repairs.actions.clock import settle_due
from repairs.actions.telling import will_warn
from repairs.actions.working import locked_fault, record, require_may, step
from repairs.commands.faults import ExpediteFault, FaultChanged
from repairs.model import Fault
from repairs.queries.intervals import nation_of
from repairs.reference import policy_on
from repairs.rules.clock import unsaid
from repairs.rules.levels import Level, check_better, level_for
from repairs.rules.lifecycle import move
from repairs.rules.report import too_long
from repairs.words import FaultKind


def level_of(session: Session, *, line_level: str, is_vulnerable: bool, on: date, bought: str | None = None) -> Level:
    """The care level that counts for a fault accepted on a day: the line's, or a vulnerable customer's free of charge, or one bought.

    Raises:
        Refused: CSS329E, what is bought is no better than what there is without.
        BadMessage: CSS070E, there is no such level.
    """
    priority = policy_on(session, on).priority_level if is_vulnerable else None
    return level_for(care_book(session, on), line_level=line_level, priority_level=priority, bought=bought)


@audit.answered
def expedite_fault(session: Session, command: ExpediteFault, *, by: Actor, at: datetime) -> FaultChanged:
    """Buy a better care level for this fault alone: its clock starts now, and whichever deadline is the earlier counts.

    The first deadline stays what it was. The level is charged when the fault is cleared, unless its deadline was missed.

    Raises:
        NotFound: CSS313E.
        Conflict: CSS314E.
        BadMessage: CSS070E, there is no such level.
        Refused: CSS301E not from where it stands, CSS305E, CSS315E the actor may not, CSS325E nobody agreed to pay, CSS329E the level
            is no better, one was bought before, or it is damage.
    """
    require_may(by, "expedite")
    wrong = Refusals()
    wrong.add(
        *unsaid("who agreed to pay for the better level", consented_by=command.consented_by), *too_long(consented_by=command.consented_by)
    )
    wrong.tell()
    fault = locked_fault(session, command.fault_number, by, command.row_version)
    move(fault.number, fault.state, "expedite")
    _check_buyable(fault)
    book = care_book(session, london_date(at))
    book.terms(command.care_level)
    check_better(book, fault.care_level, command.care_level)
    was_due_at, was_level = fault.due_at, fault.care_level
    fault.is_expedited = True
    fault.expedited_at = at
    fault.care_level = command.care_level
    settle_due(session, fault)
    nation = nation_of(session, fault.district_code)
    bought = book.deadline(command.care_level, at, nation)
    warnings: tuple[str, ...] = ()
    if was_due_at < at:
        warnings = ("It was due before the better level was bought: that deadline stays missed, and nothing is charged for it.",)
    due = instant_words(fault.due_at, book.hours(command.care_level, nation))
    words = f"Expedited from level {was_level}, agreed to by {command.consented_by.strip()}. {bought.words} The earlier counts: {due}."
    will_warn(session, fault.id, "expedite", warnings)
    before = step(session, fault, "expedite", words, by=by, at=at)
    record(session, fault, command, "expedite_fault", before, by=by, at=at, due_at=fault.due_at.isoformat())
    return FaultChanged(fault_number=fault.number, state=fault.state, was_late=at > fault.due_at, due_at=fault.due_at, warnings=warnings)


def _check_buyable(fault: Fault) -> None:
    if fault.kind is FaultKind.DAMAGE:
        sentence = "Fault {fault} is damage: it has no customer to buy a better care level."
        raise Refused("CSS329E", sentence, fault=fault.number, element="fault_number")
    if fault.is_expedited:
        sentence = "Level {level} was bought for fault {fault} already; a second time is not possible."
        raise Refused("CSS329E", sentence, level=fault.care_level, fault=fault.number, element="care_level")
