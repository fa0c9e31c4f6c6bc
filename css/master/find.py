"""Find a customer by whatever the caller can say: one field that takes anything, or several that narrow each other.

Every way in has its index. The answer is one statement: each thing said is a search of its own that gives customers with
a reason; the surest reason stands on the row, and who is not found by all of them is left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import CompoundSelect, Select, func, literal, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.address import parse_postcode
from css.core.errors import BadMessage, CssError
from css.core.ids import IdKind, expect_id, identify
from css.core.phone import parse_number
from css.core.words import CustomerKind
from css.master.accounts import Account
from css.master.customers import ContactPoint, Customer, display_name
from css.master.lines import Line
from css.master.providers import Provider
from css.master.queries import first_word_is, like_text
from css.master.services import Service, ServiceNumber
from css.master.sites import Site

FOUND_MAX: Final = 50
NAME_LETTERS_MIN: Final = 2
_POSTCODE_WITHIN: Final = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9O][A-Z]{2}\b", re.IGNORECASE)
_INITIALS_MAX: Final = 2
_NOT_A_NUMBER: Final = frozenset({"CSS052E", "CSS059E", "CSS080E"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What the caller has said, already read: numbers and postcodes as they are held. Empty means not said."""

    account_number: str = ""
    customer_number: str = ""
    number: str = ""
    """A telephone number: of a line, now or in the past, or to reach the customer at."""
    email: str = ""
    postcode: str = ""
    house: str = ""
    """Number or name; counts only together with a postcode."""
    name: str = ""
    """How a surname or the name of an organisation begins."""
    initial: str = ""
    """How the first name begins."""


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer and why this is one of those looked for."""

    customer_number: str
    name: str
    kind: CustomerKind
    account_numbers: tuple[str, ...]
    """Open accounts before closed ones; of a partner only its own."""
    billing_postcode: str | None
    """Of the first of them."""
    is_vulnerable: bool
    why: str
    """The reason in words: "telephone number in use"."""
    matched: str
    """What was found: the number, the name. Of an address no more than was asked for: the rest is what the caller is asked."""


def find_customers(session: Session, text: str, *, by: Actor, limit: int = FOUND_MAX) -> tuple[FoundCustomer, ...]:
    """Customers by one text of any kind, surest first, 50 at most.

    Takes an account or customer number, a payment slip's line, a telephone number, an e-mail address, a postcode with or
    without the house before or after it, or a name: how the surname (or organisation) begins, with an initial after it
    if known ("Tansley A"). Numbers of orders, faults and bills find nothing here: the rooms that keep them are asked.

    Raises:
        BadMessage: CSS107E too little to look by; and what is wrong with a number that has a slip in it.
    """
    criteria = criteria_of(text)
    return () if criteria is None else find_by(session, criteria, by=by, limit=limit)


def find_by(session: Session, criteria: Criteria, *, by: Actor, limit: int = FOUND_MAX) -> tuple[FoundCustomer, ...]:
    """Customers to whom everything said applies, surest reason first, then by name. Error: CSS107E nothing was said."""
    searches = _searches(criteria, by)
    if not searches:
        raise too_little(criteria.name or criteria.house)
    surest, *others = (search.subquery() for search in searches)
    best = select(surest).ext(distinct_on(surest.c.customer_id)).order_by(surest.c.customer_id, surest.c.rank).subquery()
    accounts = _accounts_of_customer(by)
    statement = (
        select(
            Customer.number,
            Customer.kind,
            Customer.title,
            Customer.first_name,
            Customer.surname,
            Customer.organisation_name,
            Customer.is_vulnerable,
            best.c.why,
            best.c.matched,
            accounts.label("accounts"),
        )
        .join(best, best.c.customer_id == Customer.id)
        .where(*(Customer.id.in_(select(other.c.customer_id)) for other in others))
        .order_by(best.c.rank, func.lower(func.coalesce(Customer.surname, Customer.organisation_name)), Customer.first_name, Customer.id)
        .limit(max(0, min(limit, FOUND_MAX)))
    )
    if by.is_partner:
        statement = statement.where(_own_account(by))
    return tuple(
        FoundCustomer(
            customer_number=row.number,
            name=display_name(row.title, row.first_name, row.surname, row.organisation_name),
            kind=row.kind,
            account_numbers=tuple(number for number, _ in row.accounts or ()),
            billing_postcode=row.accounts[0][1] if row.accounts else None,
            is_vulnerable=row.is_vulnerable,
            why=row.why,
            matched=row.matched,
        )
        for row in session.execute(statement)
    )


def criteria_of(text: str) -> Criteria | None:
    """What one text says; None when it names something that is not looked for here (an order, a bill). Errors: as above."""
    text = " ".join(text.split())
    if "@" in text:
        return Criteria(email=text.lower())
    try:
        found = identify(text)
    except CssError as error:
        # What merely looks unlike a number may be words; what is a number with a slip in it is told.
        if error.code not in _NOT_A_NUMBER or (sum(mark.isalpha() for mark in text) < NAME_LETTERS_MIN and any(map(str.isdigit, text))):
            raise
        return _worded_criteria(text)
    if found.what == "telephone":
        return Criteria(number=found.value)
    if found.what == "postcode":
        return Criteria(postcode=found.value)
    if found.kind is IdKind.ACCOUNT:
        return Criteria(account_number=found.value)
    return Criteria(customer_number=found.value) if found.kind is IdKind.CUSTOMER else None


def _worded_criteria(text: str) -> Criteria:
    """A house with its postcode, or a name with or without an initial after it."""
    postcode = _POSTCODE_WITHIN.search(text)
    if postcode is not None:
        house = (text[: postcode.start()] + text[postcode.end() :]).strip(" ,")
        return Criteria(postcode=parse_postcode(postcode.group()), house=house)
    name, _, last = text.replace(",", " ").rpartition(" ")
    last = last.strip(".")
    if name.strip() and 0 < len(last) <= _INITIALS_MAX and last.isalpha():
        return _named(name.strip(), last[0])
    return _named(text.strip(" ,"), "")


def read_criteria(**said: str) -> Criteria:
    """The fields of a form as criteria, by the names of ``Criteria``; blank ones are left out. Errors: those of each reader."""
    readers = {
        "account_number": lambda text: expect_id(text, IdKind.ACCOUNT, element="account_number"),
        "customer_number": lambda text: expect_id(text, IdKind.CUSTOMER, element="customer_number"),
        "number": parse_number,
        "postcode": parse_postcode,
        "email": str.lower,
    }
    known = {field.name for field in fields(Criteria)}
    assert known >= said.keys(), f"no such criteria: {said.keys() - known}"
    return Criteria(**{name: readers.get(name, str)(text.strip()) for name, text in said.items() if text.strip()})


def too_little(text: str) -> BadMessage:
    """CSS107E, for what would find half the district."""
    return BadMessage(
        "CSS107E",
        "{text!r} is not enough to look by; give a whole number, a postcode, or at least two letters of a name.",
        text=text[:40],
        element="text",
    )


def _named(name: str, initial: str) -> Criteria:
    if sum(mark.isalpha() for mark in name) < NAME_LETTERS_MIN:
        raise too_little(name)
    return Criteria(name=name, initial=initial)


_Found = tuple[Any, ...]
Search = Select[*_Found] | CompoundSelect[*_Found]


def _searches(criteria: Criteria, by: Actor) -> list[Search]:
    """One search for each thing said, the surest first."""
    searches: list[Search] = []
    if criteria.account_number:
        searches.append(_through_account(1, "account number", Account.number, by).where(Account.number == criteria.account_number))
    if criteria.customer_number:
        searches.append(_search(1, "customer number", Customer.number).where(Customer.number == criteria.customer_number))
    if criteria.number:
        searches.append(_by_telephone(criteria.number, by))
    if criteria.email:
        searches.append(
            union_all(
                _contact_point("e-mail address", criteria.email),
                _through_account(3, "e-mail address for bills", Account.email, by).where(Account.email == criteria.email),
            )
        )
    if criteria.postcode:
        searches.append(_by_address(criteria.postcode, criteria.house, by))
    if criteria.name:
        searches.append(_by_name(criteria.name, criteria.initial))
    return searches


def _search(rank: int, why: str, matched: Any) -> Select[*_Found]:  # noqa: ANN401 - a column or expression of SQL
    return select(Customer.id.label("customer_id"), literal(rank).label("rank"), literal(why).label("why"), matched.label("matched"))


def _through_account(rank: int, why: str, matched: Any, by: Actor) -> Select[*_Found]:  # noqa: ANN401
    search = select(
        Account.customer_id.label("customer_id"), literal(rank).label("rank"), literal(why).label("why"), matched.label("matched")
    ).select_from(Account)
    return search.where(Account.provider_id == _own_provider(by)) if by.is_partner else search


def _by_telephone(number: str, by: Actor) -> Search:
    def of_line(rank: int, why: str) -> Select[*_Found]:
        search = _through_account(rank, why, ServiceNumber.number, by).join(Service, Service.account_id == Account.id)
        return search.join(ServiceNumber, ServiceNumber.service_id == Service.id).where(ServiceNumber.number == number)

    return union_all(
        of_line(2, "telephone number in use").where(ServiceNumber.ends_at.is_(None)),
        of_line(4, "telephone number in the past").where(ServiceNumber.ends_at.is_not(None)),
        _contact_point("number to be reached at", number),
    )


def _contact_point(why: str, value: str) -> Select[*_Found]:
    return select(
        ContactPoint.customer_id.label("customer_id"),
        literal(3).label("rank"),
        literal(why).label("why"),
        ContactPoint.value.label("matched"),
    ).where(ContactPoint.value == value)


def _by_address(postcode: str, house: str, by: Actor) -> Search:
    asked_for = literal(f"{house}, {postcode}" if house else postcode)
    line_there = (
        _through_account(5, "line at the address", asked_for, by)
        .join(Line, Line.account_id == Account.id)
        .join(Site, Site.id == Line.site_id)
        .where(Site.postcode == postcode)
    )
    billed_there = _through_account(6, "billed at the address", asked_for, by).where(Account.billing_postcode == postcode)
    if house:
        line_there = line_there.where(first_word_is(Site.premises, house))
        billed_there = billed_there.where(first_word_is(Account.billing_address_lines[1], house))
    return union_all(line_there, billed_there)


def _by_name(name: str, initial: str) -> Search:
    """How the name begins, served by ix_customer_search_name; the whole name before longer ones."""
    known_as = func.lower(func.coalesce(Customer.surname, Customer.organisation_name))
    plain = name.lower()
    shown = func.coalesce(Customer.surname, Customer.organisation_name)
    begins = known_as.like(f"{like_text(plain)}%")
    longer = _search(8, "name begins so", shown).where(begins, known_as != plain)
    exact = _search(7, "name", shown).where(known_as == plain)
    if not initial:
        return union_all(exact, longer)
    first = func.lower(Customer.first_name).like(f"{like_text(initial.lower())}%")
    # "Hill S" may be a person's name with its initial or the beginning of "Hill Stores".
    as_written = _search(8, "name begins so", shown).where(known_as.like(f"{like_text(f'{plain} {initial.lower()}')}%"))
    return union_all(exact.where(first), longer.where(first), as_written)


def _own_provider(by: Actor) -> Any:  # noqa: ANN401
    return select(Provider.id).where(Provider.code == by.provider_code).scalar_subquery()


def _own_account(by: Actor) -> Any:  # noqa: ANN401
    return select(Account.id).where(Account.customer_id == Customer.id, Account.provider_id == _own_provider(by)).exists()


def _accounts_of_customer(by: Actor) -> Any:  # noqa: ANN401
    """Of each customer found, the accounts as [number, billing postcode] pairs: open ones first, 20 at most."""
    whose = (Account.provider_id == _own_provider(by),) if by.is_partner else ()
    some = (
        select(Account.number, Account.billing_postcode, Account.closed_on, Account.id)
        .where(Account.customer_id == Customer.id, *whose)
        .order_by(Account.closed_on.is_not(None), Account.id)
        .limit(20)
        .correlate(Customer)
        .subquery()
    )
    pair = func.json_build_array(some.c.number, some.c.billing_postcode)
    return select(func.json_agg(aggregate_order_by(pair, some.c.closed_on.is_not(None), some.c.id))).scalar_subquery()
