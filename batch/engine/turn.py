"""A step's turn: it is passed over, left out, held back, made to wait, or begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from batch import repository
from batch.engine.attempt import Attempt
from batch.engine.stopping import Stopped
from batch.net import Counts, Node
from batch.repository import UNTOUCHED, Control, StepRow
from batch.rules.standing import STEP_OVER
from batch.rules.wording import clock_words
from batch.words import AlarmKind, StepState
from css.core.calendar import to_london

DONE_BEFORE: Final = "done before"


@dataclass(frozen=True, slots=True)
class Passed:
    """It is not run now, and those after it go on."""

    counts: Counts
    why: str


@dataclass(frozen=True, slots=True)
class HeldBack:
    """A person holds it."""

    why: Stopped


@dataclass(frozen=True, slots=True)
class Waits:
    """What it needs is in use."""

    row: StepRow


@dataclass(frozen=True, slots=True)
class Begun:
    """It is this attempt's, and running."""

    row: StepRow
    is_forced: bool


Turn = Passed | HeldBack | Waits | Begun


def take_turn(session: Session, attempt: Attempt, node: Node, row: StepRow | None, begun_at: datetime) -> Turn:
    """Decide in the caller's transaction what becomes of a step whose turn has come; ``row`` is its record, if it has one.

    Raises:
        Fenced: CSS611E, the attempt is not the running one.
        Stopped: somebody has asked the run to stop.
        Whatever its condition raises.
    """
    step = node.step.name
    if row is None and node.when is None and node.cut_off is None and not node.needs:
        fresh = repository.open_fresh_step(session, attempt.instance_id, attempt.execution_id, step, attempt.ordinal(step), attempt.now())
        if fresh is not None:
            return Begun(fresh, is_forced=False)
    # Not only blocks and items hear that the run is to stop: a step of one piece, one with nothing to do, and one that waits do too.
    attempt.stopping.check(is_asked_in_row=repository.is_stop_asked(session, attempt.instance_id))
    control = repository.control_of(session, attempt.instance_id, step) or UNTOUCHED
    is_reopened = row is not None and row.state is StepState.NOT_NEEDED and control.is_forced
    if row is not None and row.state in STEP_OVER and not is_reopened:
        return Passed(row.counts, DONE_BEFORE)
    if control.hold is not None:
        return HeldBack(
            Stopped(
                "CSS617E",
                "Step {step} is held since {since} by {who}: {reason}. Release it, and the net goes on from there.",
                step=step,
                since=clock_words(control.hold.since),
                who=control.hold.by,
                reason=control.hold.reason,
            )
        )
    left_out = _left_out(session, attempt, node, control, row, begun_at)
    if left_out is not None:
        state, words = left_out
        repository.end_alarms(session, attempt.instance_id, step, AlarmKind.OPTIONAL, attempt.now())
        put = _put(session, attempt, step, state, words)
        return Passed(put.counts, f"{state.value.replace('-', ' ')}: {words}")
    if node.needs:
        waits_for = repository.claim_resources(session, attempt.execution_id, step, node.needs)
        if waits_for is not None:
            return Waits(_put(session, attempt, step, StepState.WAITING, waits_for))
    if is_reopened:
        _put(session, attempt, step, StepState.WAITING, "It was let go on.")
    opened = repository.open_step(session, attempt.instance_id, attempt.execution_id, step, attempt.ordinal(step), attempt.now())
    return Begun(opened, control.is_forced) if opened.state is StepState.RUNNING else Passed(opened.counts, DONE_BEFORE)


def _left_out(
    session: Session, attempt: Attempt, node: Node, control: Control, row: StepRow | None, begun_at: datetime
) -> tuple[StepState, str] | None:
    """Whether the step is left out, and why: a person's word first, then its condition, asked once, then its cut-off."""
    if control.skipped_by is not None and node.step.may_be_skipped:
        return StepState.SKIPPED, f"Left out by {control.skipped_by}: {control.skip_reason or 'no reason given'}."
    has_begun = row is not None and row.state is not StepState.WAITING and row.was_begun
    if control.is_forced or has_begun:
        return None
    # A step that waits has been asked; one whose condition failed has not.
    if node.when is not None and (row is None or row.state is StepState.FAILED):
        why_not = node.when(session, attempt.told(node.step.name))
        if why_not is not None:
            return StepState.NOT_NEEDED, why_not
    if node.is_optional and node.cut_off is not None:
        now, began = to_london(attempt.now()), to_london(begun_at)
        if (now.date(), now.time()) >= (began.date(), node.cut_off):
            # Needed it was: nobody may read that all is done.
            return (
                StepState.SKIPPED,
                f"Left out because it was late: it had not begun by {node.cut_off:%H:%M}, and the net goes on without it.",
            )
    return None


def _put(session: Session, attempt: Attempt, step: str, state: StepState, words: str) -> StepRow:
    return repository.put_step(
        session, attempt.instance_id, attempt.execution_id, step, attempt.ordinal(step), attempt.now(), state=state, words=words
    )
