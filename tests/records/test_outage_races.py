"""Outages while others work: no fault is left behind by a declaration, a clear or a withdrawal at the same instant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import Engine, select

from css.core.errors import Conflict
from css.db.engine import transaction
from repairs.actions import reject_clear
from repairs.checks import check_faults
from repairs.commands.faults import FaultReported, RejectClear
from repairs.commands.outages import OutageChanged
from repairs.model import Fault, Outage
from repairs.words import FaultState, OutageState
from tests.race import in_the_background, together
from tests.records.faults import AT, BY, Town, build, clear, report
from tests.records.outages import POINT, declare, mend, unsay

HOUR = timedelta(hours=1)


def _town(engine: Engine) -> Town:
    with transaction(engine) as session:
        return build(session)


def _faults(engine: Engine) -> list[tuple[FaultState, int | None]]:
    with transaction(engine) as session:
        assert check_faults(session, "ZZ") == ()
        return [(row.state, row.outage_id) for row in session.execute(select(Fault.state, Fault.outage_id).order_by(Fault.id))]


def test_of_two_that_declare_one_is_told_of_the_other(fresh_engine: Engine) -> None:
    _town(fresh_engine)

    def declare_it() -> OutageChanged:
        with transaction(fresh_engine) as session:
            return declare(session)

    answers = together(*[declare_it] * 3)
    assert sum(isinstance(one, OutageChanged) for one in answers) == 1
    assert [one.code for one in answers if isinstance(one, Conflict)] == ["CSS875E"] * 2


def test_a_report_under_way_is_not_missed_by_a_declaration(fresh_engine: Engine) -> None:
    _town(fresh_engine)

    def declare_it() -> OutageChanged:
        with transaction(fresh_engine) as session:
            return declare(session, at=AT + HOUR)

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            report(session)
            running = in_the_background(fresh_engine, pool, declare_it)
            assert not running.done(), "it waits for the report"
        assert running.result().faults == 1
    assert [outage for _, outage in _faults(fresh_engine)] == [running.result().outage_id]


def test_a_report_at_the_instant_of_a_declaration_hangs_on_it(fresh_engine: Engine) -> None:
    _town(fresh_engine)

    def report_it() -> FaultReported:
        with transaction(fresh_engine) as session:
            return report(session, at=AT + HOUR)

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            outage = declare(session).outage_id
            running = in_the_background(fresh_engine, pool, report_it)
        running.result()
    assert _faults(fresh_engine) == [(FaultState.REPORTED, outage)]


def test_a_report_under_way_is_cleared_with_the_outage(fresh_engine: Engine) -> None:
    _town(fresh_engine)
    with transaction(fresh_engine) as session:
        outage = declare(session).outage_id

    def mend_it() -> OutageChanged:
        with transaction(fresh_engine) as session:
            return mend(session, outage, at=AT + HOUR)

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            report(session)
            running = in_the_background(fresh_engine, pool, mend_it)
            assert not running.done(), "it waits for the report"
        assert running.result().faults == 1
    assert _faults(fresh_engine) == [(FaultState.CLEARED, outage)]


def test_a_report_at_the_instant_of_a_clear_is_a_fault_of_its_own(fresh_engine: Engine) -> None:
    _town(fresh_engine)
    with transaction(fresh_engine) as session:
        outage = declare(session).outage_id

    def report_it() -> FaultReported:
        with transaction(fresh_engine) as session:
            return report(session, at=AT + HOUR)

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            mend(session, outage, at=AT + HOUR)
            running = in_the_background(fresh_engine, pool, report_it)
            assert not running.done(), "it waits to hear how the outage stands"
        running.result()
    assert _faults(fresh_engine) == [(FaultState.REPORTED, None)]


def test_a_clear_of_one_fault_and_of_its_outage_are_one_clear(fresh_engine: Engine) -> None:
    _town(fresh_engine)
    with transaction(fresh_engine) as session:
        outage = declare(session).outage_id
        number = report(session).fault_number

    def mend_it() -> object:
        with transaction(fresh_engine) as session:
            return mend(session, outage, at=AT + HOUR)

    def clear_it() -> object:
        with transaction(fresh_engine) as session:
            return clear(session, number, at=AT + HOUR)

    answers = together(mend_it, clear_it)
    assert [one for one in answers if isinstance(one, Exception)] in ([], [answers[1]])
    ((state, _),) = _faults(fresh_engine)
    assert state is FaultState.CLEARED
    with transaction(fresh_engine) as session:
        assert session.execute(select(Fault.clear_count)).scalar_one() == 1


def test_a_clear_rejected_while_its_outage_is_cleared_does_not_hang_on_it(fresh_engine: Engine) -> None:
    _town(fresh_engine)
    with transaction(fresh_engine) as session:
        outage = declare(session).outage_id
        number = report(session).fault_number
        clear(session, number, at=AT)

    def reject_it() -> object:
        with transaction(fresh_engine) as session:
            return reject_clear(session, RejectClear(fault_number=number, reason="Still dead."), by=BY, at=AT + HOUR)

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            mend(session, outage, at=AT + HOUR)
            running = in_the_background(fresh_engine, pool, reject_it)
        running.result()
    assert _faults(fresh_engine) == [(FaultState.QUEUED, None)]


def test_outages_nested_in_each_other_are_taken_back_at_once(fresh_engine: Engine) -> None:
    _town(fresh_engine)
    with transaction(fresh_engine) as session:
        report(session)
        point = declare(session, **POINT).outage_id
        cabinet = declare(session).outage_id

    def take_back(outage: int) -> OutageChanged:
        with transaction(fresh_engine) as session:
            return unsay(session, outage)

    answers = together(lambda: take_back(point), lambda: take_back(cabinet))
    assert not [one for one in answers if isinstance(one, Exception)]
    assert _faults(fresh_engine) == [(FaultState.REPORTED, None)]
    with transaction(fresh_engine) as session:
        assert set(session.execute(select(Outage.state)).scalars()) == {OutageState.WITHDRAWN}
