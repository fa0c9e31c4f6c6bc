"""The same occupant goes to another provider: line, number and listing stay, and what works on it goes on with the other one."""

from __future__ import annotations

from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from css.core.address import parse_postcode
from css.core.errors import Breach, NotFound, Refusals, Refused
from css.core.phone import display_number, parse_number
from css.core.words import DirectoryEntryKind, EndReason, LineState, PriceKind, ProductKind, Segment
from css.master.care_levels import care_book
from css.master.lines import Line
from css.master.products import Product, ProductPrice, covers
from css.master.services import Service, ServiceNumber
from css.master.sites import Site
from orders.actions import effects
from orders.actions.find import LineFound, district_fault, find_offers, open_order_fault, services_of
from orders.actions.gaining import knows_orders_of, lock_somebodys_line, losing_of, take_line
from orders.actions.working import Asked, Doing, Item, Work, Working, date_faults
from orders.rules.changes import Listing, features_faults, listed, listing_faults
from orders.rules.content import Offer
from orders.rules.gaining import WorkingService, carried_care, carry_over, lost_fault
from orders.words import ItemAction, OrderKind


def find(session: Session, asked: Asked) -> Work:
    """Find and lock the line, see what of it can come along, and tell everything that is wrong with the order."""
    wrong = Refusals()
    wrong.add(*asked.faults, *date_faults(asked, None, needs_visit=False))
    line = _line_of(session, asked, wrong)
    items: tuple[Item, ...] = ()
    care_level = None
    lists_line = False
    if line is not None:
        items, care_level = _items(session, asked, line, wrong)
        lists_line = asked.command.kind is OrderKind.TRANSFER_WITH_CHANGES and _lists_line(session, asked, line, wrong)
    wrong.tell()
    if line is None:
        msg = "a transfer without a line was not refused"
        raise Breach(msg)
    return Work(
        line_id=line.line_id,
        site_id=line.site_id,
        exchange_id=line.exchange_id,
        items=items,
        number=line.number,
        care_level=care_level,
        losing=losing_of(line),
        lists_line=lists_line,
    )


def _line_of(session: Session, asked: Asked, wrong: Refusals) -> LineFound | None:
    """The other provider's working line with the number and at the postcode, locked.

    Faults: CSS259E no such line, and not which of the two is wrong; CSS240E, CSS260E it is the provider's own; CSS207E.
    """
    wanted, where = (asked.command.number or "").strip(), (asked.command.postcode or "").strip()
    number = wrong.reading(lambda: parse_number(wanted)) if wanted else None
    postcode = wrong.reading(lambda: parse_postcode(where)) if where else None
    if number is None or postcode is None:
        return None
    line_id = session.execute(
        select(Line.id)
        .join(Service, Service.line_id == Line.id)
        .join(ServiceNumber, ServiceNumber.service_id == Service.id)
        .join(Site, Site.id == Line.site_id)
        .where(ServiceNumber.number == number, ServiceNumber.ends_at.is_(None), Line.state == LineState.WORKING, Site.postcode == postcode)
    ).scalar_one_or_none()
    line = lock_somebodys_line(session, line_id, number) if line_id is not None else None
    if line is None:
        wrong.add(
            NotFound(
                "CSS259E",
                "There is no working line with the number {number} in {postcode}.",
                number=display_number(number),
                postcode=postcode,
                element="number",
            )
        )
        return None
    fault = district_fault(asked.asker, line.district_code, element="number")
    if fault is not None:
        wrong.add(fault)
        return None
    if line.provider_id == asked.asker.provider_id:
        wrong.add(Refused("CSS260E", "The line is the provider's own already; there is nothing to transfer.", element="number"))
        return None
    open_fault = open_order_fault(session, line.line_id, is_told_which=knows_orders_of(asked, line))
    wrong.add(*([open_fault] if open_fault else []))
    return line


def _items(session: Session, asked: Asked, line: LineFound, wrong: Refusals) -> tuple[tuple[Item, ...], str | None]:
    """What the line will have with its new provider, the main product first, and its care level.

    Faults: CSS216E, CSS217E, CSS261E, CSS270E to CSS274E.
    """
    command, segment = asked.command, asked.asker.segment
    services = services_of(session, line.line_id)
    standing = tuple(
        WorkingService(code=each.code, name=each.name, kind=each.kind, quantity=each.quantity, care_level=each.care_level)
        for each in services
    )
    was = next((each for each in standing if each.kind is ProductKind.LINE), None)
    mains = _main_codes(session, asked)
    offers = find_offers(session, (*mains, *(each.code for each in standing)), segment, command.required_on)
    main = _main_for(was, mains, offers, segment)
    if main is None:
        wrong.add(lost_fault([was.name if was is not None else "The line"], segment, element="number"))
        return (), None
    if command.product_codes or command.remove_codes:
        named = (*asked.content.items, *asked.content.removed)
        on_line = tuple(each.code for each in standing if each.kind is ProductKind.FEATURE)
        wrong.add(*features_faults(codes=command.product_codes, remove_codes=command.remove_codes, offers=named, standing=on_line))
    carried, lost = carry_over(standing, offers=offers, segment=segment, removed=command.remove_codes)
    ladder = care_book(session, command.required_on).codes
    care = carried_care(asked.content.care_level, was=was, main=main, offers=offers, segment=segment, ladder=ladder)
    wrong.add(*([care.fault] if care.fault is not None else []))
    if care.lost is not None:
        lost = [*lost, care.lost]
    if lost:
        wrong.add(lost_fault(lost, segment, element="number"))
    added = [(main.product_id, 1), *((each.offer.product_id, each.quantity) for each in carried)]
    added += [(offer.product_id, 1) for offer in asked.content.items if offer.kind is ProductKind.FEATURE]
    if care.offer is not None:
        added.append((care.offer.product_id, 1))
    return tuple(Item(action=ItemAction.ADD, product_id=product_id, quantity=many) for product_id, many in added), care.level


def _main_codes(session: Session, asked: Asked) -> tuple[str, ...]:
    """The main products that the gaining segment can have on the day, as long sold as may be first."""
    priced = exists().where(
        ProductPrice.product_id == Product.id,
        ProductPrice.kind == PriceKind.RENTAL,
        ProductPrice.segment == asked.asker.segment,
        covers(asked.command.required_on),
    )
    rows = session.execute(
        select(Product.code).where(Product.kind == ProductKind.LINE, Product.is_orderable.is_(True), priced).order_by(Product.id)
    )
    return tuple(rows.scalars())


def _main_for(was: WorkingService | None, mains: tuple[str, ...], offers: dict[str, Offer], segment: Segment) -> Offer | None:
    """The main product the line will have: the same where the segment can have it, else the segment's own."""
    can_have = [code for code in mains if code in offers and offers[code].is_sold_to(segment)]
    if was is not None and was.code in can_have:
        return offers[was.code]
    return offers[can_have[0]] if can_have else None


def _lists_line(session: Session, asked: Asked, line: LineFound, wrong: Refusals) -> bool:
    """Whether the order lists the line otherwise, and what is wrong with that (CSS221E, CSS277E)."""
    command, content = asked.command, asked.content
    given = {
        "directory_kind": command.directory_kind,
        "directory_name": content.directory_name,
        "emergency_name": content.emergency_name,
    }
    if all(value is None for value in given.values()):
        return False
    now = effects.listing_of(session, line.line_id) or Listing(DirectoryEntryKind.EX_DIRECTORY, None, "")
    after = listed(now, kind=command.directory_kind, name=content.directory_name, emergency_name=content.emergency_name)
    wrong.add(*listing_faults(now, after, given=given))
    return True


def complete(session: Session, doing: Doing) -> None:
    """The line is the other provider's from the beginning of the day, listed as it was unless the order says otherwise."""
    order = doing.order
    take_line(session, doing, EndReason.TRANSFERRED)
    if (order.directory_kind, order.directory_name, order.emergency_name) != (None, None, None):
        effects.list_line(session, doing, keeps=True)


TRANSFER: Final = Working(find=find, complete=complete)
"""Like for like and with changes: the changes are what the command may say."""
