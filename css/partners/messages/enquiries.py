"""Questions about orders, lines and plant, onto the queries that the screens ask too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from css.core.errors import CssError, NotFound, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.core.words import AddressMatch, LineState, ProductKind, Segment
from css.master.lines import Line
from css.master.providers import Provider
from css.master.queries import ProductRow, SiteAnswer, products, site_by_key, sites_by_postcode
from css.master.services import Service, ServiceNumber
from css.master.sites import Site, no_address
from css.partners.access.wall import behind_the_wall
from css.partners.messages.kinds import Asked, Document, Question, refusal_key
from orders.messages import message_id
from orders.messages.enquiries import (
    Answering,
    PlantAsked,
    addresses_found,
    line_list,
    open_order_list,
    order_snapshot,
    plant_answer,
    read_order_query,
    read_page_query,
    read_plant_query,
    refused,
)
from orders.queries.cards import order_card
from orders.queries.entry import entry_answer
from orders.queries.plant import plant_at
from orders.queries.reconciling import open_order_page, order_by_reference, own_lines

Write = Callable[[Session, Asked, Answering], bytes]

_ORDERABLE: Final = frozenset({ProductKind.LINE, ProductKind.FEATURE})
"""What stands in an order as a product; a care level is asked for by its name, and a one-off is charged when it happens."""


def document(asked: Asked, message_type: str, write: Callable[[Answering], bytes], *, kind: str = "") -> Document:
    """A finished answer, or one that says no. ``kind`` is what it is known by, where a message may have answers of one type twice."""
    source_key = refusal_key(asked, kind or message_type)
    to = Answering(message_id(source_key), asked.header, asked.us, asked.partner.party, asked.at)
    return Document(source_key, to.message_id, message_type, write(to))


def question(message_type: str, write: Write, *, is_of_plant: bool = False) -> Question:
    """A message that only asks, answered by a document of that type."""

    def answer(session: Session, asked: Asked, error: CssError | None) -> Document:
        if error is not None:
            return document(asked, message_type, lambda to: refused(message_type, to, asked.root, error))
        return document(asked, message_type, lambda to: write(session, asked, to))

    return Question(answer, is_of_plant=is_of_plant)


def _order(session: Session, asked: Asked, to: Answering) -> bytes:
    wanted = read_order_query(asked.root)
    number = wanted.order_number
    if number is None:
        number = order_by_reference(session, wanted.customer_reference or "", by=asked.partner.actor)
    return order_snapshot(to, order_card(session, number, by=asked.partner.actor, with_stream=wanted.with_events))


def _open_orders(session: Session, asked: Asked, to: Answering) -> bytes:
    wanted = read_page_query(asked.root)
    page = open_order_page(session, by=asked.partner.actor, after=wanted.after, account_number=wanted.account_number, limit=wanted.limit)
    return open_order_list(to, page)


def _lines(session: Session, asked: Asked, to: Answering) -> bytes:
    wanted = read_page_query(asked.root)
    page = own_lines(session, by=asked.partner.actor, after=wanted.after, account_number=wanted.account_number, limit=wanted.limit)
    return line_list(to, page)


def _plant(session: Session, asked: Asked, to: Answering) -> bytes:
    wanted = read_plant_query(asked.root)
    sites = _sites(session, asked, wanted)
    if len(sites) > 1:
        return addresses_found(to, sites)
    (site,) = sites
    plant = plant_at(session, site.address_key, at=asked.at)
    entry = entry_answer(session, site.address_key, wanted.product_codes, wanted.required_on, at=asked.at, slots=0)
    # An order's products must have a price on the day it is for.
    sold = [
        product
        for product in products(session, Segment.WHOLESALE, entry.promised_on)
        if product.is_orderable and product.kind in _ORDERABLE
    ]
    _refuse_unsold(wanted.product_codes, sold)
    return plant_answer(to, site, plant, entry, sold if wanted.with_orderables else ())


def _refuse_unsold(codes: Sequence[str], sold: Sequence[ProductRow]) -> None:
    known, wrong = {product.code for product in sold}, Refusals()
    many = len(codes) > 1
    wrong.add(
        *(
            Refused(
                "CSS531E",
                "{code} cannot be ordered by wholesale accounts; a query without Products and with WithOrderables true lists what can.",
                code=code,
                element=f"Products/ProductCode{f'[{place}]' if many else ''}",
            )
            for place, code in enumerate(codes, start=1)
            if code not in known
        )
    )
    wrong.tell()


def _sites(session: Session, asked: Asked, wanted: PlantAsked) -> tuple[SiteAnswer, ...]:
    """The address asked for, or those it may be."""
    if wanted.postcode is not None:
        return _sites_of_postcode(session, wanted.postcode, wanted.premises)
    key = wanted.address_key or address_of_own_line(session, wanted.number or "", asked)
    site = site_by_key(session, key)
    if site is None:
        raise no_address(key)
    return (site,)


def _sites_of_postcode(session: Session, postcode: str, premises: str | None) -> tuple[SiteAnswer, ...]:
    """Of premises that stand both in the network's records and in the post's, the network's alone (domain: address matching)."""
    found = sites_by_postcode(session, postcode, premises or "")
    gold = {_door(site) for site in found if site.match is AddressMatch.GOLD}
    sites = tuple(site for site in found if site.match is AddressMatch.GOLD or _door(site) not in gold)
    if not sites:
        raise NotFound(
            "CSS530E",
            "There is no address {premises}of postcode {postcode}.",
            premises="" if premises is None else f"{premises} ",
            postcode=postcode,
            element="postcode" if premises is None else "premises",
        )
    return sites


def _door(site: SiteAnswer) -> tuple[str, str]:
    return site.premises.casefold(), site.street.casefold()


def address_of_own_line(session: Session, number: str, asked: Asked) -> str:
    """Where a working line of the asker's is. Another's number and one that nobody has are answered alike (CSS106E)."""
    digits = parse_number(number)
    # The plant is read as the house; whose the line is must the database say too.
    with behind_the_wall(session, asked.partner):
        key = session.execute(
            select(Site.address_key)
            .join(Line, Line.site_id == Site.id)
            .join(Service, Service.line_id == Line.id)
            .join(ServiceNumber, ServiceNumber.service_id == Service.id)
            .join(Provider, Provider.id == Line.provider_id)
            .where(
                ServiceNumber.number == digits,
                ServiceNumber.ends_at.is_(None),
                Line.state == LineState.WORKING,
                Provider.code == asked.partner.code,
            )
        ).scalar()
    if key is None:
        raise NotFound("CSS106E", "No line has the number {number}.", number=display_number(digits), element="number")
    return key


QUESTIONS: Final = {
    "QueryOrder": question("OrderSnapshot", _order),
    "ListMyOpenOrders": question("OpenOrderList", _open_orders),
    "ListMyLines": question("LineList", _lines),
    "LinePlantQuery": question("LinePlantAnswer", _plant, is_of_plant=True),
}
