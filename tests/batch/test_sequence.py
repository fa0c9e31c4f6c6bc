"""In which order a net's steps come, and what becomes of it when one fails, is held, left out, not needed or has to wait."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from batch.engine.run import run_net
from batch.net import BlockStep, Context, Counts, KeyRange, LoopStep, Node, RejectedItem, RejectLimit, SingleStep, Work, cut
from css.core.clock import FixedClock
from css.core.errors import Breach, Refused, Unavailable
from css.db.engine import transaction
from tests.batch.small_nets import AT, BY, NIGHT_OF, Diary, decide, make_district, net_of, planned, run, said, states, why

NO = Refused("CSS699E", "no")


@pytest.fixture(scope="module", autouse=True)
def _district(engine: Engine) -> None:
    make_district(engine)


def test_a_failure_ends_its_own_branch_and_the_others_run_to_their_end(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of(
        "branches",
        Node(diary.step("root")),
        Node(diary.failing("left", NO, times=1), ("root",)),
        Node(diary.step("left-after"), ("left",)),
        Node(diary.step("right"), ("root",)),
        Node(diary.step("right-after"), ("right",)),
        Node(diary.step("both"), ("left-after", "right-after")),
    )
    first = run(engine, net, tmp_path)
    assert (first.return_code, first.error) == (8, NO)
    assert diary.done == ["root", "left fails", "right", "right-after"]
    assert states(engine, net) == {"root": "completed", "left": "failed", "right": "completed", "right-after": "completed"}
    assert why(engine, net, "left") == ("CSS699E", "no")

    second = run(engine, net, tmp_path)
    assert (second.return_code, second.attempt, second.error) == (0, 2, None)
    assert diary.done[4:] == ["left", "left-after", "both"], "what was done is passed over"
    assert why(engine, net, "left") == (None, None)


def test_lanes_do_steps_at_the_same_time_and_never_before_their_turn(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    both = threading.Barrier(2, timeout=20)

    def meet(name: str) -> SingleStep:
        def run_it(_session: Session, _context: Context) -> Work:
            both.wait()  # neither gets on without the other
            diary.done.append(name)
            return Work(Counts(1, 1))

        return SingleStep(name, name, run_it)

    net = net_of(
        "lanes", Node(diary.step("root")), Node(meet("a"), ("root",)), Node(meet("b"), ("root",)), Node(diary.step("end"), ("a", "b"))
    )
    assert run(engine, net, tmp_path, lanes=2).return_code == 0
    assert diary.done[0] == "root"
    assert sorted(diary.done[1:3]) == ["a", "b"]
    assert diary.done[3] == "end"


def test_a_step_that_nobody_foresaw_to_fail_fails_with_a_code_and_no_words_of_customers(
    engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    net = net_of("unforeseen", Node(Diary().failing("odd", KeyError("Mrs Example"))))
    with caplog.at_level(logging.ERROR):
        outcome = run(engine, net, tmp_path)
    assert (outcome.return_code, outcome.error.code if outcome.error else "") == (8, "CSS616E")
    assert states(engine, net) == {"odd": "failed"}
    code, words = why(engine, net, "odd")
    assert code == "CSS616E"
    assert "KeyError" in (words or "")
    assert "Mrs Example" not in (words or "")
    assert any(record.exc_info for record in caplog.records), "the log has the traceback"
    rows = said(
        engine,
        "SELECT x.state, x.return_code, x.message_code FROM batch.job_execution x WHERE x.id = :id",
        id=_execution(engine, "unforeseen"),
    )
    assert rows == [("failed", 8, "CSS616E")]


def _execution(engine: Engine, net: str) -> int:
    statement = "SELECT max(x.id) FROM batch.job_execution x JOIN batch.job_instance i ON i.id = x.job_instance_id WHERE i.net = :net"
    return int(said(engine, statement, net=net)[0][0])


def test_a_condition_is_asked_once_and_its_answer_stands(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    asked: list[str] = []

    def never(_session: Session, context: Context) -> str | None:
        asked.append(context.step)
        return "There is nothing to do for it."

    net = net_of(
        "conditions",
        Node(diary.step("first")),
        Node(diary.step("needless"), ("first",), when=never),
        Node(diary.failing("after", NO, times=1), ("needless",)),
    )
    run(engine, net, tmp_path)
    assert states(engine, net) == {"first": "completed", "needless": "not-needed", "after": "failed"}
    assert why(engine, net, "needless") == (None, "There is nothing to do for it.")
    assert run(engine, net, tmp_path).return_code == 0
    assert asked == ["needless"]
    assert "needless" not in diary.done


def test_a_condition_that_fails_is_the_steps_failure(engine: Engine, tmp_path: Path) -> None:
    def broken(_session: Session, _context: Context) -> str | None:
        raise NO

    net = net_of("broken-condition", Node(Diary().step("asked"), when=broken))
    assert run(engine, net, tmp_path).error is NO
    assert (states(engine, net), why(engine, net, "asked")) == ({"asked": "failed"}, ("CSS699E", "no"))


def test_an_optional_step_fails_aloud_and_the_net_goes_on(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of(
        "optional",
        Node(diary.failing("extra", Breach("the books differ"), times=1), is_optional=True),
        Node(diary.failing("after", NO, times=1), ("extra",)),
    )
    run(engine, net, tmp_path)
    assert diary.done == ["extra fails", "after fails"]
    raised = "SELECT kind, words, ended_at IS NULL FROM batch.alarm WHERE step = 'extra'"
    ((kind, words, is_open),) = said(engine, raised)
    assert (kind, is_open) == ("optional", True)
    assert words.startswith("CSS623W Optional step extra failed, and the net went on without it: CSS612E Out of balance: the books differ")

    assert run(engine, net, tmp_path).return_code == 0, "it was done at the second attempt"
    assert said(engine, raised)[0][2] is False, "and the alarm is over"

    again = net_of("optional-for-good", Node(diary.failing("extra", NO), is_optional=True), Node(diary.step("after"), ("extra",)))
    assert run(engine, again, tmp_path).return_code == 4
    assert states(engine, again) == {"extra": "failed", "after": "completed"}


def test_a_machine_that_fails_in_an_optional_step_is_not_the_steps_failure(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    gone = Unavailable("CSS030E", "The database server ended the connection; nothing of this was kept.")
    net = net_of(
        "optional-cut-off",
        Node(diary.failing("extra", gone, times=1), is_optional=True),
        Node(diary.step("after"), ("extra",)),
        Node(diary.step("beside")),
    )
    first = run(engine, net, tmp_path)
    assert (first.return_code, first.error) == (16, gone)
    assert diary.done == ["extra fails", "beside"], "the net does not go on without it"
    assert states(engine, net)["extra"] == "failed"
    assert said(engine, "SELECT 1 FROM batch.alarm WHERE words LIKE 'CSS623W Optional step extra %CSS030E%'") == []

    second = run(engine, net, tmp_path)
    assert (second.return_code, second.error) == (0, None)
    assert diary.done[2:] == ["extra", "after"]


@pytest.mark.parametrize(("minute", "state"), [(59, "completed"), (60, "skipped")])
def test_an_optional_step_not_begun_by_its_cut_off_is_left_out(engine: Engine, tmp_path: Path, minute: int, state: str) -> None:
    net = net_of(f"cut-off-{minute}", Node(Diary().step("late"), is_optional=True, cut_off=(AT + timedelta(hours=1)).time()))
    assert run(engine, net, tmp_path, clock=_Sliding(minute)).return_code == 0
    assert states(engine, net) == {"late": state}
    words = said(engine, "SELECT message_words FROM batch.step_execution WHERE state = 'skipped' AND step = 'late'")
    assert words == ([] if minute < 60 else [("Left out because it was late: it had not begun by 03:15, and the net goes on without it.",)])


def test_what_is_late_and_was_not_needed_anyway_is_said_to_be_not_needed(engine: Engine, tmp_path: Path) -> None:
    node = Node(
        Diary().step("late"), is_optional=True, cut_off=(AT + timedelta(hours=1)).time(), when=lambda _session, _context: "No Sunday."
    )
    net = net_of("cut-off-not-needed", node)
    assert run(engine, net, tmp_path, clock=_Sliding(60)).return_code == 0
    assert states(engine, net) == {"late": "not-needed"}


class _Sliding:
    """A clock that stands at the start when it is first asked, and so many minutes later afterwards."""

    def __init__(self, minutes: int) -> None:
        self._later = AT + timedelta(minutes=minutes)
        self._asked = 0

    def now(self) -> datetime:
        self._asked += 1
        return AT if self._asked == 1 else self._later


def test_a_held_step_is_as_far_as_the_net_goes_until_it_is_released(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of(
        "held", Node(diary.step("a")), Node(diary.step("b"), ("a",)), Node(diary.step("c"), ("a",)), Node(diary.step("d"), ("b", "c"))
    )
    planned(engine, net)
    decide(engine, net, "b", "hold", reason="the tape is late")
    outcome = run(engine, net, tmp_path)
    assert diary.done == ["a", "c"], "what does not depend on it was done"
    assert outcome.return_code == 16
    assert outcome.error is not None
    assert outcome.error.text == (
        "CSS617E Step b is held since 02:15 on 2 March 2026 by OWNER: the tape is late. Release it, and the net goes on from there."
    )
    assert said(engine, "SELECT state FROM batch.job_instance WHERE net = 'held'") == [("stopped",)]
    decide(engine, net, "b", "release")
    assert run(engine, net, tmp_path).return_code == 0
    assert diary.done == ["a", "c", "b", "d"]


def test_a_step_released_while_the_net_still_runs_goes_on_in_the_same_attempt(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("released", Node(diary.step("b")), Node(diary.loop("c", 1, lambda _: decide(engine, net, "b", "release"))))
    planned(engine, net)
    decide(engine, net, "b", "hold")
    assert run(engine, net, tmp_path).return_code == 0
    assert diary.done == ["c 1", "b"]


def test_a_step_is_left_out_only_where_that_may_be(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("skips", Node(diary.step("may", may_be_skipped=True)), Node(diary.step("may-not"), ("may",)))
    planned(engine, net)
    decide(engine, net, "may", "skip", reason="no paper")
    decide(engine, net, "may-not", "skip")
    assert run(engine, net, tmp_path).return_code == 0
    assert states(engine, net) == {"may": "skipped", "may-not": "completed"}
    assert why(engine, net, "may") == (None, "Left out by OWNER: no paper.")


def test_a_forced_step_runs_though_its_condition_said_no(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("forced", Node(diary.step("a"), when=lambda _s, _c: "No."), Node(diary.failing("b", NO, times=1), ("a",)))
    run(engine, net, tmp_path)
    assert states(engine, net)["a"] == "not-needed"
    decide(engine, net, "a", "force")
    assert run(engine, net, tmp_path).return_code == 0
    assert states(engine, net) == {"a": "completed", "b": "completed"}


def test_whoever_waits_for_the_end_only_comes_also_after_a_failure(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of(
        "ends",
        Node(diary.failing("a", NO)),
        Node(diary.step("b"), ("a",)),
        Node(diary.step("tell"), after_end=("b",)),
    )
    assert run(engine, net, tmp_path).error is NO
    assert diary.done == ["a fails", "tell"]


def _set_capacity(engine: Engine, name: str, capacity: int) -> None:
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO batch.resource (name, capacity, words) VALUES (:name, :capacity, 'For a test.') "
                "ON CONFLICT (name) DO UPDATE SET capacity = :capacity"
            ),
            {"name": name, "capacity": capacity},
        )


def test_two_nets_never_hold_a_resource_of_one_at_the_same_time(engine: Engine, tmp_path: Path) -> None:
    _set_capacity(engine, "press", 1)
    diary = Diary()
    first_has_it, second_waits = threading.Event(), threading.Event()
    at_once: list[int] = []

    def use(first: bool) -> SingleStep:
        def run_it(_session: Session, _context: Context) -> Work:
            at_once.append(1)
            if first:
                first_has_it.set()
                assert second_waits.wait(20)
            assert len(at_once) == 1
            at_once.pop()
            return Work(Counts(1, 1))

        return SingleStep("print", "Print", run_it)

    one, two = (net_of(f"press-{n}", Node(use(n == 1), needs={"press": 1}), Node(diary.step(f"other-{n}"))) for n in (1, 2))
    codes: dict[str, int] = {}
    threads = [
        threading.Thread(target=lambda net=net: codes.update({net.name: run(engine, net, tmp_path).return_code})) for net in (one, two)
    ]
    threads[0].start()
    assert first_has_it.wait(20)
    threads[1].start()
    _until(lambda: states(engine, two).get("print") == "waiting" and "other-2" in diary.done)
    code, words = why(engine, two, "print")
    assert (code, words) == (
        None,
        f"It waits for press: it needs 1, there are 1, and 1 are in use by print of ZY {NIGHT_OF}.",
    )
    second_waits.set()
    for thread in threads:
        thread.join(20)
    assert codes == {"press-1": 0, "press-2": 0}
    assert said(engine, "SELECT count(*) FROM batch.resource_use") == [(0,)]


def _until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(400):
        if holds():
            return
        pause.wait(0.05)
    pytest.fail("it never came to that")


def test_what_a_dead_attempt_used_is_free(engine: Engine, tmp_path: Path) -> None:
    _set_capacity(engine, "oven", 1)
    dead = net_of("dead", Node(Diary().step("a")))
    run(engine, dead, tmp_path)
    with transaction(engine) as session:
        # As a process leaves it that was killed: its attempt marked running, its units taken, its lock gone.
        instance = session.execute(text("SELECT id FROM batch.job_instance WHERE net = 'dead'")).scalar_one()
        session.execute(
            text(
                "INSERT INTO batch.job_execution (job_instance_id, attempt, state, started_by, host, process_id, started_at) "
                "VALUES (:id, 99, 'running', 'x', 'x', 1, now())"
            ),
            {"id": instance},
        )
        session.execute(
            text(
                "INSERT INTO batch.resource_use (resource, job_execution_id, step, units, taken_at) "
                "SELECT 'oven', id, 'a', 1, now() FROM batch.job_execution WHERE attempt = 99"
            )
        )
    assert run(engine, net_of("alive", Node(Diary().step("bake"), needs={"oven": 1})), tmp_path).return_code == 0


def _bad(first: int, last: int) -> Work:
    keys = range(first, last + 1)
    bad = [key for key in keys if key % 2]
    rejects = tuple(RejectedItem(f"limits/{key}", "CSS699E", "odd", str(key)) for key in bad)
    return Work(Counts(len(keys), len(keys) - len(bad), 0, len(bad)), rejects)


@pytest.mark.parametrize(
    ("limit", "read"),
    [
        (RejectLimit(4), 10),
        (RejectLimit(0, 100), 10),
        (RejectLimit(9, 100), 20),
        (RejectLimit(0, 499), 20),
        (RejectLimit(0, 500), 0),
        (None, 0),
    ],
)
def test_a_step_that_sets_too_much_aside_stops_and_goes_on_when_forced(
    engine: Engine, tmp_path: Path, limit: RejectLimit | None, read: int
) -> None:
    """Of 20 keys in two blocks every second is rejected: 10 in all, 5 in each block. ``read`` is how far it came; 0: to the end."""

    def do(_session: Session, _context: Context, first: int, last: int) -> Work:
        return _bad(first, last)

    name = f"limits-{limit.items}-{limit.thousandths}" if limit else "no-limit"
    net = net_of(name, Node(BlockStep("sort", "Sort", lambda _s, _c: cut(range(1, 21), 10), do, reject_limit=limit)))
    with transaction(engine) as session:
        session.execute(text("DELETE FROM batch.reject"))
    outcome = run(engine, net, tmp_path)
    if not read:
        assert (outcome.return_code, outcome.error) == (4, None)
        return
    assert outcome.return_code == 8
    assert outcome.error is not None
    assert outcome.error.code == "CSS618E"
    kept = (
        "SELECT sum(s.read_count), sum(s.rejected_count) FROM batch.step_execution s "
        "JOIN batch.job_instance i ON i.id = s.job_instance_id WHERE i.net = :net"
    )
    assert said(engine, kept, net=name) == [(read, read // 2)], "what it did stays"
    again = run(engine, net, tmp_path)
    assert again.error is not None, "again is no better"
    assert said(engine, kept, net=name) == [(read, read // 2)], "and does no more"
    decide(engine, net, "sort", "force")
    assert run(engine, net, tmp_path).return_code == 4
    assert said(engine, kept, net=name) == [(20, 10)]


@pytest.mark.parametrize(("thousandths", "code"), [(499, 8), (500, 4)])
def test_a_step_of_unknown_length_is_judged_by_its_limit_at_its_end(engine: Engine, tmp_path: Path, thousandths: int, code: int) -> None:
    def take(_session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
        item = int(checkpoint.get("item", 0)) + 1
        if item > 4:
            return None
        # The first half is bad: too much in the middle of the way, and just enough at its end.
        bad = item <= 2
        rejects = (RejectedItem(f"unknown-{thousandths}/{item}", "CSS699E", "odd", "x"),) if bad else ()
        return Work(Counts(1, 1 - int(bad), 0, int(bad)), rejects), {"item": item}

    net = net_of(f"unknown-{thousandths}", Node(LoopStep("take", "Take", take, reject_limit=RejectLimit(0, thousandths))))
    outcome = run(engine, net, tmp_path)
    assert outcome.return_code == code
    kept = "SELECT s.read_count FROM batch.step_execution s JOIN batch.job_instance i ON i.id = s.job_instance_id WHERE i.net = :net"
    assert said(engine, kept, net=net.name) == [(4,)]


def test_a_condition_is_not_asked_again_while_its_step_waits_for_a_resource(engine: Engine, tmp_path: Path) -> None:
    _set_capacity(engine, "kiln", 0)
    asked: list[int] = []

    def needed(_session: Session, _context: Context) -> str | None:
        asked.append(1)
        return None

    net = net_of(
        "waits-once",
        Node(Diary().step("fire"), when=needed, needs={"kiln": 1}),
        Node(Diary().loop("open", 1, lambda _: _set_capacity(engine, "kiln", 1))),
    )
    assert run(engine, net, tmp_path).return_code == 0
    assert len(asked) == 1


def test_what_was_settled_counts_no_more_against_the_limit(engine: Engine, tmp_path: Path) -> None:
    def take(_session: Session, _context: Context, checkpoint: dict[str, Any]) -> tuple[Work, dict[str, Any]] | None:
        return None if checkpoint else (Work(Counts(1, 0, 0, 1), (RejectedItem("settled/1", "CSS699E", "odd", "1"),)), {"done": 1})

    net = net_of("settled", Node(LoopStep("take", "Take", take, reject_limit=RejectLimit(0))))
    assert run(engine, net, tmp_path).return_code == 8
    with transaction(engine) as session:
        session.execute(text("UPDATE batch.reject SET state = 'replayed' WHERE source_key = 'settled/1'"))
    assert run(engine, net, tmp_path).return_code == 4


def test_asked_to_stop_it_ends_the_block_and_begins_no_other(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()

    def ask(item: int) -> None:
        if item == 2:
            with transaction(engine) as session:
                session.execute(text("UPDATE batch.job_instance SET stop_asked_at = now() WHERE net = 'stops'"))

    net = net_of("stops", Node(diary.loop("take", 4, ask)), Node(diary.step("after"), ("take",)))
    outcome = run(engine, net, tmp_path)
    assert diary.done == ["take 1", "take 2"]
    assert (outcome.return_code, outcome.error.code if outcome.error else "") == (16, "CSS615E")
    assert states(engine, net) == {"take": "stopped"}
    assert said(engine, "SELECT state FROM batch.job_instance WHERE net = 'stops'") == [("stopped",)]
    assert run(engine, net, tmp_path).return_code == 0, "what was asked of the attempt before is done with"
    assert diary.done == ["take 1", "take 2", "take 3", "take 4", "after"]


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_transaction_in_anothers_way_is_done_again_whole(engine: Engine, tmp_path: Path, state: str) -> None:
    tries: list[int] = []

    def clash(session: Session, _context: Context) -> Work:
        session.execute(
            text("INSERT INTO batch.alarm (kind, words, raised_at) VALUES ('clock', :words, now())"), {"words": f"clash {state}"}
        )
        tries.append(1)
        if len(tries) <= 5:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '{state}'; END $$"))
        return Work(Counts(1, 1))

    net = net_of(f"clash-{state.lower()}", Node(SingleStep("clash", "Clash", clash)))
    assert run(engine, net, tmp_path).return_code == 0
    assert len(tries) == 6
    assert said(engine, "SELECT times FROM batch.alarm WHERE words = :words", words=f"clash {state}") == [(1,)], "a single effect"


def test_a_transaction_always_in_anothers_way_fails_in_the_end(engine: Engine, tmp_path: Path) -> None:
    def clash(session: Session, _context: Context) -> Work:
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'in the way' USING ERRCODE = '40001'; END $$"))
        return Work()

    outcome = run(engine, net_of("clash-always", Node(SingleStep("clash", "Clash", clash))), tmp_path)
    assert (outcome.return_code, outcome.error.code if outcome.error else "") == (8, "CSS031E")


def test_attempts_at_a_step_are_kept_each_with_what_it_did_and_never_change(engine: Engine, tmp_path: Path) -> None:
    left = [2]

    def fail(item: int) -> None:
        if left[0] and item == (2, 4)[2 - left[0]]:
            left[0] -= 1
            raise NO

    net = net_of("attempts", Node(Diary().loop("take", 5, fail)))
    assert [run(engine, net, tmp_path).return_code for _ in range(3)] == [8, 8, 0]
    statement = (
        "SELECT a.state, a.read_count, a.message_code FROM batch.step_attempt a JOIN batch.step_execution s ON s.id = a.step_execution_id "
        "JOIN batch.job_instance i ON i.id = s.job_instance_id WHERE i.net = 'attempts' ORDER BY a.id"
    )
    assert said(engine, statement) == [("failed", 1, "CSS699E"), ("failed", 2, "CSS699E"), ("completed", 2, None)]
    with pytest.raises(Exception, match="evidence"), transaction(engine) as session:
        session.execute(text("UPDATE batch.step_attempt SET read_count = 0"))


@pytest.mark.parametrize(
    ("change", "code"),
    [("held_at = now(), held_by = 'OWNER', hold_reason = 'wait'", "CSS619E"), ("state = 'skipped'", "CSS622E")],
)
def test_a_run_that_is_held_or_left_out_does_not_start(engine: Engine, tmp_path: Path, change: str, code: str) -> None:
    net = net_of(f"no-{code.lower()}", Node(Diary().step("a")))
    planned(engine, net)
    with transaction(engine) as session:
        session.execute(text(f"UPDATE batch.job_instance SET {change} WHERE net = :net"), {"net": net.name})
    with pytest.raises(Refused) as refusal:
        run(engine, net, tmp_path)
    assert refusal.value.code == code
    assert said(
        engine,
        "SELECT count(*) FROM batch.job_execution x JOIN batch.job_instance i ON i.id = x.job_instance_id WHERE i.net = :net",
        net=net.name,
    ) == [(0,)]


def test_runs_under_several_keys_are_several_runs(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()
    net = net_of("keys", Node(diary.step("a")))
    assert [run(engine, net, tmp_path, key=key).attempt for key in ("", "extra")] == [1, 1]
    assert diary.done == ["a", "a"]


def test_a_net_of_the_whole_house_runs_without_a_district(engine: Engine, tmp_path: Path) -> None:
    net = net_of("house", Node(Diary().step("a")), is_of_house=True)
    outcome = run_net(engine, net, Context("", NIGHT_OF, AT, BY, tmp_path), clock=FixedClock(AT))
    assert outcome.return_code == 0
    with pytest.raises(Refused, match="for the house 2026-03-01 is completed"):
        run_net(engine, net, Context("", NIGHT_OF, AT, BY, tmp_path), clock=FixedClock(AT))


def test_an_attempt_that_was_ended_between_two_steps_begins_no_other(engine: Engine, tmp_path: Path) -> None:
    diary = Diary()

    def end(_item: int) -> None:
        with transaction(engine) as session:
            session.execute(
                text("UPDATE batch.job_execution SET state = 'failed', ended_at = now(), return_code = 16 WHERE id = :id"),
                {"id": _execution(engine, "between")},
            )

    net = net_of("between", Node(diary.loop("a", 1, end)), Node(diary.step("b"), ("a",)))
    outcome = run(engine, net, tmp_path)
    assert (outcome.return_code, outcome.error.code if outcome.error else "") == (16, "CSS611E")
    assert diary.done == ["a 1"]


def test_a_step_that_cannot_reach_something_ends_with_16_and_says_so(engine: Engine, tmp_path: Path) -> None:
    net = net_of("spool-full", Node(Diary().failing("write", Unavailable("CSS699E", "The disk is full."))))
    assert run(engine, net, tmp_path).return_code == 16
    assert states(engine, net) == {"write": "failed"}


def test_blocks_say_when_they_were_committed(engine: Engine, tmp_path: Path) -> None:
    def do(_session: Session, _context: Context, first: int, last: int) -> Work:
        return Work(Counts(last - first + 1, last - first + 1))

    net = net_of("stamps", Node(BlockStep("do", "Do", lambda _s, _c: [KeyRange(1, 2, 2), KeyRange(3, 4, 2)], do)))
    assert run(engine, net, tmp_path).return_code == 0
    statement = (
        "SELECT bool_and(b.done_at IS NOT NULL AND b.state = 'done' AND b.read_count = 2), count(*) FROM batch.block b "
        "JOIN batch.step_execution s ON s.id = b.step_execution_id WHERE s.step = 'do'"
    )
    assert said(engine, statement) == [(True, 2)]
