"""The clock of the night: when its time has come, what is tried again and what waits for a person, one run for many clocks."""

from __future__ import annotations

import threading
import time as timing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from batch import repository
from batch.clock.launching import Launch
from batch.clock.planning import plan_due
from batch.clock.seen import look, open_runs
from batch.engine import run_net
from batch.model import JobExecution, JobInstance
from batch.net import Context, Counts, Net, SingleStep, Work
from batch.nets import NIGHT
from batch.rules.calendar import hours_of
from batch.rules.readiness import LastAttempt, Planned, Wait, first_open, in_turn, waits_for
from batch.words import ExecutionState, InstanceState
from css.core.errors import CssError
from css.db.engine import make_engine, transaction
from tests import builders
from tests.batch.clock_hands import BY, DUE_AT, MINUTE, NIGHT_OF, Hands, attempted, clockwork, close
from tests.race import together

# When.


@pytest.mark.parametrize(
    ("business_date", "now", "come"),
    [
        (date(2026, 1, 14), "2026-01-15T02:14:59+00:00", False),
        (date(2026, 1, 14), "2026-01-15T02:15:00+00:00", True),
        (date(2026, 1, 14), "2026-01-14T23:00:00+00:00", False),
        (date(2026, 1, 14), "2026-02-15T00:00:00+00:00", True),
        # In summer London is an hour before the sun.
        (date(2026, 7, 14), "2026-07-15T01:14:59+00:00", False),
        (date(2026, 7, 14), "2026-07-15T01:15:00+00:00", True),
        # 29 March 2026: one o'clock becomes two, so 02:15 is a quarter past one by the sun.
        (date(2026, 3, 28), "2026-03-29T01:14:59+00:00", False),
        (date(2026, 3, 28), "2026-03-29T01:15:00+00:00", True),
        # 25 October 2026: the hour from one to two comes twice; 02:15 comes once, after both.
        (date(2026, 10, 24), "2026-10-25T01:15:00+00:00", False),
        (date(2026, 10, 24), "2026-10-25T02:14:59+00:00", False),
        (date(2026, 10, 24), "2026-10-25T02:15:00+00:00", True),
    ],
)
def test_a_night_may_begin_at_a_quarter_past_two_in_london(business_date: date, now: str, come: bool) -> None:
    run = _planned(start_after=hours_of(NIGHT.plan, business_date).start_after)
    assert (waits_for(run, datetime.fromisoformat(now)).kind is Wait.NOTHING) is come


def _planned(
    last: LastAttempt | None = None,
    *,
    state: InstanceState = InstanceState.FAILED,
    start_after: datetime | None = None,
    alive: bool = False,
    forced: bool = False,
    held_by: str | None = None,
    asked: datetime | None = None,
    claimed: datetime | None = None,
) -> Planned:
    return Planned(
        id=1,
        net="night",
        district_code="ZZ",
        business_date=NIGHT_OF,
        parameter_key="",
        state=InstanceState.RUNNING if last is not None and last.state is ExecutionState.RUNNING else state,
        start_after=start_after,
        must_start_by=None,
        must_end_by=None,
        priority=10,
        held_by=held_by,
        hold_reason=None if held_by is None else "the switch is being changed",
        is_forced=forced,
        start_asked_at=asked,
        claimed_until=claimed,
        last=last,
        is_alive=alive,
    )


def _attempt(
    state: ExecutionState,
    ended: timedelta | None = None,
    code: int | None = None,
    *,
    started: timedelta = MINUTE * 60,
    message: str = "CSS620E",
) -> LastAttempt:
    """An attempt by how long ago it started and ended."""
    return LastAttempt(
        attempt=2,
        state=state,
        started_at=DUE_AT - started,
        ended_at=None if ended is None else DUE_AT - ended,
        return_code=code,
        message_code=None if code in {0, 4} else message,
    )


@pytest.mark.parametrize(
    ("last", "alive", "waits"),
    [
        (None, False, Wait.NOTHING),
        (_attempt(ExecutionState.FAILED, MINUTE * 5, 16), False, Wait.NOTHING),
        (_attempt(ExecutionState.FAILED, MINUTE * 4, 16), False, Wait.AGAIN),
        (_attempt(ExecutionState.FAILED, MINUTE * 600, 8), False, Wait.PERSON),
        (_attempt(ExecutionState.FAILED, MINUTE * 600, 12), False, Wait.PERSON),
        (_attempt(ExecutionState.STOPPED, MINUTE * 600, 0), False, Wait.PERSON),
        (_attempt(ExecutionState.STOPPED, MINUTE * 600, 16), False, Wait.PERSON),
        # A machine that was shut down is no person who wanted it to stop.
        (_attempt(ExecutionState.STOPPED, MINUTE * 4, 16, message="CSS670E"), False, Wait.AGAIN),
        (_attempt(ExecutionState.STOPPED, MINUTE * 5, 16, message="CSS670E"), False, Wait.NOTHING),
        (_attempt(ExecutionState.STOPPED, MINUTE * 600, 16, message="CSS615E"), False, Wait.PERSON),
        (_attempt(ExecutionState.RUNNING), True, Wait.RUNS),
        (_attempt(ExecutionState.RUNNING), False, Wait.NOTHING),
        (_attempt(ExecutionState.RUNNING, started=MINUTE * 4), False, Wait.AGAIN),
        (_attempt(ExecutionState.RUNNING, started=MINUTE * 5), False, Wait.NOTHING),
        # Stamped by a machine whose clock is an hour ahead: its fault is not waited out.
        (_attempt(ExecutionState.FAILED, MINUTE * -60, 16), False, Wait.NOTHING),
        (_attempt(ExecutionState.RUNNING, started=MINUTE * -60), False, Wait.NOTHING),
    ],
)
def test_what_failed_for_want_of_a_server_is_tried_again_and_the_rest_waits_for_a_person(
    last: LastAttempt | None, alive: bool, waits: Wait
) -> None:
    assert waits_for(_planned(last, alive=alive), DUE_AT).kind is waits


FAILED = _attempt(ExecutionState.FAILED, MINUTE * 600, 8)


@pytest.mark.parametrize(
    ("run", "waits", "words"),
    [
        (_planned(state=InstanceState.COMPLETED), Wait.OVER, "It is completed."),
        (_planned(state=InstanceState.SKIPPED), Wait.OVER, "It was left out."),
        (_planned(held_by="CLARE"), Wait.HELD, "Held by CLARE: the switch is being changed"),
        (_planned(start_after=DUE_AT + MINUTE), Wait.TIME, "It starts at 02:16 on 2 March."),
        (_planned(start_after=DUE_AT + MINUTE, forced=True), Wait.NOTHING, "Nothing: the clock starts it at its next look."),
        (_planned(FAILED), Wait.PERSON, "Attempt 2 failed (CSS620E); somebody mends the cause and starts it again."),
        (_planned(FAILED, asked=DUE_AT), Wait.NOTHING, "Nothing: the clock starts it at its next look."),
        # What a person asks for is not done against a hold, before its hour, or beside a run that is under way.
        (_planned(FAILED, asked=DUE_AT, held_by="CLARE"), Wait.HELD, "Held by CLARE: the switch is being changed"),
        (_planned(FAILED, asked=DUE_AT, start_after=DUE_AT + MINUTE), Wait.TIME, "It starts at 02:16 on 2 March."),
        (_planned(FAILED, asked=DUE_AT, alive=True), Wait.RUNS, "It runs."),
        (
            _planned(claimed=DUE_AT + MINUTE),
            Wait.CLAIMED,
            "It has been started; if nothing comes of that, it is started again at 02:16 on 2 March.",
        ),
        (_planned(claimed=DUE_AT), Wait.NOTHING, "Nothing: the clock starts it at its next look."),
        (_planned(claimed=DUE_AT + MINUTE, asked=DUE_AT), Wait.CLAIMED, "It has been started; if nothing comes of that"),
        # A finished run of which a step is to be run again is planned once more.
        (_planned(_attempt(ExecutionState.COMPLETED, MINUTE, 0), state=InstanceState.PLANNED), Wait.NOTHING, "Nothing: the clock"),
    ],
)
def test_a_run_says_what_it_waits_for(run: Planned, waits: Wait, words: str) -> None:
    waiting = waits_for(run, DUE_AT)
    assert waiting.kind is waits
    assert waiting.words.startswith(words)


def test_forced_a_run_waits_for_no_other_net_and_still_for_an_earlier_date() -> None:
    befores = ("the night of ZY for 1 March 2026",)
    assert waits_for(_planned(), DUE_AT, befores=befores).words == "It waits for the night of ZY for 1 March 2026."
    assert waits_for(_planned(forced=True), DUE_AT, befores=befores).kind is Wait.NOTHING
    earlier = waits_for(_planned(forced=True), DUE_AT, earlier=date(2026, 2, 28))
    assert (earlier.kind, earlier.words) == (Wait.EARLIER, "That of 28 February 2026 comes first.")


def test_the_next_night_is_after_those_closed_and_those_left_out() -> None:
    closed = date(2026, 2, 27)
    assert first_open(closed, ()) == date(2026, 2, 28)
    assert first_open(closed, {date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)}) == date(2026, 3, 2)


# What the tables say.


@pytest.fixture
def town(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        builders.district(session)
    return fresh_engine


@pytest.fixture
def first_night(town: Engine) -> Engine:
    close(town, date(2026, 2, 28))
    return town


def _waits(engine: Engine, now: datetime = DUE_AT) -> dict[str, Wait]:
    with transaction(engine) as session:
        plan_due(session, {"night": NIGHT}, at=now)
        return {one.run.business_date.isoformat(): one.waiting.kind for one in look(session, {"night": NIGHT}, now)}


def test_a_run_is_known_with_its_last_attempt(first_night: Engine) -> None:
    attempted(first_night, 16)
    attempted(first_night, 8, at=DUE_AT + MINUTE)
    with transaction(first_night) as session:
        (run,) = open_runs(session)
    at = DUE_AT + MINUTE
    assert run.last == LastAttempt(
        attempt=2, state=ExecutionState.FAILED, started_at=at, ended_at=at, return_code=8, message_code="CSS620E"
    )
    assert (run.business_date, run.is_alive) == (NIGHT_OF, False)


def test_a_night_is_alive_while_a_process_holds_it(town: Engine) -> None:
    attempted(town, None, night_of=date(2026, 3, 2))
    with transaction(town) as session:
        instance = repository.plan(session, "night", "ZZ", date(2026, 3, 2), DUE_AT)
        other = repository.plan(session, "night", "ZZ", date(2026, 3, 3), DUE_AT)

    def alive() -> bool:
        with transaction(town) as session:
            run = next(run for run in open_runs(session) if run.id == instance.id)
        assert run.last is not None
        assert run.last.state is ExecutionState.RUNNING
        return run.is_alive

    with repository.instance_lock(town, other.id) as held:
        assert held
        assert not alive()
    with repository.instance_lock(town, instance.id) as held:
        assert held
        assert alive()
    assert not alive()


def test_a_night_waits_for_the_close_of_the_one_before_and_not_for_one_left_out(first_night: Engine) -> None:
    later = DUE_AT + timedelta(days=2)
    with transaction(first_night) as session:
        for day in (1, 2, 3):
            repository.plan(session, "night", "ZZ", date(2026, 3, day), DUE_AT)
    assert _waits(first_night, later) == {"2026-03-01": Wait.NOTHING, "2026-03-02": Wait.EARLIER, "2026-03-03": Wait.EARLIER}
    with transaction(first_night) as session:
        is_first = JobInstance.business_date == NIGHT_OF
        session.execute(update(JobInstance).where(is_first).values(state=InstanceState.SKIPPED))
    assert _waits(first_night, later) == {"2026-03-02": Wait.NOTHING, "2026-03-03": Wait.EARLIER}


def test_a_night_whose_date_is_closed_is_finished_and_holds_up_none(first_night: Engine) -> None:
    """Its report failed after the close, for want of a disk: it is tried again, and the next night goes on beside it."""
    attempted(first_night, 16)
    close(first_night, NIGHT_OF)
    later = DUE_AT + timedelta(days=1)
    assert _waits(first_night, later) == {"2026-03-01": Wait.NOTHING, "2026-03-02": Wait.NOTHING}


# Ticking.


def test_a_night_is_started_once_and_left_alone_while_it_runs(first_night: Engine) -> None:
    hands = Hands(DUE_AT - timedelta(seconds=1))
    clock = clockwork(first_night, hands)
    clock.tick()
    assert hands.started == []
    hands.at = DUE_AT
    clock.tick()
    with transaction(first_night) as session:
        instance = repository.plan(session, "night", "ZZ", NIGHT_OF, DUE_AT)
    attempted(first_night, None)
    with repository.instance_lock(first_night, instance.id):
        for _ in range(3):
            hands.at += timedelta(minutes=20)
            clock.tick()
    assert hands.started == [Launch("ZZ", NIGHT_OF)]


@pytest.mark.parametrize(("code", "tries"), [(16, 2), (8, 1), (12, 1)])
def test_a_failed_night_is_not_started_at_every_look(first_night: Engine, code: int, tries: int) -> None:
    hands = Hands()
    clock = clockwork(first_night, hands)
    clock.tick()
    attempted(first_night, code, at=DUE_AT + MINUTE)
    hands.at, hands.status = DUE_AT + MINUTE, 2
    for _ in range(19):
        hands.at += timedelta(seconds=15)
        clock.tick()
    assert len(hands.started) == 1
    hands.at = DUE_AT + MINUTE * 6
    clock.tick()
    assert len(hands.started) == tries


def test_a_process_that_leaves_no_trace_is_started_again_only_after_a_while(first_night: Engine) -> None:
    """As when the program itself cannot start: nothing in the tables says that it was tried, but that a clock has claimed it."""
    hands = Hands()
    clocks = [clockwork(first_night, hands) for _ in range(2)]
    starts = []
    for _ in range(41):  # ten minutes of looking every 15 seconds, the process dead each time
        for clock in clocks:
            clock.tick()
        hands.status = 2
        starts.append(len(hands.started))
        hands.at += timedelta(seconds=15)
    assert (starts[0], starts[19], starts[20], starts[39], starts[40]) == (1, 1, 2, 2, 3)


def test_what_somebody_asked_for_is_started_at_the_next_look_once(first_night: Engine) -> None:
    hands = Hands()
    clock = clockwork(first_night, hands)
    clock.tick()
    attempted(first_night, 8, at=DUE_AT)
    hands.at += MINUTE
    clock.tick()
    assert len(hands.started) == 1
    with transaction(first_night) as session:
        session.execute(update(JobInstance).where(JobInstance.business_date == NIGHT_OF).values(start_asked_at=hands.at))
    for _ in range(4):
        clock.tick()
    assert len(hands.started) == 2


def test_after_a_missed_week_the_nights_come_one_at_a_time(first_night: Engine) -> None:
    hands = Hands(DUE_AT + timedelta(days=7))
    close(first_night, date(2026, 2, 28), current=date(2026, 3, 8))
    clock = clockwork(first_night, hands)
    for n in range(9):
        clock.tick()
        clock.tick()
        hands.status = 0
        hands.at += MINUTE * 10
        closed = NIGHT_OF + timedelta(days=min(n, 7))
        close(first_night, closed, current=date(2026, 3, 9))
        with transaction(first_night) as session:
            session.execute(update(JobInstance).where(JobInstance.business_date <= closed).values(state=InstanceState.COMPLETED))
    assert [launch.business_date for launch in hands.started] == [NIGHT_OF + timedelta(days=n) for n in range(8)]


def test_a_database_that_does_not_answer_stops_no_clock(caplog: pytest.LogCaptureFixture) -> None:
    hands = Hands()
    nowhere = make_engine("postgresql://nobody@127.0.0.1:1/nowhere")
    with caplog.at_level("WARNING"):
        clockwork(nowhere, hands).tick()
    assert hands.started == []
    assert "the clock cannot look: CSS020E" in caplog.text


def test_of_what_is_ready_the_smallest_priority_starts_first_then_the_oldest_date(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        for code in ("ZX", "ZY", "ZZ"):
            builders.district(session, code)
        for code, on, priority in (("ZX", 1, 50), ("ZY", 2, 10), ("ZZ", 1, 10)):
            run = repository.plan(session, "toy", code, date(2026, 3, on), DUE_AT)
            session.execute(update(JobInstance).where(JobInstance.id == run.id).values(priority=priority))
    hands = Hands()
    toy = Net.in_line("toy", "A net without a step.", ())
    clockwork(fresh_engine, hands, {"toy": toy}).tick()
    assert [launch.district_code for launch in hands.started] == ["ZZ", "ZY", "ZX"]
    with transaction(fresh_engine) as session:
        runs = open_runs(session)
    assert list(runs) == sorted(runs, key=in_turn)


def test_two_clocks_at_once_are_one_run(first_night: Engine, tmp_path: Path) -> None:
    """Even where the claim is passed over: the run itself is refused a second time."""
    done: list[str] = []
    outcomes: list[str] = []
    threads: list[threading.Thread] = []

    def step(_session: Session, _context: Context) -> Work:
        done.append("done")
        timing.sleep(0.2)
        return Work(Counts(1, 1))

    net = Net.in_line("night", "A short night.", (SingleStep("once", "Once", step),))

    def run() -> None:
        try:
            outcome = run_net(first_night, net, Context("ZZ", NIGHT_OF, DUE_AT, BY, tmp_path), clock=Hands(), workers=1)
            outcomes.append(str(outcome.return_code))
        except CssError as error:
            outcomes.append(error.code)

    def start(_launch: Launch) -> Hands:
        threads.extend(threading.Thread(target=run) for _ in range(2))
        return Hands()

    together(*(clockwork(first_night, Hands(), start=start).tick for _ in range(2)))
    assert len(threads) == 2, "one clock won the claim"
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["done"]
    assert len(outcomes) == 2
    assert "0" in outcomes
    assert set(outcomes) - {"0"} <= {"CSS601E", "CSS602E", "CSS603E"}
    with transaction(first_night) as session:
        assert session.execute(select(func.count()).select_from(JobExecution)).scalar_one() == 1


def test_stamps_are_in_utc(first_night: Engine) -> None:
    with transaction(first_night) as session:
        plan_due(session, {"night": NIGHT}, at=DUE_AT)
        (run,) = (run for run in open_runs(session) if run.business_date == NIGHT_OF)
    assert run.start_after == datetime(2026, 3, 2, 2, 15, tzinfo=UTC)
