"""A token makes a deed safe to send twice: the first answer comes again, and nothing is done again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, CommandAnswer
from css.core.errors import BadMessage, Conflict
from css.core.words import CustomerKind, Role
from css.db.engine import transaction
from css.master.commands import AddCustomer, Added, AddOperator
from css.master.customers import Customer
from css.master.enrol import add_customer, add_operator
from tests import builders
from tests.race import together

COMMAND = AddCustomer(token="call-42", district_code="ZZ", kind=CustomerKind.PERSON, surname="Oakes")


def _customers(session: Session) -> int:
    return session.execute(select(func.count()).select_from(Customer)).scalar_one()


def test_the_same_token_gets_the_first_answer_and_does_nothing(session: Session) -> None:
    builders.district(session)
    first = add_customer(session, COMMAND, by=builders.CLERK, at=builders.AT)
    events = session.execute(select(func.count()).select_from(AuditEvent)).scalar_one()
    assert add_customer(session, COMMAND, by=builders.CLERK, at=builders.AT) == first
    assert _customers(session) == 1
    assert session.execute(select(func.count()).select_from(AuditEvent)).scalar_one() == events


def test_the_same_token_with_another_command_is_a_conflict(session: Session) -> None:
    builders.district(session)
    add_customer(session, COMMAND, by=builders.CLERK, at=builders.AT)
    with pytest.raises(Conflict) as refused:
        add_customer(session, replace(COMMAND, surname="Ash"), by=builders.CLERK, at=builders.AT)
    assert refused.value.code == "CSS110E"
    assert _customers(session) == 1


def test_a_token_is_the_askers_own(session: Session) -> None:
    builders.district(session)
    first = add_customer(session, COMMAND, by=builders.CLERK, at=builders.AT)
    assert add_customer(session, COMMAND, by=builders.OPERATOR, at=builders.AT) != first
    assert _customers(session) == 2


def test_without_a_token_every_command_is_a_deed_of_its_own(session: Session) -> None:
    builders.district(session)
    untokened = replace(COMMAND, token="")
    assert add_customer(session, untokened, by=builders.CLERK, at=builders.AT) != add_customer(
        session, untokened, by=builders.CLERK, at=builders.AT
    )
    assert session.execute(select(func.count()).select_from(CommandAnswer)).scalar_one() == 0


def test_a_refusal_is_not_remembered(session: Session) -> None:
    with pytest.raises(BadMessage), session.begin_nested():
        add_operator(
            session,
            AddOperator(token="t", code="NEW", name="N", team="T", password="short", roles=(Role.CLERK,)),
            by=builders.OPERATOR,
            at=builders.AT,
        )
    answer = add_operator(
        session,
        AddOperator(token="t", code="NEW", name="N", team="T", password="long enough now", roles=(Role.CLERK,)),
        by=builders.OPERATOR,
        at=builders.AT,
    )
    assert answer == Added(number="NEW")


def test_two_at_once_with_one_token_is_one_deed(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)

    def press() -> Added:
        with transaction(fresh_engine) as session:
            return add_customer(session, COMMAND, by=builders.CLERK, at=builders.AT)

    first, second, third = together(press, press, press)
    assert isinstance(first, Added)
    assert first == second == third
    with transaction(fresh_engine) as session:
        assert _customers(session) == 1


def test_two_at_once_with_one_token_for_two_deeds_is_one_deed_and_a_conflict(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        builders.district(session)

    def press(surname: str) -> Added:
        with transaction(fresh_engine) as session:
            return add_customer(session, replace(COMMAND, surname=surname), by=builders.CLERK, at=builders.AT)

    outcomes = together(lambda: press("Oakes"), lambda: press("Ash"))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Added", "Conflict"]
    with transaction(fresh_engine) as session:
        assert _customers(session) == 1
