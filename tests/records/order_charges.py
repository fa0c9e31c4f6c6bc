"""What orders should have left on billing's shelf, reckoned from how they stand in the end, by the rules and the price list alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row

from css.core.calendar import london_date
from css.core.money import Price
from css.core.words import MissCause, PriceKind, ProductKind
from orders.actions.complete import STARTS
from orders.rules.charges import Charge, Charged, Ordered, abortive_visit, cancellation_charges, completion_charges, is_ours
from orders.rules.problems import is_excused, promised_day
from orders.words import ItemAction, OrderKind, OrderState
from tests.records.order_asking import NATION, Life

_ORDERS: Final = """
    SELECT o.number, o.kind, o.state, o.required_on, o.committed_on, o.done_on, o.is_number_chosen, o.excess_price, o.caused_by_id,
           a.segment,
           ARRAY(SELECT (p.code, p.kind, i.action, i.quantity)::text FROM orders.order_item i
                   JOIN css.product p ON p.id = i.product_id WHERE i.order_id = o.id ORDER BY i.item_number) AS items,
           ARRAY(SELECT k.kind || ' ' || k.problem_code FROM orders.kci_event k
                  WHERE k.order_id = o.id AND k.problem_code IS NOT NULL) AS problems,
           (SELECT k.order_copy->>'state' FROM orders.kci_event k WHERE k.order_id = o.id ORDER BY k.sequence DESC OFFSET 1 LIMIT 1) AS was,
           (SELECT max(k.occurred_at) FROM orders.kci_event k WHERE k.order_id = o.id) AS last_at,
           EXISTS (SELECT FROM orders.order_task t WHERE t.order_id = o.id AND t.kind = 'plant' AND t.state = 'done') AS is_built
      FROM orders.customer_order o JOIN css.account a ON a.id = o.account_id"""
_PRICES: Final = """
    SELECT p.code, r.kind, r.segment, r.starts_on, r.ends_on, r.net_price FROM css.product_price r JOIN css.product p ON p.id = r.product_id
     WHERE r.kind IN ('connection', 'one-off')"""
_ITEMS: Final = """
    SELECT i.reference, split_part(i.source_key, '/', 3) AS what, p.code, i.quantity, i.net_price FROM css.billable_item i
      JOIN css.product p ON p.id = i.product_id WHERE i.source_key LIKE 'order/%'"""
_MISSED: Final = "SELECT number, reference, slot_on, miss_cause FROM css.appointment WHERE state = 'missed'"


def wrongly_charged(life: Life) -> list[str]:
    """Every charge and every failure that is there and should not be, or should be and is not."""
    prices, missed = life.rows(_PRICES), life.rows(_MISSED)
    owed: Counter[tuple[object, ...]] = Counter()
    failed = {f"order/{row.reference}/missed-appointment/{row.number}" for row in missed if MissCause(row.miss_cause).is_ours}
    for order in life.rows(_ORDERS):
        on, charges = _ended(order)
        visits = [row for row in missed if row.reference == order.number and not MissCause(row.miss_cause).is_ours]
        dated = [(charge, on) for charge in charges] + [(abortive_visit(), row.slot_on) for row in visits]
        owed.update(_priced(order, dated, prices))
        if _began_late(order):
            failed.add(f"order/{order.number}/delayed-start")
    items = life.rows(_ITEMS)
    left: Counter[tuple[object, ...]] = Counter(
        (row.reference, row.what.partition("-")[0], row.code, row.quantity, Price.of(row.net_price)) for row in items
    )
    told = {row.source_key for row in life.rows("SELECT source_key FROM css.service_failure WHERE source_key LIKE 'order/%'")}
    return (
        [f"not charged: {key}" for key in owed - left]
        + [f"charged: {key}" for key in left - owed]
        + [f"not told: {key}" for key in failed - told]
        + [f"no failure: {key}" for key in told - failed]
    )


def _ended(order: Row[Any]) -> tuple[date, tuple[Charge, ...]]:
    """The day an order was done or given up, and what it costs then."""
    charged = Charged(
        kind=OrderKind(order.kind),
        items=tuple(_item(text) for text in order.items),
        is_number_chosen=order.is_number_chosen,
        excess_price=None if order.excess_price is None else Price.of(order.excess_price),
        is_unsolicited=order.caused_by_id is not None,
    )
    on = order.done_on or london_date(order.last_at)
    if order.state == OrderState.COMPLETED:
        return on, completion_charges(charged)
    if order.state != OrderState.CANCELLED or order.committed_on is None:
        return on, ()
    put_off = [code for kind, code in _problems(order) if kind in {"DELAY", "REAPPOINTED"}]
    promised_on = max(order.committed_on, order.required_on)
    was = OrderState(order.was)
    ours = is_ours(put_off)
    return on, cancellation_charges(charged, was=was, promised_on=promised_on, on=on, is_ours=ours, is_built=order.is_built)


def _item(text: str) -> Ordered:
    code, kind, action, quantity = text.strip("()").split(",")
    return Ordered(code, ProductKind(kind), ItemAction(action), int(quantity))


def _problems(order: Row[Any]) -> list[tuple[str, str]]:
    return [(kind, code) for kind, _, code in (text.partition(" ") for text in order.problems)]


def _began_late(order: Row[Any]) -> bool:
    if order.state != OrderState.COMPLETED or OrderKind(order.kind) not in STARTS or order.committed_on is None:
        return False
    delays = [code for kind, code in _problems(order) if kind == "DELAY"]
    return order.done_on > promised_day(order.committed_on, order.required_on, NATION) and not is_excused(delays)


def _priced(order: Row[Any], dated: Sequence[tuple[Charge, date]], prices: Sequence[Row[Any]]) -> Iterator[tuple[object, ...]]:
    """The charges that have a price, each as it should stand on the shelf."""
    for charge, on in dated:
        price = charge.price or _listed(prices, charge.product_code, charge.price_kind, order.segment, on)
        if price is not None:
            yield (order.number, charge.what.value, charge.product_code, charge.quantity, price)


def _listed(prices: Sequence[Row[Any]], code: str, kind: PriceKind, segment: str, on: date) -> Price | None:
    wanted = (code, kind.value, segment)
    fitting = [row for row in prices if (row.code, row.kind, row.segment) == wanted and row.starts_on <= on]
    return next((Price.of(row.net_price) for row in fitting if row.ends_on is None or on < row.ends_on), None)
