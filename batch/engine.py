"""The engine of the night: run a net for a date, attempt after attempt, until it is done; never twice.

Restart is running the same net again. A finished step is passed over, an unfinished one goes on from its checkpoint, and
whatever a killed process had not committed was never there.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from batch import repository
from batch.model import ExecutionState, InstanceState, StepState
from batch.net import BlockStep, Context, Counts, LoopStep, Net, SingleStep, Step, Unwatched, Watcher, Work
from batch.repository import BlockRow, Fenced
from css.core.clock import Clock
from css.core.errors import Breach, CssError, Refused, Unavailable
from css.db.engine import make_engine, transaction

LOG = logging.getLogger(__name__)
IN_FLIGHT_PER_WORKER = 2
"""Blocks handed out ahead of the workers: enough to keep them busy, few enough to stop soon."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run of a net ended."""

    job_instance_id: int
    attempt: int
    return_code: int
    error: CssError | None
    steps_done: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What the engine carries from step to step."""

    engine: Engine
    net: Net
    context: Context
    instance_id: int
    execution_id: int
    clock: Clock
    watcher: Watcher
    workers: int


def run_net(engine: Engine, net: Net, context: Context, *, clock: Clock, workers: int = 1, watcher: Watcher | None = None) -> RunOutcome:
    """Run a net for the context's district and business date, or take it up where an earlier attempt ended.

    Raises:
        Refused: CSS601E, this instance is completed.
        Conflict: CSS602E or CSS603E, another process is running it.
    """
    with transaction(engine) as session:
        instance = repository.plan(session, net.name, context.district_code, context.business_date, context.at)
    with repository.instance_lock(engine, instance.id) as held:
        with transaction(engine) as session:
            if not held:
                raise repository.refuse_running(session, instance)
            # Read again under the lock: the process before us may have finished while we waited for it.
            instance = repository.plan(session, net.name, context.district_code, context.business_date, context.at)
            if instance.state is InstanceState.COMPLETED:
                raise Refused(
                    "CSS601E",
                    "The {net} net for {district} {date} is completed; it does not run twice. `css night report` shows what it did.",
                    net=net.name,
                    district=context.district_code,
                    date=context.business_date,
                )
            execution_id, number = repository.begin_attempt(session, instance.id, context.by, clock.now())
        context = replace(context, job_instance_id=instance.id, parameters=instance.parameters)
        attempt = _Attempt(engine, net, context, instance.id, execution_id, clock, watcher or Unwatched(), workers)
        LOG.info(
            "net started", extra={"net": net.name, "district": context.district_code, "date": context.business_date, "attempt": number}
        )
        return _run_steps(attempt, number)


def _run_steps(attempt: _Attempt, number: int) -> RunOutcome:
    rejected = 0
    done = 0
    error: CssError | None = None
    try:
        for ordinal, step in enumerate(attempt.net.steps, start=1):
            rejected += _run_step(attempt, step, ordinal).rejected
            done += 1
    except Fenced as fence:
        # The other attempt owns the records now; this one leaves them alone.
        return RunOutcome(attempt.instance_id, number, 16, fence, done)
    except CssError as trouble:
        error = trouble
    except Breach as breach:
        error = CssError("CSS612E", "Out of balance: {why}. Nothing of this step was kept; see the runbook.", why=str(breach))
    return_code = _return_code(error, rejected)
    state = ExecutionState.COMPLETED if error is None else ExecutionState.FAILED
    with transaction(attempt.engine) as session:
        repository.end_attempt(session, attempt.instance_id, attempt.execution_id, state, attempt.clock.now(), return_code, error)
    return RunOutcome(attempt.instance_id, number, return_code, error, done)


def _return_code(error: CssError | None, rejected: int) -> int:
    if error is None:
        return 4 if rejected else 0
    if isinstance(error, Unavailable):
        return 16
    return 12 if error.code in {"CSS612E", "CSS620E"} else 8


def _run_step(attempt: _Attempt, step: Step, ordinal: int) -> Counts:
    with transaction(attempt.engine) as session:
        row = repository.open_step(session, attempt.instance_id, attempt.execution_id, step.name, ordinal, attempt.clock.now())
    if row.state is StepState.COMPLETED:
        attempt.watcher.step_ended(step, row.counts, skipped=True)
        return row.counts
    try:
        match step:
            case SingleStep():
                _run_single(attempt, step, row)
            case LoopStep():
                _run_loop(attempt, step, row)
            case BlockStep():
                _run_blocks(attempt, step, row)
    except (CssError, Breach) as trouble:
        if not isinstance(trouble, Fenced):
            with transaction(attempt.engine) as session:
                repository.close_step(session, row.id, attempt.execution_id, step.name, StepState.FAILED, attempt.clock.now())
        raise
    with transaction(attempt.engine) as session:
        counts = repository.close_step(session, row.id, attempt.execution_id, step.name, StepState.COMPLETED, attempt.clock.now())
    attempt.watcher.step_ended(step, counts, skipped=False)
    return counts


def _run_single(attempt: _Attempt, step: SingleStep, row: repository.StepRow) -> None:
    attempt.watcher.step_started(step, total=None, done=0)
    if row.checkpoint.get("done"):
        return  # killed between its commit and the mark that the step is completed
    with transaction(attempt.engine) as session:
        work = step.run(session, attempt.context)
        _record(attempt, session, row.id, step.name, work, {"done": True})


def _run_loop(attempt: _Attempt, step: LoopStep, row: repository.StepRow) -> None:
    attempt.watcher.step_started(step, total=None, done=row.counts.read)
    checkpoint = row.checkpoint
    while True:
        with transaction(attempt.engine) as session:
            result = step.run(session, attempt.context, checkpoint)
            if result is None:
                return
            work, checkpoint = result
            _record(attempt, session, row.id, step.name, work, checkpoint)
        attempt.watcher.advanced(step, work.counts.read)


def _record(attempt: _Attempt, session: Session, step_id: int, step: str, work: Work, checkpoint: dict[str, object]) -> None:
    repository.record_work(session, attempt.instance_id, step_id, attempt.execution_id, step, work, attempt.clock.now(), checkpoint)
    for words in work.messages:
        LOG.info("%s", words, extra={"step": step})


def _run_blocks(attempt: _Attempt, step: BlockStep, row: repository.StepRow) -> None:
    total = row.checkpoint.get("keys")
    if total is None:
        with transaction(attempt.engine) as session:
            total = repository.make_blocks(session, row.id, step.drive(session, attempt.context))
            _record(attempt, session, row.id, step.name, Work(), {"keys": total})
    with transaction(attempt.engine) as session:
        blocks = repository.waiting_blocks(session, row.id)
    attempt.watcher.step_started(step, total=total, done=row.counts.read)
    for counts in _block_counts(attempt, step, row.id, blocks):
        attempt.watcher.advanced(step, counts.read)


def _block_counts(attempt: _Attempt, step: BlockStep, step_id: int, blocks: tuple[BlockRow, ...]) -> Iterator[Counts]:
    tasks = [
        BlockTask(attempt.net.name, step.name, attempt.context, attempt.instance_id, step_id, attempt.execution_id, block)
        for block in blocks
    ]
    if attempt.workers < 2 or not step.in_parallel or len(blocks) < 2:  # noqa: PLR2004 - one worker or one block needs no pool
        for task in tasks:
            yield do_block(attempt.engine, step, task, attempt.clock)
        return
    yield from _in_processes(attempt, tasks)


@dataclass(frozen=True, slots=True)
class BlockTask:
    """All a worker is told. It claims the block itself, so a task lost, repeated or run twice is harmless."""

    net: str
    step: str
    context: Context
    instance_id: int
    step_id: int
    execution_id: int
    block: BlockRow


def do_block(engine: Engine, step: BlockStep, task: BlockTask, clock: Clock) -> Counts:
    """Claim a block, do it, and commit output, counts and claim together. A block already done counts nothing."""
    with transaction(engine) as session:
        if not repository.claim_block(session, task.block.id, task.step_id, task.execution_id):
            if task.block.id in {block.id for block in repository.waiting_blocks(session, task.step_id)}:
                raise Fenced("CSS611E", "Another attempt has taken over step {step}; this one writes nothing more.", step=task.step)
            return Counts()
        work = step.run(session, task.context, task.block.first_key, task.block.last_key)
        repository.count_block(session, task.block.id, work.counts)
        repository.record_work(session, task.instance_id, task.step_id, task.execution_id, task.step, work, clock.now(), checkpoint=None)
    return work.counts


def _in_processes(attempt: _Attempt, tasks: list[BlockTask]) -> Iterator[Counts]:
    """Hand blocks to local processes, a few ahead of them; each has its own engine, made after it was started."""
    url = attempt.engine.url.render_as_string(hide_password=False)
    waiting = iter(tasks)
    with ProcessPoolExecutor(
        attempt.workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=(url, attempt.net, attempt.clock),
    ) as pool:
        in_flight: set[Future[Counts]] = set()
        try:
            for task in waiting:
                in_flight.add(pool.submit(_work_block, task))
                if len(in_flight) >= attempt.workers * IN_FLIGHT_PER_WORKER:
                    finished, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in finished)
            while in_flight:
                finished, in_flight = wait(in_flight, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        except BrokenProcessPool:
            raise Unavailable(
                "CSS613E", "A worker process was killed in the middle of its work; run the net again and it goes on from there."
            ) from None
        finally:
            for future in in_flight:
                future.cancel()


_worker: tuple[Engine, Net, Clock] | None = None


def _start_worker(url: str, net: Net, clock: Clock) -> None:
    global _worker  # noqa: PLW0603 - a worker process has one engine for its life, and no other place to keep it
    _worker = (make_engine(url, application="css night worker"), net, clock)


def _work_block(task: BlockTask) -> Counts:
    assert _worker is not None, "a worker starts before it works"
    engine, net, clock = _worker
    step = net.step(task.step)
    assert isinstance(step, BlockStep), f"{task.step} has no blocks"
    return do_block(engine, step, task, clock)
