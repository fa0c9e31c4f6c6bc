"""What can be asked about customers that are there already: changes, and who may speak for them; and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from css.master.commands import ReachAt


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCustomer:
    """What becomes different about a customer. None leaves a field as it is, an empty text empties it."""

    token: str = ""
    customer_number: str
    title: str | None = None
    first_name: str | None = None
    surname: str | None = None
    organisation_name: str | None = None
    company_number: str | None = None
    born_on: date | None = None
    forgets_birth: bool = False
    """Takes the date of birth away."""
    language: str | None = None
    is_vulnerable: bool | None = None
    access_needs: str | None = None
    password_phrase: str | None = None
    may_market: bool | None = None
    """What the customer says now about being told of offers; given, the instant of it is kept even if they said so before."""
    reach_at: tuple[ReachAt, ...] | None = None
    """All the ways to reach them, in place of those there were."""
    row_version: int | None = None
    """As last seen; None takes the customer as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanged:
    """What was changed."""

    customer_number: str
    changed: tuple[str, ...]
    """The names of the fields."""
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisePerson:
    """Somebody who may speak for a customer from the business date on."""

    token: str = ""
    customer_number: str
    name: str
    relation: str
    """Husband, carer, bookkeeper: in the customer's words."""
    password_phrase: str | None = None
    born_on: date | None = None
    ends_on: date | None = None
    """The first day they may no more, where that is known already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndAuthorisation:
    """Take back that somebody may speak for a customer."""

    token: str = ""
    customer_number: str
    person_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorised:
    """Somebody who may speak for a customer, or did."""

    customer_number: str
    person_id: int
    name: str
    relation: str
    starts_on: date
    ends_on: date | None
    """The first day they may no more."""
