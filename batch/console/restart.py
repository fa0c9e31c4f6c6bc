"""What running a net again would repeat of a step. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from batch.net import BlockStep, LoopStep, SingleStep, Step
from batch.rules.standing import STEP_OVER
from batch.words import StepState


@dataclass(frozen=True, slots=True)
class Kept:
    """What a step has kept by now."""

    state: StepState | None
    read_count: int
    is_recorded: bool
    """Of a step done whole: its work is committed, only the mark is missing."""
    blocks_done: int
    block_count: int
    is_left_out: bool = False
    """A person told so, and its turn has not come since."""


def restart_words(step: Step, kept: Kept) -> str:
    """What running the net again would repeat of a step, in a sentence or two. It is what the engine does, said once."""
    if kept.state in STEP_OVER or kept.state is None or kept.is_left_out:
        return _nothing(kept)
    match step:
        case SingleStep():
            return _whole(kept)
        case LoopStep():
            kept_words = f"What it read so far ({kept.read_count:,}) is kept" if kept.read_count else "Nothing was kept yet"
            return f"{kept_words}; it goes on from its checkpoint, and repeats at most the one item it was at."
        case BlockStep():
            return _in_blocks(kept)


def _nothing(kept: Kept) -> str:
    if kept.state is StepState.COMPLETED:
        return "Nothing: the step is finished and is passed over."
    if kept.state in STEP_OVER:
        return "Nothing: the step was left out and is passed over."
    if kept.is_left_out:
        return "Nothing: it was told to be left out, and is passed over when its turn comes, until release takes that back."
    return "Nothing of it was done yet; it is done when its turn comes."


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
