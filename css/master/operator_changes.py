"""What operators may do, their passwords, and the end of their sign-ons.

Codes CSS170 to CSS175. Nobody changes rights of their own, and one supervisor always remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, NotFound, Refusals, Refused
from css.core.money import ZERO
from css.core.words import Role
from css.master.credit_limits import CREDIT_LIMIT_MAX
from css.master.operator_commands import ChangeOperator, EndSignOns, OperatorChanged, PasswordSet, SetPassword, SignOnsEnded
from css.master.operators import Operator, OperatorSession
from css.master.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, hash_password, password_matches

NAME_LENGTH_MAX: Final = 60
REASON_LENGTH_MAX: Final = 200
NOT_ACTIVE: Final = "not active"
NEW_PASSWORD: Final = "password changed"  # noqa: S105 - a reason


@answered
def change_operator(session: Session, command: ChangeOperator, *, by: Actor, at: datetime) -> OperatorChanged:
    """Change an operator's name, team, roles, limit, or whether they sign on at all.

    Rights count from the operator's next key press. Whoever is made inactive is signed off.

    Raises:
        Refused: CSS111E the actor may not, CSS170E roles, limit and leave to sign on are never one's own, CSS171E nobody
            would be left to supervise.
        NotFound: CSS135E no such operator.
        BadMessage: CSS114E no name or team, CSS128E no role, CSS137E the limit, CSS172E too long.
        Conflict: CSS173E somebody changed it meanwhile.
    """
    require_supervisor(by)
    code = command.operator_code.strip().upper()
    # One change of anybody's rights after another, in one order: two supervisors at once cannot take each other's role away.
    supervisors = session.scalars(
        select(Operator.code)
        .where(Operator.is_active, Operator.roles.contains([Role.SUPERVISOR.value]))
        .order_by(Operator.code)
        .with_for_update(key_share=True)
    ).all()
    operator = _locked(session, code)
    if command.row_version is not None and command.row_version != operator.row_version:
        raise Conflict(
            "CSS173E", "Operator {code} was changed meanwhile; look at the record again.", code=code, row_version=operator.row_version
        )
    wrong = Refusals()
    _read_words(wrong, name=command.name, team=command.team)
    if command.roles is not None and not command.roles:
        wrong.add(BadMessage("CSS128E", "An operator needs at least one role.", element="roles"))
    if command.credit_limit is not None and not ZERO <= command.credit_limit <= CREDIT_LIMIT_MAX:
        sentence = "A limit of credits is not negative and at most {most}."
        wrong.add(BadMessage("CSS137E", sentence, most=CREDIT_LIMIT_MAX.sterling, element="credit_limit"))
    after = _after(operator, command)
    before = {name: getattr(operator, name) for name in after}
    _refuse_own_rights(wrong, operator, before, after, by)
    stays = after["is_active"] and Role.SUPERVISOR.value in after["roles"]
    if not stays and list(supervisors) == [code]:
        element = "is_active" if not after["is_active"] else "roles"
        wrong.add(Refused("CSS171E", "{code} is the last supervisor; make somebody else one first.", code=code, element=element))
    wrong.tell()
    ended = 0
    if after != before:
        for name, value in after.items():
            setattr(operator, name, value)
        operator.row_version += 1
        if before["is_active"] and not after["is_active"]:
            ended = len(end_open(session, operator.id, reason=NOT_ACTIVE, at=at))
        changed = [name for name in after if before[name] != after[name]]
        record(
            session,
            by=by,
            at=at,
            verb="change_operator",
            subject=("operator", code),
            before={name: to_plain(before[name]) for name in changed},
            after={name: to_plain(after[name]) for name in changed} | ({"sign_ons_ended": ended} if ended else {}),
        )
        session.flush()
    return OperatorChanged(
        operator_code=code,
        name=operator.name,
        team=operator.team,
        roles=tuple(map(Role, operator.roles)),
        credit_limit=operator.credit_limit,
        is_active=operator.is_active,
        sign_ons_ended=ended,
        row_version=operator.row_version,
    )


@answered
def set_password(session: Session, command: SetPassword, *, by: Actor, at: datetime) -> PasswordSet:
    """Give an operator a new password: one's own with the old one, or another's as a supervisor.

    One that a supervisor gives is changed at the next sign-on. Every open sign-on of the operator ends, since whoever
    knew the old password may have made it. A wrong old password is not counted here: where strangers can try, the sign-on
    takes the new one together with the old, and counts.

    Raises:
        Refused: CSS111E the actor may not, CSS174E the old password is wrong or missing, CSS175E it is the old one again,
            or the operator code.
        NotFound: CSS135E no such operator who is active.
        BadMessage: CSS129E too short or too long.
    """
    code = command.operator_code.strip().upper()
    is_own = by.kind == "operator" and by.name.upper() == code
    if not is_own:
        require_supervisor(by)
    operator = _locked(session, code)
    if not operator.is_active:
        raise _nobody(code)
    if is_own and not password_matches(operator.password_hash, command.old_password[:PASSWORD_LENGTH_MAX]):
        raise Refused("CSS174E", "The old password is not right.", element="old_password")
    return give_password(session, operator, command.password, by=by, at=at, must_change=not is_own)


def give_password(session: Session, operator: Operator, password: str, *, by: Actor, at: datetime, must_change: bool) -> PasswordSet:
    """Store a new password of an operator whose row is locked, whose old one was checked or does not count.

    Errors: CSS129E, CSS175E as for ``set_password``.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        sentence = "A password has {least} to {most} characters."
        raise BadMessage("CSS129E", sentence, least=PASSWORD_LENGTH_MIN, most=PASSWORD_LENGTH_MAX, element="new_password")
    if password.upper() == operator.code or password_matches(operator.password_hash, password):
        sentence = "The new password is the old one, or the operator code; think of another."
        raise Refused("CSS175E", sentence, element="new_password")
    operator.password_hash = hash_password(password)
    operator.must_change_password = must_change
    operator.failed_sign_ons, operator.locked_until_at = 0, None
    ended = len(end_open(session, operator.id, reason=NEW_PASSWORD, at=at))
    after = {"must_change_password": must_change, "sign_ons_ended": ended}
    record(session, by=by, at=at, verb="set_password", subject=("operator", operator.code), after=after)
    session.flush()
    return PasswordSet(operator_code=operator.code, must_change_password=must_change, sign_ons_ended=ended)


@answered
def end_sign_ons(session: Session, command: EndSignOns, *, by: Actor, at: datetime) -> SignOnsEnded:
    """End an operator's sign-ons, or one of them, as a supervisor. The operator's next key press asks for the password.

    What was keyed stays in its conversation and is taken up after the next sign-on.

    Raises:
        Refused: CSS111E the actor may not.
        NotFound: CSS135E no such operator, CSS176E not signed on, or not by that session.
        BadMessage: CSS177E no reason.
    """
    require_supervisor(by)
    code, reason = command.operator_code.strip().upper(), command.reason.strip()
    if not reason or len(reason) > REASON_LENGTH_MAX:
        raise BadMessage("CSS177E", "Say why, in at most {most} letters.", most=REASON_LENGTH_MAX, element="reason")
    operator = session.execute(select(Operator.id).where(Operator.code == code)).scalar_one_or_none()
    if operator is None:
        raise _nobody(code)
    ended = end_open(session, operator, reason=f"ended by {by.name}: {reason}", at=at, session_id=command.session_id)
    if not ended:
        raise NotFound("CSS176E", "{code} is not signed on there any more.", code=code, element="operator_code")
    after = {"reason": reason, "sign_ons": sorted(ended)}
    record(session, by=by, at=at, verb="end_sign_ons", subject=("operator", code), after=after)
    session.flush()
    return SignOnsEnded(operator_code=code, sign_ons_ended=len(ended))


def end_open(session: Session, operator_id: int, *, reason: str, at: datetime, session_id: int | None = None) -> Sequence[int]:
    """End the open sign-ons of an operator, or the one of an id; gives their ids. Uses ix_operator_session_open."""
    wanted: list[ColumnElement[bool]] = [OperatorSession.operator_id == operator_id, OperatorSession.ended_at.is_(None)]
    if session_id is not None:
        wanted.append(OperatorSession.id == session_id)
    # A sign-on's own times are the wall's: where the house lives by an earlier day it ends when it was used last, never before.
    ended_at = func.greatest(OperatorSession.last_used_at, at)
    ended = update(OperatorSession).where(*wanted).values(ended_at=ended_at, end_reason=reason).returning(OperatorSession.id)
    return session.scalars(ended.execution_options(synchronize_session=False)).all()


def require_supervisor(by: Actor) -> None:
    """Refused CSS111E unless the actor is a supervisor; the night and the system may always, partners never."""
    if by.is_partner or (by.kind == "operator" and Role.SUPERVISOR not in by.roles):
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.SUPERVISOR}")


def _locked(session: Session, code: str) -> Operator:
    statement = select(Operator).where(Operator.code == code).with_for_update(key_share=True)
    operator = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if operator is None:
        raise _nobody(code)
    return operator


def _nobody(code: str) -> NotFound:
    return NotFound("CSS135E", "There is no operator {code} who signs on.", code=code[:8], element="operator_code")


def _read_words(wrong: Refusals, **fields: str | None) -> None:
    for name, value in fields.items():
        if value is not None and not value.strip():
            wrong.add(BadMessage("CSS114E", "{what} is missing.", what=name.capitalize(), element=name))
        elif value is not None and len(value.strip()) > NAME_LENGTH_MAX:
            wrong.add(
                BadMessage("CSS172E", "{what} has at most {most} letters.", what=name.capitalize(), most=NAME_LENGTH_MAX, element=name)
            )


def _after(operator: Operator, command: ChangeOperator) -> dict[str, Any]:
    """The values after the change; what was not asked for as it is."""
    return {
        "name": operator.name if command.name is None else command.name.strip(),
        "team": operator.team if command.team is None else command.team.strip(),
        "roles": operator.roles if command.roles is None else sorted({role.value for role in command.roles}),
        "credit_limit": operator.credit_limit if command.credit_limit is None else command.credit_limit,
        "is_active": operator.is_active if command.is_active is None else command.is_active,
    }


def _refuse_own_rights(wrong: Refusals, operator: Operator, before: dict[str, Any], after: dict[str, Any], by: Actor) -> None:
    if by.name.upper() != operator.code:
        return
    for name in ("roles", "credit_limit", "is_active"):
        if before[name] != after[name]:
            sentence = "Nobody changes what they may do themselves; another supervisor does it."
            wrong.add(Refused("CSS170E", sentence, element=name))
