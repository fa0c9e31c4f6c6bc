"""The engine: once and only once, whatever is killed and whoever else starts it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from batch import repository
from batch.engine import run_net
from batch.model import Block, JobExecution, StepExecution
from batch.net import Context, Counts, Net, SingleStep, Work
from batch.words import ExecutionState
from css.core.clock import FixedClock
from css.core.errors import Conflict, Refused
from css.db.engine import transaction
from tests.batch import toy_night
from tests.batch.killing import run_child
from tests.batch.toy_night import AT, ITEMS, TOY, context

GOOD = [n for n in range(1, ITEMS + 1) if n % 7]
REJECTED = ITEMS - len(GOOD)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def what_is_there(engine: Engine) -> tuple[list[str], list[tuple[int, int]], list[str], list[tuple[object, ...]]]:
    """Everything a night leaves, but for the attempts."""
    with engine.connect() as connection:
        events = [row[0] for row in connection.execute(text("SELECT words FROM public.toy_event ORDER BY words"))]
        results = [(row[0], row[1]) for row in connection.execute(text("SELECT id, doubled FROM public.toy_result ORDER BY id"))]
        rejects = [row[0] for row in connection.execute(text("SELECT source_key FROM batch.reject ORDER BY id"))]
        steps = connection.execute(
            text("SELECT step, state, read_count, written_count, rejected_count FROM batch.step_execution ORDER BY ordinal")
        )
        return events, results, sorted(rejects), [tuple(row) for row in steps]


@pytest.fixture
def toy(fresh_engine: Engine) -> Engine:
    with transaction(fresh_engine) as session:
        toy_night.make_tables(session, "ZY")
    return fresh_engine


@pytest.mark.parametrize("workers", [1, 2])
def test_a_net_runs_its_steps_once_and_counts_them(toy: Engine, tmp_path: Path, workers: int) -> None:
    outcome = toy_night.run(url_of(toy), tmp_path, workers)

    assert (outcome.return_code, outcome.attempt, outcome.error) == (4, 1, None), "4: completed with rejects"
    events, results, rejects, steps = what_is_there(toy)
    assert events == ["begun 2026-03-01", "begun 2026-03-01", *(f"item {n}" for n in range(1, 6))]
    assert results == [(n, 2 * n) for n in GOOD]
    assert len(rejects) == REJECTED
    assert ("double", "completed", ITEMS, len(GOOD), REJECTED) in steps
    with transaction(toy) as session:
        totals = repository.control_totals(session, outcome.job_instance_id)
    assert [(name, count, amount.pence) for _, name, count, amount in totals if amount] == [
        ("doubled", len(GOOD), sum(2 * n for n in GOOD))
    ]


def test_a_completed_instance_refuses_a_second_run_and_writes_nothing(toy: Engine, tmp_path: Path) -> None:
    toy_night.run(url_of(toy), tmp_path)
    before = what_is_there(toy)

    with pytest.raises(Refused, match="is completed") as refusal:
        toy_night.run(url_of(toy), tmp_path)

    assert refusal.value.code == "CSS601E"
    assert what_is_there(toy) == before


def test_killed_again_and_again_it_ends_as_if_undisturbed(toy: Engine, tmp_path: Path) -> None:
    undisturbed = run_child("tests.batch.toy_night", [url_of(toy), str(tmp_path), "1"])
    assert undisturbed.returncode == 0, undisturbed.stderr
    points = int(undisturbed.stdout.split()[2])
    assert points > 20, "fewer commits than the net has transactions: the traps are not set"
    expected = what_is_there(toy)

    # The same again in the same database, killed until it gets through.
    with transaction(toy) as session:
        for table in ("toy_event", "toy_item", "toy_result"):
            session.execute(text(f"DROP TABLE public.{table}"))
        # What has ended is never deleted one by one.
        session.execute(text("TRUNCATE batch.job_instance CASCADE"))
        toy_night.make_tables(session, "ZY")
    # Each attempt gets a little further, for passing over what is done takes points too. That every single point may be the
    # last is shown on the real night (tests/scenarios/test_killed_night.py).
    kills = 0
    while (child := run_child("tests.batch.toy_night", [url_of(toy), str(tmp_path), "1"], kill_at=5 + 5 * kills)).returncode != 0:
        if "is completed" in child.stderr:
            break  # the last kill came after the last commit
        assert child.returncode == -9, child.stderr
        kills += 1
        assert kills < points, "no progress"
    assert kills >= 3
    assert what_is_there(toy) == expected
    with transaction(toy) as session:
        attempts = session.execute(select(JobExecution.state).order_by(JobExecution.attempt)).scalars().all()
    assert attempts[-1] is ExecutionState.COMPLETED
    assert set(attempts[:-1]) == {ExecutionState.FAILED}, "the killed attempts stay as evidence"


def test_two_started_at_once_are_one_run(toy: Engine, tmp_path: Path) -> None:
    ended: list[object] = []
    ready = threading.Barrier(2)

    def start() -> None:
        ready.wait()
        try:
            ended.append(toy_night.run(url_of(toy), tmp_path).return_code)
        except (Conflict, Refused) as refusal:
            ended.append(refusal.code)

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 4 in ended
    assert set(ended) - {4} <= {"CSS601E", "CSS602E", "CSS603E"}
    assert what_is_there(toy)[1] == [(n, 2 * n) for n in GOOD]


def test_an_attempt_that_lost_its_claim_writes_nothing(toy: Engine, tmp_path: Path) -> None:
    def overtaken(session: Session, _context: Context) -> Work:
        session.execute(text("INSERT INTO public.toy_event (words) VALUES ('too late')"))
        with transaction(toy) as other:
            other.execute(update(JobExecution).values(state=ExecutionState.FAILED, ended_at=AT))
            usurper = JobExecution(
                job_instance_id=instance_of(other),
                attempt=99,
                state=ExecutionState.RUNNING,
                started_by="other",
                host="elsewhere",
                process_id=1,
                started_at=AT,
            )
            other.add(usurper)
            other.flush()
            other.execute(update(StepExecution).values(job_execution_id=usurper.id))
        return Work(Counts(1, 1))

    def instance_of(session: Session) -> int:
        return session.execute(select(JobExecution.job_instance_id)).scalars().first() or 0

    net = Net.in_line("overtaken", "A net overtaken in mid-step.", (SingleStep("late", "Late", overtaken),))
    outcome = run_net(toy, net, context(tmp_path), clock=FixedClock(AT))

    assert outcome.error is not None
    assert outcome.error.code == "CSS611E"
    assert "too late" not in what_is_there(toy)[0]


def test_counts_that_do_not_close_stop_the_step_and_keep_nothing(toy: Engine, tmp_path: Path) -> None:
    def leaky(session: Session, _context: Context) -> Work:
        session.execute(text("INSERT INTO public.toy_event (words) VALUES ('leaked')"))
        return Work(Counts(read=3, written=2))

    outcome = run_net(
        toy, Net.in_line("leaky", "It loses one.", (SingleStep("leak", "Leak", leaky),)), context(tmp_path), clock=FixedClock(AT)
    )

    assert outcome.return_code == 12
    assert outcome.error is not None
    assert "leaked" not in what_is_there(toy)[0]
    with toy.connect() as connection:
        states = connection.execute(text("SELECT state FROM batch.step_execution")).scalars().all()
    assert states == ["failed"]


def test_blocks_are_cut_once_and_not_again_after_a_failure(toy: Engine, tmp_path: Path) -> None:
    child = run_child("tests.batch.toy_night", [url_of(toy), str(tmp_path), "1"], kill_at=34)
    assert child.returncode == -9, (child.stdout, child.stderr)
    with transaction(toy) as session:
        cut = session.execute(select(Block.first_key, Block.last_key).order_by(Block.block_number)).all()
        session.execute(text("DELETE FROM public.toy_item WHERE id = 60"))
        session.execute(text("INSERT INTO public.toy_item VALUES (61)"))
    assert cut, "killed before the blocks were cut: move the point"

    assert toy_night.run(url_of(toy), tmp_path).attempt == 2
    with transaction(toy) as session:
        assert session.execute(select(Block.first_key, Block.last_key).order_by(Block.block_number)).all() == cut


def test_the_toy_net_is_found_by_name() -> None:
    assert TOY.step("double").words == "Double"
