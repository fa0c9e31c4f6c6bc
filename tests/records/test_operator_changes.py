"""Operators' rights, passwords and sign-ons: who changes them, what is told, and what two at once come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.core.actor import Actor
from css.core.errors import CssError, Refused
from css.core.money import Money
from css.core.words import Role
from css.db.engine import transaction
from css.master.news import end_news, news, news_now, post_news
from css.master.operator_changes import change_operator, end_sign_ons, set_password
from css.master.operator_commands import ChangeOperator, EndNews, EndSignOns, OperatorChanged, PostNews, SetPassword
from css.master.operators import Operator, OperatorSession
from css.master.passwords import password_matches
from css.master.people import operator_card, operators, operators_on_duty
from tests import builders
from tests.race import together
from tests.records.people import PASSWORD, enrol, operator

AT = builders.AT
SUE, PAT = operator("SUE", Role.SUPERVISOR), operator("PAT", Role.SUPERVISOR)
BEA = operator("BEA", Role.CLERK, Role.BILLING)
OLD, NEW = PASSWORD, "quite another phrase"


def people(session: Session, *who: Actor) -> None:
    for one in who:
        enrol(session, one)


def signed_on(session: Session, code: str, seat: str = "12", times: int = 1) -> list[int]:
    operator_id = session.execute(select(Operator.id).where(Operator.code == code)).scalar_one()
    rows = [
        OperatorSession(operator_id=operator_id, token_sha256=f"{code}{n}".rjust(64, "0"), started_at=AT, last_used_at=AT, seat=seat)
        for n in range(times)
    ]
    session.add_all(rows)
    session.flush()
    return [row.id for row in rows]


def events(session: Session, verb: str) -> list[AuditEvent]:
    return list(session.execute(select(AuditEvent).where(AuditEvent.verb == verb).order_by(AuditEvent.id)).scalars())


@pytest.fixture
def desk(session: Session) -> Session:
    people(session, SUE, PAT, BEA)
    return session


def change(**fields: object) -> ChangeOperator:
    return replace(ChangeOperator(operator_code="bea"), **fields)  # type: ignore[arg-type]


def test_a_supervisor_changes_everything_about_somebody_and_the_trail_says_what_it_was(desk: Session) -> None:
    wanted = change(name=" Beatrice ", team="Bills", roles=(Role.BILLING,), credit_limit=Money(50_00), row_version=1)
    answer = change_operator(desk, wanted, by=SUE, at=AT)
    assert answer == OperatorChanged(
        operator_code="BEA",
        name="Beatrice",
        team="Bills",
        roles=(Role.BILLING,),
        credit_limit=Money(50_00),
        is_active=True,
        sign_ons_ended=0,
        row_version=2,
    )
    (event,) = events(desk, "change_operator")
    assert event.subject_number == "BEA"
    assert event.before == {"name": "Bea", "team": "Desk", "roles": ["billing", "clerk"], "credit_limit": "0.00"}
    assert event.after == {"name": "Beatrice", "team": "Bills", "roles": ["billing"], "credit_limit": "50.00"}


def test_what_changes_nothing_leaves_no_trace(desk: Session) -> None:
    assert change_operator(desk, change(team="Desk"), by=SUE, at=AT).row_version == 1
    assert events(desk, "change_operator") == []


def test_the_later_of_two_who_hold_the_record_is_told(desk: Session) -> None:
    change_operator(desk, change(team="Bills", row_version=1), by=SUE, at=AT)
    with pytest.raises(CssError) as told:
        change_operator(desk, change(team="Front", row_version=1), by=PAT, at=AT)
    assert (told.value.code, told.value.fields["row_version"]) == ("CSS173E", 2)


def test_whoever_is_made_inactive_is_signed_off_at_once(desk: Session) -> None:
    signed_on(desk, "BEA", times=2)
    assert change_operator(desk, change(is_active=False), by=SUE, at=AT).sign_ons_ended == 2
    reasons = desk.execute(select(OperatorSession.end_reason, OperatorSession.ended_at)).all()
    assert {tuple(row) for row in reasons} == {("not active", AT)}
    assert change_operator(desk, change(is_active=True), by=SUE, at=AT).is_active


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (BEA, change(name="Queen Bea"), "CSS111E"),
        (Actor("partner", "NORTHTEL", "NORTHTEL"), change(team="x"), "CSS111E"),
        (SUE, change(operator_code="ZED", team="x"), "CSS135E"),
        (SUE, change(name=" "), "CSS114E"),
        (SUE, change(team="x" * 61), "CSS172E"),
        (SUE, change(roles=()), "CSS128E"),
        (SUE, change(credit_limit=Money(-1)), "CSS137E"),
        (SUE, change(operator_code="SUE", roles=(Role.SUPERVISOR, Role.BILLING)), "CSS170E"),
        (SUE, change(operator_code="SUE", credit_limit=Money(1)), "CSS170E"),
        (SUE, change(operator_code="SUE", is_active=False), "CSS170E"),
    ],
)
def test_what_is_refused(desk: Session, by: Actor, command: ChangeOperator, code: str) -> None:
    with pytest.raises(CssError) as told:
        change_operator(desk, command, by=by, at=AT)
    assert told.value.code == code
    assert events(desk, "change_operator") == []


def test_a_supervisor_may_change_their_own_name(desk: Session) -> None:
    assert change_operator(desk, change(operator_code="SUE", name="Susan"), by=SUE, at=AT).name == "Susan"


def test_one_supervisor_always_remains(desk: Session) -> None:
    change_operator(desk, change(operator_code="PAT", roles=(Role.CLERK,)), by=SUE, at=AT)
    for lost in (change(operator_code="SUE", roles=(Role.CLERK,)), change(operator_code="SUE", is_active=False)):
        with pytest.raises(CssError) as told:
            change_operator(desk, lost, by=builders.OPERATOR, at=AT)
        assert told.value.code == "CSS171E"


def test_two_supervisors_who_take_each_others_role_away_at_once_leave_one(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        people(session, SUE, PAT)

    def takes(by: Actor, whose: str) -> Callable[[], OperatorChanged]:
        def deed() -> OperatorChanged:
            with transaction(fresh_engine) as session:
                return change_operator(session, change(operator_code=whose, roles=(Role.CLERK,)), by=by, at=AT)

        return deed

    done = together(takes(SUE, "PAT"), takes(PAT, "SUE"))
    assert sorted(type(one).__name__ for one in done) == ["OperatorChanged", "Refused"]
    with transaction(fresh_engine) as session:
        left = [one for one in operators(session, by=SUE) if Role.SUPERVISOR in one.roles]
    assert len(left) == 1


def test_ones_own_password_needs_the_old_one_and_ends_every_other_sign_on(desk: Session) -> None:
    signed_on(desk, "BEA", times=2)
    with pytest.raises(Refused) as told:
        set_password(desk, SetPassword(operator_code="BEA", password=NEW, old_password="not it"), by=BEA, at=AT)
    assert told.value.code == "CSS174E"
    answer = set_password(desk, SetPassword(operator_code="BEA", password=NEW, old_password=OLD), by=BEA, at=AT)
    assert (answer.must_change_password, answer.sign_ons_ended) == (False, 2)
    held = desk.execute(select(Operator.password_hash).where(Operator.code == "BEA")).scalar_one()
    assert password_matches(held, NEW)
    (event,) = events(desk, "set_password")
    assert NEW not in str(event.after)
    assert OLD not in str(event.after)


def test_a_password_that_a_supervisor_gave_is_changed_at_the_next_sign_on(desk: Session) -> None:
    answer = set_password(desk, SetPassword(operator_code="BEA", password=NEW), by=SUE, at=AT)
    assert answer.must_change_password
    assert operator_card(desk, "bea", by=SUE).operator.must_change_password


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (BEA, SetPassword(operator_code="SUE", password=NEW), "CSS111E"),
        (SUE, SetPassword(operator_code="ZED", password=NEW), "CSS135E"),
        (SUE, SetPassword(operator_code="BEA", password="short"), "CSS129E"),
        (SUE, SetPassword(operator_code="BEA", password="x" * 129), "CSS129E"),
        (SUE, SetPassword(operator_code="BEA", password=OLD), "CSS175E"),
    ],
)
def test_passwords_that_are_refused(desk: Session, by: Actor, command: SetPassword, code: str) -> None:
    with pytest.raises(CssError) as told:
        set_password(desk, command, by=by, at=AT)
    assert told.value.code == code


def test_no_password_is_kept_with_the_answer_to_a_token(desk: Session) -> None:
    """The same token with other passwords is the same command, since none of them is in its digest."""
    first = SetPassword(token="once", operator_code="BEA", password=NEW, old_password=OLD)
    answer = set_password(desk, first, by=BEA, at=AT)
    assert set_password(desk, replace(first, password="yet another one", old_password="?"), by=BEA, at=AT) == answer


def test_a_supervisor_ends_one_sign_on_or_all_with_a_reason(desk: Session) -> None:
    first, second, third = signed_on(desk, "BEA", times=3)
    one = EndSignOns(operator_code="bea", session_id=second, reason="Left at the front desk")
    assert end_sign_ons(desk, one, by=SUE, at=AT).sign_ons_ended == 1
    assert {row.session_id for row in operators_on_duty(desk, by=SUE)} == {first, third}
    assert end_sign_ons(desk, replace(one, session_id=None), by=SUE, at=AT).sign_ons_ended == 2
    assert operators_on_duty(desk, by=SUE) == ()
    assert {row.end_reason for row in operator_card(desk, "BEA", by=SUE).sign_ons} == {"ended by SUE: Left at the front desk"}
    assert [event.after for event in events(desk, "end_sign_ons")] == [
        {"reason": "Left at the front desk", "sign_ons": [second]},
        {"reason": "Left at the front desk", "sign_ons": [first, third]},
    ]


@pytest.mark.parametrize(
    ("by", "command", "code"),
    [
        (BEA, EndSignOns(operator_code="SUE", reason="Why not"), "CSS111E"),
        (SUE, EndSignOns(operator_code="ZED", reason="Gone"), "CSS135E"),
        (SUE, EndSignOns(operator_code="PAT", reason="Gone"), "CSS176E"),
        (SUE, EndSignOns(operator_code="BEA", reason=" "), "CSS177E"),
    ],
)
def test_sign_ons_that_are_not_ended(desk: Session, by: Actor, command: EndSignOns, code: str) -> None:
    signed_on(desk, "BEA")
    with pytest.raises(CssError) as told:
        end_sign_ons(desk, command, by=by, at=AT)
    assert told.value.code == code


@pytest.mark.parametrize("ask", [operators, operators_on_duty, lambda session, by: operator_card(session, "BEA", by=by)])
def test_only_supervisors_look_at_people(desk: Session, ask: Callable[..., object]) -> None:
    ask(desk, by=SUE)
    with pytest.raises(Refused) as told:
        ask(desk, by=BEA)
    assert told.value.code == "CSS111E"


def test_news_stands_on_the_menu_from_its_beginning_to_its_end(desk: Session) -> None:
    hour = timedelta(hours=1)
    first = post_news(desk, PostNews(words="  Exchange  NTH is down ", ends_at=AT + 2 * hour), by=SUE, at=AT)
    post_news(desk, PostNews(words="Prices change tonight", starts_at=AT + hour, ends_at=AT + 3 * hour), by=SUE, at=AT)
    assert [row.words for row in news_now(desk, at=AT)] == ["Exchange NTH is down"]
    assert [row.words for row in news_now(desk, at=AT + hour)] == ["Prices change tonight", "Exchange NTH is down"]
    assert [row.words for row in news_now(desk, at=AT + 2 * hour)] == ["Prices change tonight"]
    end_news(desk, EndNews(news_id=first.news_id), by=SUE, at=AT + hour)
    assert [row.words for row in news_now(desk, at=AT + hour)] == ["Prices change tonight"]
    assert len(news(desk)) == 2


def test_news_that_is_refused(desk: Session) -> None:
    for words, ends_at, by, code in (
        ("", AT + timedelta(hours=1), SUE, "CSS187E"),
        ("x" * 161, AT + timedelta(hours=1), SUE, "CSS187E"),
        ("Late", AT, SUE, "CSS188E"),
        ("Mine", AT + timedelta(hours=1), BEA, "CSS111E"),
    ):
        with pytest.raises(CssError) as told:
            post_news(desk, PostNews(words=words, ends_at=ends_at), by=by, at=AT)
        assert told.value.code == code
    with pytest.raises(CssError) as told:
        end_news(desk, EndNews(news_id=1), by=SUE, at=AT)
    assert told.value.code == "CSS189E"
