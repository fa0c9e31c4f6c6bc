"""What a partner asks about its faults by message without changing anything, and what is kept from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, make_id
from css.core.words import HalfDay, MissCause
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import partner_of
from css.partners.access.wall import behind_the_wall
from css.xml import MessageHeader
from repairs.actions import appoint_fault, declare_mborc, miss_visit, park_fault, test_line
from repairs.commands.faults import AppointFault, MissVisit, ParkFault
from repairs.commands.outages import DeclareMborc
from repairs.commands.testing import TestLine
from repairs.model import Fault, FaultConversation
from repairs.queries.copies import FaultSnapshot, fault_snapshot, unfinished_faults
from repairs.words import ParkReason
from tests.builders import PARTNER_ACTOR, BuiltLine
from tests.partners.fault_speaking import (
    DESK,
    FIELD,
    SOON,
    Trouble,
    amend,
    cancel,
    cleared,
    confirm,
    list_open,
    message,
    query,
    reported,
    sent,
    submit,
    told,
    trouble,
)
from tests.partners.speaking import AT, RIVAL, RIVAL_CODE, header, send
from tests.records.clearing import engineer
from tests.records.clearing import send as visit
from tests.records.faults import clear, report
from tests.records.outages import declare

FAULT = "Update/Fault"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def town(engine: Engine) -> Trouble:
    with transaction(engine) as session:
        return trouble(session, lines=40)


@pytest.fixture(scope="module")
def lines(town: Trouble) -> Iterator[BuiltLine]:
    return iter(town.lines)


@pytest.fixture
def line(lines: Iterator[BuiltLine]) -> BuiltLine:
    """Another line of the partner's each time."""
    return next(lines)


# QueryFault and ListMyOpenFaults


def test_a_fault_is_asked_for_by_its_number_or_by_ones_own_reference(engine: Engine, line: BuiltLine) -> None:
    head = header()
    number = sent(engine, submit(line.number, head=head), head).says(f"{FAULT}/FaultNumber")
    for data in (query(number, head=header()), query(reference=f"F-{head.message_id}")):
        send(engine, data)
        answer = told(engine)[-1]
        assert answer.root.tag == "{urn:css:fault:1}FaultSnapshot"
        assert answer.says("Snapshot/Fault/FaultNumber") == number
        assert (answer.says("Snapshot/LastUpdate"), answer.says("Snapshot/History/Event/Kind")) == ("1", "")
    send(engine, query(number, history=True))
    assert told(engine)[-1].says("Snapshot/History/Event/Kind") == "ACKNOWLEDGED"


@pytest.mark.parametrize("named", ["neither", "both"])
def test_a_question_for_a_fault_names_it_in_one_way(engine: Engine, named: str) -> None:
    head = header()
    data = query(*(("ZZF00001232", "F-1") if named == "both" else ()), head=head)
    answer = sent(engine, data, head)
    assert answer.codes == [("CSS525E", "QueryFault/Query/FaultNumber")]
    assert answer.says("Snapshot/TakenAt") == ""


def test_the_list_of_open_faults_is_paged_and_holds_what_waits_for_an_answer(engine: Engine, lines: Iterator[BuiltLine]) -> None:
    mine = [reported(engine, next(lines).number) for _ in range(3)]
    cleared(engine, mine[0])
    send(engine, cancel(mine[1]))
    found: dict[str, str] = {}
    after, pages = None, 0
    while True:
        head = header()
        page = sent(engine, list_open(after, 5, head=head), head)
        rows = page.root.findall(".//{urn:css:fault:1}Faults/{urn:css:fault:1}Fault")
        found |= {str(row.findtext("{urn:css:fault:1}FaultNumber")): str(row.findtext("{urn:css:fault:1}Stage")) for row in rows}
        pages += 1
        if page.says("Page/Last") == "true":
            break
        after = list(found)[-1]
    assert (found[mine[0]], found[mine[2]]) == ("CLEARED", "REPORTED")
    assert mine[1] not in found
    assert list(found) == sorted(found)
    assert pages == -(-len(found) // 5)
    with transaction(engine) as session:
        open_now = select(func.count()).select_from(Fault).join(FaultConversation, FaultConversation.fault_id == Fault.id)
        assert session.execute(open_now.where(Fault.is_open | (Fault.state == "cleared"))).scalar_one() == len(found)


# Others


def test_a_fault_of_anothers_is_as_one_that_does_not_exist(engine: Engine, line: BuiltLine) -> None:
    head = header()
    number = sent(engine, submit(line.number, head=head), head).says(f"{FAULT}/FaultNumber")
    cleared(engine, number)
    reference = f"F-{head.message_id}"
    nobodys = make_id("ZZ", IdKind.FAULT, 9_999_999)

    made: tuple[Callable[[str, MessageHeader], bytes], ...] = (
        lambda name, head: amend(name, ("Chase", "And?"), head=head),
        lambda name, head: cancel(name, head=head),
        lambda name, head: confirm(name, "ACCEPT", head=head),
        lambda name, head: confirm(name, "REJECT", "Dead.", clear_no=1, head=head),
        lambda name, head: query(name, head=head),
    )

    def tried(name: str) -> list[tuple[list[tuple[str, str | None]], int]]:
        answers = []
        for make in made:
            head = header(sender=RIVAL)
            answer = sent(engine, make(name, head), head, RIVAL_CODE, at=SOON)
            answers.append((answer.codes, answer.body.count(b"\n")))
        return answers

    assert tried(number) == tried(nobodys)
    head = header(sender=RIVAL)
    assert sent(engine, query(reference=reference, head=head), head, RIVAL_CODE).codes == [
        ("CSS524E", "QueryFault/Query/CustomerReference")
    ]


def test_code_alone_keeps_anothers_fault_from_a_partner(engine: Engine, line: BuiltLine) -> None:
    head = header()
    number = sent(engine, submit(line.number, head=head), head).says("Update/Fault/FaultNumber")
    rival = Actor("partner", RIVAL_CODE, RIVAL_CODE, frozenset(), "XML")
    with transaction(engine) as session:
        assert fault_snapshot(session, number=number, by=PARTNER_ACTOR, at=AT).copy.fault_number == number
        with pytest.raises(NotFound):
            fault_snapshot(session, number=number, by=rival, at=AT)
        with pytest.raises(NotFound):
            fault_snapshot(session, reference=f"F-{head.message_id}", by=rival, at=AT)
        assert unfinished_faults(session, by=rival).faults == ()


def test_a_number_with_a_slip_in_it_is_told_as_one(engine: Engine) -> None:
    head = header()
    answer = sent(
        engine, message("CancelFault", [("Cancellation", [("FaultNumber", "ZZF00000011"), ("Reason", "None.")])], head=head), head
    )
    assert answer.codes[0][1] == "CancelFault/Cancellation/FaultNumber"


def test_behind_the_wall_a_fault_is_what_it_is_before_it(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = trouble(session, lines=6)
        engineer(session)
        numbers = [report(session, number=line.number, charge_band=4, expedite_to="4").fault_number for line in town.lines]
    parked, missed, mended, beneath, under, tested = numbers
    with transaction(fresh_engine) as session:
        park_fault(session, ParkFault(fault_number=parked, reason=ParkReason.NO_ACCESS, words="Nobody in."), by=FIELD, at=AT)
        slot = AppointFault(fault_number=missed, slot_on=(AT + timedelta(days=1)).date(), half_day=HalfDay.AM)
        appoint_fault(session, slot, by=DESK, at=AT)
        visit(session, mended)
        clear(session, mended, "CW", at=AT + timedelta(hours=2))
        test_line(session, TestLine(number=f"+{town.lines[5].number}", fault_number=tested), by=DESK, at=AT)
    with transaction(fresh_engine) as session:
        declare_mborc(session, DeclareMborc(district_code="ZZ", cause="The storm"), by=DESK, at=AT + timedelta(hours=3))
    late = AT + timedelta(days=1, hours=4)
    with transaction(fresh_engine) as session:
        miss_visit(session, MissVisit(fault_number=missed, cause=MissCause.NO_ADULT), by=FIELD, at=late)
        clear(session, missed, "RWT", at=late)
        outage = declare(session, at=late).outage_id
    assert under != beneath
    with transaction(fresh_engine) as session:
        me = partner_of(session, PARTNER)

        def looked_at() -> list[FaultSnapshot]:
            session.expire_all()
            return [fault_snapshot(session, number=one, by=PARTNER_ACTOR, at=late, with_history=True) for one in numbers]

        house, all_open = looked_at(), unfinished_faults(session, by=PARTNER_ACTOR)
        with behind_the_wall(session, me):
            assert (looked_at(), unfinished_faults(session, by=PARTNER_ACTOR)) == (house, all_open)
    costs = {one.copy.fault_number: one.copy.owed for one in house}
    assert len(costs[mended].charges) == 3
    assert "matters beyond our control were declared" in " ".join(costs[missed].reasons)
    assert house[3].copy.outage is not None
    assert house[3].copy.outage.outage_id == outage
