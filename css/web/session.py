"""Signing on: who is at the desk, since when, and when that ends.

A sign-on is a row of ``css.operator_session``; the browser holds a token of 128 bits, the row only its SHA-256. It ends
by signing off, by signing on again, after a while without work, at the end of a long shift, or when the operator is no
longer active. Guessing is slowed for each operator code; the answer to a wrong guess is the same in words and in time
whether the code exists, is waiting, or the password alone was wrong. (Reasons: docs/decisions/0052.)
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from css.audit import record
from css.core.actor import Actor
from css.core.words import Role
from css.master.operators import Operator, OperatorSession
from css.master.passwords import PASSWORD_LENGTH_MAX, hash_password, password_matches
from css.master.reference import RETAIL

IDLE_MAX: Final = timedelta(minutes=30)
"""A long call without a key pressed is still a call."""
SHIFT_MAX: Final = timedelta(hours=12)
NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is kept: not a write for every key press."""
TOKEN_BYTES: Final = 16
FREE_TRIES: Final = 4
"""Wrong passwords before an operator code has to wait."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Whoever is signed on."""

    session_id: int
    operator_code: str
    operator_name: str
    team: str
    roles: frozenset[Role]
    started_at: datetime

    @property
    def actor(self) -> Actor:
        """As actions and the audit trail know them: the own retail arm's operator, at a screen."""
        return Actor("operator", self.operator_code, RETAIL, frozenset(role.value for role in self.roles), "screen")


@dataclass(frozen=True, slots=True)
class SignedOn:
    """A new session: the token is for the browser and is nowhere else."""

    token: str
    on_duty: OnDuty
    last_signed_on_at: datetime | None
    failed_since: int
    """Wrong tries since the last sign-on: the operator should know of somebody else's."""


def wait_after(failures: int) -> timedelta:
    """How long an operator code waits after so many wrong passwords in a row: nothing, then 30 s doubling to 15 minutes."""
    if failures <= FREE_TRIES:
        return timedelta()
    doublings: int = min(failures - FREE_TRIES - 1, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def sign_on(session: Session, operator_code: str, password: str, *, at: datetime, replacing: str | None = None) -> SignedOn | None:
    """Open a session, ending the one whose token is ``replacing``; None when code and password do not open one.

    The caller commits in both cases: a wrong try is counted. The operator's row stays locked meanwhile, so that a
    thousand guesses at once are a thousand guesses in a row.
    """
    operator = session.execute(
        select(Operator).where(Operator.code == operator_code).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    waits = operator is None or not operator.is_active or (operator.locked_until_at is not None and at < operator.locked_until_at)
    held = _nobodys_hash() if operator is None or waits else operator.password_hash
    matches = password_matches(held, password[:PASSWORD_LENGTH_MAX]) and len(password) <= PASSWORD_LENGTH_MAX
    if operator is None or waits or not matches:
        if operator is not None and not waits:
            operator.failed_sign_ons += 1
            wait = wait_after(operator.failed_sign_ons)
            operator.locked_until_at = at + wait if wait else None
            session.flush()
        _log.warning("sign-on refused", extra={"operator": operator_code[:8] if operator else "unknown", "waits": waits})
        return None
    if replacing:
        end(session, replacing, reason="signed on again", at=at)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    opened = OperatorSession(operator_id=operator.id, token_sha256=_digest(token), started_at=at, last_used_at=at)
    session.add(opened)
    before, failed = operator.last_signed_on_at, operator.failed_sign_ons
    operator.failed_sign_ons, operator.locked_until_at, operator.last_signed_on_at = 0, None, at
    session.flush()
    on_duty = _on_duty(opened, operator)
    record(session, by=on_duty.actor, at=at, verb="sign_on", subject=("operator", operator.code), after={"failed_since": failed})
    return SignedOn(token, on_duty, before, failed)


def current(session: Session, token: str, *, at: datetime) -> OnDuty | None:
    """Whose token this is; None when it is nobody's or its session has ended or ends now. Uses uq_operator_session_token_sha256."""
    row = session.execute(
        select(OperatorSession, Operator)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(OperatorSession.token_sha256 == _digest(token), OperatorSession.ended_at.is_(None))
    ).one_or_none()
    if row is None:
        return None
    opened, operator = row
    reason = (
        "no work"
        if at - opened.last_used_at > IDLE_MAX
        else "end of shift"
        if at - opened.started_at > SHIFT_MAX
        else "not active"
        if not operator.is_active
        else None
    )
    if reason is not None:
        end(session, token, reason=reason, at=at)
        return None
    if at - opened.last_used_at >= NOTED_EVERY:
        session.execute(update(OperatorSession).where(OperatorSession.id == opened.id).values(last_used_at=at))
    return _on_duty(opened, operator)


def end(session: Session, token: str, *, reason: str, at: datetime) -> None:
    """End the session of a token, with its reason; nothing when it has ended already."""
    session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_sha256 == _digest(token), OperatorSession.ended_at.is_(None))
        .values(ended_at=at, end_reason=reason)
        .execution_options(synchronize_session=False)
    )


def _on_duty(opened: OperatorSession, operator: Operator) -> OnDuty:
    roles = frozenset(Role(role) for role in operator.roles)
    return OnDuty(opened.id, operator.code, operator.name, operator.team, roles, opened.started_at)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobodys_hash() -> str:
    """A hash no password matches, checked where there is none of the operator's, so that the answer takes as long."""
    return hash_password(secrets.token_urlsafe(TOKEN_BYTES))
