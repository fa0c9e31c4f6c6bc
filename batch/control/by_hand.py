"""Running a net in the process of whoever asks: what can be known beforehand to come to nothing is refused before it begins."""

from __future__ import annotations

from sqlalchemy.orm import Session

from batch.control.deeds import capital, refuse_at_hold, require_turn
from batch.control.runs import Run, RunKey, find_run
from batch.turns import NIGHT_NET, skipped
from batch.words import InstanceState


def refuse_by_hand(session: Session, key: RunKey) -> None:
    """What speaks against running it now. Its hour, and other nets it waits for, do not: whoever runs it by hand has looked at them.

    Raises:
        Refused: CSS604E and CSS605E it is not the night's turn, CSS634E it is skipped; as the room says it whose turn it is.
        Conflict: CSS635E nothing can be done before a step that is held.
    """
    run = find_run(session, key)
    if run.net.name == NIGHT_NET or not _is_launched(run):
        require_turn(session, run)
    if run.state is InstanceState.SKIPPED:
        raise skipped(capital(run.words), "run")
    if not (run.is_alive or _is_launched(run)):
        refuse_at_hold(run)


def _is_launched(run: Run) -> bool:
    """Whether a clock has started it, or somebody asked for it: what ends it belongs into an attempt, for nobody reads what we say."""
    return run.row is not None and (run.row.start_asked_at is not None or run.row.claimed_until is not None)
