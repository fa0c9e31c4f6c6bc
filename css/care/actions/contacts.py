"""The verbs of customer care: what was said and done goes on the timeline."""

from __future__ import annotations

from datetime import datetime, time
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.care.commands import ContactRecorded, RecordContact
from css.care.model import Contact, FollowUp
from css.care.words import FollowUpKind
from css.core.actor import Actor
from css.core.calendar import london_instant
from css.core.codec import to_plain
from css.core.errors import BadMessage, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id, parse_id
from css.core.phone import display_number, parse_number
from css.master.accounts import Account
from css.master.customers import Customer
from css.master.districts import business_date
from css.master.guiding import Guided, number_in_use
from css.master.providers import Provider

END_OF_DAY: Final = time(23, 59)


@answered
def record_contact(session: Session, command: RecordContact, *, by: Actor, at: datetime) -> ContactRecorded:
    """Put a contact on the timeline of the customer, the account and the line it was about.

    A day to follow it up is also a promise of the operator's, like one made when a call is wrapped up.

    Any one of the three finds the others where there can be only one: a telephone number in use its account, an account
    its customer. Two that are named must belong together.

    Raises:
        NotFound: CSS102E no such customer, CSS105E no such account, CSS106E no line of ours answers to the number.
        Refused: CSS130E nobody is named, CSS131E they do not belong together, CSS133E the follow-up lies in the past.
        BadMessage: CSS132E nothing was said; those of ``parse_number`` and ``expect_id``.
    """
    wrong = Refusals()
    if not command.words.strip():
        wrong.add(BadMessage("CSS132E", "Say in a few words what was said and done.", element="words"))
    guided = wrong.reading(lambda: _guided(session, command.number, by, at))
    account = wrong.reading(lambda: _account(session, command.account_number, guided, by))
    customer = wrong.reading(lambda: _customer(session, command.customer_number, account, by))
    reference = wrong.reading(lambda: None if not command.reference else str(parse_id(command.reference, element="reference")))
    wrong.tell()
    if customer is None:
        raise Refused("CSS130E", "Say who or what it was about: a customer, an account or a telephone number.", element="customer_number")
    strangers = account is not None and customer.id not in {account.customer_id, account.payer_customer_id}
    if strangers or (account is not None and guided is not None and guided.account_id != account.id):
        raise Refused("CSS131E", "The customer, the account and the telephone number do not belong together.", element="customer_number")
    if command.follow_up_on is not None and command.follow_up_on < business_date(session, customer.district_code):
        raise Refused("CSS133E", "A follow-up on {day} is in the past.", day=command.follow_up_on, element="follow_up_on")
    contact = Contact(
        district_code=customer.district_code,
        customer_id=customer.id,
        account_id=None if account is None else account.id,
        line_id=None if guided is None else guided.line_id,
        channel=command.channel,
        direction=command.direction,
        caller_name=(command.caller_name or "").strip() or None,
        is_verified=command.is_verified,
        topic=command.topic,
        reference=reference,
        words=command.words.strip(),
        outcome=command.outcome,
        follow_up_on=command.follow_up_on,
        occurred_at=at,
        recorded_by=by.name,
    )
    session.add(contact)
    session.flush()
    if command.follow_up_on is not None and not by.is_partner:
        # Who promised it finds it on the menu: on the contact alone nobody would look for it when the day has come.
        promise(session, contact, london_instant(command.follow_up_on, END_OF_DAY), None, by)
    told = {name: value for name, value in to_plain(command).items() if name != "token"}
    record(session, by=by, at=at, verb="record_contact", subject=("customer", customer.number), after=told)
    session.flush()
    return ContactRecorded(contact_id=contact.id)


def promise(session: Session, contact: Contact, due_at: datetime, ring: str | None, by: Actor) -> int:
    """Write down what was promised in a contact and who promised it; a number to ring makes it a call-back."""
    follow_up = FollowUp(
        district_code=contact.district_code,
        contact_id=contact.id,
        kind=FollowUpKind.CALL_BACK if ring else FollowUpKind.FOLLOW_UP,
        due_at=due_at,
        telephone=ring,
        words=contact.words,
        owner_code=by.name,
        done_at=None,
        done_by=None,
        done_words=None,
    )
    session.add(follow_up)
    session.flush()
    return follow_up.id


def _guided(session: Session, number: str | None, by: Actor, at: datetime) -> Guided | None:
    if not number:
        return None
    digits = parse_number(number)
    guided = number_in_use(session, digits, at, by=by)
    if guided is None:
        raise NotFound("CSS106E", "No working line has the number {number}.", number=display_number(digits), element="number")
    return guided


def _account(session: Session, number: str | None, guided: Guided | None, by: Actor) -> Account | None:
    """The account named, else that of the line."""
    if not number:
        return None if guided is None else session.get(Account, guided.account_id)
    number = expect_id(number, IdKind.ACCOUNT, element="account_number")
    statement = select(Account).join(Provider, Provider.id == Account.provider_id).where(Account.number == number)
    if by.is_partner:
        statement = statement.where(Provider.code == by.provider_code)
    account = session.execute(statement).scalar_one_or_none()
    if account is None:
        raise NotFound("CSS105E", "There is no account {number}.", number=number, element="account_number")
    return account


def _customer(session: Session, number: str | None, account: Account | None, by: Actor) -> Customer | None:
    """The customer named, else that of the account. A partner knows only the customers of its own accounts."""
    if not number:
        return None if account is None else session.get(Customer, account.customer_id)
    number = expect_id(number, IdKind.CUSTOMER, element="customer_number")
    statement = select(Customer).where(Customer.number == number)
    if by.is_partner:
        own = select(Account.id).join(Provider, Provider.id == Account.provider_id)
        statement = statement.where(own.where(Account.customer_id == Customer.id, Provider.code == by.provider_code).exists())
    customer = session.execute(statement).scalar_one_or_none()
    if customer is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element="customer_number")
    return customer
