"""FL01 report a fault, FL02 clear or withdraw it, FL03 one fault with its story, FL04 the work list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.errors import CssError, NotFound
from css.core.phone import display_number
from css.core.words import Role
from css.master.card_rows import LineCard
from css.master.cards import line_card
from css.master.queries import districts
from css.web.desk import Desk, NotForYou, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import STAFF
from repairs.actions import clear_fault, report_fault, withdraw_fault
from repairs.commands import ClearFault, ReportFault, WithdrawFault
from repairs.queries import FaultCard, FaultRow, clear_codes, fault_card, faults_of_account, open_faults
from repairs.rules.lifecycle import MOVES
from repairs.rules.report import SYMPTOMS
from repairs.words import FaultState

DESK: Final = frozenset({Role.CLERK, Role.REPAIR, Role.SUPERVISOR})
FIELD: Final = frozenset({Role.REPAIR, Role.SUPERVISOR})
DEEDS: Final = {"clear": FIELD, "withdraw": DESK}
"""What FL02 does, and who may."""
TITLES: Final = {"clear": "service is restored", "withdraw": "the customer takes the report back"}

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

FL02: Final = Screen(
    code="FL02",
    title="Change a fault",
    family="Faults",
    help="Say that a fault is cleared or that the customer takes it back. Enter shows whether it is in time; F6 does it.",
    roles=DESK,
    response=ResponseClass.R2,
    takes="fault clear|withdraw",
    fields=(
        Field(name="row_version", label="Version", help="What you saw.", kind="hidden", length_max=10),
        Field(
            name="clear_code",
            label="Clear code",
            help="Where the fault was; F4 lists the codes.",
            kind="code",
            length_max=4,
            is_required=True,
            deeds=frozenset({"clear"}),
        ),
        Field(
            name="words", label="What was done", help="For whoever comes next.", kind="words", length_max=500, deeds=frozenset({"clear"})
        ),
        Field(
            name="reason",
            label="Reason",
            help="Why the report is taken back.",
            kind="words",
            length_max=500,
            is_required=True,
            deeds=frozenset({"withdraw"}),
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="commit", sends=True)),
    in_menu=False,
    converses=True,
)

FL03: Final = Screen(
    code="FL03",
    title="Fault",
    family="Faults",
    help="Where a fault stands, by when it must be cleared and how that is reckoned, and its story, newest first.",
    roles=STAFF,
    response=ResponseClass.R1,
    takes="fault number",
    keys=(Key(name="S-F8", label="clear", roles=FIELD), Key(name="S-F9", label="withdraw", roles=DESK)),
)

FL04: Final = Screen(
    code="FL04",
    title="Fault work list",
    family="Faults",
    help="The open faults of a district, soonest due first. Key the number in front to open one.",
    roles=STAFF,
    response=ResponseClass.R1,
    takes="[district]",
)

_KEYS: Final = {"S-F8": "clear", "S-F9": "withdraw"}


# --- FL01 ---------------------------------------------------------------------------------------------------------------


def show_report(at_desk: Desk, arguments: Arguments) -> Response:
    form = Form.blank(FL01, number=arguments[0] if arguments else "")
    with at_desk.reading() as session:
        card, open_already = _line(session, at_desk, form.text("number"))
    if card is not None:
        form.values["number"] = display_number(card.line.number or form.text("number"))
        if card.customer is not None:
            reach = next((point.value for point in card.customer.contact_points if point.kind.value != "email"), "")
            form.values |= {"contact_name": card.customer.name, "contact_phone": display_number(reach) if reach else ""}
    return _report(at_desk, form, card, open_already)


def act_report(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(FL01, posted)
    with at_desk.reading() as session:
        card, open_already = _line(session, at_desk, form.text("number"))
    if form.key == REFRESH:
        form.errors.clear()
        return _report(at_desk, form, card, open_already)
    outcome = converse(at_desk, form, lambda: _read_report(form), report_fault, leads_to=lambda done: address("FL03", done.fault_number))
    if outcome.done is not None:
        flash(f"Fault {outcome.done.fault_number} is reported. {outcome.done.deadline_words}", "CSS377I")
        return go("FL03", outcome.done.fault_number)
    return _report(at_desk, form, card, open_already, status=outcome.status, effect=outcome.effect)


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


def _line(session: Session, at_desk: Desk, number: str) -> tuple[LineCard | None, tuple[FaultRow, ...]]:
    """The line in trouble and what is open on it; nothing while no number is keyed that there is."""
    try:
        card = line_card(session, number, by=at_desk.by) if number else None
    except CssError:
        card = None
    if card is None or card.account is None:
        return card, ()
    faults = faults_of_account(session, card.account.number, by=at_desk.by)
    return card, tuple(fault for fault in faults if fault.state is FaultState.REPORTED and fault.number == card.line.number)


def _report(
    at_desk: Desk, form: Form, card: LineCard | None, open_already: tuple[FaultRow, ...], *, status: int = 200, effect: object = None
) -> Response:
    on_line = {service.product_code for service in card.line.services if service.ends_on is None} if card else set()
    in_hand = InHand(card.account.number, card.customer.name, card.line.number) if card and card.account and card.customer else None
    return show(
        at_desk,
        FL01,
        form=form,
        status=status,
        in_hand=in_hand,
        links={"F12": address("CU03", in_hand.account_number) if in_hand else ""},
        choices={
            "symptom_code": tuple((one.code, one.words) for one in SYMPTOMS.values() if one.needs_product in {None, *on_line}),
        },
        card=card,
        open_already=open_already,
        effect=effect,
    )


# --- FL03 ---------------------------------------------------------------------------------------------------------------


def show_fault(at_desk: Desk, arguments: Arguments) -> Response:
    if not arguments:
        return go("FL04")
    with at_desk.reading() as session:
        card = fault_card(session, arguments[0], by=at_desk.by)
    summary = card.summary
    return show(
        at_desk,
        FL03,
        in_hand=_in_hand(card),
        links={key: address("FL02", summary.fault_number, deed) for key, deed in _KEYS.items() if deed in MOVES[summary.state]},
        card=card,
        late=_is_late(card, at_desk.at),
    )


def _in_hand(card: FaultCard) -> InHand:
    return InHand(card.summary.account_number, card.contact_name, card.summary.number)


def _is_late(card: FaultCard, at: datetime) -> bool:
    return (card.summary.cleared_at or at) > card.summary.due_at


# --- FL02 ---------------------------------------------------------------------------------------------------------------


def _deed(at_desk: Desk, arguments: Arguments) -> str:
    deed = arguments[1].lower() if len(arguments) > 1 else ""
    if deed not in DEEDS:
        raise NotFound("CSS386E", "Say what is done: FL02 with the fault and one of {deeds}.", deeds=", ".join(DEEDS))
    if not at_desk.may(DEEDS[deed]):
        raise NotForYou(f"FL02 {deed}")
    return deed


def show_change(at_desk: Desk, arguments: Arguments) -> Response:
    deed = _deed(at_desk, arguments)
    with at_desk.reading() as session:
        card = fault_card(session, arguments[0], by=at_desk.by)
    return _change(at_desk, card, Form.blank(FL02, deed, row_version=str(card.row_version)))


def act_change(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    deed = _deed(at_desk, arguments)
    form = Form.posted(FL02, posted, deed)
    status, effect = 200, None
    if form.key == REFRESH:
        form.errors.clear()
    else:
        action: Any = {"clear": clear_fault, "withdraw": withdraw_fault}[deed]
        outcome = converse(at_desk, form, lambda: _command(form, arguments[0]), action, leads_to=_leads_to)
        if outcome.done is not None:
            flash(f"Fault {outcome.done.fault_number} is {outcome.done.state.value} now.", "CSS378I")
            return go("FL03", outcome.done.fault_number)
        status, effect = outcome.status, outcome.effect
    with at_desk.reading() as session:
        card = fault_card(session, arguments[0], by=at_desk.by)
    # After a conflict the page shows the fault as it is now beside what was keyed; the next check is against that.
    form.values["row_version"] = str(card.row_version)
    return _change(at_desk, card, form, status=status, effect=effect)


def _leads_to(done: Any) -> str:  # noqa: ANN401 - each deed has its own answer; all name the fault
    return address("FL03", done.fault_number)


def _command(form: Form, fault_number: str) -> ClearFault | WithdrawFault | None:
    seen = form.version()
    if form.has_errors:
        return None
    if form.deed == "clear":
        return ClearFault(fault_number=fault_number, clear_code=form.code("clear_code"), words=form.text("words"), row_version=seen)
    return WithdrawFault(fault_number=fault_number, reason=form.text("reason"), row_version=seen)


def _change(at_desk: Desk, card: FaultCard, form: Form, *, status: int = 200, effect: object = None) -> Response:
    back = address("FL03", card.summary.fault_number)
    return show(
        at_desk,
        FL02,
        form=form,
        status=status,
        in_hand=_in_hand(card),
        links={"F3": back, "F12": back},
        choices={"clear_code": tuple((one.code, one.words) for one in clear_codes())} if form.deed == "clear" else {},
        card=card,
        late=_is_late(card, at_desk.at),
        effect=effect,
        what=TITLES[form.deed],
    )


# --- FL04 ---------------------------------------------------------------------------------------------------------------


def show_list(at_desk: Desk, arguments: Arguments) -> Response:
    with at_desk.reading() as session:
        places = districts(session)
        chosen = arguments[0].upper() if arguments else places[0].code if places else ""
        rows = open_faults(session, chosen, by=at_desk.by) if chosen else ()
    return show(at_desk, FL04, rows=rows, places=places, chosen=chosen)


PAGES: Final = (Page(FL01, show_report, act_report), Page(FL02, show_change, act_change), Page(FL03, show_fault), Page(FL04, show_list))
