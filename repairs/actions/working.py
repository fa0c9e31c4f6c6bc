"""What every verb of repairs needs: the fault locked, whether the actor may, its next step told, and the audit trail.

A verb locks its fault first (``locked_fault``), then whatever else it changes, in this order: fault, line, pair, slot day, visit,
outage. ``step`` moves the state, tells the story and counts the version, so that nothing of the three is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css import audit
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import Conflict, NotFound, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import Role
from css.db.sql import block
from css.master.providers import Provider
from repairs.actions.telling import will_tell
from repairs.model import Engineer, Fault, Visit
from repairs.rules.lifecycle import move
from repairs.rules.seeing import sees_only_own_visits
from repairs.words import OPEN_STATES, FaultState

__all__ = [
    "MAY",
    "hold_key",
    "locked_fault",
    "no_fault",
    "record",
    "require_may",
    "sees_only_own_visits",
    "step",
    "tell",
    "tell_all",
]

_DESK: Final = frozenset({Role.CLERK.value, Role.REPAIR.value, Role.SUPERVISOR.value})
_CONTROL: Final = frozenset({Role.REPAIR.value, Role.SUPERVISOR.value})
_FIELD: Final = _CONTROL | {Role.CONTRACTOR.value}
MAY: Final[Mapping[str, tuple[frozenset[str], bool]]] = {
    "report": (_DESK, True),
    "amend": (_DESK, True),
    "chase": (_DESK, True),
    "withdraw": (_DESK, True),
    "accept": (_DESK, True),
    "reject": (_DESK, True),
    "appoint": (_DESK, True),
    "expedite": (_DESK, True),
    "test": (_DESK | _FIELD, True),
    "own": (_DESK, False),
    "park": (_FIELD, False),
    "resume": (_DESK | _FIELD, False),
    "diagnose": (_FIELD, False),
    "queue": (_CONTROL, False),
    "miss": (_FIELD, False),
    "clear": (_FIELD, False),
    "arrive": (_FIELD, False),
    "return": (_FIELD, False),
    "take": (_FIELD, False),
    "assign": (_CONTROL, False),
    "declare": (_CONTROL, False),
    "reckon": (_CONTROL, False),
}
"""Deed: which roles of operators, and whether partners may too. The night and the system may everything."""


def require_may(by: Actor, deed: str) -> None:
    """Whether the actor may do such a thing to faults at all.

    Raises:
        Refused: CSS315E.
    """
    roles, partners = MAY[deed]
    if (by.is_partner and not partners) or (by.kind == "operator" and not roles & by.roles):
        raise Refused("CSS315E", "{who} may not {deed} faults.", who=by.name, deed=deed)


def no_fault(number: str) -> NotFound:
    """CSS313E: not there, another provider's, or not given to this contractor; nobody is told which."""
    return NotFound("CSS313E", "There is no fault {fault}.", fault=number, element="fault_number")


def locked_fault(session: Session, number: str, by: Actor, row_version: int | None = None) -> Fault:
    """The fault, locked until the transaction ends and as it stands now.

    Raises:
        BadMessage: CSS052E to CSS055E, the form of the number.
        NotFound: CSS313E.
        Conflict: CSS314E, somebody else changed it since ``row_version`` was seen.
        Refused: CSS344E, a contractor had it and somebody else has it now.
    """
    number = expect_id(number, IdKind.FAULT, element="fault_number")
    row = session.execute(
        select(Fault, Provider.code)
        .join(Provider, Provider.id == Fault.provider_id)
        .where(Fault.number == number)
        .with_for_update(of=Fault)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None or (by.is_partner and row.code != by.provider_code):
        raise no_fault(number)
    fault: Fault = row.Fault
    if sees_only_own_visits(by):
        _require_not_anothers(session, fault, by)
    if row_version is not None and row_version != fault.row_version:
        raise Conflict(
            "CSS314E",
            "Fault {fault} was changed by somebody else: it is {state} now (version {now}, you saw {seen}). Look again.",
            fault=number,
            state=fault.state.value,
            now=fault.row_version,
            seen=row_version,
            element="row_version",
        )
    return fault


def _require_not_anothers(session: Session, fault: Fault, by: Actor) -> None:
    """A contractor works on what was given to them, and only while nobody else has it."""
    own = Visit.ended_at.is_(None).label("is_live"), (Engineer.code == by.name).label("is_own")
    visits = session.execute(select(*own).join(Engineer, Engineer.id == Visit.engineer_id).where(Visit.fault_id == fault.id)).all()
    if not any(visit.is_own for visit in visits):
        raise no_fault(fault.number)
    if any(visit.is_live and not visit.is_own for visit in visits):
        raise Refused("CSS344E", "Fault {fault} is not with you now.", fault=fault.number, element="fault_number")


def step(
    session: Session, fault: Fault, deed: str, words: str, *, by: Actor, at: datetime, back_to: FaultState | None = None
) -> FaultState:
    """Do a deed to a fault that is locked: its state, its version, its story. Gives the state before.

    What else belongs to the deed (clock, visit, appointment, hold) is the verb's own.

    Raises:
        Refused: CSS301E, the deed is not possible from where the fault stands.
    """
    before = fault.state
    after = move(fault.number, before, deed, back_to=back_to)
    fault.resumes_to = _resumes_to(before) if after is FaultState.PARKED and before is not FaultState.PARKED else fault.resumes_to
    if after is not FaultState.PARKED:
        fault.resumes_to = None
    if after in OPEN_STATES or after is FaultState.WITHDRAWN:
        fault.cleared_at = fault.clear_code = fault.clear_words = fault.accept_by_at = None
    fault.state = after
    fault.row_version += 1
    session.flush()
    tell(session, fault, deed, words, by=by, at=at)
    return before


def _resumes_to(state: FaultState) -> FaultState:
    """Whoever was sent is not there any more when a parked fault goes on."""
    return FaultState.QUEUED if state in {FaultState.ISSUED, FaultState.ON_SITE} else state


def tell(session: Session, fault: Fault, deed: str, words: str, *, by: Actor, at: datetime) -> None:
    """Add the next event of the fault's story. The fault's row is ours (new or locked), so the numbers have no gap.

    Where it is on a partner's line, the partner is told at the end of the transaction.
    """
    tell_all(session, (fault.id,), deed, words, by=by, at=at)


def tell_all(session: Session, faults: Sequence[int], deed: str, words: str, *, by: Actor, at: datetime) -> None:
    """The same event on each of many faults that are locked, in one statement."""
    session.flush()
    told = {"faults": list(faults), "deed": deed, "at": at, "who": by.name, "words": words}
    will_tell(session, session.execute(block("repairs", "outages.tell"), told), at=at)


def record(
    session: Session, fault: Fault, command: object, verb: str, before: FaultState | None, *, by: Actor, at: datetime, **more: object
) -> None:
    """Write the deed to the audit trail, with what was asked for."""
    told = {name: value for name, value in to_plain(command).items() if name not in {"token", "row_version"}}
    audit.record(
        session,
        by=by,
        at=at,
        verb=verb,
        subject=("fault", fault.number),
        before=None if before is None else {"state": before.value},
        after={"state": fault.state.value, **told, **more},
    )
    session.flush()


def hold_key(fault_number: str) -> str:
    """By what the hold of an open fault is placed and lifted."""
    return f"fault/{fault_number}"
