"""What is read out to a customer before an order is placed, for every kind of order, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from css.core.calendar import day_words
from css.core.money import ZERO, Money
from css.core.phone import display_number
from css.core.words import BarKind, DirectoryEntryKind, HalfDay, Segment
from css.quotes.effect import Amount, Effect
from orders.queries.cards import OrderCard
from orders.words import ItemAction, OrderKind, PlantOutcome

QUESTION: Final = "Do you agree to that?"
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DEAD: Final = "From that day nothing works on it, and emergency calls cannot be made from it either."
_LOSER: Final = "Whoever provides it until then is told and ends it that day; what they charge for that is between you and them."
_LISTED: Final = {
    DirectoryEntryKind.ORDINARY: "in the directory",
    DirectoryEntryKind.EX_DIRECTORY: "ex-directory: it is not printed, and nobody who asks for it is told",
    DirectoryEntryKind.NO_ENTRY_ENQUIRIES_ALLOWED: "left out of the printed directory, but whoever asks for it is told",
}
_BARS: Final = {
    BarKind.OUTGOING: "no calls can be made from it, but to the emergency services",
    BarKind.INCOMING: "no calls reach it",
    BarKind.OUT_OF_SERVICE: "it is out of service",
}


def script_of(effect: Effect, *, is_kept: bool = True) -> tuple[str, ...]:
    """The sentences, the last of them the question.

    Args:
        effect: the order.
        is_kept: the number is kept for it; of a quote it is not, so a number that nobody asked for is not told.
    """
    card = effect.card
    opening = OPENINGS[card.kind](effect)
    return (*opening, *_number(card, is_kept=is_kept), *_when(card), *_cost(effect), QUESTION)


def weekday_words(value: date) -> str:
    """``Thursday 5 March 2026``."""
    return f"{_WEEKDAYS[value.weekday()]} {day_words(value)}"


def said(amount: Amount, segment: Segment) -> str:
    """As prices are quoted to a segment: to homes with VAT, to others without."""
    if segment is Segment.RESIDENTIAL:
        return f"{amount.gross.sterling} including VAT"
    return f"{amount.net.sterling} before VAT, {amount.gross.sterling} with it"


def _products(effect: Effect, action: ItemAction) -> str:
    return ", ".join(item.product_name for item in effect.card.items if item.action is action)


def _place(card: OrderCard) -> str:
    return f"{card.premises} {card.street}, {card.postcode}"


def _line(card: OrderCard) -> str:
    """The number the line is known by now."""
    return display_number(card.old_number or card.number or "")


def _provide(effect: Effect) -> Iterator[str]:
    yield f"You are ordering {_products(effect, ItemAction.ADD)} at {_place(effect.card)}."


def _start(effect: Effect) -> Iterator[str]:
    yield f"The line at {_place(effect.card)} that is stopped is started for you, with {_products(effect, ItemAction.ADD)}."


def _takeover(effect: Effect) -> Iterator[str]:
    yield f"You are taking over the working line at {_place(effect.card)}, with {_products(effect, ItemAction.ADD)}."
    yield "Whoever has the line now is told that it goes, and may object until the day before."


def _transfer(effect: Effect) -> Iterator[str]:
    yield f"You are bringing {_line(effect.card)} at {_place(effect.card)} to us, with {_products(effect, ItemAction.ADD)}."
    yield _LOSER


def _port_in(effect: Effect) -> Iterator[str]:
    card = effect.card
    to = f"a new line at {_place(card)}" if card.plant_outcome else f"the line {_line(card)}"
    yield f"You are bringing the number {display_number(card.number or '')} from another network to {to}."
    if added := _products(effect, ItemAction.ADD):
        yield f"You are ordering {added} with it."
    yield _LOSER


def _port_out(effect: Effect) -> Iterator[str]:
    yield f"The number {_line(effect.card)} goes to another network and the line is ceased."
    yield "From that day nothing else works on the line, and emergency calls cannot be made from it."
    yield from _riding(effect)


def _riding(effect: Effect) -> Iterator[str]:
    """Whoever gives a line up may not think of the alarm that calls over it."""
    for item in effect.worth.items:
        if item.is_riding and item.action is ItemAction.REMOVE:
            yield f"{item.product_name} works over this line and stops with it."


def _move(effect: Effect) -> Iterator[str]:
    yield f"Your line {_line(effect.card)}, with everything on it, moves to {_place(effect.card)}."
    yield "From that day nothing works at the address you leave, and emergency calls cannot be made from there."


def _shift(effect: Effect) -> Iterator[str]:
    yield f"The socket of {_line(effect.card)} is moved within the premises at {_place(effect.card)}."


def _renumber(effect: Effect) -> Iterator[str]:
    yield f"The number of your line {_line(effect.card)} is changed. Whoever rings the old one does not reach you any more."


def _features(effect: Effect) -> Iterator[str]:
    added, taken = _products(effect, ItemAction.ADD), _products(effect, ItemAction.REMOVE)
    parts = [f"you get {added}" if added else "", f"{taken} is taken off" if taken else ""]
    yield f"On {_line(effect.card)} {' and '.join(part for part in parts if part)}."


def _care(effect: Effect) -> Iterator[str]:
    yield f"Faults of {_line(effect.card)} will be put right by care level {effect.card.care_level}."


def _directory(effect: Effect) -> Iterator[str]:
    card = effect.card
    if card.directory_kind is not None:
        yield f"{_line(card)} will be {_LISTED[card.directory_kind]}."
    elif card.directory_name:
        yield f"The entry of {_line(card)} in the directory is changed."
    else:
        yield f"What the emergency services are told of {_line(card)} is changed."
    if card.directory_name and card.directory_kind is not DirectoryEntryKind.EX_DIRECTORY:
        yield f"It will be listed as {card.directory_name}."
    if card.emergency_name:
        yield f"The emergency services will be told that {card.emergency_name} is there."


def _lines(effect: Effect) -> Iterator[str]:
    yield f"{_line(effect.card)} will have {effect.card.line_count} lines."


def _convert(effect: Effect) -> Iterator[str]:
    yield f"{_line(effect.card)} becomes a single line; its further lines are taken out."


def _cease(effect: Effect) -> Iterator[str]:
    card = effect.card
    day = card.target_on or card.required_on
    if card.reason_code == "LO":
        yield f"{_line(card)} goes to another occupant or another provider on {weekday_words(day)}."
    else:
        yield f"You are giving up {_line(card)} on {weekday_words(day)}."
    yield _DEAD
    yield from _riding(effect)


def _bar(effect: Effect) -> Iterator[str]:
    bar = effect.card.bar
    yield f"{_line(effect.card)} will be barred until what is owed is paid: {_BARS[bar] if bar else 'calls are barred'}."


def _restore(effect: Effect) -> Iterator[str]:
    yield f"Every bar for debt on {_line(effect.card)} will be lifted."


OPENINGS: Final[dict[OrderKind, Callable[[Effect], Iterator[str]]]] = {
    OrderKind.PROVIDE: _provide,
    OrderKind.START: _start,
    OrderKind.TAKEOVER: _takeover,
    OrderKind.TRANSFER: _transfer,
    OrderKind.TRANSFER_WITH_CHANGES: _transfer,
    OrderKind.PORT_IN: _port_in,
    OrderKind.PORT_OUT: _port_out,
    OrderKind.MOVE: _move,
    OrderKind.SHIFT: _shift,
    OrderKind.RENUMBER: _renumber,
    OrderKind.FEATURES: _features,
    OrderKind.CARE: _care,
    OrderKind.DIRECTORY: _directory,
    OrderKind.LINES: _lines,
    OrderKind.CONVERT: _convert,
    OrderKind.CEASE: _cease,
    OrderKind.BAR: _bar,
    OrderKind.RESTORE: _restore,
}
"""How what is read out begins, for each kind of order."""
_NUMBERED: Final = frozenset({OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.MOVE, OrderKind.RENUMBER})
"""Kinds after which the line may have another number than the customer knows."""


def _number(card: OrderCard, *, is_kept: bool) -> Iterator[str]:
    if card.kind not in _NUMBERED:
        return
    if card.number is None:
        yield "You will be given a number when it is done."
    elif is_kept:
        yield f"The number is {display_number(card.number)}."
    else:
        yield "You will be given a number when you order."


def _when(card: OrderCard) -> Iterator[str]:
    if card.committed_on is None:
        yield "Plant must be built first: when the site has been surveyed you are told the day, and what the building costs."
    elif card.kind is not OrderKind.CEASE:
        yield f"We promise it for {weekday_words(card.target_on or card.committed_on)}."
    if card.committed_on is not None and card.plant_outcome is PlantOutcome.BUILD and card.excess_price:
        yield "What the building costs is in what is charged once."
    if card.slot_on and card.half_day:
        half = "in the morning" if card.half_day is HalfDay.AM else "after one o’clock"
        yield f"An engineer comes on {weekday_words(card.slot_on)}, {half}."


def _cost(effect: Effect) -> Iterator[str]:
    once, monthly, segment = effect.once, effect.monthly, effect.segment
    rents = any(charge.monthly for charge in effect.charges)
    if effect.card.kind is OrderKind.PROVIDE and not once.gross:
        yield f"It costs {said(monthly, segment)} a month in advance, and nothing to be connected."
    elif once.gross and rents:
        yield f"It costs {said(once, segment)} once, and {_a_month(effect)}."
    elif once.gross:
        yield f"It costs {said(once, segment)} once."
    elif rents:
        yield f"It costs nothing once, and {_a_month(effect)}."
    elif effect.card.kind not in {OrderKind.CEASE, OrderKind.PORT_OUT}:
        yield "It costs nothing."
    if effect.later is not None and rents:
        yield f"From {day_words(effect.later.starts_on)} it is {_a_month_of(effect.later.monthly, segment)}."
    if effect.term_ends_on:
        yield f"It is for at least {effect.term_months} months, until {day_words(effect.term_ends_on)}; ending it sooner is charged for."
    if effect.early_end:
        yield f"The minimum term is not over: {said(effect.early_end, segment)} is charged for what is left of it."
    yield from _bill(effect)


def _a_month(effect: Effect) -> str:
    return _a_month_of(effect.monthly, effect.segment)


def _a_month_of(monthly: Amount, segment: Segment) -> str:
    if monthly.gross >= ZERO:
        return f"{said(monthly, segment)} a month in advance"
    return f"{said(Amount(-monthly.net, -monthly.gross), segment)} a month less than now"


def _bill(effect: Effect) -> Iterator[str]:
    first = effect.first
    if first is None:
        return
    what = f"Your final bill, of {day_words(first.bill_on)}," if first.is_final else f"Your bill of {day_words(first.bill_on)}"
    if first.gross < ZERO:
        yield f"{what} will have about {_unsigned(first.gross)} to your credit for it, and your calls."
    else:
        yield f"{what} will have about {first.gross.sterling} for it, and your calls."


def _unsigned(amount: Money) -> str:
    return (-amount if amount < ZERO else amount).sterling
