"""The caller is known: for tests of screens that show what only the customer may hear."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, select

from css.care.actions import check_caller
from css.care.commands import CheckCaller
from css.care.words import CheckMethod
from css.core.actor import Actor
from css.core.words import Role
from css.db.engine import transaction
from css.master.operators import Operator, OperatorSession
from css.master.reference import RETAIL


def caller_known(engine: Engine, operator: str, customer_number: str, at: datetime) -> None:
    """Open a customer's record, without a caller, to the operator's latest sign-on."""
    by = Actor("operator", operator, RETAIL, frozenset(role.value for role in Role), "screen")
    with transaction(engine) as session:
        signed_on = session.execute(
            select(OperatorSession.id)
            .join(Operator, Operator.id == OperatorSession.operator_id)
            .where(Operator.code == operator)
            .order_by(OperatorSession.id.desc())
            .limit(1)
        ).scalar_one()
        command = CheckCaller(
            customer_number=customer_number, method=CheckMethod.NONE, answer="A letter came.", operator_session_id=signed_on
        )
        check_caller(session, command, by=by, at=at)
