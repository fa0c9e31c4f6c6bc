"""What an order must say before anybody looks for plant: every breach of it at once, each with the field of the command.

Elements are the names of ``PlaceOrder``'s fields; of a product, ``product_codes[n]`` counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from css.core.errors import BadMessage, CssError, Refusals, Refused
from css.core.phone import SHORT_CODE_DIGITS_MAX, parse_number
from css.core.words import DirectoryEntryKind, ProductKind, Segment
from orders.commands.orders import PlaceOrder
from orders.rules.kinds import COMMON, DEFAULTED, KINDS, KindRule
from orders.words import CeaseReason, OrderKind

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
SCHEMA_MAJORS: Final = frozenset({None, 1, 2})
"""The versions of the partners' messages an order may come by."""
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
    """What an order says, in its held form."""

    main: Offer | None
    """The main product, of an order for a new line."""
    items: tuple[Offer, ...]
    """What is to be added, main product first; with the care product that a care level asked for brings along."""
    removed: tuple[Offer, ...]
    """What is to be taken off."""
    care_level: str | None
    contact_name: str
    contact_phone: str
    directory_name: str | None
    emergency_name: str | None
    hazard_notes: str | None
    visit_notes: str | None
    customer_reference: str | None
    conversation_id: str
    consented_by: str | None
    reason: CeaseReason | None
    """Of a cease: why."""


def makes_a_line(command: PlaceOrder) -> bool:
    """Whether the order is for a line that does not work for the asker yet: it names a main product and who is there."""
    if command.kind is OrderKind.PORT_IN:
        return not _clean(command.number)
    return command.kind in {OrderKind.PROVIDE, OrderKind.START, OrderKind.TAKEOVER}


def names_care(command: PlaceOrder, offers: Mapping[str, Offer]) -> bool:
    """Whether the order asks for a care level by its code or by its product: only then does it matter which are better."""
    named = (offers.get(code) for code in command.product_codes)
    return bool(_clean(command.care_level)) or any(offer is not None and offer.kind is ProductKind.CARE for offer in named)


def read_content(command: PlaceOrder, wrong: Refusals, *, segment: Segment, offers: Mapping[str, Offer], ladder: Sequence[str]) -> Content:
    """The content of an order for an account of a segment. What is wrong goes into ``wrong``: the result counts only when
    nothing did.

    Args:
        command: as asked.
        wrong: gathers the faults, CSS080E to CSS083E, CSS210E to CSS223E, CSS237E to CSS238E, CSS241E, CSS250E, CSS251E.
        segment: of the account.
        offers: by code, those named in the command and every care product.
        ladder: the care levels in force on the day, rising; needed where ``names_care``.
    """
    rule = KINDS[command.kind]
    wrong.add(*_field_faults(command), *_kind_faults(command, rule))
    is_new = makes_a_line(command)
    found, faults = _read_products(command.product_codes, segment, offers, is_for_a_line=is_new)
    removed, not_there = _read_removed(command.remove_codes, offers)
    wrong.add(*faults, *not_there)
    main = next((offer for offer in found if offer.kind is ProductKind.LINE), None) if is_new else None
    items = tuple(found)
    care_level = _clean(command.care_level)
    if main is not None:
        care_level, care_offer, fault = _read_care(command.care_level, main, found, segment, offers, ladder)
        wrong.add(*([fault] if fault else []))
        items = (main, *(offer for offer in found if offer is not main), *([care_offer] if care_offer else []))
    return Content(
        main=main,
        items=items,
        removed=tuple(removed),
        care_level=care_level,
        contact_name=command.contact_name.strip(),
        contact_phone=wrong.reading(lambda: read_contact_phone(command.contact_phone)) or "",
        directory_name=_clean(command.directory_name),
        emergency_name=_clean(command.emergency_name),
        hazard_notes=_clean(command.hazard_notes),
        visit_notes=_clean(command.visit_notes),
        customer_reference=_clean(command.customer_reference),
        conversation_id=command.conversation_id.strip().lower(),
        consented_by=_clean(command.consented_by),
        reason=wrong.reading(lambda: _read_reason(command.reason_code)),
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
    if command.schema_major not in SCHEMA_MAJORS:
        faults.append(
            BadMessage("CSS866E", "There is no version {major} of order messages.", major=command.schema_major, element="schema_major")
        )
    return faults


_FIELD_WORDS: Final = {
    "product_codes": "Product",
    "remove_codes": "Product to be taken off",
    "address_key": "Address",
    "postcode": "Postcode of the line",
    "number": "Telephone number",
    "new_number": "New number",
    "line_count": "Number of lines",
    "network_code": "Other network",
    "authority": "Letter of authority",
    "bar": "Bar",
    "reason_code": "Reason",
    "care_level": "Care level",
    "appointment": "Appointment",
    "appointment_number": "Appointment",
    "excess_agreed": "Agreement to excess construction",
    "emergency_name": "Name for 999",
    "directory_name": "Name in the directory (or XD, ex-directory)",
}
"""What a field is called when it is missing or not wanted."""


def _is_given(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value is not None and value != ()


def _kind_faults(command: PlaceOrder, rule: KindRule) -> list[CssError]:
    """What the kind of order needs and does not have, and what it has that the kind has no use for."""
    wanted = set(rule.needs) - {"product_codes"}  # which are read, and found missing, by themselves
    if makes_a_line(command):
        wanted |= {"address_key", "emergency_name"}
        if command.directory_kind is not DirectoryEntryKind.EX_DIRECTORY:
            wanted.add("directory_name")
    faults = [_missing(_FIELD_WORDS[name], name) for name in _FIELD_WORDS if name in wanted and not _is_given(getattr(command, name))]
    known = COMMON | DEFAULTED | rule.needs | rule.may
    faults += [
        Refused(
            "CSS223E",
            "{kind}: there is no place for {what} in it.",
            kind=rule.title,
            what=_FIELD_WORDS[name][:1].lower() + _FIELD_WORDS[name][1:],
            element=name,
        )
        for name in _FIELD_WORDS
        if name not in known and _is_given(getattr(command, name))
    ]
    if rule.needs_consent and not _clean(command.consented_by):
        faults.append(
            Refused(
                "CSS250E",
                "{kind}: another provider loses by it, so whoever agreed to it must be named.",
                kind=rule.title,
                element="consented_by",
            )
        )
    return faults


def _read_reason(code: str | None) -> CeaseReason | None:
    text = (code or "").strip().upper()
    if not text:
        return None
    known = [reason for reason in CeaseReason if reason is not CeaseReason.LOST]
    found = next((reason for reason in known if reason.value == text), None)
    if found is None:
        raise Refused(
            "CSS251E",
            "{code} is no reason for a cease; choose from {known}.",
            code=text[:20],
            known=", ".join(reason.value for reason in known),
            element="reason_code",
        )
    return found


def read_contact_phone(text: str) -> str:
    """The number a contact can be rung on, in its held form.

    Raises:
        BadMessage: CSS080E to CSS083E. Refused: CSS221E, CSS241E.
    """
    if not text.strip():
        raise _missing("Contact's telephone", "contact_phone")
    digits = parse_number(text, element="contact_phone")
    if len(digits) <= SHORT_CODE_DIGITS_MAX:
        raise Refused("CSS241E", "{number} is a short code; nobody can be rung on it.", number=digits, element="contact_phone")
    return digits


def _read_removed(codes: tuple[str, ...], offers: Mapping[str, Offer]) -> tuple[list[Offer], list[CssError]]:
    """The products to be taken off; whether they are on the line the kind sees."""
    found: list[Offer] = []
    faults: list[CssError] = []
    for n, code in enumerate(codes[:PRODUCTS_MAX]):
        element = f"remove_codes[{n}]"
        offer = offers.get(code)
        if offer is None:
            faults.append(Refused("CSS211E", "There is no product {code!r}.", code=code[:30], element=element))
        elif code in codes[:n]:
            faults.append(Refused("CSS215E", "{code} is ordered twice.", code=code, element=element))
        else:
            found.append(offer)
    if len(codes) > PRODUCTS_MAX:
        faults.append(Refused("CSS219E", "An order has at most {most} products.", most=PRODUCTS_MAX, element="remove_codes"))
    return found, faults


def _read_products(
    codes: tuple[str, ...], segment: Segment, offers: Mapping[str, Offer], *, is_for_a_line: bool
) -> tuple[list[Offer], list[CssError]]:
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
    if is_for_a_line and named.count(ProductKind.LINE) != 1 and all(code in offers for code in codes):
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


def care_sold(offers: Iterable[Offer], segment: Segment) -> dict[str | None, Offer]:
    """The care products that accounts of a segment can buy, by the level each stands for."""
    return {
        offer.care_level: offer
        for offer in offers
        if offer.kind is ProductKind.CARE and offer.is_sold_to(segment) and offer.has_rental_price
    }


def better_levels(own: str | None, sold: Collection[str | None], ladder: Sequence[str]) -> list[str]:
    """The care levels that can be had for money above a main product's own, rising; ``ladder`` are all there are, rising."""
    return [each for each in ladder[ladder.index(own) + 1 if own in ladder else 0 :] if each in sold]


def care_level_fault(level: str | None, main_code: str, own: str | None, better: Collection[str]) -> CssError:
    """CSS217E: the level is neither the main product's own nor one of the better ones that are sold."""
    return Refused(
        "CSS217E",
        "Care level {level} cannot be had with {main}; choose from {levels}.",
        level=(level or "none")[:20],
        main=main_code,
        levels=", ".join([*([own] if own else []), *better]) or "none",
        element="care_level",
    )


def _read_care(
    asked: str | None, main: Offer, found: list[Offer], segment: Segment, offers: Mapping[str, Offer], ladder: Sequence[str]
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
    better = better_levels(main.care_level, sold, ladder)
    if level in better:
        return level, None if chosen else sold[level], None
    return level, None, care_level_fault(level, main.code, main.care_level, better)
