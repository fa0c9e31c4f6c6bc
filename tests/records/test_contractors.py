"""A contractor sees and works on what was given to them, and cannot tell what is not theirs from what is not there."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.cli.door_queries import QUERIES
from css.core.codec import to_plain
from css.core.errors import CssError
from css.core.ids import IdKind, make_id
from repairs.model import Fault
from repairs.queries.cards import fault_card, open_faults
from repairs.queries.dispatch import engineer_card, engineer_day, engineers
from repairs.queries.queue import queue_page, queue_version
from repairs.words import Location, ReturnReason
from tests import builders
from tests.records.engineers import arrive, assign, contractor, diagnose, engineer, give_back, queue, take
from tests.records.faults import AT, BY, Town, build, clear, codes, refusal, report

CON, OTHER = contractor("CON"), contractor("OTHER")
NOBODY = make_id("ZZ", IdKind.FAULT, 9_999_999)
WALKED = {name: query for name, query in QUERIES.items() if query.__module__.startswith(("repairs.", "css.redress."))}


@pytest.fixture
def town(session: Session) -> Town:
    made = build(session)
    engineer(session, "CON", firm="Wire & Son")
    engineer(session, "OTHER", firm="Wire & Son")
    return made


def queued(session: Session, number: str = "01632 960123") -> str:
    made = report(session, number=number, words="Told in confidence.", contact_name="Perpetua Vane").fault_number
    queue(session, made)
    return made


def answer(session: Session, town: Town, query: Callable[..., Any], number: str, by: object) -> str:
    """What a query tells about a fault, as text; its code where it refuses. A new criterion must be given a value here."""
    values: dict[str, object] = {
        "session": session,
        "by": by,
        "at": AT,
        "fault_number": number,
        "district": "ZZ",
        "district_code": "ZZ",
        "account_number": town.account.number,
        "line_id": town.line.id,
        "outage_id": 1,
        "problem_id": 1,
        "line_test_id": 1,
        "business_date": builders.DAY,
        "on": builders.DAY,
        "engineer_code": "CON",
    }
    wanted = inspect.signature(query).parameters
    needed = {name for name, parameter in wanted.items() if parameter.default is inspect.Parameter.empty}
    assert needed <= set(values), "a query with a new criterion: say here what it is asked with"
    try:
        return json.dumps(to_plain(query(**{name: values[name] for name in needed})))
    except CssError as error:
        return error.code


@pytest.mark.parametrize("name", WALKED)
def test_no_question_tells_a_contractor_of_a_fault_that_is_not_theirs(session: Session, town: Town, name: str) -> None:
    number = queued(session)
    assign(session, number, "OTHER")
    told = answer(session, town, WALKED[name], number, CON)
    assert number not in told
    assert "Perpetua" not in told
    assert "confidence" not in told
    if "fault_number" in inspect.signature(WALKED[name]).parameters:
        assert told == answer(session, town, WALKED[name], NOBODY, CON) == "CSS313E"


@pytest.mark.parametrize(
    "name", ["fault-card", "open-faults", "faults-of-account", "faults-of-line", "fault-queue", "fault-clock", "explain-fault"]
)
def test_what_was_given_to_them_they_see_also_when_it_is_given_back(session: Session, town: Town, name: str) -> None:
    number = queued(session)
    assign(session, number, "CON")
    assert number in answer(session, town, WALKED[name], number, CON)
    give_back(session, number, ReturnReason.STORES, by=CON)
    assert number in answer(session, town, WALKED[name], number, CON)
    assert number not in answer(session, town, WALKED[name], number, OTHER)


@pytest.mark.parametrize("deed", [arrive, give_back, diagnose, clear])
def test_no_deed_tells_not_yours_from_not_there(session: Session, town: Town, deed: Callable[..., object]) -> None:
    number = queued(session)
    assign(session, number, "OTHER")
    not_yours, not_there = (refusal(deed, session, one, by=CON, at=AT) for one in (number, NOBODY))
    assert codes(not_yours) == codes(not_there) == [("CSS313E", "fault_number")]
    assert str(not_yours).replace(number, NOBODY) == str(not_there)


def test_a_contractor_takes_works_on_and_clears_their_own(session: Session, town: Town) -> None:
    number = queued(session)
    assert refusal(take, session, "OTHER", by=CON).code == "CSS341E"
    assert refusal(take, session, "NOBODY", by=CON).code == "CSS341E"
    assert take(session, "CON", by=CON).fault_number == number
    arrive(session, number, by=CON)
    diagnose(session, number, Location.LN, by=CON)
    clear(session, number, by=CON, at=AT)
    (visit,) = fault_card(session, number, by=CON).visits
    assert visit.engineer_code == "CON"


def test_what_somebody_else_has_since_they_only_read(session: Session, town: Town) -> None:
    number = queued(session)
    assign(session, number, "CON")
    give_back(session, number, by=CON)
    assign(session, number, "OTHER")
    for deed in (arrive, give_back, diagnose, clear):
        assert codes(refusal(deed, session, number, by=CON, at=AT)) == [("CSS344E", "fault_number")]
    card = fault_card(session, number, by=CON)
    assert [visit.engineer_code for visit in card.visits] == ["CON"]
    assert len(fault_card(session, number, by=BY).visits) == 2


def test_a_contractor_finds_no_other_engineer_and_no_board(session: Session, town: Town) -> None:
    assert [one.code for one in engineers(session, "ZZ", by=CON, at=AT)] == ["CON"]
    assert refusal(engineer_card, session, "OTHER", by=CON, at=AT).code == "CSS341E"
    assert refusal(engineer_card, session, "NOBODY", by=CON, at=AT).code == "CSS341E"
    day = engineer_day(session, by=CON, at=AT)
    assert day is not None
    assert day.engineer.code == "CON"


def test_their_queue_is_their_own_and_moves_with_their_own_alone(session: Session, town: Town) -> None:
    own, others = queued(session), queued(session, town.carrier_line.number)
    assign(session, own, "CON")
    assert [row.fault_number for row in queue_page(session, "ZZ", by=CON, at=AT).rows] == [own]
    before = queue_version(session, "ZZ", at=AT, by=CON)
    assign(session, others, "OTHER")
    assert queue_version(session, "ZZ", at=AT, by=CON) == before
    arrive(session, own, by=CON)
    assert queue_version(session, "ZZ", at=AT, by=CON) != before
    assert [row.fault_number for row in open_faults(session, "ZZ", by=CON)] == [own]
    assert session.execute(select(Fault)).scalars().all(), "there is more than they see"
