"""What a run's two states say together. Pure."""

from __future__ import annotations

from typing import Final

from batch.words import ExecutionState, InstanceState, StepState

TO_RERUN: Final = "to rerun"
"""As a list says that a run is put back, or is asked to do a step of it again and has not begun to."""
DIED: Final = "died"
"""As a list says that a run is marked as running and no process holds it."""
WAITS_FOR_APPROVAL: Final = "CSS780E"
"""Nothing was broken: somebody looks at a sample first. When they have, the run goes on by itself."""
AWAITS_APPROVAL: Final = "waiting for approval"
"""As a list says that a run stopped for that, though it stands as failed."""
TO_APPROVE: Final = "to approve"
"""The same of the step that stopped, in a narrow column."""


STEP_OVER: Final = (StepState.COMPLETED, StepState.SKIPPED, StepState.NOT_NEEDED)
"""States of a step of which nothing is left to do: those after it go on."""


def awaits_approval(state: InstanceState | StepState | None, message_code: str | None) -> bool:
    """Whether a run, or a step, stopped for somebody to approve: it stands as failed, and nothing is to be mended."""
    return state in {InstanceState.FAILED, StepState.FAILED} and message_code == WAITS_FOR_APPROVAL


def stands(state: InstanceState, *, is_alive: bool, last_attempt: ExecutionState | None, message_code: str | None) -> str:
    """How a list says that a run stands: its state, but where that is not how it is."""
    if state is InstanceState.RUNNING and not is_alive:
        return DIED
    if is_put_back(state, last_attempt) or (state is InstanceState.PLANNED and last_attempt is not None):
        return TO_RERUN
    return AWAITS_APPROVAL if awaits_approval(state, message_code) else state.value


def is_put_back(state: InstanceState, last_attempt: ExecutionState | None) -> bool:
    """Whether a step of it is to be run again and waits for somebody: it stands as stopped, though its last attempt ended otherwise."""
    return state is InstanceState.STOPPED and last_attempt is not None and last_attempt is not ExecutionState.STOPPED
