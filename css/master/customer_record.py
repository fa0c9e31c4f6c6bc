"""A customer as they are changed: every field that can be, with the versions that keep one change from undoing another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.errors import NotFound
from css.core.ids import IdKind, expect_id
from css.core.words import BillMedium, CustomerKind, Itemisation, PaymentMeans, Segment
from css.master.accounts import Account
from css.master.card_rows import ContactPointRow
from css.master.customer_fields import require_staff
from css.master.customers import AuthorisedPerson, ContactPoint, Customer, display_name
from css.master.districts import BusinessDate

ACCOUNTS_MAX = 500
PERSONS_MAX = 50


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who may speak for the customer."""

    person_id: int
    name: str
    relation: str
    has_password_phrase: bool
    born_on: date | None
    starts_on: date
    ends_on: date | None
    """The first day they may no more, where it is known."""
    recorded_by: str


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """How an account is billed and paid, as far as it can be changed at the desk."""

    number: str
    segment: Segment
    billing_name: str
    billing_address_lines: tuple[str, ...]
    billing_postcode: str
    medium: BillMedium
    email: str | None
    itemisation: Itemisation
    payment_means: PaymentMeans
    mandate_reference: str | None
    closed_on: date | None
    row_version: int


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """What is known of a customer, the password phrase apart: whether there is one is told, never what it is."""

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
    has_password_phrase: bool
    may_market: bool
    consent_at: datetime | None
    """When they last said whether they want to be told of offers; none if they were never asked."""
    created_at: datetime
    row_version: int
    contact_points: tuple[ContactPointRow, ...]
    """What is tried first stands first."""
    authorised: tuple[PersonRow, ...]
    """Those who may speak on the business date, by name."""
    accounts: tuple[AccountRecord, ...]
    """Open ones first, 500 at most."""


def customer_record(session: Session, customer_number: str, *, by: Actor) -> CustomerRecord:
    """A customer as CU02 shows them, in four statements. For our own staff.

    Raises:
        NotFound: CSS102E, no such customer; errors of ``expect_id``.
        Refused: CSS111E, a partner may not.
    """
    require_staff(by)
    number = expect_id(customer_number, IdKind.CUSTOMER, element="customer_number")
    found = session.execute(
        select(Customer, BusinessDate.current_on)
        .join(BusinessDate, BusinessDate.district_code == Customer.district_code)
        .where(Customer.number == number)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    customer, today = found
    points = session.execute(
        select(ContactPoint.kind, ContactPoint.value, ContactPoint.is_preferred)
        .where(ContactPoint.customer_id == customer.id)
        .order_by(ContactPoint.is_preferred.desc(), ContactPoint.id)
    )
    return CustomerRecord(
        number=customer.number,
        district_code=customer.district_code,
        name=display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name),
        kind=customer.kind,
        title=customer.title,
        first_name=customer.first_name,
        surname=customer.surname,
        organisation_name=customer.organisation_name,
        company_number=customer.company_number,
        born_on=customer.born_on,
        language=customer.language,
        is_vulnerable=customer.is_vulnerable,
        access_needs=customer.access_needs,
        has_password_phrase=customer.password_phrase is not None,
        may_market=customer.may_market,
        consent_at=customer.consent_at,
        created_at=customer.created_at,
        row_version=customer.row_version,
        contact_points=tuple(ContactPointRow(*point) for point in points),
        authorised=_authorised(session, customer.id, today),
        accounts=_accounts(session, customer.id),
    )


def _authorised(session: Session, customer_id: int, today: date) -> tuple[PersonRow, ...]:
    """Uses ix_authorised_person_customer_id."""
    rows = session.execute(
        select(
            AuthorisedPerson.id,
            AuthorisedPerson.name,
            AuthorisedPerson.relation,
            AuthorisedPerson.password_phrase.is_not(None),
            AuthorisedPerson.born_on,
            AuthorisedPerson.starts_on,
            AuthorisedPerson.ends_on,
            AuthorisedPerson.recorded_by,
        )
        .where(
            AuthorisedPerson.customer_id == customer_id,
            AuthorisedPerson.starts_on <= today,
            or_(AuthorisedPerson.ends_on.is_(None), AuthorisedPerson.ends_on > today),
        )
        .order_by(AuthorisedPerson.name, AuthorisedPerson.id)
        .limit(PERSONS_MAX)
    )
    return tuple(PersonRow(*row) for row in rows)


def _accounts(session: Session, customer_id: int) -> tuple[AccountRecord, ...]:
    rows = session.execute(
        select(
            Account.number,
            Account.segment,
            Account.billing_name,
            Account.billing_address_lines,
            Account.billing_postcode,
            Account.medium,
            Account.email,
            Account.itemisation,
            Account.payment_means,
            Account.mandate_reference,
            Account.closed_on,
            Account.row_version,
        )
        .where(Account.customer_id == customer_id)
        .order_by(Account.closed_on.is_not(None), Account.id)
        .limit(ACCOUNTS_MAX)
    )
    return tuple(
        AccountRecord(**{**row._mapping, "billing_address_lines": tuple(row.billing_address_lines)})  # noqa: SLF001 - SQLAlchemy's public name for it
        for row in rows
    )
