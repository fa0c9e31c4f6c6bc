"""When the steps of a run will have ended, from how long they usually take and how far they are; and what a restart would repeat.

Pure: no database, no clock of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch.net import BlockStep, LoopStep, SingleStep, Step
from batch.words import StepState

DONE = frozenset({StepState.COMPLETED, StepState.SKIPPED, StepState.NOT_NEEDED})
"""States in which nothing is left to do of a step."""


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step as it stands, for the outlook."""

    state: StepState | None
    """None while its turn has not come."""
    started_at: datetime | None
    ended_at: datetime | None
    share: int | None
    """How much is done, in thousandths; None where nobody can tell."""
    usual_seconds: int | None
    """None when it has never run."""
    read_count: int = 0
    taken_up_at: datetime | None = None
    """When the attempt under way took it up, where one before it had begun it and nobody knows yet how fast it goes on."""


def expected_ends(steps: Sequence[StepSeen], *, at: datetime) -> tuple[datetime | None, ...]:
    """When each step will have ended, in the order they run; of a finished one when it did. None from where nobody can tell.

    A step under way ends as its rate so far says, once a tenth is done; before that, and where the rate is not known, as long
    after its start as it usually takes, and never before now.
    """
    ends: list[datetime | None] = []
    reached: datetime | None = at
    for step in steps:
        if step.state in DONE:
            ends.append(step.ended_at)
            continue
        if reached is None:
            ends.append(None)
            continue
        if step.state is None or step.started_at is None:
            reached = None if step.usual_seconds is None else reached + timedelta(seconds=step.usual_seconds)
        elif step.share is not None and step.share >= 100:  # noqa: PLR2004 - a tenth
            reached = max(at, step.started_at + 1000 * (at - step.started_at) // step.share)
        else:
            reached = None if step.usual_seconds is None else max(at, step.started_at + timedelta(seconds=step.usual_seconds))
        ends.append(reached)
    return tuple(ends)


def usual(seconds: Sequence[int]) -> int | None:
    """What is usual among some durations: the middle one, the longer of the two in the middle; None of none."""
    return sorted(seconds)[len(seconds) // 2] if seconds else None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a step has kept by now."""

    state: StepState | None
    read_count: int
    is_recorded: bool
    """Of a step done whole: its work is committed, only the mark is missing."""
    blocks_done: int
    block_count: int


def restart_words(step: Step, kept: Kept) -> str:
    """What running the net again would repeat of a step, in a sentence or two. It is what the engine does, said once."""
    if kept.state is StepState.COMPLETED:
        return "Nothing: the step is finished and is passed over."
    if kept.state in DONE:
        return "Nothing: the step was left out and is passed over."
    if kept.state is None:
        return "Nothing of it was done yet; it is done when its turn comes."
    match step:
        case SingleStep():
            return _whole(kept)
        case LoopStep():
            kept_words = f"What it read so far ({kept.read_count:,}) is kept" if kept.read_count else "Nothing was kept yet"
            return f"{kept_words}; it goes on from its checkpoint, and repeats at most the one item it was at."
        case BlockStep():
            return _in_blocks(kept)


def _whole(kept: Kept) -> str:
    if kept.is_recorded:
        return "Nothing: its work is committed, and only the mark that it is finished is still to be set."
    return "All of it: it is done whole in one transaction, and nothing was kept of what was not committed."


def _in_blocks(kept: Kept) -> str:
    if not kept.block_count:
        return "All of it: its work was not yet cut into blocks."
    left = kept.block_count - kept.blocks_done
    return (
        f"{kept.blocks_done:,} of {kept.block_count:,} blocks are done and stay as they are; the other {left:,} are done, "
        "whole, for a block is committed with all it wrote or not at all."
    )
