"""FL01 report a fault: what is open on the line first, then what is wrong, then by when it must be put right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.errors import CssError
from css.core.phone import display_number, parse_number
from css.core.words import Role
from css.master.card_rows import LineCard
from css.master.cards import line_card
from css.web.desk import Desk, converse
from css.web.disclosure import knows_caller, note_read
from css.web.filters import instant
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted, Values
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from orders.queries.cards import OrderRow, open_orders
from repairs.actions import report_fault
from repairs.commands.faults import ReportFault
from repairs.queries.cards import FaultRow, open_faults_of_line
from repairs.rules.report import SYMPTOMS

DESK: Final = frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR})

FL01: Final = Screen(
    code="FL01",
    title="Report a fault",
    family="Faults",
    help=(
        "Take a fault report. Enter shows by when it must be cleared and how that is reckoned, so that you can tell the caller before "
        "anything is promised; F6 gives it its number and starts the clock. A fault open on the line is shown first."
    ),
    roles=DESK,
    response=ResponseClass.R1,
    takes="telephone",
    fields=(
        Field(
            name="number",
            label="Number in trouble",
            help="The telephone number of the line.",
            kind="telephone",
            length_max=25,
            is_required=True,
        ),
        Field(
            name="symptom_code",
            label="Symptom",
            help="What the caller notices, as a code; F4 lists those that can be on this line.",
            kind="code",
            length_max=3,
            is_required=True,
        ),
        Field(name="contact_name", label="Contact", help="Who can let an engineer in.", length_max=100, is_required=True),
        Field(
            name="contact_phone",
            label="Contact's telephone",
            help="A number that works while the line does not.",
            kind="telephone",
            length_max=25,
            is_required=True,
        ),
        Field(
            name="equipment_checked",
            label="Equipment checked",
            help="Y when the caller has tried another telephone in the test socket.",
            kind="yes-no",
            length_max=3,
        ),
        Field(name="power_checked", label="Power checked", help="Y when what needs mains power has it.", kind="yes-no", length_max=3),
        Field(name="words", label="In the caller's words", help="Since when, how often, what was tried.", kind="words", length_max=500),
        Field(name="access_notes", label="Access", help="When somebody is in, and how to find it.", length_max=500, width=44),
        Field(name="hazard_notes", label="Hazards", help="What may hurt an engineer: at most 50 characters.", length_max=50, width=44),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="report fault", sends=True)),
    converses=True,
    parks=True,
)


@dataclass(frozen=True, slots=True)
class InTrouble:
    """The line in trouble, and what is open on it; nothing while no number is keyed that there is."""

    card: LineCard | None = None
    faults: tuple[FaultRow, ...] = ()
    orders: tuple[OrderRow, ...] = ()
    is_caller_known: bool = False
    """Anybody may report a fault; where the line is, and whom to ring, is shown and filled in for the customer alone."""


def show_report(at_desk: Desk, arguments: Arguments) -> Response:
    form = Form.blank(FL01, number=arguments[0] if arguments else "")
    with at_desk.doing() as session:
        line = _line(session, at_desk, form.text("number"))
    card = line.card
    if card is not None:
        form.values["number"] = display_number(card.line.number or form.text("number"))
        if card.customer is not None and line.is_caller_known:
            reach = next((point.value for point in card.customer.contact_points if point.kind.value != "email"), "")
            form.values |= {"contact_name": card.customer.name, "contact_phone": display_number(reach) if reach else ""}
    return _report(at_desk, form, line)


def act_report(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(FL01, posted)
    with at_desk.doing() as session:
        line = _line(session, at_desk, form.text("number"))
    if form.key == REFRESH:
        form.errors.clear()
        return _report(at_desk, form, line)
    outcome = converse(at_desk, form, lambda: _read_report(form), report_fault, leads_to=lambda done: address("FL03", done.fault_number))
    if outcome.done is not None:
        flash(f"Fault {outcome.done.fault_number} is reported. It is to be cleared by {instant(outcome.done.due_at)}.", "CSS377I")
        return go("FL03", outcome.done.fault_number)
    return _report(at_desk, form, line, status=outcome.status, effect=outcome.effect)


def _read_report(form: Form) -> ReportFault | None:
    equipment_checked, power_checked = form.yes("equipment_checked"), form.yes("power_checked")
    if form.has_errors:
        return None
    return ReportFault(
        number=form.text("number"),
        symptom_code=form.code("symptom_code"),
        words=form.text("words"),
        contact_name=form.text("contact_name"),
        contact_phone=form.text("contact_phone"),
        access_notes=form.optional("access_notes"),
        hazard_notes=form.optional("hazard_notes"),
        equipment_checked=equipment_checked,
        power_checked=power_checked,
    )


def _line(session: Session, at_desk: Desk, number: str) -> InTrouble:
    try:
        card = line_card(session, number, by=at_desk.by) if number else None
    except CssError:
        card = None
    if card is None:
        return InTrouble()
    note_read(session, at_desk, FL01, ("line", parse_number(number)))
    return InTrouble(
        card,
        open_faults_of_line(session, card.line.line_id, by=at_desk.by),
        open_orders(session, by=at_desk.by, number=card.line.number) if card.line.number else (),
        is_caller_known=card.customer is not None and knows_caller(session, at_desk, card.customer.number),
    )


def _symptoms(card: LineCard | None) -> Values:
    """What can be wrong with this line: nothing is offered that it does not have."""
    on_line = {service.product_code for service in card.line.services if service.ends_on is None} if card else set()
    return tuple((one.code, one.words) for one in SYMPTOMS.values() if one.needs_product in {None, *on_line})


def prompt_report(at_desk: Desk, _: Arguments, form: Form, name: str) -> Values:
    """F4: the symptoms that the line keyed now can have."""
    if name != "symptom_code":
        return ()
    with at_desk.doing() as session:
        return _symptoms(_line(session, at_desk, form.text("number")).card)


def _report(
    at_desk: Desk,
    form: Form,
    line: InTrouble,
    *,
    status: int = 200,
    effect: object = None,
) -> Response:
    card = line.card
    in_hand = None
    if card and card.account and card.customer:
        # Once the contact's telephone is keyed, that is where somebody is rung: the line in trouble does not ring.
        in_hand = InHand(card.account.number, card.customer.name, card.line.number, ring=form.text("contact_phone") or None)
    return show(
        at_desk,
        FL01,
        form=form,
        status=status,
        in_hand=in_hand,
        links={"F12": address("CU03", in_hand.account_number) if in_hand else ""},
        choices={"symptom_code": _symptoms(card)},
        card=card,
        open_already=line.faults,
        orders_open=line.orders,
        is_caller_known=line.is_caller_known,
        effect=effect,
    )


PAGES: Final = (Page(FL01, show_report, act_report, prompt_report),)
