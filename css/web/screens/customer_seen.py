"""CU02's record: its fields for each of its deeds, and the customer and account it is about once the caller is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from flask import Response
from sqlalchemy.orm import Session

from css.care.queries import is_caller_checked
from css.care.words import CallerKind
from css.core.errors import NotFound, Refused
from css.core.words import Role
from css.master.cards import account_card
from css.master.customer_record import AccountRecord, CustomerRecord, PersonRow, customer_record
from css.web.desk import Desk
from css.web.disclosure import ask_first, may_disclose
from css.web.page import Arguments
from css.web.rendering import InHand, go
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customer_fields import BILLED, REACHED_FIELDS, TOLD_FIELDS, WHO_FIELDS
from css.web.screens.customers import account_of

CHANGE, PERSON, END = "", "person", "end"
"""The deeds of the screen, as they stand behind the account in its address."""
SPEAKS: Final = "5 May speak for them"


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
    speaker: str | None = None
    """Who calls, when it is not the customer but one who may speak for them; none as well when there is no caller."""

    @property
    def in_hand(self) -> InHand:
        return InHand(self.account.number, self.customer.name)


def record_of(session: Session, at_desk: Desk, arguments: Arguments) -> Seen | Response:
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
    return Seen(customer, account, _speaker(session, at_desk, card.customer.number))


def _speaker(session: Session, at_desk: Desk, customer_number: str) -> str | None:
    session_id = at_desk.on_duty.session_id
    check = is_caller_checked(session, customer_number, at_desk.at, by=at_desk.by, operator_session_id=session_id)
    return check.caller_name if check is not None and check.caller_kind is CallerKind.AUTHORISED else None


def only_the_customer(speaker: str, element: str | None = None) -> Refused:
    """CSS926E: what lets others in is the customer's own; whoever speaks for them might let themselves in for good."""
    sentence = (
        "{speaker} may not change that: speak to the customer; or, with the customer's letter, wrap up with F2 and open the record with WR."
    )
    return Refused("CSS926E", sentence, speaker=speaker, element=element)


def deed_of(seen: Seen, arguments: Arguments) -> tuple[str, PersonRow | None]:
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
