"""What a run's two states say together. Pure."""

from __future__ import annotations

from typing import Final

from batch.words import ExecutionState, InstanceState

TO_RERUN: Final = "to rerun"
"""As a list says that a run is put back."""


def is_put_back(state: InstanceState, last_attempt: ExecutionState | None) -> bool:
    """Whether a step of it is to be run again and waits for somebody: it stands as stopped, though its last attempt ended otherwise."""
    return state is InstanceState.STOPPED and last_attempt is not None and last_attempt is not ExecutionState.STOPPED
