"""The work of a step that has begun, to its end or to where it stops; and what is written of that."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from batch import repository
from batch.balance import Finding, OutOfBalance, check_joints, keep_findings, left_aside
from batch.engine.attempt import Attempt, done_whole
from batch.engine.stopping import Stopped
from batch.engine.turn import Begun
from batch.engine.workers import WORKER_KILLED, BlockTask, Workers
from batch.net import BlockStep, Counts, LoopStep, Node, SingleStep, Step, Work
from batch.repository import BlockRow, Fenced, StepRow
from batch.rules.limits import allowed
from batch.words import AlarmKind, StepState
from css.core.errors import Breach, Conflict, CssError, Unavailable
from css.db.faults import faults_named

LOG = logging.getLogger(__name__)


class Unforeseen(CssError):  # noqa: N818 - it is what happened, as its family says
    """An exception that is no refusal: a fault of the program."""

    family = "error"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a step ended in this attempt."""

    counts: Counts
    error: CssError | None
    """None when it is completed."""


def do_step(attempt: Attempt, workers: Workers, node: Node, begun: Begun) -> Ended:
    """Do the work of a step that this attempt has begun, and write how it ended.

    Raises:
        Fenced: another attempt holds the step; nothing was written.
        Unavailable: not even the end could be written.
    """
    step, row = node.step, begun.row
    limit = _Limit(step, is_forced=begun.is_forced)
    try:
        counts = _to_its_end(attempt, workers, node, row, limit)
    except Fenced:
        raise
    except Exception as trouble:  # noqa: BLE001 - whatever it was, the step has failed and says so
        error = as_error(step.name, trouble)
        if isinstance(error, Unavailable):
            # The server may have kept what it could not tell us that it kept.
            kept = done_whole(attempt.engine, lambda session: repository.closed_counts(session, row.id, attempt.execution_id))
            if kept is not None:
                attempt.watcher.step_ended(step, kept)
                return Ended(kept, None)
        findings = trouble.findings if isinstance(trouble, OutOfBalance) else ()
        done_whole(attempt.engine, lambda session: _fail(session, attempt, node, row, error, findings))
        return Ended(row.counts, error)
    attempt.watcher.step_ended(step, counts)
    return Ended(counts, None)


def _to_its_end(attempt: Attempt, workers: Workers, node: Node, row: StepRow, limit: _Limit) -> Counts:
    match node.step:
        case SingleStep() as step:
            return _single(attempt, node, step, row, limit)
        case LoopStep() as step:
            return _loop(attempt, node, step, row, limit)
        case BlockStep() as step:
            _blocks(attempt, workers, step, row, limit)
    return done_whole(attempt.engine, lambda session: _close(session, attempt, node, row, limit))


def as_error(step: str, trouble: Exception) -> CssError:
    """What went wrong, with a code. Of what nobody foresaw only the kind: its words may repeat what customers told us."""
    if isinstance(trouble, CssError):
        return trouble
    if isinstance(trouble, OutOfBalance):
        sentence = "Out of balance: {why}. The step is not completed, though what it committed stays; see the runbook."
        return CssError("CSS612E", sentence, why=str(trouble))
    if isinstance(trouble, Breach):
        return CssError("CSS612E", "Out of balance: {why}. Nothing of this step was kept; see the runbook.", why=str(trouble))
    LOG.error("step %s failed in a way that nobody foresaw", step, exc_info=trouble, extra={"step": step})
    return Unforeseen(
        "CSS616E",
        "Step {step} failed in a way that nobody foresaw: {kind}. It is a fault of the program; the log has the whole of it.",
        step=step,
        kind=type(trouble).__name__,
    )


def is_done_without(node: Node, error: CssError) -> bool:
    """Whether the net goes on without a step that ended so.

    A machine that failed, and a person who stopped the run, say nothing of the step: the next attempt takes it up again.
    """
    return node.is_optional and not isinstance(error, Stopped | Unavailable)


def _close(session: Session, attempt: Attempt, node: Node, row: StepRow, limit: _Limit) -> Counts:
    """The step is completed: its counts and its joints close, and what it set aside is within its limit."""
    name = node.step.name
    counts = repository.close_step(session, row.id, attempt.execution_id, name, StepState.COMPLETED, attempt.now())
    check_joints(session, node.step, attempt.told(name, row.generation), attempt.held(row, name), attempt.now())
    limit.check(session, attempt, counts, counts.read)
    if node.needs:
        repository.free_resources(session, attempt.execution_id, name)
    if node.is_optional:
        repository.end_alarms(session, attempt.instance_id, name, AlarmKind.OPTIONAL, attempt.now())
    return counts


def _fail(session: Session, attempt: Attempt, node: Node, row: StepRow, error: CssError, findings: Sequence[Finding]) -> None:
    name = node.step.name
    state = StepState.STOPPED if isinstance(error, Stopped) else StepState.FAILED
    repository.close_step(session, row.id, attempt.execution_id, name, state, attempt.now(), error)
    keep_findings(session, attempt.held(row, name), findings, attempt.now())
    if node.needs:
        repository.free_resources(session, attempt.execution_id, name)
    warn_if_done_without(session, attempt, node, error)


def warn_if_done_without(session: Session, attempt: Attempt, node: Node, error: CssError) -> None:
    """That an optional step failed is an alarm, until it is completed."""
    if is_done_without(node, error):
        name = node.step.name
        words = f"CSS623W Optional step {name} failed, and the net went on without it: {error.text}"
        repository.raise_alarm(session, attempt.instance_id, name, AlarmKind.OPTIONAL, words[:2000], attempt.now())


class _Limit:
    """How much a step may set aside. What was settled since counts no more."""

    def __init__(self, step: Step, *, is_forced: bool) -> None:
        self._step = step
        self._is_forced = is_forced

    def look(self, attempt: Attempt, counts: Counts, read: int) -> None:
        """Look between two transactions of the step, when it is past its limit by its own count.

        Raises:
            CssError: CSS618E.
        """
        if self._most(read) < counts.rejected:
            done_whole(attempt.engine, lambda session: self.check(session, attempt, counts, read))

    def check(self, session: Session, attempt: Attempt, counts: Counts, read: int) -> None:
        """Refuse when more is set aside than may be of so many read; what was done stays.

        Raises:
            CssError: CSS618E.
        """
        most = self._most(read)
        if counts.rejected <= most:
            return
        left = counts.rejected
        if self._step.reject_limit is not None:
            left = left_aside(session, attempt.told(self._step.name), self._step.reject_limit, counts.rejected)
        if left > most:
            raise CssError(
                "CSS618E",
                "Step {step} set aside {count:,} of {read:,}, and may {most:,}. What it did stays. "
                "Settle what was set aside, or force the step.",
                step=self._step.name,
                count=left,
                read=read,
                most=most,
            )

    def _most(self, read: int) -> float:
        limit = self._step.reject_limit
        return math.inf if limit is None or self._is_forced else allowed(limit.items, limit.thousandths, read)


def _single(attempt: Attempt, node: Node, step: SingleStep, row: StepRow, limit: _Limit) -> Counts:
    attempt.watcher.step_started(step, total=None, done=0)
    if row.checkpoint.get("done"):
        # Its work stands and its end was refused: whatever stood in the way may be gone.
        return done_whole(attempt.engine, lambda session: _close(session, attempt, node, row, limit))
    attempt.stopping.check()
    context = attempt.told(step.name, row.generation)

    def whole(session: Session) -> tuple[Work, Counts | Exception]:
        work = step.run(session, context)
        repository.record_work(session, attempt.held(row, step.name), work, attempt.now(), {"done": True})
        return work, _closed_or_why_not(session, attempt, node, row, limit)

    work, closed = done_whole(attempt.engine, whole)
    _tell(step, work)
    if isinstance(closed, Exception):
        raise closed
    return closed


def _closed_or_why_not(session: Session, attempt: Attempt, node: Node, row: StepRow, limit: _Limit) -> Counts | Exception:
    """The end of a step in the transaction of its work: what the end is refused for undoes the end and nothing else.

    What two transactions do to each other, and a lost fence, undo the whole.
    """
    if not node.step.joints and node.step.reject_limit is None:
        return _close(session, attempt, node, row, limit)
    try:
        with faults_named(), session.begin_nested():
            return _close(session, attempt, node, row, limit)
    except (Conflict, Fenced, Unavailable):
        raise
    except Exception as trouble:  # noqa: BLE001 - whatever it was, it is raised when the work is kept
        return trouble


def _loop(attempt: Attempt, node: Node, step: LoopStep, row: StepRow, limit: _Limit) -> Counts:
    attempt.watcher.step_started(step, total=None, done=row.counts.read)
    context = attempt.told(step.name, row.generation)
    held = attempt.held(row, step.name)
    checkpoint, counts = row.checkpoint, row.counts

    def whole(session: Session) -> Counts | tuple[Work, Mapping[str, Any], bool]:
        result = step.run(session, context, checkpoint)
        if result is None:
            return _close(session, attempt, node, row, limit)
        work, reached = result
        return work, reached, repository.record_work(session, held, work, attempt.now(), reached)

    is_asked = False
    while True:
        attempt.stopping.check(is_asked_in_row=is_asked)
        done = done_whole(attempt.engine, whole)
        if isinstance(done, Counts):
            return done
        work, checkpoint, is_asked = done[0], dict(done[1]), done[2]
        _tell(step, work)
        attempt.watcher.advanced(step, work.counts.read)
        counts += work.counts
        # Of how many nobody knows yet; so only a limit that does not depend on it can be passed already.
        if step.reject_limit is not None and not step.reject_limit.thousandths:
            limit.look(attempt, counts, counts.read)


def _blocks(attempt: Attempt, workers: Workers, step: BlockStep, row: StepRow, limit: _Limit) -> None:
    held, context = attempt.held(row, step.name), attempt.told(step.name, row.generation)

    def whole(session: Session) -> tuple[int, Sequence[BlockRow]]:
        keys = row.checkpoint.get("keys")
        if keys is None:
            keys = repository.make_blocks(session, row.id, step.drive(session, context))
            repository.record_work(session, held, Work(), attempt.now(), {"keys": keys})
        return keys, repository.waiting_blocks(session, row.id)

    total, blocks = done_whole(attempt.engine, whole)
    attempt.watcher.step_started(step, total=total, done=row.counts.read)
    counts = row.counts
    # Of all there are, and not those read so far: which blocks come first must not decide.
    limit.look(attempt, counts, total)
    attempt.stopping.check()
    done_blocks = workers.do(step, [BlockTask(context, held, block) for block in blocks])
    try:
        for done in done_blocks:
            attempt.watcher.advanced(step, done.counts.read)
            counts += done.counts
            limit.look(attempt, counts, total)
            attempt.stopping.check(is_asked_in_row=done.is_stop_asked)
    except Unavailable as broken:
        if broken.code == WORKER_KILLED:
            # Whoever stops the whole group of processes ends the workers too.
            attempt.stopping.check()
        raise
    finally:
        done_blocks.close()


def _tell(step: Step, work: Work) -> None:
    for words in work.messages:
        LOG.info("%s", words, extra={"step": step.name})
    for words in work.alarms:
        LOG.warning("%s", words, extra={"step": step.name})
