"""Where a fault may go from where it stands, as data, with the TMF621 trouble-ticket names beside our own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from css.core.errors import Refused
from repairs.words import OPEN_STATES, FaultState

_S = FaultState

_ALWAYS: Final = {"clear": _S.CLEARED, "withdraw": _S.WITHDRAWN, "park": _S.PARKED}
"""What may happen to any fault that is open, wherever it stands."""
_TO_AN_ENGINEER: Final = {"appoint": _S.APPOINTED, "queue": _S.QUEUED, "issue": _S.ISSUED}

MOVES: Final[Mapping[FaultState, Mapping[str, FaultState]]] = {
    _S.REPORTED: {"test": _S.TESTED, "diagnose": _S.DIAGNOSED, **_TO_AN_ENGINEER, **_ALWAYS},
    _S.TESTED: {"test": _S.TESTED, "diagnose": _S.DIAGNOSED, **_TO_AN_ENGINEER, **_ALWAYS},
    _S.DIAGNOSED: {"test": _S.DIAGNOSED, "diagnose": _S.DIAGNOSED, **_TO_AN_ENGINEER, **_ALWAYS},
    _S.QUEUED: {"test": _S.QUEUED, "diagnose": _S.QUEUED, **_TO_AN_ENGINEER, **_ALWAYS},
    _S.APPOINTED: {"test": _S.APPOINTED, "diagnose": _S.APPOINTED, **_TO_AN_ENGINEER, "miss": _S.QUEUED, **_ALWAYS},
    _S.ISSUED: {
        "test": _S.ISSUED,
        "diagnose": _S.ISSUED,
        "arrive": _S.ON_SITE,
        "return": _S.QUEUED,
        "recall": _S.QUEUED,
        "miss": _S.QUEUED,
        **_ALWAYS,
    },
    _S.ON_SITE: {"test": _S.ON_SITE, "diagnose": _S.ON_SITE, "return": _S.QUEUED, "miss": _S.QUEUED, **_ALWAYS},
    _S.PARKED: {"test": _S.PARKED, "resume": _S.QUEUED, "appoint": _S.PARKED, "clear": _S.CLEARED, "withdraw": _S.WITHDRAWN},
    _S.CLEARED: {"accept": _S.ACCEPTED, "reject": _S.QUEUED},
    _S.ACCEPTED: {"close": _S.CLOSED},
    _S.CLOSED: {},
    _S.WITHDRAWN: {},
}
"""State, then the deed, then the state after it. ``resume`` leads back to where the fault stood when it was parked, ``return``
and ``recall`` to the slot where one is still promised: whoever does them says so by ``back_to``."""

KEEPING: Final = frozenset({"amend", "chase", "expedite", "own", "attach", "detach", "inform", "warn", "breach", "declare", "lift"})
"""Deeds that leave an open fault where it stands. ``breach`` alone may come after its end too."""
GOES_BACK: Final = frozenset({"resume", "return", "recall"})

TMF621: Final[Mapping[FaultState, str]] = {
    _S.REPORTED: "acknowledged",
    _S.TESTED: "acknowledged",
    _S.DIAGNOSED: "acknowledged",
    _S.QUEUED: "inProgress",
    _S.APPOINTED: "inProgress",
    _S.ISSUED: "inProgress",
    _S.ON_SITE: "inProgress",
    _S.PARKED: "pending",
    _S.CLEARED: "resolved",
    _S.ACCEPTED: "resolved",
    _S.CLOSED: "closed",
    _S.WITHDRAWN: "cancelled",
}


def may(state: FaultState, deed: str) -> bool:
    """Whether a deed is possible from a state."""
    return deed in MOVES[state] or (deed in KEEPING and state in OPEN_STATES)


def move(fault_number: str, state: FaultState, deed: str, *, back_to: FaultState | None = None) -> FaultState:
    """The state after a deed; ``back_to`` for the deeds that go back to where the fault stood before.

    Raises:
        Refused: CSS301E, the deed is not possible from this state.
    """
    if deed in KEEPING and state in OPEN_STATES:
        return state
    after = MOVES[state].get(deed)
    if after is None:
        raise Refused(
            "CSS301E",
            "Fault {fault} is {state}: {deed} is not possible now. Possible: {possible}.",
            fault=fault_number,
            state=state.value,
            deed=deed,
            possible=", ".join(MOVES[state]) or "nothing more",
        )
    return back_to if back_to is not None and deed in GOES_BACK else after
