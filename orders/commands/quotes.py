"""What can be asked of quotes, and what a quote tells: what an order would cost and when it could be had, before it is placed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.core.money import Money, Price
from css.core.words import HalfDay
from orders.commands.orders import PlaceOrder
from orders.words import ItemAction, OrderKind, PlantOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteOrder:
    """Say what an order would cost and when it could be had. Nothing is kept for it but what was told."""

    token: str = ""
    """Chosen by the asker; a repeat of it gets the first answer."""
    order: PlaceOrder
    """The order as it would be placed; a token, a quote or a reference in it is left out of account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentQuote:
    """Somebody agreed to what a quote told."""

    token: str = ""
    quote_number: str
    consented_by: str
    """Who, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldItem:
    """A product of an order, with what a month of one of it costs."""

    action: ItemAction
    product_code: str
    product_name: str
    quantity: int
    net_rental: Price | None
    """None where it costs nothing a month."""
    gross_rental: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCharge:
    """Something charged once."""

    product_code: str
    words: str
    quantity: int
    net_price: Price
    """For one."""
    gross_price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldLine:
    """A line of the first bill as it was estimated."""

    words: str
    starts_on: date
    ends_on: date
    """Exclusive."""
    net: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldBill:
    """What the order puts on the first bill after it; calls, and whatever else is on that bill, come on top."""

    bill_on: date
    charged_to: date
    """Up to which day rentals are on it, exclusive."""
    lines: tuple[ToldLine, ...]
    net: Money
    gross: Money
    is_final: bool
    """Nothing of the account works any more after it."""
    early_net: Money
    """Of it what is left of minimum terms that are broken."""
    early_gross: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """All that was told of an order."""

    number: str | None
    """The telephone number asked for, or that the line keeps; one the house would choose is not kept by a quote."""
    plant_outcome: PlantOutcome | None
    required_on: date
    earliest_on: date | None
    """The first day it could be had; None for a district without a calendar."""
    committed_on: date | None
    """The day that would be promised; None where planning must look first."""
    slot_on: date | None
    half_day: HalfDay | None
    term_months: int
    """The minimum term that begins; 0 for none."""
    term_ends_on: date | None
    items: tuple[ToldItem, ...]
    charges: tuple[ToldCharge, ...]
    monthly_net: Money
    """What a month costs more than before; less than nothing where it costs less."""
    monthly_gross: Money
    once_net: Money
    once_gross: Money
    first_bill: ToldBill | None
    script: tuple[str, ...]
    """The words read out; the last sentence is the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderQuoted:
    """The answer: the quote's number, how long it holds, and what it tells."""

    quote_number: str
    kind: OrderKind
    account_number: str
    valid_through: date
    """The last day an order may be placed by it."""
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteConsented:
    """The answer: who agreed, and when."""

    quote_number: str
    consented_by: str
    consented_at: datetime
    valid_through: date
