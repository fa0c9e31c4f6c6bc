"""Whether somebody about to be added is here already, by what they were keyed with. A warning to look at, never a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.address import parse_postcode
from css.core.errors import Refusals
from css.master.account_fields import read_email
from css.master.accounts import Account
from css.master.customer_fields import read_telephone, require_staff, said_apart
from css.master.customers import ContactPoint, Customer, display_name
from css.master.lines import Line
from css.master.services import Service, ServiceNumber
from css.master.sites import Site

DUPLICATES_MAX: Final = 10
NAME, TELEPHONE, EMAIL = "same name and postcode", "same telephone number", "same e-mail address"


@dataclass(frozen=True, slots=True)
class PossibleDuplicate:
    """A customer who may be the one about to be added."""

    customer_number: str
    name: str
    account_number: str | None
    """An open one before a closed one; none for a customer without accounts."""
    postcode: str | None
    """Where that account's bills go."""
    reasons: tuple[str, ...]
    """What they have in common, in words."""


def possible_duplicates(
    session: Session, *, by: Actor, name: str = "", postcode: str = "", telephones: str = "", emails: str = ""
) -> tuple[PossibleDuplicate, ...]:
    """Customers somebody new may be already, those with most in common first, ten at most.

    They have the surname (or organisation's name) and postcode, or one of the telephone numbers or e-mail addresses, of which several have
    commas between them.

    Leans on ix_customer_search_name, ix_account_billing_postcode, ix_site_postcode and ix_contact_point_value.

    Raises:
        Refused: CSS111E, a partner may not.
        BadMessage: CSS065E the postcode, CSS080E to CSS083E and CSS156E a number, CSS113E an address.
    """
    require_staff(by)
    wrong = Refusals()
    numbers = {wrong.reading(partial(read_telephone, one, "telephones")) for one in said_apart(telephones)}
    addresses = {wrong.reading(partial(read_email, one, "emails")) for one in said_apart(emails)}
    place = wrong.reading(partial(parse_postcode, postcode)) if postcode.strip() else None
    wrong.tell()
    searches: list[Select[*tuple[Any, ...]]] = []
    if name.strip() and place:
        searches += _by_name(name.strip().lower(), place)
    if numbers:
        searches += [_reached_at(TELEPHONE, numbers), _line_with(numbers)]
    if addresses:
        searches += [_reached_at(EMAIL, addresses), _account(EMAIL).where(Account.email.in_(addresses))]
    if not searches:
        return ()
    found = union_all(*searches).subquery()
    reasons = func.array_agg(found.c.reason.distinct()).label("reasons")
    alike = select(found.c.customer_id, reasons).group_by(found.c.customer_id).subquery()
    rows = session.execute(
        select(Customer, alike.c.reasons, _first_account().label("account"))
        .join(alike, alike.c.customer_id == Customer.id)
        .order_by(func.cardinality(alike.c.reasons).desc(), Customer.id)
        .limit(DUPLICATES_MAX)
    )
    return tuple(_duplicate(customer, tuple(sorted(reasons)), account or (None, None)) for customer, reasons, account in rows)


def _by_name(name: str, postcode: str) -> list[Select[*tuple[Any, ...]]]:
    known_as = func.lower(func.coalesce(Customer.surname, Customer.organisation_name)) == name
    billed = _account(NAME).join(Customer, Customer.id == Account.customer_id).where(known_as, Account.billing_postcode == postcode)
    living = (
        _account(NAME)
        .join(Customer, Customer.id == Account.customer_id)
        .join(Line, Line.account_id == Account.id)
        .join(Site, Site.id == Line.site_id)
        .where(known_as, Site.postcode == postcode)
    )
    return [billed, living]


def _account(reason: str) -> Select[*tuple[Any, ...]]:
    return select(Account.customer_id.label("customer_id"), literal(reason).label("reason")).select_from(Account)


def _reached_at(reason: str, values: set[Any]) -> Select[*tuple[Any, ...]]:
    reached = select(ContactPoint.customer_id.label("customer_id"), literal(reason).label("reason"))
    return reached.where(ContactPoint.value.in_(values))


def _line_with(numbers: set[Any]) -> Select[*tuple[Any, ...]]:
    """Through a line that has one of the numbers now; who had it before is somebody else."""
    return (
        _account(TELEPHONE)
        .join(Service, Service.account_id == Account.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .where(ServiceNumber.number.in_(numbers), ServiceNumber.ends_at.is_(None))
    )


def _first_account() -> Any:  # noqa: ANN401 - SQLAlchemy's type of a scalar subquery is its own
    pair = func.json_build_array(Account.number, Account.billing_postcode)
    first = select(pair).where(Account.customer_id == Customer.id).order_by(Account.closed_on.is_not(None), Account.id).limit(1)
    return first.correlate(Customer).scalar_subquery()


def _duplicate(customer: Customer, reasons: tuple[str, ...], account: tuple[str | None, str | None]) -> PossibleDuplicate:
    name = display_name(customer.title, customer.first_name, customer.surname, customer.organisation_name)
    return PossibleDuplicate(customer.number, name, account[0], account[1], reasons)
