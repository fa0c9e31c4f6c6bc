"""PY05 put an account right: give back a line of a bill, or credit or charge what no line stands for; above the limit two sign."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from billing.credit_commands import AdjustAccount, CreditBillLine
from billing.queries import bill_card
from billing.queries.bills import BillCard
from billing.queries.nominals import NominalRow, income_nominals
from css.core.actor import Actor
from css.core.codec import to_plain
from css.core.errors import BadMessage
from css.core.ids import IdKind, identify
from css.core.money import Money, Price, to_money, total
from css.core.words import Role, VatCode
from css.master.approvals import second_persons
from css.master.cards import account_card
from css.web.approvals import APPROVABLE, AskApproval, Effect, ask_approval, rehearsed
from css.web.desk import Desk, converse
from css.web.disclosure import ask_first, may_disclose
from css.web.form import COMMIT, ENTER, REFRESH, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import InHand, address, go, leads, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.second import second_at_desk, second_fields, taken_out

BILL, ACCOUNT = "bill", "account"
ALL: Final = "ALL"
"""Said for every line of a bill: a whole bill is not given back by leaving something empty."""
ASK: Final = "S-F8"
CREDIT, CHARGE = "C", "D"
VATS: Final = {"S": VatCode.STANDARD, "R": VatCode.REDUCED, "Z": VatCode.ZERO, "X": VatCode.EXEMPT}
REASONS: Final = {
    "NW": "Service did not work",
    "LA": "We were late",
    "NO": "Never ordered or used",
    "PR": "Charged at the wrong price",
    "TW": "Charged twice",
    "WR": "What we said was wrong",
    "GW": "Goodwill",
    "CO": "Put right after a complaint",
    "SU": "Supplied and not yet charged",
    "OT": "Other",
}
OTHER: Final = "OT"
_PERCENT: Final = re.compile(r"^([0-9]{1,3})(?:\.([0-9]{1,2}))? ?%\Z")
PERCENT_MAX: Final = 100
ABOVE: Final = ("CSS937W", "Above your limit: Shift+F8 asks a second person; or one signs here, and F6 gives it at once.")
Read = Callable[[], Any]
"""Makes the command of what is keyed, or hangs what is wrong on the form and gives None."""

PY05: Final = Screen(
    code="PY05",
    title="Put an account right",
    family="Bills and money",
    help=(
        "With a bill: give back a line of it, whole, in part or by percent, with the VAT it was charged with. With an account: credit or "
        "charge a supply that no line stands for. Enter shows the effect, F6 gives it. Above your limit a second person has to agree: "
        "Shift+F8 asks for one (AD04), or one signs below with operator code and password, and F6 gives it at once."
    ),
    roles=frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR}),
    response=ResponseClass.R2,
    takes="account, or bill [line]",
    fields=(
        Field(
            name="line_number",
            label="Bill line",
            help="Its number on the bill, or ALL for every line, whole.",
            kind="code",
            length_max=6,
            is_required=True,
            deeds=frozenset({BILL}),
        ),
        Field(
            name="direction",
            label="Credit or charge",
            help="C gives it to the customer, D charges it.",
            kind="code",
            length_max=1,
            is_required=True,
            deeds=frozenset({ACCOUNT}),
        ),
        Field(
            name="amount",
            label="Amount",
            help="Before VAT: 12.34. Of a bill line also a part of it, 50%; empty for all that is left of it.",
            length_max=12,
        ),
        Field(name="reason", label="Reason", help="Two letters: why, for us.", kind="code", length_max=2, is_required=True),
        Field(name="note", label="More exactly", help="For us; needed for the reason OT.", length_max=150, width=40),
        Field(
            name="words",
            label="The customer reads",
            help="What stands on the bill. Of a bill line empty for words made of the line's own.",
            length_max=200,
            width=40,
        ),
        Field(
            name="nominal_code",
            label="Revenue",
            help="What kind of supply it is, as the books call it.",
            kind="code",
            length_max=20,
            width=12,
            is_required=True,
            deeds=frozenset({ACCOUNT}),
        ),
        Field(
            name="vat_code",
            label="VAT",
            help="S standard, R reduced, Z zero, X exempt, by the account's own status on that day.",
            kind="code",
            length_max=1,
            is_required=True,
            deeds=frozenset({ACCOUNT}),
        ),
        Field(
            name="occurs_on",
            label="Day of supply",
            help="It decides the rate of VAT. Empty for today's business date, never after it.",
            kind="date",
            length_max=20,
            deeds=frozenset({ACCOUNT}),
        ),
        Field(
            name="by_credit_note",
            label="Credit note tonight",
            help="Y for a credit note of its own tonight; else the next bill shows it.",
            kind="yes-no",
            length_max=3,
            width=3,
            deeds=frozenset({BILL}),
        ),
        *second_fields("Above the limit", "Only above your limit."),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True),
        Key(name="F6", label="give", sends=True),
        Key(name=ASK, label="ask a second person", sends=True),
    ),
    converses=True,
    parks=True,
    discloses=True,
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What PY05 is about: a bill or an account, and whose."""

    account_number: str
    customer_name: str
    bill: BillCard | None
    nominals: tuple[NominalRow, ...]

    @property
    def deed(self) -> str:
        return ACCOUNT if self.bill is None else BILL

    @property
    def verb(self) -> str:
        return "adjust-account" if self.bill is None else "credit-bill-line"


@dataclass(frozen=True, slots=True)
class Given:
    """What F6 does, or did."""

    effect: Effect
    needs_second: bool
    could_sign: tuple[str, ...] = ()


def show_adjustment(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("CS01")
    with at_desk.doing() as session:
        seen = _seen(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    line = arguments[1] if len(arguments) > 1 and seen.bill else ""
    known = {"line_number": line} if seen.bill else {"direction": CREDIT, "vat_code": "S"}
    form = Form.blank(PY05, seen.deed, **known)
    form.start = "" if line or seen.bill is None else "line_number"
    return _page(at_desk, form, seen)


def act_adjustment(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    if not arguments:
        return go("CS01")
    with at_desk.doing() as session:
        seen = _seen(session, at_desk, arguments)
    if isinstance(seen, Response):
        return seen
    form = Form.posted(PY05, posted, seen.deed)
    signs = taken_out(form)
    if form.key == REFRESH:
        form.errors.clear()
        return _page(at_desk, form, seen, signs=signs)
    read: Read = partial(_read, form, seen, at_desk)
    if form.seen == form.digest() and form.key == ASK:
        return _ask(at_desk, form, seen, read, signs)
    if form.seen == form.digest() and form.key == COMMIT and not form.has_errors:
        return _commit(at_desk, form, seen, read, signs)
    form.key = ENTER if form.key == ASK else form.key
    outcome = converse(at_desk, form, read, partial(_rehearse, verb=seen.verb), leads_to=lambda _: "")
    return _page(at_desk, form, seen, signs=signs, status=outcome.status, given=outcome.effect)


def _ask(at_desk: Desk, form: Form, seen: Seen, read: Read, signs: dict[str, str]) -> Response:
    """The call goes on with the customer; the request waits on AD04."""
    form.key = COMMIT
    home = address("CU03", seen.account_number)
    outcome = converse(at_desk, form, partial(_asks, read, seen.verb), ask_approval, leads_to=lambda _: home)
    if outcome.done is None:
        return _show_again(at_desk, form, seen, read, signs)
    flash(f"Request {outcome.done.request_id}: asked for. {outcome.done.words}.", "CSS199I")
    return leads(home)


def _commit(at_desk: Desk, form: Form, seen: Seen, read: Read, signs: dict[str, str]) -> Response:
    second = second_at_desk(at_desk, form, signs)
    if not form.has_errors:
        home = address("CU03", seen.account_number)
        outcome = converse(at_desk, form, read, partial(_give, verb=seen.verb, second=second), leads_to=lambda _: home)
        if outcome.done is not None:
            flash(f"{outcome.done.effect.words}.", "CSS199I")
            return leads(home)
    return _show_again(at_desk, form, seen, read, signs)


def _show_again(at_desk: Desk, form: Form, seen: Seen, read: Read, signs: dict[str, str]) -> Response:
    """F6 was refused: what it would do stays on the page beside the reason, so that the right signature is all it takes."""
    errors, general, key = form.errors, form.general, form.key
    form.errors, form.general, form.key = {}, [], ENTER
    outcome = converse(at_desk, form, read, partial(_rehearse, verb=seen.verb), leads_to=lambda _: "")
    for name, told in form.errors.items():
        errors.setdefault(name, []).extend(told)
    form.errors, form.general, form.key = errors, [*general, *form.general], key
    return _page(at_desk, form, seen, signs=signs, status=422, given=outcome.effect)


def _seen(session: Session, at_desk: Desk, arguments: Arguments) -> Seen | Response:
    """The bill or account, once the caller is known; else where to go first."""
    found = identify(arguments[0])
    bill = None
    if found.kind is IdKind.ACCOUNT:
        number = found.value
    elif found.kind in {IdKind.BILL, IdKind.CREDIT_NOTE}:
        bill = bill_card(session, found.value, by=at_desk.by)
        number = bill.bill.account_number
    else:
        raise BadMessage("CSS359E", "No screen shows {text} yet; open the customer and look there.", text=found.value, element="command")
    card = account_card(session, number, by=at_desk.by, lines=1)
    subject = ("account", number) if bill is None else ("bill", str(bill.bill.number))
    if not may_disclose(session, at_desk, PY05, card.customer.number, subject):
        return ask_first(number)
    return Seen(number, card.customer.name, bill, () if bill else income_nominals(session))


# --- reading ------------------------------------------------------------------------------------------------------------


def _read(form: Form, seen: Seen, at_desk: Desk) -> CreditBillLine | AdjustAccount | None:
    reason = form.member("reason", str, REASONS)
    if form.code("reason") == OTHER and not form.text("note"):
        form.wrong("note", "CSS360E", "{label} must be keyed.")
    why = f"{reason}: {form.text('note')}" if form.text("note") else reason or ""
    return _read_account(form, seen, why, at_desk) if seen.bill is None else _read_bill(form, seen.bill, why)


def _read_bill(form: Form, bill: BillCard, why: str) -> CreditBillLine | None:
    lines = {str(line.line_number): line for line in bill.lines}
    line = None if form.code("line_number") == ALL else form.member("line_number", object, lines)
    typed = form.text("amount")
    by_note = form.yes("by_credit_note")
    amount = None
    if _PERCENT.match(typed):
        if line is None and form.code("line_number") != ALL:
            return None
        amount = None if line is None else _part(form, lines[form.code("line_number")].net)
        if line is None:
            form.wrong("amount", "CSS804E", "A percentage is of one line; key which.")
    else:
        amount = form.money("amount")
    if form.has_errors:
        return None
    return CreditBillLine(
        bill_number=str(bill.bill.number),
        line_number=int(form.text("line_number")) if line is not None else None,
        amount=amount,
        reason=why,
        words=form.text("words"),
        by_credit_note=by_note,
    )


def _part(form: Form, net: Money) -> Money | None:
    """So many percent of a line, to the penny."""
    found = _PERCENT.match(form.text("amount"))
    assert found, "asked of a percentage"
    percent = Fraction(int(found[1])) + Fraction(int(found[2] or 0), 10 ** len(found[2] or ""))
    if not 0 < percent <= PERCENT_MAX:
        form.wrong("amount", "CSS804E", "{label}: a part of a line is more than nothing and at most 100%.")
        return None
    return to_money(Price.of(net.pence), share=percent / PERCENT_MAX)


def _read_account(form: Form, seen: Seen, why: str, at_desk: Desk) -> AdjustAccount | None:
    direction = form.member("direction", str, {CREDIT: CREDIT, CHARGE: CHARGE})
    vat = form.member("vat_code", VatCode, VATS)
    nominal = form.member("nominal_code", str, {row.code: row.code for row in seen.nominals})
    occurs_on = form.day("occurs_on", at_desk.today)
    for name in ("amount", "words"):
        if not form.text(name) and name not in form.errors:
            form.wrong(name, "CSS360E", "{label} must be keyed.")
    amount = form.money("amount")
    if amount is not None and amount.pence < 0:
        form.wrong("amount", "CSS804E", "{label}: key it without a sign, and C or D for which way.")
    if form.has_errors or amount is None or vat is None or nominal is None:
        return None
    return AdjustAccount(
        account_number=seen.account_number,
        amount=-amount if direction == CREDIT else amount,
        vat_code=vat,
        nominal_code=nominal,
        words=form.text("words"),
        reason=why,
        occurs_on=occurs_on,
    )


def _asks(read: Read, verb: str) -> AskApproval | None:
    command = read()
    if command is None:
        return None
    return AskApproval(verb=verb, command={name: value for name, value in to_plain(command).items() if name != "token"})


# --- doing --------------------------------------------------------------------------------------------------------------


def _rehearse(session: Session, command: Any, *, by: Actor, at: datetime, verb: str) -> Given:  # noqa: ANN401 - of either verb
    effect, needs_second = rehearsed(session, verb, command, by=by, at=at)
    could = tuple(one.name for one in second_persons(session, effect.amount, besides=by.name)) if needs_second else ()
    return Given(effect, needs_second, could)


def _give(session: Session, command: Any, *, by: Actor, at: datetime, verb: str, second: Actor | None) -> Given:  # noqa: ANN401
    doing = APPROVABLE[verb]
    done = doing.action(session, command, by=by, at=at, approved_by=second)
    return Given(doing.effect(done), needs_second=done.approved_by is not None)


def _page(
    at_desk: Desk, form: Form, seen: Seen, *, signs: dict[str, str] | None = None, status: int = 200, given: Given | None = None
) -> Response:
    if given is not None and given.needs_second and not form.has_errors:
        form.start, form.checked = "second_operator", ABOVE
    form.values |= {"second_operator": (signs or {}).get("second_operator", ""), "second_password": ""}
    home = address("CU03", seen.account_number)
    return show(
        at_desk,
        PY05,
        form=form,
        status=status,
        in_hand=InHand(seen.account_number, seen.customer_name),
        links={"F12": home if seen.bill is None else address("BL03", seen.bill.bill.number)},
        choices={
            name: values for name in ("line_number", "direction", "reason", "nominal_code", "vat_code") if (values := _values(seen, name))
        },
        seen=seen,
        given=given,
    )


def _values(seen: Seen, name: str) -> Values:
    match name, seen.bill:
        case "reason", _:
            return tuple(REASONS.items())
        case "line_number", bill if bill is not None:
            whole = (ALL, f"every line, {total(line.net for line in bill.lines).sterling} before VAT")
            return (*((str(line.line_number), f"{line.words}, {line.net.sterling}") for line in bill.lines if line.net.pence > 0), whole)
        case "direction", None:
            return ((CREDIT, "give it to the customer"), (CHARGE, "charge it"))
        case "nominal_code", None:
            return tuple((row.code, row.name) for row in seen.nominals)
        case "vat_code", None:
            return tuple((code, vat.value) for code, vat in VATS.items())
        case _:
            return ()


PAGES: Final = (Page(PY05, show_adjustment, act_adjustment),)
