"""What an order would be and cost, before it is placed: as the room would write it, the price list, the first bill, the script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from billing.queries.first_bill import FirstBill, first_bill
from css.core.actor import Actor
from css.core.calendar import add_months
from css.core.errors import NotFound
from css.core.money import ZERO, Money, to_money
from css.core.phone import display_number
from css.core.words import PriceKind, ProductKind, Segment
from css.master.cards import account_card
from css.master.queries import PriceOn, ProductRow, products
from css.web.filters import day, weekday
from orders.actions import place_order
from orders.commands import OrderPlaced, PlaceOrder
from orders.queries import OrderCard, order_card
from orders.words import ItemAction, OrderKind


@dataclass(frozen=True, slots=True)
class Amount:
    """A price before and after VAT, each to the penny."""

    net: Money
    gross: Money


@dataclass(frozen=True, slots=True)
class Charge:
    """What one product of an order costs, by the price list of the date it is promised for."""

    product: str
    monthly: Amount | None
    once: Amount | None


@dataclass(frozen=True, slots=True)
class Effect:
    """An order as it stands, placed or only rehearsed."""

    placed: OrderPlaced
    card: OrderCard
    segment: Segment
    charges: tuple[Charge, ...]
    term_months: int
    term_ends_on: date | None
    """The first day after the minimum term, were it done as promised."""
    first: FirstBill | None
    """What it adds to the first bill; None of a cease."""

    @property
    def monthly(self) -> Amount:
        return _together(charge.monthly for charge in self.charges)

    @property
    def once(self) -> Amount:
        return _together(charge.once for charge in self.charges)

    @property
    def script(self) -> tuple[str, ...]:
        """What is read out to the customer before F6, sentence by sentence; the last is the question."""
        return _script_of_provide(self) if self.card.kind is OrderKind.PROVIDE else _script_of_cease(self)


def place_with_effect(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> Effect:
    """Place the order and read it back, so that what is shown is what the room wrote."""
    placed = place_order(session, command, by=by, at=at)
    card = order_card(session, placed.order_number, by=by)
    segment = account_card(session, command.account_number, by=by, lines=1).account.segment
    on = placed.committed_on or command.required_on
    priced = {row.code: row for row in products(session, segment, on)}
    added = [priced[item.product_code] for item in card.items if item.action is ItemAction.ADD and item.product_code in priced]
    term = max((row.minimum_term_months for row in added if row.kind is ProductKind.LINE), default=0)
    return Effect(
        placed,
        card,
        segment,
        tuple(_charge(row) for row in added),
        term,
        add_months(on, term) if term else None,
        _first_bill(session, command.account_number, [row.code for row in added], on, by) if added else None,
    )


def _first_bill(session: Session, account_number: str, codes: list[str], on: date, by: Actor) -> FirstBill | None:
    """None where a price is missing: the order says what is wrong with that by itself."""
    try:
        return first_bill(session, account_number, codes, on, by=by)
    except NotFound:
        return None


def _charge(row: ProductRow) -> Charge:
    rental = next((price for price in row.prices if price.kind is PriceKind.RENTAL), None)
    once = next((price for price in row.prices if price.kind is PriceKind.CONNECTION), None)
    return Charge(row.name, _amount(rental), _amount(once))


def _amount(price: PriceOn | None) -> Amount | None:
    return None if price is None else Amount(to_money(price.net_price), to_money(price.gross_price))


def _together(amounts: Iterable[Amount | None]) -> Amount:
    found = [one for one in amounts if one is not None]
    return Amount(sum((one.net for one in found), start=ZERO), sum((one.gross for one in found), start=ZERO))


def _said(amount: Amount, segment: Segment) -> str:
    """As prices are quoted to a segment: to homes with VAT, to others without."""
    if segment is Segment.RESIDENTIAL:
        return f"{amount.gross.sterling} including VAT"
    return f"{amount.net.sterling} before VAT, {amount.gross.sterling} with it"


def _script_of_provide(effect: Effect) -> tuple[str, ...]:
    card, placed = effect.card, effect.placed
    what = ", ".join(item.product_name for item in card.items)
    number = f"The number is {display_number(placed.number)}." if placed.number else "You will be given a number when it is done."
    said = [f"You are ordering {what} at {card.premises} {card.street}, {card.postcode}.", number]
    said.append(f"We promise it for {weekday(placed.committed_on)}.")
    if card.slot_on and card.half_day:
        said.append(
            f"An engineer comes on {weekday(card.slot_on)}, {'in the morning' if card.half_day.value == 'AM' else 'after one o’clock'}."
        )
    if effect.once.gross:
        said.append(f"It costs {_said(effect.once, effect.segment)} once, and {_said(effect.monthly, effect.segment)} a month in advance.")
    else:
        said.append(f"It costs {_said(effect.monthly, effect.segment)} a month in advance, and nothing to be connected.")
    if effect.term_ends_on:
        said.append(f"It is for at least {effect.term_months} months, until {day(effect.term_ends_on)}; ending it sooner is charged for.")
    if effect.first:
        said.append(f"Your bill of {day(effect.first.bill_on)} will have about {effect.first.gross.sterling} for it, and your calls.")
    return (*said, "Do you agree to that?")


def _script_of_cease(effect: Effect) -> tuple[str, ...]:
    placed = effect.placed
    return (
        f"You are giving up {display_number(placed.number or '')} on {weekday(placed.committed_on)}.",
        "From that day nothing works on it, and emergency calls cannot be made from it either.",
        "Rent paid beyond that day comes back on your next bill. If the minimum term is not over, the months left of it are charged.",
        "Do you agree to that?",
    )
