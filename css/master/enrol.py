"""Verbs of the master files: districts, providers, operators, customers and accounts come into being here.

Codes CSS101 to CSS129. All faults of a command are told at once, except that a code or number is already taken: that is
the database's own answer, so two people enrolling the same thing at one moment cannot both succeed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from css.audit import answered, record
from css.core.actor import Actor
from css.core.address import parse_postcode
from css.core.calendar import london_date
from css.core.codec import to_plain
from css.core.errors import BadMessage, Conflict, CssError, NotFound, Refusals, Refused
from css.core.ids import IdKind, expect_id
from css.core.words import BillMedium, PaymentMeans, Role, VatStatus
from css.db.base import Base
from css.db.constraints import translate
from css.master.account_fields import read_email, read_endpoint, read_vat_number
from css.master.accounts import Account
from css.master.commands import AddCustomer, Added, AddOperator, AddProvider, NewAccount, OpenAccount, OpenDistrict, TakenOn, TakeOnCustomer
from css.master.customer_fields import (
    check_birth,
    check_name,
    check_register,
    clean,
    read_language,
    read_phrase,
    read_reach_at,
    require_staff,
)
from css.master.customers import ContactPoint, Customer
from css.master.districts import BusinessDate, District, business_date, no_district
from css.master.operators import Operator
from css.master.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN, hash_password
from css.master.providers import Provider
from css.master.serials import next_number
from css.master.wholesale import read_tariff_code

DISTRICT_FORM: Final = re.compile(r"^[A-Z]{2}\Z")
PROVIDER_FORM: Final = re.compile(r"^[A-Z][A-Z0-9]{2,7}\Z")
OPERATOR_FORM: Final = re.compile(r"^[A-Z][A-Z0-9]{1,7}\Z")
_UNTOLD: Final = frozenset({"token", "password", "password_phrase"})
"""What the audit trail does not repeat: whoever reads it must not be able to pass for somebody else."""


@answered
def open_district(session: Session, command: OpenDistrict, *, by: Actor, at: datetime) -> Added:
    """Open a district on its first business date. Billing's volume tables get their part of it by a trigger of billing's own.

    Raises:
        Refused: CSS111E the actor may not.
        BadMessage: CSS114E no name, CSS124E the form of the code.
        Conflict: CSS125E the code is taken.
    """
    require_staff(by, Role.SUPERVISOR)
    wrong = Refusals()
    _expect_code(wrong, command.code, DISTRICT_FORM, "two capital letters, like ZZ")
    _expect_text(wrong, name=command.name)
    wrong.tell()
    district = District(code=command.code, name=command.name.strip(), nation=command.nation)
    _keep(session, district, {"pk_district": lambda: _taken("district", command.code)})
    session.add(
        BusinessDate(district_code=command.code, current_on=command.business_date, closed_through=command.business_date - timedelta(days=1))
    )
    _tell(session, command, "open_district", ("district", command.code), by=by, at=at)
    return Added(number=command.code)


@answered
def add_provider(session: Session, command: AddProvider, *, by: Actor, at: datetime) -> Added:
    """Add a communications provider.

    Raises:
        Refused: CSS111E the actor may not.
        BadMessage: CSS114E, CSS121E, CSS123E, CSS124E, CSS065E: one or more fields are wrong.
        Conflict: CSS125E the code is taken, CSS126E the party id is, CSS127E there is an own retail arm already.
    """
    require_staff(by, Role.SUPERVISOR)
    wrong = Refusals()
    _expect_code(wrong, command.code, PROVIDER_FORM, "three to eight capitals and digits, a letter first")
    _expect_text(wrong, name=command.name, party_id=command.party_id)
    _expect_lines(wrong, command.address_lines, "address_lines")
    postcode = wrong.reading(lambda: parse_postcode(command.postcode))
    vat_number = wrong.reading(lambda: read_vat_number(command.vat_number))
    wrong.reading(lambda: read_endpoint(command.endpoint))
    wholesale_tariff_code = wrong.reading(lambda: read_tariff_code(command.wholesale_tariff_code))
    wrong.tell()
    provider = Provider(
        code=command.code,
        name=command.name.strip(),
        party_id=command.party_id.strip(),
        is_own_retail=command.is_own_retail,
        address_lines=list(command.address_lines),
        postcode=postcode,
        vat_number=vat_number,
        endpoint=command.endpoint,
        wholesale_tariff_code=wholesale_tariff_code,
        is_active=True,
    )
    _keep(
        session,
        provider,
        {
            "uq_provider_code": lambda: _taken("provider", command.code),
            "uq_provider_party_id": lambda: Conflict(
                "CSS126E", "Party id {party_id} belongs to another provider already.", party_id=command.party_id, element="party_id"
            ),
            "uq_provider_own_retail": lambda: Conflict(
                "CSS127E", "There is an own retail arm already; only one provider can be it.", element="is_own_retail"
            ),
        },
    )
    _tell(session, command, "add_provider", ("provider", command.code), by=by, at=at)
    return Added(number=command.code)


@answered
def add_operator(session: Session, command: AddOperator, *, by: Actor, at: datetime) -> Added:
    """Let a person sign on. The password is stored as its hash only.

    Raises:
        Refused: CSS111E the actor may not.
        BadMessage: CSS114E, CSS124E, CSS128E no role, CSS129E the password is too short or too long.
        Conflict: CSS125E the code is taken.
    """
    require_staff(by, Role.SUPERVISOR)
    wrong = Refusals()
    _expect_code(wrong, command.code, OPERATOR_FORM, "two to eight capitals and digits, a letter first")
    _expect_text(wrong, name=command.name, team=command.team)
    if not command.roles:
        wrong.add(BadMessage("CSS128E", "An operator needs at least one role.", element="roles"))
    if not PASSWORD_LENGTH_MIN <= len(command.password) <= PASSWORD_LENGTH_MAX:
        wrong.add(
            BadMessage(
                "CSS129E",
                "A password has {least} to {most} characters.",
                least=PASSWORD_LENGTH_MIN,
                most=PASSWORD_LENGTH_MAX,
                element="password",
            )
        )
    wrong.tell()
    operator = Operator(
        code=command.code,
        name=command.name.strip(),
        team=command.team.strip(),
        password_hash=hash_password(command.password),
        roles=sorted({role.value for role in command.roles}),
        credit_limit=command.credit_limit,
        is_active=True,
        must_change_password=command.must_change_password,
        row_version=1,
    )
    _keep(session, operator, {"uq_operator_code": lambda: _taken("operator", command.code)})
    _tell(session, command, "add_operator", ("operator", command.code), by=by, at=at)
    return Added(number=command.code)


@answered
def add_customer(session: Session, command: AddCustomer, *, by: Actor, at: datetime) -> Added:
    """Add a person or an organisation, with how to reach them; gives the customer number.

    Raises:
        Refused: CSS111E a partner may not.
        NotFound: CSS101E no such district.
        BadMessage: CSS112E the name does not go with the kind, CSS153E nor the birth date or company number, CSS115E, CSS152E
            the birth date, CSS151E the language, CSS154E the phrase; those of ``read_reach_at``.
    """
    require_staff(by)
    wrong = Refusals()
    if session.get(District, command.district_code) is None:
        wrong.add(no_district(command.district_code))
    surname, organisation_name, company_number = clean(command.surname), clean(command.organisation_name), clean(command.company_number)
    wrong.reading(lambda: check_name(command.kind, surname, organisation_name))
    wrong.reading(lambda: check_register(command.kind, command.born_on, company_number))
    wrong.reading(lambda: check_birth(command.born_on, london_date(at)))
    language = wrong.reading(lambda: read_language(command.language))
    password_phrase = wrong.reading(lambda: read_phrase(command.password_phrase))
    reached = wrong.reading(lambda: read_reach_at(command.reach_at))
    wrong.tell()
    customer = Customer(
        number=next_number(session, command.district_code, IdKind.CUSTOMER),
        district_code=command.district_code,
        kind=command.kind,
        title=clean(command.title),
        first_name=clean(command.first_name),
        surname=surname,
        organisation_name=organisation_name,
        company_number=company_number,
        born_on=command.born_on,
        language=language,
        is_vulnerable=command.is_vulnerable,
        access_needs=clean(command.access_needs),
        password_phrase=password_phrase,
        may_market=command.may_market or False,
        consent_at=None if command.may_market is None else at,
        created_at=at,
    )
    session.add(customer)
    session.flush()
    session.add_all(
        ContactPoint(customer_id=customer.id, kind=one.kind, value=one.value, is_preferred=one.is_preferred) for one in reached or ()
    )
    _tell(session, command, "add_customer", ("customer", customer.number), by=by, at=at)
    return Added(number=customer.number)


@answered
def open_account(session: Session, command: OpenAccount, *, by: Actor, at: datetime) -> Added:
    """Open an account for a customer with a provider, from the district's business date; gives the account number.

    Raises:
        Refused: CSS111E a partner may not, CSS119E no mandate, CSS120E no VAT number, CSS122E no e-mail address.
        NotFound: CSS102E no such customer or payer, CSS104E no such provider.
        BadMessage: CSS113E, CSS114E, CSS116E, CSS117E, CSS121E, CSS123E, CSS065E: one or more fields are wrong.
    """
    require_staff(by)
    wrong = Refusals()
    customer = wrong.reading(lambda: _customer(session, command.customer_number, "customer_number"))
    read = _read_account(session, command, wrong)
    wrong.tell()
    assert customer is not None, "a customer not found was told"
    account = Account(
        number=next_number(session, customer.district_code, IdKind.ACCOUNT),
        district_code=customer.district_code,
        provider_id=read["provider_id"],
        customer_id=customer.id,
        payer_customer_id=read["payer_id"],
        segment=command.segment,
        billing_name=command.billing_name.strip(),
        billing_address_lines=list(command.billing_address_lines),
        billing_postcode=read["postcode"],
        cycle_day=command.cycle_day,
        frequency=command.frequency,
        cycle_month_group=command.cycle_month_group,
        payment_means=command.payment_means,
        mandate_reference=clean(command.mandate_reference),
        vat_status=command.vat_status,
        vat_number=read["vat_number"],
        medium=command.medium,
        email=read["email"],
        endpoint=command.endpoint,
        opened_on=business_date(session, customer.district_code),
    )
    session.add(account)
    session.flush()
    _tell(session, command, "open_account", ("account", account.number), by=by, at=at)
    return Added(number=account.number)


@answered
def take_on_customer(session: Session, command: TakeOnCustomer, *, by: Actor, at: datetime) -> TakenOn:
    """Add a customer and open their first account, both or neither; gives the two numbers. What is wrong with either is told at once.

    Raises:
        Refused, NotFound, BadMessage: those of ``add_customer`` and ``open_account``.
    """
    require_staff(by)
    wrong = Refusals()
    added = wrong.reading(lambda: add_customer(session, replace(command.customer, token=""), by=by, at=at))
    if added is None:
        _read_account(session, command.account, wrong)
    wrong.tell()
    assert added is not None, "a customer not added was told"
    said = {one.name: getattr(command.account, one.name) for one in fields(NewAccount)}
    opened = open_account(session, OpenAccount(customer_number=added.number, **said), by=by, at=at)
    return TakenOn(customer_number=added.number, account_number=opened.number)


def _read_account(session: Session, command: NewAccount, wrong: Refusals) -> dict[str, Any]:
    """What of an account has to be read or looked up, as it is held; every fault of its fields goes to ``wrong``."""
    payer = None
    if command.payer_customer_number:
        payer = wrong.reading(lambda: _customer(session, command.payer_customer_number or "", "payer_customer_number"))
    _expect_text(wrong, billing_name=command.billing_name)
    _expect_lines(wrong, command.billing_address_lines, "billing_address_lines")
    read = {
        "payer_id": None if payer is None else payer.id,
        "provider_id": wrong.reading(lambda: _provider_id(session, command.provider_code)),
        "postcode": wrong.reading(lambda: parse_postcode(command.billing_postcode, element="billing_postcode")),
        "vat_number": wrong.reading(lambda: read_vat_number(command.vat_number)),
        "email": wrong.reading(lambda: read_email(command.email, "email") if command.email else None),
    }
    wrong.reading(lambda: read_endpoint(command.endpoint))
    wrong.add(*_unpayable(command))
    return read


def _tell(session: Session, command: object, verb: str, subject: tuple[str, str], *, by: Actor, at: datetime) -> None:
    told = {name: value for name, value in to_plain(command).items() if name not in _UNTOLD}
    record(session, by=by, at=at, verb=verb, subject=subject, after=told)
    session.flush()


def _keep(session: Session, row: Base, taken: Mapping[str, Callable[[], CssError]]) -> None:
    """Write a row; a unique key that is hurt becomes its own refusal."""
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError as error:
        refusal = translate(error, taken)
        if refusal is None:
            raise
        raise refusal from error


def _taken(what: str, code: str) -> CssError:
    return Conflict("CSS125E", "There is a {what} {code} already.", what=what, code=code, element="code")


def _expect_code(wrong: Refusals, code: str, form: re.Pattern[str], words: str) -> None:
    if not form.match(code):
        wrong.add(BadMessage("CSS124E", "{text!r} is not such a code: it has {words}.", text=code[:20], words=words, element="code"))


def _expect_text(wrong: Refusals, **fields: str) -> None:
    for name, value in fields.items():
        if not value.strip():
            wrong.add(BadMessage("CSS114E", "{what} is missing.", what=name.replace("_", " ").capitalize(), element=name))


def _expect_lines(wrong: Refusals, lines: tuple[str, ...], element: str) -> None:
    if not lines or any(not line.strip() for line in lines):
        wrong.add(BadMessage("CSS114E", "{what} is missing.", what="The address, or one of its lines,", element=element))


def _unpayable(command: NewAccount) -> list[CssError]:
    """What is wrong between the fields that say when, how and with what tax the account is billed."""
    wrong: list[CssError] = []
    if not 1 <= command.cycle_day <= 31:  # noqa: PLR2004 - days of a month
        wrong.append(
            BadMessage("CSS116E", "{cycle_day} is not a day of the month, 1 to 31.", cycle_day=command.cycle_day, element="cycle_day")
        )
    if not 1 <= command.cycle_month_group <= 12:  # noqa: PLR2004 - months of a year
        wrong.append(
            BadMessage(
                "CSS117E",
                "{group} is not the number of a month in which bills come, 1 to 12.",
                group=command.cycle_month_group,
                element="cycle_month_group",
            )
        )
    if command.payment_means is PaymentMeans.DIRECT_DEBIT and clean(command.mandate_reference) is None:
        wrong.append(Refused("CSS119E", "Direct Debit needs the reference of the mandate.", element="mandate_reference"))
    if command.vat_status is VatStatus.REVERSE_CHARGE and not command.vat_number:
        wrong.append(Refused("CSS120E", "Reverse charge needs the customer's VAT number.", element="vat_number"))
    if command.medium is BillMedium.EMAIL and not command.email:
        wrong.append(Refused("CSS122E", "Bills by e-mail need an e-mail address.", element="email"))
    return wrong


def _customer(session: Session, number: str, element: str) -> Customer:
    number = expect_id(number, IdKind.CUSTOMER, element=element)
    customer = session.execute(select(Customer).where(Customer.number == number)).scalar_one_or_none()
    if customer is None:
        raise NotFound("CSS102E", "There is no customer {number}.", number=number, element=element)
    return customer


def _provider_id(session: Session, code: str) -> int:
    found = session.execute(select(Provider.id).where(Provider.code == code, Provider.is_active)).scalar_one_or_none()
    if found is None:
        raise NotFound("CSS104E", "There is no provider {code} doing business with us.", code=code[:20], element="provider_code")
    return found
