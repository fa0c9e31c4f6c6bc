"""What can be asked of billing about prices, rates of VAT and how an account is billed; and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.core.money import Percent, Price
from css.core.words import BillFrequency, BillMedium, Itemisation, PaymentMeans, PriceBasis, PriceKind, Segment, VatCode, VatStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SetProductPrice:
    """A new price of a product from a date on, which may lie in the past."""

    token: str = ""
    product_code: str
    kind: PriceKind = PriceKind.RENTAL
    segment: Segment
    price: Price
    """As published: with VAT in it or without, as ``basis`` says."""
    basis: PriceBasis | None = None
    """None for as the price before it was published; of a first price homes see gross ones, the others net ones."""
    starts_on: date
    ends_on: date | None = None
    """The first day it is not the price any more; None for until the next price on file begins."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLaid:
    """One row of the price list as it was recorded; a price is cut where the rate of VAT changes."""

    starts_on: date
    ends_on: date | None
    net_price: Price
    gross_price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPriceSet:
    """A price recorded."""

    product_code: str
    kind: PriceKind
    segment: Segment
    recorded_on: date
    """The first night that bills by it is this business date's."""
    rows: tuple[PriceLaid, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceVatRate:
    """A new rate of VAT from a day that is still to come."""

    token: str = ""
    code: VatCode
    percent: Percent
    starts_on: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRateAnnounced:
    """A rate recorded."""

    code: VatCode
    percent: Percent
    starts_on: date
    ends_on: date | None
    """Where a rate announced before begins; none while no end is known."""
    recorded_on: date
    prices: int
    """How many prices have new figures from that day on: of a gross price the net one, of a net price the gross one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVatStatus:
    """How supplies to an account are taxed, from a day on, which may lie in the past."""

    token: str = ""
    account_number: str
    vat_status: VatStatus
    vat_number: str | None = None
    """None leaves it as it is."""
    starts_on: date | None = None
    """None for the business date; never after it."""
    reason: str
    row_version: int | None = None
    """As last seen; None takes the account as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VatStatusSet:
    """How the account is taxed now."""

    account_number: str
    vat_status: VatStatus
    vat_number: str | None
    starts_on: date
    recorded_on: date
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCycle:
    """When an account's bills come, once what is charged already has run out."""

    token: str = ""
    account_number: str
    cycle_day: int
    frequency: BillFrequency
    cycle_month_group: int = 1
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleChanged:
    """How the account's bills come round from now on."""

    account_number: str
    cycle_day: int
    frequency: BillFrequency
    cycle_month_group: int
    starts_on: date
    """Up to here it is charged by its old cycle."""
    next_bill_on: date
    """The first date of the new one: that bill charges the days from ``starts_on``, and the period after them in advance."""
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBilling:
    """Where an account's bills go, how they look and how they are paid. None leaves a field as it is, an empty text empties it."""

    token: str = ""
    account_number: str
    billing_name: str | None = None
    billing_address_lines: tuple[str, ...] | None = None
    billing_postcode: str | None = None
    medium: BillMedium | None = None
    email: str | None = None
    endpoint: str | None = None
    itemisation: Itemisation | None = None
    payment_means: PaymentMeans | None = None
    mandate_reference: str | None = None
    row_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingChanged:
    """How the account is billed now; a bill already calculated goes out as it was."""

    account_number: str
    billing_name: str
    billing_address_lines: tuple[str, ...]
    billing_postcode: str
    medium: BillMedium
    email: str | None
    endpoint: str | None
    itemisation: Itemisation
    payment_means: PaymentMeans
    mandate_reference: str | None
    row_version: int
