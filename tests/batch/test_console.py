"""The console of the night: every step of the net with what is still to come, and what a restart would repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.console import night_plan, night_step, night_version, plan_of, step_of
from batch.console.restart import Kept, restart_words
from batch.engine import run_net
from batch.net import Context, Net, SingleStep, Work
from batch.report.history import durations
from batch.report.reading import read
from batch.repository import instance_lock
from batch.words import InstanceState, StepState
from css.core.clock import FixedClock
from css.core.errors import NotFound, Refused
from css.db.engine import transaction
from tests.batch import toy_night
from tests.batch.toy_night import AT, ITEMS, NIGHT, TOY, context

DAY = date(2026, 3, 1)


@pytest.fixture
def toy(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        toy_night.make_tables(session, "ZY")
    return fresh_engine


def _stumble(_session: Session, _context: Context) -> Work:
    raise Refused("CSS620E", "The books do not balance.")


STUMBLES = Net.in_line("toy", "A toy night that stops before its end.", (*TOY.steps[:3], SingleStep("end", "End", _stumble)))


def test_a_finished_night_shows_every_step_and_no_command(toy: Engine, tmp_path: Path) -> None:
    toy_night.run(toy.url.render_as_string(hide_password=False), tmp_path)
    with transaction(toy) as session:
        plan = plan_of(session, TOY, "ZY", DAY, at=AT)
        card = step_of(session, TOY, "ZY", DAY, "double", at=AT)
    assert plan is not None
    assert [(row.step, row.state, row.share) for row in plan.rows] == [(step.name, StepState.COMPLETED, 1000) for step in TOY.steps]
    assert (plan.state, plan.is_alive, plan.steps_done, plan.expected_end_at) == (InstanceState.COMPLETED, False, 4, None)
    assert all(row.unaccounted == 0 for row in plan.rows)
    assert (card.row.read_count, card.block_count, card.blocks_done) == (ITEMS, 9, 9)
    assert (card.command, card.restart) == (None, "Nothing: the step is finished and is passed over.")
    assert len(card.rejects) == ITEMS // 7
    assert card.rejects[0].reason_code == "CSS699E"
    assert [(one.attempt, one.is_holder) for one in card.attempts] == [(1, True)]


def test_a_stopped_night_says_what_a_restart_repeats_and_by_which_command(toy: Engine, tmp_path: Path) -> None:
    run_net(toy, STUMBLES, context(tmp_path), clock=FixedClock(AT))
    run_net(toy, STUMBLES, context(tmp_path), clock=FixedClock(AT))
    with transaction(toy) as session:
        card = step_of(session, STUMBLES, "ZY", DAY, "end", at=AT)
        before = step_of(session, STUMBLES, "ZY", DAY, "items", at=AT)
    assert card.row.state is StepState.FAILED
    assert card.command == "css night run ZY --date 2026-03-01 --net toy"
    assert card.restart.startswith("All of it")
    assert [(one.attempt, one.message_code, one.is_holder) for one in card.attempts] == [(2, "CSS620E", True), (1, "CSS620E", False)]
    assert before.restart.startswith("Nothing")
    assert dict(before.checkpoint) == {"last": "5"}
    assert dict(card.parameters)["business date"] == "2026-03-01"
    assert card.row.expected_end_at is None, "a run that stands still ends never"


def test_while_a_process_holds_the_run_nobody_is_told_to_start_it(toy: Engine, tmp_path: Path) -> None:
    run_net(toy, STUMBLES, context(tmp_path), clock=FixedClock(AT))
    with transaction(toy) as session:
        instance = session.execute(text("SELECT id FROM batch.job_instance")).scalar_one()
    with instance_lock(toy, instance) as held, transaction(toy) as session:
        assert held
        card = step_of(session, STUMBLES, "ZY", DAY, "end", at=AT)
    assert card.run.is_alive
    assert card.command is None


def test_the_last_nights_say_how_long_it_takes(toy: Engine, tmp_path: Path) -> None:
    for day in range(1, 4):
        with transaction(toy) as session:
            session.execute(text("TRUNCATE public.toy_result"))
        run_net(toy, TOY, replace(context(tmp_path), business_date=date(2026, 2, day)), clock=FixedClock(AT))
        with transaction(toy) as session:
            session.execute(
                text(
                    "UPDATE batch.step_execution SET ended_at = started_at + make_interval(secs => :took) WHERE job_instance_id ="
                    " (SELECT id FROM batch.job_instance WHERE business_date = :day)"
                ),
                {"took": day * 10, "day": date(2026, 2, day)},
            )
            session.execute(text("DELETE FROM batch.reject"))
    with transaction(toy) as session:
        card = step_of(session, TOY, "ZY", date(2026, 2, 3), "double", at=AT)
    assert [(one.business_date.day, one.seconds) for one in card.durations] == [(2, 20), (1, 10)], "nights before this one, newest first"
    assert card.row.usual_seconds == 20


def test_the_pause_between_attempts_is_nobodys(toy: Engine, tmp_path: Path) -> None:
    """Killed and run again after an hour: what the attempts worked counts, and of one that died nobody knows when it did."""
    with transaction(toy) as session:
        dates = "INSERT INTO css.business_date (district_code, current_on, closed_through) VALUES ('ZY', :on, CAST(:on AS date) - 1)"
        session.execute(text(dates), {"on": DAY})
    run_net(toy, STUMBLES, context(tmp_path), clock=FixedClock(AT))
    later = AT + timedelta(hours=1)
    run_net(toy, TOY, replace(context(tmp_path), at=later), clock=FixedClock(later))
    took = text(
        "UPDATE batch.step_execution SET started_at = :at, ended_at = CAST(:at AS timestamptz) + interval '3604 s' WHERE step = 'end'"
    )
    for code, worked in (("CSS620E", 7), ("CSS610E", 4)):
        with toy.connect() as connection, Session(connection) as session:
            session.execute(took, {"at": AT})
            session.execute(text("ALTER TABLE batch.step_attempt DISABLE TRIGGER USER"))
            session.execute(
                text(
                    "DELETE FROM batch.step_attempt WHERE step_execution_id NOT IN (SELECT id FROM batch.step_execution WHERE step = 'end')"
                )
            )
            session.execute(
                text(
                    "UPDATE batch.step_attempt SET ended_at = started_at + interval '3 s', message_code = :code WHERE state <> 'completed'"
                ),
                {"code": code},
            )
            plan = plan_of(session, TOY, "ZY", DAY, at=later)
            assert plan is not None
            assert next(row.seconds for row in plan.rows if row.step == "end") == worked
            facts = read(session, plan.job_instance_id, by=NIGHT)
            assert next(one.seconds for one in facts.steps if one.step == "end") == worked
            assert [one.seconds for one in durations(session, "toy", "ZY", DAY + timedelta(days=1))["end"]] == [worked]
            session.rollback()


def test_the_version_moves_with_the_run(toy: Engine, tmp_path: Path) -> None:
    with transaction(toy) as session:
        nothing = night_version(session, "ZY", at=AT)
    run_net(toy, STUMBLES, context(tmp_path), clock=FixedClock(AT))
    with transaction(toy) as session:
        one = night_version(session, "ZY", at=AT)
        assert night_version(session, "ZY", at=AT) == one != nothing
        session.execute(text("UPDATE batch.step_execution SET read_count = read_count + 1, filtered_count = filtered_count + 1"))
        assert night_version(session, "ZY", at=AT) != one


def test_what_was_never_planned_is_not_there(toy: Engine) -> None:
    with transaction(toy) as session:
        assert night_plan(session, "ZY", DAY, at=AT) is None
        with pytest.raises(NotFound, match="never planned"):
            night_step(session, "ZY", DAY, "calculate", at=AT)
        with pytest.raises(NotFound, match="no step 'juggle'"):
            night_step(session, "ZY", DAY, "juggle", at=AT)


# --- pure -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "kept", "words"),
    [
        ("begin", Kept(None, 0, False, 0, 0), "Nothing of it was done yet"),
        ("begin", Kept(None, 0, False, 0, 0, is_left_out=True), "Nothing: it was told to be left out"),
        ("items", Kept(StepState.FAILED, 3, False, 0, 0, is_left_out=True), "Nothing: it was told to be left out"),
        ("begin", Kept(StepState.SKIPPED, 0, False, 0, 0, is_left_out=True), "Nothing: the step was left out and is passed over."),
        ("begin", Kept(StepState.RUNNING, 0, True, 0, 0), "only the mark"),
        ("begin", Kept(StepState.FAILED, 0, False, 0, 0), "All of it"),
        ("items", Kept(StepState.FAILED, 3, False, 0, 0), "read so far (3) is kept"),
        ("items", Kept(StepState.FAILED, 0, False, 0, 0), "Nothing was kept yet"),
        ("double", Kept(StepState.FAILED, 14, False, 2, 9), "2 of 9 blocks are done and stay as they are; the other 7"),
        ("double", Kept(StepState.FAILED, 0, False, 0, 0), "not yet cut"),
    ],
)
def test_a_restart_is_told_before_it_is_made(step: str, kept: Kept, words: str) -> None:
    assert words in restart_words(TOY.step(step), kept)
