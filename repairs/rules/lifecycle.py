"""Where a fault may go from where it stands, as data, with the TMF621 trouble-ticket names beside our own."""

from __future__ import annotations

from typing import Final

from css.core.errors import Refused
from repairs.words import FaultState

MOVES: Final[dict[FaultState, dict[str, FaultState]]] = {
    FaultState.REPORTED: {"clear": FaultState.CLEARED, "withdraw": FaultState.WITHDRAWN},
    FaultState.CLEARED: {"accept": FaultState.CLOSED, "reject": FaultState.REPORTED},
    FaultState.CLOSED: {},
    FaultState.WITHDRAWN: {},
}
"""State, then the deed, then the state after it."""

TMF621: Final[dict[FaultState, str]] = {
    FaultState.REPORTED: "inProgress",
    FaultState.CLEARED: "resolved",
    FaultState.CLOSED: "closed",
    FaultState.WITHDRAWN: "cancelled",
}


def move(fault_number: str, state: FaultState, deed: str) -> FaultState:
    """The state after a deed.

    Raises:
        Refused: CSS301E, the deed is not possible from this state.
    """
    after = MOVES[state].get(deed)
    if after is None:
        possible = ", ".join(MOVES[state]) or "nothing more"
        raise Refused(
            "CSS301E",
            "Fault {fault} is {state}: {deed} is not possible now. Possible: {possible}.",
            fault=fault_number,
            state=state.value,
            deed=deed,
            possible=possible,
        )
    return after
