"""The contact log: whoever was in touch about whatever stands on one timeline, newest first, for good."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import AuditEvent
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.queries import follow_ups, line_timeline, timeline
from css.care.words import Channel, Direction, Outcome, Topic
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.errors import BadMessage, CssError, Several
from css.core.ids import IdKind, make_id
from tests import builders

CALL = RecordContact(
    channel=Channel.TELEPHONE, topic=Topic.FAULT, words="Line dead since Sunday; test booked.", outcome=Outcome.OPEN, is_verified=True
)
BY, AT = builders.CLERK, builders.AT


@dataclass(frozen=True)
class Town:
    account: builders.BuiltAccount
    line: builders.BuiltLine
    other: builders.BuiltAccount
    carrier: builders.BuiltAccount
    carrier_line: builders.BuiltLine


@pytest.fixture
def town(session: Session) -> Town:
    zz = builders.district(session)
    account, other = builders.account(session, zz), builders.account(session, zz)
    carrier = builders.account(session, zz, provider_code="BRACKWAT", customer_number=account.customer_number)
    return Town(account, builders.working_line(session, zz, account), other, carrier, builders.working_line(session, zz, carrier))


def _saying(command: RecordContact = CALL, /, **others: object) -> RecordContact:
    fields: dict[str, Any] = others
    return replace(command, **fields)


def _record(session: Session, command: RecordContact = CALL, by: Actor = BY, at: datetime = AT, **others: object) -> int:
    return record_contact(session, _saying(command, **others), by=by, at=at).contact_id


def test_a_telephone_number_finds_its_account_and_customer(session: Session, town: Town) -> None:
    reference = make_id("ZZ", IdKind.FAULT, 7)
    contact_id = _record(session, number="01632 960123", reference=f" {reference[:3]} {reference[3:]}", caller_name=" Carl ")
    (row,) = timeline(session, town.account.customer_number, by=BY)
    assert (row.contact_id, row.customer_number, row.account_number, row.line_id) == (
        contact_id,
        town.account.customer_number,
        town.account.number,
        town.line.id,
    )
    assert (row.occurred_at, row.recorded_by, row.caller_name, row.reference) == (AT, "CLERK1", "Carl", reference)
    assert (row.channel, row.direction, row.topic, row.outcome) == (Channel.TELEPHONE, Direction.INBOUND, Topic.FAULT, Outcome.OPEN)


def test_every_channel_stands_on_one_timeline_newest_first(session: Session, town: Town) -> None:
    ids = [
        _record(session, replace(CALL, channel=channel), at=AT + timedelta(hours=n), customer_number=town.account.customer_number)
        for n, channel in enumerate(Channel)
    ]
    same_instant = _record(session, at=AT, account_number=town.account.number)
    shown = [row.contact_id for row in timeline(session, town.account.customer_number, by=BY)]
    assert shown == [*reversed(ids[1:]), same_instant, ids[0]]
    assert [row.contact_id for row in timeline(session, town.account.customer_number, by=BY, limit=2)] == shown[:2]


def test_the_account_and_the_line_show_what_was_about_them(session: Session, town: Town) -> None:
    of_customer = _record(session, customer_number=town.account.customer_number)
    of_account = _record(session, account_number=town.account.number, at=AT + timedelta(hours=1))
    of_line = _record(session, replace(CALL, topic=Topic.BILL), number=town.line.number, at=AT + timedelta(hours=2))
    assert [row.contact_id for row in timeline(session, town.account.customer_number, by=BY)] == [of_line, of_account, of_customer]
    assert [row.contact_id for row in timeline(session, town.account.number, by=BY)] == [of_line, of_account]
    assert [row.contact_id for row in line_timeline(session, town.line.id, by=BY)] == [of_line]
    assert [row.contact_id for row in timeline(session, town.account.number, by=BY, topic=Topic.BILL)] == [of_line]
    assert timeline(session, town.other.number, by=BY) == ()


def test_the_audit_trail_has_it_too(session: Session, town: Town) -> None:
    _record(session, account_number=town.account.number)
    event = session.execute(select(AuditEvent).where(AuditEvent.verb == "record_contact")).scalar_one()
    assert (event.subject_kind, event.subject_number) == ("customer", town.account.customer_number)


def test_who_it_was_about_must_be_said(session: Session, town: Town) -> None:
    with pytest.raises(CssError) as refused:
        _record(session)
    assert refused.value.code == "CSS130E"


def test_customer_account_and_number_must_belong_together(session: Session, town: Town) -> None:
    for said in (
        {"customer_number": town.other.customer_number, "account_number": town.account.number},
        {"account_number": town.other.number, "number": town.line.number},
        {"customer_number": town.other.customer_number, "number": town.line.number},
    ):
        with pytest.raises(CssError) as refused:
            record_contact(session, _saying(**said), by=BY, at=AT)
        assert refused.value.code == "CSS131E"


def test_the_payer_speaks_about_the_account_too(session: Session, town: Town) -> None:
    account = builders.account(session, payer_customer_number=town.other.customer_number)
    _record(session, customer_number=town.other.customer_number, account_number=account.number)
    (row,) = timeline(session, town.other.customer_number, by=BY)
    assert row.account_number == account.number


def test_everything_wrong_is_told(session: Session, town: Town) -> None:
    with pytest.raises(Several) as refused:
        _record(session, words=" ", number="01632 960999", account_number="ZZA99999995", reference="that order")
    assert [(one.code, one.element) for one in refused.value.errors] == [
        ("CSS132E", "words"),
        ("CSS106E", "number"),
        ("CSS054E", "account_number"),
        ("CSS052E", "reference"),
    ]


def test_a_day_to_follow_it_up_is_a_promise_of_whoever_named_it(session: Session, town: Town) -> None:
    _record(session, account_number=town.account.number)
    _record(session, account_number=town.account.number, words="Asks where the order is.", follow_up_on=date(2026, 3, 5))
    (promised,) = follow_ups(session, by=BY, owner_code=BY.name)
    assert (promised.words, london_date(promised.due_at), promised.account_number) == (
        "Asks where the order is.",
        date(2026, 3, 5),
        town.account.number,
    )


def test_a_follow_up_is_not_in_the_past(session: Session, town: Town) -> None:
    today = replace(CALL, account_number=town.account.number, follow_up_on=builders.DAY)
    _record(session, today)
    with pytest.raises(CssError) as refused:
        _record(session, replace(today, follow_up_on=builders.DAY - timedelta(1)))
    assert refused.value.code == "CSS133E"
    assert [row.follow_up_on for row in timeline(session, town.account.number, by=BY)] == [date(2026, 3, 2)]


def test_a_partner_speaks_of_its_own_accounts_and_sees_no_others(session: Session, town: Town) -> None:
    partner = builders.PARTNER_ACTOR
    _record(session, account_number=town.account.number)
    own = _record(session, replace(CALL, channel=Channel.XML), by=partner, number=town.carrier_line.number)
    # The customer has accounts with both providers; each hears only of its own.
    assert [row.contact_id for row in timeline(session, town.account.customer_number, by=partner)] == [own]
    assert timeline(session, town.account.number, by=partner) == ()
    assert line_timeline(session, town.line.id, by=partner) == ()
    assert len(timeline(session, town.account.customer_number, by=BY)) == 2
    for said in ({"account_number": town.account.number}, {"number": town.line.number}, {"customer_number": town.other.customer_number}):
        with pytest.raises(CssError) as refused:
            record_contact(session, _saying(**said), by=partner, at=AT)
        assert refused.value.family == "not found"


def test_a_number_of_another_kind_has_no_timeline(session: Session) -> None:
    with pytest.raises(BadMessage) as refused:
        timeline(session, make_id("ZZ", IdKind.ORDER, 1), by=BY)
    assert refused.value.code == "CSS134E"


def test_a_repeat_is_one_contact(session: Session, town: Town) -> None:
    tokened = replace(CALL, token="call-1", number=town.line.number)
    assert _record(session, tokened) == _record(session, tokened)
    assert len(timeline(session, town.account.number, by=BY)) == 1


def test_a_timeline_is_one_statement(session: Session, town: Town, query_count: Callable[[], AbstractContextManager[list[str]]]) -> None:
    for n in range(30):
        _record(session, at=AT + timedelta(minutes=n), account_number=town.account.number)
    with query_count() as sent:
        assert len(timeline(session, town.account.customer_number, by=BY)) == 30
    assert len(sent) == 1
