"""What an order must say before anybody looks for plant: every breach of it at once, each with the field of the command.

Elements are the names of ``PlaceOrder``'s fields; of a product, ``product_codes[n]`` counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from css.core.deadline import CARE_LEVELS
from css.core.errors import BadMessage, CssError, Refusals, Refused
from css.core.phone import SHORT_CODE_DIGITS_MAX, parse_number
from css.core.words import DirectoryEntryKind, ProductKind, Segment
from orders.commands import PlaceOrder
from orders.words import OrderKind

LENGTHS_MAX: Final = {
    "contact_name": 100,
    "directory_name": 100,
    "emergency_name": 100,
    "hazard_notes": 50,
    "visit_notes": 250,
}
"""Characters; hazard notes go to the field force on a small screen, the others are the messages' limits."""
PRODUCTS_MAX: Final = 31
"""A main product and as many features as a message holds."""
CUSTOMER_REFERENCE: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,49}\Z")
CONVERSATION: Final = re.compile(r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\Z")
INCOMPATIBLE: Final = (
    # A diversion carries calls out past the bar that the customer pays for. A choice of the house.
    frozenset({"CALL-BARRING", "CALL-DIVERSION"}),
)
"""Features that cannot work together on one line."""
_ORDERED_KINDS: Final = frozenset({ProductKind.LINE, ProductKind.FEATURE, ProductKind.CARE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A product as the segment of the account can have it on the required date."""

    product_id: int
    code: str
    name: str
    kind: ProductKind
    segments: frozenset[str]
    care_level: str | None
    needs_visit: bool
    is_orderable: bool
    has_rental_price: bool
    """Whether a rental price for the segment is in force on the required date."""

    def is_sold_to(self, segment: Segment) -> bool:
        return self.is_orderable and self.kind in _ORDERED_KINDS and segment.value in self.segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an order says, in its held form. Of a cease, only the contact and the notes."""

    main: Offer | None
    items: tuple[Offer, ...]
    """Main product first; with the care product that a care level asked for brings along."""
    care_level: str | None
    contact_name: str
    contact_phone: str
    directory_name: str | None
    emergency_name: str | None
    hazard_notes: str | None
    visit_notes: str | None
    customer_reference: str | None
    conversation_id: str


def read_content(command: PlaceOrder, wrong: Refusals, *, segment: Segment, offers: Mapping[str, Offer]) -> Content:
    """The content of an order for an account of a segment. What is wrong goes into ``wrong``: the result counts only when
    nothing did.

    Args:
        command: as asked.
        wrong: gathers the faults, CSS080E to CSS083E, CSS210E to CSS223E, CSS237E to CSS238E, CSS241E.
        segment: of the account.
        offers: by code, those named in the command and every care product.
    """
    wrong.add(*_field_faults(command))
    items: tuple[Offer, ...] = ()
    care_level = None
    if command.kind is OrderKind.PROVIDE:
        wrong.add(*_provide_faults(command))
        found, faults = _read_products(command.product_codes, segment, offers)
        wrong.add(*faults)
        main = next((offer for offer in found if offer.kind is ProductKind.LINE), None)
        if main is not None:
            care_level, care_offer, fault = _read_care(command.care_level, main, found, segment, offers)
            wrong.add(*([fault] if fault else []))
            items = (main, *(offer for offer in found if offer is not main), *([care_offer] if care_offer else []))
    else:
        wrong.add(*_cease_faults(command))
    return Content(
        main=items[0] if items else None,
        items=items,
        care_level=care_level,
        contact_name=command.contact_name.strip(),
        contact_phone=wrong.reading(lambda: _read_contact_phone(command.contact_phone)) or "",
        directory_name=_clean(command.directory_name),
        emergency_name=_clean(command.emergency_name),
        hazard_notes=_clean(command.hazard_notes),
        visit_notes=_clean(command.visit_notes),
        customer_reference=_clean(command.customer_reference),
        conversation_id=command.conversation_id.strip().lower(),
    )


def _clean(text: str | None) -> str | None:
    return (text or "").strip() or None


def _missing(what: str, element: str) -> CssError:
    return Refused("CSS221E", "{what} is needed.", what=what, element=element)


def _field_faults(command: PlaceOrder) -> list[CssError]:
    """What is wrong with fields that every kind of order has."""
    faults: list[CssError] = [
        Refused("CSS219E", "{what} are at most {most} characters.", what=name.replace("_", " ").capitalize(), most=most, element=name)
        if name.endswith("notes")
        else Refused("CSS219E", "The {what} has at most {most} characters.", what=name.replace("_", " "), most=most, element=name)
        for name, most in LENGTHS_MAX.items()
        if len((getattr(command, name) or "").strip()) > most
    ]
    if not command.contact_name.strip():
        faults.append(_missing("Contact", "contact_name"))
    reference = _clean(command.customer_reference)
    if reference is not None and not CUSTOMER_REFERENCE.match(reference):
        faults.append(
            Refused(
                "CSS220E",
                "A customer reference has at most 50 letters, digits, blanks and . / _ -, a letter or digit first.",
                element="customer_reference",
            )
        )
    if command.conversation_id.strip() and not CONVERSATION.match(command.conversation_id.strip()):
        faults.append(BadMessage("CSS238E", "A conversation is named by a UUID.", element="conversation_id"))
    return faults


def _provide_faults(command: PlaceOrder) -> list[CssError]:
    faults: list[CssError] = []
    if not _clean(command.address_key):
        faults.append(_missing("Address", "address_key"))
    if not _clean(command.emergency_name):
        faults.append(_missing("Name for 999", "emergency_name"))
    if command.directory_kind is not DirectoryEntryKind.EX_DIRECTORY and not _clean(command.directory_name):
        faults.append(_missing("Name in the directory (or XD, ex-directory)", "directory_name"))
    return faults


def _cease_faults(command: PlaceOrder) -> list[CssError]:
    faults: list[CssError] = []
    if not _clean(command.number):
        faults.append(_missing("Telephone number", "number"))
    faults += [
        Refused("CSS223E", "A cease takes no {what}: it ends all that works on the line.", what=what, element=element)
        for element, what, given in (
            ("product_codes", "products", command.product_codes),
            ("care_level", "care level", command.care_level),
            ("appointment", "appointment", command.appointment),
        )
        if given
    ]
    return faults


def _read_contact_phone(text: str) -> str:
    if not text.strip():
        raise _missing("Contact's telephone", "contact_phone")
    digits = parse_number(text, element="contact_phone")
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        raise Refused("CSS241E", "{number} is a short code; nobody can be rung on it.", number=digits, element="contact_phone")
    return digits


def _read_products(codes: tuple[str, ...], segment: Segment, offers: Mapping[str, Offer]) -> tuple[list[Offer], list[CssError]]:
    """The products that can be had, and what is wrong with the choice."""
    found: list[Offer] = []
    faults: list[CssError] = []
    for n, code in enumerate(codes[:PRODUCTS_MAX]):
        element = f"product_codes[{n}]"
        offer = offers.get(code)
        if offer is None:
            faults.append(Refused("CSS211E", "There is no product {code!r}.", code=code[:30], element=element))
        elif code in codes[:n]:
            faults.append(Refused("CSS215E", "{code} is ordered twice.", code=code, element=element))
        elif not offer.is_sold_to(segment):
            faults.append(
                Refused("CSS212E", "{code} is not sold to {segment} accounts.", code=code, segment=segment.value, element=element)
            )
        elif not offer.has_rental_price:
            faults.append(Refused("CSS237E", "{code} has no price on the required date.", code=code, element=element))
        else:
            found.append(offer)
    if len(codes) > PRODUCTS_MAX:
        faults.append(Refused("CSS219E", "An order has at most {most} products.", most=PRODUCTS_MAX, element="product_codes"))
    # Counted by what was named, so that an unknown code is not answered with two faults.
    named = [offers[code].kind for code in dict.fromkeys(codes) if code in offers]
    if named.count(ProductKind.LINE) != 1 and all(code in offers for code in codes):
        faults.append(Refused("CSS210E", "An order for a line names exactly one main product, like LINE-RES.", element="product_codes"))
    for first, second in combinations([offer.code for offer in found], 2):
        if frozenset({first, second}) in INCOMPATIBLE:
            faults.append(
                Refused("CSS216E", "{first} and {second} cannot work on one line.", first=first, second=second, element="product_codes")
            )
    return found, faults


def clash(code: str, chosen: Iterable[str]) -> str | None:
    """With which of the products chosen another cannot work on one line; None when it can with all of them."""
    return next((other for other in chosen if frozenset({code, other}) in INCOMPATIBLE), None)


def better_levels(own: str | None, sold: Collection[str | None]) -> list[str]:
    """The care levels that can be had for money above a main product's own, rising."""
    ladder = list(CARE_LEVELS)
    return [each for each in ladder[ladder.index(own) + 1 if own in ladder else 0 :] if each in sold]


def _read_care(
    asked: str | None, main: Offer, found: list[Offer], segment: Segment, offers: Mapping[str, Offer]
) -> tuple[str | None, Offer | None, CssError | None]:
    """The care level of the line, the care product to add for it, and what is wrong.

    A level better than the main product's own is sold as a product of its own: asking for the level orders the product.
    """
    chosen = [offer for offer in found if offer.kind is ProductKind.CARE]
    level = _clean(asked) or (chosen[0].care_level if chosen else main.care_level)
    if len(chosen) > 1 or (chosen and chosen[0].care_level != level):
        return level, None, Refused("CSS218E", "The order names more than one care level.", element="care_level")
    if level == main.care_level and not chosen:
        return level, None, None
    sold = {
        offer.care_level: offer
        for offer in offers.values()
        if offer.kind is ProductKind.CARE and offer.is_sold_to(segment) and offer.has_rental_price
    }
    better = better_levels(main.care_level, sold)
    if level in better:
        return level, None if chosen else sold[level], None
    fault = Refused(
        "CSS217E",
        "Care level {level} cannot be had with {main}; choose from {levels}.",
        level=level,
        main=main.code,
        levels=", ".join([*([main.care_level] if main.care_level else []), *better]) or "none",
        element="care_level",
    )
    return level, None, fault
