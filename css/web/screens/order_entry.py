"""OR01 order entry: who, what, when on one page; Enter shows what the order would be, F6 places exactly that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import Response, flash
from sqlalchemy.orm import Session

from css.core.actor import Actor
from css.core.deadline import CARE_LEVELS
from css.core.errors import BadMessage, NotFound
from css.core.money import Price
from css.core.phone import display_number
from css.core.words import DirectoryEntryKind, HalfDay, PriceBasis, PriceKind, ProductKind, Role
from css.master.card_rows import AccountCard, CustomerHead
from css.master.cards import account_card
from css.master.queries import PriceOn, ProductRow, SiteAnswer, products
from css.web.address_field import address_in_words, look_up_address
from css.web.desk import Desk, converse
from css.web.form import REFRESH, Form
from css.web.page import Arguments, Page, Posted
from css.web.rendering import InHand, address, go, show
from css.web.screen import Field, Key, ResponseClass, Screen
from css.web.screens.customers import account_of
from orders.actions import place_order
from orders.commands import OrderPlaced, PlaceOrder, Slot
from orders.queries import OrderCard, order_card
from orders.words import ItemAction, OrderKind

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
KINDS: Final = {"P": OrderKind.PROVIDE, "C": OrderKind.CEASE}
DIRECTORY: Final = {
    DirectoryEntryKind.ORDINARY.value: "listed in the directory",
    DirectoryEntryKind.EX_DIRECTORY.value: "ex-directory",
    DirectoryEntryKind.NO_ENTRY_ENQUIRIES_ALLOWED.value: "not printed, enquiries answered",
}
HALVES: Final = {HalfDay.AM.value: "08:00 to 13:00", HalfDay.PM.value: "13:00 to 18:00"}

WHO, WHAT, WHEN = "1 Who", "2 What", "3 When"
OR01: Final = Screen(
    code="OR01",
    title="Order entry",
    family="Orders",
    help=(
        "A new line or a cease, in the order a caller says things. Enter checks a block and goes on to the next; with all of it keyed, "
        "Enter shows the order as it would be: the plant, the number, the date that is promised and what it costs. F6 places what is shown "
        "and nothing else. Pressed twice, it is one order."
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
        ),
        Field(
            name="number",
            label="Telephone number",
            help="Cease: the number of the line. Provide: the number wanted, or empty for the next free one.",
            kind="telephone",
            step=WHAT,
            length_max=25,
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
        ),
        Field(
            name="slot_on",
            label="Engineer's visit on",
            help="The day of the visit, if one is needed.",
            kind="date",
            step=WHEN,
            length_max=20,
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


@dataclass(frozen=True, slots=True)
class Charge:
    """What one product of an order costs, by the price list of the required date."""

    product: str
    monthly: Price | None
    once: Price | None
    basis: PriceBasis | None
    """Whether these are before or after VAT: as they were published to this segment."""


@dataclass(frozen=True, slots=True)
class Effect:
    """An order as it stands, placed or only rehearsed."""

    placed: OrderPlaced
    card: OrderCard
    charges: tuple[Charge, ...]

    @property
    def monthly(self) -> Price:
        return sum((charge.monthly for charge in self.charges if charge.monthly is not None), start=Price(0))

    @property
    def once(self) -> Price:
        return sum((charge.once for charge in self.charges if charge.once is not None), start=Price(0))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the page shows beside the form."""

    card: AccountCard | None
    sold: tuple[ProductRow, ...]


def show_entry(at_desk: Desk, arguments: Arguments) -> Response:
    form = Form.blank(OR01, kind="P", directory_kind=DirectoryEntryKind.ORDINARY.value)
    with at_desk.reading() as session:
        if arguments:
            account_number, _ = account_of(session, arguments[0], at_desk)
            form.values["account_number"] = account_number
        known = _known(session, at_desk, form)
    if known.card is not None:
        form.values |= _said_already(known.card.customer)
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
        with at_desk.reading() as session:
            return _page(at_desk, form, _known(session, at_desk, form))
    sites: tuple[SiteAnswer, ...] = ()
    with at_desk.reading() as session:
        known = _known(session, at_desk, form)
        if KINDS.get(form.code("kind")) is OrderKind.PROVIDE:
            sites = look_up_address(session, form)
    outcome = converse(
        at_desk, form, lambda: read_order(form, at_desk), _place, leads_to=lambda done: address("OR03", done.placed.order_number)
    )
    if outcome.done is not None:
        placed = outcome.done.placed
        flash(f"Order {placed.order_number} is placed.", "CSS375I")
        return go("OR03", placed.order_number)
    return _page(at_desk, form, known, status=outcome.status, effect=outcome.effect, sites=sites)


def read_order(form: Form, at_desk: Desk) -> PlaceOrder | None:
    """The command as keyed; None when something is wrong, which then hangs on the form."""
    kind = form.member("kind", OrderKind, KINDS)
    half_day = form.member("half_day", HalfDay, {half.value: half for half in HalfDay})
    directory = form.member("directory_kind", DirectoryEntryKind, {one.value: one for one in DirectoryEntryKind})
    required_on, slot_on = form.day("required_on", at_desk.today), form.day("slot_on", at_desk.today)
    if slot_on and not form.text("half_day"):
        form.wrong("half_day", "CSS360E", "{label} is needed.")
    if half_day and not form.text("slot_on"):
        form.wrong("slot_on", "CSS360E", "{label} is needed.")
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


def _place(session: Session, command: PlaceOrder, *, by: Actor, at: datetime) -> Effect:
    """Place the order and read it back, so that what is shown is what the room wrote."""
    placed = place_order(session, command, by=by, at=at)
    card = order_card(session, placed.order_number, by=by)
    segment = account_card(session, command.account_number, by=by, lines=1).account.segment
    priced = {row.code: row for row in products(session, segment, command.required_on)}
    added = [item for item in card.items if item.action is ItemAction.ADD and item.product_code in priced]
    return Effect(placed, card, tuple(_charge(priced[item.product_code]) for item in added))


def _charge(row: ProductRow) -> Charge:
    rental = next((price for price in row.prices if price.kind is PriceKind.RENTAL), None)
    once = next((price for price in row.prices if price.kind is PriceKind.CONNECTION), None)
    basis = next((price.basis for price in (rental, once) if price), None)
    return Charge(row.name, _published(rental), _published(once), basis)


def _published(price: PriceOn | None) -> Price | None:
    if price is None:
        return None
    return price.net_price if price.basis is PriceBasis.NET else price.gross_price


def _known(session: Session, at_desk: Desk, form: Form) -> _Known:
    """The account in hand and what is sold to it; nothing while no account is keyed that there is."""
    try:
        card = account_card(session, form.text("account_number"), by=at_desk.by, lines=1)
    except (BadMessage, NotFound):
        return _Known(None, ())
    return _Known(card, products(session, card.account.segment, at_desk.today))


def _page(
    at_desk: Desk,
    form: Form,
    known: _Known,
    *,
    status: int = 200,
    effect: Effect | None = None,
    sites: tuple[SiteAnswer, ...] = (),
) -> Response:
    card = known.card
    orderable = [row for row in known.sold if row.is_orderable and row.kind in {ProductKind.LINE, ProductKind.FEATURE}]
    return show(
        at_desk,
        OR01,
        form=form,
        status=status,
        in_hand=InHand(card.account.number, card.customer.name) if card else None,
        links={"F12": address("CU03", card.account.number) if card else ""},
        choices={
            "kind": tuple((code, kind.value) for code, kind in KINDS.items()),
            "product_codes": tuple((row.code, row.name) for row in orderable),
            "care_level": tuple((level.code, level.promise) for level in CARE_LEVELS.values()),
            "directory_kind": tuple(DIRECTORY.items()),
            "half_day": tuple(HALVES.items()),
        }
        | ({"address_key": tuple((site.address_key, address_in_words(site)) for site in sites)} if len(sites) > 1 else {}),
        effect=effect,
        site=sites[0] if len(sites) == 1 else None,
    )


PAGES: Final = (Page(OR01, show_entry, act_entry),)
