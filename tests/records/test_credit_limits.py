"""Who sets how much an operator may give away alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.actions.limits import approved, limit_of
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import CssError
from css.core.money import Money
from css.core.words import Role
from css.demo.run import PEOPLE
from css.master.commands import AddOperator, SetCreditLimit
from css.master.credit_limits import set_credit_limit
from css.master.enrol import add_operator
from css.master.reference import RETAIL
from tests import builders

SUE = Actor("operator", "SUE", RETAIL, frozenset({Role.SUPERVISOR.value}), "command line")
BEA = Actor("operator", "BEA", RETAIL, frozenset({Role.CLERK.value, Role.BILLING.value}), "command line")
COMMAND = SetCreditLimit(operator_code="BEA", credit_limit=Money(50_00))


@pytest.fixture(autouse=True)
def people(session: Session) -> None:
    for who in (SUE, BEA):
        roles = tuple(map(Role, sorted(who.roles)))
        command = AddOperator(code=who.name, name=who.name, team="Bills", password="a longer phrase", roles=roles)
        add_operator(session, command, by=builders.OPERATOR, at=builders.AT)


def test_a_supervisor_sets_it_for_somebody_else_and_the_trail_says_what_it_was(session: Session) -> None:
    set_credit_limit(session, COMMAND, by=SUE, at=builders.AT)
    assert limit_of(session, BEA) == Money(50_00)
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "set_credit_limit")).scalar_one()
    assert (event.actor_name, event.before, event.after) == ("SUE", {"credit_limit": "0.00"}, {"credit_limit": "50.00"})


@pytest.mark.parametrize(
    ("others", "by", "code"),
    [
        ({}, BEA, "CSS111E"),
        ({}, replace(BEA, kind="partner"), "CSS111E"),
        ({"operator_code": "sue"}, SUE, "CSS136E"),
        ({"operator_code": "NOBODY"}, SUE, "CSS135E"),
        ({"credit_limit": Money(-1)}, SUE, "CSS137E"),
        ({"credit_limit": Money(100_000_01)}, SUE, "CSS137E"),
    ],
)
def test_what_is_no_limit_is_refused(session: Session, others: dict[str, object], by: Actor, code: str) -> None:
    with pytest.raises(CssError) as refusal:
        set_credit_limit(session, replace(COMMAND, **others), by=by, at=builders.AT)  # type: ignore[arg-type]
    assert refusal.value.code == code
    assert limit_of(session, BEA) == limit_of(session, SUE) == Money(0)


def test_a_second_person_whose_limit_is_too_low_reads_the_way_out(session: Session) -> None:
    with pytest.raises(CssError, match="set-credit-limit") as refusal:
        approved(session, Money(60_00), by=BEA, approved_by=SUE)
    assert refusal.value.code == "CSS807E"


def test_the_demo_has_somebody_who_can_sign() -> None:
    limits = {code: (roles, limit) for code, _, _, roles, limit in PEOPLE}
    assert Role.SUPERVISOR in limits["SUE"][0]
    assert limits["SUE"][1] > limits["BEA"][1] > Money(0)
