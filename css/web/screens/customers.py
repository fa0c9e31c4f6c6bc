"""CS01 find a customer, CU03 the customer on one page: where nearly every call begins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from billing.queries import account_balance, bills_of_account, statement
from billing.queries.accounts import AccountBalance, BillRow, Statement
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.queries import ContactRow, timeline
from css.care.words import Channel, Outcome, Topic
from css.core.errors import CssError, NotFound
from css.core.ids import Identified, IdKind, identify
from css.core.words import CustomerKind, LineState, Role
from css.master.card_rows import AccountCard, CustomerHead
from css.master.cards import account_card, customer_card
from css.master.find import find_customers
from css.master.guiding import number_in_use
from css.web.command import read_command
from css.web.desk import Desk, status_of
from css.web.filters import clock
from css.web.form import COMMIT, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from orders.queries import OrderRow, open_orders
from repairs.queries import FaultRow, faults_of_account

STAFF: Final = frozenset({Role.CLERK, Role.REPAIR, Role.BILLING, Role.SUPERVISOR})
"""Who works for customers; the night's scheduler does not see them."""
TIMELINE_ROWS: Final = 12
BILLS_SHOWN: Final = 3
LEDGER_ROWS: Final = 6
FAULTS_SHOWN: Final = 6
VERIFIED_FOR: Final = timedelta(minutes=30)
"""How long a caller stays verified with the operator who asked."""

CS01: Final = Screen(
    code="CS01",
    title="Find customer",
    family="Customers",
    help=(
        "One field takes whatever the caller says: a telephone number, an account, customer, order, fault or bill number, the line of a "
        "payment slip, an e-mail address, a postcode with or without the house, or a name with an initial. What finds exactly one opens at "
        "once; otherwise choose by the number in front."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[anything the caller says]",
    fields=(
        Field(
            name="text",
            label="Looking for",
            help="For example 01632 960123, ZZ A 0000 0015, ZZ4 7QT 14, or TANSLEY A.",
            length_max=120,
            width=44,
            is_required=True,
        ),
    ),
    keys=(Key(name="Enter", label="find", sends=True),),
)

CU03: Final = Screen(
    code="CU03",
    title="Customer on one page",
    family="Customers",
    help=(
        "Everything about an account that a caller may ask. First see whom you are speaking to: key who is calling if it is not the "
        "customer, how you made sure, and F6. Until then read nothing out. Lines, orders, faults and bills are numbered: key the number to "
        "open one, or the number and a screen, like 1 FL01."
    ),
    roles=STAFF,
    response=ResponseClass.R2,
    takes="account, customer or telephone number",
    fields=(
        Field(
            name="caller_name",
            label="Caller, if another",
            help="Who is speaking, when it is not the customer: a spouse, a carer, a solicitor.",
            length_max=100,
            width=30,
        ),
        Field(
            name="checked_by",
            label="Made sure by",
            help="How you know: PP the password phrase, DB the date of birth, AD name and full address, WR in writing.",
            length_max=2,
        ),
    ),
    keys=(
        Key(name="F6", label="caller verified", sends=True),
        Key(name="S-F1", label="order"),
        Key(name="S-F2", label="fault"),
        Key(name="S-F3", label="bills"),
        Key(name="S-F4", label="payment"),
    ),
)

CHECKS: Final = {
    "PP": "the password phrase",
    "DB": "the date of birth",
    "AD": "name and full address",
    "WR": "in writing, signature compared",
}


# --- CS01 ---------------------------------------------------------------------------------------------------------------


def show_find(at_desk: Desk, arguments: Arguments) -> Response:
    text = " ".join(arguments)
    return _found(at_desk, Form.blank(CS01, text=text)) if text else show(at_desk, CS01, form=Form.blank(CS01), found=None)


def act_find(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(CS01, posted)
    if form.has_errors:
        return show(at_desk, CS01, form=form, status=422, found=None)
    return _found(at_desk, form)


def _found(at_desk: Desk, form: Form) -> Response:
    """The customers found; a number that names one thing opens it."""
    text = form.text("text")
    named = _identified(text)
    if named is not None and named.kind not in {None, IdKind.CUSTOMER}:
        return go(*read_command(text, ()))
    try:
        with at_desk.reading() as session:
            if named is not None and named.what == "telephone" and number_in_use(session, named.value, at_desk.at):
                return go("CU03", named.value)
            found = find_customers(session, text, by=at_desk.by)
    except CssError as error:
        form.take(error)
        return show(at_desk, CS01, form=form, status=status_of(form), found=None)
    rows = [(one, account) for one in found for account in one.account_numbers or ("",)]
    if named is not None and len(rows) == 1 and rows[0][1]:
        return go("CU03", rows[0][1])
    form.at_command = bool(rows)
    return show(at_desk, CS01, form=form, found=rows, cut=len(found))


def _identified(text: str) -> Identified | None:
    try:
        return identify(text)
    except CssError:
        return None


# --- CU03 ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """All that CU03 shows, from a fixed number of statements (a test counts them)."""

    card: AccountCard
    balance: AccountBalance
    ledger: Statement
    bills: tuple[BillRow, ...]
    orders: tuple[OrderRow, ...]
    faults: tuple[FaultRow, ...]
    contacts: tuple[ContactRow, ...]


def compose(session: Session, account_number: str, at_desk: Desk) -> CustomerPage:
    """The page of an account. Errors: CSS105E not found, and those of ``expect_id``."""
    by = at_desk.by
    card = account_card(session, account_number, by=by)
    number = card.account.number
    return CustomerPage(
        card=card,
        balance=account_balance(session, number, by=by),
        ledger=statement(session, number, by=by, limit=LEDGER_ROWS),
        bills=bills_of_account(session, number, by=by, limit=BILLS_SHOWN),
        orders=open_orders(session, by=by, account_number=number),
        faults=faults_of_account(session, number, by=by, limit=FAULTS_SHOWN),
        contacts=timeline(session, card.customer.number, by=by, limit=TIMELINE_ROWS),
    )


def account_of(session: Session, text: str, at_desk: Desk) -> tuple[str, str | None]:
    """The account a number of any kind leads to, and the telephone number when it was one.

    Errors: CSS381E the customer has several accounts or none; CSS106E no working line has the number; those of ``identify``.
    """
    found = identify(text)
    if found.what == "telephone":
        guided = number_in_use(session, found.value, at_desk.at, by=at_desk.by)
        if guided is None:
            raise NotFound("CSS106E", "No working line has the number {number}.", number=text, element="number")
        return guided.account_number, guided.number
    if found.kind is IdKind.CUSTOMER:
        accounts = customer_card(session, found.value, by=at_desk.by, lines=1).accounts
        if len(accounts) != 1:
            raise NotFound("CSS381E", "Customer {number} has {count} accounts; choose one.", number=found.value, count=len(accounts))
        return accounts[0].number, None
    return found.value, None


def show_customer(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("CS01")
    try:
        with at_desk.reading() as session:
            number, telephone = account_of(session, arguments[0], at_desk)
            page = compose(session, number, at_desk)
    except NotFound as error:
        if error.code in {"CSS381E", "CSS106E"}:
            # The list says whose the number was, or which accounts there are.
            return go("CS01", arguments[0])
        raise
    return _customer(at_desk, page, telephone, Form.blank(CU03))


def act_customer(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """F6 puts on the contact log that the caller was verified, by whom and how."""
    form = Form.posted(CU03, posted)
    with at_desk.reading() as session:
        number, telephone = account_of(session, arguments[0] if arguments else "", at_desk)
        page = compose(session, number, at_desk)
    if form.key == COMMIT and not form.has_errors:
        check = form.member("checked_by", str, CHECKS)
        if not form.code("checked_by"):
            form.wrong("checked_by", "CSS360E", "{label} is needed.")
        if check is not None:
            command = RecordContact(
                token=form.token,
                customer_number=page.card.customer.number,
                account_number=number,
                channel=Channel.TELEPHONE,
                caller_name=form.optional("caller_name"),
                is_verified=True,
                topic=Topic.ENQUIRY,
                words=f"Caller verified by {check}.",
                outcome=Outcome.SOLVED,
            )
            with at_desk.doing() as session:
                record_contact(session, command, by=at_desk.by, at=at_desk.at)
            flash("The caller is verified, and it is on the contact log.", "CSS374I")
            return go("CU03", arguments[0])
    return _customer(at_desk, page, telephone, form)


def _customer(at_desk: Desk, page: CustomerPage, telephone: str | None, form: Form) -> Response:
    head, number = page.card.customer, page.card.account.number
    in_hand = InHand(number, head.name, telephone or _only_number(page.card))
    form.at_command = not form.has_errors
    how = verified(at_desk, page.contacts)
    return show(
        at_desk,
        CU03,
        form=form,
        status=status_of(form) if form.has_errors else 200,
        in_hand=in_hand,
        links={
            "F3": address("MENU"),
            "S-F1": address("OR01", number, in_hand.telephone),
            "S-F2": address("FL01", in_hand.telephone) if in_hand.telephone else "",
            "S-F3": address("BL03", number),
            "S-F4": address("PY01", number),
        },
        page=page,
        flags=_flags(page),
        ask=_ask(head, page.card),
        verified=how,
        without=frozenset({COMMIT}) if how else frozenset(),
        open_faults=[fault for fault in page.faults if fault.cleared_at is None and fault.state.value == "reported"],
    )


def _only_number(card: AccountCard) -> str | None:
    """The telephone number in hand without asking: that of an account's one working line."""
    working = [line.number for line in card.lines if line.state is LineState.WORKING and line.number]
    return working[0] if len(working) == 1 else None


def _flags(page: CustomerPage) -> list[tuple[str, str]]:
    """What the operator must know before the first word: (how it is shown, words)."""
    head, account = page.card.customer, page.card.account
    found = []
    if head.is_vulnerable:
        found.append(("", "VULNERABLE"))
    if head.access_needs:
        found.append(("", f"NEEDS: {head.access_needs}"))
    if any(fault.state.value == "reported" for fault in page.faults):
        found.append(("is-error", "FAULT OPEN"))
    if page.orders:
        found.append(("is-good", "ORDER OPEN"))
    if account.payer_customer_number:
        found.append(("", "SOMEBODY ELSE PAYS"))
    if account.closed_on:
        found.append(("is-error", "ACCOUNT CLOSED"))
    return found


def _ask(head: CustomerHead, card: AccountCard) -> list[tuple[str, str]]:
    """What can be asked to make sure of the caller, and the right answer."""
    place = ", ".join([*card.account.billing_address_lines, card.account.billing_postcode])
    born = f"{head.born_on:%d %m %Y}" if head.born_on else ""
    asked = [("PP", head.password_phrase or ""), ("DB", born), ("AD", f"{head.name}, {place}")]
    said = [(code, answer) for code, answer in asked if answer and not (code == "DB" and head.kind is CustomerKind.ORGANISATION)]
    return [*said, ("WR", "a letter signed as before")]


def verified(at_desk: Desk, contacts: tuple[ContactRow, ...]) -> str:
    """How and when this operator made sure of the caller in this call; empty when not yet."""
    for contact in contacts:
        mine = contact.is_verified and contact.recorded_by == at_desk.on_duty.operator_code
        if mine and at_desk.at - contact.occurred_at <= VERIFIED_FOR and contact.occurred_at >= at_desk.on_duty.started_at:
            return f"{clock(contact.occurred_at)}: {contact.caller_name or 'the customer'}. {contact.words}"
    return ""


PAGES: Final = (Page(CS01, show_find, act_find), Page(CU03, show_customer, act_customer))
