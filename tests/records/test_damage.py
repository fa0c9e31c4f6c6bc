"""Damage: a place and no line. It waits for an engineer at once; nobody is compensated and no debt is held back for it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.handover import Hold
from repairs.actions.damage import report_damage
from repairs.commands.faults import FaultReported, ReportDamage
from repairs.model import ClockInterval, Fault
from repairs.queries.cards import fault_card
from repairs.queries.queue import queue_page
from repairs.words import FaultKind, FaultState, Location
from tests.records.faults import AT, BY, FIELD, build, clear, codes, count, refusal


def damage(session: Session, exchange_code: str, by: Actor = BY, **changed: object) -> FaultReported:
    said: dict[str, Any] = {"place_words": "The pole outside 4 Mill Lane leans over the road."} | changed
    command = ReportDamage(
        district_code="ZZ", exchange_code=exchange_code, contact_name="A passer-by", contact_phone="07700 900321", **said
    )
    return report_damage(session, command, by=by, at=AT)


@pytest.fixture
def exchange(session: Session) -> str:
    build(session)
    return "WREN"


@pytest.mark.parametrize(("hazard", "level"), [(None, "2"), (" ", "2"), ("Wires on the ground.", "4")])
def test_a_hazard_has_the_better_level(session: Session, exchange: str, hazard: str | None, level: str) -> None:
    told = damage(session, exchange, hazard_notes=hazard)
    assert (told.state, told.care_level) == (FaultState.QUEUED, level)
    fault = session.execute(select(Fault).where(Fault.number == told.fault_number)).scalar_one()
    assert (fault.kind, fault.line_id, fault.account_id, fault.location) == (FaultKind.DAMAGE, None, None, Location.LN)
    assert count(session, ClockInterval) == 1
    assert count(session, Hold) == 0


def test_it_is_seen_on_its_card_and_in_the_queue_and_cleared_without_anybody_owed(session: Session, exchange: str) -> None:
    number = damage(session, exchange).fault_number
    assert fault_card(session, number, by=BY).summary.account_number is None
    assert [row.fault_number for row in queue_page(session, "ZZ", by=BY, at=AT).rows] == [number]
    assert clear(session, number, code="TPD", by=FIELD).state is FaultState.CLEARED


def test_everything_wrong_is_told_at_once(session: Session, exchange: str) -> None:
    wrong = refusal(damage, session, "NOWHERE", place_words=" ", hazard_notes="x" * 51)
    assert {code for code, _ in codes(wrong)} == {"CSS321E", "CSS305E", "CSS827E"}


def test_a_partner_sees_its_own_only(session: Session, exchange: str) -> None:
    carrier = Actor("partner", "BRACKWAT", "BRACKWAT")
    own, ours = damage(session, exchange, by=carrier).fault_number, damage(session, exchange).fault_number
    assert fault_card(session, own, by=carrier).provider_code == "BRACKWAT"
    assert codes(refusal(fault_card, session, ours, by=carrier)) == [("CSS313E", "fault_number")]


def test_the_same_report_twice_is_one(session: Session, exchange: str) -> None:
    told = [damage(session, exchange, token="one").fault_number for _ in range(2)]
    assert told[0] == told[1]
