"""That what somebody wants started is started: by a clock or by a door, once, in its order, and though a process never comes."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from batch import repository
from batch.clock.launching import Launch
from batch.clock.seen import look, waiting_of
from batch.control import hold_night, kill_night, plan_night, release_night, skip_night, start_night
from batch.control.commands import HoldNight, KillNight, NightTold, PlanNight, ReleaseNight, SkipNight, StartNight
from batch.control.starting import see_to_start
from batch.model import Alarm, JobExecution, JobInstance
from batch.nets import NETS
from batch.rules.readiness import Wait
from batch.words import AlarmKind, InstanceState
from css.core.errors import CssError
from css.db.engine import transaction
from tests import builders
from tests.batch.clock_hands import BY, MINUTE, Hands, clockwork
from tests.batch.told_night import AT, CHORES, DAY, HOUSEWORK, SUE, run_of
from tests.race import in_the_background

VERBS: dict[type, Any] = {
    PlanNight: plan_night,
    StartNight: start_night,
    HoldNight: hold_night,
    ReleaseNight: release_night,
    SkipNight: skip_night,
    KillNight: kill_night,
}
HOUSE: dict[str, Any] = {"net": "housework", "district_code": ""}
TOYS = {"chores": CHORES, "housework": HOUSEWORK}


@pytest.fixture
def town(fresh_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A district with chores, on the date whose run is told things."""
    with transaction(fresh_engine) as session:
        builders.district(session)
    for name, net in TOYS.items():
        monkeypatch.setitem(NETS, name, net)
    return fresh_engine


def tell(engine: Engine, kind: type, *, at: datetime = AT, **fields: object) -> NightTold:
    given = {"net": "chores", "district_code": "ZZ", "business_date": DAY, "reason": "Because."} | fields
    with transaction(engine) as session:
        told: NightTold = VERBS[kind](session, kind(**given), by=SUE, at=at)
    return told


def stands(engine: Engine, state: InstanceState, **steps: Any) -> int:  # noqa: ANN401 - states of steps, or a return code
    with transaction(engine) as session:
        return run_of(session, CHORES, state, **steps)


def row_of(engine: Engine, instance_id: int) -> JobInstance:
    with transaction(engine) as session:
        row = session.execute(select(JobInstance).where(JobInstance.id == instance_id)).scalar_one()
        session.expunge(row)
    return row


def waits(engine: Engine, instance_id: int, now: datetime) -> Wait:
    with transaction(engine) as session:
        return waiting_of(look(session, TOYS, now), instance_id).kind


# Where no clock looks.


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Launch]:
    """What the door started."""
    found: list[Launch] = []

    def start(launch: Launch, *, home: Path) -> Path:
        found.append(launch)
        return home / "log"

    monkeypatch.setattr("batch.control.starting.start", start)
    return found


def test_a_door_starts_nothing_out_of_its_order_and_the_wish_stays(town: Engine, tmp_path: Path, started: list[Launch]) -> None:
    chores = stands(town, InstanceState.FAILED)
    tell(town, HoldNight, **HOUSE)
    told = tell(town, ReleaseNight, at=AT + timedelta(hours=5), **HOUSE)
    assert see_to_start(town, told, home=tmp_path) == (
        "No clock looks, so nothing starts it yet. It waits for the chores run of ZZ for 2 March 2026."
    )
    row = row_of(town, told.job_instance_id)
    assert (started, row.claimed_until) == ([], None)
    assert row.start_asked_at is not None
    with transaction(town) as session:
        session.execute(update(JobInstance).where(JobInstance.id == chores).values(state=InstanceState.COMPLETED))
    assert see_to_start(town, told, home=tmp_path).startswith("No clock looks, so it was started here; ")
    assert started == [Launch("", DAY, "housework")]


def test_a_door_starts_no_run_of_a_date_before_that_of_an_earlier_one(town: Engine, tmp_path: Path, started: list[Launch]) -> None:
    tell(town, HoldNight, business_date=DAY + timedelta(days=1))
    told = tell(town, ReleaseNight, business_date=DAY + timedelta(days=1), at=AT + timedelta(days=1))
    assert told.is_start_asked
    stands(town, InstanceState.FAILED)
    assert see_to_start(town, told, home=tmp_path) == "No clock looks, so nothing starts it yet. That of 2 March 2026 comes first."
    assert started == []


def test_two_doors_start_it_once_and_the_wish_stands_until_an_attempt_begins(town: Engine, tmp_path: Path, started: list[Launch]) -> None:
    run = stands(town, InstanceState.FAILED)
    told = tell(town, StartNight)
    assert see_to_start(town, told, home=tmp_path).startswith("No clock looks, so it was started here; ")
    assert see_to_start(town, told, home=tmp_path) == "Somebody has started it already."
    assert started == [Launch("ZZ", DAY, "chores")]
    assert row_of(town, run).start_asked_at is not None
    again = tell(town, StartNight)
    see_to_start(town, again, home=tmp_path)
    assert len(started) == 2, "whoever asks anew has not to wait until the first process is given up"
    with transaction(town) as session:
        repository.begin_attempt(session, run, BY, AT)
    row = row_of(town, run)
    assert (row.start_asked_at, row.claimed_until) == (None, None)
    assert see_to_start(town, again, home=tmp_path) == "Somebody has started it already."


def test_a_door_that_cannot_start_a_process_says_so_and_the_wish_stays(town: Engine, tmp_path: Path) -> None:
    run = stands(town, InstanceState.FAILED, return_code=8)
    told = tell(town, StartNight)
    no_directory = tmp_path / "home"
    no_directory.write_text("a file", encoding="utf-8")
    said = see_to_start(town, told, home=no_directory)
    assert said.startswith("It is noted, but no process could be started here: ")
    assert said.endswith(" A clock that comes starts it; when that is mended, start does.")
    assert waits(town, run, AT) is Wait.NOTHING, "a clock starts it at its next look"


# By a clock.


def test_a_wish_outlives_a_process_that_never_comes(town: Engine) -> None:
    run = stands(town, InstanceState.FAILED, return_code=8)
    tell(town, StartNight)
    hands = Hands(AT)
    clock = clockwork(town, hands, TOYS)
    for _ in range(20):
        clock.tick()
        hands.at += timedelta(seconds=15)
    assert hands.started == [Launch("ZZ", DAY, "chores")]
    assert waits(town, run, hands.at) is Wait.NOTHING
    clock.tick()
    assert len(hands.started) == 2
    assert waits(town, run, hands.at) is Wait.CLAIMED


def test_a_run_that_cannot_be_started_is_told_tried_again_and_keeps_no_other_from_it(town: Engine) -> None:
    with transaction(town) as session:
        builders.district(session, "ZY")
        for code, priority in (("ZY", 1), ("ZZ", 2)):
            run = run_of(session, CHORES, InstanceState.PLANNED, district=code)
            session.execute(update(JobInstance).where(JobInstance.id == run).values(priority=priority))
    hands = Hands(AT)
    is_broken = True

    def start(launch: Launch) -> Hands:
        if is_broken and launch.district_code == "ZY":
            raise OSError("no more processes")
        return hands.start(launch)

    def alarms() -> list[str]:
        with transaction(town) as session:
            return list(session.execute(select(Alarm.words).where(Alarm.kind == AlarmKind.CLOCK, Alarm.ended_at.is_(None))).scalars())

    clock = clockwork(town, hands, TOYS, start=start)
    for _ in range(2):
        clock.tick()
        (said,) = alarms()
        assert said.endswith(" cannot start the chores run of ZY for 2 March 2026: OSError; its log says why.")
    assert hands.started == [Launch("ZZ", DAY, "chores")]
    is_broken = False
    clock.tick()
    assert (hands.started[1:], alarms()) == ([Launch("ZY", DAY, "chores")], [])


# Beside whoever tells it something.


def test_no_clock_takes_up_a_run_that_is_just_being_killed(town: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    run = stands(town, InstanceState.RUNNING)
    hands = Hands(AT)
    clock = clockwork(town, hands, TOYS)
    end_connections = repository.end_connections

    def when_its_process_is_gone(*given: Any, **named: Any) -> int:  # noqa: ANN401 - as it was given
        # Between the end of the process and the word that it was killed it looks as if it had died.
        clock.tick()
        return end_connections(*given, **named)

    monkeypatch.setattr("batch.control.ending.repository.end_connections", when_its_process_is_gone)
    tell(town, KillNight)
    clock.tick()
    assert hands.started == []
    assert waits(town, run, AT + timedelta(days=1)) is Wait.PERSON


@pytest.mark.parametrize("kind", [SkipNight, HoldNight])
def test_what_has_begun_meanwhile_is_neither_left_out_nor_held_as_if_it_had_not(town: Engine, kind: type) -> None:
    run = stands(town, InstanceState.PLANNED)
    with ThreadPoolExecutor(1) as pool, transaction(town) as session:
        repository.await_decision(session, run)
        telling: Future[NightTold] = in_the_background(town, pool, lambda: tell(town, kind))
        assert not telling.done(), "it has looked, and waits for the row"
        with repository.instance_lock(town, run):
            repository.begin_attempt(session, run, BY, AT)
            session.commit()
            with pytest.raises(CssError) as refused:
                telling.result(30)
    assert refused.value.code == "CSS602E"
    row = row_of(town, run)
    assert (row.state, row.held_at) == (InstanceState.RUNNING, None)


def test_what_began_and_ended_meanwhile_is_not_left_out(town: Engine) -> None:
    run = stands(town, InstanceState.PLANNED)
    with ThreadPoolExecutor(1) as pool:
        with transaction(town) as session:
            repository.await_decision(session, run)
            telling = in_the_background(town, pool, lambda: tell(town, SkipNight))
            repository.begin_attempt(session, run, BY, AT)
            repository.fail_attempt(session, run, AT + MINUTE, "CSS616E", "It failed.")
        with pytest.raises(CssError) as refused:
            telling.result(30)
    assert refused.value.code == "CSS637E"
    assert row_of(town, run).state is InstanceState.FAILED
    with transaction(town) as session:
        assert session.execute(select(JobExecution.attempt)).scalars().all() == [1]
