"""What the header says of a message's age and of what answers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from css.db.engine import transaction
from css.handover import outbox_after
from css.master.reference import PARTNER
from css.partners.intake.handling import drain
from css.xml import read_header
from orders.actions import delay_order
from orders.commands.orders import DelayOrder
from tests import builders
from tests.partners.speaking import (
    AT,
    CLOCK,
    RIVAL,
    RIVAL_CODE,
    Scene,
    amendment,
    answers_to,
    cancellation,
    codes,
    header,
    opened,
    orders_of,
    outbox,
    result,
    said,
    send,
    stored,
    submit_order,
    takeover,
)

PATH = "SubmitOrder/Header/CreatedAt"


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (timedelta(days=35), None),
        (timedelta(days=35, seconds=1), "CSS535E"),
        (timedelta(minutes=-15), None),
        (timedelta(minutes=-15, seconds=-1), "CSS536E"),
    ],
)
def test_a_message_is_taken_while_it_is_not_too_old_nor_of_a_time_to_come(
    engine: Engine, district: Scene, site: Callable[[], str], age: timedelta, code: str | None
) -> None:
    head = header(created_at=AT - age)
    answer = send(engine, submit_order(district.account, site(), head=head))
    if code is None:
        assert (answer.status, len(orders_of(engine, head.message_id))) == (202, 1)
    else:
        assert (answer.status, codes(answer.body), orders_of(engine, head.message_id)) == (400, [(code, PATH)], [])


def test_how_old_is_too_old_is_the_partners_terms(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    data = submit_order(district.account, site(), head=header(created_at=AT - timedelta(days=3)))
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO partners.partner_terms (provider_id, way, messages_a_minute, at_once, replay_days, gap_minutes, row_version,"
                " changed_at) SELECT id, 'pull', 600, 8, 2, 60, 1, now() FROM css.provider WHERE code = :code"
            ),
            {"code": PARTNER},
        )
    assert codes(send(engine, data).body) == [("CSS535E", PATH)]
    with transaction(engine) as session:
        session.execute(text("UPDATE partners.partner_terms SET replay_days = 3"))
    assert send(engine, data).status == 202
    with transaction(engine) as session:
        session.execute(text("DELETE FROM partners.partner_terms"))


def test_what_was_received_in_time_is_a_duplicate_for_ever(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    data = submit_order(district.account, site(), head=header())
    send(engine, data)
    answer = send(engine, data, at=AT + timedelta(days=4000))
    assert (answer.status, result(answer)) == (200, "DUPLICATE")


def test_its_age_is_told_with_all_else_that_is_wrong(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header(created_at=AT - timedelta(days=40), receiver=RIVAL, schema_version="2.0")
    answer = send(engine, submit_order(district.account, site(), head=head))
    assert [code for code, _ in codes(answer.body)] == ["CSS551E", "CSS552E", "CSS535E"]


# What names the message it answers.


def refs(engine: Engine, conversation_id: str, provider_code: str = PARTNER) -> list[tuple[str, str | None]]:
    """Kind and RefToMessageId of each update of a conversation; the outbox's own column says the same."""
    with transaction(engine) as session:
        columns = session.execute(
            text("SELECT message_id::text AS message_id, ref_to_message_id FROM css.outbox_message WHERE conversation_id = :of"),
            {"of": conversation_id},
        )
        named = {row.message_id: row.ref_to_message_id for row in columns}
    found = []
    for body in answers_to(engine, conversation_id, provider_code):
        root = opened(body)
        head = read_header(root)
        assert named[head.message_id] == head.ref_to_message_id
        found.append((said(root, "Update/Kind"), head.ref_to_message_id))
    return found


def test_the_direct_results_of_a_message_name_it(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    placed = header()
    send(engine, submit_order(district.account, site(), head=placed))
    number = said(opened(answers_to(engine, placed.conversation_id)[0]), "Update/Order/OrderNumber")
    amended, cancelled, again = (header(conversation_id=placed.conversation_id) for _ in range(3))
    send(engine, amendment(number, ("VisitNotes", "Ring twice."), head=amended))
    send(engine, cancellation(number, ("Reason", "Not needed"), head=cancelled))
    send(engine, cancellation(number, ("Reason", "Not needed"), head=again))

    assert refs(engine, placed.conversation_id) == [
        ("ACKNOWLEDGED", placed.message_id),
        ("COMMITTED", placed.message_id),
        ("AMENDED", amended.message_id),
        ("CANCELLED", cancelled.message_id),
        ("CANCELLATION_REJECTED", again.message_id),
    ]


def test_what_a_message_causes_to_another_provider_names_nothing(engine: Engine, district: Scene) -> None:
    with transaction(engine) as session:
        rival = builders.account(session, district.district, provider_code=RIVAL_CODE)
        line = builders.working_line(session, district.district, rival)
    taking = header()
    send(engine, takeover(district.account, line.site.address_key, head=taking))

    assert [ref for _, ref in refs(engine, taking.conversation_id)] == [taking.message_id] * 2
    theirs = [root for root in outbox(engine, RIVAL_CODE) if said(root, "Update/Kind") == "CREATED"]
    assert [read_header(root).ref_to_message_id for root in theirs] == [None]


def test_what_one_of_us_does_later_names_nothing(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    placed = header()
    send(engine, submit_order(district.account, site(), head=placed))
    number = said(opened(answers_to(engine, placed.conversation_id)[0]), "Update/Order/OrderNumber")
    with transaction(engine) as session:
        delay_order(session, DelayOrder(order_number=number, problem_code="NETWORK_ISSUE", words="Snow"), by=builders.OPERATOR, at=AT)
    assert refs(engine, placed.conversation_id)[-1] == ("DELAY", None)


def test_an_answer_that_was_fetched_stays_as_it_was(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    data = submit_order(district.account, site(), head=head)
    send(engine, data)
    before = answers_to(engine, head.conversation_id)
    send(engine, data)
    drain(engine, clock=CLOCK)
    assert answers_to(engine, head.conversation_id) == before
    with transaction(engine) as session:
        assert outbox_after(session, PARTNER, 0, limit=1)
    assert stored(engine, head.message_id).outcome_code is None
