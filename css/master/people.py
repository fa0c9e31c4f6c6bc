"""Operators as others see them: the list, one record with its sign-ons, and who is on duty. For supervisors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.money import Money
from css.core.words import Role
from css.master.operator_changes import require_supervisor
from css.master.operators import Operator, OperatorSession

SIGN_ONS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class SignOnRow:
    """One sign-on."""

    session_id: int
    operator_code: str
    operator_name: str
    team: str
    seat: str | None
    started_at: datetime
    last_used_at: datetime
    """To the minute."""
    locked_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class OperatorRow:
    """One operator."""

    code: str
    name: str
    team: str
    roles: tuple[Role, ...]
    credit_limit: Money
    is_active: bool
    must_change_password: bool
    failed_sign_ons: int
    """Wrong passwords in a row."""
    locked_until_at: datetime | None
    last_signed_on_at: datetime | None
    open_sign_ons: int
    row_version: int


@dataclass(frozen=True, slots=True)
class OperatorCard:
    """One operator with the latest sign-ons, the open ones first."""

    operator: OperatorRow
    sign_ons: tuple[SignOnRow, ...]


def operators(session: Session, *, by: Actor) -> tuple[OperatorRow, ...]:
    """Every operator, those who sign on before those who do not any more, by code. Error: Refused CSS111E."""
    require_supervisor(by)
    return tuple(map(_row, session.execute(_OPERATORS.order_by(Operator.is_active.desc(), Operator.code))))


def operator_card(session: Session, operator_code: str, *, by: Actor) -> OperatorCard:
    """One operator. Errors: Refused CSS111E; NotFound CSS135E."""
    require_supervisor(by)
    code = operator_code.strip().upper()
    found = session.execute(_OPERATORS.where(Operator.code == code)).one_or_none()
    if found is None:
        raise NotFound("CSS135E", "There is no operator {code} who signs on.", code=code[:8], element="operator_code")
    order = (OperatorSession.ended_at.is_(None).desc(), OperatorSession.started_at.desc(), OperatorSession.id.desc())
    signed_on = session.execute(_SIGN_ONS.where(Operator.code == code).order_by(*order).limit(SIGN_ONS_SHOWN))
    return OperatorCard(_row(found), tuple(SignOnRow(**row._mapping) for row in signed_on))  # noqa: SLF001 - SQLAlchemy's public name for it


def operators_on_duty(session: Session, *, by: Actor) -> tuple[SignOnRow, ...]:
    """Every sign-on that is open, by team and code. One left alone stays in it until somebody touches that browser.

    Uses ix_operator_session_open. Error: Refused CSS111E.
    """
    require_supervisor(by)
    rows = session.execute(
        _SIGN_ONS.where(OperatorSession.ended_at.is_(None)).order_by(Operator.team, Operator.code, OperatorSession.started_at)
    )
    return tuple(SignOnRow(**row._mapping) for row in rows)  # noqa: SLF001


_OPEN: Final = (
    select(func.count())
    .where(OperatorSession.operator_id == Operator.id, OperatorSession.ended_at.is_(None))
    .correlate(Operator)
    .scalar_subquery()
)
_OPERATORS: Final = select(
    Operator.code,
    Operator.name,
    Operator.team,
    Operator.roles,
    Operator.credit_limit,
    Operator.is_active,
    Operator.must_change_password,
    Operator.failed_sign_ons,
    Operator.locked_until_at,
    Operator.last_signed_on_at,
    _OPEN.label("open_sign_ons"),
    Operator.row_version,
)
_SIGN_ONS: Final = select(
    OperatorSession.id.label("session_id"),
    Operator.code.label("operator_code"),
    Operator.name.label("operator_name"),
    Operator.team,
    OperatorSession.seat,
    OperatorSession.started_at,
    OperatorSession.last_used_at,
    OperatorSession.locked_at,
    OperatorSession.ended_at,
    OperatorSession.end_reason,
).join(Operator, Operator.id == OperatorSession.operator_id)


def _row(row: Row[*tuple[Any, ...]]) -> OperatorRow:
    return OperatorRow(**{**row._mapping, "roles": tuple(map(Role, row.roles))})  # noqa: SLF001
