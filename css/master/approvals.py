"""Deeds above their doer's limit: asked for, and decided once by somebody else (docs/decisions/0139).

Here a request is only written down, read and ended. Which verbs can be asked for, and doing one, is a door's: this floor
knows no room. Codes CSS180 to CSS186.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from css.audit import answered, record
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, NotFound, Refused
from css.core.money import Money
from css.core.words import Role
from css.master.operator_commands import Asked, Decided, PutRequest, RefuseApproval, WithdrawApproval
from css.master.operators import ApprovalRequest, ApprovalState, Operator
from css.master.reference import RETAIL

APPROVERS: Final = frozenset({Role.BILLING.value, Role.SUPERVISOR.value})
"""Who may be a second person at all; how much is a matter of each one's limit."""
REASON_LENGTH_MAX: Final = 200
REQUESTS_MAX: Final = 200


@answered
def put_request(session: Session, command: PutRequest, *, by: Actor, at: datetime) -> Asked:
    """Write a request down. Error: Refused CSS181E for whoever has no operator code."""
    asker = operator_of(session, by)
    row = ApprovalRequest(
        verb=command.verb,
        command=command.command,
        subject=command.subject,
        amount=command.amount,
        words=command.words,
        asked_by_id=asker.id,
        asked_at=at,
        state=ApprovalState.ASKED,
        row_version=1,
    )
    session.add(row)
    session.flush()
    told = {"verb": command.verb, "command": command.command, "amount": str(command.amount), "words": command.words}
    _tell(session, row, "ask_approval", by=by, at=at, after=told)
    return Asked(request_id=row.id, verb=row.verb, subject=row.subject, amount=row.amount, words=row.words)


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A request whose row is locked, with whose deed it is and who approves."""

    row: ApprovalRequest
    asker: Actor
    approver: Actor


def take_request(session: Session, request_id: int, *, by: Actor) -> ToDecide:
    """A request to be done now, locked until the end of the transaction; the asker acts with the roles of today.

    Raises:
        NotFound: CSS180E no such request.
        Conflict: CSS182E it was decided already.
        Refused: CSS181E the approver has no operator code, CSS183E nobody approves their own, CSS111E not with these roles,
            CSS184E the approver's limit is lower, CSS185E the asker does not work here any more.
    """
    approver = operator_of(session, by)
    row = _waiting(session, request_id)
    if row.asked_by_id == approver.id:
        raise Refused("CSS183E", "This is your own request; somebody else decides it, or you withdraw it.")
    if not APPROVERS & by.roles:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="the role billing or supervisor")
    if row.amount > approver.credit_limit:
        raise Refused(
            "CSS184E",
            "{amount} is above your own limit, {limit}. Somebody with a higher one decides it.",
            amount=row.amount.sterling,
            limit=approver.credit_limit.sterling,
        )
    asker = session.execute(select(Operator).where(Operator.id == row.asked_by_id)).scalar_one()
    if not asker.is_active:
        raise Refused("CSS185E", "{asker} does not work at these desks any more; refuse it, and do it anew.", asker=asker.code)
    return ToDecide(row, Actor("operator", asker.code, RETAIL, frozenset(asker.roles), by.door), by)


def mark_approved(session: Session, request: ToDecide, words: str, *, at: datetime) -> Decided:
    """The request was done in this transaction, with these words for what came of it."""
    return _decide(session, request.row, ApprovalState.APPROVED, by=request.approver, at=at, verb="approve", reason=None, words=words)


@answered
def refuse_approval(session: Session, command: RefuseApproval, *, by: Actor, at: datetime) -> Decided:
    """Say no to a request; who asked reads why.

    Raises:
        NotFound: CSS180E no such request.
        Conflict: CSS182E it was decided already.
        Refused: CSS181E, CSS183E and CSS111E as for approving.
        BadMessage: CSS177E no reason.
    """
    reason = command.reason.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise BadMessage("CSS177E", "Say why, in at most {most} letters.", most=REASON_LENGTH_MAX, element="reason")
    decider = operator_of(session, by)
    row = _waiting(session, command.request_id)
    if row.asked_by_id == decider.id:
        raise Refused("CSS183E", "This is your own request; somebody else decides it, or you withdraw it.")
    if not APPROVERS & by.roles:
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need="the role billing or supervisor")
    return _decide(session, row, ApprovalState.REFUSED, by=by, at=at, verb="refuse_approval", reason=reason, words=reason)


@answered
def withdraw_approval(session: Session, command: WithdrawApproval, *, by: Actor, at: datetime) -> Decided:
    """Take one's own request back.

    Raises:
        NotFound: CSS180E no such request, or another's.
        Conflict: CSS182E it was decided already.
    """
    asker = operator_of(session, by)
    row = _waiting(session, command.request_id, asked_by=asker.id)
    return _decide(session, row, ApprovalState.WITHDRAWN, by=by, at=at, verb="withdraw_approval", reason=None, words="withdrawn")


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request as both sides read it."""

    request_id: int
    verb: str
    command: Mapping[str, Any]
    subject: str
    amount: Money
    words: str
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    state: ApprovalState
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None


def approvals_waiting(session: Session, *, by: Actor, limit: int = REQUESTS_MAX) -> tuple[RequestRow, ...]:
    """Requests nobody has decided, the oldest first: every one for those who may, else the actor's own."""
    return _rows(session, by, ApprovalRequest.state == ApprovalState.ASKED, limit, newest=False)


@dataclass(frozen=True, slots=True)
class AskedRow:
    """A request that waits, as whoever serves the customer needs to know of it."""

    words: str
    asked_by: str
    asked_at: datetime


def approvals_about(session: Session, subjects: Sequence[str], *, by: Actor) -> tuple[AskedRow, ...]:
    """Requests nobody has decided about an account or its bills, whoever asked: the caller was told that it was asked for."""
    if by.is_partner:
        return ()
    rows = session.execute(
        select(ApprovalRequest.words, Operator.code.label("asked_by"), ApprovalRequest.asked_at)
        .join(Operator, Operator.id == ApprovalRequest.asked_by_id)
        .where(ApprovalRequest.state == ApprovalState.ASKED, ApprovalRequest.subject.in_(sorted(subjects)))
        .order_by(ApprovalRequest.asked_at)
        .limit(REQUESTS_MAX)
    )
    return tuple(AskedRow(row.words, row.asked_by, row.asked_at) for row in rows)


def approvals_decided(session: Session, *, by: Actor, limit: int = 20) -> tuple[RequestRow, ...]:
    """Requests decided, the latest first: every one for those who may, else the actor's own."""
    return _rows(session, by, ApprovalRequest.state != ApprovalState.ASKED, limit, newest=True)


def approval(session: Session, request_id: int, *, by: Actor) -> RequestRow:
    """One request. Error: NotFound CSS180E, no such one or not for the actor to see."""
    found = _rows(session, by, ApprovalRequest.id == request_id, 1, newest=True)
    if not found:
        raise _no_request(request_id)
    return found[0]


def second_persons(session: Session, amount: Money, *, besides: str) -> tuple[Actor, ...]:
    """Who could be the second person for an amount, the highest limit first: other active operators of the right roles."""
    rows = session.execute(
        select(Operator.code, Operator.roles)
        .where(Operator.is_active, Operator.code != besides, Operator.credit_limit >= amount, Operator.roles.overlap(sorted(APPROVERS)))
        .order_by(Operator.credit_limit.desc(), Operator.code)
    )
    return tuple(Actor("operator", row.code, RETAIL, frozenset(row.roles), "screen") for row in rows)


def operator_of(session: Session, by: Actor) -> Operator:
    """The record of an actor who is an operator. Error: Refused CSS181E, the actor is none or not active."""
    statement = select(Operator).where(Operator.code == by.name, Operator.is_active)
    found = session.execute(statement).scalar_one_or_none() if by.kind == "operator" else None
    if found is None:
        raise Refused("CSS181E", "Asking and deciding need two operators with codes of their own; {who} is none.", who=by.name)
    return found


def _waiting(session: Session, request_id: int, asked_by: int | None = None) -> ApprovalRequest:
    statement = select(ApprovalRequest).where(ApprovalRequest.id == request_id).with_for_update()
    row = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if row is None or asked_by not in {None, row.asked_by_id}:
        raise _no_request(request_id)
    if row.state is not ApprovalState.ASKED:
        sentence = "Request {request_id} is decided already: {state}. Nothing was done a second time."
        raise Conflict("CSS182E", sentence, request_id=request_id, state=row.state.value)
    return row


def _decide(
    session: Session, row: ApprovalRequest, state: ApprovalState, *, by: Actor, at: datetime, verb: str, reason: str | None, words: str
) -> Decided:
    row.state, row.decided_at, row.reason = state, at, reason
    row.decided_by_id = operator_of(session, by).id
    row.row_version += 1
    session.flush()
    _tell(session, row, verb, by=by, at=at, after={"state": state.value, "words": words})
    return Decided(request_id=row.id, state=state.value, subject=row.subject, words=words)


def _tell(session: Session, row: ApprovalRequest, verb: str, *, by: Actor, at: datetime, after: Mapping[str, Any]) -> None:
    told = {"subject": row.subject, **after}
    record(session, by=by, at=at, verb=verb, subject=("approval request", str(row.id)), after=to_plain(told))
    session.flush()


def _no_request(request_id: int) -> NotFound:
    return NotFound("CSS180E", "There is no request {request_id} for you to see.", request_id=request_id, element="request_id")


def _rows(session: Session, by: Actor, wanted: ColumnElement[bool], limit: int, *, newest: bool) -> tuple[RequestRow, ...]:
    asker, decider = aliased(Operator), aliased(Operator)
    statement = (
        select(
            ApprovalRequest.id.label("request_id"),
            ApprovalRequest.verb,
            ApprovalRequest.command,
            ApprovalRequest.subject,
            ApprovalRequest.amount,
            ApprovalRequest.words,
            asker.code.label("asked_by"),
            asker.name.label("asked_by_name"),
            ApprovalRequest.asked_at,
            ApprovalRequest.state,
            decider.code.label("decided_by"),
            ApprovalRequest.decided_at,
            ApprovalRequest.reason,
        )
        .join(asker, asker.id == ApprovalRequest.asked_by_id)
        .outerjoin(decider, decider.id == ApprovalRequest.decided_by_id)
        .where(wanted)
        .limit(min(limit, REQUESTS_MAX))
    )
    if by.is_partner:
        return ()
    if by.kind == "operator" and not APPROVERS & by.roles:
        statement = statement.where(asker.code == by.name)
    latest = (ApprovalRequest.decided_at.desc().nulls_first(), ApprovalRequest.id.desc())
    order = latest if newest else (ApprovalRequest.asked_at, ApprovalRequest.id)
    return tuple(RequestRow(**row._mapping) for row in session.execute(statement.order_by(*order)))  # noqa: SLF001 - SQLAlchemy's public name for it
