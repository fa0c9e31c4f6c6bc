"""OR01 order entry: who, what, when on one page; Enter shows what the order would be, F6 places exactly that."""

from __future__ import annotations

from typing import Final

from flask import Response, flash

from css.core.errors import CssError, Several
from css.core.phone import display_number
from css.core.words import BarKind, DirectoryEntryKind, HalfDay, Role
from css.master.card_rows import CustomerHead
from css.quotes.placing import PlacedEffect, place_with_effect
from css.web.desk import Desk, Outcome, converse, status_of
from css.web.form import ENTER, REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import account_of
from css.web.screens.order_prompts import ON_OWN_LINE, PLANT_WORDS, Known, kind_keyed, known_of, offered, prompt_entry, say_next_slots
from orders.actions import place_order
from orders.commands import PlaceOrder, Slot
from orders.rules.kinds import KINDS
from orders.words import OrderKind

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
STAND_IN_DAYS: Final = 60
"""How far ahead an order is checked for while no date is keyed: late enough for any plant there is."""

NAMED_KINDS: Final = frozenset({OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.PORT_IN, OrderKind.MOVE})
"""Kinds after which somebody is at a line who was not before: listed, and told to the emergency services."""

WHO, WHAT, WHEN = "1 Who", "2 What", "3 When"


def _kinds_with(name: str) -> frozenset[str]:
    """The kinds of order, by the letters keyed, that have a field of the command."""
    return frozenset(rule.screen for rule in KINDS.values() if name in rule.needs | rule.may)


OR01: Final = Screen(
    code="OR01",
    title="Order entry",
    family="Orders",
    help=(
        "Every kind of order, in the order a caller says things: two letters say the kind, and the fields are those it takes. Enter checks "
        "a block and goes on to the next; with all of it keyed, Enter shows the order as it would be: the plant, the number, the date that "
        "is promised, what it costs, the first bill, and what to read out. F6 places what is shown and nothing else, for whoever is named "
        "as agreeing. Pressed twice, it is one order. Shift+F9 keeps it as a quote; Shift+F12 parks it half-keyed."
    ),
    roles=DESK,
    response=ResponseClass.R2,
    takes="account [kind] [telephone]",
    fields=(
        Field(name="account_number", label="Account", help="The account that will be billed.", step=WHO, length_max=20, is_required=True),
        Field(
            name="kind",
            label="Kind of order",
            help="Two letters: PR a new line, CE a cease, MV a move, FE features ...; F4 lists them all.",
            kind="code",
            step=WHO,
            length_max=2,
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
            help="What is added, with spaces between: LINE-RES CALLER-DISPLAY for a new line, CALL-WAITING for a feature more.",
            kind="code",
            step=WHAT,
            length_max=300,
            width=44,
            deeds=_kinds_with("product_codes"),
        ),
        Field(
            name="remove_codes",
            label="Taken off",
            help="Features that go, with spaces between; F4 lists those on the line.",
            kind="code",
            step=WHAT,
            length_max=300,
            width=44,
            deeds=_kinds_with("remove_codes"),
        ),
        Field(
            name="address_key",
            label="Address",
            help="Where the line is to be: the address key, or the postcode and house to look it up: ZZ4 7QT 14.",
            step=WHAT,
            length_max=60,
            width=44,
            prompts=True,
            deeds=_kinds_with("address_key") - {"CE"},
        ),
        Field(
            name="number",
            label="Telephone number",
            help="The line's number. Of a new line the one wanted, or empty; F4 lists what there is, ending in what is keyed.",
            kind="telephone",
            step=WHAT,
            length_max=25,
            prompts=True,
            deeds=_kinds_with("number"),
        ),
        Field(
            name="postcode",
            label="Postcode of the line",
            help="Where the line is, as the caller says it; it must be the line's.",
            kind="code",
            step=WHAT,
            length_max=10,
            deeds=_kinds_with("postcode"),
        ),
        Field(
            name="new_number",
            label="New number",
            help="The number the line will have; empty leaves it to us. F4 lists free ones that end in what is keyed.",
            kind="telephone",
            step=WHAT,
            length_max=25,
            prompts=True,
            deeds=_kinds_with("new_number"),
        ),
        Field(
            name="keeps_number",
            label="Keeps the number",
            help="Y, or N for another one. On a move it can be kept within the exchange only.",
            kind="yes-no",
            step=WHAT,
            length_max=1,
            deeds=_kinds_with("keeps_number"),
        ),
        Field(
            name="line_count",
            label="Lines in all",
            help="How many lines there will be, the one with the number included: 2 to 200.",
            kind="number",
            step=WHAT,
            length_max=3,
            width=4,
            deeds=_kinds_with("line_count"),
        ),
        Field(
            name="network_code",
            label="Other network",
            help="Where the number comes from, or goes; F4 lists them.",
            kind="code",
            step=WHAT,
            length_max=8,
            deeds=_kinds_with("network_code"),
        ),
        Field(
            name="authority",
            label="Letter of authority",
            help="Where the customer's letter is filed.",
            step=WHAT,
            length_max=50,
            deeds=_kinds_with("authority"),
        ),
        Field(
            name="care_level",
            label="Care level",
            help="Empty for the product's own; a better one costs.",
            kind="code",
            step=WHAT,
            length_max=3,
            deeds=_kinds_with("care_level"),
        ),
        Field(
            name="bar",
            label="Bar",
            help="OCB outgoing calls, ICB incoming ones as well, TOS out of service.",
            kind="code",
            step=WHAT,
            length_max=3,
            deeds=_kinds_with("bar"),
        ),
        Field(
            name="reason_code",
            label="Why it goes",
            help="Two letters; F4 lists them. An estate and our own fault end no minimum term early.",
            kind="code",
            step=WHAT,
            length_max=2,
            deeds=_kinds_with("reason_code"),
        ),
        Field(
            name="ends_riding",
            label="Ends what rides on it",
            help="Y when the customer knows that broadband or an alarm on the line stops with it.",
            kind="yes-no",
            step=WHAT,
            length_max=1,
            deeds=_kinds_with("ends_riding"),
        ),
        Field(
            name="directory_kind",
            label="Directory entry",
            help="DE listed, XD ex-directory, NQ not printed but enquiries answered.",
            kind="code",
            step=WHAT,
            length_max=2,
            deeds=_kinds_with("directory_kind"),
        ),
        Field(
            name="directory_name",
            label="Name in the directory",
            help="As it will be printed: Tansley A.",
            step=WHAT,
            length_max=100,
            deeds=_kinds_with("directory_name"),
        ),
        Field(
            name="emergency_name",
            label="Name for 999",
            help="Whom the emergency services are told is there.",
            step=WHAT,
            length_max=100,
            deeds=_kinds_with("emergency_name"),
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
            help="The day of the visit, if one is needed; F4 lists those that can be had, with how many visits are still free.",
            kind="date",
            step=WHEN,
            length_max=20,
            prompts=True,
            also=frozenset({"appointment"}),
            deeds=_kinds_with("appointment"),
        ),
        Field(
            name="half_day",
            label="Morning or afternoon",
            help="AM 08:00 to 13:00, PM 13:00 to 18:00.",
            kind="code",
            step=WHEN,
            length_max=2,
            deeds=_kinds_with("appointment"),
        ),
        Field(
            name="appointment_number",
            label="Or the slot held",
            help="The number of a slot that is held for them (AP04); instead of a day.",
            kind="code",
            step=WHEN,
            length_max=14,
            deeds=_kinds_with("appointment_number"),
        ),
        Field(
            name="excess_agreed",
            label="Building agreed up to",
            help="Where plant must be built: up to how much excess construction they agree beforehand, before VAT.",
            kind="money",
            step=WHEN,
            length_max=10,
            deeds=_kinds_with("excess_agreed"),
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
            name="linked_order",
            label="Together with order",
            help="The open order this is to be done together with.",
            kind="code",
            step=WHEN,
            length_max=14,
        ),
        Field(
            name="quote_number",
            label="By quote",
            help="The quote it is ordered by; what was told then holds.",
            kind="code",
            step=WHEN,
            length_max=14,
        ),
        Field(
            name="consented_by",
            label="Agreed by",
            help="Who agrees to what is read out; empty for the contact.",
            step=WHEN,
            length_max=100,
        ),
        Field(
            name="customer_reference",
            label="Their reference",
            help="The customer's or provider's own reference, at most 50 characters; one reference, one order.",
            step=WHEN,
            length_max=50,
        ),
    ),
    keys=(
        Key(name="Enter", label="check", sends=True),
        Key(name="F6", label="place order", sends=True),
    ),
    converses=True,
    parks=True,
)


def show_entry(at_desk: Desk, arguments: Arguments) -> Response:
    """``OR01 [account [kind] [telephone]]``: an empty order, with what is known of the customer and the line in hand."""
    kind = next((found for found in map(kind_keyed, arguments[1:]) if found is not None), OrderKind.PROVIDE)
    form = Form.blank(OR01, KINDS[kind].screen, **_beginning(kind, arguments))
    with at_desk.doing() as session:
        if arguments:
            form.values["account_number"], _ = account_of(session, arguments[0], at_desk)
        known = known_of(session, at_desk, form)
    if known.card is not None:
        form.values |= _said_already(known.card.customer, kind)
        if not known.is_caller_known:
            # Anybody may order for them; where they can be rung is theirs to say.
            form.values["contact_phone"] = ""
        first = next(one.name for one in OR01.shown_fields(form.deed) if one.step == WHAT and not form.values.get(one.name))
        form.start = first if form.text("contact_phone") else "contact_phone"
    return _page(at_desk, form, known)


def _beginning(kind: OrderKind, arguments: Arguments) -> dict[str, str]:
    """What stands in the fields of a kind to begin with: the line in hand, for what is done to a line they have."""
    line = next((said for said in arguments[1:] if kind_keyed(said) is None), "")
    return {
        "kind": KINDS[kind].screen,
        "number": line if kind in ON_OWN_LINE else "",
        "directory_kind": DirectoryEntryKind.ORDINARY.value if kind in NAMED_KINDS else "",
        "keeps_number": "Y",
        "ends_riding": "N",
    }


def _said_already(head: CustomerHead, kind: OrderKind) -> dict[str, str]:
    """What is known of the customer and need not be asked again; all of it can be keyed over."""
    reach = next((point.value for point in head.contact_points if point.kind.value != "email"), "")
    listed = f"{head.surname} {(head.first_name or '')[:1]}".strip() if head.surname else head.organisation_name or ""
    names = {"directory_name": listed, "emergency_name": head.name} if kind in NAMED_KINDS else {}
    return {"contact_name": head.name, "contact_phone": display_number(reach) if reach else "", **names}


def act_entry(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    form = _posted(posted, arguments)
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
            say_next_slots(session, form, known.answer, at_desk.at)
    return _page(at_desk, form, known, status=outcome.status, effect=outcome.effect)


def _posted(posted: Posted, arguments: Arguments) -> Form:
    """What was keyed, as the fields of the kind that was keyed; those that came with another kind begin as they do for it."""
    kind = kind_keyed(posted.get("kind", ""))
    form = Form.posted(OR01, posted, KINDS[kind or OrderKind.PROVIDE].screen)
    if kind is not None:
        form.values["kind"] = KINDS[kind].screen
        shown = {one.name for one in OR01.shown_fields(form.deed)}
        for name, value in _beginning(kind, arguments).items():
            if name in shown and name not in posted:
                form.values[name] = value
    else:
        form.wrong("kind", "CSS844E", "{label}: {kinds}.", kinds=", ".join(rule.screen for rule in KINDS.values()))
    return form


def _check_block(at_desk: Desk, form: Form) -> Outcome[PlacedEffect] | None:
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
    kind = kind_keyed(form.code("kind"))
    half_day = form.member("half_day", HalfDay, {half.value: half for half in HalfDay})
    directory = form.member("directory_kind", DirectoryEntryKind, {one.value: one for one in DirectoryEntryKind})
    bar = form.member("bar", BarKind, {one.value: one for one in BarKind})
    required_on, slot_on = form.day("required_on", at_desk.today), form.day("slot_on", at_desk.today)
    keeps, knows = form.yes("keeps_number"), form.yes("ends_riding")
    excess, lines = form.money("excess_agreed"), _whole(form, "line_count")
    if slot_on and not form.text("half_day"):
        form.wrong("half_day", "CSS360E", "{label} must be keyed.")
    if half_day and not form.text("slot_on"):
        form.wrong("slot_on", "CSS360E", "{label} must be keyed.")
    if form.has_errors or kind is None or required_on is None:
        return None
    return PlaceOrder(
        kind=kind,
        account_number=form.text("account_number"),
        product_codes=form.words("product_codes"),
        remove_codes=form.words("remove_codes"),
        address_key=(form.optional("address_key") or "").upper() or None,
        postcode=form.optional("postcode"),
        number=form.optional("number"),
        new_number=form.optional("new_number"),
        keeps_number=keeps or "keeps_number" not in form.values,
        line_count=lines,
        network_code=form.optional("network_code"),
        authority=form.optional("authority"),
        bar=bar,
        reason_code=form.optional("reason_code"),
        ends_riding=knows,
        linked_order=form.optional("linked_order"),
        quote_number=form.optional("quote_number"),
        consented_by=form.optional("consented_by") or form.text("contact_name"),
        required_on=required_on,
        appointment=Slot(slot_on=slot_on, half_day=half_day) if slot_on and half_day else None,
        appointment_number=form.optional("appointment_number"),
        excess_agreed=excess,
        care_level=form.optional("care_level"),
        customer_reference=form.optional("customer_reference"),
        contact_name=form.text("contact_name"),
        contact_phone=form.text("contact_phone"),
        directory_kind=directory or DirectoryEntryKind.ORDINARY,
        directory_name=form.optional("directory_name"),
        emergency_name=form.optional("emergency_name"),
        hazard_notes=form.optional("hazard_notes"),
        visit_notes=form.optional("visit_notes"),
    )


def _whole(form: Form, name: str) -> int | None:
    typed = form.text(name)
    if not typed:
        return None
    if typed.isascii() and typed.isdigit():
        return int(typed)
    form.wrong(name, "CSS845E", "{label}: a whole number.")
    return None


def _page(at_desk: Desk, form: Form, known: Known, *, status: int = 200, effect: PlacedEffect | None = None) -> Response:
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
        shows_address=known.is_caller_known or form.deed == KINDS[OrderKind.PROVIDE].screen,
    )


PAGES: Final = (Page(OR01, show_entry, act_entry, prompt_entry),)
