"""An order as it would be written and what it costs: orders, the price list and the next bill put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.queries.first_bill import Begun, Ended, FirstBill, Once, bill_after
from billing.queries.first_bill import OrderWorth as BillWorth
from css.core.actor import Actor
from css.core.calendar import add_months
from css.core.errors import NotFound
from css.core.money import Price, to_money
from css.core.words import PriceKind, ProductKind
from css.master.products import Product, ProductPrice, seen_on
from css.quotes.effect import Amount, Charge, Effect, LaterPrice, together
from css.quotes.script import script_of
from orders.actions import place_order
from orders.commands.orders import OrderPlaced, PlaceOrder
from orders.queries.cards import order_card
from orders.queries.worth import OrderWorth, WorthItem, order_worth
from orders.rules.charges import What
from orders.rules.lifecycle import OPEN_STATES
from orders.words import ItemAction, OrderKind

_ENDING = frozenset({OrderKind.CEASE, OrderKind.PORT_OUT})
"""Everything on the line stops: what that saves a month is not told product by product."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedEffect(Effect):
    """An order, placed or only rehearsed, with the answer that placing it gave."""

    placed: OrderPlaced


def place_with_effect(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> PlacedEffect:
    """Place the order and read it back, so that what is shown is what was written."""
    placed = place_order(session, command, by=by, at=at)
    effect = order_effect(session, placed.order_number, by=by)
    return PlacedEffect(placed=placed, **{one.name: getattr(effect, one.name) for one in fields(Effect)})


def order_effect(session: Session, order_number: str, *, by: Actor) -> Effect:
    """What an open order will cost, and put on the bill of the account it is on, by what is known now.

    Of an unsolicited cease that is the losing account: what is left of its minimum term, and its last bill with us.

    Raises:
        NotFound: CSS202E, no such order, or another provider's. BadMessage: CSS052E to CSS055E.
    """
    card = order_card(session, order_number, by=by, with_stream=False)
    worth = order_worth(session, order_number, by=by)
    term = max((item.minimum_term_months for item in _begun(worth) if item.kind is ProductKind.LINE), default=0)
    effect = Effect(
        card=card,
        worth=worth,
        charges=tuple(_charges(worth)),
        term_months=term,
        term_ends_on=add_months(worth.on, term) if term else None,
        first=_first_bill(session, worth, by) if card.state in OPEN_STATES else None,
    )
    effect = replace(effect, later=_later_price(session, effect))
    return replace(effect, script=script_of(effect))


def _first_bill(session: Session, worth: OrderWorth, by: Actor) -> FirstBill | None:
    # What only goes on elsewhere is rented as before: the rent that is due with or without the order is none of its cost.
    begun = tuple(Begun(product_code=item.product_code, quantity=item.quantity, number=worth.number) for item in _begun(worth))
    ended = tuple(
        Ended(service_id=item.service_id, product_code=item.product_code, reason=worth.end_reason)
        for item in worth.items
        if item.service_id is not None and item.action is ItemAction.REMOVE
    )
    once = tuple(
        Once(
            product_code=charge.product_code,
            words=charge.words,
            quantity=charge.quantity,
            net_price=charge.net_price,
            vat_code=charge.vat_code,
        )
        for charge in worth.charges
    )
    if not (begun or ended or once):
        return None
    told = BillWorth(on=worth.on, begun=begun, ended=ended, once=once, order_number=worth.order_number)
    try:
        return bill_after(session, worth.account_number, told, by=by)
    except NotFound:
        # A price is missing: the order says what is wrong with that by itself.
        return None


def _later_price(session: Session, effect: Effect) -> LaterPrice | None:
    """The month by the next price list that is known: whoever agrees to a price is told when it will be another."""
    worth = effect.worth
    rented = {item.product_code for item in worth.items if item.action is not ItemAction.KEEP and item.net_rental is not None}
    if not rented or worth.kind in _ENDING:
        return None
    listed = (ProductPrice.kind == PriceKind.RENTAL, ProductPrice.segment == worth.segment, Product.code.in_(rented))
    changes = select(func.min(ProductPrice.starts_on)).join(Product, Product.id == ProductPrice.product_id)
    starts_on = session.execute(changes.where(*listed, ProductPrice.starts_on > worth.on)).scalar()
    if starts_on is None:
        return None
    prices = select(Product.code, ProductPrice.net_price, ProductPrice.gross_price).join(Product, Product.id == ProductPrice.product_id)
    found = {row.code: row for row in session.execute(prices.where(*listed, seen_on(starts_on)))}
    amounts = []
    for item in worth.items:
        if item.action is ItemAction.KEEP or item.product_code not in found:
            continue
        price = found[item.product_code]
        amount = _amount(price.net_price, price.gross_price, item.quantity)
        amounts.append(_less(amount) if item.action is ItemAction.REMOVE else amount)
    monthly = together(amounts)
    return None if monthly == effect.monthly else LaterPrice(starts_on, monthly)


def _begun(worth: OrderWorth) -> Iterable[WorthItem]:
    return (item for item in worth.items if item.action is ItemAction.ADD)


def _charges(worth: OrderWorth) -> Iterable[Charge]:
    connected = {charge.product_code: charge for charge in worth.charges if charge.what is What.CONNECTION}
    for item in worth.items:
        if item.action is ItemAction.KEEP or (item.action is ItemAction.REMOVE and worth.kind in _ENDING):
            continue
        name = item.product_name if item.quantity == 1 else f"{item.product_name}, {item.quantity} of it"
        if item.action is ItemAction.REMOVE:
            yield Charge(f"{name}, no more", _less(_amount(item.net_rental, item.gross_rental, item.quantity)), None)
            continue
        charge = connected.pop(item.product_code, None)
        once = None if charge is None else _amount(charge.net_price, charge.gross_price, charge.quantity)
        yield Charge(name, _amount(item.net_rental, item.gross_rental, item.quantity), once)
    for charge in worth.charges:
        if charge.what is not What.CONNECTION or charge.product_code in connected:
            words = charge.words if charge.quantity == 1 else f"{charge.words}, {charge.quantity} of them"
            yield Charge(words, None, _amount(charge.net_price, charge.gross_price, charge.quantity))


def _amount(net: Price | None, gross: Price | None, quantity: int) -> Amount | None:
    return None if net is None or gross is None else Amount(to_money(net * quantity), to_money(gross * quantity))


def _less(amount: Amount | None) -> Amount | None:
    return None if amount is None else Amount(-amount.net, -amount.gross)
