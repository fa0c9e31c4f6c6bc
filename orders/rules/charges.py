"""What an order leaves for billing: when it is done, when it is given up, and when somebody came in vain. Data, and the rules over it.

How much each thing costs stands on the price list, by the segment and the day it happens; only excess construction has the
price planning found. Rentals and broken minimum terms are no charges of orders: billing reckons them from the services.

| Given up | Owed |
| --- | --- |
| before it was promised, or because we could not keep the promise | nothing |
| once it was promised | the cancellation fee |
| on the day it was promised for, or a later one the customer asked for | what it costs when done, instead of that fee |
| once plant was built for it | excess construction besides |

What an order of debt treatment's costs is owed when it is done; giving up a cease or a change of what works costs nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from css.core.money import Price
from css.core.words import EndReason, PriceKind, ProductKind
from orders.rules.multiline import AUXILIARY_CODE
from orders.rules.problems import is_customers
from orders.words import CeaseReason, ItemAction, OrderKind, OrderState

NUMBER_CHOICE: Final = "FEE-NUMBER-CHOICE"
CANCELLATION: Final = "FEE-CANCEL"
EXCESS: Final = "FEE-EXCESS"
VISIT: Final = "VISIT"


class What(StrEnum):
    """What a charge is for; it stands in the source key, so that each is left once."""

    CONNECTION = "connection"
    FEE = "fee"
    NUMBER = "number"
    EXCESS = "excess"
    CANCELLATION = "cancellation"
    VISIT = "visit"


class Connects(StrEnum):
    """Of which products added the connection is charged."""

    ALL = "all"
    EXTRAS = "extras"
    """All but the line itself, which is there already."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCharges:
    """What one kind of order costs."""

    connects: Connects = Connects.NOTHING
    fee: str | None = None
    """A product of the price list, once for the order."""
    fee_each: str | None = None
    """The same for each auxiliary line that is added."""
    charges_number: bool = False
    """A number asked for by its digits is charged."""
    charges_cancelling: bool = False
    """Giving it up once it was promised costs: we have set out for it."""


CHARGES: Final[dict[OrderKind, KindCharges]] = {
    OrderKind.PROVIDE: KindCharges(connects=Connects.ALL, charges_number=True, charges_cancelling=True),
    OrderKind.START: KindCharges(connects=Connects.EXTRAS, fee="FEE-START", charges_number=True, charges_cancelling=True),
    OrderKind.TAKEOVER: KindCharges(connects=Connects.EXTRAS, fee="FEE-TAKEOVER", charges_number=True, charges_cancelling=True),
    OrderKind.TRANSFER: KindCharges(fee="FEE-TRANSFER"),
    OrderKind.TRANSFER_WITH_CHANGES: KindCharges(connects=Connects.EXTRAS, fee="FEE-TRANSFER"),
    OrderKind.PORT_IN: KindCharges(connects=Connects.ALL, fee="FEE-PORT-IN", charges_cancelling=True),
    OrderKind.PORT_OUT: KindCharges(),
    OrderKind.MOVE: KindCharges(fee="FEE-MOVE", charges_number=True, charges_cancelling=True),
    OrderKind.SHIFT: KindCharges(fee="FEE-SHIFT", charges_cancelling=True),
    OrderKind.RENUMBER: KindCharges(fee="FEE-RENUMBER", charges_number=True, charges_cancelling=True),
    OrderKind.FEATURES: KindCharges(connects=Connects.EXTRAS),
    OrderKind.CARE: KindCharges(),
    OrderKind.DIRECTORY: KindCharges(),
    OrderKind.LINES: KindCharges(fee_each="FEE-LINES", charges_cancelling=True),
    OrderKind.CONVERT: KindCharges(),
    OrderKind.CEASE: KindCharges(),
    OrderKind.BAR: KindCharges(),
    OrderKind.RESTORE: KindCharges(fee="FEE-RESTORE"),
}


_END_REASONS: Final = {
    CeaseReason.DECEASED: EndReason.DECEASED,
    CeaseReason.OUR_FAULT: EndReason.OUR_FAULT,
    CeaseReason.DEBT: EndReason.DEBT,
}
"""Why services end by why their line is given up; for every other reason they are simply ceased."""


def end_reason(reason_code: str | None) -> EndReason:
    """Why services end that end with their line, by why it is given up (a ``CeaseReason``, where one was said)."""
    return _END_REASONS.get(CeaseReason(reason_code), EndReason.CEASED) if reason_code else EndReason.CEASED


@dataclass(frozen=True, slots=True)
class Ordered:
    """An item of an order, as charges are chosen by it."""

    product_code: str
    kind: ProductKind
    action: ItemAction
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """An order, as charges are chosen by it."""

    kind: OrderKind
    items: tuple[Ordered, ...]
    is_number_chosen: bool = False
    excess_price: Price | None = None
    """Before VAT."""
    is_unsolicited: bool = False
    """Nobody asked for it: a cease that a takeover or transfer causes."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing to be charged."""

    what: What
    product_code: str
    price_kind: PriceKind
    quantity: int = 1
    price: Price | None = None
    """Before VAT, where it is not the price list's."""


def may_charge(kind: OrderKind, excess_price: Price | None) -> bool:
    """Whether an order of the kind can leave a charge when it is done: otherwise nobody need look."""
    return CHARGES[kind] != KindCharges() or bool(excess_price)


def fees_of(kind: OrderKind) -> frozenset[str]:
    """Every product an order of the kind may leave a charge for, besides those it adds."""
    rule = CHARGES[kind]
    return frozenset(code for code in (rule.fee, rule.fee_each) if code) | {NUMBER_CHOICE, CANCELLATION, EXCESS, VISIT}


def completion_charges(order: Charged) -> tuple[Charge, ...]:
    """What an order costs once, when it is done."""
    if order.is_unsolicited:
        return ()
    return (*_main_charges(order), *_number_choice(order), *_excess(order))


def cancellation_charges(
    order: Charged, *, was: OrderState, promised_on: date | None, on: date, is_ours: bool, is_built: bool
) -> tuple[Charge, ...]:
    """What is owed by whoever gives up an order.

    Args:
        order: the order.
        was: its state until then.
        promised_on: the day it was promised for, or a later one that the customer has asked for since.
        on: the business date it is given up on.
        is_ours: something that was not the customer's doing has put the promise off.
        is_built: plant was built for it.
    """
    if order.is_unsolicited or is_ours or was is OrderState.ACKNOWLEDGED or promised_on is None:
        return ()
    built = _excess(order) if is_built else ()
    work = tuple(_main_charges(order))
    if not CHARGES[order.kind].charges_cancelling or not work:
        return built  # where doing it costs nothing, as taking lines off does, giving it up costs nothing either
    fee = Charge(What.CANCELLATION, CANCELLATION, PriceKind.ONE_OFF)
    return (*(work if on >= promised_on else (fee,)), *built)


def abortive_visit() -> Charge:
    """What is owed when an engineer came as agreed and could not do the work for a reason of the customer's."""
    return Charge(What.VISIT, VISIT, PriceKind.ONE_OFF)


def is_ours(problem_codes: Collection[str | None]) -> bool:
    """Whether any of the problems that put an order off lay with us."""
    return any(code is not None and not is_customers(code) for code in problem_codes)


def is_number_chosen(kind: OrderKind, number: str | None, new_number: str | None) -> bool:
    """Whether an order asks by its digits for the number the line will have; one that comes from another network is no choice."""
    wanted = number if kind is OrderKind.PROVIDE else new_number
    return CHARGES[kind].charges_number and bool((wanted or "").strip())


def lines_added(items: Iterable[Ordered]) -> int:
    """By how many auxiliary lines the order grows the installation; 0 when it shrinks."""
    signs = {ItemAction.ADD: 1, ItemAction.REMOVE: -1}
    return max(0, sum(signs.get(item.action, 0) * item.quantity for item in items if item.product_code == AUXILIARY_CODE))


def _main_charges(order: Charged) -> Iterator[Charge]:
    """Connection and fee: what doing the work costs."""
    rule = CHARGES[order.kind]
    for item in order.items:
        is_main = item.kind is ProductKind.LINE
        if item.action is ItemAction.ADD and (rule.connects is Connects.ALL or (rule.connects is Connects.EXTRAS and not is_main)):
            yield Charge(What.CONNECTION, item.product_code, PriceKind.CONNECTION, item.quantity)
    if rule.fee:
        yield Charge(What.FEE, rule.fee, PriceKind.ONE_OFF)
    added = lines_added(order.items)
    if rule.fee_each and added:
        yield Charge(What.FEE, rule.fee_each, PriceKind.ONE_OFF, added)


def _number_choice(order: Charged) -> Iterator[Charge]:
    if CHARGES[order.kind].charges_number and order.is_number_chosen:
        yield Charge(What.NUMBER, NUMBER_CHOICE, PriceKind.ONE_OFF)


def _excess(order: Charged) -> tuple[Charge, ...]:
    if not order.excess_price:
        return ()
    return (Charge(What.EXCESS, EXCESS, PriceKind.ONE_OFF, price=order.excess_price),)
