"""Who may speak for a customer besides themselves: written down and taken back at the customer's word."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.calendar import london_date
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, NotFound, Refusals
from css.master.change_customer import KEEPERS, locked_customer
from css.master.customer_commands import Authorised, AuthorisePerson, EndAuthorisation
from css.master.customer_fields import check_birth, read_phrase, require_staff
from css.master.customers import AuthorisedPerson, Customer
from css.master.districts import business_date

NAME_LENGTH_MAX = 100


@answered
def authorise_person(session: Session, command: AuthorisePerson, *, by: Actor, at: datetime) -> Authorised:
    """Write down somebody who may speak for a customer, from the business date on.

    Raises:
        NotFound: CSS102E, no such customer; errors of ``expect_id``.
        Refused: CSS111E the actor may not.
        BadMessage: CSS114E a name or relation is missing, CSS158E it is too long, CSS115E, CSS152E the birth date, CSS154E
            the phrase, CSS159E the last day.
        Conflict: CSS160E the customer named them already.
    """
    require_staff(by, *KEEPERS)
    customer = locked_customer(session, command.customer_number)
    today = business_date(session, customer.district_code)
    name, relation = " ".join(command.name.split()), " ".join(command.relation.split())
    wrong = Refusals()
    for element, said in (("name", name), ("relation", relation)):
        if not said:
            wrong.add(BadMessage("CSS114E", "{what} is missing.", what=element.capitalize(), element=element))
        elif len(said) > NAME_LENGTH_MAX:
            sentence = "{what} has more than {most} characters."
            wrong.add(BadMessage("CSS158E", sentence, what=element.capitalize(), most=NAME_LENGTH_MAX, element=element))
    wrong.reading(lambda: check_birth(command.born_on, london_date(at)))
    phrase = wrong.reading(lambda: read_phrase(command.password_phrase))
    if command.ends_on is not None and command.ends_on <= today:
        sentence = "They may speak from {today} on, so the first day they may no more is a later one."
        wrong.add(BadMessage("CSS159E", sentence, today=today, element="ends_on"))
    wrong.tell()
    if _named_already(session, customer.id, name, today):
        sentence = "{name} may speak for customer {number} already; end that first if something of it is different."
        raise Conflict("CSS160E", sentence, name=name, number=customer.number, element="name")
    person = AuthorisedPerson(
        customer_id=customer.id,
        name=name,
        relation=relation,
        password_phrase=phrase,
        born_on=command.born_on,
        starts_on=today,
        ends_on=command.ends_on,
        recorded_by=by.name,
    )
    session.add(person)
    session.flush()
    answer = _answer(customer, person)
    after = to_plain(answer) | {"password_phrase": "none" if phrase is None else "set", "has_birth_date": command.born_on is not None}
    record(session, by=by, at=at, verb="authorise_person", subject=("customer", customer.number), after=after)
    session.flush()
    return answer


@answered
def end_authorisation(session: Session, command: EndAuthorisation, *, by: Actor, at: datetime) -> Authorised:
    """Take back that somebody may speak for a customer, from the business date on. What they were asked by is forgotten at once.

    Raises:
        NotFound: CSS102E, no such customer; CSS161E nobody of that number speaks for the customer; errors of ``expect_id``.
        Refused: CSS111E the actor may not.
        Conflict: CSS162E it was taken back already: it says since when.
    """
    require_staff(by, *KEEPERS)
    customer = locked_customer(session, command.customer_number)
    today = business_date(session, customer.district_code)
    statement = select(AuthorisedPerson).where(AuthorisedPerson.id == command.person_id, AuthorisedPerson.customer_id == customer.id)
    person = session.execute(statement.execution_options(populate_existing=True)).scalar_one_or_none()
    if person is None:
        sentence = "Nobody numbered {person_id} speaks for customer {number}."
        raise NotFound("CSS161E", sentence, person_id=command.person_id, number=customer.number, element="person_id")
    if person.ends_on is not None and person.ends_on <= today:
        sentence = "{name} may not speak for customer {number} any more, since {ends_on}."
        raise Conflict("CSS162E", sentence, name=person.name, number=customer.number, ends_on=person.ends_on, element="person_id")
    before = _told(person)
    person.ends_on = max(today, person.starts_on)
    person.password_phrase, person.born_on = None, None
    person.row_version += 1
    session.flush()
    record(session, by=by, at=at, verb="end_authorisation", subject=("customer", customer.number), before=before, after=_told(person))
    session.flush()
    return _answer(customer, person)


def _named_already(session: Session, customer_id: int, name: str, today: date) -> bool:
    """Whether somebody of the name speaks for the customer today; the customer's row is locked, so nobody adds one meanwhile."""
    statement = select(AuthorisedPerson.id).where(
        AuthorisedPerson.customer_id == customer_id,
        func.lower(AuthorisedPerson.name) == name.lower(),
        or_(AuthorisedPerson.ends_on.is_(None), AuthorisedPerson.ends_on > today),
    )
    return session.execute(statement.limit(1)).scalar() is not None


def _told(person: AuthorisedPerson) -> dict[str, Any]:
    """A person as the audit trail keeps them."""
    return {
        "person_id": person.id,
        "name": person.name,
        "relation": person.relation,
        "ends_on": to_plain(person.ends_on),
        "password_phrase": "none" if person.password_phrase is None else "set",
    }


def _answer(customer: Customer, person: AuthorisedPerson) -> Authorised:
    return Authorised(
        customer_number=customer.number,
        person_id=person.id,
        name=person.name,
        relation=person.relation,
        starts_on=person.starts_on,
        ends_on=person.ends_on,
    )
