"""How much an operator may give away alone: set by a supervisor, and never by the operator."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.errors import BadMessage, NotFound, Refusals, Refused
from css.core.money import ZERO, Money
from css.core.words import Role
from css.master.commands import Added, SetCreditLimit
from css.master.operators import Operator

CREDIT_LIMIT_MAX: Final = Money(100_000_00)


@answered
def set_credit_limit(session: Session, command: SetCreditLimit, *, by: Actor, at: datetime) -> Added:
    """Say how much an operator may credit without a second person, and sign for others as the second one, from now on.

    Raises:
        Refused: CSS111E the actor may not, CSS136E it is the actor's own.
        NotFound: CSS135E no such operator who is active.
        BadMessage: CSS137E the amount.
    """
    if by.is_partner or (by.kind == "operator" and Role.SUPERVISOR not in by.roles):
        raise Refused("CSS111E", "{who} may not do this; it needs {need}.", who=by.name, need=f"the role {Role.SUPERVISOR}")
    code = command.operator_code.strip().upper()
    wrong = Refusals()
    if by.name.upper() == code:
        wrong.add(Refused("CSS136E", "Nobody sets the limit of themselves; another supervisor does it.", element="operator_code"))
    if not ZERO <= command.credit_limit <= CREDIT_LIMIT_MAX:
        sentence = "A limit of credits is not negative and at most {most}."
        wrong.add(BadMessage("CSS137E", sentence, most=CREDIT_LIMIT_MAX.sterling, element="credit_limit"))
    wrong.tell()
    operator = session.execute(select(Operator).where(Operator.code == code, Operator.is_active).with_for_update()).scalar_one_or_none()
    if operator is None:
        raise NotFound("CSS135E", "There is no operator {code} who signs on.", code=code[:8], element="operator_code")
    before = operator.credit_limit
    operator.credit_limit = command.credit_limit
    operator.row_version += 1
    record(
        session,
        by=by,
        at=at,
        verb="set_credit_limit",
        subject=("operator", operator.code),
        before={"credit_limit": str(before)},
        after={"credit_limit": str(command.credit_limit)},
    )
    session.flush()
    return Added(number=operator.code)
