"""What a partner asks about its faults by message without changing anything, and what is kept from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from css.xml import MessageHeader
from repairs.model import Fault, FaultConversation
from tests.builders import BuiltLine
from tests.partners.fault_speaking import (
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
from tests.partners.speaking import RIVAL, RIVAL_CODE, header, send

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


def test_a_number_with_a_slip_in_it_is_told_as_one(engine: Engine) -> None:
    head = header()
    answer = sent(
        engine, message("CancelFault", [("Cancellation", [("FaultNumber", "ZZF00000011"), ("Reason", "None.")])], head=head), head
    )
    assert answer.codes[0][1] == "CancelFault/Cancellation/FaultNumber"
