"""OR01 order entry: who, what, when on one page; Enter shows what the order would be, F6 places exactly that."""

from __future__ import annotations

from typing import Final

from flask import Response, flash

from css.core.errors import CssError, Several
from css.core.phone import display_number
from css.core.words import DirectoryEntryKind, HalfDay, Role
from css.master.card_rows import CustomerHead
from css.web.desk import Desk, Outcome, converse, status_of
from css.web.form import ENTER, REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import account_of
from css.web.screens.order_effect import Effect, place_with_effect
from css.web.screens.order_prompts import KINDS, PLANT_WORDS, Known, known_of, offered, prompt_entry, say_next_slots
from orders.actions import place_order
from orders.commands import PlaceOrder, Slot
from orders.words import OrderKind

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
STAND_IN_DAYS: Final = 60
"""How far ahead an order is checked for while no date is keyed: late enough for any plant there is."""

WHO, WHAT, WHEN = "1 Who", "2 What", "3 When"
OR01: Final = Screen(
    code="OR01",
    title="Order entry",
    family="Orders",
    help=(
        "A new line or a cease, in the order a caller says things. Enter checks a block and goes on to the next; with all of it keyed, "
        "Enter shows the order as it would be: the plant, the number, the date that is promised, what it costs, the first bill, and what "
        "to read out. F6 places what is shown and nothing else. Pressed twice, it is one order. Shift+F12 parks it half-keyed."
    ),
    roles=DESK,
    response=ResponseClass.R2,
    takes="account [telephone]",
    fields=(
        Field(name="account_number", label="Account", help="The account that will be billed.", step=WHO, length_max=20, is_required=True),
        Field(
            name="kind",
            label="Provide or cease",
            help="P a new line, C the end of a line.",
            kind="code",
            step=WHO,
            length_max=1,
            is_required=True,
        ),
        Field(name="contact_name", label="Contact", help="Who can be asked about the order.", step=WHO, length_max=100, is_required=True),
        Field(
            name="contact_phone",
            label="Contact's telephone",
            help="Where the contact can be rung, with its area code.",
            kind="telephone",
            step=WHO,
            length_max=25,
            is_required=True,
        ),
        Field(
            name="product_codes",
            label="Products",
            help="Provide: the line and any features, with spaces between: LINE-RES CALLER-DISPLAY.",
            kind="code",
            step=WHAT,
            length_max=300,
            width=44,
        ),
        Field(
            name="address_key",
            label="Address",
            help="Provide: the address key, or the postcode and house to look it up: ZZ4 7QT 14.",
            step=WHAT,
            length_max=60,
            width=44,
            prompts=True,
        ),
        Field(
            name="number",
            label="Telephone number",
            help="Cease: the line's number. Provide: the one wanted, or empty; F4 lists free ones that end in what is keyed.",
            kind="telephone",
            step=WHAT,
            length_max=25,
            prompts=True,
        ),
        Field(
            name="care_level",
            label="Care level",
            help="Empty for the product's own; a better one costs.",
            kind="code",
            step=WHAT,
            length_max=3,
        ),
        Field(
            name="directory_kind",
            label="Directory entry",
            help="DE listed, XD ex-directory, NQ not printed but enquiries answered.",
            kind="code",
            step=WHAT,
            length_max=2,
        ),
        Field(name="directory_name", label="Name in the directory", help="As it will be printed: Tansley A.", step=WHAT, length_max=100),
        Field(
            name="emergency_name",
            label="Name for 999",
            help="Provide: whom the emergency services are told lives there.",
            step=WHAT,
            length_max=100,
        ),
        Field(
            name="required_on",
            label="Wanted on",
            help="The date the customer asks for: 12/3/26, 12 Mar, or +10 for ten days from today.",
            kind="date",
            step=WHEN,
            length_max=20,
            is_required=True,
            prompts=True,
        ),
        Field(
            name="slot_on",
            label="Engineer's visit on",
            help="The day of the visit, if one is needed; F4 lists those that can be had, with how many visits are promised already.",
            kind="date",
            step=WHEN,
            length_max=20,
            prompts=True,
            also=frozenset({"appointment"}),
        ),
        Field(
            name="half_day",
            label="Morning or afternoon",
            help="AM 08:00 to 13:00, PM 13:00 to 18:00.",
            kind="code",
            step=WHEN,
            length_max=2,
        ),
        Field(
            name="hazard_notes",
            label="Hazards",
            help="What may hurt an engineer: at most 50 characters.",
            step=WHEN,
            length_max=50,
            width=44,
        ),
        Field(
            name="visit_notes",
            label="Notes for the visit",
            help="How to get in: at most 250 characters.",
            kind="words",
            step=WHEN,
            length_max=250,
        ),
        Field(
            name="customer_reference",
            label="Their reference",
            help="The customer's or provider's own reference, at most 50 characters; one reference, one order.",
            step=WHEN,
            length_max=50,
        ),
    ),
    keys=(Key(name="Enter", label="check", sends=True), Key(name="F6", label="place order", sends=True)),
    converses=True,
    parks=True,
)


def show_entry(at_desk: Desk, arguments: Arguments) -> Response:
    form = Form.blank(OR01, kind="P", directory_kind=DirectoryEntryKind.ORDINARY.value)
    with at_desk.doing() as session:
        if arguments:
            form.values["account_number"], _ = account_of(session, arguments[0], at_desk)
        known = known_of(session, at_desk, form)
    if known.card is not None:
        form.values |= _said_already(known.card.customer)
        if not known.is_caller_known:
            # Anybody may order for them; where they can be rung is theirs to say.
            form.values["contact_phone"] = ""
        form.start = "product_codes" if form.text("contact_phone") else "contact_phone"
    return _page(at_desk, form, known)


def _said_already(head: CustomerHead) -> dict[str, str]:
    """What is known of the customer and need not be asked again; all of it can be keyed over."""
    reach = next((point.value for point in head.contact_points if point.kind.value != "email"), "")
    listed = f"{head.surname} {(head.first_name or '')[:1]}".strip() if head.surname else head.organisation_name or ""
    return {
        "contact_name": head.name,
        "contact_phone": display_number(reach) if reach else "",
        "directory_name": listed,
        "emergency_name": head.name,
    }


def act_entry(at_desk: Desk, _: Arguments, posted: Posted) -> Response:
    form = Form.posted(OR01, posted)
    if form.key == REFRESH:
        form.errors.clear()
        with at_desk.doing() as session:
            known = known_of(session, at_desk, form)
        form.errors.clear()
        return _page(at_desk, form, known)
    with at_desk.doing() as session:
        known = known_of(session, at_desk, form)
    outcome = _check_block(at_desk, form) or converse(
        at_desk,
        form,
        lambda: read_order(form, at_desk),
        place_with_effect,
        leads_to=lambda done: address("OR03", done.placed.order_number),
    )
    if outcome.done is not None:
        placed = outcome.done.placed
        flash(f"Order {placed.order_number} is placed.", "CSS375I")
        return go("OR03", placed.order_number)
    if known.answer is not None:
        with at_desk.reading() as session:
            say_next_slots(session, form, known.answer)
    return _page(at_desk, form, known, status=outcome.status, effect=outcome.effect)


def _check_block(at_desk: Desk, form: Form) -> Outcome[Effect] | None:
    """Enter in a block while a later one is still empty: the room's rules judge what is keyed so far, and the cursor goes on.

    None when nothing needed is missing further down; then the whole order is checked. What a later block lacks is stood in
    for, and what the rules say of later blocks is not said yet.
    """
    steps = OR01.steps
    here = next((one.step for one in OR01.fields if one.name == form.cursor), steps[-1])
    later = set(steps[steps.index(here) + 1 :])
    if form.key != ENTER or "required_on" not in form.errors or WHEN not in later:
        return None
    if any(error.code != "CSS360E" for error in form.errors["required_on"]):
        return None
    form.seen = ""
    form.errors.pop("required_on")
    form.values["required_on"] = f"+{STAND_IN_DAYS}"
    command = read_order(form, at_desk)
    form.values["required_on"] = ""
    if command is not None:
        _take_what_is_due(at_desk, form, command, later)
    if form.has_errors:
        return Outcome(status=status_of(form))
    form.start = next(one.name for one in OR01.fields if one.step in later)
    return Outcome()


def _take_what_is_due(at_desk: Desk, form: Form, command: PlaceOrder, later: set[str]) -> None:
    """Place the order and take it back; hang on the form what is refused, but for fields of later blocks."""
    step_of = {name: one.step for one in OR01.fields for name in (one.name, *one.also)}
    try:
        with at_desk.rehearsing() as session:
            place_order(session, command, by=at_desk.by, at=at_desk.at)
    except CssError as refused:
        for error in refused.errors if isinstance(refused, Several) else (refused,):
            if step_of.get((error.element or "").partition("[")[0]) not in later:
                form.take(error)


def read_order(form: Form, at_desk: Desk) -> PlaceOrder | None:
    """The command as keyed; None when something is wrong, which then hangs on the form."""
    kind = form.member("kind", OrderKind, KINDS)
    half_day = form.member("half_day", HalfDay, {half.value: half for half in HalfDay})
    directory = form.member("directory_kind", DirectoryEntryKind, {one.value: one for one in DirectoryEntryKind})
    required_on, slot_on = form.day("required_on", at_desk.today), form.day("slot_on", at_desk.today)
    if slot_on and not form.text("half_day"):
        form.wrong("half_day", "CSS360E", "{label} must be keyed.")
    if half_day and not form.text("slot_on"):
        form.wrong("slot_on", "CSS360E", "{label} must be keyed.")
    if form.has_errors or kind is None or required_on is None:
        return None
    is_provide = kind is OrderKind.PROVIDE
    return PlaceOrder(
        kind=kind,
        account_number=form.text("account_number"),
        product_codes=form.words("product_codes"),
        address_key=(form.optional("address_key") or "").upper() or None,
        number=form.optional("number"),
        required_on=required_on,
        appointment=Slot(slot_on=slot_on, half_day=half_day) if slot_on and half_day else None,
        care_level=form.optional("care_level"),
        customer_reference=form.optional("customer_reference"),
        contact_name=form.text("contact_name"),
        contact_phone=form.text("contact_phone"),
        directory_kind=directory if directory and is_provide else DirectoryEntryKind.ORDINARY,
        directory_name=form.optional("directory_name"),
        emergency_name=form.optional("emergency_name"),
        hazard_notes=form.optional("hazard_notes"),
        visit_notes=form.optional("visit_notes"),
    )


def _page(at_desk: Desk, form: Form, known: Known, *, status: int = 200, effect: Effect | None = None) -> Response:
    card = known.card
    return show(
        at_desk,
        OR01,
        form=form,
        status=status,
        in_hand=InHand(card.account.number, card.customer.name) if card else None,
        links={"F12": address("CU03", card.account.number) if card else ""},
        choices=offered(known, form),
        effect=effect,
        site=known.sites[0] if len(known.sites) == 1 else None,
        answer=known.answer,
        plant_words=PLANT_WORDS,
        # Of a new line it is what was keyed.
        shows_address=known.is_caller_known or KINDS.get(form.code("kind")) is OrderKind.PROVIDE,
    )


PAGES: Final = (Page(OR01, show_entry, act_entry, prompt_entry),)
