"""CU02 change customer: what they say of themselves and how their account is billed, and who may speak for them besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from billing.actions.account_terms import change_billing
from billing.terms_commands import ChangeBilling
from css.core.actor import Actor
from css.core.errors import NotFound, Refusals, Refused
from css.core.words import BillMedium, ContactPointKind, Itemisation, PaymentMeans, Role
from css.master.authorised import authorise_person, end_authorisation
from css.master.cards import account_card
from css.master.change_customer import change_customer
from css.master.customer_commands import AuthorisePerson, ChangeCustomer, EndAuthorisation
from css.master.customer_fields import shown_point
from css.master.customer_record import AccountRecord, CustomerRecord, PersonRow, customer_record
from css.web.desk import Desk, converse
from css.web.disclosure import ask_first, may_disclose
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customer_fields import (
    BILLED,
    CODED,
    MEANS,
    MEDIA,
    NO_PHRASE,
    REACHED_FIELDS,
    SHOWN_CALLS,
    TOLD_FIELDS,
    WHO_FIELDS,
    read_birth,
    read_phrase_of,
    read_reach_at,
)
from css.web.screens.customers import account_of

CHANGE, PERSON, END = "", "person", "end"
"""The deeds of the screen, as they stand behind the account in its address."""
SPEAKS: Final = "5 May speak for them"
_TEXTS: Final = ("title", "first_name", "surname", "organisation_name", "company_number", "language", "access_needs")
_BILLING_TEXTS: Final = ("billing_name", "billing_postcode", "email", "mandate_reference")
_CHANGED_BY_OTHERS: Final = frozenset({"CSS150E", "CSS742E"})


def _of(deed: str, *fields: Field) -> tuple[Field, ...]:
    return tuple(replace(one, deeds=frozenset({deed})) for one in fields)


CU02: Final = Screen(
    code="CU02",
    title="Change customer",
    family="Customers",
    help=(
        "What is known of a customer and how the account is billed: key over what is different. Enter shows what would change, F6 changes "
        "it. If a colleague changed the customer meanwhile, what only they changed is taken over, and where both of you changed a field "
        "theirs stands beside yours. Shift+F5 writes down somebody who may speak for the customer; the number in front of a person takes "
        "that back."
    ),
    roles=frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR}),
    response=ResponseClass.R2,
    takes="account, customer or telephone number",
    fields=(
        *_of(
            CHANGE,
            *WHO_FIELDS,
            *REACHED_FIELDS,
            Field(
                name="billing_name", label="Name on the bill", help="Who the bill is addressed to.", step=BILLED, length_max=120, width=40
            ),
            Field(
                name="billing_address",
                label="Address of the bill",
                help="Each line of it in a line of its own, without the postcode.",
                kind="words",
                step=BILLED,
                length_max=400,
                also=frozenset({"billing_address_lines"}),
            ),
            Field(name="billing_postcode", label="Postcode", help="Of that address.", step=BILLED, length_max=10),
            Field(
                name="medium",
                label="Bills by",
                help="P paper, E e-mail, L large print, X as a file.",
                kind="code",
                step=BILLED,
                length_max=1,
            ),
            Field(name="email", label="E-mail for bills", help="Where bills by e-mail go.", step=BILLED, length_max=120, width=40),
            Field(
                name="itemisation",
                label="Calls on the bill",
                help="F all, M with the last digits masked, N none listed.",
                kind="code",
                step=BILLED,
                length_max=1,
            ),
            Field(
                name="payment_means",
                label="Pays by",
                help="OD when the bill comes, DD Direct Debit, which needs the mandate.",
                kind="code",
                step=BILLED,
                length_max=2,
            ),
            Field(
                name="mandate_reference",
                label="Mandate",
                help="The reference of the Direct Debit mandate.",
                step=BILLED,
                length_max=35,
                width=24,
            ),
            *TOLD_FIELDS,
            Field(name="row_version", label="Version", help="Of the customer, as you saw it.", kind="hidden", length_max=10),
            Field(name="account_version", label="Version", help="Of the account, as you saw it.", kind="hidden", length_max=10),
        ),
        *_of(
            PERSON,
            Field(
                name="person_name",
                label="Name",
                help="Who may speak for the customer.",
                step=SPEAKS,
                length_max=100,
                width=30,
                is_required=True,
                also=frozenset({"name"}),
            ),
            Field(
                name="relation",
                label="Who that is",
                help="In the customer's words: husband, carer, bookkeeper.",
                step=SPEAKS,
                length_max=100,
                width=30,
                is_required=True,
            ),
            Field(
                name="person_phrase",
                label="Their password phrase",
                help="What this person will be asked; not the customer's own.",
                step=SPEAKS,
                length_max=60,
                width=30,
                also=frozenset({"password_phrase"}),
            ),
            Field(
                name="person_born_on",
                label="Their date of birth",
                help="For asking, if they wish: 4/5/61.",
                kind="date",
                step=SPEAKS,
                length_max=20,
            ),
            Field(
                name="ends_on",
                label="No more from",
                help="The first day they may no more, if that is known: a month from now, say.",
                kind="date",
                step=SPEAKS,
                length_max=20,
            ),
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True),
        Key(name="F6", label="commit", sends=True),
        Key(name="S-F5", label="authorise", deeds=frozenset({CHANGE})),
    ),
    converses=True,
    parks=True,
    discloses=True,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What CU02 is about: a customer, and the account in hand."""

    customer: CustomerRecord
    account: AccountRecord

    @property
    def in_hand(self) -> InHand:
        return InHand(self.account.number, self.customer.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """What of the customer and of the account's billing becomes different; None for nothing."""

    token: str = ""
    customer: ChangeCustomer | None
    billing: ChangeBilling | None


@dataclass(frozen=True, slots=True)
class Different:
    """One field as it was and as it would be."""

    label: str
    was: str
    becomes: str


def _record(session: Session, at_desk: Desk, arguments: Arguments) -> Seen | Response:
    """The customer and account in hand, once the caller is known; else where to go first."""
    if not arguments:
        return go("CS01")
    try:
        number, _ = account_of(session, arguments[0], at_desk)
    except NotFound as error:
        if error.code not in {"CSS381E", "CSS106E"}:
            raise
        return go("CS01", arguments[0])
    card = account_card(session, number, by=at_desk.by, lines=1)
    if not may_disclose(session, at_desk, CU02, card.customer.number, ("account", card.account.number)):
        return ask_first(card.account.number)
    customer = customer_record(session, card.customer.number, by=at_desk.by)
    account = next((one for one in customer.accounts if one.number == card.account.number), None)
    if account is None:
        raise NotFound("CSS105E", "There is no account {number}.", number=card.account.number, element="account_number")
    return Seen(customer, account)


def _shown(seen: Seen) -> dict[str, str]:
    """The record as the fields show it."""
    customer, account = seen.customer, seen.account
    points = customer.contact_points
    by_kind = {
        True: [one for one in points if one.kind is ContactPointKind.EMAIL],
        False: [one for one in points if one.kind is not ContactPointKind.EMAIL],
    }
    first = next((one for one in points if one.is_preferred), None)
    asked = "" if customer.consent_at is None and not customer.may_market else _yes(customer.may_market)
    shown = {
        "title": customer.title,
        "first_name": customer.first_name,
        "surname": customer.surname,
        "organisation_name": customer.organisation_name,
        "born_on": _day(customer.born_on),
        "company_number": customer.company_number,
        "telephones": ", ".join(shown_point(one.kind, one.value) for one in by_kind[False]),
        "emails": ", ".join(one.value for one in by_kind[True]),
        "tried_first": "" if first is None else "E" if first.kind is ContactPointKind.EMAIL else "T",
        "billing_name": account.billing_name,
        "billing_postcode": account.billing_postcode,
        "medium": _code(MEDIA, account.medium),
        "email": account.email,
        "itemisation": _code(SHOWN_CALLS, account.itemisation),
        "payment_means": _code(MEANS, account.payment_means),
        "mandate_reference": account.mandate_reference,
        "language": customer.language.upper(),
        "may_market": asked,
        "is_vulnerable": _yes(customer.is_vulnerable),
        "access_needs": customer.access_needs,
    }
    # As the form reads what is keyed: what differs from it by a blank would look changed.
    tidy = {name: " ".join((text or "").split()) for name, text in shown.items()}
    return tidy | {"billing_address": "\n".join(account.billing_address_lines).strip(), "account_version": str(account.row_version)}


def _yes(is_so: bool) -> str:  # noqa: FBT001 - what is shown for it
    return "Y" if is_so else "N"


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day}/{day.month}/{day.year}"


def _code(codes: Mapping[str, object], wanted: object) -> str:
    return next(code for code, one in codes.items() if one is wanted)


# --- change -------------------------------------------------------------------------------------------------------------


def show_change(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.doing() as session:
        seen = _record(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    deed, person = _deed(seen, arguments)
    if deed == CHANGE:
        return _change(at_desk, seen, Form.blank(CU02, row_version=str(seen.customer.row_version), **_shown(seen)))
    return _speaker(at_desk, seen, Form.blank(CU02, deed), person)


def act_change(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    with at_desk.doing() as session:
        seen = _record(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    deed, person = _deed(seen, arguments)
    form = Form.posted(CU02, posted, deed)
    if form.key == REFRESH:
        form.errors.clear()
    if deed != CHANGE:
        return _act_speaker(at_desk, seen, form, person)
    if form.key == REFRESH:
        form.meet(_shown(seen), seen.customer.row_version)
        return _change(at_desk, seen, form)
    home = address("CU03", seen.account.number)
    outcome = converse(at_desk, form, partial(_read, form, seen, at_desk.today), _do, leads_to=lambda _: home)
    if outcome.done is not None:
        flash(f"{seen.customer.name} is changed.", "CSS165I")
        return go("CU03", seen.account.number)
    if any(error.code in _CHANGED_BY_OTHERS for error in form.general):
        with at_desk.reading() as session:
            now = customer_record(session, seen.customer.number, by=at_desk.by)
        seen = Seen(now, next(one for one in now.accounts if one.number == seen.account.number))
        form.meet(_shown(seen), now.row_version)
    return _change(at_desk, seen, form, status=outcome.status, is_checked=outcome.effect is not None)


def _read(form: Form, seen: Seen, today: date) -> CustomerChange | None:
    """What is different from what the form began with; None when something is wrong, which then hangs on the form."""
    medium = form.member("medium", BillMedium, MEDIA)
    itemisation = form.member("itemisation", Itemisation, SHOWN_CALLS)
    means = form.member("payment_means", PaymentMeans, MEANS)
    born_on = read_birth(form, "born_on", today)
    reach_at = read_reach_at(form)
    may_market, is_vulnerable = form.yes("may_market"), form.yes("is_vulnerable")
    is_taken_away = form.text("password_phrase") == NO_PHRASE
    phrase = "" if is_taken_away else read_phrase_of(form)
    for name in ("medium", "itemisation", "payment_means", "language", "may_market"):
        if not form.text(name) and form.base.get(name):
            form.wrong(name, "CSS360E", "{label} is needed.")
    if form.has_errors:
        return None
    changed = {one.name for one in CU02.shown_fields(CHANGE) if form.text(one.name) != form.base.get(one.name, "")}
    said: dict[str, Any] = {name: form.text(name) for name in _TEXTS if name in changed}
    if "born_on" in changed:
        said |= {"born_on": born_on, "forgets_birth": born_on is None}
    if changed & {"telephones", "emails", "tried_first"}:
        said["reach_at"] = reach_at
    said |= {name: one for name, one in (("may_market", may_market), ("is_vulnerable", is_vulnerable)) if name in changed}
    if "password_phrase" in changed:
        said["password_phrase"] = phrase
    billed: dict[str, Any] = {name: form.text(name) for name in _BILLING_TEXTS if name in changed}
    if "billing_address" in changed:
        billed["billing_address_lines"] = tuple(line.strip() for line in form.text("billing_address").split("\n") if line.strip())
    coded = {"medium": medium, "itemisation": itemisation, "payment_means": means}
    billed |= {name: one for name, one in coded.items() if name in changed}
    if not said and not billed:
        form.take(Refused("CSS157E", "Nothing of customer {number} would change.", number=seen.customer.number))
        return None
    version = form.text("account_version")
    return CustomerChange(
        customer=ChangeCustomer(customer_number=seen.customer.number, row_version=form.version(), **said) if said else None,
        billing=ChangeBilling(account_number=seen.account.number, row_version=int(version) if version.isdecimal() else None, **billed)
        if billed
        else None,
    )


def _do(session: Session, command: CustomerChange, *, by: Actor, at: datetime) -> CustomerChange:
    """Both or neither; what is wrong with either is told at once."""
    wrong = Refusals()
    token = command.token and f"{command.token}/"
    if command.customer is not None:
        customer = replace(command.customer, token=token and f"{token}customer")
        wrong.reading(lambda: change_customer(session, customer, by=by, at=at))
    if command.billing is not None:
        billing = replace(command.billing, token=token and f"{token}billing")
        wrong.reading(lambda: change_billing(session, billing, by=by, at=at))
    wrong.tell()
    return command


def _different(form: Form) -> list[Different]:
    """The fields keyed over, for people: the phrase stays unsaid."""
    found = []
    for one in CU02.shown_fields(CHANGE):
        was, becomes = form.base.get(one.name, ""), form.text(one.name)
        if one.kind == "hidden" or was == becomes:
            continue
        if one.name == "password_phrase":
            was, becomes = "", "taken away" if becomes == NO_PHRASE else "another, as keyed"
        found.append(Different(one.label, was.replace("\n", ", "), becomes.replace("\n", ", ")))
    return found


def _change(at_desk: Desk, seen: Seen, form: Form, *, status: int = 200, is_checked: bool = False) -> Response:
    number = seen.account.number
    return show(
        at_desk,
        CU02,
        form=form,
        status=status,
        in_hand=seen.in_hand,
        links={"S-F5": address("CU02", number, PERSON)},
        choices=CODED,
        seen=seen,
        person=None,
        differences=_different(form) if is_checked else None,
        effect=None,
    )


# --- who may speak --------------------------------------------------------------------------------------------------------


def _deed(seen: Seen, arguments: Arguments) -> tuple[str, PersonRow | None]:
    """What is done, and to whom. Error: CSS161E nobody of that number speaks for the customer."""
    match arguments[1:]:
        case ():
            return CHANGE, None
        case ("person",):
            return PERSON, None
        case ("end", number):
            person = next((one for one in seen.customer.authorised if str(one.person_id) == number), None)
            if person is not None:
                return END, person
        case _:
            pass
    sentence = "Nobody numbered {person_id} speaks for customer {number}."
    raise NotFound("CSS161E", sentence, person_id=arguments[-1][:20], number=seen.customer.number, element="person_id")


def _act_speaker(at_desk: Desk, seen: Seen, form: Form, person: PersonRow | None) -> Response:
    if form.key == REFRESH:
        return _speaker(at_desk, seen, form, person)
    back = address("CU02", seen.account.number)
    action: Any = authorise_person if person is None else end_authorisation
    read: Any = partial(_read_person, form, seen, at_desk.today) if person is None else partial(_read_end, seen, person)
    outcome = converse(at_desk, form, read, action, leads_to=lambda _: back)
    if outcome.done is not None:
        done = outcome.done
        if person is None:
            flash(f"{done.name} may speak for {seen.customer.name}.", "CSS166I")
        else:
            flash(f"{done.name} may not speak for {seen.customer.name} any more.", "CSS167I")
        return go("CU02", seen.account.number)
    return _speaker(at_desk, seen, form, person, status=outcome.status, effect=outcome.effect)


def _read_person(form: Form, seen: Seen, today: date) -> AuthorisePerson | None:
    born_on = read_birth(form, "person_born_on", today)
    ends_on = form.day("ends_on", today)
    phrase = read_phrase_of(form, "person_phrase")
    if form.has_errors:
        return None
    return AuthorisePerson(
        customer_number=seen.customer.number,
        name=form.text("person_name"),
        relation=form.text("relation"),
        password_phrase=phrase,
        born_on=born_on,
        ends_on=ends_on,
    )


def _read_end(seen: Seen, person: PersonRow) -> EndAuthorisation:
    return EndAuthorisation(customer_number=seen.customer.number, person_id=person.person_id)


def _speaker(at_desk: Desk, seen: Seen, form: Form, person: PersonRow | None, *, status: int = 200, effect: object = None) -> Response:
    back = address("CU02", seen.account.number)
    return show(
        at_desk,
        CU02,
        form=form,
        status=status,
        in_hand=seen.in_hand,
        links={"F3": back, "F12": back},
        seen=seen,
        person=person,
        differences=None,
        effect=effect,
    )


PAGES: Final = (Page(CU02, show_change, act_change),)
