"""Messages that a partner numbers are done in the order of their numbers, whatever order they come in and however fast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.orm import Session

from css.core.clock import FixedClock
from css.db.engine import transaction
from css.master.reference import PARTNER
from css.partners.access.keys import partner_of
from css.partners.intake.handling import Drained, drain, work_lane
from css.partners.intake.inbox import Answer, receive, take_in
from css.partners.messages import orders
from css.partners.model import Channel, InboxState
from css.xml import MessageHeader, find, read_errors, read_header, required
from orders.actions import place_order
from tests.partners.speaking import (
    AT,
    CLOCK,
    US,
    Scene,
    answers_to,
    codes,
    header,
    opened,
    orders_of,
    result,
    scene,
    send,
    stored,
    submit_order,
    told,
)
from tests.race import together

LATER = FixedClock(AT + timedelta(minutes=61))


@pytest.fixture
def conversation() -> Callable[..., MessageHeader]:
    """A header of one and the same conversation, with the number given."""
    of = header().conversation_id
    return lambda number, **others: header(conversation_id=of, sequence_no=number, **others)


def keep(engine: Engine, data: bytes, *, at: datetime = AT) -> Answer:
    """Received and not yet handled, as where lanes are drained beside."""
    return receive(engine, PARTNER, data, clock=FixedClock(at), own_party=US, handle=False)


def done_in_order(engine: Engine, *heads: MessageHeader) -> list[str]:
    """The ids of those that made an order, in the order in which they did."""
    with transaction(engine) as session:
        rows = session.execute(
            text("SELECT customer_reference FROM orders.customer_order WHERE customer_reference = ANY(:names) ORDER BY id"),
            {"names": [f"PO-{head.message_id}" for head in heads]},
        )
        return [reference.removeprefix("PO-") for (reference,) in rows]


def warnings(answer: Answer) -> list[str]:
    receipt = required(find(opened(answer.body), "Receipt"), "Receipt")
    return [error.code for error in read_errors(receipt) if error.severity == "WARNING"]


def test_what_comes_too_soon_is_warned_and_waits_for_the_missing_one(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    one, _, three, _ = heads = [conversation(number) for number in (1, 2, 3, 4)]
    data = {head.sequence_no: submit_order(district.account, site(), head=head) for head in heads}

    assert warnings(send(engine, data[1])) == []
    early = [send(engine, data[4]), send(engine, data[3])]

    assert [(answer.status, result(answer), warnings(answer)) for answer in early] == [(202, "RECEIVED", ["CSS538W"])] * 2
    assert "Numbers 2 to 3 of this conversation have not come" in early[0].body.decode()
    assert "Number 2 of this conversation has not come" in early[1].body.decode()
    assert done_in_order(engine, *heads) == [one.message_id]
    assert stored(engine, three.message_id).state is InboxState.RECEIVED
    assert send(engine, data[4]).status == 200, "the same bytes again are a duplicate, with the same warning"
    assert drain(engine, clock=CLOCK) == Drained()

    assert (send(engine, data[2]).status, done_in_order(engine, *heads)) == (202, [head.message_id for head in heads])


def test_unnumbered_messages_pass_those_that_wait(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    waits, passes = conversation(2), header()
    send(engine, submit_order(district.account, site(), head=waits))
    send(engine, submit_order(district.account, site(), head=passes))
    assert (len(orders_of(engine, waits.message_id)), len(orders_of(engine, passes.message_id))) == (0, 1)
    send(engine, submit_order(district.account, site(), head=conversation(1)))
    assert len(orders_of(engine, waits.message_id)) == 1


def test_a_number_that_another_message_has_is_refused_and_the_first_stands(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    first, second = conversation(1), conversation(1)
    send(engine, submit_order(district.account, site(), head=first))
    answer = send(engine, submit_order(district.account, site(), head=second))
    assert (answer.status, codes(answer.body)) == (409, [("CSS537E", "SubmitOrder/Header/SequenceNo")])
    assert "the first that has not come is 2" in answer.body.decode()
    assert orders_of(engine, second.message_id) == []
    again = submit_order(district.account, site(), head=header(message_id=second.message_id, sequence_no=1))
    assert send(engine, again).status == 202, "put right, it is taken under its own id"


@pytest.fixture
def come(session: Session, district: Scene, conversation: Callable[..., MessageHeader]) -> Callable[[int], tuple[int, str]]:
    """Receives one more message of the number given, undone: the status, and the sentence about its number."""
    partner = partner_of(session, PARTNER)

    def receipt_of(number: int) -> tuple[int, str]:
        data = submit_order(district.account, district.district.gold[0].address_key, head=conversation(number))
        answer = take_in(session, partner, data, at=AT, us=US, channel=Channel.HTTP).answer
        receipt = required(find(opened(answer.body), "Receipt"), "Receipt")
        errors = read_errors(receipt)
        assert [error.path for error in errors] in ([], ["SubmitOrder/Header/SequenceNo"])
        return int(answer.status), "".join(error.text for error in errors)

    return receipt_of


def test_what_is_missing_is_told_whole_wherever_it_lies(come: Callable[[int], tuple[int, str]]) -> None:
    rest = "this message waits for them."
    assert {number: come(number)[1] for number in (4, 999_999_999, 6, 1, 5, 3, 9, 2, 7, 8)} == {
        4: f"Numbers 1 to 3 of this conversation have not come; {rest}",
        999_999_999: f"999999997 numbers of this conversation from 1 to 999999998 have not come, 1 the first; {rest}",
        6: f"4 numbers of this conversation from 1 to 5 have not come, 1 the first; {rest}",
        1: "",
        5: f"Numbers 2 to 3 of this conversation have not come; {rest}",
        3: "Number 2 of this conversation has not come; this message waits for it.",
        9: f"3 numbers of this conversation from 2 to 8 have not come, 2 the first; {rest}",
        2: "",
        7: "",
        8: "",
    }


def test_the_highest_number_alone_is_answered_by_as_few_statements_as_the_first(
    session: Session, come: Callable[[int], tuple[int, str]]
) -> None:
    asked: list[str] = []
    event.listen(session.connection(), "before_cursor_execute", lambda _connection, _cursor, statement, *_: asked.append(statement))
    said = "Numbers 1 to 999999998 of this conversation have not come; this message waits for them."
    assert come(999_999_999) == (202, said)
    # What is missing, and the row that is stored.
    assert len(asked) == 2


def test_a_message_behind_many_that_wait_is_warned_too(come: Callable[[int], tuple[int, str]]) -> None:
    last = [come(number) for number in range(2, 105)][-1]
    assert last == (202, "Number 1 of this conversation has not come; this message waits for it.")


@pytest.mark.parametrize(("came", "missing"), [((4, 1), 2), ((4, 2), 1), ((1, 2, 3), 4), ((1, 2, 999_999_999), 3), ((1, 4), 2)])
@pytest.mark.parametrize("done", [False, True])
def test_of_a_number_that_is_taken_the_first_that_has_not_come_is_told(
    session: Session, come: Callable[[int], tuple[int, str]], came: tuple[int, ...], missing: int, *, done: bool
) -> None:
    for number in came:
        come(number)
    if done:
        session.execute(text("UPDATE partners.inbox_message SET state = 'done', handled_at = received_at WHERE sequence_no = 1"))
    said = f"Another message of this conversation has the number {came[-1]}; the first that has not come is {missing}."
    assert come(came[-1]) == (409, said)


def test_a_test_message_takes_no_number(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    for _ in range(2):
        assert send(engine, submit_order(district.account, site(), head=conversation(1, is_test=True))).status == 202
    real = conversation(1)
    answer = send(engine, submit_order(district.account, site(), head=real))
    assert (answer.status, warnings(answer), len(orders_of(engine, real.message_id))) == (202, [], 1)


def test_a_gap_that_is_never_filled_is_refused_in_words_and_both_may_come_again(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    lost, late = conversation(1), conversation(2)
    send(engine, submit_order(district.account, site(), head=late))
    assert drain(engine, clock=FixedClock(AT + timedelta(minutes=59))) == Drained(), "it has an hour"

    assert drain(engine, clock=LATER) == Drained(refused=1)

    (body,) = answers_to(engine, late.conversation_id)
    assert codes(body) == [("CSS539E", "SubmitOrder/Header/SequenceNo")]
    assert read_header(opened(body)).ref_to_message_id == late.message_id
    row = stored(engine, late.message_id)
    assert (row.state, row.outcome_code, row.sequence_no) == (InboxState.REFUSED, "CSS539E", None)
    again = conversation(2)
    for head in (lost, again):
        answer = send(engine, submit_order(district.account, site(), head=head))
        assert (answer.status, warnings(answer)) == (202, [])
    assert done_in_order(engine, lost, late, again) == [lost.message_id, again.message_id]


def test_a_refusal_by_rule_takes_its_number(
    engine: Engine, district: Scene, site: Callable[[], str], conversation: Callable[..., MessageHeader]
) -> None:
    refused, following = conversation(1), conversation(2)
    send(engine, submit_order(district.account, site(), head=refused, ProductCode="NO-SUCH"))
    send(engine, submit_order(district.account, site(), head=following))
    assert told(engine, refused.conversation_id) == ["ORDER_REJECTED", "ACKNOWLEDGED", "COMMITTED"]


def test_a_fault_of_ours_is_waited_for_by_the_next_number_and_by_nobody_else(
    engine: Engine,
    district: Scene,
    site: Callable[[], str],
    conversation: Callable[..., MessageHeader],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, following, other = conversation(1), conversation(2), header()
    failing = {broken.message_id}

    def place(session: object, command: object, **others: object) -> object:
        if getattr(command, "token", "") in failing:
            msg = "a fault of ours"
            raise RuntimeError(msg)
        return place_order(session, command, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(orders, "place_order", place)
    for head in (broken, following, other):
        send(engine, submit_order(district.account, site(), head=head))
    assert done_in_order(engine, broken, following, other) == [other.message_id]
    assert drain(engine, clock=LATER) == Drained(left=1), "the one before is here, so nothing is given up"

    failing.clear()
    assert drain(engine, clock=LATER) == Drained(done=2)
    assert done_in_order(engine, broken, following) == [broken.message_id, following.message_id]


def test_two_messages_with_one_number_at_once_are_one(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session)
    one = header(sequence_no=1)
    heads = [header(conversation_id=one.conversation_id, sequence_no=1) for _ in range(6)]
    sent = [submit_order(where.account, where.district.gold[0].address_key, head=head) for head in heads]
    answers = together(*[lambda data=data: keep(fresh_engine, data) for data in sent])
    assert sorted(answer.status for answer in answers if isinstance(answer, Answer)) == [202] + [409] * 5


def test_numbers_that_come_in_any_order_at_once_are_done_in_theirs(fresh_engine: Engine) -> None:
    with transaction(fresh_engine) as session:
        where = scene(session, sites=12)
        partner = partner_of(session, PARTNER)
    of = header().conversation_id
    heads = [header(conversation_id=of, sequence_no=number) for number in range(1, 9)]
    sent = [submit_order(where.account, where.district.gold[number].address_key, head=head) for number, head in enumerate(heads)]
    deeds = [lambda data=data: keep(fresh_engine, data) for data in sent[::-1]]
    walks = [lambda: work_lane(fresh_engine, partner, clock=CLOCK) for _ in range(2)]
    together(*deeds, *walks)
    drain(fresh_engine, clock=CLOCK)
    assert done_in_order(fresh_engine, *heads) == [head.message_id for head in heads]
