"""OR02 change an order, OR03 its progress, OR04 the work list."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Response

from css.audit import record
from css.care.actions import record_contact
from css.care.commands import RecordContact
from css.care.words import Channel, Outcome, Topic
from css.core.words import Role
from css.web.desk import Desk, status_of
from css.web.filters import weekday
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import Choices, InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from css.web.screens.deeds import Deed, Record, page_of
from css.web.screens.order_prompts import short_day
from css.web.screens.work_lists import after_of, packed, page_links, place_of, unpacked
from orders.actions import cancel_order, complete_order, delay_order, resume_order
from orders.commands import CancelOrder, CompleteOrder, DelayOrder, ResumeOrder
from orders.queries import OrderCard, order_card
from orders.rules.lifecycle import MOVES, Move
from orders.rules.problems import PROBLEMS, Effect
from orders.words import OrderState
from orders.work_queries import exchanges_of, order_progress, work_page

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
FIELD: Final = DESK | {Role.REPAIR}
MOVES_OF: Final = {"complete": Move.COMPLETE, "delay": Move.DELAY, "resume": Move.RESUME, "cancel": Move.CANCEL}
OPEN: Final = {state.value.upper(): state for state in (OrderState.COMMITTED, OrderState.HELD, OrderState.ACKNOWLEDGED)}
DAYS_OLD_MAX: Final = 3650


def _only(*deeds: str) -> frozenset[str]:
    return frozenset(deeds)


OR02: Final = Screen(
    code="OR02",
    title="Change an order",
    family="Orders",
    help=(
        "Say that an order is done, delayed, going on or no longer wanted, or that the customer asks where it is. Enter shows where the "
        "order would stand and what the customer is told; F6 does it. If somebody changed the order meanwhile, both are shown and you "
        "decide again."
    ),
    roles=FIELD,
    response=ResponseClass.R2,
    takes="order complete|delay|resume|cancel|chase",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(name="was_state", label="State", help="How it stood.", kind="hidden", length_max=20),
        Field(name="was_target", label="Worked for", help="What it was worked for.", kind="hidden", length_max=40),
        Field(
            name="done_on",
            label="Done on",
            help="The day the work was done, not after the business date.",
            kind="date",
            length_max=20,
            is_required=True,
            deeds=_only("complete"),
        ),
        Field(
            name="problem_code",
            label="Problem",
            help="Why it is delayed; F4 lists the codes.",
            kind="code",
            length_max=32,
            width=28,
            is_required=True,
            deeds=_only("delay"),
        ),
        Field(
            name="target_on",
            label="New date",
            help="What will be worked to from now on; empty keeps the date there was.",
            kind="date",
            length_max=20,
            deeds=_only("resume"),
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why the customer no longer wants it.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=_only("cancel"),
        ),
        Field(
            name="words",
            label="What the customer is told",
            help="In a sentence or two.",
            kind="words",
            length_max=500,
            deeds=_only("delay", "resume"),
        ),
        Field(
            name="asked",
            label="What they ask",
            help="In their words; it goes on the contact log, about this order.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=_only("chase"),
            also=frozenset({"words"}),
        ),
        Field(
            name="follow_up_on",
            label="We tell them on",
            help="By when we promised to be in touch; empty for no promise.",
            kind="date",
            length_max=20,
            deeds=_only("chase"),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)

OR03: Final = Screen(
    code="OR03",
    title="Order progress",
    family="Orders",
    help=(
        "Where an order stands, what was promised and what is worked to, what happens next, every event the customer was told of, newest "
        "first, and what came of it: charges left for billing and promises not kept."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="order number",
    keys=(
        Key(name="S-F5", label="done", roles=FIELD),
        Key(name="S-F6", label="delay", roles=FIELD),
        Key(name="S-F7", label="goes on", roles=FIELD),
        Key(name="S-F8", label="chase", roles=FIELD),
        Key(name="S-F9", label="cancel", roles=DESK),
    ),
)

OR04: Final = Screen(
    code="OR04",
    title="Order work list",
    family="Orders",
    help=(
        "The open orders of a district, those in danger of being late first and of them the worst, then by the day they are worked for. "
        "Enter on a filter narrows the list; F7 and F8 turn its pages. Key the number in front to open one."
    ),
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[district [state]]",
    fields=(
        Field(name="state", label="State", help="COMMITTED, HELD or ACKNOWLEDGED; empty for all.", kind="code", length_max=12, width=12),
        Field(
            name="problem_code", label="Held up by", help="A problem code; finds held orders only.", kind="code", length_max=32, width=20
        ),
        Field(name="exchange_code", label="Exchange", help="Where the line is.", kind="code", length_max=8, width=8),
        Field(name="days_old", label="Days old", help="Placed at least so many days ago.", kind="number", length_max=4, width=4),
    ),
    keys=(Key(name="Enter", label="narrow", sends=True), Key(name="F7", label="page back"), Key(name="F8", label="page on")),
)

_KEYS: Final = {"S-F5": "complete", "S-F6": "delay", "S-F7": "resume", "S-F9": "cancel"}


# --- OR03 ---------------------------------------------------------------------------------------------------------------


def show_progress(at_desk: Desk, arguments: Arguments) -> Response:
    """One order. Who looked is written down: it says where a line is going, and to whom."""
    if not arguments:
        return go("OR04")
    with at_desk.doing() as session:
        progress = order_progress(session, arguments[0], by=at_desk.by)
        card = progress.card
        record(session, by=at_desk.by, at=at_desk.at, verb="read", subject=("order", card.order_number), after={"screen": OR03.code})
    links = {key: address("OR02", card.order_number, deed) for key, deed in _KEYS.items() if MOVES_OF[deed] in MOVES[card.state]}
    return show(
        at_desk,
        OR03,
        in_hand=_in_hand(card),
        links=links | {"S-F8": address("OR02", card.order_number, "chase")},
        card=card,
        progress=progress,
    )


def _in_hand(card: OrderCard) -> InHand:
    return InHand(card.account_number, card.contact_name, card.number)


# --- OR02 ---------------------------------------------------------------------------------------------------------------


def _complete(form: Form, card: OrderCard, today: date) -> CompleteOrder | None:
    done_on = form.day("done_on", today)
    if form.has_errors or done_on is None:
        return None
    return CompleteOrder(order_number=card.order_number, done_on=done_on, row_version=form.version())


def _delay(form: Form, card: OrderCard, _: date) -> DelayOrder | None:
    if form.has_errors:
        return None
    code, words = form.code("problem_code"), form.text("words")
    return DelayOrder(order_number=card.order_number, problem_code=code, words=words, row_version=form.version())


def _resume(form: Form, card: OrderCard, today: date) -> ResumeOrder | None:
    target_on = form.day("target_on", today)
    if form.has_errors:
        return None
    return ResumeOrder(order_number=card.order_number, target_on=target_on, words=form.text("words"), row_version=form.version())


def _cancel(form: Form, card: OrderCard, _: date) -> CancelOrder | None:
    if form.has_errors:
        return None
    return CancelOrder(order_number=card.order_number, reason=form.text("reason"), row_version=form.version())


def _chase(form: Form, card: OrderCard, today: date) -> RecordContact | None:
    """The customer asks where the order is: that is no change of it, but it is not forgotten either."""
    follow_up_on = form.day("follow_up_on", today)
    if form.has_errors:
        return None
    return RecordContact(
        account_number=card.account_number,
        channel=Channel.TELEPHONE,
        topic=Topic.ORDER,
        reference=card.order_number,
        words=f"Asks where the order is: {form.text('asked')}",
        outcome=Outcome.OPEN,
        follow_up_on=follow_up_on,
    )


def _delays() -> Choices:
    return {"problem_code": tuple((one.code, one.words) for one in PROBLEMS.values() if Effect.DELAY in one.effects)}


def _target(card: OrderCard) -> dict[str, str]:
    return {"target_on": short_day(card.target_on) if card.target_on else ""}


def _seen(card: OrderCard) -> dict[str, tuple[str, str]]:
    return {"was_state": ("State", card.state.value), "was_target": ("Worked for", weekday(card.target_on))}


def _said(deed: str, card: OrderCard, done: Any) -> tuple[str, str]:  # noqa: ANN401 - each deed has its own answer
    if deed == "chase":
        return f"It is on the contact log that they asked for order {card.order_number}.", "CSS934I"
    return f"Order {done.order_number} is {done.state.value} now.", "CSS376I"


ORDER: Final = Record(
    kind="order",
    screen=OR02,
    shown_by="OR03",
    deeds={
        "complete": Deed("the work is done", FIELD, complete_order, _complete),
        "delay": Deed("it cannot be done as promised", FIELD, delay_order, _delay, choices=_delays),
        "resume": Deed("it goes on", FIELD, resume_order, _resume, begins_with=_target),
        "cancel": Deed("the customer no longer wants it", DESK, cancel_order, _cancel),
        "chase": Deed("the customer asks where it is", FIELD, record_contact, _chase),
    },
    read=lambda session, number, by: order_card(session, number, by=by),
    number=lambda card: card.order_number,
    version=lambda card: card.row_version,
    seen=_seen,
    in_hand=_in_hand,
    unknown=("CSS385E", "Say what is done: OR02 with the order and one of {deeds}."),
    said=_said,
)


# --- OR04 ---------------------------------------------------------------------------------------------------------------


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    names = [field.name for field in OR04.fields]
    return _list(at_desk, arguments, Form.blank(OR04, **dict(zip(names, unpacked(arguments, len(names)), strict=True))))


def act_list(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    """Enter narrows: the filters go into the address. F5 looks again at the same page."""
    form = Form.posted(OR04, posted)
    if form.key == REFRESH or form.has_errors:
        return _list(at_desk, arguments, form)
    with at_desk.reading() as session:
        _, chosen = place_of(session, arguments)
    filters = packed([form.code(field.name) for field in OR04.fields])
    return go("OR04", chosen, filters) if not _wrong(form) else _list(at_desk, arguments, form)


def _wrong(form: Form) -> bool:
    form.member("state", OrderState, OPEN)
    form.member("problem_code", str, {code: code for code in PROBLEMS})
    typed = form.text("days_old")
    if typed and not (typed.isascii() and typed.isdigit() and int(typed) <= DAYS_OLD_MAX):
        form.wrong("days_old", "CSS935E", "{label}: a whole number of days, at most {most}.", most=DAYS_OLD_MAX)
    return form.has_errors


def _list(at_desk: Desk, arguments: Arguments, form: Form) -> Response:
    wrong = _wrong(form)
    form.at_command = not wrong
    with at_desk.reading() as session:
        places, chosen = place_of(session, arguments)
        exchanges = exchanges_of(session, chosen)
        page = work_page(
            session,
            chosen,
            by=at_desk.by,
            state=None if wrong else OPEN.get(form.code("state")),
            problem_code=None if wrong else form.code("problem_code") or None,
            exchange_code=None if wrong else form.code("exchange_code") or None,
            days_old=0 if wrong else int(form.text("days_old") or 0),
            after="" if wrong else after_of(arguments),
        )
    filters = "" if wrong else packed([form.code(field.name) for field in OR04.fields])
    return show(
        at_desk,
        OR04,
        form=form,
        status=status_of(form) if wrong else 200,
        links=page_links("OR04", chosen, filters, page.back, page.forward),
        choices={
            "state": tuple((code, state.value) for code, state in OPEN.items()),
            "problem_code": tuple((one.code, one.words) for one in PROBLEMS.values() if Effect.DELAY in one.effects),
            "exchange_code": exchanges,
        },
        page=page,
        places=places,
        chosen=chosen,
    )


PAGES: Final = (page_of(ORDER), Page(OR03, show_progress), Page(OR04, show_list, act_list))
