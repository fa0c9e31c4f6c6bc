"""How an attempt ends when several things come together, and when the server fails at the end of a step."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from batch.net import Context, Counts, Joint, Node, Side, SingleStep, Work
from css.core.errors import Refused, Unavailable
from css.db.engine import transaction
from tests.batch.small_nets import Diary, decide, make_district, net_of, planned, run, said, states, why

NO = Refused("CSS699E", "no")
AWAY = Unavailable("CSS030E", "The server is away.")


@pytest.fixture(scope="module", autouse=True)
def _district(engine: Engine) -> None:
    make_district(engine)


def _ask_to_stop(engine: Engine, net: str) -> None:
    with transaction(engine) as session:
        session.execute(text("UPDATE batch.job_instance SET stop_asked_at = now() WHERE net = :net"), {"net": net})


def _asks(engine: Engine, name: str, net: str) -> SingleStep:
    """A step while which a person asks the run to stop."""

    def do(_session: Session, _context: Context) -> Work:
        _ask_to_stop(engine, net)
        return Work(Counts(1, 1))

    return SingleStep(name, name.capitalize(), do)


def _ended(engine: Engine, net: str) -> tuple[str, int, str]:
    (row,) = said(
        engine,
        "SELECT i.state, x.return_code, x.message_code FROM batch.job_instance i JOIN batch.job_execution x ON x.job_instance_id = i.id "
        "WHERE i.net = :net ORDER BY x.attempt DESC LIMIT 1",
        net=net,
    )
    return row


# What stopped it, when several did.


def test_a_step_that_failed_is_what_a_run_ended_for_though_a_person_stopped_it_too(engine: Engine, tmp_path: Path) -> None:
    """Or a clock would take it for a server that was away, and start it again and again."""
    diary = Diary()
    net = net_of(
        "failed-and-stopped", Node(diary.failing("a", NO)), Node(_asks(engine, "b", "failed-and-stopped")), Node(diary.step("c"), ("b",))
    )
    assert run(engine, net, tmp_path).return_code == 8
    assert _ended(engine, net.name) == ("failed", 8, "CSS699E")
    assert states(engine, net) == {"a": "failed", "b": "completed"}


def test_a_step_that_failed_is_what_a_run_ended_for_though_another_is_held(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("failed-and-held", Node(diary.failing("a", NO)), Node(diary.step("b")))
    planned(engine, net)
    decide(engine, net, "b", "hold")
    assert run(engine, net, tmp_path).return_code == 8
    assert _ended(engine, net.name) == ("failed", 8, "CSS699E")


def test_what_a_person_wanted_counts_more_than_a_server_that_was_away(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("away-and-held", Node(diary.failing("a", AWAY)), Node(diary.step("b")))
    planned(engine, net)
    decide(engine, net, "b", "hold")
    assert run(engine, net, tmp_path).return_code == 16
    assert _ended(engine, net.name) == ("stopped", 16, "CSS617E")


# Who hears that a run is to stop.


def test_steps_of_one_piece_hear_it_too(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("pieces", Node(_asks(engine, "first", "pieces")), Node(diary.step("second"), ("first",)))
    outcome = run(engine, net, tmp_path)
    assert (outcome.return_code, diary.done) == (16, [])
    assert _ended(engine, net.name) == ("stopped", 16, "CSS615E")
    assert run(engine, net, tmp_path).return_code == 0
    assert diary.done == ["second"]


def test_a_run_that_waits_for_what_is_in_use_hears_it(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as session:
        session.execute(text("INSERT INTO batch.resource (name, capacity, words) VALUES ('lathe', 0, 'None.')"))
    net = net_of("waits", Node(Diary().step("turn"), needs={"lathe": 1}))
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.append(run(engine, net, tmp_path).return_code))
    thread.start()
    _until(lambda: states(engine, net) == {"turn": "waiting"})
    _ask_to_stop(engine, net.name)
    thread.join(20)
    assert ended == [16]
    assert _ended(engine, net.name) == ("stopped", 16, "CSS615E")


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(400):
        if holds():
            return
        pause.wait(0.05)
    pytest.fail("it never came to that")


# The server fails while a step is closed.


@pytest.mark.parametrize(
    ("state", "code", "times_done"),
    [("53100", "CSS024E", 1), ("57014", "CSS032E", 1), ("40P01", "", 3)],
    ids=["disk full", "cancelled", "deadlock"],
)
def test_a_server_s_trouble_at_the_end_of_a_step_is_told_as_such_and_undoes_its_work(
    engine: Engine, tmp_path: Path, state: str, code: str, times_done: int
) -> None:
    """What passes is done again there and then; the rest is a machine's fault, which a clock tries again, and not the program's."""
    diary, left = Diary(), [2]

    def sides(session: Session, _context: Context) -> tuple[Side, Side]:
        if left[0]:
            left[0] -= 1
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$"))
        return Side("in", 1), Side("out", 1)

    plain = diary.step("work")
    net = net_of(f"trouble-{state.lower()}", Node(SingleStep("work", "Work", plain.run, joints=(Joint("one", sides),))))
    outcome = run(engine, net, tmp_path)
    assert diary.done == ["work"] * times_done
    if code:
        assert (outcome.return_code, outcome.error.code if outcome.error else "") == (16, code)
        assert why(engine, net, "work")[0] == code
        assert said(engine, "SELECT checkpoint FROM batch.step_execution WHERE step = 'work' AND state = 'failed'") == [({},)], "not kept"
        left[0] = 0
        assert run(engine, net, tmp_path).return_code == 0
    else:
        assert outcome.return_code == 0


@pytest.fixture
def answer_lost() -> Iterator[list[str]]:
    """The next commit is kept by the server, and its answer never comes; what is in the list then is empty."""
    waiting: list[str] = []

    def lose(_session: Session) -> None:
        if waiting:
            waiting.clear()
            raise AWAY

    event.listen(Session, "after_commit", lose)
    yield waiting
    event.remove(Session, "after_commit", lose)


def test_a_step_that_the_server_kept_without_saying_so_is_completed(engine: Engine, tmp_path: Path, answer_lost: list[str]) -> None:
    diary = Diary()

    def do(_session: Session, _context: Context) -> Work:
        diary.done.append("once")
        answer_lost.append("of this commit")
        return Work(Counts(1, 1))

    net = net_of("unanswered", Node(SingleStep("do", "Do", do)), Node(diary.step("after"), ("do",)))
    assert run(engine, net, tmp_path).return_code == 0
    assert diary.done == ["once", "after"]
    assert answer_lost == []


# A step that could not begin.


def test_a_condition_that_failed_is_an_alarm_of_an_optional_step_and_is_asked_again(engine: Engine, tmp_path: Path) -> None:
    diary, asked = Diary(), list[str]()

    def needed(_session: Session, context: Context) -> str | None:
        asked.append(context.step)
        if len(asked) == 1:
            raise NO
        return "There is nothing to do for it."

    net = net_of(
        "could-not", Node(diary.step("spare", may_be_skipped=True), when=needed, is_optional=True), Node(diary.failing("end", NO, times=1))
    )
    assert run(engine, net, tmp_path).return_code == 8
    assert why(engine, net, "spare")[0] == "CSS699E"
    alarms = "SELECT a.kind, a.ended_at IS NULL FROM batch.alarm a JOIN batch.job_instance i ON i.id = a.job_instance_id WHERE i.net = :net"
    assert said(engine, alarms, net=net.name) == [("optional", True)]
    run(engine, net, tmp_path)
    assert asked == ["spare", "spare"]
    assert states(engine, net) == {"spare": "not-needed", "end": "completed"}
    assert said(engine, alarms, net=net.name) == [("optional", False)], "what it was about is over"
    assert diary.done == ["end fails", "end"], "it was not run without its condition"
