"""What can be asked of the master files, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.core.money import ZERO, Money
from css.core.words import BillFrequency, BillMedium, ContactPointKind, CustomerKind, NationCode, PaymentMeans, Role, Segment, VatStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDistrict:
    """A new district, with the business date it starts on."""

    token: str = ""
    code: str
    name: str
    nation: NationCode
    business_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class AddProvider:
    """A communications provider."""

    token: str = ""
    code: str
    name: str
    party_id: str
    is_own_retail: bool = False
    address_lines: tuple[str, ...]
    postcode: str
    vat_number: str | None = None
    endpoint: str | None = None
    wholesale_tariff_code: str | None = None
    """The tariff by which it is charged for the calls of its lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetWholesaleTariff:
    """By which tariff a provider is charged for the calls of its lines."""

    token: str = ""
    provider_code: str
    wholesale_tariff_code: str | None = None
    """None ends the agreement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOperator:
    """A person who may sign on."""

    token: str = ""
    code: str
    name: str
    team: str
    password: str
    roles: tuple[Role, ...]
    credit_limit: Money = ZERO
    """The largest credit this operator may give without a second person."""
    must_change_password: bool = False
    """Whether the first sign-on asks for a password that nobody else knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCreditLimit:
    """How much an operator may credit without a second person."""

    token: str = ""
    operator_code: str
    credit_limit: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachAt:
    """A telephone number or e-mail address."""

    kind: ContactPointKind
    value: str
    is_preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCustomer:
    """A person (surname) or an organisation (organisation_name)."""

    token: str = ""
    district_code: str
    kind: CustomerKind
    title: str | None = None
    first_name: str | None = None
    surname: str | None = None
    organisation_name: str | None = None
    company_number: str | None = None
    born_on: date | None = None
    language: str = "en"
    """In which they wish to be written to."""
    is_vulnerable: bool = False
    access_needs: str | None = None
    password_phrase: str | None = None
    may_market: bool | None = None
    """Whether they agreed to be told of offers; None when they were not asked."""
    reach_at: tuple[ReachAt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """How an account is to be billed."""

    provider_code: str
    payer_customer_number: str | None = None
    segment: Segment
    billing_name: str
    billing_address_lines: tuple[str, ...]
    billing_postcode: str
    cycle_day: int
    frequency: BillFrequency
    cycle_month_group: int = 1
    payment_means: PaymentMeans = PaymentMeans.ON_DEMAND
    mandate_reference: str | None = None
    vat_status: VatStatus = VatStatus.STANDARD
    vat_number: str | None = None
    medium: BillMedium = BillMedium.PAPER
    email: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount(NewAccount):
    """An account for a customer with a provider."""

    token: str = ""
    customer_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOnCustomer:
    """A new customer with their first account."""

    token: str = ""
    customer: AddCustomer
    account: NewAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The number or code people will use for it."""

    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOn:
    """The numbers of a new customer and of the account."""

    customer_number: str
    account_number: str
