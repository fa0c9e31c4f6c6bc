"""The queue narrowed by everything it shows, with damage in it, and its way back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from css.core.words import HalfDay
from repairs.actions import appoint_fault, own_fault
from repairs.commands.faults import AppointFault, OwnFault
from repairs.queries.queue import queue_page
from repairs.words import Craft, FaultKind, FaultState, Location
from tests import builders
from tests.records.engineers import assign, damage, diagnose, engineer, queue
from tests.records.faults import AT, BY, Town, build, report


@pytest.fixture
def town(session: Session) -> Town:
    return build(session)


def test_the_queue_is_narrowed_by_everything_it_shows(session: Session, town: Town) -> None:
    own, other, broken = report(session).fault_number, report(session, number=town.carrier_line.number).fault_number, damage(session)
    engineer(session)
    diagnose(session, own, Location.FU)
    queue(session, own)
    assign(session, own)
    own_fault(session, OwnFault(fault_number=other), by=builders.CLERK, at=AT)
    session.execute(text("UPDATE repairs.fault SET due_at = due_at + interval '1 hour' WHERE number = :other"), {"other": other})

    def found(**criteria: object) -> set[str]:
        return {row.fault_number for row in queue_page(session, "ZZ", by=BY, at=AT, **criteria).rows}  # type: ignore[arg-type]

    assert found() == {own, other, broken}
    assert found(state=FaultState.ISSUED) == {own}
    assert found(state=FaultState.REPORTED) == {other}
    assert found(kind=FaultKind.DAMAGE) == {broken}
    assert found(craft=Craft.FRAMES) == {own}
    assert found(owner_code="clerk1") == {other}
    assert found(engineer_code="joe") == {own}
    assert found(only_moved=True) == {other}
    assert found(in_outage=True) == found(outage_id=1) == set()
    assert found(in_outage=False) == {own, other, broken}
    assert found(state=FaultState.ISSUED, owner_code="CLERK1") == set()
    rows = {row.fault_number: row for row in queue_page(session, "ZZ", by=BY, at=AT).rows}
    assert (rows[own].engineer_code, rows[own].craft, rows[other].owner_code) == ("JOE", Craft.FRAMES, "CLERK1")
    assert rows[other].was_moved
    assert not rows[own].was_moved


def test_damage_stands_in_the_queue_with_its_place(session: Session, town: Town) -> None:
    broken = damage(session, hazard_notes="Live wires")
    (row,) = queue_page(session, "ZZ", by=BY, at=AT).rows
    assert (row.fault_number, row.kind, row.is_hazard) == (broken, FaultKind.DAMAGE, True)
    assert row.place_words == "Pole leaning at the corner of Mill Lane"
    assert (row.account_number, row.number, row.area, row.street) == (None, None, None, None)
    assert queue_page(session, "ZZ", by=BY, at=AT, area="ZZ1").total == 0
    assert queue_page(session, "ZZ", by=BY, at=AT, only_vulnerable=True).total == 0


def test_the_slot_that_was_promised_is_shown(session: Session, town: Town) -> None:
    number = report(session).fault_number
    appoint_fault(session, AppointFault(fault_number=number, slot_on=builders.DAY, half_day=HalfDay.PM), by=BY, at=AT)
    (row,) = queue_page(session, "ZZ", by=BY, at=AT).rows
    assert row.slot is not None
    assert row.slot.short == "Mon 2 Mar PM"


def test_every_page_there_is_met_on_the_way_back(session: Session) -> None:
    zz = builders.district(session, pairs=16, sites=14)
    account = builders.account(session, zz)
    for minute in range(11):
        number = builders.working_line(session, zz, account).number
        report(session, number=number, at=AT + timedelta(minutes=minute))
    ahead, after = [], ""
    while True:
        page = queue_page(session, "ZZ", by=BY, at=AT, after=after, limit=3)
        ahead.append((page.first_place, [row.fault_number for row in page.rows]))
        if page.forward is None:
            break
        after = page.forward
    assert [place for place, _ in ahead] == [1, 4, 7, 10]
    behind = [ahead[-1]]
    while page.back is not None:
        page = queue_page(session, "ZZ", by=BY, at=AT, after=page.back, limit=3)
        behind.append((page.first_place, [row.fault_number for row in page.rows]))
    assert behind[::-1] == ahead
    assert sum(len(numbers) for _, numbers in ahead) == page.total == 11
