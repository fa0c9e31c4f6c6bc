"""What the pages of ``css.master.cards`` hold: a customer, an account, a line, as whoever serves them sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from css.core.words import (
    AddressMatch,
    BarKind,
    BillFrequency,
    BillMedium,
    ContactPointKind,
    CustomerKind,
    DirectoryEntryKind,
    LineState,
    PairState,
    PaymentMeans,
    ProductKind,
    Segment,
    VatStatus,
)


@dataclass(frozen=True, slots=True)
class ContactPointRow:
    """How the customer wishes to be reached."""

    kind: ContactPointKind
    value: str
    is_preferred: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as it is billed."""

    number: str
    district_code: str
    provider_code: str
    customer_number: str
    payer_customer_number: str | None
    """A third party who pays."""
    segment: Segment
    billing_name: str
    billing_address_lines: tuple[str, ...]
    billing_postcode: str
    cycle_day: int
    frequency: BillFrequency
    cycle_month_group: int
    payment_means: PaymentMeans
    vat_status: VatStatus
    vat_number: str | None
    medium: BillMedium
    email: str | None
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A product working on a line, or that did."""

    service_id: int
    product_code: str
    product_name: str
    kind: ProductKind
    quantity: int
    starts_on: date
    ends_on: date | None
    minimum_term_ends_on: date | None
    care_level: str | None
    order_number: str | None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of an account, with where it is, the number it answers to and what works on it."""

    line_id: int
    state: LineState
    account_number: str | None
    provider_code: str
    number: str | None
    """The last number given to it on this account; None while it is only planned."""
    starts_on: date
    ends_on: date | None
    address_key: str
    match: AddressMatch
    premises: str
    street: str
    town: str
    postcode: str
    directory_kind: DirectoryEntryKind | None
    directory_name: str | None
    emergency_name: str | None
    bars: tuple[BarKind, ...]
    """Bars for debt that are on."""
    auxiliary_lines: int
    """Of an installation of several lines: how many work beside the one with the number."""
    services: tuple[ServiceRow, ...]
    """The main one first. On a page of an account, those not yet over; on the line's own page, all."""


@dataclass(frozen=True, slots=True)
class PastLineRow:
    """A line the account had and has no more: only what was the account's own."""

    number: str | None
    product_code: str
    starts_on: date
    ends_on: date
    address_key: str
    postcode: str


@dataclass(frozen=True, slots=True)
class CustomerHead:
    """Who the customer is."""

    number: str
    district_code: str
    name: str
    kind: CustomerKind
    title: str | None
    first_name: str | None
    surname: str | None
    organisation_name: str | None
    company_number: str | None
    born_on: date | None
    language: str
    is_vulnerable: bool
    access_needs: str | None
    password_phrase: str | None
    """What the caller is asked; never shown to a partner."""
    created_at: datetime
    contact_points: tuple[ContactPointRow, ...]


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """The customer on one page."""

    customer: CustomerHead
    accounts: tuple[AccountRow, ...]
    line_count: int
    lines: tuple[LineRow, ...]
    past_lines: tuple[PastLineRow, ...]


@dataclass(frozen=True, slots=True)
class AccountCard:
    """The account on one page."""

    account: AccountRow
    customer: CustomerHead
    line_count: int
    lines: tuple[LineRow, ...]
    past_lines: tuple[PastLineRow, ...]


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number the line answered to."""

    number: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineCard:
    """The line on one page, with its wires and its history."""

    line: LineRow
    account: AccountRow | None
    customer: CustomerHead | None
    exchange_code: str
    exchange_name: str
    cabinet_code: str | None
    distribution_point_code: str | None
    pair_number: int | None
    pair_state: PairState | None
    numbers: tuple[NumberRow, ...]
    """Newest first."""
