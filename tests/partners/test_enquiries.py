"""Questions of a partner about its orders and lines, and about plant: asked in both ways, and nothing of anybody else's told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from css.db.engine import transaction
from css.master.reference import PARTNER
from css.xml import Element, MessageHeader, add, add_header, check, children, document, read_errors, read_text, to_bytes
from css.xml import find as found
from tests import builders
from tests.partners.asking import answer_of, ask, codes_of, enquiry
from tests.partners.speaking import (
    AT,
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
)


@pytest.fixture
def order(engine: Engine, district: Scene, site: Callable[[], str]) -> str:
    """The number of an order of Brackwater's, placed by the first version."""
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    (number,) = orders_of(engine, head.message_id)
    return number


def test_an_order_is_told_in_full_with_its_events(engine: Engine, order: str) -> None:
    answer = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=order)))

    assert said(answer, "Order/OrderNumber") == order
    assert (said(answer, "Order/Kind"), said(answer, "Order/State")) == ("PROVIDE", "COMMITTED")
    assert [read_text(event, "Kind") for event in children(answer, "Events/Event")] == ["ACKNOWLEDGED", "COMMITTED"]
    assert said(answer, "AnsweredAt") == "2026-03-02T10:00:00Z"


def test_an_order_is_found_by_the_partners_own_reference(engine: Engine, district: Scene, site: Callable[[], str]) -> None:
    head = header()
    send(engine, submit_order(district.account, site(), head=head))
    answer = answer_of(ask(engine, enquiry("QueryOrder", CustomerReference=f"PO-{head.message_id}")))
    assert [said(answer, "Order/OrderNumber")] == orders_of(engine, head.message_id)


def test_a_question_sent_as_a_message_is_answered_in_the_outbox(engine: Engine, order: str) -> None:
    head = replace(header(), message_type="QueryOrder")
    assert result(send(engine, enquiry("QueryOrder", OrderNumber=order, head=head))) == "RECEIVED"
    (body,) = answers_to(engine, head.conversation_id)
    root = opened(body)
    assert said(root, "Header/RefToMessageId") == head.message_id
    assert said(root, "Answer/Order/OrderNumber") == order
    assert stored(engine, head.message_id).state.value == "done"
