"""What screens and questions read of runs: the run that is meant and no other, its steps as they stand, and when anything moves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch import queries
from batch.console import RunPlan, night_plan, night_step, night_version
from batch.control import night_verb, night_verbs
from batch.model import Balance, ControlTotal, JobInstance, StepExecution
from batch.nets import NETS
from batch.rules.readiness import Wait, Waiting, without_clock
from batch.words import InstanceState, StepState
from css.cli import night_watch
from css.core.calendar import ONE_DAY
from css.core.errors import NotFound
from css.core.money import Money
from css.master.clocks import live_by_business_date
from tests import builders
from tests.batch.told_night import AT, DAY, SAM, run_of
from tests.conftest import QueryCount

NIGHT, MONTH_END, HOUSEKEEPING = NETS["night"], NETS["month-end"], NETS["housekeeping"]
NEXT = DAY + timedelta(days=1)
FAR = date(2027, 1, 1)
HELD = "held_at = now(), held_by = 'SAM', hold_reason = 'Wait'"


@pytest.fixture
def place(session: Session) -> Session:
    """ZZ, whose night of 2 March runs past roll-date: the clock has planned that of the 3rd. The month-end of the 2nd is planned too."""
    builders.district(session)
    session.execute(text("UPDATE css.business_date SET current_on = :next, closed_through = :before"), _days())
    run_of(session, NIGHT, InstanceState.RUNNING, day=DAY, calculate=StepState.RUNNING)
    run_of(session, NIGHT, InstanceState.PLANNED, day=NEXT)
    run_of(session, MONTH_END, InstanceState.PLANNED, day=DAY)
    return session


def _days() -> dict[str, date]:
    return {"next": NEXT, "before": DAY - timedelta(days=1)}


MOVES = {
    "the night that runs reads on": "UPDATE batch.step_execution SET read_count = read_count + 1, written_count = written_count + 1",
    "one of its steps ends": "UPDATE batch.step_execution SET state = 'completed', ended_at = now()",
    "it is told to stop": "UPDATE batch.job_instance SET stop_asked_at = now() WHERE state = 'running'",
    "it ends": "UPDATE batch.job_instance SET state = 'completed' WHERE state = 'running'",
    "the next night is held": f"UPDATE batch.job_instance SET {HELD} WHERE business_date = '2026-03-03'",
    "it is to start": "UPDATE batch.job_instance SET start_asked_at = now() WHERE business_date = '2026-03-03'",
    "it is put first": "UPDATE batch.job_instance SET priority = 1 WHERE business_date = '2026-03-03'",
    "it is left out": "UPDATE batch.job_instance SET state = 'skipped' WHERE business_date = '2026-03-03'",
    "the month-end is held": f"UPDATE batch.job_instance SET {HELD} WHERE net = 'month-end'",
    "a step is held": (
        "INSERT INTO batch.step_control (job_instance_id, step, held_at, held_by, hold_reason)"
        " SELECT id, 'number', now(), 'SAM', 'Wait' FROM batch.job_instance WHERE state = 'running'"
    ),
    "another attempt begins": (
        "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at, ended_at)"
        " SELECT id, 2, 'failed', 'night', 'exchange', 1, now(), now() FROM batch.job_instance WHERE state = 'running'"
    ),
    "another run is planned": (
        "INSERT INTO batch.job_instance (net, district_code, business_date, state, planned_at)"
        " VALUES ('quarter-end', 'ZZ', '2026-03-02', 'planned', now())"
    ),
    "an alarm is raised": "INSERT INTO batch.alarm (kind, words, raised_at) VALUES ('clock', 'No clock looks.', now())",
    "an item is set aside": (
        "INSERT INTO batch.reject (job_instance_id, step, source_key, reason_code, words, raw, state, rejected_at)"
        " SELECT id, 'rate-usage', 'usage/file/A.csv', 'CSS421E', 'Broken.', '', 'open', now()"
        " FROM batch.job_instance WHERE state = 'running'"
    ),
    "the date is rolled": "UPDATE css.business_date SET current_on = '2026-03-04'",
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES.keys())
def test_whatever_moves_in_a_place_is_news_whichever_run_is_looked_at(place: Session, move: str) -> None:
    before = night_version(place, "ZZ", at=AT)
    assert night_version(place, "ZZ", at=AT + timedelta(seconds=20)) == before, "the same minute, and nothing moved"
    place.execute(text(move))
    assert night_version(place, "ZZ", at=AT) != before


def test_an_alarm_that_is_looked_at_is_news_and_another_districts_night_is_none(place: Session) -> None:
    place.execute(text("INSERT INTO batch.alarm (kind, words, raised_at) VALUES ('clock', 'No clock looks.', now())"))
    raised = night_version(place, "ZZ", at=AT)
    place.execute(text("UPDATE batch.alarm SET seen_at = now(), seen_by = 'SAM'"))
    seen = night_version(place, "ZZ", at=AT)
    assert seen != raised
    builders.district(place, "ZY")
    run_of(place, NIGHT, InstanceState.PLANNED, district="ZY", day=DAY)
    assert night_version(place, "ZZ", at=AT) == seen
    assert night_version(place, "", at=AT) != seen, "the house is a place of its own"


def test_whether_anything_moved_is_one_question(
    place: Session, engine: Engine, query_count: Callable[[], AbstractContextManager[QueryCount]]
) -> None:
    assert engine is not None
    with query_count() as sent:
        night_version(place, "ZZ", at=AT)
    assert len(sent.statements) == 1


# Generations and extra runs.


def _counted(session: Session, instance_id: int, *, name: str, pence: int, generation: int = 1) -> None:
    session.add(
        ControlTotal(job_instance_id=instance_id, step="backup", generation=generation, name=name, item_count=1, amount=Money(pence))
    )
    session.add(
        Balance(
            job_instance_id=instance_id,
            step="backup",
            generation=generation,
            joint=name,
            in_words="in",
            in_count=pence,
            out_words="out",
            out_count=pence,
            checked_at=AT,
        )
    )
    session.flush()


def test_what_a_rerun_superseded_stands_beside_nothing(session: Session) -> None:
    instance = run_of(session, HOUSEKEEPING, InstanceState.COMPLETED, district=None, backup=StepState.COMPLETED)
    _counted(session, instance, name="first", pence=100)
    session.execute(text("UPDATE batch.step_execution SET superseded_at = now()"))
    old = session.query(StepExecution).one()
    session.add(
        StepExecution(
            job_instance_id=instance,
            job_execution_id=old.job_execution_id,
            step="backup",
            generation=2,
            ordinal=1,
            state=StepState.COMPLETED,
            started_at=AT,
        )
    )
    session.flush()
    _counted(session, instance, name="second", pence=200, generation=2)
    assert [(row.name, row.amount) for row in queries.totals(session, "", DAY, "housekeeping")] == [("second", Money(200))]
    assert [row.joint for row in queries.balances(session, "", DAY, "housekeeping")] == ["second"]


def test_an_extra_run_is_never_shown_as_the_ordinary_one(session: Session) -> None:
    extra = run_of(session, HOUSEKEEPING, InstanceState.FAILED, district=None, backup=StepState.FAILED)
    session.execute(text("UPDATE batch.job_instance SET parameter_key = 'again'"))
    _counted(session, extra, name="extra", pence=200)
    assert queries.run_row(session, "", DAY, "housekeeping") is None, "the ordinary one is not planned yet"
    session.expire_all()
    plain = run_of(session, HOUSEKEEPING, InstanceState.COMPLETED, district=None, backup=StepState.COMPLETED)
    _counted(session, plain, name="plain", pence=100)
    for key, instance, name, state in (("", plain, "plain", StepState.COMPLETED), ("again", extra, "extra", StepState.FAILED)):
        assert queries.instance_id(session, "", DAY, "housekeeping", key) == instance
        assert [row.state for row in queries.steps(session, "", DAY, "housekeeping", key)] == [state]
        assert [row.name for row in queries.totals(session, "", DAY, "housekeeping", key)] == [name]
        assert [row.joint for row in queries.balances(session, "", DAY, "housekeeping", key)] == [name]
        found = queries.run_row(session, "", DAY, "housekeeping", key)
        assert found is not None
        assert found.parameter_key == key
        card = night_step(session, "", DAY, "backup", at=AT, net="housekeeping", key=key)
        assert card.row.state is state


# The run at hand.


def test_without_a_date_it_is_the_run_at_hand_and_not_the_one_that_is_planned_next(place: Session) -> None:
    run_of(place, NIGHT, InstanceState.PLANNED, day=FAR)
    plan = night_plan(place, "ZZ", at=AT)
    assert plan is not None
    assert plan.business_date == DAY
    assert {one.run for one in night_verbs(place, "ZZ", by=SAM, at=AT)} == {"the night of ZZ for 2 March 2026"}
    assert night_verb(place, "hold", "ZZ", by=SAM, at=AT).run == "the night of ZZ for 2 March 2026"
    place.execute(text("UPDATE batch.job_instance SET state = 'completed' WHERE state = 'running'"))
    place.execute(text("UPDATE css.business_date SET closed_through = '2026-03-02'"))
    assert night_verb(place, "hold", "ZZ", by=SAM, at=AT).run == "the night of ZZ for 3 March 2026"
    again = night_verb(place, "rerun", "ZZ", step="report", by=SAM, at=AT)
    assert again.run == "the night of ZZ for 2 March 2026", "what is run again has begun"
    assert {row.step for row in queries.night_attempts(place, "ZZ")} == {"calculate"}, "nothing was tried of the nights to come"
    with pytest.raises(NotFound) as refused:
        night_plan(place, "ZZ", at=AT, net="quarter-end")
    assert refused.value.code == "CSS633E"


# Watching.


def _plan(session: Session, on: date, net: str = "night") -> RunPlan:
    plan = night_plan(session, "ZZ", on, at=AT, net=net)
    assert plan is not None
    return plan


def test_a_night_run_by_hand_before_its_hour_is_late_only_when_its_own_hour_has_passed(place: Session) -> None:
    wanted = datetime(2026, 3, 3, 6, tzinfo=UTC)
    place.execute(text("UPDATE batch.job_instance SET must_end_by = :at WHERE state = 'running'"), {"at": wanted})

    def seen(at: datetime) -> str:
        place.expire_all()
        plan = night_plan(place, "ZZ", DAY, at=at)
        assert plan is not None
        end = at + timedelta(minutes=90)
        return night_watch._standing(replace(plan, is_alive=True, expected_end_at=end), at)

    by_hand = datetime(2026, 3, 2, 11, 45, tzinfo=UTC)
    assert seen(by_hand) == "Expected to end at 13:15:00, wanted by 03 Mar 06:00:00."
    assert seen(wanted - timedelta(minutes=1)) == "Expected to end at 07:29:00, wanted by 06:00:00."
    assert seen(wanted + timedelta(minutes=1)) == "Expected to end at 07:31:00, wanted by 06:00:00. LATE"
    assert seen(wanted + timedelta(days=1)) == "Expected to end at 07:30:00, wanted by 03 Mar 06:00:00. LATE"
    live_by_business_date(place, "ZZ", by=SAM, at=AT)
    assert seen(wanted + timedelta(days=1)) == "Expected to end at 07:30:00."
    assert seen(wanted + timedelta(days=90)) == "Expected to end at 08:30:00 BST."


def test_an_hour_is_promised_only_while_a_clock_looks(place: Session) -> None:
    place.execute(text("UPDATE batch.job_instance SET state = 'failed' WHERE state = 'running'"))
    died = "UPDATE batch.job_execution SET state = 'failed', return_code = 16, message_code = 'CSS030E', started_at = :at, ended_at = :at"
    place.execute(text(died), {"at": AT})
    place.execute(text("UPDATE css.business_date SET current_on = :on, closed_through = :before"), {"on": DAY, "before": DAY - ONE_DAY})

    def waits(on: date) -> str | None:
        place.expire_all()
        plan = night_plan(place, "ZZ", on, at=AT)
        assert plan is not None
        return plan.waits_for

    by_hand = "No clock looks, so nothing starts it by itself: `css night run ZZ --date 2026-03-02` does."
    assert waits(DAY) == f"It stopped for want of a server or a disk. {by_hand}"
    beat = "INSERT INTO batch.night_clock (host, process_id, started_at, beat_at) VALUES ('a', 1, now(), now())"
    place.execute(text(beat))
    assert "; it is tried again at " in (waits(DAY) or "")


def test_what_waits_where_no_clock_looks_is_said_without_a_promise() -> None:
    def said(kind: Wait, words: str) -> str:
        return without_clock(Waiting(kind, words), "css night run ZZ").words

    assert said(Wait.NOTHING, "x") == "No clock looks, so nothing starts it by itself: `css night run ZZ` does."
    hour = "It starts at 02:15 on 3 March"
    assert said(Wait.TIME, f"{hour}.") == f"{hour} if a clock looks by then, and none does now; `css night run ZZ` is by hand."
    assert said(Wait.CLAIMED, "x") == "It has been started; no clock looks, so that `css night run ZZ` starts it if nothing comes of that."
    assert said(Wait.HELD, "Held by SAM: Wait.") == "Held by SAM: Wait."


def test_a_run_that_is_held_has_ended_for_whoever_watches_it(place: Session) -> None:
    waits = _plan(place, NEXT)
    assert not waits.needs_person
    assert not night_watch._has_ended(waits), "it begins by itself"
    place.execute(text(f"UPDATE batch.job_instance SET {HELD} WHERE business_date = '2026-03-03'"))
    place.expire_all()
    held = _plan(place, NEXT)
    assert held.needs_person
    assert night_watch._has_ended(held)
    assert night_watch._status(held) == 0, "looked at once, it is only looked at"
    assert night_watch._ended_with(held) == 16, "what follows it in a script does not go on"
    assert not night_watch._has_ended(replace(held, is_starting=True)), "a process is on its way"


def test_what_runs_is_watched_though_a_hold_waits_for_its_end(place: Session) -> None:
    place.execute(text(f"UPDATE batch.job_instance SET {HELD} WHERE state = 'running'"))
    running = replace(_plan(place, DAY), is_alive=True)
    assert not night_watch._has_ended(running)
    instance = place.query(JobInstance).filter_by(net="night", business_date=DAY).one()
    instance.state = InstanceState.COMPLETED
    place.flush()
    over = _plan(place, DAY)
    assert night_watch._has_ended(over)
    assert night_watch._ended_with(replace(over, return_code=4)) == 4
