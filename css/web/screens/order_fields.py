"""OR01's record: every field that order entry has, the kinds of order it is for, those that need it and those it comes first in."""

from __future__ import annotations

from typing import Final

from css.core.words import Role
from css.web.screen import Field, Key, ResponseClass, Screen
from orders.rules.kinds import KINDS
from orders.words import OrderKind

DESK: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
WHO, WHAT, WHEN = "1 Who", "2 What", "3 When"


def _kinds_with(name: str) -> frozenset[str]:
    """The kinds of order, by the letters keyed, that have a field of the command."""
    return frozenset(rule.screen for rule in KINDS.values() if name in rule.needs | rule.may)


def _kinds_needing(name: str) -> frozenset[str]:
    """Those that cannot do without it."""
    return frozenset(rule.screen for rule in KINDS.values() if name in rule.needs)


_PORTED_IN: Final = frozenset({KINDS[OrderKind.PORT_IN].screen})
_TRANSFERS: Final = frozenset(KINDS[kind].screen for kind in (OrderKind.TRANSFER, OrderKind.TRANSFER_WITH_CHANGES))


OR01: Final = Screen(
    code="OR01",
    title="Order entry",
    family="Orders",
    help=(
        "Every kind of order, in the order a caller says things: two letters say the kind, and the fields are those it takes. Enter checks "
        "a block and goes on to the next; with all of it keyed, Enter shows the order as it would be: the plant, the number, the date that "
        "is promised, what it costs, the first bill, and what to read out. F6 places what is shown and nothing else, for whoever is named "
        "as agreeing. Pressed twice, it is one order. Shift+F9 keeps what is shown as a quote, and OR01 with the quote's number orders by "
        "it later; Shift+F12 parks it half-keyed."
    ),
    roles=DESK,
    response=ResponseClass.R2,
    takes="account [kind] [telephone], or quote",
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
            needed_by=_kinds_needing("product_codes"),
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
            needed_by=_kinds_needing("address_key"),
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
            needed_by=_kinds_needing("number"),
            leads=_kinds_needing("number"),
        ),
        Field(
            name="postcode",
            label="Postcode of the line",
            help="Where the line is, as the caller says it; it must be the line's.",
            kind="code",
            step=WHAT,
            length_max=10,
            deeds=_kinds_with("postcode"),
            needed_by=_kinds_needing("postcode"),
            leads=_TRANSFERS,
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
            needed_by=_kinds_needing("new_number"),
            leads=_PORTED_IN,
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
            needed_by=_kinds_needing("line_count"),
        ),
        Field(
            name="network_code",
            label="Other network",
            help="Where the number comes from, or goes; F4 lists them.",
            kind="code",
            step=WHAT,
            length_max=8,
            deeds=_kinds_with("network_code"),
            needed_by=_kinds_needing("network_code"),
            leads=_PORTED_IN,
        ),
        Field(
            name="authority",
            label="Letter of authority",
            help="Where the customer's letter is filed.",
            step=WHAT,
            length_max=50,
            deeds=_kinds_with("authority"),
            needed_by=_kinds_needing("authority"),
            leads=_PORTED_IN,
        ),
        Field(
            name="care_level",
            label="Care level",
            help="Empty for the product's own; a better one costs.",
            kind="code",
            step=WHAT,
            length_max=3,
            deeds=_kinds_with("care_level"),
            needed_by=_kinds_needing("care_level"),
        ),
        Field(
            name="bar",
            label="Bar",
            help="OCB outgoing calls, ICB incoming ones as well, TOS out of service.",
            kind="code",
            step=WHAT,
            length_max=3,
            deeds=_kinds_with("bar"),
            needed_by=_kinds_needing("bar"),
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
            needed_by=_kinds_needing("emergency_name"),
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
            help="The open order this is to be done together with; F4 lists the account's.",
            kind="code",
            step=WHEN,
            length_max=14,
        ),
        Field(
            name="quote_number",
            label="By quote",
            help="The quote it is ordered by; what was told then holds. F4 lists those of the account.",
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
        Key(name="S-F9", label="keep as a quote", sends=True),
    ),
    converses=True,
    parks=True,
)
