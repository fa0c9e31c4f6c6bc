"""What operators see of messages and do about them: the list, one, a conversation; tried again, taken in by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from css.core.actor import Actor
from css.core.errors import BadMessage, Conflict, NotFound, Refused
from css.core.words import Role
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.desk.cards import MessageCard, conversation, partner_message, partner_usage
from css.partners.desk.looking import MessagePage, MessageState, partner_messages
from css.partners.desk.operating import AcceptRejected, MessageWaits, RetryMessage, accept_rejected, retry_message
from css.partners.intake.handling import Drained, drain
from css.partners.messages import orders
from css.partners.model import Channel
from css.xml import read_header
from orders.actions import place_order
from tests.partners.many import explained, fill
from tests.partners.speaking import (
    AT,
    CLOCK,
    RIVAL,
    RIVAL_CODE,
    Scene,
    answers_to,
    header,
    opened,
    orders_of,
    result,
    said,
    send,
    stored,
    submit_order,
    told,
)

CLERK = Actor("operator", "AMY", "CSS", frozenset({Role.CLERK}))
BY_PARTNER = Actor("partner", PARTNER, PARTNER, door="XML")
REFUSED, REJECTED = {"ProductCode": "NO-SUCH"}, {"receiver": RIVAL}


def listed(engine: Engine, **wanted: object) -> MessagePage:
    with transaction(engine) as session:
        return partner_messages(session, by=CLERK, at=AT, **wanted)  # type: ignore[arg-type]


def card(engine: Engine, key: str) -> MessageCard:
    with transaction(engine) as session:
        return partner_message(session, key, by=CLERK)


def key_of(engine: Engine, message_id: str, state: MessageState) -> str:
    rows = listed(engine, reference=message_id, limit=100).rows
    (key,) = {row.key for row in rows if row.message_id == message_id and row.state is state}
    return key


def retried(engine: Engine, key: str, reason: str = "The account is open now.", *, by: Actor = CLERK) -> MessageWaits:
    with transaction(engine) as session:
        return retry_message(session, RetryMessage(key=key, reason=reason), by=by, at=AT)


def accepted(engine: Engine, key: str, reason: str = "As agreed by telephone.", *, by: Actor = CLERK) -> MessageWaits:
    with transaction(engine) as session:
        return accept_rejected(session, AcceptRejected(key=key, reason=reason), by=by, at=AT)


# Tried again.


def test_a_refused_message_is_tried_again_and_done(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    first, where = header(), site()
    send(engine, submit_order(district.account, where, head=first))
    blocked = header()
    send(engine, submit_order(district.account, site(), head=blocked, CustomerReference=f"PO-{first.message_id}"))
    key = key_of(engine, blocked.message_id, MessageState.REFUSED)
    with transaction(engine) as session:
        session.execute(
            text("UPDATE orders.customer_order SET customer_reference = 'PO-OLD' WHERE customer_reference = :r"),
            {"r": f"PO-{first.message_id}"},
        )

    assert retried(engine, key).key == key
    assert drain(engine, clock=CLOCK) == Drained(done=1)

    assert told(engine, blocked.conversation_id) == ["ORDER_REJECTED", "ACKNOWLEDGED", "COMMITTED"]
    it = card(engine, key)
    assert (it.state, [event.deed for event in it.events]) == (MessageState.DONE, ["refused", "retried"])
    assert (it.events[1].done_by, it.events[1].words) == ("AMY", "The account is open now.")
    assert it.order_number is not None
    assert [answer.is_answer for answer in it.answers] == [True] * 3


def test_a_message_refused_again_has_an_answer_again_and_every_time(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head, **REFUSED))
    key = key_of(engine, head.message_id, MessageState.REFUSED)
    for _ in range(2):
        retried(engine, key)
        assert drain(engine, clock=CLOCK) == Drained(refused=1)
    bodies = answers_to(engine, head.conversation_id)
    assert [said(opened(body), "Update/Kind") for body in bodies] == ["ORDER_REJECTED"] * 3
    assert len({read_header(opened(body)).message_id for body in bodies}) == 3


def test_what_failed_is_tried_again_at_once(
    engine: Engine, district: Scene, site: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    head = header()
    monkeypatch.setattr(orders, "place_order", lambda *_, **__: 1 / 0)
    send(engine, submit_order(district.account, site(), head=head))
    monkeypatch.setattr(orders, "place_order", place_order)
    key = key_of(engine, head.message_id, MessageState.FAILED)
    assert card(engine, key).events[0].deed == "failed"
    retried(engine, key, "The log was looked at.")
    send(engine, submit_order(district.account, site()))
    assert len(orders_of(engine, head.message_id)) == 1, "the next message takes it along"


def test_only_what_was_refused_or_failed_is_tried_again(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    key = key_of(engine, head.message_id, MessageState.DONE)
    for wrong, words in ((key, "was done"), ("in-999999", "no message"), ("rejected-1", "no message"), ("in-x", "no message")):
        with pytest.raises((Refused, NotFound), match=words):
            retried(engine, wrong)
    with pytest.raises(Refused, match="Say in 1 to 200"):
        retried(engine, key, " ")
    with pytest.raises(Refused, match="may not do this"):
        retried(engine, key, by=BY_PARTNER)
    assert len(orders_of(engine, head.message_id)) == 1


# Taken in by hand.


def test_a_message_with_a_wrong_header_is_taken_in_by_hand_once(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(receiver=RIVAL, schema_version="2.0", created_at=AT - timedelta(days=50))
    data = submit_order(district.account, site(), head=head)
    assert send(engine, data).status == 400
    key = key_of(engine, head.message_id, MessageState.REJECTED)
    assert [error.code for error in card(engine, key).errors] == ["CSS551E", "CSS552E", "CSS535E"]

    waits = accepted(engine, key)
    assert drain(engine, clock=CLOCK) == Drained(done=1)

    assert told(engine, head.conversation_id) == ["ACKNOWLEDGED", "COMMITTED"]
    row = stored(engine, head.message_id)
    assert (row.body, row.channel) == (data, Channel.HAND)
    assert (card(engine, key).state, card(engine, key).accepted_key) == (MessageState.ACCEPTED, waits.key)
    assert [(event.deed, event.code, event.done_by) for event in card(engine, waits.key).events] == [("accepted", "CSS551E", "AMY")]
    answer = send(engine, data)
    assert answer.status == 400, "it is as wrong as it was"
    with pytest.raises(Conflict, match="was taken in already"):
        accepted(engine, key)
    assert len(orders_of(engine, head.message_id)) == 1


def test_a_number_that_was_refused_is_taken_in_without_it(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    first = header(sequence_no=1)
    second = header(sequence_no=1, conversation_id=first.conversation_id)
    data = submit_order(district.account, site(), head=second)
    send(engine, submit_order(district.account, site(), head=first))
    assert send(engine, data).status == 409
    accepted(engine, key_of(engine, second.message_id, MessageState.REJECTED))
    assert (drain(engine, clock=CLOCK), stored(engine, second.message_id).sequence_no) == (Drained(done=1), None)
    answer = send(engine, data)
    assert (answer.status, result(answer)) == (200, "DUPLICATE")


def test_what_is_wrong_inside_is_not_taken_in_by_hand(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    bad = header()
    data = submit_order(district.account, site(), head=bad).replace(b"LINE-WHO", b"line who")
    send(engine, data)
    known = header()
    send(engine, submit_order(district.account, site(), head=known))
    send(engine, submit_order(district.account, site(), head=known, VisitNotes="Other"))
    for head in (bad, known):
        with pytest.raises(Refused, match="More is wrong"):
            accepted(engine, key_of(engine, head.message_id, MessageState.REJECTED))
    with pytest.raises(Refused, match="may not do this"):
        accepted(engine, "rejected-1", by=BY_PARTNER)


# The list.


@pytest.fixture(scope="module")
def busy(engine: Engine, district: Scene, _addresses: object) -> list[str]:
    """Ten refusals, ten rejections and ten orders, by turns; the message ids of the first two."""
    gold = [site.address_key for site in district.district.gold[-10:]]
    wrong = []
    for number, where in enumerate(gold):
        at = AT + timedelta(hours=1, minutes=number)
        refused, rejected = header(created_at=at), header(created_at=at, receiver=RIVAL)
        send(engine, submit_order(district.account, where, head=refused, **REFUSED), at=at)
        send(engine, submit_order(district.account, where, head=rejected), at=at)
        send(engine, submit_order(district.rival_account, where, head=header(created_at=at, sender=RIVAL)), RIVAL_CODE, at=at)
        wrong += [refused.message_id, rejected.message_id]
    return wrong


def test_rejects_come_first_and_the_latest_of_them(engine: Engine, busy: list[str]) -> None:
    page = listed(engine, partner=PARTNER, limit=20)
    assert {row.message_id for row in page.rows} == set(busy)
    assert [row.at for row in page.rows] == sorted((row.at for row in page.rows), reverse=True)
    assert {row.state for row in page.rows} == {MessageState.REFUSED, MessageState.REJECTED}


def test_the_pages_are_the_whole_list_forwards_and_backwards(engine: Engine, busy: list[str]) -> None:
    assert busy
    whole = [row.key for row in listed(engine, limit=100).rows]
    pages, after = [], ""
    while True:
        page = listed(engine, after=after, limit=7)
        pages.append(([row.key for row in page.rows], page.back, after))
        if page.forward is None:
            break
        after = page.forward
    assert [key for rows, _, _ in pages for key in rows][:100] == whole
    assert len({key for rows, _, _ in pages for key in rows}) == sum(len(rows) for rows, _, _ in pages)
    assert [back for _, back, _ in pages] == [None, *(began for _, _, began in pages[:-1])], "back leads to where the page before began"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"direction": "out"}, {MessageState.SENT}),
        ({"direction": "in", "partner": RIVAL_CODE}, {MessageState.DONE}),
        ({"state": MessageState.REJECTED}, {MessageState.REJECTED}),
        ({"message_type": "OrderUpdate"}, {MessageState.SENT}),
        ({"starts_on": (AT + timedelta(days=1)).date()}, set()),
        ({"through": (AT - timedelta(days=1)).date()}, set()),
        ({"reference": "ZZO00000000"}, set()),
        ({"direction": "out", "state": MessageState.DONE}, set()),
    ],
)
def test_the_list_is_narrowed(engine: Engine, busy: list[str], wanted: dict[str, object], expected: set[MessageState]) -> None:
    assert busy
    assert {row.state for row in listed(engine, limit=100, **wanted).rows} == expected


def test_the_days_counts_are_of_today_and_of_one_partner_or_all(engine: Engine, busy: list[str]) -> None:
    assert busy
    rival = listed(engine, partner=RIVAL_CODE).today
    assert (rival.received, rival.done, rival.rejected, rival.refused, rival.waiting, rival.sent) == (10, 10, 0, 0, 0, 20)
    ours, everybodys = listed(engine, partner=PARTNER).today, listed(engine).today
    assert ours.received + rival.received == everybodys.received
    assert ours.refused >= 10
    assert ours.rejected >= 10
    with transaction(engine) as session:
        tomorrow = partner_messages(session, by=CLERK, at=AT + timedelta(days=1)).today
    assert (tomorrow.received, tomorrow.rejected, tomorrow.sent) == (0, 0, 0)


def test_an_order_number_finds_its_whole_conversation(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    number = said(opened(answers_to(engine, head.conversation_id)[0]), "Update/Order/OrderNumber")
    for reference in (number, number.lower(), head.message_id, head.conversation_id.upper()):
        assert [row.message_type for row in listed(engine, reference=reference).rows] == ["OrderUpdate", "OrderUpdate", "SubmitOrder"]


def test_a_partner_sees_its_own_and_cannot_tell_anothers_from_nothing(engine: Engine, busy: list[str]) -> None:
    assert busy
    with transaction(engine) as session:
        page = partner_messages(session, by=BY_PARTNER, at=AT, partner=RIVAL_CODE, limit=100)
        assert {row.partner_code for row in page.rows} == {PARTNER}
        theirs = partner_messages(session, by=CLERK, at=AT, partner=RIVAL_CODE).rows[0]
        assert conversation(session, str(theirs.conversation_id), by=BY_PARTNER) == ()
        with pytest.raises(NotFound, match=f"There is no message {theirs.key}"):
            partner_message(session, theirs.key, by=BY_PARTNER)
        assert {row.partner_code for row in partner_usage(session, by=BY_PARTNER)} == {PARTNER}


@pytest.mark.parametrize("after", ["x", "0/2026-03-02T10:00:00/1/5", "2/2026-03-02T10:00:00+00:00/1/5", "0/2026-99-02T10:00:00+00:00/1/5"])
def test_a_place_that_is_none_is_refused(engine: Engine, after: str) -> None:
    with pytest.raises(BadMessage, match="There is no message"):
        listed(engine, after=after)


# A conversation.


def test_a_conversation_is_replayed_from_its_bytes_in_order(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    wrong = data.replace(b"LINE-WHO", b"line who")
    send(engine, wrong)
    answer = send(engine, data, at=AT + timedelta(seconds=1))
    with transaction(engine) as session:
        said_then = conversation(session, head.conversation_id.upper(), by=CLERK)
    assert [(turn.direction, turn.state.value, turn.message_type) for turn in said_then] == [
        ("in", "rejected", "SubmitOrder"),
        ("in", "done", "SubmitOrder"),
        ("out", "sent", "OrderUpdate"),
        ("out", "sent", "OrderUpdate"),
    ]
    assert [turn.body for turn in said_then] == [wrong, data, *answers_to(engine, head.conversation_id)]
    assert [turn.body_sha256 for turn in said_then] == [hashlib.sha256(turn.body).hexdigest() for turn in said_then]
    assert said_then[1].acknowledgement == answer.body


def test_what_a_partner_uses_is_known(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    send(engine, submit_order(district.account, site()))
    with transaction(engine) as session:
        used = partner_usage(session, by=CLERK, partner=PARTNER)
        since = partner_usage(session, by=CLERK, since=AT + timedelta(days=9))
    found = {(row.schema_name, row.schema_version, row.channel): row for row in used}
    assert found["order-1", "1.0", Channel.HTTP].times >= 2
    assert found["order-1", "1.0", Channel.HTTP].first_at == AT
    assert since == ()


# Speed.


def test_every_part_of_the_list_has_its_index(engine: Engine, busy: list[str]) -> None:
    """Asked not to read whole tables, the database need not. What it costs among 1,000,000 stands in docs/decisions/0173."""
    assert busy
    with transaction(engine) as session:
        fill(session.connection(), 1000)
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plans: list[str] = []
        for wanted in ({}, {"partner": PARTNER}, {"reference": busy[0]}, {"message_type": "CancelOrder"}, {"state": MessageState.REJECTED}):
            plans += explained(session, lambda wanted=wanted: partner_messages(session, by=CLERK, at=AT, **wanted))  # type: ignore[misc]
        plans += explained(session, lambda: conversation(session, busy[0], by=CLERK))
        scans = [line for plan in plans for line in plan.splitlines() if "Seq Scan on" in line]
        assert [line.split(" (")[0].strip() for line in scans] == []
        session.rollback()
