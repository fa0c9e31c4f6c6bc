"""OR02 change an order, OR03 its progress, OR04 the work list."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from flask import Response, flash

from css.core.errors import NotFound
from css.core.words import Role
from css.master.queries import districts
from css.web.desk import Desk, NotForYou, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from orders.actions import cancel_order, complete_order, delay_order, resume_order
from orders.commands import CancelOrder, CompleteOrder, DelayOrder, ResumeOrder
from orders.queries import OrderCard, order_card, order_work_list
from orders.rules.lifecycle import MOVES, PROBLEMS, Effect, Move

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
FIELD: Final = DESK | {Role.REPAIR}
DEEDS: Final = {"complete": FIELD, "delay": FIELD, "resume": FIELD, "cancel": DESK}
"""What OR02 does, and who may."""
TITLES: Final = {
    "complete": "the work is done",
    "delay": "it cannot be done as promised",
    "resume": "it goes on",
    "cancel": "the customer no longer wants it",
}
MOVES_OF: Final = {"complete": Move.COMPLETE, "delay": Move.DELAY, "resume": Move.RESUME, "cancel": Move.CANCEL}


def _only(*deeds: str) -> frozenset[str]:
    return frozenset(deeds)


OR02: Final = Screen(
    code="OR02",
    title="Change an order",
    family="Orders",
    help=(
        "Say that an order is done, delayed, going on or no longer wanted. Enter shows where the order would stand and what the customer "
        "is told; F6 does it. If somebody changed the order meanwhile, both are shown and you decide again."
    ),
    roles=FIELD,
    response=ResponseClass.R2,
    takes="order complete|delay|resume|cancel",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
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
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)

OR03: Final = Screen(
    code="OR03",
    title="Order progress",
    family="Orders",
    help="Where an order stands, what was promised and what is worked to, and every event the customer was told of, newest first.",
    roles=STAFF,
    response=ResponseClass.R1,
    takes="order number",
    keys=(
        Key(name="S-F5", label="done", roles=FIELD),
        Key(name="S-F6", label="delay", roles=FIELD),
        Key(name="S-F7", label="goes on", roles=FIELD),
        Key(name="S-F9", label="cancel", roles=DESK),
    ),
)

OR04: Final = Screen(
    code="OR04",
    title="Order work list",
    family="Orders",
    help="The open orders of a district, those in danger of being late first. Key the number in front to open one.",
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[district]",
)

_KEYS: Final = {"S-F5": "complete", "S-F6": "delay", "S-F7": "resume", "S-F9": "cancel"}


# --- OR03 ---------------------------------------------------------------------------------------------------------------


def show_progress(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("OR04")
    with at_desk.reading() as session:
        card = order_card(session, arguments[0], by=at_desk.by)
    return show(
        at_desk,
        OR03,
        in_hand=_in_hand(card),
        links={key: address("OR02", card.order_number, deed) for key, deed in _KEYS.items() if MOVES_OF[deed] in MOVES[card.state]},
        card=card,
    )


def _in_hand(card: OrderCard) -> InHand:
    return InHand(card.account_number, card.contact_name, card.number)


# --- OR02 ---------------------------------------------------------------------------------------------------------------


def _deed(at_desk: Desk, arguments: Arguments) -> str:
    deed = arguments[1].lower() if len(arguments) > 1 else ""
    if deed not in DEEDS:
        raise NotFound("CSS385E", "Say what is done: OR02 with the order and one of {deeds}.", deeds=", ".join(DEEDS))
    if not at_desk.may(DEEDS[deed]):
        raise NotForYou(f"OR02 {deed}")
    return deed


def show_change(at_desk: Desk, arguments: Arguments) -> Response:
    deed = _deed(at_desk, arguments)
    with at_desk.reading() as session:
        card = order_card(session, arguments[0], by=at_desk.by)
    return _change(at_desk, card, Form.blank(OR02, deed, row_version=str(card.row_version)))


def act_change(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    deed = _deed(at_desk, arguments)
    form = Form.posted(OR02, posted, deed)
    if form.key == REFRESH:
        form.errors.clear()
        with at_desk.reading() as session:
            card = order_card(session, arguments[0], by=at_desk.by)
        form.values["row_version"] = str(card.row_version)
        return _change(at_desk, card, form)
    action: Any = {"complete": complete_order, "delay": delay_order, "resume": resume_order, "cancel": cancel_order}[deed]
    outcome = converse(at_desk, form, lambda: _command(form, arguments[0], at_desk.today), action, leads_to=_leads_to)
    if outcome.done is not None:
        flash(f"Order {outcome.done.order_number} is {outcome.done.state.value} now.", "CSS376I")
        return go("OR03", outcome.done.order_number)
    with at_desk.reading() as session:
        card = order_card(session, arguments[0], by=at_desk.by)
    # After a conflict the page shows the order as it is now beside what was keyed; the next check is against that.
    form.values["row_version"] = str(card.row_version)
    return _change(at_desk, card, form, status=outcome.status, effect=outcome.effect)


def _leads_to(done: Any) -> str:  # noqa: ANN401 - each deed has its own answer; all name the order
    return address("OR03", done.order_number)


def _command(form: Form, order_number: str, today: date) -> CompleteOrder | DelayOrder | ResumeOrder | CancelOrder | None:
    seen = form.version()
    done_on, target_on = form.day("done_on", today), form.day("target_on", today)
    if form.has_errors:
        return None
    match form.deed:
        case "complete":
            assert done_on is not None, "a needed field was read"
            return CompleteOrder(order_number=order_number, done_on=done_on, row_version=seen)
        case "delay":
            return DelayOrder(order_number=order_number, problem_code=form.code("problem_code"), words=form.text("words"), row_version=seen)
        case "resume":
            return ResumeOrder(order_number=order_number, target_on=target_on, words=form.text("words"), row_version=seen)
        case _:
            return CancelOrder(order_number=order_number, reason=form.text("reason"), row_version=seen)


def _change(at_desk: Desk, card: OrderCard, form: Form, *, status: int = 200, effect: object = None) -> Response:
    causes = {"delay": Effect.DELAY, "cancel": Effect.CANCEL}.get(form.deed, Effect.DELAY)
    return show(
        at_desk,
        OR02,
        form=form,
        status=status,
        in_hand=_in_hand(card),
        links={"F3": address("OR03", card.order_number), "F12": address("OR03", card.order_number)},
        choices={"problem_code": tuple((one.code, one.words) for one in PROBLEMS.values() if causes in one.effects)}
        if form.deed == "delay"
        else {},
        card=card,
        effect=effect,
        what=TITLES[form.deed],
    )


# --- OR04 ---------------------------------------------------------------------------------------------------------------


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        places = districts(session)
        chosen = arguments[0].upper() if arguments else places[0].code if places else ""
        rows = order_work_list(session, chosen, by=at_desk.by) if chosen else ()
    return show(at_desk, OR04, rows=rows, places=places, chosen=chosen)


PAGES: Final = (Page(OR02, show_change, act_change), Page(OR03, show_progress), Page(OR04, show_list))
