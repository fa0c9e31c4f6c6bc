"""What a change of a working line must be: of its features, its care level, its listing. Every breach of it at once.

Elements are the names of ``PlaceOrder``'s fields; of a product, ``product_codes[n]`` or ``remove_codes[n]`` counted from 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from css.core.errors import CssError, Refused
from css.core.words import DirectoryEntryKind, ProductKind
from orders.rules.content import Offer, better_levels, care_level_fault, clash
from orders.rules.multiline import AUXILIARY_CODE

HAS_AN_ORDER_OF_ITS_OWN: Final = {AUXILIARY_CODE: "a change of the number of lines"}
"""Features that are counted rather than chosen, and what changes them."""
_INSTEAD: Final = {
    ProductKind.LINE: "an order for a line, or a cease",
    ProductKind.CARE: "a change of care level",
    ProductKind.ONE_OFF: "nothing: it is charged when it happens",
    ProductKind.PROMOTION: "billing, which gives and ends promotions",
}
"""What changes a product that is no feature."""


def features_faults(
    *, codes: tuple[str, ...], remove_codes: tuple[str, ...], offers: Collection[Offer], standing: Collection[str]
) -> list[CssError]:
    """What is wrong with adding some features to a line and taking others off it (CSS216E, CSS270E to CSS274E).

    Whether the products exist and are sold to the account was asked before; they must be among ``offers`` to be looked at.

    Args:
        codes: to be added, as asked.
        remove_codes: to be taken off, as asked.
        offers: the products named that there are.
        standing: codes of what works on the line now.
    """
    if not codes and not remove_codes:
        return [Refused("CSS271E", "Name the features to be added, to be taken off, or both.", element="product_codes")]
    known = {offer.code: offer for offer in offers}
    taken_off = set(remove_codes) & set(standing)
    stays = sorted(set(standing) - taken_off)
    faults: list[CssError] = []
    for n, code in enumerate(remove_codes):
        element = f"remove_codes[{n}]"
        if code in codes:
            faults.append(Refused("CSS272E", "{code} cannot be added and taken off by one order.", code=code, element=element))
        elif code in known:
            faults += _not_a_feature(known[code], element)
            if code not in standing:
                faults.append(Refused("CSS274E", "{code} does not work on the line.", code=code, element=element))
    for n, code in enumerate(codes):
        element = f"product_codes[{n}]"
        if code in remove_codes or code not in known:
            continue
        faults += _not_a_feature(known[code], element)
        if code in standing:
            faults.append(Refused("CSS273E", "{code} works on the line already.", code=code, element=element))
        other = clash(code, stays)
        if other is not None:
            faults.append(Refused("CSS216E", "{first} and {second} cannot work on one line.", first=code, second=other, element=element))
    return faults


def _not_a_feature(offer: Offer, element: str) -> list[CssError]:
    instead = HAS_AN_ORDER_OF_ITS_OWN.get(offer.code) or _INSTEAD.get(offer.kind)
    if instead is None:
        return []
    return [Refused("CSS270E", "{code} is no feature; what changes it is {instead}.", code=offer.code, instead=instead, element=element)]


def care_fault(
    level: str, *, main_code: str, own: str | None, now: str | None, sold: Collection[str | None], ladder: Sequence[str]
) -> CssError | None:
    """Why a working line cannot have another care level; None when it can (CSS217E, CSS275E).

    Args:
        level: asked for.
        main_code: the line's main product.
        own: the level that comes with it, for nothing.
        now: the level the line has.
        sold: the levels sold for money to the account on the day.
        ladder: the care levels in force on the day, rising.
    """
    if level == now:
        return Refused("CSS275E", "The line has care level {level} already.", level=level, element="care_level")
    better = better_levels(own, sold, ladder)
    if level == own or level in better:
        return None
    return care_level_fault(level, main_code, own, better)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a line is listed, and whom the emergency services are told is there."""

    kind: DirectoryEntryKind
    name: str | None
    emergency_name: str


def listed(now: Listing, *, kind: DirectoryEntryKind | None, name: str | None, emergency_name: str | None) -> Listing:
    """The listing after a change: what is not given stays."""
    return Listing(kind or now.kind, name or now.name, emergency_name or now.emergency_name)


def listing_faults(now: Listing, after: Listing, *, given: Mapping[str, object]) -> list[CssError]:
    """What is wrong with listing a line otherwise (CSS221E, CSS271E, CSS277E). ``given`` is what the order says, by field."""
    if all(value is None for value in given.values()):
        return [Refused("CSS271E", "Say what changes: the kind of entry, the name in it, or the name for 999.", element="directory_kind")]
    faults: list[CssError] = []
    if after.kind is not DirectoryEntryKind.EX_DIRECTORY and not after.name:
        faults.append(Refused("CSS221E", "{what} is needed.", what="Name in the directory (or XD, ex-directory)", element="directory_name"))
    if not after.emergency_name:
        faults.append(Refused("CSS221E", "{what} is needed.", what="Name for 999", element="emergency_name"))
    if not faults and after == now:
        first = next(name for name, value in given.items() if value is not None)
        faults.append(Refused("CSS277E", "The line is listed so already; nothing would change.", element=first))
    return faults
