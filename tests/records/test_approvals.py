"""The second person: exactly what was asked is done, once, by whoever asked, and never by themselves alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from billing.actions.adjustments import adjust_account
from billing.credit_commands import AdjustAccount, BillCredited, LineCredited
from billing.model import Adjustment
from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.codec import from_plain
from css.core.errors import Conflict, CssError
from css.core.money import Money
from css.core.words import Role
from css.db.engine import transaction
from css.master.approvals import (
    approval,
    approvals_decided,
    approvals_waiting,
    refuse_approval,
    withdraw_approval,
)
from css.master.operator_commands import Asked, Decided, RefuseApproval, WithdrawApproval
from css.master.operators import ApprovalState, Operator
from css.web.approvals import APPROVABLE, Approve, AskApproval, approve, ask_approval
from tests import builders
from tests.race import together
from tests.records.people import enrol, operator

AT = builders.AT
AMY = operator("AMY", Role.CLERK)
BEA, SUE = operator("BEA", Role.CLERK, Role.BILLING), operator("SUE", *Role)
PAT = operator("PAT", Role.SUPERVISOR)


@pytest.fixture
def account(session: Session) -> builders.BuiltAccount:
    return desk(session)


def desk(session: Session) -> builders.BuiltAccount:
    """Amy may give nothing alone, Bea £25, Pat £100, Sue £250."""
    for who, limit in ((AMY, 0), (BEA, 25_00), (PAT, 100_00), (SUE, 250_00)):
        enrol(session, who, Money(limit))
    return builders.account(session, builders.district(session))


def adjust(account: builders.BuiltAccount, amount: str = "-40.00", **fields: str) -> AskApproval:
    plain: dict[str, Any] = {
        "account_number": account.number,
        "amount": amount,
        "nominal_code": "VISITS",
        "words": "A visit that was not needed",
        "reason": "Nobody rang the bell",
    }
    return AskApproval(verb="adjust-account", command=plain | fields)


def asked(session: Session, account: builders.BuiltAccount, **fields: str) -> Asked:
    return ask_approval(session, adjust(account, **fields), by=BEA, at=AT)


def given(session: Session) -> list[tuple[int, str, str | None]]:
    rows = session.execute(select(Adjustment.net, Adjustment.made_by, Adjustment.approved_by).order_by(Adjustment.id))
    return [(row.net.pence, row.made_by, row.approved_by) for row in rows]


def code_of(deed: Callable[[], object]) -> str:
    with pytest.raises(CssError) as told:
        deed()
    return told.value.code


def test_what_is_asked_is_written_down_as_the_room_says_it_and_nothing_is_done(session: Session, account: builders.BuiltAccount) -> None:
    answer = asked(session, account)
    assert (answer.subject, answer.amount) == (account.number, Money(40_00))
    assert answer.words == f"Credit £40.00 before VAT S 20% on the next bill of account {account.number}"
    assert given(session) == []
    (row,) = approvals_waiting(session, by=SUE)
    assert (row.asked_by, row.state, row.command["amount"]) == ("BEA", ApprovalState.ASKED, "-40.00")
    assert "token" not in row.command


def test_approving_does_it_by_the_asker_with_the_approver_as_second_person(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    done = approve(session, Approve(request_id=request.request_id), by=SUE, at=AT)
    assert done == Decided(request_id=request.request_id, state="approved", subject=account.number, words=request.words)
    assert given(session) == [(-40_00, "BEA", "SUE")]
    assert approvals_waiting(session, by=SUE) == ()
    (row,) = approvals_decided(session, by=BEA)
    assert (row.decided_by, row.decided_at) == ("SUE", AT)
    verbs = session.execute(select(AuditEvent.verb, AuditEvent.actor_name).order_by(AuditEvent.id.desc()).limit(3)).all()
    assert [tuple(row) for row in verbs] == [("approve", "SUE"), ("adjust_account", "BEA"), ("ask_approval", "BEA")]


def test_a_repeat_with_its_token_gets_the_first_answer(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    again = Approve(token="once", request_id=request.request_id)
    assert approve(session, again, by=SUE, at=AT) == approve(session, again, by=SUE, at=AT)
    assert len(given(session)) == 1


@pytest.mark.parametrize(("by", "code"), [(BEA, "CSS183E"), (AMY, "CSS111E"), (builders.OPERATOR, "CSS181E")])
def test_who_does_not_approve(session: Session, account: builders.BuiltAccount, by: Actor, code: str) -> None:
    """Not the asker, not somebody of the wrong role, not whoever has no code of their own."""
    request = asked(session, account)
    assert code_of(lambda: approve(session, Approve(request_id=request.request_id), by=by, at=AT)) == code
    assert code_of(lambda: refuse_approval(session, RefuseApproval(request_id=request.request_id, reason="No"), by=by, at=AT)) == code
    assert len(approvals_waiting(session, by=SUE)) == 1


def test_the_approvers_limit_must_cover_it(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account, amount="-100.01")
    assert code_of(lambda: approve(session, Approve(request_id=request.request_id), by=PAT, at=AT)) == "CSS184E"
    approve(session, Approve(request_id=request.request_id), by=SUE, at=AT)
    assert given(session) == [(-100_01, "BEA", "SUE")]


def test_what_nobodys_limit_covers_is_not_asked_for(session: Session, account: builders.BuiltAccount) -> None:
    assert code_of(lambda: asked(session, account, amount="-250.01")) == "CSS807E"
    assert code_of(lambda: asked(session, account, amount="-25.00")) == "CSS179E", "and what is within one's own limit neither"
    assert approvals_waiting(session, by=SUE) == ()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (AskApproval(verb="add-operator", command={}), "CSS186E"),
        (AskApproval(verb="adjust-account", command={"amount": "-40.00"}), "CSS061E"),
    ],
)
@pytest.mark.usefixtures("account")
def test_what_cannot_be_asked_for(session: Session, command: AskApproval, code: str) -> None:
    assert code_of(lambda: ask_approval(session, command, by=BEA, at=AT)) == code


def test_what_the_room_refuses_by_then_is_told_and_stays_asked(session: Session, account: builders.BuiltAccount) -> None:
    """What the asker gave the account since counts too, and now it is more than the second person may sign for."""
    first, second = (asked(session, account, amount=amount) for amount in ("-90.00", "-30.00"))
    adjusting = adjust(account, amount="-25.00")
    adjust_account(session, from_plain(adjusting.command, AdjustAccount), by=BEA, at=AT)
    with session.begin_nested() as savepoint:
        assert code_of(lambda: approve(session, Approve(request_id=first.request_id), by=PAT, at=AT)) == "CSS807E"
        savepoint.rollback()
    assert [row.request_id for row in approvals_waiting(session, by=PAT)] == [first.request_id, second.request_id]
    assert given(session) == [(-25_00, "BEA", None)]


def test_a_colleague_who_has_left_asks_for_nothing(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    session.execute(select(Operator).where(Operator.code == "BEA")).scalar_one().is_active = False
    session.flush()
    assert code_of(lambda: approve(session, Approve(request_id=request.request_id), by=SUE, at=AT)) == "CSS185E"


def test_a_refusal_says_why_and_nothing_is_done(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    assert code_of(lambda: refuse_approval(session, RefuseApproval(request_id=request.request_id, reason=" "), by=SUE, at=AT)) == "CSS177E"
    refuse_approval(session, RefuseApproval(request_id=request.request_id, reason="The visit was needed"), by=SUE, at=AT)
    row = approval(session, request.request_id, by=BEA)
    assert (row.state, row.reason, row.decided_by) == (ApprovalState.REFUSED, "The visit was needed", "SUE")
    assert code_of(lambda: approve(session, Approve(request_id=request.request_id), by=SUE, at=AT)) == "CSS182E"
    assert given(session) == []


def test_whoever_asked_takes_it_back_and_nobody_else(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    withdraw = WithdrawApproval(request_id=request.request_id)
    assert code_of(lambda: withdraw_approval(session, withdraw, by=SUE, at=AT)) == "CSS180E"
    assert withdraw_approval(session, withdraw, by=BEA, at=AT).state == "withdrawn"
    assert code_of(lambda: withdraw_approval(session, withdraw, by=BEA, at=AT)) == "CSS182E"


def test_each_sees_what_they_may_decide_or_have_asked(session: Session, account: builders.BuiltAccount) -> None:
    request = asked(session, account)
    assert [len(approvals_waiting(session, by=who)) for who in (BEA, PAT, AMY)] == [1, 1, 0]
    assert approvals_waiting(session, by=Actor("partner", "NORTHTEL", "NORTHTEL")) == ()
    assert code_of(lambda: approval(session, request.request_id, by=AMY)) == "CSS180E"


def test_two_who_approve_at_once_do_it_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        account = desk(session)
        request = asked(session, account)

    def yes(by: Actor) -> Callable[[], Decided]:
        def deed() -> Decided:
            with transaction(fresh_engine) as session:
                return approve(session, Approve(request_id=request.request_id), by=by, at=AT)

        return deed

    def no() -> Decided:
        with transaction(fresh_engine) as session:
            return withdraw_approval(session, WithdrawApproval(request_id=request.request_id), by=BEA, at=AT)

    done = together(yes(SUE), yes(PAT), yes(SUE), no)
    assert sum(isinstance(one, Decided) for one in done) == 1
    assert {one.code for one in done if isinstance(one, Conflict)} == {"CSS182E"}
    with transaction(fresh_engine) as session:
        was_approved = approval(session, request.request_id, by=SUE).state is ApprovalState.APPROVED
        assert session.execute(select(func.count()).select_from(Adjustment)).scalar_one() == int(was_approved)


def test_a_credit_of_a_bill_is_told_with_its_lines_and_when_it_is_given() -> None:
    lines = tuple(LineCredited(line_number=n, words="Line rental", net=Money(-10_00)) for n in (1, 3))
    done = BillCredited(
        account_number="ZZA00000019", bill_number="ZZB00000012", net=Money(-20_00), lines=lines, by_credit_note=True, approved_by=None
    )
    effect = APPROVABLE["credit-bill-line"].effect(done)
    assert effect.words == "Credit £20.00 before VAT of bill ZZB00000012, all 2 lines, on a credit note tonight"
