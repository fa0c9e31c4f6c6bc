"""The question who is calling: asked and answered in the database, three times and no more, also by two operators at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent, CommandAnswer
from css.care.actions import check_caller, end_caller_check, open_for_new
from css.care.commands import CallerChecked, CheckCaller, EndCallerCheck
from css.care.model import CallerCheck
from css.care.queries import caller_check_of, is_caller_checked
from css.care.rules.caller import RecentBill
from css.care.words import CallerKind, CheckMethod, CheckOutcome
from css.core.actor import Actor
from css.core.errors import BadMessage, Breach, Conflict, CssError, NotFound, Refused
from css.core.ids import IdKind, make_id
from css.core.money import Money
from css.core.words import CustomerKind, Role
from css.db.engine import transaction
from css.master.authorised import authorise_person, end_authorisation
from css.master.commands import AddOperator
from css.master.customer_commands import AuthorisePerson, EndAuthorisation
from css.master.customers import AuthorisedPerson
from css.master.enrol import add_operator
from css.master.operators import Operator, OperatorSession
from css.master.sites import Site
from tests import builders
from tests.race import together

BY, AT = builders.CLERK, builders.AT
BILL = RecentBill(date(2026, 2, 5), Money(4567))
PP, DB, AD, BL, WR, NO, NC = CheckMethod


@dataclass(frozen=True)
class Caller:
    customer_number: str
    account: builders.BuiltAccount


def _caller(session: Session) -> Caller:
    zz = builders.district(session)
    number = builders.customer(session, zz, password_phrase="marmalade", born_on=date(1961, 3, 5))
    account = builders.account(session, zz, customer_number=number)
    builders.working_line(session, zz, account, site=zz.gold[1])
    return Caller(number, account)


@pytest.fixture
def caller(session: Session) -> Caller:
    return _caller(session)


def _check(
    session: Session, caller: Caller, method: CheckMethod, answer: str = "", *, by: Actor = BY, at: datetime = AT, **others: object
) -> CallerChecked:
    fields: dict[str, Any] = others
    command = CheckCaller(customer_number=caller.customer_number, method=method, answer=answer, recent_bills=(BILL,))
    return check_caller(session, replace(command, **fields), by=by, at=at)


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (PP, "Marmalade!"),
        (DB, "5 march 61"),
        (AD, "ZZ4 7QT 14"),
        (AD, "2 larkspur close zz8 7qt"),
        (BL, "45.67 5 feb"),
        (WR, "5 mar"),
        (WR, "QX/4711"),
    ],
)
def test_a_right_answer_opens_the_record_to_who_asked(session: Session, caller: Caller, method: CheckMethod, answer: str) -> None:
    if method is AD and "zz8" in answer:
        postcode = session.execute(select(func.min(Site.postcode))).scalar_one()
        answer = answer.replace("zz8 7qt", postcode.lower())
    done = _check(session, caller, method, answer)
    assert (done.outcome, done.speaker, done.open_until) == (CheckOutcome.PASSED, "Mrs Ada Tansley", AT + timedelta(minutes=30))
    state = caller_check_of(session, caller.customer_number, AT, by=BY)
    assert state.check is not None
    assert (state.check.check_id, state.check.caller_kind, state.check.method) == (done.check_id, CallerKind.HOLDER, method)
    assert caller_check_of(session, caller.customer_number, AT, by=builders.OPERATOR).check is None, "and to nobody else"
    assert caller_check_of(session, caller.customer_number, AT + timedelta(minutes=30), by=BY).check is None, "for half an hour"


def test_a_customer_is_new_only_at_the_instant_they_are_taken_on(session: Session, caller: Caller) -> None:
    with pytest.raises(Breach, match="is not new"):
        open_for_new(session, caller.customer_number, None, by=BY, at=AT + timedelta(seconds=1))
    with pytest.raises(Refused, match="Nothing of that kind"):
        _check(session, caller, NC, "says so")
    assert is_caller_checked(session, caller.customer_number, AT, by=BY) is None


@pytest.mark.parametrize(("method", "answer"), [(PP, "marmelade"), (DB, "5 3 1962"), (AD, "ZZ4 7QT 15"), (BL, "45.67 6 feb")])
def test_a_wrong_answer_is_kept_and_opens_nothing(session: Session, caller: Caller, method: CheckMethod, answer: str) -> None:
    done = _check(session, caller, method, answer)
    assert (done.outcome, done.open_until, done.tries_left, done.closed_until) == (CheckOutcome.FAILED, None, 2, None)
    assert is_caller_checked(session, caller.customer_number, AT, by=BY) is None
    assert session.execute(select(CallerCheck.outcome)).scalars().all() == [CheckOutcome.FAILED]


@pytest.mark.parametrize(
    ("method", "answer"),
    [(PP, " "), (DB, "5 march"), (AD, "14 Larkspur Close"), (BL, "45.67"), (WR, ""), (WR, "a letter"), (WR, "7"), (PP, "x" * 201)],
)
def test_what_cannot_be_an_answer_is_no_try(session: Session, caller: Caller, method: CheckMethod, answer: str) -> None:
    with pytest.raises(BadMessage) as refused:
        _check(session, caller, method, answer)
    assert (refused.value.code, refused.value.element) == ("CSS904E", "answer")
    assert caller_check_of(session, caller.customer_number, AT, by=BY).tries_left == 3


def test_three_wrong_answers_close_the_question_to_everybody(session: Session, caller: Caller) -> None:
    left = [
        _check(session, caller, PP, f"guess {n}", by=by, at=AT + timedelta(minutes=n)).tries_left
        for n, by in enumerate((BY, builders.OPERATOR, BY))
    ]
    assert left == [2, 1, 0]
    soon = AT + timedelta(minutes=3)
    for method in (PP, DB, WR):
        with pytest.raises(Refused, match="closed until 10:17") as refused:
            _check(session, caller, method, "marmalade", at=soon)
        assert refused.value.code == "CSS900E"
    state = caller_check_of(session, caller.customer_number, soon, by=BY)
    assert (state.tries_left, state.closed_until) == (0, AT + timedelta(minutes=17))
    assert _check(session, caller, NO, "fraud team asked to look", at=soon).outcome is CheckOutcome.WAIVED, (
        "the record itself stays reachable"
    )
    assert _check(session, caller, PP, "marmalade", at=AT + timedelta(minutes=17)).outcome is CheckOutcome.PASSED


def test_neither_the_answer_nor_what_is_held_is_written_anywhere(session: Session, caller: Caller) -> None:
    _check(session, caller, PP, "marmalade", token="once")
    _check(session, caller, PP, "gingerbread")
    events = session.execute(select(AuditEvent).where(AuditEvent.verb == "check_caller").order_by(AuditEvent.id)).scalars().all()
    assert [event.after and event.after["outcome"] for event in events] == ["passed", "failed"]
    written = json.dumps([event.after for event in events]) + json.dumps(session.execute(select(CommandAnswer.answer)).scalars().all())
    assert "marmalade" not in written
    assert "gingerbread" not in written
    assert session.execute(select(CallerCheck.reason)).scalars().all() == [None, None]


def test_without_a_caller_a_reason_is_kept(session: Session, caller: Caller) -> None:
    for answer in ("", "123", "abc"):
        with pytest.raises(Refused) as refused:
            _check(session, caller, NO, answer)
        assert refused.value.code == "CSS902E"
    done = _check(session, caller, NO, "letter of 2 March answered")
    check = session.get_one(CallerCheck, done.check_id)
    assert (check.caller_kind, check.outcome, check.reason) == (CallerKind.NOBODY, CheckOutcome.WAIVED, "letter of 2 March answered")
    assert is_caller_checked(session, caller.customer_number, AT, by=BY) is not None


def test_a_caller_counts_before_no_caller(session: Session, caller: Caller) -> None:
    spoken = _check(session, caller, PP, "marmalade")
    _check(session, caller, NO, "looked at the letter", at=AT + timedelta(minutes=1))
    found = is_caller_checked(session, caller.customer_number, AT + timedelta(minutes=2), by=BY)
    assert found is not None
    assert found.check_id == spoken.check_id


def test_an_authorised_person_has_a_phrase_of_their_own(session: Session, caller: Caller) -> None:
    named = AuthorisePerson(customer_number=caller.customer_number, name="Tom Tansley", relation="husband", password_phrase="gingerbread")
    person_id = authorise_person(session, named, by=builders.OPERATOR, at=AT).person_id
    (speaker,) = caller_check_of(session, caller.customer_number, AT, by=BY).speakers
    assert (speaker.authorised_person_id, speaker.name, speaker.relation, speaker.asked) == (person_id, "Tom Tansley", "husband", (PP, WR))
    assert _check(session, caller, PP, "marmalade", authorised_person_id=person_id).outcome is CheckOutcome.FAILED, (
        "the customer's is not his"
    )
    done = _check(session, caller, PP, "Ginger Bread", authorised_person_id=person_id)
    check = session.get_one(CallerCheck, done.check_id)
    assert (done.speaker, check.caller_kind, check.caller_name) == ("Tom Tansley", CallerKind.AUTHORISED, "Tom Tansley")
    for method in (DB, AD, BL):
        with pytest.raises(Refused) as refused:
            _check(session, caller, method, "5 3 1961", authorised_person_id=person_id)
        assert refused.value.code == "CSS901E", "what is the customer's own is not asked of him"
    session.get_one(AuthorisedPerson, person_id).starts_on = AT.date() - timedelta(days=1)
    session.flush()
    end_authorisation(session, EndAuthorisation(customer_number=caller.customer_number, person_id=person_id), by=builders.OPERATOR, at=AT)
    assert caller_check_of(session, caller.customer_number, AT, by=BY).speakers == ()
    with pytest.raises(NotFound) as gone:
        _check(session, caller, PP, "gingerbread", authorised_person_id=person_id)
    assert gone.value.code == "CSS903E"


def test_nobody_speaks_for_another_customer(session: Session, caller: Caller) -> None:
    stranger = Caller(builders.customer(session), caller.account)
    named = AuthorisePerson(customer_number=stranger.customer_number, name="Eve", relation="friend", password_phrase="anything")
    person_id = authorise_person(session, named, by=builders.OPERATOR, at=AT).person_id
    with pytest.raises(NotFound) as refused:
        _check(session, caller, PP, "anything", authorised_person_id=person_id)
    assert refused.value.code == "CSS903E"


def test_what_is_not_held_is_not_asked(session: Session, caller: Caller) -> None:
    firm = Caller(
        builders.customer(
            session, kind=CustomerKind.ORGANISATION, organisation_name="Quill Ltd", first_name=None, surname=None, title=None
        ),
        caller.account,
    )
    state = caller_check_of(session, firm.customer_number, AT, by=BY)
    assert state.asked == (AD, WR)
    for method in (PP, DB):
        with pytest.raises(Refused) as refused:
            _check(session, firm, method, "5 3 1961")
        assert (refused.value.code, refused.value.element) == ("CSS901E", "method")
    with pytest.raises(Refused) as refused:
        _check(session, firm, BL, "45.67 5 feb", recent_bills=())
    assert refused.value.code == "CSS901E"
    assert _check(session, firm, WR, "letter of 2 March", caller_name="Jo of accounts").speaker == "Jo of accounts"


def test_a_check_opens_the_record_in_one_sign_on_alone(session: Session, caller: Caller) -> None:
    operator = AddOperator(code="CLERK1", name="Clerk One", team="Desk", password="slow green parrot", roles=(Role.CLERK,))
    add_operator(session, operator, by=builders.OPERATOR, at=AT)
    add_operator(session, replace(operator, code="SUE"), by=builders.OPERATOR, at=AT)
    ids = {code: number for number, code in session.execute(select(Operator.id, Operator.code))}
    mine, later, hers = (
        OperatorSession(operator_id=ids[code], token_sha256=f"{n}" * 64, started_at=AT, last_used_at=AT)
        for n, code in enumerate(("CLERK1", "CLERK1", "SUE"))
    )
    session.add_all([mine, later, hers])
    session.flush()
    _check(session, caller, PP, "marmalade", operator_session_id=mine.id)
    opens = {
        number: is_caller_checked(session, caller.customer_number, AT, by=BY, operator_session_id=number)
        for number in (mine.id, later.id, None)
    }
    assert [number for number, check in opens.items() if check] == [mine.id]
    later.ended_at = AT
    session.flush()
    for number in (hers.id, later.id, 999_999):
        with pytest.raises(Refused) as refused:
            _check(session, caller, PP, "marmalade", operator_session_id=number)
        assert refused.value.code == "CSS905E"


def test_the_end_of_a_check_closes_the_record(session: Session, caller: Caller) -> None:
    _check(session, caller, PP, "marmalade")
    _check(session, caller, DB, "5 3 61")
    command = EndCallerCheck(customer_number=caller.customer_number)
    assert end_caller_check(session, command, by=builders.OPERATOR, at=AT).ended == 0, "a colleague ends nothing of mine"
    assert end_caller_check(session, command, by=BY, at=AT + timedelta(minutes=1)).ended == 2
    assert is_caller_checked(session, caller.customer_number, AT + timedelta(minutes=1), by=BY) is None
    assert end_caller_check(session, command, by=BY, at=AT + timedelta(minutes=2)).ended == 0


def test_the_same_key_twice_is_one_answer(session: Session, caller: Caller) -> None:
    first = _check(session, caller, PP, "guess", token="t1")
    assert _check(session, caller, PP, "guess", token="t1") == first
    with pytest.raises(Conflict) as refused:
        _check(session, caller, PP, "marmalade", token="t1")
    assert refused.value.code == "CSS110E"
    assert session.execute(select(func.count()).select_from(CallerCheck)).scalar_one() == 1


def test_a_partner_has_no_callers_of_ours(session: Session, caller: Caller) -> None:
    with pytest.raises(Refused) as refused:
        _check(session, caller, PP, "marmalade", by=builders.PARTNER_ACTOR)
    assert refused.value.code == "CSS111E"
    with pytest.raises(NotFound):
        caller_check_of(session, caller.customer_number, AT, by=builders.PARTNER_ACTOR)
    with pytest.raises(NotFound):
        _check(session, Caller(make_id("ZZ", IdKind.CUSTOMER, 4711), caller.account), PP, "marmalade")


def test_guesses_at_the_same_moment_are_guesses_in_a_row(fresh_engine: Engine) -> None:
    """Eight operators guess at once: three wrong answers are kept, and five are refused for the question is closed."""
    with transaction(fresh_engine) as session:
        caller = _caller(session)

    def guess(n: int) -> CallerChecked:
        with transaction(fresh_engine) as session:
            return _check(session, caller, PP, f"guess {n}", by=replace(BY, name=f"OP{n}"), at=AT + timedelta(seconds=n))

    came = together(*((lambda n=n: guess(n)) for n in range(8)))
    assert sorted(one.code if isinstance(one, CssError) else str(one) for one in came if isinstance(one, Exception)) == ["CSS900E"] * 5
    with transaction(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(CallerCheck)).scalar_one() == 3
