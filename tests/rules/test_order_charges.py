"""What an order of each kind leaves for billing: done, given up, visited in vain."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from css.core.money import Price
from css.core.words import ProductKind
from css.master.price_list import PRODUCTS
from orders.rules.charges import (
    CHARGES,
    Charge,
    Charged,
    Ordered,
    What,
    abortive_visit,
    cancellation_charges,
    completion_charges,
    fees_of,
    is_number_chosen,
    is_ours,
    lines_added,
    may_charge,
)
from orders.rules.problems import PROBLEMS
from orders.words import ItemAction, OrderKind, OrderState

ADD, REMOVE, KEEP = ItemAction.ADD, ItemAction.REMOVE, ItemAction.KEEP
LINE = Ordered("LINE-RES", ProductKind.LINE, ADD)
DISPLAY = Ordered("CALLER-DISPLAY", ProductKind.FEATURE, ADD)
PROMISED = date(2026, 3, 9)
BUILT = Price.of("45000.5")


def an_order(kind: OrderKind, *items: Ordered, **others: object) -> Charged:
    return replace(Charged(kind=kind, items=items), **others)  # type: ignore[arg-type]


def told(charges: tuple[Charge, ...]) -> list[tuple[str, str, int]]:
    return [(charge.what.value, charge.product_code, charge.quantity) for charge in charges]


def done(kind: OrderKind, *items: Ordered, **others: object) -> list[tuple[str, str, int]]:
    return told(completion_charges(an_order(kind, *items, **others)))


def given_up(
    kind: OrderKind = OrderKind.PROVIDE, *, on: date = PROMISED - timedelta(1), was: OrderState = OrderState.COMMITTED, **others: object
) -> list[tuple[str, str, int]]:
    flags = {name: bool(others.pop(name, False)) for name in ("is_ours", "is_built")}
    order = an_order(kind, LINE, DISPLAY, **others)
    promised = None if was is OrderState.ACKNOWLEDGED else PROMISED
    return told(cancellation_charges(order, was=was, promised_on=promised, on=on, **flags))


def test_every_kind_has_its_row_and_every_fee_is_on_the_price_list() -> None:
    assert set(CHARGES) == set(OrderKind)
    listed = {product.code: product for product in PRODUCTS}
    for code in {code for kind in OrderKind for code in fees_of(kind)}:
        assert listed[code].kind is ProductKind.ONE_OFF
        assert not listed[code].is_orderable
    assert all(kind in CHARGES and not may_charge(kind, None) for kind in (OrderKind.CEASE, OrderKind.CARE, OrderKind.BAR))


@pytest.mark.parametrize(
    ("kind", "owed"),
    [
        (OrderKind.PROVIDE, [("connection", "LINE-RES", 1), ("connection", "CALLER-DISPLAY", 1)]),
        (OrderKind.START, [("connection", "CALLER-DISPLAY", 1), ("fee", "FEE-START", 1)]),
        (OrderKind.TAKEOVER, [("connection", "CALLER-DISPLAY", 1), ("fee", "FEE-TAKEOVER", 1)]),
        (OrderKind.TRANSFER, [("fee", "FEE-TRANSFER", 1)]),
        (OrderKind.TRANSFER_WITH_CHANGES, [("connection", "CALLER-DISPLAY", 1), ("fee", "FEE-TRANSFER", 1)]),
        (OrderKind.PORT_IN, [("connection", "LINE-RES", 1), ("connection", "CALLER-DISPLAY", 1), ("fee", "FEE-PORT-IN", 1)]),
        (OrderKind.MOVE, [("fee", "FEE-MOVE", 1)]),
        (OrderKind.SHIFT, [("fee", "FEE-SHIFT", 1)]),
        (OrderKind.RENUMBER, [("fee", "FEE-RENUMBER", 1)]),
        (OrderKind.FEATURES, [("connection", "CALLER-DISPLAY", 1)]),
        (OrderKind.RESTORE, [("fee", "FEE-RESTORE", 1)]),
        *((kind, []) for kind in (OrderKind.PORT_OUT, OrderKind.CEASE, OrderKind.CARE, OrderKind.DIRECTORY)),
        *((kind, []) for kind in (OrderKind.LINES, OrderKind.CONVERT, OrderKind.BAR)),
    ],
)
def test_what_is_charged_when_it_is_done(kind: OrderKind, owed: list[tuple[str, str, int]]) -> None:
    assert done(kind, LINE, DISPLAY) == owed


def test_what_is_taken_off_or_kept_is_not_connected() -> None:
    assert done(OrderKind.FEATURES, replace(DISPLAY, action=REMOVE), replace(DISPLAY, product_code="CALL-WAITING", action=KEEP)) == []


def test_a_number_asked_for_by_its_digits_is_charged_where_there_is_a_choice() -> None:
    assert is_number_chosen(OrderKind.PROVIDE, "01632 960777", None)
    assert is_number_chosen(OrderKind.RENUMBER, "01632 960123", "01632 960777")
    assert not is_number_chosen(OrderKind.RENUMBER, "01632 960123", " ")
    assert not is_number_chosen(OrderKind.CEASE, "01632 960123", None)
    assert not is_number_chosen(OrderKind.PORT_IN, None, "01632 960777"), "it comes from another network: nobody chose it here"
    assert ("number", "FEE-NUMBER-CHOICE", 1) in done(OrderKind.RENUMBER, is_number_chosen=True)


def test_each_auxiliary_line_that_is_added_is_charged() -> None:
    def aux(action: ItemAction, quantity: int) -> Ordered:
        return Ordered("AUX-LINE", ProductKind.FEATURE, action, quantity)

    assert done(OrderKind.LINES, aux(REMOVE, 1), aux(ADD, 4)) == [("fee", "FEE-LINES", 3)]
    assert done(OrderKind.LINES, aux(REMOVE, 4), aux(ADD, 1)) == []
    assert lines_added([aux(ADD, 199)]) == 199


def test_excess_construction_has_the_price_planning_found() -> None:
    charges = completion_charges(an_order(OrderKind.PROVIDE, excess_price=BUILT))
    assert [(charge.what, charge.price) for charge in charges] == [(What.EXCESS, BUILT)]
    assert completion_charges(an_order(OrderKind.PROVIDE, excess_price=Price.of(0))) == ()
    assert may_charge(OrderKind.CEASE, BUILT)


def test_nothing_is_owed_before_a_promise() -> None:
    assert given_up(was=OrderState.ACKNOWLEDGED, excess_price=BUILT, is_built=True) == []


def test_giving_up_what_was_promised_costs_a_fee() -> None:
    assert given_up() == [("cancellation", "FEE-CANCEL", 1)]
    assert given_up(was=OrderState.HELD) == [("cancellation", "FEE-CANCEL", 1)]
    assert given_up(OrderKind.SHIFT) == [("cancellation", "FEE-CANCEL", 1)]


@pytest.mark.parametrize("late", [0, 1, 30])
def test_on_the_day_or_later_it_costs_what_doing_it_costs(late: int) -> None:
    on = PROMISED + timedelta(late)
    assert given_up(on=on) == [("connection", "LINE-RES", 1), ("connection", "CALLER-DISPLAY", 1)]
    assert given_up(OrderKind.RENUMBER, on=on, is_number_chosen=True) == [("fee", "FEE-RENUMBER", 1)], "nobody got the number chosen"


def test_what_was_built_is_owed_besides() -> None:
    assert given_up(excess_price=BUILT) == [("cancellation", "FEE-CANCEL", 1)]
    assert given_up(excess_price=BUILT, is_built=True) == [("cancellation", "FEE-CANCEL", 1), ("excess", "FEE-EXCESS", 1)]


def test_nothing_is_owed_where_we_could_not_keep_the_promise() -> None:
    assert given_up(on=PROMISED + timedelta(9), is_ours=True, is_built=True, excess_price=BUILT) == []
    assert is_ours(["NETWORK_ISSUE"])
    assert is_ours(["ACCESS_ISSUE", "SUPPLIER_FAULT"])
    assert not is_ours([None, *(code for code, problem in PROBLEMS.items() if problem.is_customers)])
    assert not is_ours([])


@pytest.mark.parametrize("kind", [OrderKind.CEASE, OrderKind.PORT_OUT, OrderKind.TRANSFER, OrderKind.FEATURES, OrderKind.BAR])
def test_staying_as_one_is_costs_nothing(kind: OrderKind) -> None:
    assert given_up(kind) == given_up(kind, on=PROMISED) == []


def test_keeping_lines_that_were_to_go_costs_nothing() -> None:
    def given_up(quantity: int) -> list[tuple[str, str, int]]:
        items = (Ordered("AUX-LINE", ProductKind.FEATURE, REMOVE, 4), Ordered("AUX-LINE", ProductKind.FEATURE, ADD, quantity))
        order = an_order(OrderKind.LINES, *items)
        before = PROMISED - timedelta(3)
        return told(cancellation_charges(order, was=OrderState.HELD, promised_on=PROMISED, on=before, is_ours=False, is_built=False))

    assert given_up(2) == []
    assert given_up(6) == [("cancellation", "FEE-CANCEL", 1)]


def test_nobody_pays_for_what_nobody_asked_for() -> None:
    unsolicited = an_order(OrderKind.CEASE, replace(LINE, action=REMOVE), is_unsolicited=True, excess_price=BUILT)
    assert completion_charges(unsolicited) == ()
    given_up = cancellation_charges(unsolicited, was=OrderState.HELD, promised_on=PROMISED, on=PROMISED, is_ours=False, is_built=True)
    assert given_up == ()


def test_a_visit_in_vain_is_a_visit() -> None:
    assert told((abortive_visit(),)) == [("visit", "VISIT", 1)]
