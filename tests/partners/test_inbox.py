"""The inbox: a message is answered by what it is, stored whole, and taken once however often and however fast it comes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

import schemas
from css.core.errors import NotFound
from css.db.engine import transaction
from css.partners.intake.handling import Drained, drain
from css.partners.intake.inbox import Answer
from css.partners.model import InboxState, RejectedMessage
from css.xml import read_header
from tests.partners.speaking import (
    AT,
    BRACKWATER,
    CLOCK,
    RIVAL,
    RIVAL_CODE,
    US,
    Scene,
    answers_to,
    codes,
    header,
    opened,
    orders_of,
    result,
    said,
    scene,
    send,
    stored,
    submit_order,
    told,
)


def test_an_order_is_acknowledged_placed_and_told_of(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head, Feature="CALLER-DISPLAY CALL-WAITING")

    answer = send(engine, data)

    assert (answer.status, answer.content_type) == (202, "application/xml; charset=utf-8")
    acknowledged = opened(answer.body)
    back = read_header(acknowledged)
    assert (back.ref_to_message_id, back.conversation_id) == (head.message_id, head.conversation_id)
    assert (back.sender, back.receiver, back.created_at) == (US, BRACKWATER, AT)
    assert said(acknowledged, "Receipt/Result") == "RECEIVED"
    row = stored(engine, head.message_id)
    assert (row.body, row.state, row.handled_at) == (data, InboxState.DONE, AT)
    assert row.body_sha256 == hashlib.sha256(data).hexdigest()
    (number,) = orders_of(engine, head.message_id)
    assert row.outcome_words == f"Order {number} placed."
    answers = [opened(body) for body in answers_to(engine, head.conversation_id)]
    assert [said(root, "Update/Kind") for root in answers] == ["ACKNOWLEDGED", "COMMITTED"]
    assert {said(root, "Update/Order/OrderNumber") for root in answers} == {number}
    assert {(read_header(root).sender, read_header(root).receiver) for root in answers} == {(US, BRACKWATER)}


def test_the_same_bytes_again_get_the_first_answer_and_do_nothing(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    first = send(engine, data)

    second, third = send(engine, data), send(engine, data)

    assert (first.status, second.status, third.status) == (202, 200, 200)
    assert second.body == third.body, "every repeat is answered in the same bytes"
    assert result(second) == "DUPLICATE"
    one, two = opened(first.body), opened(second.body)
    for path in ("Header/RefToMessageId", "Header/ConversationId", "Receipt/ReceivedAt"):
        assert said(one, path) == said(two, path)
    assert said(one, "Header/MessageId") != said(two, "Header/MessageId"), "our ids keep our own rule"
    assert len(orders_of(engine, head.message_id)) == 1
    assert len(answers_to(engine, head.conversation_id)) == 2


def test_the_same_id_with_other_bytes_is_refused_and_the_first_stands(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head, where = header(), site()
    data = submit_order(district.account, where, head=head)
    send(engine, data)

    other = submit_order(district.account, where, head=head, VisitNotes="Ring twice.")
    answers = [send(engine, other), send(engine, other)]

    assert [answer.status for answer in answers] == [409, 409]
    assert codes(answers[0].body) == [("CSS554E", "SubmitOrder/Header/MessageId")]
    assert said(opened(answers[0].body), "Header/RefToMessageId") == head.message_id
    assert stored(engine, head.message_id).body == data
    assert len(orders_of(engine, head.message_id)) == 1
    with transaction(engine) as session:
        kept = session.execute(select(RejectedMessage).where(RejectedMessage.body == other)).scalar_one()
        assert (kept.code, kept.times) == ("CSS554E", 2)
    assert send(engine, data).status == 200, "the first is still known"


def test_an_id_in_capitals_is_the_same_id(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    send(engine, data)
    assert send(engine, data.replace(head.message_id.encode(), head.message_id.upper().encode(), 1)).status == 409


def test_two_partners_may_choose_the_same_id(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    ours = header()
    theirs = header(message_id=ours.message_id, sender=RIVAL)
    first = send(engine, submit_order(district.account, site(), head=ours, ProductCode="NO-SUCH"))
    second = send(engine, submit_order(district.rival_account, site(), head=theirs, ProductCode="NO-SUCH"), RIVAL_CODE)

    assert (first.status, second.status) == (202, 202)
    assert told(engine, ours.conversation_id) == told(engine, theirs.conversation_id, RIVAL_CODE) == ["ORDER_REJECTED"]


def test_twenty_at_once_are_one_order_and_one_first_answer(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session)
    head = header()
    data = submit_order(where.account, where.district.gold[0].address_key, head=head)
    answers: list[Answer] = []
    together = threading.Barrier(20)

    def partner() -> None:
        together.wait()
        answers.append(send(fresh_engine, data))

    threads = [threading.Thread(target=partner) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status for answer in answers) == [200] * 19 + [202]
    assert len({answer.body for answer in answers}) == 2, "one first answer, and one repeated nineteen times"
    assert {said(opened(answer.body), "Header/RefToMessageId") for answer in answers} == {head.message_id}
    assert len(orders_of(fresh_engine, head.message_id)) == 1
    assert told(fresh_engine, head.conversation_id) == ["ACKNOWLEDGED", "COMMITTED"]


def test_a_test_message_is_read_and_acknowledged_and_nothing_is_done(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(is_test=True)
    data = submit_order(district.account, site(), head=head)

    answers = [send(engine, data), send(engine, data)]

    assert [(answer.status, result(answer)) for answer in answers] == [(202, "RECEIVED"), (200, "DUPLICATE")]
    assert drain(engine, clock=CLOCK) == Drained()
    assert stored(engine, head.message_id).state is InboxState.DONE
    assert (orders_of(engine, head.message_id), answers_to(engine, head.conversation_id)) == ([], [])


def test_a_false_sender_is_told_nothing_else(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(sender=RIVAL, receiver=RIVAL)
    answer = send(engine, submit_order(district.account, site(), head=head))
    assert (answer.status, codes(answer.body)) == (403, [("CSS550E", "SubmitOrder/Header/Sender")])
    assert orders_of(engine, head.message_id) == []


def test_all_that_is_wrong_with_a_header_is_told_at_once(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(receiver=RIVAL, schema_version="2.0")
    answer = send(engine, submit_order(district.account, site(), head=head))
    assert answer.status == 400
    assert codes(answer.body) == [("CSS551E", "SubmitOrder/Header/Receiver"), ("CSS552E", "SubmitOrder/Header/SchemaVersion")]


def test_the_message_type_must_be_the_root(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    answer = send(engine, submit_order(district.account, site(), head=header(message_type="CancelOrder")))
    assert (answer.status, codes(answer.body)) == (400, [("CSS522E", "SubmitOrder/Header/MessageType")])


def test_messages_that_only_we_send_are_not_taken(engine: Engine) -> None:
    data = (schemas.SAMPLES / "valid" / "bill-notice.xml").read_bytes()
    turned = data.replace(b"999900001", b"x").replace(b"999900123", b"999900001").replace(b">x<", b">999900123<")
    answer = send(engine, turned, at=read_header(opened(data)).created_at)
    assert (answer.status, codes(answer.body)) == (400, [("CSS553E", "BillNotice/Header/MessageType")])


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "CSS506E"),
        (b"<SubmitOrder", 400, "CSS506E"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', 400, "CSS504E"),
        (b"\x1f\x8b\x08rest", 415, "CSS501E"),
        (b"<a>" + b" " * 5_000_000 + b"</a>", 413, "CSS500E"),
        ("<a>é</a>".encode("latin-1"), 400, "CSS502E"),
        (b'<SubmitOrder xmlns="urn:css:order:9"/>', 400, "CSS510E"),
    ],
    ids=["empty", "cut short", "entity", "compressed", "too large", "latin 1", "unknown version"],
)
def test_what_cannot_be_read_is_rejected_and_kept_once(engine: Engine, data: bytes, status: int, code: str) -> None:
    answers = [send(engine, data), send(engine, data)]

    assert [answer.status for answer in answers] == [status, status]
    assert [found for found, _ in codes(answers[0].body)] == [code]
    assert said(opened(answers[0].body), "Header/RefToMessageId") == ""
    with transaction(engine) as session:
        statement = select(RejectedMessage).where(RejectedMessage.body_sha256 == hashlib.sha256(data).hexdigest())
        kept = session.execute(statement).scalar_one()
        assert (kept.body, kept.code, kept.times, kept.acknowledgement) == (data, code, 2, answers[1].body)


def test_every_fault_against_the_schema_is_told_with_its_place(engine: Engine) -> None:
    data = (schemas.SAMPLES / "invalid" / "several-faults.xml").read_bytes()
    answer = send(engine, data)
    assert answer.status == 400
    assert len(codes(answer.body)) == 3
    assert said(opened(answer.body), "Receipt/Errors/Error/LineNo")


def test_a_rejected_message_may_be_sent_again_put_right(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    good = submit_order(district.account, site(), head=head)
    assert send(engine, good.replace(b"LINE-WHO", b"line who")).status == 400
    assert send(engine, good).status == 202
    assert len(orders_of(engine, head.message_id)) == 1


def test_nobody_is_let_in_under_a_name_that_does_no_business(engine: Engine) -> None:
    with pytest.raises(NotFound, match="no provider NOBODY1") as refusal:
        send(engine, b"<a/>", "NOBODY1")
    assert refusal.value.code == "CSS104E"
