"""Two who take requests at one moment, and one who orders on the line meanwhile: each request comes to one thing."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from css.core.errors import CssError
from css.core.words import BarKind, RequestKind
from css.db.engine import transaction
from css.handover import OrderRequest
from css.master.lines import LineBar
from orders.actions import place_order
from orders.actions.requests import take_order_requests
from orders.commands.orders import OrderPlaced
from orders.commands.requests import RequestsTaken, TakeOrderRequests
from orders.model import CustomerOrder
from orders.words import OrderKind, OrderState
from tests import builders
from tests.builders import AT, CLERK, BuiltLine
from tests.race import together
from tests.records.test_order_changes import a_change
from tests.records.test_order_requests import NIGHT, ask

TAKE = TakeOrderRequests(district_code="ZZ")


@pytest.fixture
def line(fresh_engine: Engine) -> BuiltLine:
    with transaction(fresh_engine) as session:
        zz = builders.district(session)
        made = builders.working_line(session, zz, builders.account(session, zz))
        ask(session, made, RequestKind.BAR, "debt/1/bar")
    return made


def test_two_nets_take_a_request_once(fresh_engine: Engine, line: BuiltLine) -> None:
    def take() -> RequestsTaken:
        with transaction(fresh_engine) as session:
            return take_order_requests(session, TAKE, by=NIGHT, at=AT)

    answers = together(take, take, take)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert sum(len(answer.order_numbers) for answer in answers if not isinstance(answer, Exception)) == 1
    with transaction(fresh_engine) as session:
        assert session.execute(select(CustomerOrder.kind)).scalars().all() == [OrderKind.BAR]
        assert session.execute(select(LineBar.kind).where(LineBar.line_id == line.id)).scalars().all() == [BarKind.OUTGOING]


def test_an_order_keyed_while_the_bar_is_taken_is_before_it_or_after_it(fresh_engine: Engine, line: BuiltLine) -> None:
    """Either the order is first and the bar waits for it, or the bar is on and the order stands beside what it did."""

    def take() -> RequestsTaken:
        with transaction(fresh_engine) as session:
            return take_order_requests(session, TAKE, by=NIGHT, at=AT)

    def change() -> OrderPlaced:
        with transaction(fresh_engine) as session:
            return place_order(session, a_change(line, product_codes=("CALL-SIGN",)), by=CLERK, at=AT)

    taken, placed = together(take, change)
    assert not isinstance(taken, Exception)
    with transaction(fresh_engine) as session:
        states = {order.kind: order.state for order in session.execute(select(CustomerOrder)).scalars()}
        request = session.execute(select(OrderRequest)).scalar_one()
    if isinstance(placed, Exception):
        assert isinstance(placed, CssError)
        assert states == {OrderKind.BAR: OrderState.COMPLETED}
    else:
        assert states[OrderKind.FEATURES] is OrderState.COMMITTED
        assert (request.taken_order_number is not None) == (states.get(OrderKind.BAR) is OrderState.COMPLETED)
