"""Orders of every kind, and what they leave on lines, are told in answers that are valid, while they are open and after they are done."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from css.db.engine import transaction
from css.xml import children, read_header, read_message
from orders.messages.version2 import code_of
from orders.rules.kinds import KINDS
from tests.partners.asking import answer_of, ask, codes_of, enquiry
from tests.partners.speaking import header, orders_of, said, send
from tests.partners.test_every_kind_by_message import NEXT_ON, WANTED, Asking, complete, message

DONE_AT = datetime(2026, 3, 24, 10, tzinfo=UTC)


def placed_by(engine: Engine, data: bytes) -> str:
    send(engine, data)
    (number,) = orders_of(engine, read_header(read_message(data)).message_id)
    return number


def test_orders_of_every_kind_and_their_lines_are_told(fresh_engine: Engine) -> None:
    engine = fresh_engine
    with transaction(engine) as session:
        it = Asking(session)
        parts = {kind: wants(it) for kind, wants in WANTED.items()}
    placed = {kind: placed_by(engine, message(kind, it.account.number, parts[kind], NEXT_ON)) for kind in WANTED}

    listed = answer_of(ask(engine, enquiry("ListMyOpenOrders", Limit="1000")))
    assert {said(row, "OrderNumber"): said(row, "Kind") for row in children(listed, "OpenOrders/OpenOrder")} == {
        number: code_of(kind) for kind, number in placed.items()
    }
    for kind, number in placed.items():
        snapshot = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=number)))
        assert (said(snapshot, "Order/Kind"), said(snapshot, "Order/State")) == (code_of(kind), "COMMITTED")
        offered = ask(engine, enquiry("AppointmentQuery", OrderNumber=number))
        if "appointment" in KINDS[kind].may:
            assert said(answer_of(offered), "Offer/OrderNumber") == number
        else:
            assert codes_of(offered) == [("CSS532E", "AppointmentQuery/Query/OrderNumber")], kind

    complete(engine, placed, NEXT_ON)
    none_left = answer_of(ask(engine, enquiry("ListMyOpenOrders", head=header(created_at=DONE_AT)), at=DONE_AT))
    assert (said(none_left, "Count"), said(none_left, "Last")) == ("0", "true")
    for number in placed.values():
        snapshot = answer_of(ask(engine, enquiry("QueryOrder", OrderNumber=number, head=header(created_at=DONE_AT)), at=DONE_AT))
        assert said(snapshot, "Order/State") == "COMPLETED"
        assert [said(event, "Kind") for event in children(snapshot, "Events/Event")] == ["ACKNOWLEDGED", "COMMITTED", "COMPLETED"]
        assert codes_of(ask(engine, enquiry("AppointmentQuery", OrderNumber=number)))[0][0] == "CSS532E"
    lines = answer_of(ask(engine, enquiry("ListMyLines", Limit="1000", head=header(created_at=DONE_AT)), at=DONE_AT))
    told = list(children(lines, "Lines/Line"))
    assert "3" in [said(line, "LineCount") for line in told]
    assert not [line for line in told if said(line, "OpenOrder")]
