"""BL03 bills of an account and one bill with its reasons, PY01 take a payment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from flask import Response, flash, make_response
from sqlalchemy.orm import Session

from billing.actions import take_payment
from billing.commands import TakePayment
from billing.queries import account_balance, bill_card, bill_file, bills_of_account
from billing.queries.accounts import AccountBalance
from billing.queries.bill_calls import calls_of_bill
from billing.queries.bill_story import bill_line_story, bill_story
from billing.queries.bills import BillCard, bill_found
from billing.rules.explain_line import LineStory
from billing.rules.explain_sum import Part
from billing.words import LineKind, PaymentMethod
from css.core.errors import BadMessage, CssError, NotFound
from css.core.ids import IdKind, identify, parse_slip_reference
from css.core.money import ZERO, Money, Price
from css.core.words import Role
from css.master.card_rows import AccountCard
from css.master.cards import account_card
from css.web.desk import Desk, converse
from css.web.disclosure import ask_first, knows_caller, may_disclose, note_read
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF

TAKERS: Final = frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR})
BILLS_LISTED: Final = 24
METHODS: Final = {
    "CD": PaymentMethod.CARD,
    "CQ": PaymentMethod.CHEQUE,
    "CA": PaymentMethod.CASH,
    "BT": PaymentMethod.BANK_TRANSFER,
}
"""What a person can take; direct debits come by the night."""
STEPS_SHOWN: Final = 30
"""Of a sum: a discount may come off thousands of calls, and `css bills explain --all` shows them."""
CALLS: Final = "calls"
PLACE_DIGITS_MAX: Final = 9
FILE_TYPES: Final = {
    "pdf": "application/pdf",
    "large.pdf": "application/pdf",
    "xml": "application/xml",
    "calls.xml": "application/xml",
    "csv": "text/csv; charset=utf-8",
}

BL03: Final = Screen(
    code="BL03",
    title="Bills",
    family="Bills and money",
    help=(
        "With an account: its bills. With a bill: what was brought forward and paid, every line with the reason for its amount, VAT by "
        "rate, and what is due. Key a line's number to see why it is what it is; F11 shows all reasons, Shift+F1 the calls it lists. The "
        "files are the bill as it was sent, byte for byte. First make sure who is calling."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="account or bill number",
    keys=(
        Key(name="F7", label="page back"),
        Key(name="F8", label="page on"),
        Key(name="F11", label="reasons"),
        Key(name="S-F1", label="calls"),
        Key(name="S-F2", label="PDF"),
        Key(name="S-F3", label="XML"),
        Key(name="S-F4", label="payment", roles=TAKERS),
        Key(name="S-F5", label="put right", roles=TAKERS),
    ),
    discloses=True,
)

PY01: Final = Screen(
    code="PY01",
    title="Take a payment",
    family="Bills and money",
    help=(
        "Enter money that has come in for an account. Enter shows what would still be owed; F6 takes the payment and gives its receipt "
        "number. The line of a payment slip can stand for the account and the amount."
    ),
    roles=TAKERS,
    response=ResponseClass.R2,
    takes="account or slip",
    fields=(
        Field(
            name="account_number",
            label="Account",
            help="The account number, or the line of a payment slip.",
            length_max=30,
            is_required=True,
        ),
        Field(name="amount", label="Amount", help="Pounds and pence: 12.34.", kind="money", length_max=20, width=12, is_required=True),
        Field(
            name="method",
            label="How",
            help="CD card, CQ cheque, CA cash, BT bank transfer.",
            kind="code",
            length_max=2,
            is_required=True,
        ),
        Field(name="reference", label="Reference", help="The card terminal's or the cheque's number, if there is one.", length_max=40),
        Field(
            name="received_on",
            label="Received on",
            help="Empty for today's business date; never after it.",
            kind="date",
            length_max=20,
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="take payment", sends=True)),
    converses=True,
)


# --- BL03 ---------------------------------------------------------------------------------------------------------------


def show_bills(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("CS01")
    found = identify(arguments[0])
    if found.kind is IdKind.ACCOUNT:
        return _list(at_desk, found.value)
    asked = arguments[1].lower() if len(arguments) > 1 else ""
    if asked in FILE_TYPES:
        return _file(at_desk, arguments[0], asked)
    if asked == CALLS:
        return _calls(at_desk, arguments)
    with at_desk.doing() as session:
        card = bill_card(session, arguments[0], by=at_desk.by)
        account_number, bill_number = card.bill.account_number, str(card.bill.number)
        head = _opened(session, at_desk, account_number, ("bill", bill_number))
        if head is None:
            return ask_first(account_number)
        explained, sums = _explained(session, at_desk, card, asked)
    # What is put right is the line that was explained.
    links = _links(account_number, bill_number, asked if asked.isdigit() else "") | {"F12": address("BL03", account_number)}
    if any(line.kind is LineKind.CALLS for line in card.lines):
        links["S-F1"] = address("BL03", bill_number, CALLS)
    for key, kind in {"S-F2": "pdf", "S-F3": "xml"}.items():
        if any(file.kind == kind for file in card.files):
            links[key] = address("BL03", bill_number, kind)
    links["F11"] = address("BL03", bill_number, "" if asked == "why" else "why")
    if asked and not explained:
        raise NotFound(
            "CSS387E", "A bill has lines by their numbers, why, calls, and its files: pdf, xml, calls.xml, csv; no {what}.", what=asked[:20]
        )
    return show(
        at_desk,
        BL03,
        in_hand=InHand(account_number, head.customer.name),
        links=links,
        card=card,
        explained=explained,
        sums=sums,
        steps_shown=STEPS_SHOWN,
        bills=None,
        calls=None,
        balance=None,
    )


def _opened(session: Session, at_desk: Desk, account_number: str, subject: tuple[str, str]) -> AccountCard | None:
    """The account and its customer, when this operator has made sure of the caller; else None."""
    head = account_card(session, account_number, by=at_desk.by, lines=1)
    return head if may_disclose(session, at_desk, BL03, head.customer.number, subject) else None


def _links(account_number: str, bill_number: str = "", line_number: str = "") -> dict[str, str]:
    return {"S-F4": address("PY01", account_number), "S-F5": address("PY05", bill_number or account_number, line_number)}


def _calls(at_desk: Desk, arguments: Arguments) -> Response:
    """The calls that the bill lists, page by page."""
    after = arguments[2] if len(arguments) > 2 else "0"  # noqa: PLR2004 - bill, calls, place
    if not (after.isascii() and after.isdigit()) or len(after) > PLACE_DIGITS_MAX:
        raise BadMessage("CSS931E", "{after!r} is no place in a list; start at its first page.", after=after[:40])
    with at_desk.doing() as session:
        calls = calls_of_bill(session, arguments[0], by=at_desk.by, after=int(after))
        head = _opened(session, at_desk, calls.account_number, ("bill", calls.bill_number))
        if head is None:
            return ask_first(calls.account_number)
    here = address("BL03", calls.bill_number)
    pages = {"F7": calls.back, "F8": calls.forward}
    links = {key: address("BL03", calls.bill_number, CALLS, str(place)) for key, place in pages.items() if place is not None}
    return show(
        at_desk,
        BL03,
        in_hand=InHand(calls.account_number, head.customer.name),
        links=_links(calls.account_number, calls.bill_number) | links | {"F12": here},
        card=None,
        bills=None,
        calls=calls,
        pence=partial(_pence, places=max((len(str(row.net).partition(".")[2]) for row in calls.rows), default=0)),
        balance=None,
    )


def _pence(price: Price, places: int) -> str:
    """A price in pence, its point under the others' of the page: ``4.200p``."""
    return f"{price.pence:.{places}f}p"


def _explained(session: Session, at_desk: Desk, card: BillCard, asked: str) -> tuple[tuple[LineStory, ...], tuple[Part, ...]]:
    """The stories asked for: of one line by its number, or of all with the bill's own sums. None where nothing like it was asked."""
    number = str(card.bill.number)
    if asked == "why":
        story = bill_story(session, number, by=at_desk.by)
        return story.lines, story.sums
    if asked in {str(line.line_number) for line in card.lines}:
        return (bill_line_story(session, number, int(asked), by=at_desk.by),), ()
    return (), ()


def _list(at_desk: Desk, account_number: str) -> Response:
    with at_desk.doing() as session:
        head = _opened(session, at_desk, account_number, ("account", account_number))
        if head is None:
            return ask_first(account_number)
        bills = bills_of_account(session, account_number, by=at_desk.by, limit=BILLS_LISTED)
        balance = account_balance(session, account_number, by=at_desk.by)
    return show(
        at_desk,
        BL03,
        in_hand=InHand(account_number, head.customer.name),
        links=_links(account_number),
        card=None,
        bills=bills,
        calls=None,
        balance=balance,
    )


def _file(at_desk: Desk, bill_number: str, kind: str) -> Response:
    """The bill as it was sent. The PDF opens in the browser, the XML is saved."""
    with at_desk.doing() as session:
        bill, _, account_number = bill_found(session, bill_number, at_desk.by)
        if _opened(session, at_desk, account_number, ("bill", str(bill.number))) is None:
            return ask_first(account_number)
        content = bill_file(session, bill_number, kind, by=at_desk.by)
    answer = make_response(content.content)
    answer.headers["Content-Type"] = FILE_TYPES[kind]
    answer.headers["Content-Disposition"] = f'{"inline" if kind.endswith("pdf") else "attachment"}; filename="{content.file_name}"'
    answer.headers["ETag"] = f'"{content.sha256}"'
    return answer


# --- PY01 ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose account it is; nobody while no account is keyed that there is."""

    name: str = ""
    balance: AccountBalance | None = None
    is_caller_known: bool = False
    """Anybody may pay; what is owed is for the customer alone."""


def show_payment(at_desk: Desk, arguments: Arguments) -> Response:
    form = Form.blank(PY01, account_number=arguments[0] if arguments else "")
    with at_desk.doing() as session:
        _read_slip(form)
        payer = _account(session, at_desk, form)
    return _payment(at_desk, form, payer)


def act_payment(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(PY01, posted)
    _read_slip(form)
    with at_desk.doing() as session:
        payer = _account(session, at_desk, form)
    if form.key == REFRESH:
        form.errors.clear()
        return _payment(at_desk, form, payer)
    outcome = converse(
        at_desk, form, lambda: _read_payment(form, at_desk.today), take_payment, leads_to=lambda done: address("CU03", done.account_number)
    )
    if outcome.done is not None:
        done = outcome.done
        balance = f" The balance is {_owed(done.balance)}." if payer.is_caller_known else ""
        flash(f"Payment {done.payment_number}: {done.amount.sterling} taken.{balance}", "CSS379I")
        return go("CU03", done.account_number)
    return _payment(at_desk, form, payer, status=outcome.status, effect=outcome.effect)


def _owed(balance: Money) -> str:
    """A balance as a sentence says it."""
    return f"{(-balance).sterling} in credit" if balance < ZERO else balance.sterling


def _read_slip(form: Form) -> None:
    """The line of a payment slip says the account, and the amount where none is keyed."""
    try:
        slip = parse_slip_reference(form.text("account_number"))
    except CssError:
        return
    form.values["account_number"] = slip.account_number
    if slip.amount and not form.text("amount"):
        form.values["amount"] = str(slip.amount)
        form.errors.pop("amount", None)


def _read_payment(form: Form, today: date) -> TakePayment | None:
    amount, received_on = form.money("amount"), form.day("received_on", today)
    method = form.member("method", PaymentMethod, METHODS)
    if form.has_errors or amount is None or method is None:
        return None
    return TakePayment(
        account_number=form.text("account_number"),
        amount=amount,
        method=method,
        reference=form.text("reference"),
        received_on=received_on,
    )


def _account(session: Session, at_desk: Desk, form: Form) -> Payer:
    try:
        balance = account_balance(session, form.text("account_number"), by=at_desk.by)
        customer = account_card(session, balance.account_number, by=at_desk.by, lines=1).customer
    except (BadMessage, NotFound):
        return Payer()
    note_read(session, at_desk, PY01, ("account", balance.account_number))
    return Payer(customer.name, balance, is_caller_known=knows_caller(session, at_desk, customer.number))


def _payment(at_desk: Desk, form: Form, payer: Payer, *, status: int = 200, effect: object = None) -> Response:
    in_hand = InHand(payer.balance.account_number, payer.name) if payer.balance else None
    return show(
        at_desk,
        PY01,
        form=form,
        status=status,
        in_hand=in_hand,
        links={"F12": address("CU03", in_hand.account_number) if in_hand else ""},
        choices={"method": tuple((code, method.value.replace("-", " ")) for code, method in METHODS.items())},
        balance=payer.balance,
        is_caller_known=payer.is_caller_known,
        owed=_owed,
        effect=effect,
    )


PAGES: Final = (Page(BL03, show_bills), Page(PY01, show_payment, act_payment))
