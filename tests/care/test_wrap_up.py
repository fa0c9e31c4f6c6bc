"""The end of a call: one row on the contact log, what was promised on a list, and the caller check over."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.care.actions import check_caller, complete_follow_up, wrap_up
from css.care.commands import CheckCaller, CompleteFollowUp, FollowUpCompleted, WrappedUp, WrapUp
from css.care.model import Contact, FollowUp
from css.care.queries import caller_check_of, follow_ups, timeline, wrap_reasons
from css.care.words import Channel, CheckMethod, Direction, FollowUpKind, Outcome, Topic
from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refused, Several
from css.core.ids import IdKind, make_id
from css.db.engine import transaction
from tests import builders
from tests.race import together

BY, AT = builders.CLERK, builders.AT


@dataclass(frozen=True)
class Town:
    account: builders.BuiltAccount
    line: builders.BuiltLine
    other: builders.BuiltAccount


def _town(session: Session) -> Town:
    zz = builders.district(session)
    number = builders.customer(session, zz, password_phrase="marmalade")
    account = builders.account(session, zz, customer_number=number)
    return Town(account, builders.working_line(session, zz, account), builders.account(session, zz))


@pytest.fixture
def town(session: Session) -> Town:
    return _town(session)


def _wrap(session: Session, town: Town, reason: str = "EN", /, *, by: Actor = BY, at: datetime = AT, **others: object) -> WrappedUp:
    fields: dict[str, Any] = others
    return wrap_up(session, replace(WrapUp(account_number=town.account.number, reason_code=reason), **fields), by=by, at=at)


def _speak(session: Session, town: Town, at: datetime = AT) -> None:
    command = CheckCaller(customer_number=town.account.customer_number, method=CheckMethod.PHRASE, answer="marmalade")
    check_caller(session, command, by=BY, at=at)


def test_two_letters_are_a_contact(session: Session, town: Town) -> None:
    _speak(session, town)
    done = _wrap(session, town, "bw", number=town.line.number)
    (row,) = timeline(session, town.account.customer_number, by=BY)
    assert (row.contact_id, row.reason_code, row.topic, row.outcome) == (done.contact_id, "BW", Topic.BILL, Outcome.OPEN)
    assert (row.words, row.channel, row.direction) == ("Bill said to be wrong.", Channel.TELEPHONE, Direction.INBOUND)
    assert (row.account_number, row.line_id, row.is_verified, row.recorded_by) == (town.account.number, town.line.id, True, "CLERK1")
    assert (done.follow_up_id, done.checks_ended) == (None, 1)


def test_it_closes_what_the_caller_check_opened(session: Session, town: Town) -> None:
    _speak(session, town)
    assert caller_check_of(session, town.account.customer_number, AT, by=BY).check is not None
    _wrap(session, town, at=AT + timedelta(minutes=4))
    assert caller_check_of(session, town.account.customer_number, AT + timedelta(minutes=4), by=BY).check is None
    assert _wrap(session, town, at=AT + timedelta(minutes=5)).checks_ended == 0
    newest, first = timeline(session, town.account.customer_number, by=BY)
    assert (first.is_verified, newest.is_verified) == (True, False), "the second caller was not asked"


def test_a_colleagues_call_goes_on(session: Session, town: Town) -> None:
    _speak(session, town)
    _wrap(session, town, by=builders.OPERATOR)
    assert caller_check_of(session, town.account.customer_number, AT, by=BY).check is not None


def test_a_record_opened_without_a_caller_is_no_verified_caller(session: Session, town: Town) -> None:
    command = CheckCaller(customer_number=town.account.customer_number, method=CheckMethod.NONE, answer="letter answered")
    check_caller(session, command, by=BY, at=AT)
    assert _wrap(session, town, channel=Channel.LETTER).checks_ended == 1
    (row,) = timeline(session, town.account.customer_number, by=BY)
    assert not row.is_verified


def test_a_note_is_the_words_and_its_number_the_reference(session: Session, town: Town) -> None:
    order = make_id("ZZ", IdKind.ORDER, 12)
    _wrap(session, town, "OL", words=f"  Told that {order} is\n delayed to Friday. ", outcome=Outcome.SOLVED)
    (row,) = timeline(session, town.account.customer_number, by=BY)
    assert (row.words, row.reference, row.outcome) == (f"Told that {order} is delayed to Friday.", order, Outcome.SOLVED)


def test_a_day_is_a_follow_up_and_a_number_a_call_back(session: Session, town: Town) -> None:
    _wrap(session, town, "BW", follow_up_on=date(2026, 3, 5))
    _wrap(session, town, "OL", call_back_at=AT + timedelta(hours=4), call_back_number="07700 900123", words="Ring with the new date")
    _wrap(session, town, "FL", follow_up_on=date(2026, 3, 2), call_back_number="07700 900123")
    first, second, third = follow_ups(session, by=BY, account_number=town.account.number)
    assert (first.kind, first.due_at, first.telephone) == (FollowUpKind.CALL_BACK, AT + timedelta(hours=4), "447700900123")
    assert (first.words, first.owner_code, first.customer_name) == ("Ring with the new date", "CLERK1", "Mrs Ada Tansley")
    assert (second.kind, second.due_at) == (FollowUpKind.CALL_BACK, datetime(2026, 3, 2, 23, 59, tzinfo=UTC)), "some time today"
    assert (third.kind, third.due_at, third.telephone) == (FollowUpKind.FOLLOW_UP, datetime(2026, 3, 5, 23, 59, tzinfo=UTC), None)
    assert [row.follow_up_on for row in timeline(session, town.account.customer_number, by=BY)] == [date(2026, 3, 2)] * 2 + [
        date(2026, 3, 5)
    ]


def test_promises_are_listed_by_whose_they_are_where_and_when(session: Session, town: Town) -> None:
    _wrap(session, town, follow_up_on=date(2026, 3, 5))
    _wrap(session, replace(town, account=town.other), by=builders.OPERATOR, follow_up_on=date(2026, 3, 3))
    assert [row.account_number for row in follow_ups(session, by=BY)] == [town.other.number, town.account.number]
    assert [row.account_number for row in follow_ups(session, by=BY, owner_code="clerk1")] == [town.account.number]
    assert [row.account_number for row in follow_ups(session, by=BY, due_by=AT + timedelta(days=2))] == [town.other.number]
    assert len(follow_ups(session, by=BY, district_code="zz")) == 2
    assert follow_ups(session, by=BY, district_code="YY") == ()
    assert follow_ups(session, by=builders.PARTNER_ACTOR) == ()


def test_a_reason_that_keeps_a_promise_ends_the_earliest(session: Session, town: Town) -> None:
    with pytest.raises(Refused) as refused:
        _wrap(session, town, "CB")
    assert (refused.value.code, refused.value.element) == ("CSS908E", "reason_code")
    later = _wrap(session, town, follow_up_on=date(2026, 3, 6)).follow_up_id
    sooner = _wrap(session, town, call_back_at=AT + timedelta(hours=1), call_back_number="01632 960555").follow_up_id
    _wrap(session, replace(town, account=town.other), follow_up_on=date(2026, 3, 2))
    done = _wrap(
        session, town, "CB", words="No answer; tried twice.", call_back_at=AT + timedelta(hours=3), call_back_number="01632 960555"
    )
    assert done.kept_follow_up_id == sooner
    assert [row.follow_up_id for row in follow_ups(session, by=BY, account_number=town.account.number)] == [done.follow_up_id, later]
    kept = session.get_one(FollowUp, sooner)
    assert (kept.done_at, kept.done_by, kept.done_words) == (AT, "CLERK1", "No answer; tried twice.")
    assert timeline(session, town.account.customer_number, by=BY)[0].direction is Direction.OUTBOUND


def test_a_promise_is_done_once_and_stands_on_the_timeline(session: Session, town: Town) -> None:
    promised = _wrap(session, town, "BW", follow_up_on=date(2026, 3, 5)).follow_up_id
    assert promised is not None
    command = CompleteFollowUp(follow_up_id=promised, words="Credited the call.", row_version=1)
    done = complete_follow_up(session, command, by=builders.OPERATOR, at=AT + timedelta(days=1))
    assert follow_ups(session, by=BY) == ()
    newest = timeline(session, town.account.customer_number, by=BY)[0]
    assert (newest.contact_id, newest.words, newest.topic, newest.recorded_by) == (
        done.contact_id,
        "Credited the call.",
        Topic.BILL,
        "TESTER",
    )
    with pytest.raises(Conflict, match=r"^TESTER has done that already: Credited the call\.$"):
        complete_follow_up(session, command, by=BY, at=AT + timedelta(days=1))


def test_what_cannot_be_completed(session: Session, town: Town) -> None:
    promised = _wrap(session, town, follow_up_on=date(2026, 3, 5)).follow_up_id
    assert promised is not None
    command = CompleteFollowUp(follow_up_id=promised, words="Done.")
    for wrong, code in (
        (replace(command, words="  "), "CSS132E"),
        (replace(command, words="x" * 2001), "CSS910E"),
        (replace(command, follow_up_id=999_999), "CSS911E"),
        (replace(command, row_version=2), "CSS913E"),
    ):
        with pytest.raises(CssError) as refused:
            complete_follow_up(session, wrong, by=BY, at=AT)
        assert refused.value.code == code
    with pytest.raises(Refused):
        complete_follow_up(session, command, by=builders.PARTNER_ACTOR, at=AT)


@pytest.mark.parametrize(
    ("said", "code", "element"),
    [
        ({"reason_code": ""}, "CSS906E", "reason_code"),
        ({"reason_code": "XX"}, "CSS906E", "reason_code"),
        ({"words": "x" * 2001}, "CSS910E", "words"),
        ({"follow_up_on": date(2026, 3, 1)}, "CSS133E", "follow_up_on"),
        ({"follow_up_on": date(2027, 3, 4)}, "CSS909E", "follow_up_on"),
        ({"call_back_number": "01632 960555"}, "CSS907E", "follow_up_on"),
        ({"call_back_at": AT + timedelta(hours=1)}, "CSS907E", "call_back_number"),
        ({"call_back_at": AT, "call_back_number": "01632 960555"}, "CSS914E", "follow_up_on"),
        ({"call_back_at": AT + timedelta(hours=1), "call_back_number": "12"}, "CSS083E", "call_back_number"),
        ({"account_number": make_id("ZZ", IdKind.ACCOUNT, 4711)}, "CSS105E", "account_number"),
        ({"account_number": "nonsense"}, "CSS052E", "account_number"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_kept(session: Session, town: Town, said: dict[str, Any], code: str, element: str) -> None:
    with pytest.raises((Refused, BadMessage, NotFound)) as refused:
        _wrap(session, town, **said) if "reason_code" not in said else _wrap(session, town, said["reason_code"])
    assert (refused.value.code, refused.value.element) == (code, element)
    assert timeline(session, town.account.customer_number, by=BY) == ()


def test_everything_wrong_is_told_at_once(session: Session, town: Town) -> None:
    with pytest.raises(Several) as refused:
        _wrap(session, town, "XX", words="x" * 2001, follow_up_on=date(2026, 3, 1))
    assert [error.code for error in refused.value.errors] == ["CSS906E", "CSS910E", "CSS133E"]


def test_the_number_in_hand_counts_only_if_it_is_the_accounts(session: Session, town: Town) -> None:
    _wrap(session, replace(town, account=town.other), number=town.line.number)
    (row,) = timeline(session, town.other.customer_number, by=BY)
    assert row.line_id is None


def test_it_is_audited_and_a_key_pressed_twice_is_one_contact(session: Session, town: Town) -> None:
    first = _wrap(session, town, token="w1", follow_up_on=date(2026, 3, 5))
    assert _wrap(session, town, token="w1", follow_up_on=date(2026, 3, 5)) == first
    assert session.execute(select(func.count()).select_from(Contact)).scalar_one() == 1
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "wrap_up")).scalar_one()
    assert (event.subject_kind, event.subject_number) == ("account", town.account.number)
    assert event.after is not None
    assert (event.after["reason_code"], event.after["promised"]) == ("EN", first.follow_up_id)


def test_the_lists_are_few_statements(session: Session, town: Town, query_count: Callable[[], AbstractContextManager[Any]]) -> None:
    for n in range(3):
        _wrap(session, town, follow_up_on=date(2026, 3, 5) + timedelta(days=n))
    with query_count() as counted:
        assert len(follow_ups(session, by=BY, limit=2)) == 2
        assert len(wrap_reasons()) > 10
    assert len(counted.statements) == 1


def test_two_who_keep_one_promise_keep_it_once(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        town = _town(session)
        promised = _wrap(session, town, follow_up_on=date(2026, 3, 5)).follow_up_id
    assert promised is not None

    def keep(who: str) -> FollowUpCompleted:
        with transaction(fresh_engine) as session:
            command = CompleteFollowUp(follow_up_id=promised, words=f"Done by {who}.")
            return complete_follow_up(session, command, by=replace(BY, name=who), at=AT)

    came = together(lambda: keep("ANN"), lambda: keep("BOB"))
    assert sorted(type(one).__name__ for one in came) == ["Conflict", "FollowUpCompleted"]
    with transaction(fresh_engine) as session:
        assert session.execute(select(func.count()).select_from(Contact)).scalar_one() == 2
