"""Signing on: who is at the desk, since when, whether it is locked, and when that ends.

A sign-on is a row of ``css.operator_session``; the browser holds a token of 128 bits, the row only its SHA-256. It is
locked after a while without a key and opened again by the password, where it was. It ends by signing off, by signing on
again, when it stays locked, at the end of a long shift, by a supervisor, or when the operator is no longer active.
How long a desk is left alone and how long a shift is are lengths on the wall's clock (``wall``): where the house lives by
another day, as a demo does, a night that moves the date on is no day at the desk. What goes on the trail is dated by the
house's own (``at``). Guessing is slowed for each operator code; the answer to a wrong guess is the same in words and in
time whether the code exists, is waiting, or the password alone was wrong. (Reasons: docs/decisions/0052, 0138.)
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cache
from typing import Final

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from css.audit import record
from css.core.actor import Actor
from css.core.errors import Refused
from css.core.words import Role
from css.master.operator_changes import NOT_ACTIVE, give_password
from css.master.operators import Operator, OperatorSession
from css.master.passwords import PASSWORD_LENGTH_MAX, hash_password, password_matches
from css.master.reference import RETAIL

IDLE_MAX: Final = timedelta(minutes=15)
"""Then the desk is locked: whoever walks past it must not read what a customer told us."""
LOCKED_MAX: Final = timedelta(hours=2)
"""A locked desk that nobody comes back to is signed off."""
SHIFT_MAX: Final = timedelta(hours=12)
NOTED_EVERY: Final = timedelta(minutes=1)
"""How exactly the last use is kept: not a write for every key press. A desk is never locked early, at most so much late."""
TOKEN_BYTES: Final = 16
FREE_TRIES: Final = 4
"""Wrong passwords before an operator code has to wait."""
UNLOCK_TRIES: Final = 5
"""Wrong passwords at a locked desk before it is signed off."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
LEFT_LOCKED: Final = "left locked"
SHIFT_OVER: Final = "end of shift"
TRIED_OUT: Final = "wrong passwords at the locked desk"
SIGNED_OFF: Final = "signed off"
OFF_LOCKED: Final = "signed off at the locked desk"
AGAIN: Final = "signed on again"
UNTOLD: Final = frozenset({SIGNED_OFF, OFF_LOCKED, AGAIN})
"""Ends that whoever comes back to the browser knows of."""
NOBODY_KNOWS: Final = Actor("system", "unknown", RETAIL, frozenset(), "screen")
"""On the audit trail for what needs no right password: whose fingers it was is not known."""
_BY_ITSELF: Final = Actor("system", "desk", RETAIL, frozenset(), "screen")

# Asked with every request: built once (docs/decisions/0143).
_OF_TOKEN: Final = (
    select(OperatorSession, Operator)
    .join(Operator, Operator.id == OperatorSession.operator_id)
    .where(OperatorSession.token_sha256 == bindparam("token_sha256"))
)

_log = logging.getLogger(__name__)


class Hold(Enum):
    """What a token opens now."""

    OPEN = auto()
    LOCKED = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Whoever is signed on."""

    session_id: int
    operator_code: str
    operator_name: str
    team: str
    roles: frozenset[Role]
    started_at: datetime
    seat: str | None = None
    """The desk, as it was keyed."""
    locked_at: datetime | None = None

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
    elsewhere: tuple[tuple[str | None, datetime], ...] = ()
    """Seat and beginning of every other sign-on of the operator that is open."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose token it is, and what it opens."""

    on_duty: OnDuty
    hold: Hold
    reason: str = ""
    """Why it ended."""


def wait_after(failures: int) -> timedelta:
    """How long an operator code waits after so many wrong passwords in a row: nothing, then 30 s doubling to 15 minutes."""
    if failures <= FREE_TRIES:
        return timedelta()
    doublings: int = min(failures - FREE_TRIES - 1, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def sign_on(
    session: Session,
    operator_code: str,
    password: str,
    *,
    at: datetime,
    wall: datetime | None = None,
    replacing: str | None = None,
    new_password: str = "",
    seat: str | None = None,
) -> SignedOn | None:
    """Open a session, ending the one whose token is ``replacing``; None when code and password do not open one.

    The caller commits in both cases: a wrong try is counted. The operator's row stays locked meanwhile, so that a
    thousand guesses at once are a thousand guesses in a row. A new password takes the place of the one that was right.
    No ``wall``: it is ``at``, here and below.

    Raises:
        Refused: CSS190E the password was right, but somebody else gave it, and there is no new one; CSS175E the new one
            is the old.
        BadMessage: CSS129E the new one is too short or too long.
    """
    wall = wall or at
    operator = _verified(session, operator_code, password, at=at)
    if not isinstance(operator, Operator):
        _trace(session, "sign_on_refused", operator, by=NOBODY_KNOWS, at=at, desk=seat)
        return None
    if replacing:
        end(session, replacing, reason=AGAIN, at=at, wall=wall)
    by = _actor(operator)
    before, failed = operator.last_signed_on_at, operator.failed_sign_ons
    if new_password:
        give_password(session, operator, new_password, by=by, at=at, must_change=False)
    elif operator.must_change_password:
        raise _must_change()
    token = secrets.token_urlsafe(TOKEN_BYTES)
    others = session.execute(
        select(OperatorSession.seat, OperatorSession.started_at)
        .where(
            OperatorSession.operator_id == operator.id,
            OperatorSession.ended_at.is_(None),
            # A browser that was closed ends nothing; past its shift such a sign-on opens nothing either.
            OperatorSession.started_at >= wall - SHIFT_MAX,
        )
        .order_by(OperatorSession.started_at)
    ).all()
    opened = OperatorSession(
        operator_id=operator.id, token_sha256=_digest(token), started_at=wall, last_used_at=wall, seat=seat, failed_unlocks=0
    )
    session.add(opened)
    operator.failed_sign_ons, operator.locked_until_at, operator.last_signed_on_at = 0, None, at
    session.flush()
    after = {"failed_since": failed} | ({"seat": seat} if seat else {})
    record(session, by=by, at=at, verb="sign_on", subject=("operator", operator.code), after=after)
    return SignedOn(token, _on_duty(opened, operator), before, failed, tuple((row.seat, row.started_at) for row in others))


def _must_change() -> Refused:
    """CSS190E: the password was given by somebody else, and opens nothing but the choice of a new one."""
    sentence = "Somebody else gave you this password. Key it again, and below it a new one of your own, twice."
    return Refused("CSS190E", sentence, element="password")


def second_person(session: Session, operator_code: str, password: str, *, beside: OnDuty, at: datetime) -> Actor | None:
    """Whoever signs at another's desk with code and password; None when they do not agree. No session is opened.

    The caller commits in both cases, before the deed: a wrong try is counted as one at the sign-on is.
    Error: Refused CSS190E, as for ``sign_on``.
    """
    operator = _verified(session, operator_code, password, at=at)
    if not isinstance(operator, Operator):
        _trace(session, "second_signature_refused", operator, by=beside.actor, at=at, desk=beside.seat)
        return None
    if operator.must_change_password:
        raise _must_change()
    return _actor(operator)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A try that did not agree, and was counted."""

    operator_code: str
    """Of an operator there is; else empty, since a password may have been keyed into the wrong field."""
    in_a_row: int = 0
    waits: bool = False


def _verified(session: Session, operator_code: str, password: str, *, at: datetime) -> Operator | _Wrong:
    """The operator whose code and password agree, the row locked; else the try is counted."""
    operator = session.execute(
        select(Operator).where(Operator.code == operator_code).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    waits = operator is None or not operator.is_active or (operator.locked_until_at is not None and at < operator.locked_until_at)
    held = _nobodys_hash() if operator is None or waits else operator.password_hash
    if _matches(held, password) and operator is not None and not waits:
        return operator
    if operator is not None and not waits:
        _count(operator, at)
        session.flush()
    _log.warning("sign-on refused", extra={"operator": operator_code[:8] if operator else "unknown", "waits": waits})
    return _Wrong("") if operator is None else _Wrong(operator.code, operator.failed_sign_ons, waits)


def _trace(session: Session, verb: str, wrong: _Wrong, *, by: Actor, at: datetime, desk: str | None) -> None:
    """Write a wrong password on the audit trail: for whom, where, the how many-th; never what was keyed."""
    told = {"wrong_passwords": wrong.in_a_row, "has_to_wait": wrong.waits} if wrong.operator_code else {}
    after = told | ({"desk": desk} if desk else {})
    record(session, by=by, at=at, verb=verb, subject=("operator", wrong.operator_code or "unknown"), after=after or None)
    session.flush()


def _matches(password_hash: str, password: str) -> bool:
    return password_matches(password_hash, password[:PASSWORD_LENGTH_MAX]) and len(password) <= PASSWORD_LENGTH_MAX


def _count(operator: Operator, at: datetime) -> None:
    """One more wrong password in a row."""
    operator.failed_sign_ons += 1
    wait = wait_after(operator.failed_sign_ons)
    operator.locked_until_at = at + wait if wait else None


def standing(session: Session, token: str, *, at: datetime, wall: datetime | None = None, is_use: bool = True) -> Standing | None:
    """Whose token this is and what it opens; None when it is nobody's, or of another day. Uses uq_operator_session_token_sha256.

    What a browser asks by itself is no use (``is_use``): a list that refreshes keeps no desk open.
    """
    wall = wall or at
    row = _row(session, token)
    if row is None:
        return None
    opened, operator = row.OperatorSession, row.Operator
    on_duty = _on_duty(opened, operator)
    if opened.ended_at is not None:
        return Standing(on_duty, Hold.ENDED, opened.end_reason or "") if wall - opened.ended_at <= SHIFT_MAX else None
    left = wall - opened.last_used_at > IDLE_MAX + NOTED_EVERY
    locked_at = opened.locked_at or (opened.last_used_at + IDLE_MAX if left else None)
    reason = (
        NOT_ACTIVE
        if not operator.is_active
        else SHIFT_OVER
        if wall - opened.started_at > SHIFT_MAX
        else LEFT_LOCKED
        if locked_at is not None and wall - locked_at > LOCKED_MAX
        else ""
    )
    if reason:
        end(session, token, reason=reason, at=at, wall=wall)
        return Standing(on_duty, Hold.ENDED, reason)
    if locked_at is not None:
        if opened.locked_at is None:
            _lock(session, on_duty, locked_at, by=_BY_ITSELF, at=at)
        return Standing(_on_duty(opened, operator, locked_at), Hold.LOCKED)
    if is_use and wall - opened.last_used_at >= NOTED_EVERY:
        session.execute(update(OperatorSession).where(OperatorSession.id == opened.id).values(last_used_at=wall))
    return Standing(on_duty, Hold.OPEN)


def lock(session: Session, on_duty: OnDuty, *, at: datetime, wall: datetime | None = None) -> None:
    """Lock a desk that is open, at its operator's wish or because nobody pressed a key there."""
    _lock(session, on_duty, wall or at, by=on_duty.actor, at=at)


def _lock(session: Session, on_duty: OnDuty, since: datetime, *, by: Actor, at: datetime) -> None:
    """Lock a desk since then; on the trail once, however many requests find it left alone."""
    locked = session.execute(
        update(OperatorSession)
        .where(OperatorSession.id == on_duty.session_id, OperatorSession.locked_at.is_(None), OperatorSession.ended_at.is_(None))
        .values(locked_at=since, failed_unlocks=0)
        .returning(OperatorSession.id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if locked is not None:
        after = {"desk": on_duty.seat} if on_duty.seat else None
        record(session, by=by, at=at, verb="lock_desk", subject=("operator", on_duty.operator_code), after=after)
        session.flush()


@dataclass(frozen=True, slots=True)
class Unlocked:
    """What a password at a locked desk came to. The caller commits whatever it is: a wrong one is counted."""

    opened: bool
    tries_left: int = 0
    """Before the desk is signed off; at 0 it is, when not opened."""
    failed: int = 0
    """Wrong ones before the right one."""


def unlock(session: Session, token: str, password: str, *, at: datetime, wall: datetime | None = None) -> Unlocked:
    """Open a locked desk by its operator's password.

    Wrong ones count as wrong ones at the sign-on do, so that the two together are no way round the waits; but a wait that
    a stranger's guesses brought on keeps nobody from their own desk: five tries are all there are.
    """
    found = session.execute(
        select(OperatorSession, Operator)
        .join(Operator, Operator.id == OperatorSession.operator_id)
        .where(OperatorSession.token_sha256 == _digest(token), OperatorSession.ended_at.is_(None), Operator.is_active)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        return Unlocked(opened=False)
    opened, operator = found
    if _matches(operator.password_hash, password):
        failed = opened.failed_unlocks
        opened.locked_at, opened.failed_unlocks, opened.last_used_at = None, 0, wall or at
        operator.failed_sign_ons = max(0, operator.failed_sign_ons - failed)
        record(session, by=_actor(operator), at=at, verb="unlock", subject=("operator", operator.code), after={"failed": failed})
        session.flush()
        return Unlocked(opened=True, failed=failed)
    _count(operator, at)
    opened.failed_unlocks += 1
    _trace(session, "unlock_refused", _Wrong(operator.code, opened.failed_unlocks), by=NOBODY_KNOWS, at=at, desk=opened.seat)
    left = UNLOCK_TRIES - opened.failed_unlocks
    if left <= 0:
        opened.ended_at, opened.end_reason = wall or at, TRIED_OUT
        after = {"reason": TRIED_OUT, "sign_ons": [opened.id]}
        record(session, by=_actor(operator), at=at, verb="end_sign_ons", subject=("operator", operator.code), after=after)
    session.flush()
    _log.warning("unlocking refused", extra={"operator": operator.code, "left": left})
    return Unlocked(opened=False, tries_left=max(left, 0))


def end(session: Session, token: str, *, reason: str, at: datetime, wall: datetime | None = None) -> None:
    """End the session of a token, with its reason, and trace it; nothing when it has ended already."""
    ended = session.execute(
        update(OperatorSession)
        .where(OperatorSession.token_sha256 == _digest(token), OperatorSession.ended_at.is_(None))
        .where(Operator.id == OperatorSession.operator_id)
        .values(ended_at=wall or at, end_reason=reason)
        .returning(Operator.code, Operator.roles, OperatorSession.seat)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is None:
        return
    own = Actor("operator", ended.code, RETAIL, frozenset(ended.roles), "screen")
    by = {OFF_LOCKED: NOBODY_KNOWS, LEFT_LOCKED: _BY_ITSELF, SHIFT_OVER: _BY_ITSELF, NOT_ACTIVE: _BY_ITSELF}.get(reason, own)
    after = {"reason": reason} | ({"desk": ended.seat} if ended.seat else {})
    record(session, by=by, at=at, verb="sign_off", subject=("operator", ended.code), after=after)
    session.flush()


def _row(session: Session, token: str) -> Row[OperatorSession, Operator] | None:
    return session.execute(_OF_TOKEN, {"token_sha256": _digest(token)}).one_or_none()


def _on_duty(opened: OperatorSession, operator: Operator, locked_at: datetime | None = None) -> OnDuty:
    roles = frozenset(Role(role) for role in operator.roles)
    return OnDuty(opened.id, operator.code, operator.name, operator.team, roles, opened.started_at, opened.seat, locked_at)


def _actor(operator: Operator) -> Actor:
    return Actor("operator", operator.code, RETAIL, frozenset(operator.roles), "screen")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobodys_hash() -> str:
    """A hash no password matches, checked where there is none of the operator's, so that the answer takes as long."""
    return hash_password(secrets.token_urlsafe(TOKEN_BYTES))
