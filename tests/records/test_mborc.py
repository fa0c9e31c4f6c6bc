"""Matters beyond our reasonable control: clocks of a whole area at once, faults that come later, and what it does to guarantees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.master.plant import Cabinet, Exchange
from repairs.actions import declare_mborc, lift_mborc, narrow_mborc
from repairs.commands.outages import DeclareMborc, LiftMborc, MborcChanged, NarrowMborc
from repairs.model import FaultEvent
from repairs.queries.clock import fault_clock, mborcs
from repairs.queries.guarantees import guarantee_of
from repairs.words import Activity, ParkReason
from tests import builders
from tests.conftest import QueryCount
from tests.records.faults import AT, BY, FIELD, build, clear, codes, refusal, report
from tests.records.test_fault_clock import DUE, HOUR, assert_sound, fault_of, park, resume, states


def declare(session: Session, *, at: datetime = AT, **changed: object) -> MborcChanged:
    fields: dict[str, Any] = {"district_code": "ZZ", "cause": "Storm Ada"} | changed
    return declare_mborc(session, DeclareMborc(**fields), by=FIELD, at=at)


def lift(session: Session, mborc_id: int, *, at: datetime, **changed: object) -> MborcChanged:
    fields: dict[str, Any] = changed
    return lift_mborc(session, LiftMborc(mborc_id=mborc_id, **fields), by=FIELD, at=at)


def narrow(session: Session, mborc_id: int, *clear_codes: str, at: datetime = AT + 2 * HOUR) -> MborcChanged:
    return narrow_mborc(session, NarrowMborc(mborc_id=mborc_id, clear_codes=clear_codes), by=FIELD, at=at)


def test_open_faults_run_under_it_from_its_instant_until_it_is_lifted(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    storm = declare(session, at=AT + 5 * HOUR, starts_at=AT + 2 * HOUR)
    assert (storm.is_in_force, storm.faults) == (True, 1)
    assert states(session, number) == [("running", 0, 2), ("mborc", 2, None)]
    over = lift(session, storm.mborc_id, at=AT + 9 * HOUR, ends_at=AT + 8 * HOUR)
    assert (over.is_in_force, over.faults) == (False, 1)
    assert states(session, number) == [("running", 0, 2), ("mborc", 2, 8), ("running", 8, None)]
    assert fault_of(session, number).due_at == DUE
    assert_sound(session, number)
    told = session.execute(select(FaultEvent.deed).order_by(FaultEvent.sequence)).scalars().all()
    assert told == ["report", "declare", "lift"]


def test_a_fault_reported_later_begins_under_it(session: Session) -> None:
    build(session)
    declare(session, at=AT - HOUR)
    number = report(session).fault_number
    assert states(session, number) == [("mborc", 0, None)]
    assert_sound(session, number)


def test_a_parked_fault_stays_parked_and_comes_under_it_when_it_goes_on(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + HOUR)
    storm = declare(session, at=AT + 2 * HOUR)
    assert states(session, number) == [("running", 0, 1), ("parked", 1, None)]
    resume(session, number, at=AT + 6 * HOUR, resumed_at=AT + 3 * HOUR)
    assert states(session, number)[1:] == [("parked", 1, 3), ("mborc", 3, None)]
    park(session, number, at=AT + 7 * HOUR)
    lift(session, storm.mborc_id, at=AT + 8 * HOUR)
    resume(session, number, at=AT + 9 * HOUR)
    assert states(session, number)[2:] == [("mborc", 3, 7), ("parked", 7, 9), ("running", 9, None)]
    assert_sound(session, number)


def test_who_goes_on_from_before_it_was_lifted_ran_under_it_until_then(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    storm = declare(session, at=AT + HOUR)
    park(session, number, at=AT + 2 * HOUR)
    lift(session, storm.mborc_id, at=AT + 5 * HOUR)
    resume(session, number, at=AT + 9 * HOUR, resumed_at=AT + 3 * HOUR)
    assert states(session, number)[2:] == [("parked", 2, 3), ("mborc", 3, 5), ("running", 5, None)]
    assert_sound(session, number)


def test_waiting_for_stores_runs_under_it_and_keeps_its_reason(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, ParkReason.STORES, at=AT + HOUR)
    declare(session, at=AT + 2 * HOUR)
    assert [row.reason for row in fault_clock(session, number, by=BY, at=AT + 3 * HOUR).intervals] == [None, "stores", "stores"]
    assert_sound(session, number)


def test_a_declaration_that_goes_back_behind_a_pause_covers_what_ran_on_both_sides(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    park(session, number, at=AT + 2 * HOUR)
    resume(session, number, at=AT + 4 * HOUR)
    declare(session, at=AT + 6 * HOUR, starts_at=AT + HOUR)
    assert states(session, number) == [("running", 0, 1), ("mborc", 1, 2), ("parked", 2, 4), ("mborc", 4, None)]
    assert_sound(session, number)


@pytest.mark.parametrize(
    ("area", "faults"),
    [
        ({}, 2),
        ({"exchange_code": "WREN"}, 2),
        ({"exchange_code": "WREN", "cabinet_code": "1"}, 2),
        ({"activity": Activity.PROVISION}, 0),
    ],
)
def test_it_covers_its_area_and_its_activity(session: Session, area: dict[str, object], faults: int) -> None:
    town = build(session)
    cabinet = session.execute(select(Cabinet.code).where(Cabinet.exchange_id == town.zz.exchange_id)).scalar_one()
    area = {name: cabinet if name == "cabinet_code" else value for name, value in area.items()}
    report(session)
    report(session, number=town.carrier_line.number)
    assert declare(session, at=AT + HOUR, **area).faults == faults


def test_another_exchange_and_another_cabinet_are_left_alone(session: Session) -> None:
    town = build(session)
    number = report(session).fault_number
    other = Exchange(district_code="ZZ", code="OWL", name="Owl")
    session.add(other)
    session.flush()
    session.add(Cabinet(exchange_id=town.zz.exchange_id, code="99"))
    session.flush()
    assert declare(session, at=AT + HOUR, exchange_code="OWL").faults == 0
    assert declare(session, at=AT + HOUR, exchange_code="WREN", cabinet_code="99").faults == 0
    assert states(session, number) == [("running", 0, None)]


def test_where_two_overlap_the_other_goes_on(session: Session) -> None:
    build(session)
    number = report(session).fault_number
    storm = declare(session, at=AT + HOUR)
    declare(session, at=AT + 2 * HOUR, exchange_code="WREN", cause="Strike")
    lift(session, storm.mborc_id, at=AT + 4 * HOUR)
    assert states(session, number) == [("running", 0, 1), ("mborc", 1, 4), ("mborc", 4, None)]
    causes = [row.reason_words for row in fault_clock(session, number, by=BY, at=AT + 5 * HOUR).intervals]
    assert causes == ["", "Storm Ada", "Strike"]
    assert_sound(session, number)


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"cause": " "}, [("CSS325E", "cause")]),
        ({"clear_codes": ("WEA", "XYZ")}, [("CSS306E", "clear_code")]),
        ({"starts_at": AT + HOUR}, [("CSS327E", "starts_at")]),
        ({"exchange_code": "NOPE"}, [("CSS827E", "exchange_code")]),
        ({"exchange_code": "WREN", "cabinet_code": "NOPE"}, [("CSS879E", "cabinet_code")]),
        ({"cabinet_code": "1"}, [("CSS331E", "exchange_code")]),
        ({"district_code": "YY"}, [("CSS101E", "district_code")]),
        ({"district_code": "NOWHERE"}, [("CSS101E", "district_code")]),
    ],
)
def test_what_cannot_be_declared_is_refused(session: Session, changed: dict[str, object], wrong: list[tuple[str, str]]) -> None:
    build(session)
    assert codes(refusal(declare, session, **changed)) == wrong


def test_it_is_lifted_once_after_it_began_and_not_ahead(session: Session) -> None:
    build(session)
    storm = declare(session).mborc_id
    assert codes(refusal(lift, session, storm, at=AT, ends_at=AT + HOUR)) == [("CSS327E", "ends_at")]
    assert codes(refusal(lift, session, storm, at=AT, ends_at=AT - HOUR)) == [("CSS331E", "ends_at")]
    lift(session, storm, at=AT + HOUR)
    assert codes(refusal(lift, session, storm, at=AT + 2 * HOUR)) == [("CSS331E", "mborc_id")]
    assert codes(refusal(narrow, session, storm, "WEA")) == [("CSS331E", "mborc_id")]
    assert codes(refusal(lift, session, 999_999, at=AT)) == [("CSS330E", "mborc_id")]


def test_it_is_narrowed_never_widened(session: Session) -> None:
    build(session)
    storm = declare(session, clear_codes=("WEA", "DW")).mborc_id
    assert codes(refusal(narrow, session, storm, "WEA", "TPD")) == [("CSS331E", "clear_codes")]
    assert codes(refusal(narrow, session, storm)) == [("CSS325E", "clear_codes")]
    narrow(session, storm, "WEA")
    (row,) = mborcs(session, "ZZ", by=BY, at=AT + HOUR)
    assert (row.clear_codes, row.cause, row.ends_at) == (("WEA",), "Storm Ada", None)
    lift(session, storm, at=AT + 3 * HOUR)
    assert mborcs(session, "ZZ", by=BY, at=AT + 4 * HOUR) == ()
    assert len(mborcs(session, "ZZ", by=BY, at=AT + 4 * HOUR, only_in_force=False)) == 1


@pytest.mark.parametrize(
    ("declared", "narrowed", "code", "counts"),
    [
        (1, (), "EX", (False, None)),
        (1, ("WEA",), "WEA", (False, None)),
        (1, ("WEA",), "EX", (True, None)),
        (70, (), "EX", (True, 70)),
        (70, ("WEA",), "EX", (True, None)),
        (None, (), "EX", (True, None)),
    ],
)
def test_guarantees_are_void_where_it_came_in_time_and_end_where_it_came_late(
    session: Session, declared: int | None, narrowed: tuple[str, ...], code: str, counts: tuple[bool, int | None]
) -> None:
    build(session)
    number = report(session).fault_number
    if declared is not None:
        declare(session, at=AT + declared * HOUR, clear_codes=narrowed)
    clear(session, number, code, at=AT + 80 * HOUR)
    is_guaranteed, ends = counts
    assert guarantee_of(session, fault_of(session, number), code) == (is_guaranteed, None if ends is None else AT + ends * HOUR)


def test_a_storm_costs_as_many_statements_for_one_fault_as_for_many(
    session: Session, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    zz = builders.district(session, pairs=12, sites=10)
    account = builders.account(session, zz)
    lines = [builders.working_line(session, zz, account) for _ in range(8)]
    report(session, number=lines[0].number)
    with query_count() as for_one:
        first = declare(session, at=AT + HOUR, starts_at=AT + timedelta(minutes=1))
    lift(session, first.mborc_id, at=AT + 2 * HOUR)
    for line in lines[1:]:
        report(session, number=line.number, at=AT + 2 * HOUR)
    with query_count() as for_many:
        assert declare(session, at=AT + 3 * HOUR).faults == 8
    assert len(for_many) == len(for_one)
