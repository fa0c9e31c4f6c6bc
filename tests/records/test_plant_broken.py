"""Breaking and mending plant: the physical condition alone, named by a line on it or by its codes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.words import LineState, PairState, PlantCondition, PlantElement
from css.master.lines import Line
from css.master.plant import Pair
from css.master.plant_condition import PlantTrouble
from repairs.actions import break_plant, clear_fault, mend_plant
from repairs.actions import test_line as have_tested
from repairs.commands.faults import ClearFault
from repairs.commands.testing import BreakPlant, MendPlant, PlantSet, TestLine
from repairs.queries.testing import plant_troubles
from repairs.words import TestOutcome
from tests import builders
from tests.records import faults
from tests.records.faults import AT, BY, FIELD, codes, refusal

C, E = PlantCondition, PlantElement
CODES: dict[str, Any] = {
    "district_code": "ZZ",
    "exchange_code": "WREN",
    "cabinet_code": "C1",
    "distribution_point_code": "DP1",
    "pair_number": 1,
}
LATER = AT + timedelta(hours=1)


@pytest.fixture
def town(session: Session) -> faults.Town:
    return faults.build(session)


def breaks(session: Session, element: PlantElement, condition: PlantCondition = C.SHORT, **others: object) -> PlantSet:
    fields: dict[str, Any] = others or CODES
    return break_plant(session, BreakPlant(element=element, condition=condition, **fields), by=BY, at=AT)


def mends(session: Session, element: PlantElement, **others: object) -> PlantSet:
    fields: dict[str, Any] = others or CODES
    return mend_plant(session, MendPlant(element=element, **fields), by=BY, at=LATER)


def pair_state(session: Session, pair_id: int) -> PairState:
    return session.execute(select(Pair.state).where(Pair.id == pair_id)).scalar_one()


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("element", "words"),
    [
        (E.EXCHANGE, "exchange WREN of district ZZ"),
        (E.CABINET, "cabinet C1 of exchange WREN"),
        (E.DISTRIBUTION_POINT, "distribution point DP1 of cabinet C1, exchange WREN"),
        (E.PAIR, "pair 1 of distribution point DP1, cabinet C1"),
        (E.PREMISES, "premises 1 Larkspur Close"),
    ],
)
def test_a_piece_is_named_by_its_codes_or_by_a_line_on_it(session: Session, element: PlantElement, words: str) -> None:
    assert breaks(session, element) == PlantSet(element=element, words=f"Broken: {words}, short.")
    (row,) = plant_troubles(session, "ZZ", by=BY)
    assert (row.element, row.condition, row.starts_at, row.ends_at, row.set_by) == (element, C.SHORT, AT, None, "TESTER")
    assert codes(refusal(breaks, session, element, number="01632 960123")) == [("CSS337E", "element")]
    assert mends(session, element, number="01632 960123").words == f"Mended: {words}."
    assert plant_troubles(session, "ZZ", by=BY) == ()
    (was,) = plant_troubles(session, "ZZ", by=BY, mended=True)
    assert was.ends_at == LATER
    breaks(session, element, C.EARTH, is_intermittent=True, number="01632 960123")
    events = session.execute(select(AuditEvent.verb, AuditEvent.subject_number).where(AuditEvent.subject_kind == "plant")).all()
    assert [event.verb for event in events] == ["break_plant", "mend_plant", "break_plant"]
    assert len({event.subject_number for event in events}) == 1


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    ("element", "changed", "code"),
    [
        (E.CABINET, {"cabinet_code": "C9"}, ("CSS335E", "element")),
        (E.EXCHANGE, {"exchange_code": "NONE"}, ("CSS335E", "element")),
        (E.PAIR, {"pair_number": 99}, ("CSS335E", "element")),
        (E.PREMISES, {"pair_number": 5}, ("CSS335E", "element")),
        (E.PAIR, {"pair_number": None}, ("CSS335E", "pair_number")),
        (E.CABINET, {"district_code": None, "cabinet_code": None}, ("CSS335E", "district_code")),
        (E.PAIR, {"number": "01632 960999"}, ("CSS311E", "number")),
        (E.PAIR, {"distance_metres": -1}, ("CSS336E", "distance_metres")),
        (E.PAIR, {"distance_metres": 50_001}, ("CSS336E", "distance_metres")),
        (E.CABINET, {"condition": C.DATA}, ("CSS336E", "condition")),
        (E.PAIR, {"words": "x" * 5000}, ("CSS305E", "words")),
    ],
)
def test_what_cannot_be_broken_is_refused(
    session: Session, element: PlantElement, changed: dict[str, object], code: tuple[str, str]
) -> None:
    condition = changed.pop("condition", C.SHORT) if "condition" in changed else C.SHORT
    assert codes(refusal(breaks, session, element, condition, **CODES | changed)) == [code]
    assert faults.count(session, PlantTrouble) == 0


@pytest.mark.usefixtures("town")
def test_what_is_whole_cannot_be_mended(session: Session) -> None:
    assert codes(refusal(mends, session, E.CABINET)) == [("CSS338E", "element")]
    assert codes(refusal(mends, session, E.PAIR)) == [("CSS338E", "element")]


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("who", [builders.CLERK, builders.PARTNER_ACTOR])
def test_only_who_mends_lines_says_what_is_broken(session: Session, who: Any) -> None:  # noqa: ANN401 - an actor
    broken = BreakPlant(element=E.PAIR, condition=C.SHORT, **CODES)
    assert codes(refusal(break_plant, session, broken, by=who, at=AT)) == [("CSS111E", None)]
    assert codes(refusal(mend_plant, session, MendPlant(element=E.PAIR, **CODES), by=who, at=AT)) == [("CSS111E", None)]


@pytest.mark.usefixtures("town")
def test_breaking_changes_no_record(session: Session) -> None:
    before = session.execute(select(Pair.id, Pair.state).order_by(Pair.id)).all()
    for element in E:
        breaks(session, element)
    assert session.execute(select(Pair.id, Pair.state).order_by(Pair.id)).all() == before


def test_a_pair_that_the_records_call_faulty_is_spare_when_mended(session: Session, town: faults.Town) -> None:
    """The pair swap: the line tests right on its new pair, and the one it left is given out again once it is repaired."""
    old = town.line.pair_id
    breaks(session, E.PAIR, number=town.line.number)
    fault = faults.report(session).fault_number
    assert have_tested(session, TestLine(number=town.line.number), by=BY, at=AT).outcome is TestOutcome.FAIL
    clear_fault(session, ClearFault(fault_number=fault, clear_code="DS", pair_number=4), by=FIELD, at=LATER)
    assert have_tested(session, TestLine(number=town.line.number), by=BY, at=LATER).outcome is TestOutcome.PASS
    assert pair_state(session, old) is PairState.FAULTY
    number = session.execute(select(Pair.pair_number).where(Pair.id == old)).scalar_one()
    said = mends(session, E.PAIR, **CODES | {"pair_number": number}).words
    assert said.endswith("The records call it spare again.")
    assert pair_state(session, old) is PairState.SPARE


@pytest.mark.parametrize(
    ("line", "pair"),
    [(LineState.WORKING, PairState.WORKING), (LineState.STOPPED, PairState.STOPPED), (LineState.PLANNED, PairState.SPARE)],
)
def test_a_faulty_pair_with_a_line_on_it_is_what_its_line_is(session: Session, town: faults.Town, line: LineState, pair: PairState) -> None:
    session.execute(update(Pair).where(Pair.id == town.line.pair_id).values(state=PairState.FAULTY))
    session.execute(update(Line).where(Line.id == town.line.id).values(state=line))
    mends(session, E.PAIR)
    assert pair_state(session, town.line.pair_id) is pair


@pytest.mark.usefixtures("town")
def test_a_pair_called_faulty_needs_no_trouble_to_be_mended(session: Session) -> None:
    session.execute(update(Pair).where(Pair.pair_number == 6).values(state=PairState.FAULTY))
    mends(session, E.PAIR, **CODES | {"pair_number": 6})
    assert pair_state(session, session.execute(select(Pair.id).where(Pair.pair_number == 6)).scalar_one()) is PairState.SPARE
