"""Two people at one clock at once: one comes first, the other is told, and the intervals stay whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import Engine, select

from css.core.errors import CssError
from css.db.engine import transaction
from repairs.actions.clock import go_on
from repairs.actions.working import step
from repairs.model import Fault
from repairs.queries.intervals import intervals_of
from repairs.words import ParkReason
from tests.race import in_the_background, together
from tests.records.faults import AT, BY, build, clear, report
from tests.records.test_fault_clock import HOUR, assert_sound, expedite, fault_of, park, resume, states
from tests.records.test_mborc import declare, lift


def reported(engine: Engine) -> str:
    with transaction(engine) as session:
        build(session)
        return report(session).fault_number


def outcomes(found: list[object]) -> list[str]:
    return sorted(one.code if isinstance(one, CssError) else "done" for one in found)


def test_two_who_park_a_fault_park_it_once(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)

    def deed(reason: ParkReason) -> str:
        with transaction(fresh_engine) as session:
            park(session, number, reason, at=AT + HOUR)
        return "done"

    assert outcomes(together(lambda: deed(ParkReason.PERMISSION), lambda: deed(ParkReason.NO_ACCESS))) == ["CSS301E", "done"]
    with transaction(fresh_engine) as session:
        assert len(states(session, number)) == 2
        assert_sound(session, number)


def test_two_who_go_on_with_a_fault_move_its_deadline_once(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)
    with transaction(fresh_engine) as session:
        park(session, number, at=AT + HOUR)

    def deed(at: datetime) -> str:
        with transaction(fresh_engine) as session:
            resume(session, number, at=at)
        return "done"

    assert outcomes(together(lambda: deed(AT + 5 * HOUR), lambda: deed(AT + 6 * HOUR))) == ["CSS301E", "done"]
    with transaction(fresh_engine) as session:
        assert_sound(session, number)


def test_a_fault_that_is_parked_and_cleared_at_once_ends_with_a_whole_clock(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)

    def parks() -> str:
        with transaction(fresh_engine) as session:
            park(session, number, at=AT + HOUR)
        return "done"

    def clears() -> str:
        with transaction(fresh_engine) as session:
            clear(session, number, at=AT + HOUR)
        return "done"

    assert outcomes(together(parks, clears)) in (["done", "done"], ["CSS301E", "done"])
    with transaction(fresh_engine) as session:
        assert not fault_of(session, number).is_open
        assert_sound(session, number)


def test_two_who_buy_a_better_level_buy_one(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)

    def deed(level: str) -> str:
        with transaction(fresh_engine) as session:
            expedite(session, number, level, at=AT + HOUR)
        return "done"

    assert outcomes(together(lambda: deed("3"), lambda: deed("4"))) == ["CSS329E", "done"]
    with transaction(fresh_engine) as session:
        assert_sound(session, number)


def test_a_report_that_has_begun_comes_under_what_is_declared_meanwhile(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)

    def declares() -> int:
        with transaction(fresh_engine) as session:
            return declare(session, at=AT + HOUR).faults

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            number = report(session).fault_number
            declaring = in_the_background(fresh_engine, pool, declares)
            assert not declaring.done()
        assert declaring.result(timeout=10) == 1
    with transaction(fresh_engine) as session:
        assert [state for state, _, _ in states(session, number)] == ["running", "mborc"]
        assert_sound(session, number)


def test_a_report_that_begins_while_it_is_declared_waits_and_begins_under_it(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        build(session)

    def reports() -> str:
        with transaction(fresh_engine) as session:
            return report(session, at=AT + HOUR).fault_number

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            declare(session, at=AT)
            reporting = in_the_background(fresh_engine, pool, reports)
            assert not reporting.done()
        number = reporting.result(timeout=10)
    with transaction(fresh_engine) as session:
        assert [one.state.value for one in intervals_of(session, fault_of(session, number).id)] == ["mborc"]


def test_who_goes_on_while_it_is_lifted_is_not_left_under_it(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)
    with transaction(fresh_engine) as session:
        storm = declare(session, at=AT + HOUR).mborc_id
    with transaction(fresh_engine) as session:
        park(session, number, at=AT + 2 * HOUR)

    def lifts() -> str:
        with transaction(fresh_engine) as session:
            lift(session, storm, at=AT + 4 * HOUR)
        return "done"

    def goes_on() -> str:
        with transaction(fresh_engine) as session:
            resume(session, number, at=AT + 4 * HOUR)
        return "done"

    assert outcomes(together(lifts, goes_on)) == ["done", "done"]
    with transaction(fresh_engine) as session:
        assert states(session, number)[-1][0] == "running"
        assert_sound(session, number)


def test_who_lifts_it_waits_for_who_goes_on_under_it_and_nobody_for_ever(fresh_engine: Engine) -> None:
    number = reported(fresh_engine)
    with transaction(fresh_engine) as session:
        storm = declare(session, at=AT + HOUR).mborc_id
    with transaction(fresh_engine) as session:
        park(session, number, at=AT + 2 * HOUR)

    def lifts() -> int:
        with transaction(fresh_engine) as session:
            return lift(session, storm, at=AT + 4 * HOUR).faults

    with ThreadPoolExecutor(1) as pool:
        with transaction(fresh_engine) as session:
            fault = session.execute(select(Fault).where(Fault.number == number).with_for_update()).scalar_one()
            lifting = in_the_background(fresh_engine, pool, lifts)
            assert not lifting.done()
            go_on(session, fault, by=BY, at=AT + 3 * HOUR)
            step(session, fault, "resume", "Goes on.", by=BY, at=AT + 3 * HOUR)
        assert lifting.result(timeout=10) == 1
    with transaction(fresh_engine) as session:
        assert states(session, number)[2:] == [("parked", 2, 3), ("mborc", 3, 4), ("running", 4, None)]
        assert_sound(session, number)


def test_two_who_lift_it_lift_it_once(fresh_engine: Engine) -> None:
    reported(fresh_engine)
    with transaction(fresh_engine) as session:
        storm = declare(session, at=AT + HOUR).mborc_id

    def deed() -> str:
        with transaction(fresh_engine) as session:
            lift(session, storm, at=AT + 2 * HOUR)
        return "done"

    assert outcomes(together(deed, deed)) == ["CSS331E", "done"]
