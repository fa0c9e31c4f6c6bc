"""What the explanation of a bill line is told from: rows as they lie in the books, nothing decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from billing.rules.vat import Tax
from billing.words import BenefitKind, BenefitScope, LineKind, TariffState
from css.core.money import Money, Percent, Price
from css.core.words import EndReason, PriceBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedPrice:
    """The price of a rental, a termination or a promotion."""

    price_id: int
    starts_on: date
    ends_on: date | None
    basis: PriceBasis
    net_price: Price
    gross_price: Price
    recorded_on: date | None = None
    """None for a price that stood on the list from the beginning."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLived:
    """The service, or the promotion, that a line is for."""

    starts_on: date
    start_recorded_on: date
    ends_on: date | None
    """As far as was recorded when the bill was cut."""
    end_recorded_on: date | None
    quantity: int
    order_number: str | None = None
    minimum_term_ends_on: date | None = None
    end_reason: EndReason | None = None
    """Why it ended, as far as was recorded when the bill was cut; None of what ended before reasons were kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mate:
    """A line under the same key: what was charged before, or the other line of a correction."""

    bill_number: str | None
    line_number: int
    is_on_this_bill: bool
    net: Money
    starts_on: date | None
    ends_on: date | None
    quantity: int
    unit: str
    unit_price: Price | None
    price_per: int


class ChangeKind(StrEnum):
    """What can be recorded that changes what should have been charged."""

    SERVICE_START = "service-start"
    SERVICE_END = "service-end"
    PRICE = "price"
    VAT_STATUS = "vat-status"
    VAT_RATE = "vat-rate"
    CYCLE = "cycle"
    PROMOTION_START = "promotion-start"
    PROMOTION_END = "promotion-end"
    BENEFIT_START = "benefit-start"
    BENEFIT_END = "benefit-end"
    FRIEND_START = "friend-start"
    FRIEND_END = "friend-end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something recorded between the last bill's cut and this one's."""

    kind: ChangeKind
    of_id: int
    """The service, product, account, promotion, benefit it is about."""
    from_on: date
    """From which day on it matters."""
    until_on: date | None = None
    """Up to but not including which day; None without an end."""
    recorded_on: date
    words: str
    """Its particulars: a price's reason, the new status, the order, the number named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemLived:
    """The item that an order, a repair or a tariff of fees left."""

    source_key: str
    quantity: int
    basis: PriceBasis
    net_price: Price
    gross_price: Price
    occurs_on: date
    business_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustmentMade:
    """A credit or a charge that somebody put on the account."""

    reason: str | None
    """None where the asker is not one of us."""
    made_by: str
    approved_by: str | None
    business_date: date
    occurs_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsKnown:
    """Of a charge that was credited by hand: what it comes to by now, and what of it was given and taken back."""

    charged: Money
    credited: Money
    """Positive."""
    taken_back: Money
    """Before this bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionGiven:
    """Who gave a credit, why, and until when."""

    starts_on: date
    ends_on: date
    ended_on: date | None
    given_by: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPriced:
    """Calls of a line that one price was charged for."""

    tariff_code: str | None
    """None where the price is no longer on file."""
    version: int | None
    state: TariffState | None
    starts_on: date | None
    ends_on: date | None
    basis: PriceBasis | None
    prefix: str
    destination: str
    price_words: str
    """Set-up and units: ``set-up 9.9p, 5.9p per 60 s``."""
    service_tariff: str | None
    """The tariff and version of the service charge, where there is one."""
    call_count: int
    duration_seconds: int
    units: int
    net: Price
    service_net: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSeen:
    """One of the dearest calls of a line."""

    record: str
    """As people name it: ``12/345``."""
    started_at: datetime
    other_number: str
    """As displayed."""
    destination: str
    duration_seconds: int
    net: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerated:
    """What one re-rating did to the calls of a line of corrections."""

    rerating_id: int
    done_on: date
    done_by: str | None
    reason: str | None
    call_count: int
    net: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBefore:
    """What a line that puts VAT right is about: calls or an item that bills before have taken."""

    net: Price
    """Exact, and of the sign of the line."""
    of: str | None = None
    """Of an item: the line that charged it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One call that something was taken off."""

    record: str
    """As people name it: ``12/345``."""
    on: date
    other_number: str
    """As displayed; empty where the payer wants no call seen."""
    duration_seconds: int
    sum: str
    """What is taken off, as a sum in pence."""
    words: str
    """Why: the minutes used and those left, or the percentage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountGiven:
    """What a benefit gave in a month."""

    code: str
    words: str
    kind: BenefitKind
    scope: BenefitScope
    month_starts_on: date
    month_ends_on: date
    terms: tuple[str, ...]
    """Its terms in sentences."""
    granted_seconds: int | None = None
    rolled_in_seconds: int | None = None
    used_seconds: int | None = None
    left_seconds: int | None = None
    covered: Sequence[Covered] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """A posted line and everything round it."""

    line_number: int
    kind: LineKind
    words: str
    number: str | None
    reference: str | None
    starts_on: date | None
    ends_on: date | None
    quantity: int
    unit: str
    unit_price: Price | None
    price_per: int
    duration_seconds: int | None
    net: Money
    tax: Tax
    cut: date
    """The last business date whose records are on the bill."""
    period_ends_on: date
    """Of the bill: what is charged from this day on is charged in advance."""
    service_id: int | None = None
    product_id: int | None = None
    product_name: str | None = None
    rental_period_starts_on: date | None = None
    promotion_id: int | None = None
    benefit_id: int | None = None
    price: DatedPrice | None = None
    service: ServiceLived | None = None
    mates: Sequence[Mate] = ()
    """Lines under the same key up to this bill, the oldest first, this one not among them."""
    changes: Sequence[Change] = ()
    """Everything recorded about the account since the last bill."""
    item: ItemLived | None = None
    adjustment: AdjustmentMade | None = None
    credited: str | None = None
    """Of an adjustment: the line it credits, in words."""
    credits: CreditsKnown | None = None
    """Of a line that takes credits back."""
    promotion: PromotionGiven | None = None
    calls: Sequence[CallsPriced] = ()
    dearest: Sequence[CallSeen] = ()
    reratings: Sequence[Rerated] = ()
    retaxed: TakenBefore | None = None
    """Of a line that puts VAT right."""
    discount: DiscountGiven | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VatFacts:
    """The VAT of a bill at one category and rate, and the lines it is reckoned from."""

    tax: Tax
    net: Money
    vat: Money
    lines: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedFacts:
    """What moved what is owed besides the invoice: a payment, a late fee, a compensation, a transfer."""

    words: str
    on: date
    amount: Money
    """Positive raises what is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFacts:
    """A bill's own figures."""

    brought_forward: Money
    payments_received: Money
    outside_total: Money
    invoice_net: Money
    invoice_vat: Money
    invoice_gross: Money
    amount_due: Money
    vat: Sequence[VatFacts]
    payments: Sequence[OwedFacts] = field(default=())
    outside: Sequence[OwedFacts] = field(default=())
    line_nets: Sequence[tuple[int, Money]] = field(default=())


__all__ = [
    "AdjustmentMade",
    "BillFacts",
    "CallSeen",
    "CallsPriced",
    "Change",
    "ChangeKind",
    "Covered",
    "DatedPrice",
    "DiscountGiven",
    "ItemLived",
    "LineFacts",
    "Mate",
    "OwedFacts",
    "Percent",
    "PromotionGiven",
    "Rerated",
    "ServiceLived",
    "TakenBefore",
    "VatFacts",
]
