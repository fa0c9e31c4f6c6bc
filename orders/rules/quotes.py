"""How long a quote holds, whether an order is the one that was quoted, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from css.core.calendar import day_words
from css.core.errors import BadMessage, Breach
from css.core.money import Price, to_money
from css.core.phone import parse_number
from orders.commands.orders import PlaceOrder
from orders.commands.quotes import Told, ToldCharge, ToldItem

VALID_DAYS: Final = (
    # Long enough to talk it over, short enough that plant and prices are much the same. A choice of the house.
    (date(2009, 10, 1), 14),
)
"""From a date on, how many days after it was made a quote holds."""
QUOTED: Final = (
    *("product_codes", "remove_codes", "address_key", "number", "new_number", "keeps_number", "line_count", "network_code", "bar"),
    *("care_level", "reason_code", "excess_agreed", "required_on"),
)
"""The fields in which an order must be the one that was quoted, besides its kind and account."""


def valid_through(quoted_on: date) -> date:
    """The last day an order may be placed by a quote."""
    known = [(starts_on, days) for starts_on, days in VALID_DAYS if starts_on <= quoted_on]
    if not known:
        msg = f"no validity of quotes is known for {quoted_on}"
        raise Breach(msg)
    return quoted_on + timedelta(days=max(known)[1])


def differences(quoted: PlaceOrder, placed: PlaceOrder) -> tuple[str, ...]:
    """The fields in which an order is not the one that was quoted."""
    return tuple(name for name in QUOTED if _plain(quoted, name) != _plain(placed, name))


def _plain(command: PlaceOrder, name: str) -> object:
    """A field so that two ways to write the same are the same."""
    value = getattr(command, name)
    if name in {"number", "new_number"}:
        try:
            return parse_number(value or "")
        except BadMessage:
            return (value or "").strip()  # which is refused by itself
    if isinstance(value, tuple):
        return frozenset(value)
    return (value.strip().upper() or None) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """What holds of an order now, in the terms of a quote."""

    committed_on: date | None
    items: tuple[ToldItem, ...]
    charges: tuple[ToldCharge, ...]


def changes(told: Told, now: Holds) -> tuple[str, ...]:
    """What was told and holds no longer, in words; nothing where all of it holds."""
    return tuple(_changes(told, now))


def _changes(told: Told, now: Holds) -> Iterator[str]:
    if told.committed_on != now.committed_on:
        yield f"the day promised is {_day(now.committed_on)}, not {_day(told.committed_on)}"
    was, there = _rentals(told.items), _rentals(now.items)
    for key in sorted(was.keys() | there.keys()):
        if was.get(key) != there.get(key):
            yield f"{key[1]} is {_price(there.get(key))} a month, not {_price(was.get(key))}"
    owed, owing = _once(told.charges), _once(now.charges)
    for words in sorted(owed.keys() | owing.keys()):
        if owed.get(words) != owing.get(words):
            yield f"{words} is {_price(owing.get(words))}, not {_price(owed.get(words))}"


_Costs = tuple[int, Price | None]


def _rentals(items: Iterable[ToldItem]) -> dict[tuple[str, str], _Costs]:
    return {(item.action.value, item.product_code): (item.quantity, item.net_rental) for item in items}


def _once(charges: Iterable[ToldCharge]) -> dict[str, _Costs]:
    return {charge.words: (charge.quantity, charge.net_price) for charge in charges}


def _price(costs: _Costs | None) -> str:
    if costs is None:
        return "not in it"
    quantity, price = costs
    if price is None:
        return "nothing"
    each = f"{to_money(price).sterling} before VAT"
    return each if quantity == 1 else f"{quantity} at {each}"


def _day(value: date | None) -> str:
    return "not known yet" if value is None else day_words(value)
