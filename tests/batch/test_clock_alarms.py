"""What the clock finds late, stuck, dead or wrong, from the rows; raised once, and over by itself when it is over."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update

from batch import repository
from batch.clock.launching import a_clock_beats, last_beat
from batch.clock.ticking import Clockwork
from batch.model import Alarm, JobExecution, JobInstance, NightClock, StepExecution
from batch.net import Net
from batch.nets import NIGHT
from batch.rules.alarms import StepUnderWay, alarms_of
from batch.rules.readiness import LastAttempt, Planned
from batch.words import AlarmKind, ExecutionState, InstanceState, StepState
from css.core.clock import FixedClock
from css.db.engine import transaction
from tests import builders
from tests.batch.clock_hands import BY, DUE_AT, MINUTE, NIGHT_OF, Hands, attempted, clockwork, close

HOUR = timedelta(hours=1)


@pytest.fixture
def first_night(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    close(fresh_engine, date(2026, 2, 28), current=NIGHT_OF)
    return fresh_engine


def _open(engine: Engine) -> dict[AlarmKind, str]:
    with transaction(engine) as session:
        rows = session.execute(select(Alarm.kind, Alarm.words).where(Alarm.ended_at.is_(None)).order_by(Alarm.id))
        return {row.kind: row.words for row in rows}


def _none_starts(engine: Engine, hands: Hands) -> Clockwork:
    """A clock whose runs never come to anything."""
    return clockwork(engine, hands)


def test_a_late_night_is_told_once_and_is_over_when_it_has_begun_and_when_it_has_ended(first_night: Engine) -> None:
    hands = Hands(DUE_AT)
    clock = _none_starts(first_night, hands)
    clock.tick()
    hands.at = DUE_AT + MINUTE * 45
    clock.tick()
    assert _open(first_night) == {}, "at three o'clock it may still begin"
    for _ in range(3):
        hands.at += MINUTE
        clock.tick()
    assert _open(first_night) == {
        AlarmKind.LATE_START: "The night of ZZ for 1 March 2026 was to start by 03:00 on 2 March 2026 and has not."
    }
    with transaction(first_night) as session:
        assert session.execute(select(Alarm.times)).scalars().all() == [1]
    attempted(first_night, 8, at=hands.at)
    clock.tick()
    assert _open(first_night) == {}
    hands.at = DUE_AT + HOUR * 4
    clock.tick()
    assert _open(first_night) == {AlarmKind.LATE_END: "The night of ZZ for 1 March 2026 was to end by 06:00 on 2 March 2026 and has not."}
    with transaction(first_night) as session:
        session.execute(update(JobInstance).where(JobInstance.business_date == NIGHT_OF).values(state=InstanceState.COMPLETED))
    close(first_night, NIGHT_OF)
    clock.tick()
    assert _open(first_night) == {}


def test_an_attempt_that_died_is_told_until_another_runs(first_night: Engine) -> None:
    hands = Hands(DUE_AT)
    clock = _none_starts(first_night, hands)
    clock.tick()
    attempted(first_night, None)
    clock.tick()
    assert _open(first_night) == {AlarmKind.DIED: "Attempt 1 at the night of ZZ for 1 March 2026 is gone without a word."}
    attempted(first_night, None)
    with transaction(first_night) as session:
        instance = repository.plan(session, "night", "ZZ", NIGHT_OF, DUE_AT)
    with repository.instance_lock(first_night, instance.id):
        clock.tick()
    assert _open(first_night) == {}


def test_an_attempt_that_ends_while_a_clock_looks_has_not_died(first_night: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row and lock are not read at one instant: the run may end between the two."""
    attempted(first_night, None)
    clock = _none_starts(first_night, Hands(DUE_AT))
    monkeypatch.setattr(clock, "_start_ready", lambda: None)
    clock.tick()
    assert _open(first_night) == {}


def _usually(engine: Engine, seconds: list[int]) -> None:
    """Nights before, in which rendering took so long."""
    with transaction(engine) as session:
        for n, took in enumerate(seconds, start=1):
            run = repository.plan(session, "night", "ZZ", NIGHT_OF - timedelta(days=n), DUE_AT)
            execution_id, _ = repository.begin_attempt(session, run.id, BY, DUE_AT)
            repository.open_step(session, run.id, execution_id, "render", 1, DUE_AT)
            step = StepExecution.job_instance_id == run.id
            session.execute(update(StepExecution).where(step).values(state=StepState.COMPLETED, ended_at=DUE_AT + timedelta(seconds=took)))
            repository.end_attempt(session, run.id, execution_id, ExecutionState.COMPLETED, DUE_AT, 0, None)


def test_a_step_that_commits_nothing_for_long_is_stuck_until_it_does(first_night: Engine) -> None:
    _usually(first_night, [300, 360, 9000, 420, 330])
    with transaction(first_night) as session:
        run = repository.plan(session, "night", "ZZ", NIGHT_OF, DUE_AT)
        execution_id, _ = repository.begin_attempt(session, run.id, BY, DUE_AT)
        step = repository.open_step(session, run.id, execution_id, "render", 1, DUE_AT)
        session.execute(update(StepExecution).where(StepExecution.id == step.id).values(progressed_at=DUE_AT + MINUTE))
    hands = Hands(DUE_AT + MINUTE * 13)
    clock = _none_starts(first_night, hands)
    with repository.instance_lock(first_night, run.id):
        clock.tick()
        assert _open(first_night) == {}
        hands.at += MINUTE
        clock.tick()
        name = "The night of ZZ for 1 March 2026: step render"
        assert _open(first_night) == {
            AlarmKind.STUCK: f"{name} has committed nothing for more than 12 min; as a whole it usually takes 6 min."
        }
        with transaction(first_night) as session:
            session.execute(update(StepExecution).where(StepExecution.id == step.id).values(progressed_at=hands.at))
        hands.at += MINUTE * 5
        clock.tick()
        assert _open(first_night) == {AlarmKind.LONG: f"{name} runs for more than 18 min; as a whole it usually takes 6 min."}
    with transaction(first_night) as session:
        kinds = session.execute(select(Alarm.kind).order_by(Alarm.id)).scalars().all()
    assert kinds == [AlarmKind.STUCK, AlarmKind.LONG]


def test_a_step_that_is_taken_up_after_a_pause_is_not_late_by_the_pause(first_night: Engine) -> None:
    _usually(first_night, [300, 360, 420])
    with transaction(first_night) as session:
        run = repository.plan(session, "night", "ZZ", NIGHT_OF, DUE_AT)
        first, _ = repository.begin_attempt(session, run.id, BY, DUE_AT)
        repository.open_step(session, run.id, first, "render", 1, DUE_AT)
        repository.fail_attempt(session, run.id, DUE_AT + MINUTE, "CSS610E", "It died.")
        later = DUE_AT + HOUR * 9
        second, _ = repository.begin_attempt(session, run.id, BY, later)
        repository.open_step(session, run.id, second, "render", 1, later)
    hands = Hands(later + MINUTE)
    clock = _none_starts(first_night, hands)
    with repository.instance_lock(first_night, run.id):
        clock.tick()
        assert _open(first_night) == {}
        hands.at = later + MINUTE * 13
        clock.tick()
    assert set(_open(first_night)) == {AlarmKind.STUCK}, "from then on it is looked at as any other"


def _running(*, alive: bool = True) -> Planned:
    last = LastAttempt(attempt=1, state=ExecutionState.RUNNING, started_at=DUE_AT, ended_at=None, return_code=None, message_code=None)
    return Planned(
        id=7,
        net="month-end",
        district_code="",
        business_date=NIGHT_OF,
        parameter_key="",
        state=InstanceState.RUNNING,
        start_after=None,
        must_start_by=None,
        must_end_by=None,
        priority=50,
        held_by=None,
        hold_reason=None,
        is_forced=False,
        start_asked_at=None,
        claimed_until=None,
        last=last,
        is_alive=alive,
    )


@pytest.mark.parametrize(
    ("usual", "quiet", "kinds"),
    [
        (None, 10, []),
        (None, 11, [AlarmKind.STUCK]),
        (1, 10, []),
        (1, 11, [AlarmKind.STUCK, AlarmKind.LONG]),
        (60 * 30, 60, []),
        (60 * 30, 61, [AlarmKind.STUCK]),
        (60 * 30, 91, [AlarmKind.STUCK, AlarmKind.LONG]),
    ],
)
def test_ten_minutes_are_never_too_long_and_after_that_it_goes_by_what_is_usual(
    usual: int | None, quiet: int, kinds: list[AlarmKind]
) -> None:
    step = StepUnderWay(7, "trial-balance", DUE_AT, None, usual)
    found = alarms_of([_running()], [step], DUE_AT + MINUTE * quiet)
    assert [alarm.kind for alarm in found] == kinds
    assert all(alarm.words.startswith("The month-end run of the house for 1 March 2026: step trial-balance") for alarm in found)


def test_a_step_of_a_dead_run_is_not_stuck_but_dead() -> None:
    step = StepUnderWay(7, "trial-balance", DUE_AT, None, 1)
    assert [alarm.kind for alarm in alarms_of([_running(alive=False)], [step], DUE_AT + HOUR)] == [AlarmKind.DIED]


# Clocks themselves.


def test_a_clock_says_that_it_looks_and_that_it_stops(first_night: Engine) -> None:
    def beats() -> bool:
        with transaction(first_night) as session:
            return a_clock_beats(session)

    assert not beats()
    clock = _none_starts(first_night, Hands(DUE_AT))
    clock.tick()
    clock.tick()
    assert beats()
    with transaction(first_night) as session:
        assert session.execute(select(func.count()).select_from(NightClock)).scalar_one() == 1
        session.execute(update(NightClock).values(beat_at=NightClock.beat_at - timedelta(seconds=91)))
    assert not beats()
    clock.tick()
    assert beats()
    clock.stop()
    assert not beats()
    with transaction(first_night) as session:
        assert last_beat(session) is None


@pytest.mark.parametrize(("ahead", "side"), [(HOUR, "ahead of"), (-HOUR, "behind"), (MINUTE, None)])
def test_a_clock_on_a_machine_with_a_wrong_clock_decides_rightly_and_says_so(
    first_night: Engine, ahead: timedelta, side: str | None
) -> None:
    """Two clocks, one of them skewed: the night starts when the database's hour has come, and not a look earlier or later."""
    with transaction(first_night) as session:
        real = session.execute(select(func.clock_timestamp())).scalar_one()
    started: list[bool] = []
    hands = Hands(DUE_AT - timedelta(seconds=1))
    skewed = Clockwork(first_night, {"night": NIGHT}, start=hands.start, time=hands.time, wall=FixedClock(real + ahead))
    for _ in range(2):
        skewed.tick()
        started.append(bool(hands.started))
        hands.at += timedelta(seconds=1)
    assert started == [False, True]
    alarms = [words for words in _open(first_night).values() if "stands on a machine" in words]
    assert len(alarms) == (side is not None)
    if side is not None:
        assert f"whose clock is {side} the database's by more than a minute" in alarms[0]
        Clockwork(first_night, {"night": NIGHT}, start=hands.start, time=hands.time).tick()
        assert AlarmKind.CLOCK not in _open(first_night), "set right, it is over"


def test_five_clocks_at_once_with_clocks_of_their_own_start_one_run_of_each_date(first_night: Engine) -> None:
    hands = Hands(DUE_AT)
    walls = [FixedClock(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=n * 30)) for n in range(5)]
    clocks = [Clockwork(first_night, {"night": NIGHT}, start=hands.start, time=hands.time, wall=wall) for wall in walls]
    for day in range(4):
        for clock in clocks * 2:
            clock.tick()
        attempted(first_night, 0, night_of=NIGHT_OF + timedelta(days=day), at=hands.at)
        close(first_night, NIGHT_OF + timedelta(days=day), current=NIGHT_OF + timedelta(days=day + 1))
        hands.at += timedelta(days=1)
    assert [launch.business_date.day for launch in hands.started] == [1, 2, 3, 4]


def test_what_was_to_start_while_no_clock_looked_is_told_until_somebody_has_seen_it(first_night: Engine) -> None:
    hands = Hands(DUE_AT - HOUR)
    before = _none_starts(first_night, hands)
    before.tick()
    with transaction(first_night) as session:
        session.execute(update(NightClock).values(beat_at=DUE_AT - HOUR))
    hands.at = DUE_AT + HOUR * 5
    after = _none_starts(first_night, hands)
    after.tick()
    after.tick()
    words = "No clock looked from 01:15 on 2 March 2026 to 07:15 on 2 March 2026. One run was to start meanwhile and did not."
    assert _open(first_night)[AlarmKind.CLOCK] == words


def test_what_somebody_started_by_hand_while_no_clock_looked_is_not_told_as_missed(first_night: Engine) -> None:
    hands = Hands(DUE_AT - HOUR)
    _none_starts(first_night, hands).tick()
    with transaction(first_night) as session:
        session.execute(update(NightClock).values(beat_at=DUE_AT - HOUR))
    attempted(first_night, 8, at=DUE_AT + MINUTE)
    hands.at = DUE_AT + HOUR
    _none_starts(first_night, hands).tick()
    assert AlarmKind.CLOCK not in _open(first_night)


def test_a_fault_of_the_clocks_own_is_told_and_keeps_it_from_nothing_else(
    first_night: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hands = Hands(DUE_AT)
    clock = _none_starts(first_night, hands)
    clock.tick()
    hands.started.clear()
    hands.at += HOUR
    with monkeypatch.context() as broken:
        broken.setattr(clock, "_plan", lambda: os.environ["CSS_THERE_IS_NO_SUCH_NAME"])
        clock.tick()
    assert "cannot plan: KeyError; its log says why." in _open(first_night)[AlarmKind.CLOCK]
    assert "Traceback" in caplog.text
    assert len(hands.started) == 1, "the night was started all the same"
    clock.tick()
    assert AlarmKind.CLOCK not in _open(first_night)


def test_attempts_are_read_and_never_written_by_the_clock(first_night: Engine) -> None:
    attempted(first_night, None)
    with transaction(first_night) as session:
        before = session.execute(select(JobExecution.__table__)).all()
    hands = Hands(DUE_AT + HOUR * 9)
    clockwork(first_night, hands, {"night": Net.in_line("night", "Nothing.", ())}).tick()
    with transaction(first_night) as session:
        assert session.execute(select(JobExecution.__table__)).all() == before
