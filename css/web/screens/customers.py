"""CU03, the customer on one page: who is calling is asked there, and nearly every call is answered from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, cast

from flask import Response, flash, get_flashed_messages
from sqlalchemy.orm import Session

from billing.queries import account_balance, bills_of_account, statement
from billing.queries.accounts import AccountBalance, BillRow, Statement
from billing.queries.adjustments import adjustments_of_account
from billing.words import BillKind
from css.care.actions import check_caller
from css.care.commands import CallerChecked, CheckCaller
from css.care.queries import caller_check_of, follow_ups, timeline
from css.care.queries.callers import CallerState
from css.care.queries.follow_ups import FollowUpRow
from css.care.rules.caller import RECENT_BILLS, RecentBill
from css.care.words import CheckMethod, CheckOutcome
from css.core.errors import CssError, NotFound
from css.core.ids import IdKind, identify
from css.core.words import CustomerKind, HoldKind, LineState, Role
from css.handover import HoldRow, holds_of_account
from css.master.approvals import approvals_about
from css.master.card_rows import AccountCard
from css.master.cards import account_card
from css.master.desk_queries import AccountNamed, accounts_of_customer
from css.master.guiding import number_in_use
from css.web.conversation import Kept, left_about, new_token
from css.web.desk import Desk, status_of
from css.web.disclosure import note_disclosure
from css.web.filters import clock, day
from css.web.form import COMMIT, ENTER, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, address_of, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens import find
from css.web.screens.find import STAFF
from css.web.timeline import Moment, View, stream
from orders.queries.cards import OrderRow, account_orders, open_orders
from orders.queries.delays import DelayRow, delays_of_account
from orders.rules.jeopardy import Jeopardy
from repairs.queries.beneath import lines_beneath
from repairs.queries.cards import FaultRow, faults_of_account
from repairs.words import OPEN_STATES

__all__ = ["CU03", "PAGES", "STAFF", "CustomerPage", "account_of", "compose"]

TIMELINE_ROWS: Final = 14
TIMELINE_MORE: Final = 60
"""When one view of it is asked for."""
BILLS_SHOWN: Final = 3
LEDGER_ROWS: Final = 6
WRAPPED_UP: Final = "CSS920I"
MOVED_LATELY: Final = timedelta(days=60)
"""So long after a move bills, letters and engineers may still go to where it was."""
COUNTED_MAX: Final = 25
"""What there is more of is not counted before the caller is known."""

METHODS: Final = {
    CheckMethod.PHRASE: "pass phrase",
    CheckMethod.BIRTH: "date of birth",
    CheckMethod.ADDRESS: "postcode and house",
    CheckMethod.BILL: "amount due and date of a recent bill",
    CheckMethod.WRITTEN: "in writing, signature compared",
    CheckMethod.NONE: "no caller: key why you open the record",
    CheckMethod.NEW: "a new customer, who told us in this call",
}
KEYED: Final = {one.value: one for one in METHODS if one is not CheckMethod.NEW}

CU03: Final = Screen(
    code="CU03",
    title="Customer on one page",
    family="Customers",
    help=(
        "Everything about an account that a caller may ask. First make sure who is calling; the cursor is there, and Shift+F6 brings it "
        "back: how (PP pass phrase, DB date of "
        "birth, AD address, BL a bill), what the caller says, Enter. The program compares; three wrong answers close the question for a "
        "quarter of an hour. NO with a reason opens the record without a caller. It stays open to you until F2 wraps the call up, half an "
        "hour at the most. Lines, orders, faults and bills are numbered: key the number to open one, or the number and a screen, like "
        "1 FL01. F11 shows the timeline by kind."
    ),
    roles=STAFF,
    response=ResponseClass.R2,
    takes="account, customer or telephone number",
    fields=(
        Field(
            name="method",
            label="Made sure by",
            help="PP pass phrase, DB date of birth, AD postcode and house, BL a recent bill, WR in writing, NO without a caller.",
            kind="code",
            length_max=2,
        ),
        Field(
            name="answer",
            label="The caller says",
            help="As it is said: old harbour; 5 3 61; ZZ4 7QT 14; 45.67 5 mar. With WR the letter's date or reference, with NO why: kept.",
            length_max=120,
            width=34,
        ),
        Field(
            name="speaker",
            label="Who, if another",
            help="The number of whoever may speak besides, from the list; for a firm, the caller's name. Empty for the customer.",
            length_max=60,
            width=14,
            also=frozenset({"authorised_person_id", "caller_name"}),
        ),
    ),
    keys=(
        Key(name="Enter", label="check the answer", sends=True),
        Key(name="F6", label="check the answer", sends=True),
        Key(name="F11", label="timeline by kind"),
        Key(name="S-F1", label="order", roles=frozenset({Role.CLERK, Role.SUPERVISOR})),
        Key(name="S-F2", label="fault", roles=frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR})),
        Key(name="S-F3", label="bills"),
        Key(name="S-F4", label="payment", roles=frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR})),
        Key(name="S-F6", label="who is calling"),
        Key(name="S-F7", label="line record"),
        Key(name="S-F8", label="change", roles=frozenset({Role.CLERK, Role.BILLING, Role.SUPERVISOR})),
    ),
    discloses=True,
)


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """All that CU03 shows, from a fixed number of statements (a test counts them); before the check only the first five."""

    card: AccountCard
    caller: CallerState
    orders: tuple[OrderRow, ...]
    """Open ones."""
    faults: tuple[FaultRow, ...]
    bills: tuple[BillRow, ...]
    inside: Inside | None
    outages: dict[int, str] = field(default_factory=dict)
    """The lines beneath failed plant, each with what its customer is told."""

    @property
    def open_faults(self) -> tuple[FaultRow, ...]:
        return tuple(fault for fault in self.faults if fault.state in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Inside:
    """What only the customer may hear."""

    balance: AccountBalance
    ledger: Statement
    holds: tuple[HoldRow, ...]
    delays: dict[str, DelayRow]
    promises: tuple[FollowUpRow, ...]
    left: tuple[Kept, ...]
    others: tuple[AccountNamed, ...]
    """The customer's other accounts."""
    moments: tuple[Moment, ...]


def compose(session: Session, account_number: str, at_desk: Desk, view: View = View.ALL) -> CustomerPage:
    """The page of an account, as far as this operator may see it now. Errors: CSS105E not found, and those of ``expect_id``."""
    by = at_desk.by
    card = account_card(session, account_number, by=by)
    number, customer = card.account.number, card.customer.number
    page = CustomerPage(
        card=card,
        caller=caller_check_of(session, customer, at_desk.at, by=by, operator_session_id=at_desk.on_duty.session_id),
        orders=open_orders(session, by=by, account_number=number),
        faults=faults_of_account(session, number, by=by, limit=TIMELINE_MORE),
        bills=bills_of_account(session, number, by=by, limit=COUNTED_MAX),
        inside=None,
        outages=lines_beneath(session, tuple(line.line_id for line in card.lines)),
    )
    check = page.caller.check
    if check is None:
        return page
    note_disclosure(session, at_desk, CU03, check, ("account", number))
    rows = TIMELINE_ROWS if view is View.ALL else TIMELINE_MORE
    ledger = statement(session, number, by=by, limit=rows)
    moments = stream(
        timeline(session, customer, by=by, limit=rows),
        account_orders(session, number, by=by, limit=rows),
        page.faults,
        page.bills,
        ledger.rows,
        adjustments_of_account(session, number, by=by, limit=rows),
        approvals_about(session, [number, *(bill.number for bill in page.bills if bill.number)], by=by),
    )
    inside = Inside(
        balance=account_balance(session, number, by=by),
        ledger=ledger,
        holds=holds_of_account(session, number),
        delays={row.order_number: row for row in delays_of_account(session, number, by=by)},
        promises=follow_ups(session, by=by, account_number=number),
        left=tuple(one for one in left_about(session, number) if one.screen_code != CU03.code),
        others=tuple(one for one in accounts_of_customer(session, customer, by=by) if one.account_number != number),
        moments=tuple(one for one in moments if view in {View.ALL, one.view})[:rows],
    )
    return CustomerPage(card, page.caller, page.orders, page.faults, page.bills, inside, page.outages)


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
        accounts = accounts_of_customer(session, found.value, by=at_desk.by)
        if len(accounts) != 1:
            raise NotFound("CSS381E", "Customer {number} has {count} accounts; choose one.", number=found.value, count=len(accounts))
        return accounts[0].account_number, None
    return found.value, None


def show_customer(at_desk: Desk, arguments: Arguments) -> Response:
    return _page(at_desk, arguments, Form.blank(CU03)) if arguments else go("CS01")


def act_customer(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter or F6 compares what the caller said with what is held.

    Enter does it, too: a rehearsal would tell who asks whether the answer is right, and count no try (docs/decisions/0135).
    """
    if not arguments:
        return go("CS01")
    form = Form.posted(CU03, posted)
    keyed = any(form.text(one.name) for one in CU03.fields)
    if not form.has_errors and (form.key == COMMIT or (form.key == ENTER and keyed)):
        done = _check(at_desk, arguments, form)
        if done is not None and done.outcome is CheckOutcome.FAILED and done.closed_until is None:
            # Asked again at once: how and who stay, what was not right goes, and the cursor is there.
            words, code = _told(done)
            form.values["answer"], form.token = "", new_token()
            form.wrong("answer", code, "{told}", told=words)
        elif done is not None:
            flash(*_told(done))
            return go("CU03", *arguments)
    return _page(at_desk, arguments, form)


def _check(at_desk: Desk, arguments: Arguments, form: Form) -> CallerChecked | None:
    """Put the question; None with the errors on the form when it cannot be put."""
    method = form.member("method", CheckMethod, KEYED)
    if not form.code("method"):
        form.wrong("method", "CSS360E", "{label} must be keyed.")
    try:
        with at_desk.doing() as session:
            number, _ = account_of(session, arguments[0], at_desk)
            card = account_card(session, number, by=at_desk.by, lines=1)
            person, name = _speaker(session, at_desk, card, form, method)
            if form.has_errors or method is None:
                return None
            bills = bills_of_account(session, number, by=at_desk.by, limit=COUNTED_MAX) if method is CheckMethod.BILL else ()
            command = CheckCaller(
                token=form.token,
                customer_number=card.customer.number,
                method=method,
                answer=form.text("answer"),
                authorised_person_id=person,
                caller_name=name,
                recent_bills=_recent(bills),
                operator_session_id=at_desk.on_duty.session_id,
            )
            return check_caller(session, command, by=at_desk.by, at=at_desk.at)
    except CssError as error:
        form.take(error)
        return None


def _speaker(session: Session, at_desk: Desk, card: AccountCard, form: Form, method: CheckMethod | None) -> tuple[int | None, str | None]:
    """Who speaks: one of those who may, by the number in the list, or somebody of a firm, or of a letter, by name."""
    said = form.text("speaker")
    if not said:
        return None, None
    if said.isdigit():
        speakers = caller_check_of(session, card.customer.number, at_desk.at, by=at_desk.by).speakers
        if said.isascii() and 1 <= int(said) <= len(speakers):
            return speakers[int(said) - 1].authorised_person_id, None
    elif card.customer.kind is CustomerKind.ORGANISATION or method is CheckMethod.WRITTEN:
        return None, said
    form.wrong("speaker", "CSS924E", "{label}: key the number of one who may speak for the customer, or leave it empty for the customer.")
    return None, None


def _recent(bills: tuple[BillRow, ...]) -> tuple[RecentBill, ...]:
    """What the caller may have to hand: bills that have their number."""
    sent = [bill for bill in bills if bill.number is not None and bill.kind is not BillKind.CREDIT_NOTE]
    return tuple(RecentBill(bill.issue_on, bill.amount_due) for bill in sent[:RECENT_BILLS])


def _told(done: CallerChecked) -> tuple[str, str]:
    """The message and its code. An error, when the answer was wrong: keys typed ahead for the open record are dropped."""
    if done.open_until is not None:
        without = done.outcome is CheckOutcome.WAIVED
        return f"{'Opened without a caller' if without else 'The caller is known'}; until {clock(done.open_until)}, or F2.", "CSS922I"
    if done.closed_until is not None:
        return f"That is not what is held. The question is closed until {clock(done.closed_until)}.", "CSS923E"
    left = "one more answer" if done.tries_left == 1 else f"{done.tries_left} more answers"
    return f"That is not what is held; {left} may be tried.", "CSS923E"


def _page(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    view = next((one for one in View if arguments[1:2] == (one.value,)), View.ALL)
    try:
        with at_desk.doing() as session:
            number, telephone = account_of(session, arguments[0], at_desk)
            page = compose(session, number, at_desk, view)
    except NotFound as error:
        if error.code in {"CSS381E", "CSS106E"}:
            # The list says whose the number was, or which accounts there are.
            return go("CS01", arguments[0])
        raise
    head, caller = page.card.customer, page.caller
    in_hand = InHand(number, head.name, telephone or _only_number(page.card))
    asks = caller.check is None or caller.check.outcome is CheckOutcome.WAIVED
    # A call begins with the question who it is; it is not asked when nothing is asked any more, nor when the call has just ended.
    begins = caller.check is None and caller.closed_until is None and not _has_ended()
    form.at_command = not form.has_errors and not begins
    return show(
        at_desk,
        CU03,
        form=form,
        status=status_of(form) if form.has_errors else 200,
        in_hand=in_hand,
        links=_links(arguments, in_hand, view, asks=asks, is_open=page.inside is not None),
        choices=_choices(page) if asks else {},
        without=frozenset() if asks else frozenset({ENTER, COMMIT}),
        page=page,
        inside=page.inside,
        flags=_flags(page, at_desk.today),
        asks=asks,
        asked=_asked(page),
        methods=METHODS,
        counted_max=COUNTED_MAX,
        bills_shown=BILLS_SHOWN,
        ledger_rows=LEDGER_ROWS,
        view=view,
        views=[(one, address("CU03", arguments[0], one.value)) for one in View],
        left=[(one, _taken_up(one, at_desk)) for one in page.inside.left] if page.inside else [],
    )


def _has_ended() -> bool:
    """Whether the page comes with the message that the call was wrapped up: the next thing keyed is the next caller's number."""
    said = cast("list[tuple[str, str]]", get_flashed_messages(with_categories=True))
    return any(code == WRAPPED_UP for code, _ in said)


def _links(arguments: Arguments, in_hand: InHand, view: View, *, asks: bool, is_open: bool) -> dict[str, str]:
    number = in_hand.account_number
    return {
        "F3": address("MENU"),
        "F11": address("CU03", arguments[0], view.following.value) if is_open else "",
        "S-F1": address("OR01", number, in_hand.telephone),
        "S-F2": address("FL01", in_hand.telephone) if in_hand.telephone else "",
        "S-F3": address("BL03", number),
        "S-F4": address("PY01", number),
        "S-F6": "#method" if asks else "",
        "S-F7": address("LN03", in_hand.telephone or number) if is_open else "",
        "S-F8": address("CU02", number) if is_open else "",
    }


def _taken_up(kept: Kept, at_desk: Desk) -> str:
    """Where a half-keyed conversation is gone on with; empty for what a colleague has under hands."""
    is_mine = kept.operator_code == at_desk.on_duty.operator_code
    return address_of(kept) if is_mine or kept.state.value == "parked" else ""


def _only_number(card: AccountCard) -> str | None:
    """The telephone number in hand without asking: that of an account's one working line."""
    working = [line.number for line in card.lines if line.state is LineState.WORKING and line.number]
    return working[0] if len(working) == 1 else None


def _flags(page: CustomerPage, today: date) -> list[tuple[str, str]]:
    """What the operator must know before the first word: (how it is shown, words). Of money and moves only when the caller is known."""
    head, account = page.card.customer, page.card.account
    late = any(order.jeopardy in {Jeopardy.LATE, Jeopardy.TARGET_PASSED} for order in page.orders)
    found = [
        (head.is_vulnerable, "", "VULNERABLE"),
        (head.access_needs, "", f"NEEDS: {head.access_needs}"),
        (page.outages, "is-error", "OUTAGE"),
        (page.open_faults, "is-error", "FAULT OPEN"),
        (page.orders and late, "is-error", "ORDER LATE"),
        (page.orders and not late, "is-good", "ORDER OPEN"),
        (account.closed_on, "is-error", "ACCOUNT CLOSED"),
    ]
    if page.inside is not None:
        kinds = {hold.kind for hold in page.inside.holds}
        lines = page.card.lines
        moved_on = next(
            (
                one.ends_on
                for one in page.card.past_lines
                if one.number in {line.number for line in lines} and one.ends_on > today - MOVED_LATELY
            ),
            None,
        )
        found += [
            (any(line.bars for line in lines), "is-error", "BARRED FOR DEBT"),
            (moved_on, "", f"MOVED {day(moved_on)}"),
            (HoldKind.DISPUTE in kinds, "", "DISPUTE"),
            (HoldKind.PAYMENT_PLAN in kinds, "", "PAYMENT PLAN"),
            (account.payer_customer_number, "", "SOMEBODY ELSE PAYS"),
        ]
    return [(style, words) for is_so, style, words in found if is_so]


def _asked(page: CustomerPage) -> tuple[CheckMethod, ...]:
    """What the customer can be asked, as far as there is something to compare with."""
    known = {*page.caller.asked, *((CheckMethod.BILL,) if _recent(page.bills) else ())}
    return tuple(method for method in CheckMethod if method in known)


def _choices(page: CustomerPage) -> dict[str, list[tuple[str, str]]]:
    speakers = [(str(n), f"{one.name}, {one.relation}") for n, one in enumerate(page.caller.speakers, 1)]
    methods = [(method.value, METHODS[method]) for method in (*_asked(page), CheckMethod.NONE)]
    return {"method": methods} | ({"speaker": speakers} if speakers else {})


PAGES: Final = (*find.PAGES, Page(CU03, show_customer, act_customer))
