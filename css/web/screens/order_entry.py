"""OR01 order entry: who, what, when on one page; Enter shows what the order would be, F6 places exactly that."""

from __future__ import annotations

from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.errors import CssError, Several
from css.core.ids import IdKind, format_id, identify
from css.core.phone import display_number
from css.core.words import BarKind, DirectoryEntryKind, HalfDay
from css.master.card_rows import CustomerHead
from css.quotes.placing import PlacedEffect, place_with_effect
from css.quotes.quote import quote_order
from css.web.desk import Desk, Outcome, converse, status_of
from css.web.filters import weekday
from css.web.form import COMMIT, ENTER, REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screens.customers import account_of
from css.web.screens.order_fields import OR01, WHAT, WHEN
from css.web.screens.order_prompts import (
    ON_OWN_LINE,
    PLANT_WORDS,
    Known,
    kind_keyed,
    known_of,
    offered,
    prompt_entry,
    say_next_slots,
    short_day,
)
from orders.actions import place_order
from orders.commands.orders import PlaceOrder, Slot
from orders.commands.quotes import QuoteOrder
from orders.queries.quotes import QuoteCard, quote_card
from orders.rules.kinds import KINDS
from orders.words import OrderKind

QUOTE: Final = "S-F9"
STAND_IN_DAYS: Final = 60
"""How far ahead an order is checked for while no date is keyed: late enough for any plant there is."""

NAMED_KINDS: Final = frozenset({OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER, OrderKind.MOVE})
"""Kinds after which somebody is at a line who was not before: listed, and told to the emergency services."""


OF_OTHERS: Final = frozenset({OrderKind.TAKEOVER, OrderKind.TRANSFER, OrderKind.TRANSFER_WITH_CHANGES})
"""Kinds about a line somebody else has: its number is known only where it was keyed behind the kind."""


def show_entry(at_desk: Desk, arguments: Arguments) -> Response:
    """``OR01 [account [kind] [telephone]]`` or ``OR01 quote``: an order with what is known already of the customer, the line, the quote."""
    with at_desk.reading() as session:
        quote = _quote_of(session, at_desk, arguments)
    kind = quote.kind if quote else next((found for found in map(kind_keyed, arguments[1:]) if found is not None), OrderKind.PROVIDE)
    form = Form.blank(OR01, KINDS[kind].screen, **_beginning(kind, arguments))
    with at_desk.doing() as session:
        if arguments:
            form.values["account_number"], _ = account_of(session, quote.account_number if quote else arguments[0], at_desk)
        known = known_of(session, at_desk, form)
    if known.card is not None:
        form.values |= _said_already(known.card.customer, kind)
        if not known.is_caller_known:
            # Anybody may order for them; where they can be rung is theirs to say.
            form.values["contact_phone"] = ""
        if quote is not None:
            form.values |= _as_quoted(quote) if known.is_caller_known else {"quote_number": quote.quote_number}
            with at_desk.reading() as session:
                known = known_of(session, at_desk, form)
        first = _first_empty(form, {WHAT}) or _first_empty(form, {WHEN})
        form.start = first if form.text("contact_phone") else "contact_phone"
    return _page(at_desk, form, known)


def _quote_of(session: Session, at_desk: Desk, arguments: Arguments) -> QuoteCard | None:
    """The quote to order by, where the screen was opened with one."""
    try:
        found = identify(arguments[0]) if arguments else None
    except CssError:
        return None
    return quote_card(session, found.value, by=at_desk.by) if found is not None and found.kind is IdKind.QUOTE else None


def _beginning(kind: OrderKind, arguments: Arguments) -> dict[str, str]:
    """What stands in the fields of a kind to begin with: the line in hand, for what is done to a line they have."""
    line = next((said for said in arguments[1:] if kind_keyed(said) is None), "")
    if not line and arguments and _is_telephone(arguments[0]):
        line = arguments[0]
    is_others = kind in OF_OTHERS and any(kind_keyed(said) is kind for said in arguments[1:])
    return {
        "kind": KINDS[kind].screen,
        "number": line if kind in ON_OWN_LINE | {OrderKind.PORT_IN} or is_others else "",
        "directory_kind": DirectoryEntryKind.ORDINARY.value if kind in NAMED_KINDS else "",
        "keeps_number": "Y",
        "ends_riding": "N",
    }


def _is_telephone(text: str) -> bool:
    try:
        return identify(text).what == "telephone"
    except CssError:
        return False


def _said_already(head: CustomerHead, kind: OrderKind) -> dict[str, str]:
    """What is known of the customer and need not be asked again; all of it can be keyed over."""
    reach = next((point.value for point in head.contact_points if point.kind.value != "email"), "")
    listed = f"{head.surname} {(head.first_name or '')[:1]}".strip() if head.surname else head.organisation_name or ""
    names = {"directory_name": listed, "emergency_name": head.name} if kind in NAMED_KINDS else {}
    return {"contact_name": head.name, "contact_phone": display_number(reach) if reach else "", **names}


def _as_quoted(quote: QuoteCard) -> dict[str, str]:
    """The order that was quoted, as it is keyed."""
    asked = quote.asked
    keyed = {
        "product_codes": " ".join(asked.product_codes),
        "remove_codes": " ".join(asked.remove_codes),
        "number": display_number(asked.number) if asked.number else "",
        "new_number": display_number(asked.new_number) if asked.new_number else "",
        "keeps_number": "Y" if asked.keeps_number else "N",
        "ends_riding": "Y" if asked.ends_riding else "N",
        "line_count": str(asked.line_count or ""),
        "excess_agreed": asked.excess_agreed.sterling if asked.excess_agreed else "",
        "required_on": short_day(asked.required_on),
        "slot_on": short_day(asked.appointment.slot_on) if asked.appointment else "",
        "half_day": asked.appointment.half_day.value if asked.appointment else "",
        "contact_name": asked.contact_name,
        "contact_phone": asked.contact_phone,
        "quote_number": quote.quote_number,
        "consented_by": quote.consented_by or asked.consented_by or "",
    }
    as_they_are = (
        *("address_key", "postcode", "network_code", "authority", "bar", "reason_code", "linked_order", "appointment_number"),
        *("care_level", "directory_kind", "directory_name", "emergency_name", "hazard_notes", "visit_notes"),
    )
    return keyed | {name: str(getattr(asked, name) or "") for name in as_they_are}


def act_entry(at_desk: Desk, arguments: Arguments, posted: Posted) -> Response:
    form = _posted(posted, arguments)
    with at_desk.doing() as session:
        known = known_of(session, at_desk, form)
    _say_already(form, known, posted)
    if form.key == REFRESH:
        form.errors.clear()
        return _page(at_desk, form, known)
    unseen = [one.name for one in OR01.shown_fields(form.deed) if one.is_needed(form.deed) and one.name not in posted]
    if unseen and form.key in {ENTER, COMMIT, QUOTE} and "kind" not in form.errors:
        # Another kind of order was keyed: nobody is scolded for fields that were not there.
        form.errors.clear()
        form.seen, form.start = "", _first_empty(form, {WHAT}) or unseen[0]
        return _page(at_desk, form, known)
    if form.key == QUOTE:
        return _quote(at_desk, form, known)
    outcome = _check_block(at_desk, form) or _step(at_desk, form)
    if outcome.done is not None:
        placed = outcome.done.placed
        flash(f"Order {placed.order_number} is placed.", "CSS375I")
        return go("OR03", placed.order_number)
    return _answer(at_desk, form, known, outcome)


def _step(at_desk: Desk, form: Form) -> Outcome[PlacedEffect]:
    return converse(
        at_desk,
        form,
        lambda: read_order(form, at_desk),
        place_with_effect,
        leads_to=lambda done: address("OR03", done.placed.order_number),
    )


def _answer(at_desk: Desk, form: Form, known: Known, outcome: Outcome[PlacedEffect]) -> Response:
    if known.answer is not None:
        with at_desk.reading() as session:
            say_next_slots(session, form, known.answer, at_desk.at)
    return _page(at_desk, form, known, status=outcome.status, effect=outcome.effect)


def _quote(at_desk: Desk, form: Form, known: Known) -> Response:
    """Keep what is shown as a quote, and show the order again as it would be placed by it; what is not shown yet is shown first."""
    is_shown, form.key = form.seen == form.digest(), ENTER
    command = read_order(form, at_desk) if is_shown else None
    if command is not None:
        # One press, one quote: what was shown names it.
        token = f"quote {form.seen[:40]}"
        try:
            with at_desk.doing() as session:
                quoted = quote_order(session, QuoteOrder(token=token, order=command), by=at_desk.by, at=at_desk.at)
        except CssError as refused:
            form.take(refused)
            form.seen = ""
            return _answer(at_desk, form, known, Outcome(status=status_of(form)))
        form.values["quote_number"] = quoted.quote_number
        form.checked = (
            "CSS848I",
            f"Quote {format_id(quoted.quote_number)} is kept and holds until {weekday(quoted.valid_through)}. F6 orders by it, F3 leaves.",
        )
    outcome = _step(at_desk, form)
    if command is None and outcome.effect is not None:
        form.checked = ("CSS849W", "This is what would be quoted. Press Shift+F9 again to keep it.")
    return _answer(at_desk, form, known, outcome)


def _posted(posted: Posted, arguments: Arguments) -> Form:
    """What was keyed, as the fields of the kind that was keyed; those that came with another kind begin as they do for it."""
    kind = kind_keyed(posted.get("kind", ""))
    form = Form.posted(OR01, posted, KINDS[kind or OrderKind.PROVIDE].screen)
    if kind is not None:
        form.values["kind"] = KINDS[kind].screen
        shown = {one.name for one in OR01.shown_fields(form.deed)}
        for name, value in _beginning(kind, arguments).items():
            # The line in hand is what they mean, whichever kind was on the page before.
            if name in shown and (name not in posted or (name == "number" and kind in ON_OWN_LINE and not form.text("number"))):
                form.values[name] = value
    else:
        form.wrong("kind", "CSS844E", "{label}: {kinds}.", kinds=", ".join(rule.screen for rule in KINDS.values()))
    return form


def _say_already(form: Form, known: Known, posted: Posted) -> None:
    """Of fields that came with another kind: what is known of the customer."""
    kind = kind_keyed(form.code("kind"))
    if known.card is None or kind is None:
        return
    shown = {one.name for one in OR01.shown_fields(form.deed)}
    said = _said_already(known.card.customer, kind)
    form.values |= {name: value for name, value in said.items() if name in shown and name not in posted}
    if kind is OrderKind.PORT_IN and form.text("address_key") and not form.text("number"):
        # A new line for the number: it is listed, and somebody is there.
        said = _said_already(known.card.customer, OrderKind.PROVIDE)
        form.values |= {name: said[name] for name in ("directory_name", "emergency_name") if not form.text(name)}


def _first_empty(form: Form, steps: set[str]) -> str:
    """Where to go on in some blocks: the first field that is needed and empty, else the first empty one; empty for none."""
    empty = [one for one in OR01.shown_fields(form.deed) if one.step in steps and not form.values.get(one.name)]
    needed = next((one.name for one in empty if one.is_needed(form.deed)), "")
    return needed or next((one.name for one in empty), "")


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
    first = next(step for step in steps if step in later)
    form.start = _first_empty(form, {first}) or _first_empty(form, later)
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
    excess, lines = form.money("excess_agreed"), form.whole("line_count")
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
        directory_kind=directory,
        directory_name=form.optional("directory_name"),
        emergency_name=form.optional("emergency_name"),
        hazard_notes=form.optional("hazard_notes"),
        visit_notes=form.optional("visit_notes"),
    )


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
