"""What changes on an open fault without moving it: its notes, how often it is asked for, who sees it through."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.ids import IdKind, make_id
from repairs.actions import amend_fault, chase_fault, own_fault
from repairs.commands.faults import AmendFault, ChaseFault, OwnFault
from repairs.model import Fault, FaultEvent
from repairs.words import FaultState
from tests.records.faults import AT, BY, build, clear, codes, refusal, report

SOON = AT + timedelta(hours=1)


def fault_of(session: Session, number: str) -> Fault:
    return session.execute(select(Fault).where(Fault.number == number)).scalar_one()


def last_words(session: Session, number: str) -> str:
    events = select(FaultEvent.words).join(Fault, Fault.id == FaultEvent.fault_id).where(Fault.number == number)
    return session.execute(events.order_by(FaultEvent.sequence.desc()).limit(1)).scalar_one()


def amend(session: Session, number: str, by: Actor = BY, at: datetime = SOON, **changed: object) -> FaultState:
    fields: dict[str, Any] = changed
    return amend_fault(session, AmendFault(fault_number=number, **fields), by=by, at=at).state


def test_words_are_added_and_everything_else_is_put_in_its_place(session: Session) -> None:
    build(session)
    number = report(session, words="Dead since Sunday.", access_notes="Ring twice.", charge_band=1).fault_number
    amend(
        session,
        number,
        words="The neighbour's too.",
        contact_name="Bo Field",
        contact_phone="07700 900456",
        access_notes=" ",
        hazard_notes="A dog.",
        visit_notes="A long ladder.",
        charge_band=3,
        equipment_checked=True,
    )
    fault = fault_of(session, number)
    assert fault.words == "Dead since Sunday.\nThe neighbour's too."
    assert (fault.contact_name, fault.contact_phone) == ("Bo Field", "447700900456")
    assert (fault.access_notes, fault.hazard_notes, fault.visit_notes) == (None, "A dog.", "A long ladder.")
    assert (fault.charge_band, fault.equipment_checked, fault.power_checked) == (3, True, False)
    assert (fault.state, fault.row_version) == (FaultState.REPORTED, 2)
    assert last_words(session, number).startswith("Amended: ")
    assert "up to six hours" in last_words(session, number)


@pytest.mark.parametrize("said", [{}, {"words": " "}, {"contact_name": "Ada Tansley", "charge_band": 0}])
def test_an_amendment_that_changes_nothing_is_refused(session: Session, said: dict[str, object]) -> None:
    build(session)
    number = report(session).fault_number
    assert codes(refusal(amend, session, number, **said)) == [("CSS319E", "fault_number")]
    assert fault_of(session, number).row_version == 1


def test_everything_wrong_is_told_at_once(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    wrong = refusal(amend, session, number, contact_name=" ", contact_phone="12", charge_band=9, hazard_notes="x" * 51)
    assert {element for _, element in codes(wrong)} == {"contact_name", "contact_phone", "charge_band", "hazard_notes"}


def test_who_saw_an_older_version_does_not_write_over_what_came_since(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    amend(session, number, access_notes="Round the back.", row_version=1)
    assert codes(refusal(amend, session, number, access_notes="At the front.", row_version=1)) == [("CSS314E", "row_version")]
    assert fault_of(session, number).access_notes == "Round the back."


def test_chases_are_counted_with_their_time(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    for hours in (1, 2, 3):
        chase_fault(session, ChaseFault(fault_number=number, words="Works from home."), by=BY, at=AT + timedelta(hours=hours))
    fault = fault_of(session, number)
    assert (fault.chase_count, fault.last_chased_at, fault.state) == (3, AT + timedelta(hours=3), FaultState.REPORTED)
    assert last_words(session, number) == "Chased, the 3rd time. Works from home."


def test_an_owner_takes_over_from_another_and_owning_twice_is_owning_once(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    own_fault(session, OwnFault(fault_number=number), by=BY, at=SOON)
    own_fault(session, OwnFault(fault_number=number), by=BY, at=SOON)
    assert (fault_of(session, number).owner_code, fault_of(session, number).row_version) == (BY.name, 2)
    own_fault(session, OwnFault(fault_number=number), by=replace(BY, name="BEA"), at=SOON)
    assert last_words(session, number) == f"BEA sees it through instead of {BY.name}."


def test_nothing_is_amended_or_chased_once_it_has_ended(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    clear(session, number, at=SOON)
    assert codes(refusal(amend, session, number, visit_notes="Bring a ladder.")) == [("CSS301E", None)]
    assert codes(refusal(chase_fault, session, ChaseFault(fault_number=number), by=BY, at=SOON)) == [("CSS301E", None)]
    assert codes(refusal(own_fault, session, OwnFault(fault_number=number), by=BY, at=SOON)) == [("CSS301E", None)]


def test_a_partner_does_not_learn_that_anothers_fault_is_there(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    carrier = Actor("partner", "BRACKWAT", "BRACKWAT")
    for fault_number in (number, make_id("ZZ", IdKind.FAULT, 9_999_999)):
        assert codes(refusal(chase_fault, session, ChaseFault(fault_number=fault_number), by=carrier, at=SOON)) == [
            ("CSS313E", "fault_number")
        ]
