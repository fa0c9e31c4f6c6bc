"""The engine of the night: run a net for a date, attempt after attempt, until it is done; never twice.

Restart is running the same net again. A finished step is passed over, an unfinished one goes on from its checkpoint, and
whatever a killed process had not committed was never there.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from batch import repository
from batch.model import ExecutionState, InstanceState, StepState
from batch.net import BlockStep, Context, Counts, LoopStep, Net, SingleStep, Step, Unwatched, Watcher, Work
from batch.repository import Fenced
from batch.workers import BlockTask, Workers
from css.core.clock import Clock
from css.core.errors import Breach, CssError, Refused, Unavailable
from css.db.engine import transaction

LOG = logging.getLogger(__name__)


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
    workers: Workers


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
        LOG.info(
            "net started", extra={"net": net.name, "district": context.district_code, "date": context.business_date, "attempt": number}
        )
        with Workers(engine, net, clock, workers) as shared:
            attempt = _Attempt(engine, net, context, instance.id, execution_id, clock, watcher or Unwatched(), shared)
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
    state = ExecutionState.COMPLETED if error is None else ExecutionState.FAILED
    with transaction(attempt.engine) as session:
        # Read back, so that an alarm of an attempt that was killed counts in this one.
        return_code = _return_code(error, rejected + len(repository.alarms(session, attempt.instance_id)))
        repository.end_attempt(session, attempt.instance_id, attempt.execution_id, state, attempt.clock.now(), return_code, error)
    return RunOutcome(attempt.instance_id, number, return_code, error, done)


def _return_code(error: CssError | None, to_look_at: int) -> int:
    if error is None:
        return 4 if to_look_at else 0
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
    for words in work.alarms:
        LOG.warning("%s", words, extra={"step": step})


def _run_blocks(attempt: _Attempt, step: BlockStep, row: repository.StepRow) -> None:
    total = row.checkpoint.get("keys")
    if total is None:
        with transaction(attempt.engine) as session:
            total = repository.make_blocks(session, row.id, step.drive(session, attempt.context))
            _record(attempt, session, row.id, step.name, Work(), {"keys": total})
    with transaction(attempt.engine) as session:
        blocks = repository.waiting_blocks(session, row.id)
    attempt.watcher.step_started(step, total=total, done=row.counts.read)
    tasks = [
        BlockTask(attempt.net.name, step.name, attempt.context, attempt.instance_id, row.id, attempt.execution_id, block)
        for block in blocks
    ]
    for counts in attempt.workers.do(step, tasks):
        attempt.watcher.advanced(step, counts.read)
